//! `tunebot replay`: what an event from a file would start, and why. Nothing is written and nothing is asked outside.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use jiff::Timestamp;
use tunebot::config::Purpose;
use tunebot::ingress::{self, FileHints};
use tunebot::runtime::dispatcher;

use super::ConfigOption;
use super::output::print;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The body of a webhook of GitHub (JSON), or of a slash command of Slack (a form)
    file: PathBuf,
    /// The name of GitHub's event, where the body does not tell: push, pull_request, issue_comment, check_run
    #[arg(long)]
    event: Option<String>,
    #[command(flatten)]
    config: ConfigOption,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let config = options.config.load(Purpose::Predict)?.config;
    let bytes = std::fs::read(&options.file).with_context(|| format!("{} cannot be read", options.file.display()))?;
    let hints = FileHints { event: options.event.as_deref() };
    let event = ingress::parse_file(&bytes, hints, Timestamp::now())?;
    print(ingress::describe(&event.kind))?;
    for decision in dispatcher::predict(&event, &config.rules) {
        print(format_args!("  {}: would be {}: {}", decision.by, decision.verdict.name(), decision.reason))?;
    }
    Ok(ExitCode::SUCCESS)
}
