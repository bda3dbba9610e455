//! `tunebot ask-tell`: the search alone, for programs. No configuration, no store, no threads.

use std::process::ExitCode;

use anyhow::{Context, Result};

#[derive(Debug, clap::Args)]
pub struct Options {}

pub fn run(_: &Options) -> Result<ExitCode> {
    let served = tunebot::ask_tell::serve(std::io::stdin().lock(), std::io::stdout().lock());
    served.context("the lines cannot be read or answered")?;
    Ok(ExitCode::SUCCESS)
}
