//! The observer: brings what happens to attempts from an engine into the store, as signals, and notes whether the engine
//! can be watched at all.
//!
//! Everything goes through one queue, in the order in which it was seen: that an engine is back is known only after all
//! that it told before is in the store.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::availability::Availability;
use crate::domain::ids::EngineName;
use crate::domain::signal::{Signal, SignalKind};
use crate::engine::{Engine, EngineError, Observation};
use crate::store::Store;

/// News that may wait to be written before the engine is slowed down.
const BACKLOG: usize = 1024;
/// News that are written at a time.
const BATCH: usize = 256;
const RETRY: Duration = Duration::from_secs(1);

enum Seen {
    By(Observation),
    /// The engine could not be watched, and says nothing of itself. It is away until a later watch tells something.
    Unwatched {
        since: Timestamp,
        why: String,
    },
}

/// Watches `engine` until `cancel`, again and again if it cannot be watched for a while.
pub async fn run(
    name: EngineName,
    engine: Arc<dyn Engine>,
    store: Store,
    availability: Availability,
    cancel: CancellationToken,
) {
    availability.begin(&name);
    let (sender, receiver) = mpsc::channel(BACKLOG);
    let watching = watch(&name, engine.as_ref(), &store, sender, &cancel);
    let mut writer = Writer { name: &name, store: &store, availability: &availability, unwatched: false };
    // The writer ends when the watcher has dropped its sender, after everything that it sent.
    tokio::join!(watching, writer.write(receiver, &cancel));
}

async fn watch(
    name: &EngineName,
    engine: &dyn Engine,
    store: &Store,
    seen: mpsc::Sender<Seen>,
    cancel: &CancellationToken,
) {
    let (sender, mut observations) = mpsc::channel(BACKLOG);
    while !cancel.is_cancelled() {
        let known = match store.running_attempts(name).await {
            Ok(known) => known,
            Err(error) => {
                error!(engine = %name, %error, "the running trials could not be read; trying again");
                pause(cancel).await;
                continue;
            }
        };
        let watching = engine.watch(known, sender.clone(), cancel.clone());
        if let Err(error) = pass_on(watching, &mut observations, &seen).await {
            let unwatched = Seen::Unwatched { since: Timestamp::now(), why: error.to_string() };
            if seen.send(unwatched).await.is_err() {
                return;
            }
            pause(cancel).await;
        }
    }
    drop(sender);
    // Whoever still tells of ends while tunebot stops is heard out.
    while let Some(observation) = observations.recv().await {
        if seen.send(Seen::By(observation)).await.is_err() {
            return;
        }
    }
}

/// Passes on what is observed until the watch has ended, and all that it told with it.
async fn pass_on(
    watching: impl Future<Output = Result<(), EngineError>>,
    observations: &mut mpsc::Receiver<Observation>,
    seen: &mpsc::Sender<Seen>,
) -> Result<(), EngineError> {
    tokio::pin!(watching);
    loop {
        tokio::select! {
            Some(observation) = observations.recv() => {
                if seen.send(Seen::By(observation)).await.is_err() {
                    return Ok(());
                }
            }
            ended = &mut watching => {
                while let Ok(observation) = observations.try_recv() {
                    if seen.send(Seen::By(observation)).await.is_err() {
                        break;
                    }
                }
                return ended;
            }
        }
    }
}

struct Writer<'a> {
    name: &'a EngineName,
    store: &'a Store,
    availability: &'a Availability,
    /// It is away because it could not be watched: any news says that this is over.
    unwatched: bool,
}

impl Writer<'_> {
    async fn write(&mut self, mut seen: mpsc::Receiver<Seen>, cancel: &CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        while seen.recv_many(&mut batch, BATCH).await > 0 {
            let mut signals = Vec::new();
            for seen in batch.drain(..) {
                match seen {
                    Seen::By(Observation::Attempt { attempt, at, news }) => {
                        let sweep = attempt.sweep.clone();
                        signals.push(Signal { sweep, at, kind: SignalKind::Attempt { attempt, news } });
                    }
                    other => {
                        if !self.append(std::mem::take(&mut signals), cancel).await {
                            return;
                        }
                        self.note(other);
                    }
                }
            }
            if !self.append(signals, cancel).await {
                return;
            }
        }
    }

    fn note(&mut self, seen: Seen) {
        match seen {
            Seen::Unwatched { since, why } => {
                self.unwatched = true;
                // The engine itself says nothing; once is enough.
                if self.availability.away(self.name, since, &why) {
                    warn!(engine = %self.name, why, "the engine cannot be watched; trying again until it can");
                }
            }
            Seen::By(Observation::Away { since, why }) => {
                self.unwatched = false;
                self.availability.away(self.name, since, &why);
            }
            Seen::By(Observation::Back) => {
                self.unwatched = false;
                self.availability.back(self.name);
            }
            Seen::By(Observation::Attempt { .. }) => {}
        }
    }

    /// Writes news until they are in the store; `false` if tunebot stops before.
    async fn append(&mut self, signals: Vec<Signal>, cancel: &CancellationToken) -> bool {
        if signals.is_empty() {
            return true;
        }
        while let Err(error) = self.store.append_signals(signals.clone()).await {
            error!(%error, lost = cancel.is_cancelled(), "news of trials could not be written");
            if cancel.is_cancelled() {
                // Ends are kept by the engine; they are told again after the restart.
                return false;
            }
            pause(cancel).await;
        }
        if std::mem::take(&mut self.unwatched) {
            self.availability.back(self.name);
        }
        true
    }
}

async fn pause(cancel: &CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(RETRY) => {}
    }
}

#[cfg(test)]
mod tests;
