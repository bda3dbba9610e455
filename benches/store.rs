//! What the store takes on this machine's disk: events, commits of sweeps, and questions to a full store.
//!
//! `cargo bench --bench store [-- --short]`.

#[path = "common/disk.rs"]
mod disk;
#[path = "common/figures.rs"]
mod figures;
#[path = "common/sweeps.rs"]
mod sweeps;
#[path = "common/trials.rs"]
mod trials;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;
use tunebot::domain::event::{Event, EventKey, EventKind, Source};
use tunebot::domain::sweep::{Sweep, SweepState};
use tunebot::domain::trial::TrialState;
use tunebot::domain::tuning::SamplerKind;
use tunebot::store::{EventResult, Store, SweepCommit};

const CALLERS: usize = 64;
const RATE: u32 = 500;

/// How much of everything.
struct Extent {
    burst: usize,
    seconds: u32,
    commits: u32,
    trials: u32,
    repeats: u32,
}

type Row = Vec<String>;

#[tokio::main]
async fn main() -> Result<()> {
    let extent = if figures::short() {
        Extent { burst: 5_000, seconds: 1, commits: 500, trials: 10_000, repeats: 3 }
    } else {
        Extent { burst: 50_000, seconds: 5, commits: 5_000, trials: 100_000, repeats: 20 }
    };
    // Beside the build, so that the store is on a disk and not in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = Store::open(&folder.path().join("store.db")).await?;
    let mut rows = vec![alone(folder.path())?];
    rows.push(burst(&store, &extent).await?);
    rows.push(steady(&store, &extent).await?);
    rows.push(commits(&store, &extent).await?);
    store.close().await;
    figures::print("Writes, each with fsync before its answer", &["what", "a second", "p50", "p99", "longest"], &rows);
    let rows = full_store(&folder.path().join("trials.db"), &extent).await?;
    let title = format!("A store of {} trials (median of {})", extent.trials, extent.repeats);
    figures::print(&title, &["what", "figure"], &rows);
    Ok(())
}

/// A row of the table of writes: how many a second, if that says something, and how long each took in ms.
fn row(what: String, rate: Option<f64>, times: &[f64]) -> Row {
    let rate = rate.map_or("–".to_owned(), |rate| format!("{rate:.0}"));
    let times = [0.5, 0.99, 1.0].map(|share| format!("{:.2} ms", figures::quantile(times, share)));
    [vec![what, rate], times.to_vec()].concat()
}

fn alone(folder: &Path) -> Result<Row> {
    let times = disk::syncs(folder)?;
    let rate = 1e3 * times.len() as f64 / times.iter().sum::<f64>();
    Ok(row("the disk alone: 4 KiB and fdatasync".into(), Some(rate), &times))
}

/// An event of about 1 KB.
fn event(number: usize) -> Event {
    let what = format!("{number:08} {}", "payload ".repeat(110));
    let key = EventKey { source: Source::Github, delivery: format!("{number:032x}") };
    Event { key, received_at: Timestamp::now(), kind: EventKind::NotForUs { what } }
}

/// Everybody sends the next event once the one before is acknowledged.
async fn burst(store: &Store, extent: &Extent) -> Result<Row> {
    let (begun, burst) = (Instant::now(), extent.burst);
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move {
            let mut times = Vec::new();
            for number in (caller..burst).step_by(CALLERS) {
                let begun = Instant::now();
                store.accept(&event(number)).await?;
                times.push(figures::milliseconds(begun.elapsed()));
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::with_capacity(burst);
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    let rate = burst as f64 / begun.elapsed().as_secs_f64();
    Ok(row(format!("accept, {CALLERS} callers at once"), Some(rate), &times))
}

async fn steady(store: &Store, extent: &Extent) -> Result<Row> {
    let mut clock = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..(RATE * extent.seconds) as usize {
        clock.tick().await;
        let (store, number) = (store.clone(), extent.burst + number);
        callers.spawn(async move {
            let begun = Instant::now();
            store.accept(&event(number)).await?;
            anyhow::Ok(figures::milliseconds(begun.elapsed()))
        });
    }
    let mut times = Vec::with_capacity(callers.len());
    while let Some(time) = callers.join_next().await {
        times.push(time??);
    }
    Ok(row(format!("accept, {RATE}/s"), None, &times))
}

/// One after another, as one sweep has to: each ends a trial and proposes the next.
async fn commits(store: &Store, extent: &Extent) -> Result<Row> {
    let mut commit = new_sweep(store, extent).await?;
    let (begun, mut times) = (Instant::now(), Vec::new());
    for number in 0..extent.commits {
        let mut next = trials::complete(number + 1)?;
        next.state = TrialState::Waiting;
        commit.trials = vec![trials::complete(number)?, next];
        let begun = Instant::now();
        commit.expected_revision = store.commit_sweep(commit.clone()).await?;
        times.push(figures::milliseconds(begun.elapsed()));
    }
    let rate = f64::from(extent.commits) / begun.elapsed().as_secs_f64();
    Ok(row("commit_sweep, one sweep, 2 trials each".into(), Some(rate), &times))
}

async fn full_store(path: &Path, extent: &Extent) -> Result<Vec<Row>> {
    let store = Store::open(path).await?;
    let mut commit = new_sweep(&store, extent).await?;
    for first in (0..extent.trials).step_by(1000) {
        commit.trials = (first..first + 1000).map(trials::complete).collect::<Result<_>>()?;
        commit.expected_revision = store.commit_sweep(commit.clone()).await?;
    }
    store.close().await;
    let size = std::fs::metadata(path)?.len() as f64;
    let bytes = size / f64::from(extent.trials);
    let (mut opening, mut counting, mut unfinished, mut leasing) = (vec![], vec![], vec![], vec![]);
    for _ in 0..extent.repeats {
        let begun = Instant::now();
        let store = Store::open(path).await?;
        opening.push(figures::milliseconds(begun.elapsed()));
        // The connections are there from now on.
        store.unfinished_sweeps().await?;
        let begun = Instant::now();
        store.counts().await?;
        counting.push(figures::milliseconds(begun.elapsed()));
        let begun = Instant::now();
        store.unfinished_sweeps().await?;
        unfinished.push(figures::milliseconds(begun.elapsed()));
        let begun = Instant::now();
        store.lease_events(Timestamp::UNIX_EPOCH, jiff::SignedDuration::from_secs(1), 32).await?;
        leasing.push(figures::milliseconds(begun.elapsed()));
        store.close().await;
    }
    let median = |times: &[f64]| format!("{:.2} ms", figures::quantile(times, 0.5));
    Ok(vec![
        vec!["on disk".into(), format!("{:.1} MB, {bytes:.0} bytes a trial", size / 1e6)],
        vec!["open".into(), median(&opening)],
        vec!["counts, for /metrics".into(), median(&counting)],
        vec!["unfinished_sweeps, at each turn of the reconciler".into(), median(&unfinished)],
        vec!["lease_events when there is none".into(), median(&leasing)],
    ])
}

async fn new_sweep(store: &Store, extent: &Extent) -> Result<SweepCommit> {
    let sweep = sweeps::sweep(0, sweeps::tuning(SamplerKind::Random, extent.trials, 2, "local")?)?;
    let event =
        store.accept(&Event { key: EventKey { source: Source::Api, delivery: "sweep".into() }, ..event(0) }).await?;
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
