//! Tests of the whole program from outside: the real binary against fakes of the services around it.
//!
//! One binary with areas as modules, so that it links once. [`support`] explains how a test is written.

mod fakes;
#[expect(dead_code, reason = "verbs of the fakes that no test has needed yet")]
mod support;
