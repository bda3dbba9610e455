//! `tunebot check`.

use std::process::ExitCode;

use anyhow::Result;
use tunebot::config::{self, Purpose};

use super::ConfigOption;

pub fn run(options: &ConfigOption) -> Result<ExitCode> {
    match config::load(&options.config, &|name| std::env::var(name).ok(), Purpose::Serve) {
        Ok(loaded) => {
            let rules = &loaded.config.rules;
            println!(
                "{} in {}: {}, {}, {}, no errors",
                counted(loaded.files.len(), "file"),
                options.config.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
                counted(rules.tunings.len(), "tuning"),
                counted(rules.triggers.len(), "trigger"),
                counted(rules.schedules.len(), "schedule"),
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            eprintln!("{}", config::render(&problems));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
