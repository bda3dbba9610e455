//! How many signed pushes the receiver commits, and how long each takes: the real router on a loopback socket, the store
//! on disk; the senders share the processors with it.
//!
//! `cargo bench --bench receiver [-- --short]`.

#[path = "common/disk.rs"]
mod disk;
#[path = "common/figures.rs"]
mod figures;
#[path = "common/settings.rs"]
mod settings;
#[path = "common/usage.rs"]
mod usage;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tunebot::config::{self, Config};
use tunebot::http::{Patience, Phase, Readiness, State, router, serve};
use tunebot::ingress::TrialTokens;
use tunebot::store::Store;
use tunebot::telemetry::Metrics;
use usage::processor_seconds;

const SECRET: &str = "It's a Secret to Everybody";
const CONNECTIONS: usize = 64;
const PACE_PER_SECOND: u64 = 500;

#[tokio::main]
async fn main() -> Result<()> {
    // Beside the build, so that the store is on a disk and not in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let push = Arc::new(Push::new());
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
    let latencies = paced(address, push).await?;
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
    Ok(State {
        config: watch::channel(Arc::new(config()?)).1,
        tokens: TrialTokens::new(store.instance_key().expose_secret()),
        store,
        telemetry: Arc::new(Metrics::new(Timestamp::now(), env!("CARGO_PKG_VERSION"))),
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

/// Pushes leave by the clock, whether earlier ones are answered or not; a latency (in ms) counts from the instant at which
/// its push was due.
async fn paced(address: SocketAddr, push: &Arc<Push>) -> Result<Vec<f64>> {
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now() + Duration::from_millis(100);
    let total = PACE_PER_SECOND * length().as_secs();
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (push, next) = (push.clone(), next.clone());
        connections.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return anyhow::Ok(latencies);
                }
                let due = begun + Duration::from_nanos(number * 1_000_000_000 / PACE_PER_SECOND);
                sleep_until(due.into()).await;
                connection.send(&push).await?;
                latencies.push(figures::milliseconds(due.elapsed()));
            }
        });
    }
    let mut latencies = Vec::new();
    while let Some(of_connection) = connections.join_next().await {
        latencies.extend(of_connection??);
    }
    Ok(latencies)
}

/// The body of a push of about 30 KB, with its signature.
struct Push {
    body: Vec<u8>,
    signature: String,
}

impl Push {
    fn new() -> Self {
        let commit = |number: u32| {
            json!({
                "id": format!("{number:040x}"), "message": format!("Commit {number}\n\n{}", "A line of text. ".repeat(20)),
                "added": [format!("src/module_{number}/added.py")], "removed": [],
                "modified": [format!("src/module_{number}/model.py"), "README.md"],
            })
        };
        let payload = json!({
            "ref": "refs/heads/main", "after": "3f2a91c0f3b5c7e1d2a4968877665544332211ff",
            "commits": (0..55).map(commit).collect::<Vec<_>>(),
            "head_commit": {"message": "Commit 54"}, "sender": {"login": "mika"},
            "repository": {"full_name": "octo/vision", "default_branch": "main"},
        });
        let body = payload.to_string().into_bytes();
        let signature = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).map(|mut code| {
            code.update(&body);
            code.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
        });
        Self { signature: signature.unwrap_or_default(), body }
    }

    /// The request for a delivery that was never there before.
    fn request(&self) -> Vec<u8> {
        static DELIVERIES: AtomicU64 = AtomicU64::new(0);
        let mut request = format!(
            "POST /webhooks/github HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             x-github-event: push\r\nx-github-delivery: {:032x}\r\nx-hub-signature-256: sha256={}\r\n\
             content-length: {}\r\n\r\n",
            DELIVERIES.fetch_add(1, Ordering::Relaxed),
            self.signature,
            self.body.len(),
        )
        .into_bytes();
        request.extend_from_slice(&self.body);
        request
    }
}

/// A client that does as little as possible, to leave the processors to the server.
struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 4096] })
    }

    /// Sends one push and waits until it is acknowledged as new.
    async fn send(&mut self, push: &Push) -> Result<()> {
        self.stream.write_all(&push.request()).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer[filled..]).await?;
            ensure!(read > 0, "the server closed the connection");
            filled += read;
            if is_whole(&self.answer[..filled])? {
                break;
            }
        }
        let answer = String::from_utf8_lossy(&self.answer[..filled]);
        ensure!(answer.starts_with("HTTP/1.1 202 "), "not acknowledged: {answer}");
        Ok(())
    }
}

fn is_whole(answer: &[u8]) -> Result<bool> {
    let text = std::str::from_utf8(answer)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(false) };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no content-length")?;
    Ok(body.len() >= length.parse()?)
}

/// The settings of a server that takes GitHub's deliveries.
fn config() -> Result<Config> {
    let github = config::Github {
        api_url: "http://127.0.0.1".parse()?,
        auth: config::GithubAuth::Token(String::new().into()),
        webhook_secrets: vec![SECRET.to_owned().into()],
    };
    Ok(Config { github: Some(github), ..settings::settings("local", 1)? })
}
