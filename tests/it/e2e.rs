//! End to end: the real binary between a fake Slack and a fake GitHub. Signed events in, messages and check runs out.
//!
//! Snapshots are what people read. [`scene`] masks what differs from run to run (durations, instants, ports, folders) and
//! nothing else: seeds, delivery ids and commits are fixed, so ids of sweeps and parameters are too.

mod access;
mod api;
mod apply;
mod charts;
mod chat;
mod check_action;
mod check_slack;
mod command;
mod comment;
mod disk;
mod exchange;
mod fork;
mod form;
mod health;
mod missed;
mod outage;
mod pace;
mod ping;
mod preview;
mod pull_request;
mod push;
mod quota;
mod refusal;
mod reload;
mod repository_rules;
mod restart;
pub mod scene;
mod schedule;
mod socket;
mod start;
mod terminal;
mod trials;
