//! Probes and metrics.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::Json;
use axum::extract::State as Extract;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::State;
use super::body::header;
use super::problem::Problem;
use crate::store::{Counts, StoreError};
use crate::telemetry::{Exposition, LaneDepth, Snapshot};

/// Where the process is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The loops do not run yet.
    Starting,
    Serving,
    /// It is about to stop: others should send elsewhere.
    Draining,
}

/// The phase of the process, shared by those who set it and those who ask.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    phase: Arc<AtomicU8>,
}

impl Readiness {
    pub fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Serving,
            _ => Phase::Draining,
        }
    }
}

/// The process answers.
pub(super) async fn alive() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// The process can take work: its loops run, it is not stopping, and the store takes a write.
pub(super) async fn ready(Extract(state): Extract<State>) -> Result<Json<serde_json::Value>, Problem> {
    let failing = |check: &'static str, message: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, check, message);
    match state.readiness.phase() {
        Phase::Starting => return Err(failing("starting", "The check `loops` fails: they do not run yet.")),
        Phase::Draining => return Err(failing("draining", "The check `loops` fails: tunebot is stopping.")),
        Phase::Serving => {}
    }
    state.store.ping().await.map_err(|error: StoreError| {
        tracing::error!(%error, "the store failed its check");
        failing("store", "The check `store` fails: it does not take a write. The log says why.")
    })?;
    Ok(Json(json!({"status": "ok", "checks": {"loops": "ok", "store": "ok"}})))
}

/// The metrics, in the format that is asked for. While the store is away, those of the process alone.
pub(super) async fn metrics(Extract(state): Extract<State>, headers: HeaderMap) -> Response {
    let wants_open =
        header(&headers, ACCEPT.as_str()).is_some_and(|accept| accept.contains("application/openmetrics-text"));
    let exposition = if wants_open { Exposition::OpenMetrics } else { Exposition::Text };
    let now = Timestamp::now();
    let snapshot = match state.store.counts().await {
        Ok(counts) => Some(Snapshot { bytes: bytes_of(state.store.path()).await, ..snapshot(counts, now) }),
        Err(error) => {
            tracing::error!(%error, "the store could not be counted");
            None
        }
    };
    let text = state.telemetry.expose(snapshot.as_ref(), exposition, now);
    ([(CONTENT_TYPE, exposition.content_type())], text).into_response()
}

fn snapshot(counts: Counts, now: Timestamp) -> Snapshot {
    let lanes = counts.outbox.into_iter().map(|lane| LaneDepth {
        lane: lane.lane.to_string(),
        depth: lane.depth,
        dead: lane.dead,
        oldest_seconds: lane.oldest_due.map_or(0.0, |due| now.duration_since(due).as_secs_f64().max(0.0)),
    });
    Snapshot { sweeps: counts.sweeps, trials: counts.trials, outbox: lanes.collect(), bytes: 0 }
}

/// Of the store's file and the log beside it; 0 of a store in memory.
async fn bytes_of(store: &Path) -> u64 {
    let mut log = store.to_owned().into_os_string();
    log.push("-wal");
    let length = async |path: &Path| tokio::fs::metadata(path).await.map_or(0, |found| found.len());
    length(store).await + length(Path::new(&log)).await
}
