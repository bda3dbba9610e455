//! The observer: brings what happens to attempts from an engine into the store, as signals.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::domain::ids::EngineName;
use crate::domain::signal::{Signal, SignalKind};
use crate::engine::{Engine, Observation};
use crate::store::Store;

/// News that may wait to be written before the engine is slowed down.
const BACKLOG: usize = 1024;
/// News that are written at a time.
const BATCH: usize = 256;
const RETRY: Duration = Duration::from_secs(1);

/// Watches `engine` until `cancel`, again and again if it cannot be watched for a while.
pub async fn run(name: EngineName, engine: Arc<dyn Engine>, store: Store, cancel: CancellationToken) {
    let (sender, receiver) = mpsc::channel(BACKLOG);
    let watching = watch(&name, engine.as_ref(), &store, sender, &cancel);
    // The writer ends when the watcher has dropped its sender, after everything that it sent.
    tokio::join!(watching, write(receiver, &store, &cancel));
}

async fn watch(
    name: &EngineName,
    engine: &dyn Engine,
    store: &Store,
    news: mpsc::Sender<Observation>,
    cancel: &CancellationToken,
) {
    while !cancel.is_cancelled() {
        let known = match store.running_attempts(name).await {
            Ok(known) => known,
            Err(error) => {
                error!(engine = %name, %error, "the running trials could not be read; trying again");
                pause(cancel).await;
                continue;
            }
        };
        if let Err(error) = engine.watch(known, news.clone(), cancel.clone()).await {
            warn!(engine = %name, %error, "the engine cannot be watched; trying again");
            pause(cancel).await;
        }
    }
}

async fn write(mut news: mpsc::Receiver<Observation>, store: &Store, cancel: &CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    while news.recv_many(&mut batch, BATCH).await > 0 {
        let signals: Vec<Signal> = batch.drain(..).filter_map(signal).collect();
        while let Err(error) = store.append_signals(signals.clone()).await {
            error!(%error, lost = cancel.is_cancelled(), "news of trials could not be written");
            if cancel.is_cancelled() {
                // Ends are kept by the engine; they are told again after the restart.
                return;
            }
            pause(cancel).await;
        }
    }
}

fn signal(observation: Observation) -> Option<Signal> {
    let Observation::Attempt { attempt, at, news } = observation else {
        return None;
    };
    Some(Signal { sweep: attempt.sweep.clone(), at, kind: SignalKind::Attempt { attempt, news } })
}

async fn pause(cancel: &CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(RETRY) => {}
    }
}
