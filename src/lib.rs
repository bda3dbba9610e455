//! tunebot: hyper-parameter sweeps asked for in chat, on pull requests and by schedule; run; answered where they were asked.
//!
//! The crate is a pure centre (`domain`, `search`, `plan`, `charts`) with input and output at the rim and the store between them.
//! ARCHITECTURE.md tells the way of one event through these modules.

pub mod app;
pub mod ask_tell;
pub mod charts;
pub mod chat;
pub mod config;
pub mod demo;
pub mod domain;
pub mod edit;
pub mod engine;
pub mod exchange;
pub mod http;
pub mod ingress;
pub mod notify;
pub mod plan;
pub mod runtime;
pub mod search;
pub mod store;
pub mod telemetry;
