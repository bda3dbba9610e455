//! Answers to requests that do not succeed: a status, a code for programs, and a text for people that says what to do.

use std::any::Any;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ingress::Refusal;
use crate::store::StoreError;

/// Senders are asked to come back after this many seconds.
const RETRY_SECONDS: u16 = 5;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", message)
    }

    /// The store did not take it or could not tell. The cause is for the log; the sender only has to come again.
    pub(super) fn from_store(error: StoreError) -> Self {
        tracing::error!(error = %error, "the store failed during a request");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The store cannot be reached right now. Nothing was changed; send it again in a few seconds.",
        )
    }

    pub(super) fn timed_out() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timed_out",
            "The request took too long and was given up. Send it again; what was done already is not done twice.",
        )
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::Unsigned(_) => (StatusCode::UNAUTHORIZED, "unsigned"),
            Refusal::WrongSignature(_) => (StatusCode::UNAUTHORIZED, "wrong_signature"),
            Refusal::Stale(_) => (StatusCode::UNAUTHORIZED, "stale"),
            Refusal::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": {"code": self.code, "message": self.message}}));
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        response
    }
}

pub(super) async fn no_such_route(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(80).collect();
    Problem::not_found(format!(
        "There is nothing at {path}. Webhooks go to /webhooks/github and /webhooks/slack/commands, the API is under /api/v1."
    ))
}

pub(super) async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("This address does not take {method}; the header Allow names what it takes."),
    )
}

pub(super) fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let cause = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(cause = cause.unwrap_or("unknown"), "a request has failed by a fault of tunebot");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "A fault of tunebot ended this request. It is in the log under the request id of this answer.",
    )
    .into_response()
}
