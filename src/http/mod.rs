//! The HTTP server: takes in what is signed, commits it, and only then says yes; answers the API, trials and probes.
//!
//! This is where the clock is read and bytes become events. It decides nothing: what an event starts is for the
//! dispatcher to say.

mod api;
mod body;
mod charts;
mod health;
mod observe;
mod problem;
mod reports;
mod views;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::chat::FrontDesk;
use crate::config::Config;
use crate::domain::event::{Event, Source};
use crate::ingress::TrialTokens;
use crate::store::{Accepted, Store};
use crate::telemetry::Metrics;

use problem::Problem;

pub use health::{Phase, Readiness};

/// GitHub sends payloads of up to 25 MB.
const GITHUB_BODY_BYTES: usize = 25 * 1024 * 1024;
/// Everything else is small.
const BODY_BYTES: usize = 1024 * 1024;

/// What the handlers work with.
#[derive(Clone)]
pub struct State {
    /// The configuration that is in force; another one after a reload.
    pub config: watch::Receiver<Arc<Config>>,
    pub store: Store,
    pub tokens: TrialTokens,
    pub telemetry: Arc<Metrics>,
    /// Takes in what comes from Slack.
    pub desk: FrontDesk,
    pub readiness: Readiness,
    pub patience: Patience,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A request is given up after this long. GitHub itself waits for 10 seconds.
    pub request: Duration,
    /// A trial's report waits for its verdict no longer than this.
    pub report: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { request: Duration::from_secs(9), report: Duration::from_secs(2) }
    }
}

impl State {
    fn config(&self) -> Arc<Config> {
        self.config.borrow().clone()
    }

    /// Commits `event` to the inbox. What this returns may be acknowledged.
    async fn accept(&self, event: &Event) -> Result<Accepted, Problem> {
        let accepted = self.store.accept(event).await.map_err(Problem::from_store);
        let result = match &accepted {
            Ok(Accepted::New(_)) => "new",
            Ok(Accepted::Again { .. }) => "repeated",
            Err(_) => "unavailable",
        };
        self.telemetry.delivery_received(event.key.source, result);
        accepted
    }

    /// Counts a delivery that was refused before it became an event.
    fn refuse(&self, source: Source, problem: Problem) -> Problem {
        self.telemetry.delivery_received(source, problem.code());
        problem
    }
}

/// All routes, with what surrounds them: a request id and a span each, time limits, and an answer also after a panic.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/webhooks/github", post(webhooks::github::receive))
        .route("/webhooks/slack/commands", post(webhooks::slack::command))
        .route("/webhooks/slack/interactions", post(webhooks::slack::interaction))
        .route("/webhooks/slack/events", post(webhooks::slack::event))
        .route("/api/v1/sweeps", post(api::start).get(api::list))
        .route("/api/v1/sweeps/{id}", get(api::sweep))
        .route("/api/v1/sweeps/{id}/charts/{file}", get(charts::chart))
        .route("/charts/{id}/{file}", get(charts::chart_by_key))
        .route("/api/v1/sweeps/{id}/stop", post(api::stop))
        .route("/api/v1/events/{id}", get(api::event))
        .route("/api/v1/trials/{attempt}/report", post(reports::report))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::method_not_allowed)
        // Bodies are read by `body::read`, with a limit for each route.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(problem::after_panic))
        .layer(from_fn_with_state(state.clone(), observe::limit_time))
        .layer(from_fn(observe::trace))
        .layer(from_fn_with_state(state.clone(), observe::measure))
        .with_state(state)
}

/// Serves until `cancel`; then takes no more connections and returns once the requests under way are answered.
///
/// # Errors
/// The listener has failed for good.
pub async fn serve(listener: TcpListener, router: Router, cancel: CancellationToken) -> std::io::Result<()> {
    // Answers are small and whole: waiting to fill a packet would only delay them.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
    });
    axum::serve(listener, router).with_graceful_shutdown(cancel.cancelled_owned()).await
}

#[cfg(test)]
mod tests;
