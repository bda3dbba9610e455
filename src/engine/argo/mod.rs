//! Trials as workflows of Argo Workflows.
//!
//! What a workflow is made of, and what its state says, is decided in pure modules: `manifest` renders it, `template`
//! compares a template with the search space, `status` and `outputs` read what became of it.

pub mod manifest;
mod nodes;
pub mod outputs;
pub mod status;
pub mod template;
