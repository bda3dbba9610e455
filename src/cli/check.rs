//! `tunebot check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use tunebot::app::inspection;
use tunebot::config::{self, Config, Purpose};
use tunebot::engine::argo::Finding;
use tunebot::notify::slack::Inspection;
use tunebot::runtime::repository_rules;

use super::output::print;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// YAML files, or folders of them
    #[arg(env = "TUNEBOT_CONFIG", value_delimiter = ',', default_value = "tunebot.yaml")]
    paths: Vec<PathBuf>,
    /// Also ask the clusters: may tunebot do what it must, are the templates there, do they take the parameters
    #[arg(long)]
    cluster: bool,
    /// Check this `.tunebot.yaml`, the rules of a repository, against the configuration instead
    #[arg(long, value_name = "FILE")]
    repository: Option<PathBuf>,
    /// Also ask GitHub: has the App, or the token, all permissions, events and repositories that are needed
    #[arg(long)]
    github: bool,
    /// Also ask Slack: has the app all scopes, are the channels there and the bot in them, do the user groups exist
    #[arg(long)]
    slack: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    if let Some(file) = &options.repository {
        return check_repository(&options.paths, file);
    }
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
            // A second call in one process finds the provider installed: that is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let mut complete = true;
            if options.cluster {
                complete &= ask_clusters(&loaded.config).await?;
            }
            if options.github {
                complete &= ask_github(&loaded.config).await?;
            }
            if options.slack {
                complete &= ask_slack(&loaded.config).await?;
            }
            Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(problems) => {
            eprintln!("{}, nothing was changed", config::render(&problems));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Secrets are nobody's business here: a repository's author need not have them.
fn check_repository(paths: &[PathBuf], file: &Path) -> Result<ExitCode> {
    let loaded = match config::load(paths, &|name| std::env::var(name).ok(), Purpose::Predict) {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{}, nothing was changed", config::render(&problems));
            return Ok(ExitCode::FAILURE);
        }
    };
    let rules = &loaded.config.rules;
    let Some(policy) = &rules.repository_policy else {
        eprintln!("the configuration lets no repository set rules: add `github.repository_config`");
        return Ok(ExitCode::FAILURE);
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    // Its triggers are for whichever repository it lies in.
    let repository = "any/repository".parse()?;
    match repository_rules::read(rules, policy, &repository, (&text, "")) {
        Ok(own) => {
            print(format_args!("{}: {}, no errors", file.display(), counted(own.triggers.len(), "trigger")))?;
            own.lines().iter().try_for_each(|line| print(format_args!("  {line}")))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            eprintln!("{}, nothing was changed", config::render(&problems));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Returns whether nothing is missing.
async fn ask_github(config: &Config) -> Result<bool> {
    let Some(findings) = inspection::inspect_github(config).await? else {
        print(format_args!("GitHub is not configured: there is nothing to ask"))?;
        return Ok(true);
    };
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        print(format_args!("GitHub gives all that is needed"))?;
        return Ok(true);
    }
    eprintln!("{} on GitHub", counted(findings.len(), "problem"));
    Ok(false)
}

/// Returns whether nothing is missing.
async fn ask_clusters(config: &Config) -> Result<bool> {
    let findings = inspection::inspect_all(config).await;
    for Finding::Wrong(text) | Finding::Unknown(text) in &findings {
        eprintln!("{text}");
    }
    if findings.is_empty() {
        print(format_args!("the clusters have all that the tunings need"))?;
        return Ok(true);
    }
    eprintln!("{} in the clusters", counted(findings.len(), "problem"));
    Ok(false)
}

/// Returns whether nothing is missing.
async fn ask_slack(config: &Config) -> Result<bool> {
    let Some(Inspection { bot, findings }) = inspection::inspect_slack(config).await? else {
        print(format_args!("Slack is not configured: there is nothing to ask"))?;
        return Ok(true);
    };
    if let Some(bot) = bot {
        print(format_args!("Slack: {bot}"))?;
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        print(format_args!("Slack gives all that is needed"))?;
        return Ok(true);
    }
    eprintln!("{} in Slack", counted(findings.len(), "problem"));
    Ok(false)
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
