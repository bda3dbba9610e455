//! The real program between GitHub's pushes and the cluster.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::sync::mpsc;

use crate::cluster::{CONTROLLER, Cluster, TUNING};
use crate::push::{Connection, Push, REPOSITORY, SECRET};
use crate::server::{Running, Server};

/// What it is to do at each push.
#[derive(Clone, Copy)]
pub struct Order {
    pub trials: u32,
    /// Workflows at a time, over all sweeps.
    pub places: u32,
}

/// A tunebot with a store of its own. It does not outlive this.
pub struct Tunebot {
    running: Running,
    pub address: SocketAddr,
    /// Lines of its log, each with the instant at which it came.
    log: mpsc::UnboundedReceiver<(Instant, String)>,
    _folder: tempfile::TempDir,
}

impl Tunebot {
    /// `kubeconfig`: `None` for that of the environment.
    pub fn start(cluster: &Cluster, order: Order, kubeconfig: Option<PathBuf>) -> Result<Self> {
        // Beside the build, so that the store is on a disk and not in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let server = prepare(folder.path(), cluster, order, kubeconfig)?;
        let mut running = server.start(Stdio::piped())?;
        let stderr = running.child.stderr.take().context("a log")?;
        let (sender, log) = mpsc::unbounded_channel();
        // It ends with the program, whose end closes the pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { running, address: server.address, log, _folder: folder })
    }

    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// When the next line of the log with `part` came.
    pub async fn logged(&mut self, part: &str) -> Result<Instant> {
        while let Some((at, line)) = self.log.recv().await {
            if line.contains(part) {
                return Ok(at);
            }
        }
        anyhow::bail!("tunebot has ended before it said {part:?}")
    }

    /// Asks for one sweep.
    pub async fn push(&self) -> Result<()> {
        Connection::open(self.address).await?.send(&Push::to("main")).await
    }

    pub fn stop(self) -> Result<()> {
        self.running.stop()
    }
}

fn prepare(folder: &Path, cluster: &Cluster, order: Order, kubeconfig: Option<PathBuf>) -> Result<Server> {
    let mut engine = json!({
        "parallel": order.places,
        "namespace": cluster.namespace,
        "controller_instance": CONTROLLER,
        // More than any API server takes: what is measured is not this limit.
        "writes_per_second": 100_000,
    });
    if let Some(path) = kubeconfig {
        engine["kubeconfig"] = path.to_string_lossy().into();
    }
    let float = |low: f64, high: f64| json!({"type": "float", "low": low, "high": high});
    let tuning = json!({
        "space": {
            "learning_rate": {"type": "float", "low": 1e-5, "high": 1e-1, "log": true},
            "dropout": float(0.0, 0.5),
            "momentum": float(0.5, 0.999),
            "layers": {"type": "int", "low": 1, "high": 12},
            "optimizer": {"type": "categorical", "choices": ["adam", "sgd", "lion"]},
        },
        "objective": {"metric": "val_loss", "direction": "minimize"},
        "search": {"sampler": "random"},
        "limits": {"trials": order.trials, "parallel": order.trials, "retries": 0},
        "workflow": {"template": TUNING},
    });
    let trigger = json!({
        "name": TUNING, "on": {"push": {"branches": ["main"]}}, "repositories": [REPOSITORY], "tuning": TUNING,
        "on_newer": "keep",
    });
    let configuration = |address: SocketAddr| {
        json!({
            "server": {"listen": address.to_string(), "log": {"filter": "warn,tunebot::engine::argo=info"}},
            "store": {"path": "tunebot.db"},
            // Nobody listens there: messages fail at once and wait.
            "github": {"api_url": "http://127.0.0.1:9", "token": {"env": "WEBHOOK_SECRET"}, "webhook_secrets": [{"env": "WEBHOOK_SECRET"}]},
            "engines": {"cluster": {"argo": engine}},
            "tunings": {TUNING: tuning},
            "triggers": [trigger],
        })
        .to_string()
    };
    Ok(Server::prepare(folder, configuration)?.with("WEBHOOK_SECRET", SECRET))
}
