//! Slack: blocks and the client that posts them.
