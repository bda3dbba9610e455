//! `tunebot run`: one sweep from the terminal.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tunebot::app::{App, logs};
use tunebot::config::Server;
use tunebot::domain::event::{Event, EventKey, EventKind, Request, Source};
use tunebot::domain::ids::SweepId;
use tunebot::domain::report::Report;
use tunebot::domain::signal::{Signal, SignalKind as News, StopRequest};
use tunebot::domain::sweep::Outcome;
use tunebot::notify::text;
use tunebot::store::{Accepted, EventState, Store};

use super::output::print;
use super::{ConfigOption, load_for_here};

/// How often the store is looked at for progress.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The tuning
    tuning: String,
    /// As after `/tune`: `trials=40`, `lr=1e-4..1e-2`, `optimizer=adam`
    words: Vec<String>,
    #[command(flatten)]
    config: ConfigOption,
    /// The store's file, instead of the one that the configuration names
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let mut config = load_for_here(&options.config)?;
    logs::start(&config.server.log)?;
    if let Some(store) = options.store {
        config.store.path = store;
    }
    let store_path = config.store.path.clone();
    keep_to_this_machine(&mut config.server)?;
    let app = App::start(config).await?;
    let words = [vec![options.tuning], options.words].concat().join(" ");
    let result = tokio::select! {
        result = follow(app.store(), &words) => result,
        () = app.failed() => Err(anyhow::anyhow!("a part of tunebot has ended by a fault of its own; the log says which")),
    };
    app.stop().await;
    let report = result?;
    print(text::summary(&report))?;
    print(format_args!("\nStored in {}. Again: tunebot status {} --store {0}", store_path.display(), report.sweep))?;
    let success = report.best().is_some() && !matches!(outcome(&report), Some(Outcome::TooManyFailures { .. }));
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Trials report to this process and to nobody else, whatever address the server of this configuration has: another
/// tunebot may be there.
fn keep_to_this_machine(server: &mut Server) -> Result<()> {
    server.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    // The port is put in once the system has chosen it.
    server.public_url = "http://127.0.0.1:0".parse()?;
    Ok(())
}

/// Asks for the sweep and shows its progress until it has ended. Ctrl-C stops the sweep; its best still counts.
async fn follow(store: &Store, words: &str) -> Result<Report> {
    let sweep = ask(store, words).await?;
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{msg}")?);
    bar.enable_steady_tick(Duration::from_millis(250));
    // Listened to from here on, so that none is missed between two looks at the store.
    let mut interrupts = signal(SignalKind::interrupt()).context("Ctrl-C cannot be listened to")?;
    let mut interrupted = false;
    loop {
        let report = store.load_sweep(&sweep).await?.and_then(|stored| stored.report);
        if let Some(report) = report {
            bar.set_message(text::glance(&report));
            if report.is_final() {
                bar.finish_and_clear();
                return Ok(report);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = interrupts.recv() => {
                if std::mem::replace(&mut interrupted, true) {
                    bail!("{sweep} was left before its trials had ended");
                }
                stop(store, &sweep).await?;
            }
        }
    }
}

async fn stop(store: &Store, sweep: &SweepId) -> Result<()> {
    let by = StopRequest::Person { name: "you".to_owned() };
    let signal = Signal { sweep: sweep.clone(), at: Timestamp::now(), kind: News::StopRequested { by } };
    store.append_signals(vec![signal]).await.context("the stop could not be written")?;
    Ok(())
}

/// Puts the request into the inbox and waits for what is decided about it.
async fn ask(store: &Store, words: &str) -> Result<SweepId> {
    let now = Timestamp::now();
    let event = Event {
        key: EventKey { source: Source::Api, delivery: format!("terminal/{}", now.as_nanosecond()) },
        received_at: now,
        kind: EventKind::Request(Request { caller: "terminal".to_owned(), command: words.to_owned() }),
    };
    let (Accepted::New(id) | Accepted::Again { id, .. }) = store.accept(&event).await?;
    loop {
        let record = store.event(id).await?.context("the request has vanished from the store")?;
        if let EventState::Done | EventState::Dead = record.state {
            let started = record.decisions.iter().find_map(|decision| decision.sweep.clone());
            let reasons = record.decisions.into_iter().map(|decision| decision.reason).chain(record.error);
            let reasons: Vec<String> = reasons.collect();
            return started.with_context(|| reasons.join("; "));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn outcome(report: &Report) -> Option<&Outcome> {
    match &report.phase {
        tunebot::domain::report::Phase::Finished { outcome } => Some(outcome),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tunebot::config::{self, Purpose};

    use super::*;

    #[test]
    fn trials_of_the_terminal_never_report_to_the_server_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let text = "server: {listen: 0.0.0.0:8080, public_url: https://tunebot.example.com}\n\
                    tunings: {t: {space: {x: {type: bool}}, objective: {metric: m, direction: minimize}, command: [run]}}\n";
        std::fs::write(folder.path().join("tunebot.yaml"), text).unwrap();
        let mut config = config::load(&[folder.path().to_owned()], &|_| None, Purpose::Run).unwrap().config;
        keep_to_this_machine(&mut config.server).unwrap();
        assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:0/");
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:0");
    }
}
