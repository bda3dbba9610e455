//! Forgets old events and old trials, as the configuration says.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::config::Config;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(3600);

pub(super) async fn run(store: Store, config: watch::Receiver<Arc<Config>>, cancel: CancellationToken) {
    let mut hourly = tokio::time::interval(EVERY);
    hourly.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = hourly.tick() => {}
        }
        let settings = config.borrow().store.clone();
        match store.forget_old(Timestamp::now(), settings.keep_events, settings.keep_trials).await {
            Ok(forgotten) if forgotten.events + forgotten.trials > 0 => {
                info!(events = forgotten.events, trials = forgotten.trials, "old rows forgotten");
            }
            Ok(_) => {}
            Err(error) => error!(%error, "old rows could not be forgotten; trying again in an hour"),
        }
    }
}
