//! The search over lines of JSON, by the real binary: as a program uses it, killed at any moment, and from Python.

mod kills;
mod lines;
mod program;
mod python;
