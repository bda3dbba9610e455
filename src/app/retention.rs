//! Forgets old events and old trials, with what engines keep of them, as the configuration says.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::config::Config;
use crate::runtime::Engines;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(3600);

pub(super) async fn run(
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    engines: Engines,
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
        let now = Timestamp::now();
        forget_sweeps(&store, &engines, now, settings.keep_trials).await;
        match store.forget_old(now, settings.keep_events, settings.keep_trials).await {
            Ok(forgotten) if forgotten.events + forgotten.trials > 0 => {
                info!(events = forgotten.events, trials = forgotten.trials, "old rows forgotten");
            }
            Ok(_) => {}
            Err(error) => error!(%error, "old rows could not be forgotten; trying again in an hour"),
        }
    }
}

/// Folders and logs of trials go when the trials do: they take far more of the disk.
async fn forget_sweeps(store: &Store, engines: &Engines, now: Timestamp, keep_trials: SignedDuration) {
    let kept = match store.kept_sweeps(now, keep_trials).await {
        Ok(kept) => kept,
        Err(error) => return error!(%error, "old sweeps could not be listed; trying again in an hour"),
    };
    let before = now.checked_sub(keep_trials).unwrap_or(Timestamp::MIN);
    for (engine, place) in engines.iter() {
        match place.forget_sweeps(kept.clone(), before).await {
            Ok(0) => {}
            Ok(sweeps) => info!(%engine, sweeps, "folders of old sweeps removed"),
            Err(error) => {
                error!(%engine, %error, "folders of old sweeps could not be removed; trying again in an hour")
            }
        }
    }
}
