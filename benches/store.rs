//! Figures of the store on this machine's disk: `cargo bench --bench store [FOLDER]`.
//!
//! It prints; it judges nothing. The store lies in a new folder under FOLDER (default: the system's temporary folder,
//! which may be memory: name a folder on a disk to measure fsync).

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use tunebot::domain::event::{Event, EventKey, EventKind, Source};
use tunebot::domain::ids::EventId;
use tunebot::domain::metrics::{Direction, Objective, Objectives};
use tunebot::domain::params::{Params, Space, Value};
use tunebot::domain::sweep::{Origin, Sweep, SweepState};
use tunebot::domain::trial::{Trial, TrialState};
use tunebot::domain::tuning::{Access, Limits, PrunerSettings, SamplerKind, Search, TrialTemplate, Tuning};
use tunebot::store::{EventResult, Store, SweepCommit};

const CALLERS: usize = 64;
const BURST: usize = 50_000;
const RATE: u32 = 500;
const RATE_SECONDS: u32 = 5;
const TRIALS: u32 = 100_000;
const COMMITS: u32 = 5_000;

#[tokio::main]
async fn main() -> Result<()> {
    // cargo passes `--bench`.
    let parent = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = match parent {
        Some(parent) => tempfile::tempdir_in(parent),
        None => tempfile::tempdir(),
    }
    .context("cannot make a folder")?;
    let path = folder.path().join("store.db");
    let store = Store::open(&path).await?;
    burst(&store).await?;
    steady(&store).await?;
    commits(&store).await?;
    store.close().await;
    many_trials(&folder.path().join("trials.db")).await
}

/// An event of about 1 KB.
fn event(number: usize) -> Event {
    let what = format!("{number:08} {}", "payload ".repeat(110));
    let key = EventKey { source: Source::Github, delivery: format!("{number:032x}") };
    Event { key, received_at: Timestamp::now(), kind: EventKind::NotForUs { what } }
}

async fn burst(store: &Store) -> Result<()> {
    let begin = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move {
            for number in (caller..BURST).step_by(CALLERS) {
                store.accept(&event(number)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    let rate = BURST as f64 / begin.elapsed().as_secs_f64();
    println!("accept, {CALLERS} callers at once: {rate:.0} events/s");
    Ok(())
}

async fn steady(store: &Store) -> Result<()> {
    let mut clock = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..(RATE * RATE_SECONDS) as usize {
        clock.tick().await;
        let store = store.clone();
        callers.spawn(async move {
            let begin = Instant::now();
            store.accept(&event(BURST + number)).await?;
            anyhow::Ok(begin.elapsed())
        });
    }
    let mut times = Vec::with_capacity(callers.len());
    while let Some(time) = callers.join_next().await {
        times.push(time??);
    }
    times.sort();
    let percentile = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "accept, {RATE}/s for {RATE_SECONDS} s: p50 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms",
        percentile(0.5),
        percentile(0.99),
        percentile(1.0)
    );
    Ok(())
}

/// One after another, as one sweep has to: each ends a trial and proposes the next.
async fn commits(store: &Store) -> Result<()> {
    let mut commit = new_sweep(store, "resnet-aaaaaa").await?;
    let begin = Instant::now();
    for number in 0..COMMITS {
        commit.trials = vec![complete(number), trial(number + 1)];
        commit.expected_revision = store.commit_sweep(commit.clone()).await?;
    }
    println!("commit_sweep, one sweep, 2 trials each: {:.0}/s", f64::from(COMMITS) / begin.elapsed().as_secs_f64());
    Ok(())
}

async fn many_trials(path: &Path) -> Result<()> {
    let store = Store::open(path).await?;
    let mut commit = new_sweep(&store, "resnet-bbbbbb").await?;
    for first in (0..TRIALS).step_by(1000) {
        commit.trials = (first..first + 1000).map(complete).collect();
        commit.expected_revision = store.commit_sweep(commit.clone()).await?;
    }
    store.close().await;
    let size = std::fs::metadata(path)?.len();
    println!("{TRIALS} trials: {:.1} MB, {} bytes a trial", size as f64 / 1e6, size / u64::from(TRIALS));

    let begin = Instant::now();
    let store = Store::open(path).await?;
    println!("open with {TRIALS} trials: {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    let begin = Instant::now();
    store.counts().await?;
    println!("counts with {TRIALS} trials: {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    let begin = Instant::now();
    store.unfinished_sweeps().await?;
    println!("unfinished_sweeps with {TRIALS} trials: {:.2} ms", begin.elapsed().as_secs_f64() * 1e3);
    store.close().await;
    Ok(())
}

async fn new_sweep(store: &Store, id: &str) -> Result<SweepCommit> {
    let sweep = sweep(id)?;
    let event = store.accept(&Event { key: EventKey { source: Source::Api, delivery: id.into() }, ..event(0) }).await?;
    store.finish_event(event.id(), EventResult { sweeps: vec![sweep.clone()], ..EventResult::default() }).await?;
    Ok(SweepCommit {
        sweep: Sweep { state: SweepState::Running, ..sweep },
        expected_revision: 1,
        trials: vec![],
        effects: vec![],
        folded: vec![],
        report: None,
    })
}

fn trial(number: u32) -> Trial {
    let values = [("lr", Value::Float(f64::from(number) * 1e-7)), ("batch_size", Value::Int(64))];
    let params: Params = values.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, value))).collect();
    Trial::proposed(number, params, Timestamp::now())
}

fn complete(number: u32) -> Trial {
    let metrics = "val_acc".parse().ok().map(|name| (name, 0.9312)).into_iter().collect();
    let now = Some(Timestamp::now());
    Trial { state: TrialState::Complete, metrics, started_at: now, ended_at: now, ..trial(number) }
}

fn sweep(id: &str) -> Result<Sweep> {
    let limits = Limits {
        trials: TRIALS,
        parallel: 2,
        failed_trials: 5,
        trial_timeout: SignedDuration::from_mins(1),
        deadline: None,
        patience: None,
        retries: 2,
        stop_grace: SignedDuration::from_secs(5),
    };
    let loss = Objective { metric: "loss".parse()?, direction: Direction::Minimize, goal: None };
    let tuning = Tuning {
        name: "resnet".parse()?,
        description: String::new(),
        space: Space::new(vec![]).map_err(|_| anyhow::anyhow!("an empty space is a space"))?,
        objectives: Objectives::new(loss, Vec::new()),
        search: Search { sampler: SamplerKind::Random, startup_trials: 10, pruner: PrunerSettings::None, seed: None },
        limits,
        engine: "local".parse()?,
        trial: TrialTemplate::Command {
            argv: vec!["train".into()],
            env: Default::default(),
            inherit_env: Default::default(),
            source: None,
        },
        production: None,
        access: Access::default(),
        requirement: None,
        dashboards: vec![],
    };
    Ok(Sweep {
        id: id.parse()?,
        event: EventId(1),
        tuning,
        overrides: vec![],
        seed: 7,
        origin: Origin::Terminal,
        code: None,
        group: None,
        waits_for_group: false,
        destinations: vec![],
        baseline: None,
        state: SweepState::Queued,
        created_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        ended_at: None,
        outcome: None,
        reported_at: None,
    })
}
