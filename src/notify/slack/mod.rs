//! Slack: blocks, and the client that posts and edits them.

mod api;
pub mod blocks;
pub mod client;
mod errors;
mod files;
mod groups;
mod history;
mod inspect;
mod mrkdwn;
mod pace;
pub mod scopes;
pub mod views;
pub mod web;

pub use api::{SlackSettings, SlackSetupError};
pub use client::SlackNotifier;
pub use groups::SlackGroups;
pub use inspect::{Inspection, Wanted};
pub use pace::PaceLimits;
pub use web::{SlackWeb, WebError};
