//! The decisions: pure and synchronous.

pub mod command;
pub mod cron;
