//! Plain data and legal transitions: what a tuning, a sweep, a trial, an event and an effect are.
//!
//! Nothing here reads a clock, draws a random number, looks at the environment or waits. Everything else in the
//! program imports this module; this module imports nothing of the program.

pub mod access;
pub mod apply;
pub mod approval;
pub mod chart_key;
pub mod decision;
pub mod detail;
pub mod earlier;
pub mod effect;
pub mod error;
pub mod estimate;
pub mod event;
pub mod head;
pub mod hex;
pub mod ids;
pub mod key_path;
pub mod metrics;
pub mod nearest;
pub mod params;
pub mod preview;
pub mod quota;
pub mod report;
pub mod repository_rules;
pub mod rules;
pub mod signal;
pub mod sweep;
pub mod tell;
pub mod template;
pub mod trial;
pub mod tuning;
