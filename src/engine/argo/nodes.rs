//! The nodes of a workflow.
