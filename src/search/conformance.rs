//! What every sampler and every pruner must do: one function a rule, run over all of them.
//!
//! A new sampler or pruner adds a line at the end and passes everything here.

mod pruners;
mod samplers;
pub(super) mod spaces;
