//! How long each sampler takes for its next proposal, and how many bytes a trial takes in memory.
//!
//! `cargo bench --bench search [-- --short]`.

#[path = "common/figures.rs"]
mod figures;
#[path = "common/process.rs"]
mod process;
#[path = "common/sweeps.rs"]
mod sweeps;
#[path = "common/trials.rs"]
mod trials;

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result};
use tunebot::domain::metrics::Direction;
use tunebot::domain::params::Params;
use tunebot::domain::trial::Trial;
use tunebot::domain::tuning::{SamplerKind, Search, Tuning};
use tunebot::plan::snapshot::Snapshot;
use tunebot::search::{History, Record, sampler};

fn main() -> Result<()> {
    let rows = SamplerKind::ALL.into_iter().map(ask_times).collect::<Result<Vec<_>>>()?;
    let asks = asks();
    let columns = lengths().map(|length| format!("after {length} trials"));
    let columns: Vec<&str> = std::iter::once("sampler").chain(columns.iter().map(String::as_str)).collect();
    figures::print(&format!("One ask, five parameters (median of {asks})"), &columns, &rows);
    print_memory()
}

/// Trials of the history that is asked for the next one.
fn lengths() -> [u32; 3] {
    if figures::short() { [10, 100, 300] } else { [100, 1_000, 10_000] }
}

fn asks() -> u32 {
    if figures::short() { 5 } else { 100 }
}

/// Random trials first, as many as that; then each ask is timed, and what it proposed is tried.
fn ask_times(kind: SamplerKind) -> Result<Vec<String>> {
    let tuning = sweeps::tuning(kind, 20_000, 1, "local")?;
    let random = sampler(&Search::new(SamplerKind::Random));
    let mut row = vec![kind.name().to_owned()];
    for trials in lengths() {
        let sampler = sampler(&tuning.search);
        let mut history = History::new(tuning.space.clone(), vec![Direction::Minimize], 7);
        for number in 0..trials {
            let params = random.ask(&history, number);
            tell(&mut history, params, number)?;
        }
        let mut times = Vec::new();
        for number in trials..trials + asks() {
            let begun = Instant::now();
            let params = sampler.ask(&history, number);
            times.push(figures::milliseconds(begun.elapsed()));
            tell(&mut history, params, number)?;
        }
        row.push(format!("{:.3} ms", figures::quantile(&times, 0.5)));
    }
    Ok(row)
}

fn tell(history: &mut History, params: Option<Params>, number: u32) -> Result<()> {
    let params = params.context("no point is left")?;
    let loss = params.0.values().filter_map(|value| value.as_f64()).map(|value| (value - 0.3).powi(2)).sum();
    history.record(number, Record::complete(params, vec![loss]));
    Ok(())
}

/// Resident memory of sweeps as the reconciler holds them, for finished trials without steps and with fifty.
fn print_memory() -> Result<()> {
    let (sweeps, trials) = if figures::short() { (2, 1_000) } else { (10, 10_000) };
    let tuning = sweeps::tuning(SamplerKind::Tpe, trials, 1, "local")?;
    let mut rows = Vec::new();
    for steps in [0, 50] {
        let before = process::memory(std::process::id(), "VmRSS")?;
        let held = (0..sweeps).map(|_| load(&tuning, trials, steps)).collect::<Result<Vec<_>>>()?;
        let after = process::memory(std::process::id(), "VmRSS")?;
        let bytes = (after - before) * 1e6 / f64::from(sweeps * trials);
        rows.push(vec![format!("{steps} reported steps"), format!("{bytes:.0} bytes")]);
        // Not given back before it is measured: what the next round takes must be new.
        std::mem::forget(black_box(held));
    }
    figures::print("Resident memory of a trial in an unfinished sweep", &["trial with", "memory"], &rows);
    Ok(())
}

fn load(tuning: &Tuning, trials: u32, steps: u64) -> Result<Snapshot> {
    let with_steps = |trial: Trial| Trial { steps: (1..=steps).map(|step| (step, 0.5)).collect(), ..trial };
    let trials = (0..trials).map(|number| trials::complete(number).map(with_steps)).collect::<Result<_>>()?;
    Ok(Snapshot::load(sweeps::sweep(0, tuning.clone())?, trials))
}
