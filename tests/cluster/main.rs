//! Tests on a real Kubernetes with a real Argo Workflows: the real binary, real pods, and fakes of Slack and GitHub.
//!
//! They need a cluster: `eval "$(tests/cluster/up)"` makes one on this machine, or KUBECONFIG names yours (docs/cluster.md).
//! Then `cargo test --test cluster`. Each test has tunings, templates and rights of its own, and removes them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the verbs that tests are made of fail as a test does, and only functions marked as tests may by default"
)]

mod chart;
mod cluster;
mod faults;
#[path = "../charts/support.rs"]
#[expect(dead_code, reason = "what is rendered is looked at elsewhere")]
mod helm;
mod metrics;
mod refusals;
mod release;
#[path = "../it/e2e/scene.rs"]
#[expect(dead_code, reason = "verbs that the tests without a cluster need")]
mod scene;
mod stage;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "verbs of the fakes that these tests do not need")]
mod support;
mod sweeps;
