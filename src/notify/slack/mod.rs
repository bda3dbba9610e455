//! Slack: blocks, and the client that posts and edits them.

pub mod blocks;
pub mod client;
mod errors;
mod mrkdwn;
pub mod views;
pub mod web;

pub use client::{SlackNotifier, SlackSettings, SlackSetupError};
pub use web::{SlackWeb, WebError};
