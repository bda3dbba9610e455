//! The real program with a full store: from its start to the first `/readyz` that says yes, and what it costs while
//! nothing happens.
//!
//! `cargo bench --bench startup [-- --short]`. The store has just been written, so the system has it in memory: these are
//! restarts, not the first start after a boot.

#[path = "common/figures.rs"]
mod figures;
#[path = "common/process.rs"]
mod process;
#[path = "common/server.rs"]
mod server;
#[path = "common/sweeps.rs"]
mod sweeps;
#[path = "common/trials.rs"]
mod trials;
#[path = "common/usage.rs"]
mod usage;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;
use server::Server;
use tunebot::domain::event::{Event, EventKey, EventKind, Source};
use tunebot::domain::sweep::{Outcome, Sweep, SweepState};
use tunebot::domain::tuning::SamplerKind;
use tunebot::store::{EventResult, Store, SweepCommit};
use usage::processor_seconds;

/// Trials of one sweep.
const SWEEP: u32 = 1_000;

/// A store by what is in it.
struct Filling {
    title: &'static str,
    /// Sweeps of [`SWEEP`] finished trials that have ended.
    finished: u32,
    /// Sweeps with as many finished trials that go on, and wait for an engine that is not there.
    unfinished: u32,
}

fn main() -> Result<()> {
    let thousand = if figures::short() { 1 } else { 10 };
    let fillings = [
        Filling { title: "empty", finished: 0, unfinished: 0 },
        Filling { title: "all in finished sweeps", finished: 10 * thousand, unfinished: 0 },
        Filling { title: "a tenth of them in unfinished sweeps", finished: 9 * thousand, unfinished: thousand },
    ];
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (mut starts, mut idles, mut scrapes) = (Vec::new(), Vec::new(), Vec::new());
    for filling in &fillings {
        let server = prepare(&folder.path().join(filling.title.replace(' ', "-")), filling)?;
        let what = match (filling.finished + filling.unfinished) * SWEEP {
            0 => filling.title.to_owned(),
            trials => format!("{trials} trials, {}", filling.title),
        };
        starts.push([vec![what.clone()], measure_starts(&server)?].concat());
        idles.push([vec![what.clone()], measure_idling(&server)?].concat());
        scrapes.push([vec![what], measure_scrapes(&server)?].concat());
    }
    figures::print(&format!("Start to ready ({} starts)", repeats()), &["store", "median", "longest"], &starts);
    let title = format!("{} s without work, the memory in the middle of them", idle().as_secs());
    figures::print(
        &title,
        &["store", "resident memory", "of that, of its own", "one processor", "written to disk"],
        &idles,
    );
    figures::print(
        &format!("A scrape of /metrics ({} of them)", 5 * repeats()),
        &["store", "median", "longest", "series", "bytes", "processor each"],
        &scrapes,
    );
    Ok(())
}

fn repeats() -> u32 {
    if figures::short() { 3 } else { 20 }
}

fn idle() -> Duration {
    Duration::from_secs(if figures::short() { 4 } else { 40 })
}

fn measure_starts(server: &Server) -> Result<Vec<String>> {
    let mut times = Vec::new();
    for _ in 0..repeats() {
        let begun = Instant::now();
        let running = server.start(Stdio::null())?;
        times.push(figures::milliseconds(begun.elapsed()));
        running.stop()?;
    }
    Ok([0.5, 1.0].map(|share| format!("{:.0} ms", figures::quantile(&times, share))).to_vec())
}

fn measure_scrapes(server: &Server) -> Result<Vec<String>> {
    let running = server.start(Stdio::null())?;
    let (mut times, mut text) = (Vec::new(), String::new());
    let before = processor_seconds(running.pid())?;
    for _ in 0..5 * repeats() {
        let begun = Instant::now();
        text = server.get("/metrics")?;
        times.push(figures::milliseconds(begun.elapsed()));
    }
    let spent = 1000.0 * (processor_seconds(running.pid())? - before) / times.len() as f64;
    running.stop()?;
    let (_, body) = text.split_once("\r\n\r\n").context("no answer")?;
    let series = body.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
    let [median, longest] = [0.5, 1.0].map(|share| format!("{:.1} ms", figures::quantile(&times, share)));
    Ok(vec![median, longest, series.to_string(), body.len().to_string(), format!("{spent:.1} ms")])
}

fn measure_idling(server: &Server) -> Result<Vec<String>> {
    let running = server.start(Stdio::null())?;
    // What is left of the start is done in the first half.
    std::thread::sleep(idle() / 2);
    let pid = running.pid();
    let resident = process::memory(pid, "VmRSS")?;
    let own = process::memory(pid, "RssAnon")?;
    let before = (processor_seconds(pid)?, written(pid)?);
    std::thread::sleep(idle() / 2);
    let after = (processor_seconds(pid)?, written(pid)?);
    running.stop()?;
    let seconds = idle().as_secs_f64() / 2.0;
    Ok(vec![
        format!("{resident:.1} MB"),
        format!("{own:.1} MB"),
        format!("{:.2} %", 100.0 * (after.0 - before.0) / seconds),
        format!("{:.0} bytes", after.1 - before.1),
    ])
}

/// Bytes that the process has caused to be written to the disk.
fn written(pid: u32) -> Result<f64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io"))?;
    let bytes = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(bytes.context("no such line")?.parse()?)
}

fn prepare(folder: &Path, filling: &Filling) -> Result<Server> {
    std::fs::create_dir_all(folder)?;
    tokio::runtime::Runtime::new()?.block_on(fill(&folder.join("tunebot.db"), filling))?;
    Ok(Server::prepare(folder, configuration)?.with("SECRET", "it-is-a-secret"))
}

fn configuration(address: SocketAddr) -> String {
    format!(
        "server:\n  listen: {address}\n  log: {{filter: warn}}\n\
         store:\n  path: tunebot.db\n\
         github:\n  token: {{env: SECRET}}\n  webhook_secrets: [{{env: SECRET}}]\n\
         slack:\n  bot_token: {{env: SECRET}}\n  signing_secrets: [{{env: SECRET}}]\n\
         tunings:\n  ridge:\n    space:\n      alpha: {{type: float, low: 1e-4, high: 10, log: true}}\n\
         \x20   objective: {{metric: rmse, direction: minimize}}\n    command: [\"true\"]\n"
    )
}

async fn fill(path: &Path, filling: &Filling) -> Result<()> {
    let store = Store::open(path).await?;
    for number in 0..filling.finished + filling.unfinished {
        let is_finished = number < filling.finished;
        let trials = if is_finished { SWEEP } else { 2 * SWEEP };
        // No engine of this name is configured: what is unfinished is loaded, and starts nothing.
        let tuning = sweeps::tuning(SamplerKind::Random, trials, 4, "elsewhere")?;
        let sweep = sweeps::sweep(number, tuning)?;
        let key = EventKey { source: Source::Api, delivery: number.to_string() };
        let kind = EventKind::Ping { zen: String::new() };
        let event = store.accept(&Event { key, received_at: Timestamp::now(), kind }).await?;
        store.finish_event(event.id(), EventResult { sweeps: vec![sweep.clone()], ..EventResult::default() }).await?;
        let sweep = if is_finished { ended(sweep) } else { Sweep { state: SweepState::Running, ..sweep } };
        let trials = (0..SWEEP).map(trials::complete).collect::<Result<_>>()?;
        let (effects, folded) = (vec![], vec![]);
        store.commit_sweep(SweepCommit { sweep, expected_revision: 1, trials, effects, folded, report: None }).await?;
    }
    store.close().await;
    Ok(())
}

fn ended(sweep: Sweep) -> Sweep {
    let now = Some(Timestamp::now());
    let outcome = Some(Outcome::Completed);
    Sweep { state: SweepState::Finished, started_at: now, ended_at: now, outcome, ..sweep }
}
