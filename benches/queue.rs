//! What a turn of the reconciler costs when one sweep runs and many wait for its places.
//!
//! `cargo bench --bench queue [-- --short]`.

#[path = "common/figures.rs"]
mod figures;
#[path = "common/settings.rs"]
mod settings;
#[path = "common/sweeps.rs"]
mod sweeps;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use jiff::Timestamp;
use tokio::sync::watch;
use tunebot::domain::event::{Event, EventKey, EventKind, Source};
use tunebot::domain::ids::{AttemptId, SweepId};
use tunebot::domain::signal::{AttemptEnd, AttemptNews, Signal, SignalKind};
use tunebot::domain::sweep::Sweep;
use tunebot::domain::tuning::SamplerKind;
use tunebot::runtime::availability::Availability;
use tunebot::runtime::reconciler::Reconciler;
use tunebot::store::{EventResult, Store};
use tunebot::telemetry::Metrics;

const ENGINE: &str = "busy";
const PLACES: u32 = 16;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut rows = Vec::new();
    for waiting in [0, 10, 100, 1_000] {
        rows.push(measure(&folder.path().join(format!("{waiting}.db")), waiting).await?);
    }
    let title = format!("A turn of the reconciler, one sweep with {PLACES} places running (median of {})", turns());
    figures::print(&title, &["sweeps waiting", "first turn, loading all", "nothing new", "one trial ended"], &rows);
    Ok(())
}

fn turns() -> u32 {
    if figures::short() { 5 } else { 100 }
}

async fn measure(path: &Path, waiting: u32) -> Result<Vec<String>> {
    let store = Store::open(path).await?;
    let running = ask_for_sweeps(&store, waiting + 1).await?;
    let config = watch::channel(Arc::new(settings::settings(ENGINE, PLACES)?)).1;
    let metrics = Arc::new(Metrics::new(Timestamp::now(), env!("CARGO_PKG_VERSION")));
    let availability = Availability::new(Arc::clone(&metrics));
    let mut reconciler = Reconciler::new(store.clone(), config, Arc::new(BTreeMap::new()), metrics, availability);
    let first = time_turn(&mut reconciler).await?;
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    for number in 0..turns() {
        idle.push(time_turn(&mut reconciler).await?);
        store.append_signals(vec![end_of(&running, number)?]).await?;
        busy.push(time_turn(&mut reconciler).await?);
    }
    store.close().await;
    let median = |times: &[f64]| format!("{:.2} ms", figures::quantile(times, 0.5));
    Ok(vec![waiting.to_string(), format!("{first:.0} ms"), median(&idle), median(&busy)])
}

async fn time_turn(reconciler: &mut Reconciler) -> Result<f64> {
    let begun = Instant::now();
    reconciler.turn(Timestamp::now()).await?;
    Ok(figures::milliseconds(begun.elapsed()))
}

/// Sweeps of groups of their own; returns the id of the oldest.
async fn ask_for_sweeps(store: &Store, count: u32) -> Result<SweepId> {
    let mut asked = Vec::new();
    for number in 0..count {
        let tuning = sweeps::tuning(SamplerKind::Random, 10_000, PLACES, ENGINE)?;
        let sweep = sweeps::sweep(number, tuning)?;
        asked.push(Sweep { group: Some(format!("branch-{number}")), waits_for_group: true, ..sweep });
    }
    let oldest = asked[0].id.clone();
    let key = EventKey { source: Source::Api, delivery: "benchmark".into() };
    let kind = EventKind::Ping { zen: String::new() };
    let event = store.accept(&Event { key, received_at: Timestamp::now(), kind }).await?;
    store.finish_event(event.id(), EventResult { sweeps: asked, ..EventResult::default() }).await?;
    Ok(oldest)
}

fn end_of(sweep: &SweepId, trial: u32) -> Result<Signal> {
    let metrics = [("val_loss".parse()?, 1.0)].into_iter().collect();
    let attempt = AttemptId { sweep: sweep.clone(), trial, attempt: 1 };
    let news = AttemptNews::Ended { end: AttemptEnd::Succeeded { metrics } };
    Ok(Signal { sweep: sweep.clone(), at: Timestamp::now(), kind: SignalKind::Attempt { attempt, news } })
}
