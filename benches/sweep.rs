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
#[path = "common/usage.rs"]
mod usage;

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
use tunebot::runtime::availability::Availability;
use tunebot::runtime::perform::Performer;
use tunebot::runtime::reconciler::Reconciler;
use tunebot::runtime::{Engines, observer, relay};
use tunebot::store::{EventResult, Store};
use tunebot::telemetry::Metrics;
use usage::processor_seconds;

const PARALLEL: u32 = 16;
const ENGINE: &str = "instant";

/// What one run measured: milliseconds a trial by the clock, then of processors, each over the first and the last tenth of
/// the trials; seconds for all; MB at most.
type Run = [f64; 6];

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
        let median = |of: &dyn Fn(&Run) -> f64| figures::quantile(&runs.iter().map(of).collect::<Vec<_>>(), 0.5);
        let figure = |at: usize| format!("{:.2} ms", median(&|run| run[at]));
        let ratio = |at: usize| format!("{:.2}", median(&|run| run[at + 1] / run[at]));
        let (whole, peak) = (format!("{:.1} s", median(&|run| run[4])), format!("{:.0} MB", median(&|run| run[5])));
        let clock = [figure(0), figure(1), ratio(0)];
        let processor = [figure(2), figure(3), ratio(2)];
        rows.push([vec![sampler.to_owned()], clock.to_vec(), processor.to_vec(), vec![whole, peak]].concat());
    }
    let syncs = figures::quantile(&disk::syncs(folder.path())?, 0.5);
    let title = format!("A sweep of {} instant trials, {PARALLEL} at a time (median of {repeats} runs)", trials());
    figures::print(
        &title,
        &[
            "sampler",
            "a trial: first tenth",
            "last tenth",
            "ratio",
            "processors: first tenth",
            "last tenth",
            "ratio",
            "whole sweep",
            "peak memory",
        ],
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
    numbers.try_into().map_err(|_| anyhow::anyhow!("not the figures of a run: {text}"))
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
    let marks = engine.marks();
    let [first, tenth, last_tenth, last] = marks[..] else { anyhow::bail!("{} marks were passed", marks.len()) };
    let count = f64::from(trials() / 10 - 1);
    let clock = |from: Mark, to: Mark| figures::milliseconds(to.at - from.at) / count;
    let processor = |from: Mark, to: Mark| (to.processor - from.processor) * 1e3 / count;
    let peak = process::memory(std::process::id(), "VmHWM")?;
    let times = [clock(first, tenth), clock(last_tenth, last), processor(first, tenth), processor(last_tenth, last)];
    let [a, b, c, d] = times;
    println!("{a} {b} {c} {d} {} {peak}", whole.as_secs_f64());
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
        let availability = Availability::new(Arc::clone(&metrics));
        let (shared, counted) = (Arc::clone(&engines), Arc::clone(&metrics));
        let reconciler = Reconciler::new(store.clone(), config.clone(), shared, counted, availability.clone());
        tasks.spawn(reconciler.run(cancel.clone()));
        let performer = Arc::new(Performer::new(store.clone(), config, engines, Arc::default(), metrics));
        tasks.spawn(relay::run(Lane::Engine(name.clone()), store.clone(), performer, cancel.clone()));
        tasks.spawn(observer::run(name, engine, store.clone(), availability, cancel.clone()));
        Ok(Self { cancel, tasks })
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A point on the way of the sweep.
#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    /// Seconds of processors, of this process until here.
    processor: f64,
}

/// Trials that begin and end at once, with a loss that is a smooth function of their parameters.
struct InstantEngine {
    sender: mpsc::UnboundedSender<Observation>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Observation>>>,
    /// Ends that are in the store, and marks at the first of them, after a tenth, before the last tenth, at the last.
    ends: Mutex<(u32, Vec<Mark>)>,
}

impl InstantEngine {
    fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self { sender, receiver: Mutex::new(Some(receiver)), ends: Mutex::default() }
    }

    fn marks(&self) -> Vec<Mark> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
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
            let observation = Observation::Attempt { attempt: launch.attempt.clone(), at: Timestamp::now(), news };
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
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.0 += 1;
        let tenth = trials() / 10;
        if [1, tenth, trials() - tenth + 1, trials()].contains(&ends.0) {
            let processor = processor_seconds(std::process::id()).unwrap_or(f64::NAN);
            ends.1.push(Mark { at: Instant::now(), processor });
        }
    }

    async fn release(&self, _: &SweepId) -> Result<(), EngineError> {
        Ok(())
    }

    async fn shutdown(&self) {}
}

fn loss(params: &Params) -> f64 {
    params.0.values().filter_map(|value| value.as_f64()).map(|value| (value - 0.3).powi(2)).sum()
}
