//! Reads the configuration again, on SIGHUP and when a file of it has changed. A bad one leaves the old one in force.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::{self, Config, Loaded, Purpose};
use crate::telemetry::{Logs, Metrics};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

pub struct Reloader {
    paths: Vec<PathBuf>,
    /// What is looked at for changes: the paths, and the files that the configuration names.
    watched: Vec<PathBuf>,
    fingerprint: String,
    config: watch::Sender<Arc<Config>>,
    metrics: Arc<Metrics>,
    logs: Logs,
}

impl Reloader {
    /// `loaded` is the configuration in force, read from `paths`.
    pub fn new(
        paths: Vec<PathBuf>,
        loaded: &Loaded,
        config: watch::Sender<Arc<Config>>,
        metrics: Arc<Metrics>,
        logs: Logs,
    ) -> Self {
        let (watched, fingerprint) = (loaded.watched.clone(), loaded.fingerprint.clone());
        Self { paths, watched, fingerprint, config, metrics, logs }
    }

    /// Runs until `cancel`.
    ///
    /// # Errors
    /// SIGHUP cannot be listened to.
    pub async fn run(mut self, cancel: CancellationToken) -> std::io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return Ok(()),
                _ = hangup.recv() => self.reload(true),
                _ = clock.tick() => self.reload(false),
            }
        }
    }

    fn reload(&mut self, asked: bool) {
        let fingerprint = config::fingerprint(&self.watched);
        if !asked && fingerprint == self.fingerprint {
            return;
        }
        self.fingerprint = fingerprint;
        match config::load(&self.paths, &|name| std::env::var(name).ok(), Purpose::Serve) {
            Ok(loaded) => {
                (self.watched, self.fingerprint) = (loaded.watched, loaded.fingerprint);
                self.adopt(loaded.config);
                // Counted once it is in force, for whoever waits for it.
                self.metrics.config_reloaded(true);
            }
            Err(problems) => {
                (self.watched, self.fingerprint) = (problems.watched().to_vec(), problems.fingerprint().to_owned());
                let problems = config::render(&problems);
                error!("the changed configuration has errors; the old one stays in force\n{problems}");
                self.metrics.config_reloaded(false);
            }
        }
    }

    /// Puts the new configuration in force, but for what cannot change while the program runs.
    fn adopt(&self, mut new: Config) {
        let old = Arc::clone(&self.config.borrow());
        let fixed = config::what_needs_restart(&old, &new);
        if !fixed.is_empty() {
            warn!(settings = fixed.join(", "), "these settings change at the next start only");
        }
        new.server.listen = old.server.listen;
        new.server.public_url.clone_from(&old.server.public_url);
        new.engines.clone_from(&old.engines);
        if let Err(error) = self.logs.set_filter(&new.server.log.filter) {
            warn!(%error, "the log filter stays as it was");
        }
        info!(tunings = new.rules.tunings.len(), triggers = new.rules.triggers.len(), "configuration read again");
        self.config.send_replace(Arc::new(new));
    }
}
