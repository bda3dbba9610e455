//! Forgets old events and old trials, as the configuration says, and what engines on this machine keep of such trials.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::adapters::LocalEngines;
use crate::config::Config;
use crate::engine::local::LocalEngine;
use crate::store::{Forgotten, Store};

const EVERY: Duration = Duration::from_secs(3600);

pub(super) async fn run(
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    engines: LocalEngines,
    cancel: CancellationToken,
) {
    let mut hourly = tokio::time::interval(EVERY);
    hourly.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = hourly.tick() => {}
        }
        let settings = config.borrow().store.clone();
        match store.forget_old(Timestamp::now(), settings.keep_events, settings.keep_trials).await {
            Ok(Forgotten { events: 0, trials: 0, effects: 0, receipts: 0 }) => {}
            Ok(Forgotten { events, trials, effects, receipts }) => {
                info!(events, trials, effects, receipts, "old rows forgotten");
            }
            Err(error) => error!(%error, "old rows could not be forgotten; trying again in an hour"),
        }
        for (name, engine) in &engines {
            match prune(&store, engine).await {
                Ok(0) => {}
                Ok(removed) => info!(engine = %name, removed, "folders of old sweeps removed"),
                Err(error) => warn!(engine = %name, %error, "folders of old sweeps could not be removed"),
            }
        }
    }
}

/// Removes the folders of the sweeps whose trials the store has forgotten. Returns how many.
///
/// The folders are asked about, not the store's sweeps: there are fewer of them, and a folder of which the store knows
/// nothing is left to whom it belongs.
async fn prune(store: &Store, engine: &LocalEngine) -> anyhow::Result<usize> {
    let mut removed = 0;
    for sweep in engine.sweeps().await? {
        if store.trials_are_forgotten(&sweep).await? && engine.prune(&sweep).await? {
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
