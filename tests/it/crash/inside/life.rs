//! One life of tunebot's loops: from the opening of its store to its end, which is peaceful or a crash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tunebot::config::Config;
use tunebot::domain::effect::Lane;
use tunebot::domain::event::Event;
use tunebot::domain::ids::EngineName;
use tunebot::domain::sweep::Service;
use tunebot::engine::Engine;
use tunebot::notify::Notifier;
use tunebot::runtime::availability::Availability;
use tunebot::runtime::perform::Performer;
use tunebot::runtime::reconciler::Reconciler;
use tunebot::runtime::{Engines, Notifiers, dispatcher, observer, relay};
use tunebot::store::{EventState, Store};
use tunebot::telemetry::Metrics;

use super::world::{Link, World};
use crate::support::watched::PATIENCE;

/// A commit that has begun is whole after this, but for a busy machine; a torn one is as good a place to crash.
const WHOLE: Duration = Duration::from_micros(200);
const IDLE: Duration = Duration::from_micros(50);

/// What is there while tunebot is not.
pub struct Surroundings {
    pub config: Arc<Config>,
    pub world: Arc<World>,
    /// What comes in, in this order, each again in the next life until it is acknowledged.
    pub events: Vec<Event>,
}

/// How a life ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was left to do.
    InPeace,
    Crashed,
}

/// Lives with the store in `folder` and crashes right after change number `crash` of the store or of the world, as
/// counted in this life. What a SIGKILL would leave is then in `next`: the files as they are at that instant.
///
/// # Panics
/// It comes to no end.
pub fn live(surroundings: &Surroundings, folder: &Path, next: &Path, crash: Option<u64>) -> Ended {
    // With an interval of 1 the future below is polled between any two polls of any task, those of the store included.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().event_interval(1).build().expect("a runtime");
    let file = folder.join("tunebot.db");
    let ended = runtime.block_on(async {
        let store = Store::open(&file).await.expect("the store opens after any crash");
        start_loops(surroundings, &store);
        let mut settled = tokio::spawn(settle(store, Arc::clone(&surroundings.world), surroundings.events.len()));
        let mut crash_point = CrashPoint::new(&file, Arc::clone(&surroundings.world));
        std::future::poll_fn(move |context| {
            context.waker().wake_by_ref();
            if let Poll::Ready(settled) = std::pin::Pin::new(&mut settled).poll(context) {
                settled.expect("the store can be read");
                return Poll::Ready(Ended::InPeace);
            }
            if Some(crash_point.count()) == crash {
                copy(&file, next);
                return Poll::Ready(Ended::Crashed);
            }
            Poll::Pending
        })
        .await
    });
    // All that was in memory goes, unfinished.
    runtime.shutdown_background();
    surroundings.world.go_on_alone();
    ended
}

/// Everything that `App` starts, but for the server and the clock's events.
fn start_loops(surroundings: &Surroundings, store: &Store) {
    let link = surroundings.world.link();
    let (sender, config) = watch::channel(Arc::clone(&surroundings.config));
    // Kept as long as the loops listen.
    tokio::spawn(async move { sender.closed().await });
    let metrics = Arc::new(Metrics::new(jiff::Timestamp::now(), "test"));
    let name: EngineName = "local".parse().expect("a name");
    let engine: Arc<dyn Engine> = Arc::new(link.clone());
    let engines: Engines = Arc::new(BTreeMap::from([(name.clone(), Arc::clone(&engine))]));
    let cancel = CancellationToken::new;
    tokio::spawn(dispatcher::run(store.clone(), config.clone(), None, Arc::clone(&metrics), cancel()));
    let availability = Availability::new(Arc::clone(&metrics));
    let (shared, counted) = (Arc::clone(&engines), Arc::clone(&metrics));
    tokio::spawn(Reconciler::new(store.clone(), config.clone(), shared, counted, availability.clone()).run(cancel()));
    let performer =
        Arc::new(Performer::new(store.clone(), config, Arc::clone(&engines), notifiers(&link), Arc::clone(&metrics)));
    let services = [Lane::Service(Service::Slack), Lane::Pictures(Service::Slack), Lane::Service(Service::Github)];
    for lane in services.into_iter().chain([Lane::Engine(name.clone())]) {
        tokio::spawn(relay::run(lane, store.clone(), Arc::clone(&performer), cancel()));
    }
    tokio::spawn(observer::run(name, engine, store.clone(), availability, cancel()));
    tokio::spawn(bring_events(store.clone(), Arc::clone(&surroundings.world), surroundings.events.clone()));
}

fn notifiers(link: &Link) -> Notifiers {
    let notifier: Arc<dyn Notifier> = Arc::new(link.clone());
    Arc::new(BTreeMap::from([(Service::Slack, Arc::clone(&notifier)), (Service::Github, notifier)]))
}

async fn bring_events(store: Store, world: Arc<World>, events: Vec<Event>) {
    for (number, event) in events.iter().enumerate() {
        let is_known = world.read().acknowledged.contains(&number);
        if !is_known {
            store.accept(event).await.expect("an event is taken");
            world.acknowledge(number);
        }
    }
}

/// Returns once `events` events were acknowledged and nothing is left to do about them.
async fn settle(store: Store, world: Arc<World>, events: usize) {
    let settling = async {
        loop {
            let taken = world.read().acknowledged.len() == events;
            if taken && is_settled(&store).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, settling).await.is_err() {
        panic!("unfinished: {:?}, {:?}", store.unfinished_sweeps().await, store.counts().await);
    }
}

/// Causes first: events lead to sweeps, and these to effects.
async fn is_settled(store: &Store) -> bool {
    let counts = async || store.counts().await.expect("the store can be read");
    counts().await.events.iter().all(|count| matches!(count.state, EventState::Done | EventState::Dead))
        && store.sweeps_with_signals().await.expect("the store can be read").is_empty()
        && store.unfinished_sweeps().await.expect("the store can be read").is_empty()
        && counts().await.outbox.iter().all(|lane| lane.depth == 0)
}

/// Counts the changes of the store's log and of the world.
struct CrashPoint {
    log: PathBuf,
    world: Arc<World>,
    seen: (Option<(u64, SystemTime)>, u64),
    count: u64,
    idle: u32,
}

impl CrashPoint {
    fn new(file: &Path, world: Arc<World>) -> Self {
        let mut point = Self { log: log_of(file), world, seen: (None, 0), count: 0, idle: 0 };
        point.seen = point.look();
        point
    }

    fn look(&self) -> (Option<(u64, SystemTime)>, u64) {
        let log = std::fs::metadata(&self.log).ok();
        (log.and_then(|log| Some((log.len(), log.modified().ok()?))), self.world.read().changes)
    }

    fn count(&mut self) -> u64 {
        let mut now = self.look();
        if now == self.seen {
            self.idle += 1;
            if self.idle > 50 {
                std::thread::sleep(IDLE);
            }
            return self.count;
        }
        while now != self.seen {
            self.seen = now;
            std::thread::sleep(WHOLE);
            now = self.look();
        }
        self.idle = 0;
        self.count += 1;
        self.count
    }
}

fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// The file and its log as they are now. Nothing moves from the log into the file meanwhile: the log is short.
fn copy(file: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder for the next life");
    let target = folder.join("tunebot.db");
    std::fs::copy(log_of(file), log_of(&target)).expect("a copy of the log");
    std::fs::copy(file, &target).expect("a copy of the store");
}
