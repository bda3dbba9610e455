//! Stand-ins for Slack and GitHub: as much of their APIs as tunebot calls in the demonstration, shown on a screen.
//!
//! tunebot talks to them over HTTP with its own clients, as it would to the real services. They check nothing: the
//! fakes that refuse what the real services refuse are those of the tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::routing::{any, get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::screen::{self, Screen};

/// The only repository there is.
pub(super) const REPOSITORY: &str = "acme/wine";

/// Both services on one loopback port.
pub(super) struct Standins {
    pub slack_url: Url,
    pub github_url: Url,
}

struct Services {
    screen: Arc<Screen>,
    /// Where pictures are sent to.
    uploads: String,
    /// The newest commit of every branch.
    head: String,
    numbers: AtomicU64,
}

type Shared = State<Arc<Services>>;

/// Serves until the program ends.
pub(super) async fn start(screen: Arc<Screen>, head: &str) -> Result<Standins> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no loopback port is free")?;
    let base = format!("http://{}", listener.local_addr()?);
    let uploads = format!("{base}/slack/upload");
    let services = Arc::new(Services { screen, uploads, head: head.to_owned(), numbers: AtomicU64::new(1) });
    let router = Router::new()
        .nest("/slack/api", slack())
        .route("/slack/upload", post(|| async { "OK" }))
        .nest("/github", github())
        .fallback(any(|| async { (axum::http::StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))) }))
        .with_state(services);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Standins { slack_url: format!("{base}/slack/api").parse()?, github_url: format!("{base}/github").parse()? })
}

fn slack() -> Router<Arc<Services>> {
    Router::new()
        .route("/auth.test", any(|| async { Json(json!({"ok": true, "user_id": "UTUNEBOT", "bot_id": "BTUNEBOT"})) }))
        .route("/chat.postMessage", post(post_message))
        .route("/chat.update", post(update_message))
        .route("/conversations.history", any(|| async { Json(json!({"ok": true, "messages": []})) }))
        .route("/files.getUploadURLExternal", any(upload_address))
        .route("/files.completeUploadExternal", post(share_pictures))
}

async fn upload_address(State(services): Shared) -> Json<Value> {
    let file = format!("F{}", services.numbers.fetch_add(1, Ordering::Relaxed));
    Json(json!({"ok": true, "upload_url": services.uploads, "file_id": file}))
}

/// Shows the words that come with the pictures.
async fn share_pictures(State(services): Shared, Json(shared): Json<Value>) -> Json<Value> {
    let number = services.numbers.fetch_add(1, Ordering::Relaxed);
    let words =
        json!({"channel": shared["channel_id"], "thread_ts": shared["thread_ts"], "text": shared["initial_comment"]});
    services.screen.show(&format!("slack pictures {number}"), &screen::slack_text(&words));
    Json(json!({"ok": true, "files": shared["files"]}))
}

async fn post_message(State(services): Shared, Json(message): Json<Value>) -> Json<Value> {
    let number = services.numbers.fetch_add(1, Ordering::Relaxed);
    let ts = format!("1700000000.{number:06}");
    services.screen.show(&format!("slack {ts}"), &screen::slack_text(&message));
    Json(json!({"ok": true, "channel": message["channel"], "ts": ts, "message": {"ts": ts, "text": message["text"]}}))
}

async fn update_message(State(services): Shared, Json(message): Json<Value>) -> Json<Value> {
    let ts = message["ts"].as_str().unwrap_or_default();
    services.screen.show(&format!("slack {ts}"), &screen::slack_text(&message));
    Json(json!({"ok": true, "channel": message["channel"], "ts": ts, "text": message["text"], "message": {"ts": ts}}))
}

fn github() -> Router<Arc<Services>> {
    Router::new()
        .route("/repos/{owner}/{name}/installation", get(|| async { Json(installation()) }))
        .route("/app/installations/{id}/access_tokens", post(|| async { Json(access_token()) }))
        .route("/repos/{owner}/{name}/git/ref/heads/{*branch}", get(branch_head))
        .route("/repos/{owner}/{name}/commits/{reference}/check-runs", get(|| async { Json(no_check_runs()) }))
        .route("/repos/{owner}/{name}/check-runs", post(create_check_run))
        .route("/repos/{owner}/{name}/check-runs/{id}", patch(update_check_run))
}

async fn branch_head(State(services): Shared, Path((_, _, branch)): Path<(String, String, String)>) -> Json<Value> {
    let object = json!({"type": "commit", "sha": services.head});
    Json(json!({"ref": format!("refs/heads/{branch}"), "object": object}))
}

fn installation() -> Value {
    json!({"id": 1, "account": account(), "app_id": 1, "permissions": {"checks": "write"}, "events": ["push"]})
}

fn account() -> Value {
    json!({"login": "acme", "id": 1})
}

fn access_token() -> Value {
    json!({"token": "demonstration", "expires_at": "2099-01-01T00:00:00Z", "permissions": {"checks": "write"}})
}

fn no_check_runs() -> Value {
    json!({"total_count": 0, "check_runs": []})
}

async fn create_check_run(State(services): Shared, Json(run): Json<Value>) -> Json<Value> {
    let id = services.numbers.fetch_add(1, Ordering::Relaxed);
    show_check_run(&services, id, run)
}

async fn update_check_run(
    State(services): Shared,
    Path((_, _, id)): Path<(String, String, u64)>,
    Json(run): Json<Value>,
) -> Json<Value> {
    show_check_run(&services, id, run)
}

fn show_check_run(services: &Services, id: u64, mut run: Value) -> Json<Value> {
    services.screen.show(&format!("check {id}"), &screen::check_run_text(&run));
    run["id"] = json!(id);
    Json(run)
}
