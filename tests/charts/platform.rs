//! `charts/tuning-platform`: tunebot with Argo Workflows and the monitoring around it.
