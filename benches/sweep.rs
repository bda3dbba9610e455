//! A sweep of 10,000 trials that take no time, through the real loops (reconciler, relay, observer) and a store on disk:
//! what tunebot itself needs for a trial, and whether it needs more at the end than at the start.
//!
//! `cargo bench --bench sweep [-- --short]`. Each sampler has a process of its own, so that the memory is its own.

#[path = "common/disk.rs"]
mod disk;
#[path = "common/figures.rs"]
mod figures;
#[path = "common/process.rs"]
mod process;
#[path = "common/settings.rs"]
mod settings;
#[path = "common/sweeps.rs"]
mod sweeps;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tunebot::domain::effect::Lane;
use tunebot::domain::event::{Event, EventKey, EventKind, Source};
use tunebot::domain::ids::{AttemptId, EngineName, SweepId};
use tunebot::domain::params::Params;
use tunebot::domain::signal::{AttemptEnd, AttemptNews};
use tunebot::domain::sweep::SweepState;
use tunebot::domain::tuning::SamplerKind;
use tunebot::engine::{Engine, EngineError, Launch, Observation};
use tunebot::runtime::perform::Performer;
use tunebot::runtime::reconciler::Reconciler;
use tunebot::runtime::{Engines, observer, relay};
use tunebot::store::{EventResult, Store};
use tunebot::telemetry::Metrics;

const PARALLEL: u32 = 16;
const ENGINE: &str = "instant";

/// What one run measured.
struct Run {
    first_ms: f64,
    last_ms: f64,
    whole_s: f64,
    peak_mb: f64,
}

fn main() -> Result<()> {
    // Given by the run below to its children; cargo passes `--bench`.
    match std::env::var("TUNEBOT_BENCH_SAMPLER") {
        Ok(name) => tokio::runtime::Runtime::new()?.block_on(run_here(&name)),
        Err(_) => run_each(),
    }
}

fn run_each() -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let repeats = if figures::short() { 1 } else { 5 };
    let mut rows = Vec::new();
    for sampler in ["random", "tpe"] {
        let runs = (0..repeats).map(|_| run_in_child(sampler)).collect::<Result<Vec<Run>>>()?;
        let median = |of: fn(&Run) -> f64| figures::quantile(&runs.iter().map(of).collect::<Vec<_>>(), 0.5);
        rows.push(vec![
            sampler.to_owned(),
            format!("{:.2} ms", median(|run| run.first_ms)),
            format!("{:.2} ms", median(|run| run.last_ms)),
            format!("{:.2}", median(|run| run.last_ms / run.first_ms)),
            format!("{:.1} s", median(|run| run.whole_s)),
            format!("{:.0} MB", median(|run| run.peak_mb)),
        ]);
    }
    let syncs = figures::quantile(&disk::syncs(folder.path())?, 0.5);
    let title = format!("A sweep of {} instant trials, {PARALLEL} at a time (median of {repeats} runs)", trials());
    figures::print(
        &title,
        &["sampler", "a trial, first tenth", "a trial, last tenth", "ratio", "whole sweep", "peak memory"],
        &rows,
    );
    println!("\nThe disk alone: {syncs:.2} ms for 4 KiB and fdatasync (median).");
    Ok(())
}

fn trials() -> u32 {
    if figures::short() { 1_000 } else { 10_000 }
}

fn run_in_child(sampler: &str) -> Result<Run> {
    let program = std::env::current_exe()?;
    let output = Command::new(program)
        .args(std::env::args().skip(1))
        .env("TUNEBOT_BENCH_SAMPLER", sampler)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the run with {sampler} ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let numbers = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [first_ms, last_ms, whole_s, peak_mb] = numbers[..] else { anyhow::bail!("not four figures: {text}") };
    Ok(Run { first_ms, last_ms, whole_s, peak_mb })
}

async fn run_here(sampler: &str) -> Result<()> {
    let sampler = SamplerKind::ALL.into_iter().find(|kind| kind.name() == sampler).context("no such sampler")?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = Store::open(&folder.path().join("sweep.db")).await?;
    let engine = Arc::new(InstantEngine::new());
    let loops = Loops::start(&store, Arc::clone(&engine))?;
    let mut committed = store.wakes().committed.subscribe();
    let begun = Instant::now();
    let id = ask_for_sweep(&store, sampler).await?;
    while !is_finished(&store, &id).await? {
        // The writes of the sweep must not wait for this question: ask now and then only.
        tokio::time::sleep(Duration::from_millis(250)).await;
        committed.changed().await?;
    }
    let whole = begun.elapsed();
    loops.stop().await;
    let ends = engine.ends();
    ensure!(ends.len() == trials() as usize, "{} trials have ended", ends.len());
    let tenth = ends.len() / 10;
    let each = |ends: &[Instant]| figures::milliseconds(ends[ends.len() - 1] - ends[0]) / (ends.len() - 1) as f64;
    let peak = process::memory(std::process::id(), "VmHWM")?;
    println!("{} {} {} {peak}", each(&ends[..tenth]), each(&ends[ends.len() - tenth..]), whole.as_secs_f64());
    store.close().await;
    Ok(())
}

/// Writes the sweep as the dispatcher does: as the result of an event.
async fn ask_for_sweep(store: &Store, sampler: SamplerKind) -> Result<SweepId> {
    let sweep = sweeps::sweep(0, sweeps::tuning(sampler, trials(), PARALLEL, ENGINE)?)?;
    let key = EventKey { source: Source::Api, delivery: "benchmark".into() };
    let kind = EventKind::Ping { zen: String::new() };
    let event = store.accept(&Event { key, received_at: Timestamp::now(), kind }).await?;
    let id = sweep.id.clone();
    store.finish_event(event.id(), EventResult { sweeps: vec![sweep], ..EventResult::default() }).await?;
    Ok(id)
}

async fn is_finished(store: &Store, id: &SweepId) -> Result<bool> {
    Ok(store.load_sweep(id).await?.is_some_and(|stored| stored.sweep.state == SweepState::Finished))
}

/// The loops that a sweep goes through, as the program starts them.
struct Loops {
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Loops {
    fn start(store: &Store, engine: Arc<InstantEngine>) -> Result<Self> {
        let name: EngineName = ENGINE.parse()?;
        let config = watch::channel(Arc::new(settings::settings(ENGINE, PARALLEL)?)).1;
        let metrics = Arc::new(Metrics::new(Timestamp::now(), env!("CARGO_PKG_VERSION")));
        let engine: Arc<dyn Engine> = engine;
        let engines: Engines = Arc::new(BTreeMap::from([(name.clone(), Arc::clone(&engine))]));
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let reconciler = Reconciler::new(store.clone(), config.clone(), Arc::clone(&engines), Arc::clone(&metrics));
        tasks.spawn(reconciler.run(cancel.clone()));
        let performer = Arc::new(Performer::new(store.clone(), config, engines, Arc::default(), metrics));
        tasks.spawn(relay::run(Lane::Engine(name.clone()), store.clone(), performer, cancel.clone()));
        tasks.spawn(observer::run(name, engine, store.clone(), cancel.clone()));
        Ok(Self { cancel, tasks })
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Trials that begin and end at once, with a loss that is a smooth function of their parameters.
struct InstantEngine {
    sender: mpsc::UnboundedSender<Observation>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Observation>>>,
    /// When the end of each trial was in the store, in that order.
    ends: Mutex<Vec<Instant>>,
}

impl InstantEngine {
    fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let ends = Mutex::new(Vec::with_capacity(trials() as usize));
        Self { sender, receiver: Mutex::new(Some(receiver)), ends }
    }

    fn ends(&self) -> Vec<Instant> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Engine for InstantEngine {
    async fn submit(&self, launch: &Launch) -> Result<(), EngineError> {
        let failed = |error: &dyn std::fmt::Display| EngineError::Permanent(error.to_string());
        let metric = "val_loss".parse().map_err(|error| failed(&error))?;
        let metrics = [(metric, loss(&launch.params))].into_iter().collect();
        let end = AttemptNews::Ended { end: AttemptEnd::Succeeded { metrics } };
        for news in [AttemptNews::Started, end] {
            let observation = Observation { attempt: launch.attempt.clone(), at: Timestamp::now(), news };
            self.sender.send(observation).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    async fn stop(&self, _: &AttemptId, _: SignedDuration) -> Result<(), EngineError> {
        Ok(())
    }

    async fn watch(
        &self,
        _: Vec<AttemptId>,
        news: mpsc::Sender<Observation>,
        cancel: CancellationToken,
    ) -> Result<(), EngineError> {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut receiver = receiver.ok_or_else(|| EngineError::Permanent("it is watched already".into()))?;
        let forward = async {
            while let Some(observation) = receiver.recv().await {
                if news.send(observation).await.is_err() {
                    return;
                }
            }
        };
        cancel.run_until_cancelled(forward).await;
        Ok(())
    }

    async fn forget(&self, _: &AttemptId) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    }

    async fn shutdown(&self) {}
}

fn loss(params: &Params) -> f64 {
    params.0.values().filter_map(|value| value.as_f64()).map(|value| (value - 0.3).powi(2)).sum()
}
