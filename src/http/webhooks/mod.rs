//! The addresses that GitHub and Slack call. Each reads the raw bytes, checks their signature, and only then parses.

pub(super) mod github;
pub(super) mod slack;
