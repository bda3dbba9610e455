//! The decisions: pure and synchronous.
//!
//! `command` and `route` decide what an event asks for, `step` what a sweep does next, `summary` what there is to say
//! about it. No clock, entropy, environment or async here: time is an argument, and the same arguments give the same
//! decision.

mod beginning;
pub mod command;
pub mod cron;
pub mod estimate;
pub mod importance;
pub mod missed;
pub mod route;
pub mod snapshot;
pub mod step;
pub mod summary;
