//! Tests of the whole program from outside: the real binary, real processes, and fakes of the services around it.
//!
//! One binary with areas as modules, so that it links once. [`support`] explains how a test is written.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "the verbs that tests are made of fail as a test does, and only functions marked as tests may by default"
)]

mod argo_engine;
mod ask_tell;
mod charts;
mod crash;
mod e2e;
mod fakes;
mod image;
mod judges;
mod local_engine;
mod oracles;
mod project;
#[expect(dead_code, reason = "verbs of the fakes that no test has needed yet")]
mod support;
mod thousand;
