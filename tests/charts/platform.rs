//! `charts/tuning-platform`: tunebot with Argo Workflows and the monitoring around it.
//!
//! The charts that it depends on cannot be fetched here. A copy of the chart gets stand-ins for them, which render the
//! values that they are given; `TUNEBOT_TEST_CHARTS` names a folder with the real packages, where they are at hand.

mod access;
mod documents;
mod examples;
mod keys;
mod lock;
mod nodes;
mod refusals;
mod setups;
pub mod stage;
