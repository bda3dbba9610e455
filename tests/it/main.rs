//! Tests of the whole program and of what needs real processes.

mod local_engine;
