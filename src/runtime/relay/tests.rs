use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::domain::effect::{Action, Effect};
use crate::domain::event::{Event, EventKey, EventKind, Source};
use crate::domain::ids::{AttemptId, EngineName, SweepId};
use crate::domain::params::Params;
use crate::domain::trial::Trial;
use crate::engine::{Engine, EngineError, Launch, Observation};
use crate::runtime::Engines;
use crate::runtime::fixtures::{ask_for, config};
use crate::store::{EventResult, SweepCommit};
use crate::telemetry::Metrics;

#[test]
fn the_pause_between_attempts_doubles_up_to_five_minutes() {
    let pauses: Vec<i64> = (1..=11).map(|attempts| backoff(attempts).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

/// Notes what it is asked to do, and may be away.
#[derive(Default)]
struct Cluster {
    away: AtomicBool,
    /// Refuses the stop of this trial alone, without a word about the others.
    stuck: Mutex<Option<u32>>,
    calls: Mutex<Vec<String>>,
    /// Submissions that have begun. That of trial 0 ends only after so many.
    begun: watch::Sender<u32>,
    first_waits_for: u32,
}

impl Cluster {
    fn take_calls(&self) -> Vec<String> {
        let mut calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.sort();
        calls
    }

    fn called(&self, call: String) -> Result<(), EngineError> {
        self.calls.lock().unwrap().push(call);
        if self.away.load(Ordering::Relaxed) {
            let after = Some(SignedDuration::from_hours(1));
            return Err(EngineError::Transient { message: "connection refused".into(), after });
        }
        Ok(())
    }
}

#[async_trait]
impl Engine for Cluster {
    async fn submit(&self, launch: &Launch) -> Result<(), EngineError> {
        self.begun.send_modify(|begun| *begun += 1);
        if launch.attempt.trial == 0 {
            self.begun.subscribe().wait_for(|begun| *begun >= self.first_waits_for).await.unwrap();
        }
        self.called(format!("submit {}", launch.attempt.trial))
    }

    async fn stop(&self, attempt: &AttemptId, _: SignedDuration) -> Result<(), EngineError> {
        self.called(format!("stop {:02}", attempt.trial))?;
        match *self.stuck.lock().unwrap() {
            Some(stuck) if stuck == attempt.trial => Err(EngineError::transient("the connection broke off")),
            _ => Ok(()),
        }
    }

    async fn watch(
        &self,
        _: Vec<AttemptId>,
        _: mpsc::Sender<Observation>,
        cancel: CancellationToken,
    ) -> Result<(), EngineError> {
        cancel.cancelled().await;
        Ok(())
    }

    async fn forget(&self, _: &AttemptId) {}

    async fn release(&self, _: &SweepId) -> Result<(), EngineError> {
        self.called("release".into())
    }

    async fn shutdown(&self) {}
}

/// An outbox with stops of `stops` trials of a sweep and its release, and what carries them out.
struct Scene {
    store: Store,
    lane: Lane,
    cluster: Arc<Cluster>,
    performer: Arc<Performer>,
    width: u32,
    _config: watch::Sender<Arc<crate::config::Config>>,
}

impl Scene {
    async fn new(stops: u32) -> Self {
        let store = Store::in_memory().await.unwrap();
        let engine: EngineName = "local".parse().unwrap();
        let sweep: SweepId = "resnet-aaaaaa".parse().unwrap();
        let effect = |action| Effect { sweep: Some(sweep.clone()), due_at: Timestamp::UNIX_EPOCH, action };
        let mut effects = vec![effect(Action::Release { engine: engine.clone(), sweep: sweep.clone() })];
        effects.extend((0..stops).map(|trial| {
            let attempt = AttemptId { sweep: sweep.clone(), trial, attempt: 1 };
            effect(Action::Stop { engine: engine.clone(), attempt, grace: SignedDuration::ZERO })
        }));
        let key = EventKey { source: Source::Api, delivery: "one".into() };
        let kind = EventKind::Ping { zen: String::new() };
        let event = store.accept(&Event { key, received_at: Timestamp::UNIX_EPOCH, kind }).await.unwrap().id();
        store.finish_event(event, EventResult { effects, ..EventResult::default() }).await.unwrap();
        Self::on(store, Cluster::default())
    }

    /// An outbox with submissions of so many trials, the first of which ends only once all have begun; after all but ten
    /// of them stands the stop of the first.
    async fn with_submissions(count: u32) -> Self {
        let store = Store::in_memory().await.unwrap();
        let engine: EngineName = "local".parse().unwrap();
        let sweep = ask_for(&store, "aaaaaa").await;
        let effect = |action| Effect { sweep: Some(sweep.clone()), due_at: Timestamp::UNIX_EPOCH, action };
        let (mut trials, mut effects) = (Vec::new(), Vec::new());
        for number in 0..count {
            let attempt = AttemptId { sweep: sweep.clone(), trial: number, attempt: 1 };
            trials.push(Trial::proposed(number, Params::default(), Timestamp::UNIX_EPOCH));
            effects.push(effect(Action::Submit { engine: engine.clone(), attempt, params: Params::default() }));
        }
        let attempt = AttemptId { sweep: sweep.clone(), trial: 0, attempt: 1 };
        effects.insert(effects.len() - 10, effect(Action::Stop { engine, attempt, grace: SignedDuration::ZERO }));
        let stored = store.load_sweep(&sweep).await.unwrap().unwrap();
        let (sweep, expected_revision) = (stored.sweep, stored.revision);
        let commit = SweepCommit { sweep, expected_revision, trials, effects, folded: vec![], report: None };
        store.commit_sweep(commit).await.unwrap();
        Self::on(store, Cluster { first_waits_for: count - 10, ..Cluster::default() })
    }

    fn on(store: Store, cluster: Cluster) -> Self {
        let engine: EngineName = "local".parse().unwrap();
        let cluster = Arc::new(cluster);
        let engines: Engines = Arc::new(BTreeMap::from([(engine.clone(), Arc::clone(&cluster) as Arc<dyn Engine>)]));
        let (sender, config) = watch::channel(config());
        let metrics = Arc::new(Metrics::new(Timestamp::UNIX_EPOCH, "test"));
        let performer = Arc::new(Performer::new(store.clone(), config, engines, Arc::default(), metrics));
        Self { store, lane: Lane::Engine(engine), cluster, performer, width: WIDTH, _config: sender }
    }

    /// A turn, some hours after the beginning.
    async fn turn(&mut self, hours: i64) -> Turn {
        let now = Timestamp::now() + SignedDuration::from_hours(hours);
        let cancel = CancellationToken::new();
        turn(&self.lane, &self.store, &self.performer, &mut self.width, now, &cancel).await.unwrap()
    }
}

#[tokio::test]
async fn an_engine_that_is_away_is_asked_with_one_call_at_a_time_and_nothing_counts_as_an_attempt() {
    let mut scene = Scene::new(20).await;
    scene.cluster.away.store(true, Ordering::Relaxed);
    assert!(matches!(scene.turn(0).await, Turn::HeldUntil(_)));
    assert!(scene.cluster.take_calls().len() <= 16, "what is carried out side by side");
    for hours in [2, 4, 6] {
        assert!(matches!(scene.turn(hours).await, Turn::HeldUntil(_)));
        assert_eq!(scene.cluster.take_calls().len(), 1);
    }
    let later = Timestamp::now() + SignedDuration::from_hours(8);
    let leased = scene.store.lease_effects(&scene.lane, later, LEASE, 99).await.unwrap();
    assert_eq!(leased.len(), 21);
    assert!(leased.iter().all(|leased| leased.attempts == 1), "{leased:?}");
}

#[tokio::test]
async fn once_an_engine_takes_something_it_is_given_everything() {
    let mut scene = Scene::new(20).await;
    scene.cluster.away.store(true, Ordering::Relaxed);
    scene.turn(0).await;
    scene.cluster.take_calls();
    scene.cluster.away.store(false, Ordering::Relaxed);
    assert!(matches!(scene.turn(2).await, Turn::More));
    assert_eq!(scene.cluster.take_calls().len(), 1);
    assert!(matches!(scene.turn(4).await, Turn::More));
    assert!(scene.cluster.take_calls().len() >= 15);
}

#[tokio::test]
async fn a_sweep_is_released_after_everything_else_that_is_to_be_done_for_it() {
    let mut scene = Scene::new(2).await;
    *scene.cluster.stuck.lock().unwrap() = Some(1);
    scene.turn(0).await;
    assert_eq!(scene.cluster.take_calls(), ["stop 00", "stop 01"], "one of them is still to be done");
    *scene.cluster.stuck.lock().unwrap() = None;
    scene.turn(1).await;
    assert_eq!(scene.cluster.take_calls(), ["release", "stop 01"]);
    assert!(matches!(scene.turn(2).await, Turn::IdleUntil(None)));
}

#[tokio::test]
async fn a_slow_submission_holds_up_no_other_one_and_what_presupposes_it_waits_for_it() {
    let mut scene = Scene::with_submissions(60).await;
    let turn = tokio::time::timeout(Duration::from_secs(30), scene.turn(0)).await;
    assert!(matches!(turn, Ok(Turn::More)), "the first waits for submissions that nobody begins");
    let calls = std::mem::take(&mut *scene.cluster.calls.lock().unwrap());
    let place = |call: &str| calls.iter().position(|known| known == call);
    assert!(place("submit 0").is_some(), "{calls:?}");
    assert!(place("submit 0") < place("stop 00"), "{calls:?}");
    scene.turn(1).await;
    let rest = scene.cluster.take_calls();
    assert_eq!(calls.len() + rest.len(), 61, "{calls:?} {rest:?}");
    assert!(matches!(scene.turn(2).await, Turn::IdleUntil(None)));
}
