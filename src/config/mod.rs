//! The configuration: YAML files, checked as a whole before anything is served.
//!
//! This is the only module that touches YAML. What it gives, [`Config`], is right: names exist, ranges make sense,
//! secrets have been read.

mod settings;

pub use settings::*;
