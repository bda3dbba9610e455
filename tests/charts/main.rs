//! The Helm charts: what they render under the real Helm, what they refuse, and whether the monitoring in them is right.
//!
//! `eval "$(tests/charts/tools)"` installs Helm and promtool and names them; then `cargo test --test charts`. Where a tool is
//! missing the tests that need it say so and pass.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the verbs that tests are made of fail as a test does, and only functions marked as tests may by default"
)]

mod api_server;
mod monitoring;
mod platform;
mod support;
mod tunebot;
