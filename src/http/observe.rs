//! What surrounds every request: an id, a span, a time limit and a measurement.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State as Extract};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::State;
use super::body::header;
use super::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Measures how long requests of each route take.
pub(super) async fn measure(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let route = route(&request);
    let method = method_name(request.method());
    let begun = Instant::now();
    let response = next.run(request).await;
    state.telemetry.request_answered(&route, method, response.status().as_u16(), begun.elapsed());
    response
}

/// Gives the request an id, its sender's if there is one, and a span that carries it.
pub(super) async fn trace(request: Request, next: Next) -> Response {
    let id = header(request.headers(), REQUEST_ID.as_str()).filter(|id| is_plain(id)).map(str::to_owned);
    let id = id.unwrap_or_else(new_id);
    let span = tracing::info_span!("request", id, method = %request.method(), route = route(&request));
    let mut response = async move {
        let response = next.run(request).await;
        let status = response.status();
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), "answered");
        } else {
            tracing::debug!(status = status.as_u16(), "answered");
        }
        response
    }
    .instrument(span)
    .await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Gives requests up that take too long, also those whose body comes too slowly.
pub(super) async fn limit_time(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(state.patience.request, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timed_out().into_response(),
    }
}

/// The pattern of the route; paths themselves would make a series for each id.
fn route(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned()
}

/// Methods are free text: those that no route takes share one name.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Different for every request of the process, and from those of the process before.
fn new_id() -> String {
    static STARTED: LazyLock<i64> = LazyLock::new(|| jiff::Timestamp::now().as_millisecond());
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    format!("{:x}-{:x}", *STARTED, REQUESTS.fetch_add(1, Ordering::Relaxed))
}
