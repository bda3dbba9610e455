//! What is outside of tunebot, in memory: an engine and a service for messages that outlive every crash, note what is
//! done to them, and note a fault whenever something is done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;
use tunebot::domain::effect::{Content, Receipt};
use tunebot::domain::ids::{AttemptId, SweepId};
use tunebot::domain::metrics::Metrics;
use tunebot::domain::signal::{AttemptEnd, AttemptNews};
use tunebot::domain::sweep::Destination;
use tunebot::engine::{Engine, EngineError, Launch, Observation};
use tunebot::notify::{Delivery, Notifier, NotifyError};

/// What becomes of trials when tunebot dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trials {
    /// They die with it, as processes of this machine do.
    Die,
    /// They go on and end while nobody is looking, as workflows of a cluster do.
    GoOn,
}

pub struct World {
    trials: Trials,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    /// Grows with every change: a crash may come after each.
    pub changes: u64,
    /// None while it runs.
    pub attempts: BTreeMap<AttemptId, Option<AttemptEnd>>,
    /// Attempts whose end need not be told any longer.
    forgotten: BTreeSet<AttemptId>,
    /// Sweeps that the engine keeps nothing for any longer.
    pub released: BTreeSet<SweepId>,
    /// By the key of their receipts.
    pub messages: BTreeMap<String, Posted>,
    /// Numbers of the events that tunebot has acknowledged.
    pub acknowledged: Vec<usize>,
    pub faults: Vec<String>,
}

pub struct Posted {
    number: u64,
    pub is_final: bool,
    /// The sweeps that had the word in it, one after the other.
    pub sweeps: Vec<SweepId>,
}

impl Posted {
    /// Takes a new edition; what is wrong about it.
    fn edit(&mut self, sweep: Option<&SweepId>, is_final: bool) -> Option<&'static str> {
        let same = self.sweeps.last() == sweep;
        let fault = if same && self.is_final && !is_final {
            Some("went back from its final form")
        } else if !same && sweep.is_none_or(|sweep| self.sweeps.contains(sweep)) {
            Some("went back to an older sweep")
        } else {
            None
        };
        if !same {
            self.sweeps.extend(sweep.cloned());
        }
        self.is_final = is_final;
        fault
    }
}

/// The way to the world of one life of tunebot.
#[derive(Clone)]
pub struct Link {
    world: Arc<World>,
    watcher: Arc<Mutex<Option<mpsc::Sender<Observation>>>>,
}

impl World {
    pub fn new(trials: Trials) -> Arc<Self> {
        Arc::new(Self { trials, state: Mutex::default() })
    }

    pub fn link(self: &Arc<Self>) -> Link {
        Link { world: Arc::clone(self), watcher: Arc::default() }
    }

    pub fn read(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn acknowledge(&self, event: usize) {
        let mut state = self.read();
        state.acknowledged.push(event);
        state.changes += 1;
    }

    /// tunebot is dead.
    pub fn go_on_alone(&self) {
        for (attempt, end) in &mut self.read().attempts {
            end.get_or_insert_with(|| match self.trials {
                Trials::Die => AttemptEnd::Lost { reason: "tunebot was killed".into(), by_restart: true },
                Trials::GoOn => success(attempt),
            });
        }
    }
}

impl Link {
    async fn tell(&self, attempt: &AttemptId, news: AttemptNews) {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(watcher) = watcher {
            // Whoever does not listen asks later.
            let _ = watcher.send(Observation::Attempt { attempt: attempt.clone(), at: Timestamp::now(), news }).await;
        }
    }

    async fn run_trial(self, attempt: AttemptId) {
        self.tell(&attempt, AttemptNews::Started).await;
        yield_now().await;
        let metrics: Metrics = [("loss".parse().expect("a name"), 0.5)].into_iter().collect();
        self.tell(&attempt, AttemptNews::Reported { step: 1, metrics }).await;
        yield_now().await;
        self.end(&attempt, success(&attempt)).await;
    }

    /// Ends an attempt, unless it has ended, and tells how it did.
    async fn end(&self, attempt: &AttemptId, end: AttemptEnd) {
        let end = {
            let mut state = self.world.read();
            match state.attempts.get_mut(attempt) {
                None => return,
                Some(Some(end)) => end.clone(),
                Some(running) => {
                    *running = Some(end.clone());
                    state.changes += 1;
                    end
                }
            }
        };
        yield_now().await;
        self.tell(attempt, AttemptNews::Ended { end }).await;
    }
}

fn success(attempt: &AttemptId) -> AttemptEnd {
    let loss = 1.0 / f64::from(attempt.trial + 1);
    AttemptEnd::Succeeded { metrics: [("loss".parse().expect("a name"), loss)].into_iter().collect() }
}

#[async_trait]
impl Engine for Link {
    async fn submit(&self, launch: &Launch) -> Result<(), EngineError> {
        yield_now().await;
        let attempt = launch.attempt.clone();
        let known = {
            let mut state = self.world.read();
            let known = state.attempts.get(&attempt).cloned();
            if known.is_none() {
                let of_trial = |(other, end): &(&AttemptId, &Option<AttemptEnd>)| {
                    (&other.sweep, other.trial) == (&attempt.sweep, attempt.trial) && end.is_none()
                };
                let beside = state.attempts.iter().find(of_trial).map(|(other, _)| other.clone());
                state.faults.extend(beside.map(|other| format!("{attempt} was started while {other} ran")));
                state.attempts.insert(attempt.clone(), None);
                state.changes += 1;
            }
            known
        };
        yield_now().await;
        match known {
            None => {
                tokio::spawn(self.clone().run_trial(attempt));
            }
            Some(Some(end)) => self.tell(&attempt, AttemptNews::Ended { end }).await,
            Some(None) => {}
        }
        Ok(())
    }

    async fn stop(&self, attempt: &AttemptId, _: SignedDuration) -> Result<(), EngineError> {
        yield_now().await;
        self.end(attempt, AttemptEnd::Stopped).await;
        Ok(())
    }

    async fn watch(
        &self,
        known: Vec<AttemptId>,
        news: mpsc::Sender<Observation>,
        cancel: CancellationToken,
    ) -> Result<(), EngineError> {
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(news);
        let mut told: BTreeMap<AttemptId, Option<AttemptEnd>> = {
            let state = self.world.read();
            let remembered = state.attempts.iter().filter(|(attempt, _)| !state.forgotten.contains(attempt));
            remembered.map(|(attempt, end)| (attempt.clone(), end.clone())).collect()
        };
        for attempt in known {
            let end = self.world.read().attempts.get(&attempt).cloned();
            let nothing_left = || AttemptEnd::Lost { reason: "it is not there".into(), by_restart: false };
            told.insert(attempt, end.unwrap_or_else(|| Some(nothing_left())));
        }
        for (attempt, end) in told {
            let news = end.map_or(AttemptNews::Started, |end| AttemptNews::Ended { end });
            self.tell(&attempt, news).await;
        }
        cancel.cancelled().await;
        Ok(())
    }

    async fn forget(&self, attempt: &AttemptId) {
        yield_now().await;
        self.world.read().forgotten.insert(attempt.clone());
    }

    async fn release(&self, sweep: &SweepId) -> Result<(), EngineError> {
        yield_now().await;
        let mut state = self.world.read();
        state.changes += 1;
        let running = state.attempts.iter().find(|(attempt, end)| attempt.sweep == *sweep && end.is_none());
        let fault = running.map(|(attempt, _)| format!("{sweep} was released while {attempt} ran"));
        state.faults.extend(fault);
        state.released.insert(sweep.clone());
        Ok(())
    }

    async fn shutdown(&self) {}
}

#[async_trait]
impl Notifier for Link {
    async fn deliver(&self, delivery: Delivery<'_>) -> Result<Receipt, NotifyError> {
        yield_now().await;
        let slot = &delivery.notification.receipt_key();
        let (sweep, is_final) = match &delivery.notification.content {
            Content::Sweep(report) => (Some(&report.sweep), report.is_final()),
            Content::Closing(_)
            | Content::Detail(_)
            | Content::Charts(_)
            | Content::Preview(_)
            | Content::Answer { .. }
            | Content::Fork(_)
            | Content::Reaction { .. } => (None, true),
        };
        let number = {
            let mut state = self.world.read();
            state.changes += 1;
            let next = state.messages.len() as u64;
            let known = state.messages.get_mut(slot).map(|posted| {
                let fault = posted.edit(sweep, is_final).map(|fault| format!("{slot} {fault}"));
                (posted.number, fault)
            });
            let twice = (known.is_some() && delivery.receipt.is_none() && !delivery.perhaps_sent)
                .then(|| format!("{slot} was posted twice"));
            let wrong = delivery.receipt.filter(|receipt| known.as_ref().is_none_or(|(n, _)| number_of(receipt) != *n));
            let wrong = wrong.map(|receipt| format!("{slot} was edited as {receipt:?}"));
            let fault = known.as_ref().and_then(|(_, fault)| fault.clone());
            state.faults.extend([twice, wrong, fault].into_iter().flatten());
            known.map_or_else(
                || {
                    let sweeps = sweep.cloned().into_iter().collect();
                    state.messages.insert(slot.clone(), Posted { number: next, is_final, sweeps });
                    next
                },
                |(number, _)| number,
            )
        };
        yield_now().await;
        Ok(match &delivery.notification.destination {
            Destination::Slack { channel, .. } => Receipt::Slack { channel: channel.clone(), ts: number.to_string() },
            Destination::GithubComment { .. } => Receipt::GithubComment { id: number },
            Destination::GithubCheck { .. } => Receipt::GithubCheck { id: number },
        })
    }
}

fn number_of(receipt: &Receipt) -> u64 {
    match receipt {
        Receipt::SlackFiles { files } => files[0].parse().expect("a number of this world"),
        Receipt::Slack { ts, .. } => ts.parse().expect("a number of this world"),
        Receipt::GithubComment { id } | Receipt::GithubCheck { id } | Receipt::GithubReaction { id } => *id,
    }
}
