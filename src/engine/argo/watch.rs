//! Watches the workflows of one engine and tells what happens to them.
//!
//! Every list is a full one from the API server's store, so that what is not in it is gone. A connection that ends in order
//! goes on where it was; after one that breaks, and whenever the server says that too much was missed (410 Gone), there is a
//! new list. While nobody answers, that is told once; what happened meanwhile comes with the next list.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, pin_mut};
use jiff::Timestamp;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{debug, info, warn};

use super::Shared;
use super::chores::Chore;
use super::fault::Fault;
use super::index::Index;
use super::manifest::names;
use super::object::Workflow;
use super::status;
use super::workflows;
use crate::domain::ids::AttemptId;
use crate::engine::Observation;

/// How often it is looked whether the grace of a workflow is over.
const TICK: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A connection that others have trouble with is given up at most this often.
const DISTRUST: Duration = Duration::from_secs(10);

/// A watch that was refused before is there when it has lasted this long.
const TRIED: Duration = Duration::from_secs(3);
/// A stretch that was shorter follows the one before it after a pause.
const STEADY: Duration = Duration::from_secs(30);

/// Why a stretch of watching has ended.
enum Broken {
    /// Nobody listens any longer.
    Deaf,
    /// There was no list, for this reason.
    Unlisted(String),
    /// There is a list, and tunebot may not watch what comes after it.
    Unwatched(String),
    /// After a list.
    Lost(String),
}

pub struct Watch<'a> {
    shared: &'a Shared,
    news: mpsc::Sender<Observation>,
    /// Since when nobody answers, once that was told.
    away: Option<Timestamp>,
    /// When the connection was lost that there is no new list for yet.
    lost_at: Option<Timestamp>,
    /// The last list was not followed by a watch: the next one alone does not mean that all is well.
    doubtful: bool,
}

impl<'a> Watch<'a> {
    pub fn new(shared: &'a Shared, known: &[AttemptId], news: mpsc::Sender<Observation>) -> Self {
        let mut index = lock(shared);
        for attempt in known {
            index.expected(attempt);
        }
        drop(index);
        Self { shared, news, away: None, lost_at: None, doubtful: false }
    }

    /// Watches until nobody listens any longer.
    pub async fn run(mut self) {
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let broken = self.stretch().await;
            if began.elapsed() > STEADY {
                failures = 0;
            }
            let first_pause = match broken {
                Broken::Deaf => return,
                Broken::Lost(why) => {
                    info!(engine = %self.shared.name, why, "the watch has broken off; listing again");
                    self.shared.connection.was_away();
                    self.lost_at = Some(Timestamp::now());
                    Duration::ZERO
                }
                Broken::Unlisted(why) | Broken::Unwatched(why) => {
                    if !self.tell_away(why).await {
                        return;
                    }
                    Duration::from_secs(1)
                }
            };
            // A list of everything costs the cluster something: one that is soon followed by the next has to wait.
            let pause = if failures == 0 { first_pause } else { Duration::from_secs(1 << failures.min(4)) };
            failures += 1;
            tokio::select! {
                () = tokio::time::sleep(pause.min(LONGEST_PAUSE)) => {}
                () = self.news.closed() => return,
            }
        }
    }

    /// Lists, then watches until something breaks.
    async fn stretch(&mut self) -> Broken {
        let connected = match self.shared.connection.connected().await {
            Ok(connected) => connected,
            Err(fault) => return Broken::Unlisted(fault.to_string()),
        };
        let labels = format!("{}={},!{}", names::INSTANCE, self.shared.owner, names::RECORDED);
        let events = watcher(workflows::api(connected), watcher::Config::default().labels(&labels));
        pin_mut!(events);
        let mut clock = tokio::time::interval(TICK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let began = Instant::now();
        let mut listed_at: Option<Instant> = None;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        if matches!(event, Event::InitDone) {
                            listed_at = Some(Instant::now());
                        }
                        if !self.take(event).await {
                            return Broken::Deaf;
                        }
                    }
                    // The watcher itself begins with a new list.
                    Some(Err(watcher::Error::WatchError(status))) if status.code == 410 => {
                        debug!(engine = %self.shared.name, "too much was missed; listing again");
                    }
                    Some(Err(error)) => {
                        let broken = broken(&error, listed_at.is_some());
                        self.doubtful |= matches!(broken, Broken::Unwatched(_));
                        return broken;
                    }
                    None => return Broken::Lost("the watch has ended".into()),
                },
                _ = clock.tick() => {
                    self.terminate_overdue();
                    if self.doubtful && listed_at.is_some_and(|at| at.elapsed() > TRIED) {
                        self.doubtful = false;
                        if !self.tell_back().await {
                            return Broken::Deaf;
                        }
                    }
                }
                () = self.shared.connection.trouble() => {
                    if listed_at.is_some() && began.elapsed() > DISTRUST {
                        return Broken::Lost("other requests are not answered".into());
                    }
                }
                () = self.news.closed() => return Broken::Deaf,
            }
        }
    }

    /// Tells what the event says. `false`: nobody listens.
    async fn take(&mut self, event: Event<Workflow>) -> bool {
        let now = Timestamp::now();
        let mut back = false;
        let news = match event {
            Event::Init => {
                lock(self.shared).begin_listing();
                Vec::new()
            }
            Event::InitApply(workflow) => self.seen(&workflow, |index, seen| index.listed(seen, now)),
            Event::InitDone => {
                back = true;
                lock(self.shared).end_listing(now)
            }
            Event::Apply(workflow) => self.seen(&workflow, |index, seen| index.applied(seen, now)),
            Event::Delete(workflow) => self.seen(&workflow, |index, seen| index.deleted(seen, now)),
        };
        for observation in news {
            if self.news.send(observation).await.is_err() {
                return false;
            }
        }
        !back || self.doubtful || self.tell_back().await
    }

    fn seen(
        &self,
        workflow: &Workflow,
        say: impl FnOnce(&mut Index, status::Seen) -> Vec<Observation>,
    ) -> Vec<Observation> {
        match status::read(workflow) {
            Ok(seen) => say(&mut lock(self.shared), seen),
            Err(error) => {
                warn!(engine = %self.shared.name, %error, "a workflow with tunebot's labels cannot be read");
                Vec::new()
            }
        }
    }

    fn terminate_overdue(&self) {
        let overdue = lock(self.shared).take_overdue(Timestamp::now());
        for attempt in overdue {
            info!(%attempt, "the workflow has not ended within its grace; terminating it");
            self.shared.chores.add(attempt, Chore::Terminate);
        }
    }

    async fn tell_away(&mut self, why: String) -> bool {
        if self.away.is_some() {
            return true;
        }
        let since = self.lost_at.unwrap_or_else(Timestamp::now);
        self.away = Some(since);
        warn!(engine = %self.shared.name, why, "the cluster does not answer; trying again until it does");
        self.news.send(Observation::Away { since, why }).await.is_ok()
    }

    async fn tell_back(&mut self) -> bool {
        let (lost_at, away) = (self.lost_at.take(), self.away.take());
        let is_heard = self.news.send(Observation::Back).await.is_ok();
        if let Some(since) = away {
            info!(engine = %self.shared.name, %since, "the cluster answers again");
            for attempt in lock(self.shared).unfinished() {
                self.shared.chores.add(attempt, Chore::Nudge);
            }
        } else if let Some(since) = lost_at {
            info!(engine = %self.shared.name, %since, "all workflows are listed again");
        }
        is_heard
    }
}

fn broken(error: &watcher::Error, listed: bool) -> Broken {
    if let watcher::Error::InitialListFailed(kube::Error::Api(status)) = error
        && status.code == 410
    {
        return Broken::Lost("the pages of the list were forgotten before they were read".into());
    }
    // A list that fails within a stretch follows a 410: what was known before it may be outdated.
    let unlisted = !listed || matches!(error, watcher::Error::InitialListFailed(_));
    let fault = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => Fault::of(error),
        other => Fault::Away(other.to_string()),
    };
    match fault {
        fault if unlisted => Broken::Unlisted(fault.to_string()),
        Fault::Forbidden(why) => Broken::Unwatched(why),
        fault => Broken::Lost(fault.to_string()),
    }
}

pub fn lock(shared: &Shared) -> MutexGuard<'_, Index> {
    shared.index.lock().unwrap_or_else(PoisonError::into_inner)
}
