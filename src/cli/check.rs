//! `tunebot check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use tunebot::config::{self, Purpose};

use super::output::print;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// YAML files, or folders of them
    #[arg(env = "TUNEBOT_CONFIG", value_delimiter = ',', default_value = "tunebot.yaml")]
    paths: Vec<PathBuf>,
}

pub fn run(options: &Options) -> Result<ExitCode> {
    match config::load(&options.paths, &|name| std::env::var(name).ok(), Purpose::Serve) {
        Ok(loaded) => {
            let rules = &loaded.config.rules;
            print(format_args!(
                "{} in {}: {}, {}, {}, no errors",
                counted(loaded.files.len(), "file"),
                options.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
                counted(rules.tunings.len(), "tuning"),
                counted(rules.triggers.len(), "trigger"),
                counted(rules.schedules.len(), "schedule"),
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            eprintln!("{}, nothing was changed", config::render(&problems));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
