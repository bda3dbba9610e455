//! `tunebot serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tunebot::app::{App, Reloader, logs};
use tunebot::config::Purpose;

use super::ConfigOption;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    config: ConfigOption,
    /// Write the address that is listened on into this file, once everything runs
    #[arg(long, value_name = "PATH")]
    address_file: Option<PathBuf>,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let loaded = options.config.load(Purpose::Serve)?;
    let logs = logs::start(&loaded.config.server.log)?;
    // From here on a signal ends the program in order, however early it comes.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened to")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened to")?;
    let app = App::start(loaded.config.clone()).await?;
    if let Some(path) = &options.address_file {
        write_whole(path, &app.address().to_string())?;
    }
    let reloader =
        Reloader::new(options.config.config, &loaded, app.config().clone(), std::sync::Arc::clone(app.metrics()), logs);
    let cancel = CancellationToken::new();
    let reloading = tokio::spawn(reloader.run(cancel.clone()));
    let told = tokio::select! {
        _ = terminate.recv() => true,
        _ = interrupt.recv() => true,
        () = app.failed() => false,
    };
    cancel.cancel();
    app.stop().await;
    reloading.await.context("reloading has ended badly")?.context("SIGHUP cannot be listened to")?;
    ensure!(
        told,
        "a part of tunebot has ended by a fault of its own; the log says which, and nothing accepted is lost"
    );
    Ok(ExitCode::SUCCESS)
}

/// Whoever waits for the file sees it whole or not at all.
fn write_whole(path: &std::path::Path, text: &str) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    std::fs::write(&partial, text)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("{} cannot be written", path.display()))
}
