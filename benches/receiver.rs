//! How many signed pushes the receiver commits, and how long each takes: the real router on a loopback socket, the store
//! on disk; the senders share the processors with it.
//!
//! `cargo bench --bench receiver [-- --short]`.

#[path = "common/disk.rs"]
mod disk;
#[path = "common/figures.rs"]
mod figures;
#[path = "common/push.rs"]
mod push;
#[path = "common/settings.rs"]
mod settings;
#[path = "common/usage.rs"]
mod usage;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use push::{Connection, Pace, Push, paced};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tunebot::chat::{self, FrontDesk};
use tunebot::config::{self, Config};
use tunebot::http::{Patience, Phase, Readiness, State, router, serve};
use tunebot::ingress::TrialTokens;
use tunebot::store::Store;
use tunebot::telemetry::Metrics;
use usage::processor_seconds;

const CONNECTIONS: usize = 64;
const PACE_PER_SECOND: u64 = 500;

#[tokio::main]
async fn main() -> Result<()> {
    // Beside the build, so that the store is on a disk and not in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let push = Arc::new(Push::to("main"));
    let rounds = if figures::short() { 1 } else { 5 };
    let mut rows = Vec::new();
    for round in 0..rounds {
        let syncs = disk::syncs(folder.path())?;
        rows.push(measure(&folder.path().join(format!("receiver-{round}.db")), &push, &syncs).await?);
    }
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    rows.push((0..COLUMNS.len()).map(|at| figures::quantile(&column(at), 0.5)).collect());
    let shown = rows.iter().enumerate().map(|(round, row)| {
        let name = if round == rounds { "median".to_owned() } else { (round + 1).to_string() };
        [vec![name, format!("{:.0}", row[0])], row[1..].iter().map(|figure| format!("{figure:.2} ms")).collect()]
            .concat()
    });
    let title = format!(
        "Signed pushes of {} bytes, {CONNECTIONS} connections; {PACE_PER_SECOND}/s for {length} s, then at full speed for {length} s",
        push.body.len(),
        length = length().as_secs()
    );
    figures::print(&title, &[&["round"], COLUMNS.as_slice()].concat(), &shown.collect::<Vec<_>>());
    Ok(())
}

/// Processors: of the server and the senders together. The last two are the disk alone, just before the round: 4 KiB and
/// fdatasync.
const COLUMNS: [&str; 7] =
    ["committed/s", "processors, each", "500/s: p50", "p99", "longest", "fdatasync p50", "fdatasync p99"];

fn length() -> Duration {
    Duration::from_secs(if figures::short() { 2 } else { 10 })
}

/// One round with a store of its own, as the columns say.
async fn measure(path: &Path, push: &Arc<Push>, syncs: &[f64]) -> Result<Vec<f64>> {
    let store = Store::open(path).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let cancel = CancellationToken::new();
    let server = tokio::spawn(serve(listener, router(state(store.clone())?), cancel.clone()));
    // What earlier rounds have left to be written must not be written during this one.
    rustix::fs::sync();
    let pace = Pace { per_second: PACE_PER_SECOND, connections: CONNECTIONS, length: length() };
    let latencies: Vec<f64> = paced(address, push, pace).await?.into_iter().map(|(_, latency)| latency).collect();
    let before = processor_seconds(std::process::id())?;
    let (committed, elapsed) = at_full_speed(address, push).await?;
    let after = processor_seconds(std::process::id())?;
    let processor = (after - before) * 1e3 / committed as f64;
    let stored: u64 = store.counts().await?.events.iter().map(|row| row.count).sum();
    ensure!(stored == committed + latencies.len() as u64, "{stored} events are stored");
    cancel.cancel();
    server.await??;
    store.close().await;
    let of_latencies = [0.5, 0.99, 1.0].map(|share| figures::quantile(&latencies, share));
    let of_disk = [0.5, 0.99].map(|share| figures::quantile(syncs, share));
    Ok([&[committed as f64 / elapsed.as_secs_f64(), processor], of_latencies.as_slice(), of_disk.as_slice()].concat())
}

fn state(store: Store) -> Result<State> {
    let readiness = Readiness::default();
    readiness.set(Phase::Serving);
    let (config, telemetry) =
        (watch::channel(Arc::new(config()?)).1, Arc::new(Metrics::new(Timestamp::now(), env!("CARGO_PKG_VERSION"))));
    Ok(State {
        desk: FrontDesk::new(store.clone(), config.clone(), Arc::clone(&telemetry), None, chat::PATIENCE),
        config,
        tokens: TrialTokens::new(store.instance_key().expose_secret()),
        store,
        telemetry,
        readiness,
        patience: Patience::default(),
    })
}

/// Every connection sends its next push as soon as the one before is acknowledged.
async fn at_full_speed(address: SocketAddr, push: &Arc<Push>) -> Result<(u64, Duration)> {
    let begun = Instant::now();
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let push = push.clone();
        connections.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut acknowledged = 0;
            while begun.elapsed() < length() {
                connection.send(&push).await?;
                acknowledged += 1;
            }
            anyhow::Ok(acknowledged)
        });
    }
    let mut committed = 0;
    while let Some(acknowledged) = connections.join_next().await {
        committed += acknowledged??;
    }
    Ok((committed, begun.elapsed()))
}

/// The settings of a server that takes GitHub's deliveries.
fn config() -> Result<Config> {
    let github = config::Github {
        api_url: "http://127.0.0.1".parse()?,
        auth: config::GithubAuth::Token(String::new().into()),
        pace: config::GithubPace { writes_per_minute: 80, writes_per_hour: 500 },
        charts: true,
        webhook_secrets: vec![push::SECRET.to_owned().into()],
        catch_up: config::CatchUp::default(),
    };
    Ok(Config { github: Some(github), ..settings::settings("local", 1)? })
}
