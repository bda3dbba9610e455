//! The commands that people type in a terminal.

mod ask_tell;
mod chart;
mod check;
mod exchange;
mod look;
mod output;
mod ping;
mod replay;
mod run;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use tunebot::config::{self, Config, Loaded, Purpose};
use tunebot::demo;

/// Hyper-parameter sweeps, asked for in chat, on pull requests and by schedule; run; answered where they were asked.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive webhooks and commands, run sweeps, answer
    Serve(serve::Options),
    /// Run one sweep here, with a progress bar and a table at the end
    Run(run::Options),
    /// Everything at once on this machine, with nothing to install: a signed push, a signed /tune, two real sweeps
    Demo(demo::Options),
    /// Check the configuration: every error of every file, with line and column
    Check(check::Options),
    /// Send a running server what GitHub and Slack would send, signed, and say what it answers
    Ping(ping::Options),
    AskTell(ask_tell::Options),
    /// Print the JSON Schema of the configuration, for editors
    Schema {
        /// That of `.tunebot.yaml`, the rules that a repository sets for itself
        #[arg(long)]
        repository: bool,
    },
    /// What would a webhook or command from a file start, and why?
    Replay(replay::Options),
    /// Why did an event start something, or why not?
    Explain(look::Explain),
    /// How do sweeps stand?
    Status(look::Status),
    /// The best parameters of a sweep, or of the last finished sweep of a tuning
    Best(look::Best),
    /// Draw a sweep: history, importance, slices, parallel coordinates, Pareto front, learning curves
    Chart(chart::Options),
    /// Write a sweep's trials to a file: for Optuna and its dashboard, for spreadsheets, or without any loss
    Export(exchange::Export),
    /// Take the trials of a file over as a finished sweep: of Optuna, of a table, or of another tunebot
    Import(exchange::Import),
    /// One trial of the demonstration
    #[command(hide = true)]
    DemoTrial {
        #[command(subcommand)]
        model: demo::trial::Model,
    },
}

/// Where the configuration is.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigOption {
    /// A YAML file, or a folder of them; may be given several times
    #[arg(long, short, env = "TUNEBOT_CONFIG", value_delimiter = ',', default_value = "tunebot.yaml")]
    pub config: Vec<PathBuf>,
}

impl ConfigOption {
    /// Reads the configuration. Its problems are printed as an error.
    fn load(&self, purpose: Purpose) -> Result<Loaded> {
        if let [only] = self.config.as_slice()
            && !only.exists()
        {
            bail!("there is no configuration at {}: name it with --config", only.display());
        }
        config::load(&self.config, &|name| std::env::var(name).ok(), purpose)
            .map_err(|problems| anyhow::anyhow!("the configuration has errors\n\n{}", config::render(&problems)))
    }
}

pub fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Ping(options) => asynchronously(ping::run(options)),
        Command::AskTell(options) => ask_tell::run(&options),
        Command::Check(options) => asynchronously(check::run(options)),
        Command::Schema { repository } => {
            let schema = if repository { config::repository_json_schema() } else { config::json_schema() };
            output::print(format_args!("{schema:#}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::DemoTrial { model } => demo::trial::run(&model).map(|()| ExitCode::SUCCESS),
        Command::Serve(options) => asynchronously(serve::run(options)),
        Command::Run(options) => asynchronously(run::run(options)),
        Command::Demo(options) => asynchronously(async { demo::run(options).await.map(|()| ExitCode::SUCCESS) }),
        Command::Replay(options) => asynchronously(replay::run(options)),
        Command::Explain(options) => asynchronously(look::explain(options)),
        Command::Status(options) => asynchronously(look::status(options)),
        Command::Best(options) => asynchronously(look::best(options)),
        Command::Chart(options) => asynchronously(chart::run(options)),
        Command::Export(options) => asynchronously(exchange::export(options)),
        Command::Import(options) => asynchronously(exchange::import(options)),
    }
}

fn asynchronously(command: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the threads of the program cannot be started")?;
    let result = runtime.block_on(command);
    // What still blocks after an orderly end (a read of standard input, say) must not hold up the exit.
    runtime.shutdown_background();
    result
}

/// The configuration of a command that needs only tunings and engines.
fn load_for_here(options: &ConfigOption) -> Result<Config> {
    options.load(Purpose::Run).map(|loaded| loaded.config)
}
