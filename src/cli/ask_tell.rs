//! `tunebot ask-tell`: the search alone, for programs. No configuration, no store, no threads.

use std::process::ExitCode;

use anyhow::{Context, Result};

/// The search alone, for programs: requests and answers as lines of JSON
///
/// Reads requests from standard input, one JSON object a line, and answers each with one line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A study of one parameter:
  {\"op\":\"create\",\"space\":{\"x\":{\"type\":\"float\",\"low\":0,\"high\":1}},\"sampler\":\"auto\",\"seed\":1}
  {\"op\":\"ask\"}
  {\"op\":\"tell\",\"id\":0,\"values\":[0.31]}
  {\"op\":\"best\"}

Operations: create, ask, tell, report, import, best, stats, close. docs/ask-tell.md has them all,
with an example in Python. Needs no configuration. With \"storage\":\"FILE\" in create, a study
survives the program.")]
pub struct Options {}

pub fn run(_: &Options) -> Result<ExitCode> {
    let served = tunebot::ask_tell::serve(std::io::stdin().lock(), std::io::stdout().lock());
    served.context("the lines cannot be read or answered")?;
    Ok(ExitCode::SUCCESS)
}
