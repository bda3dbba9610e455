//! Answers and refusals in GitHub's shapes.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::fault::Fault;

const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// What an operation gives.
pub enum Outcome {
    Ok(Value),
    Created(Value),
    /// A list, to be cut into pages.
    List(Vec<Value>),
    /// 202: it will be done.
    Accepted(Value),
    /// A list that is cut into pages already, with the link to the next one.
    Linked(Vec<Value>, Option<String>),
    /// A list within `{total_count, <name>: […]}`, to be cut into pages.
    Counted(&'static str, Vec<Value>),
    Nothing,
}

/// Why an operation is refused.
#[derive(Debug)]
pub enum Refusal {
    /// 401, with the reason.
    Unauthorized(&'static str),
    /// 403, with the reason.
    Forbidden(&'static str),
    /// 404: not there, or not for this caller to know.
    NotFound,
    /// 409, with the reason.
    Conflict(String),
    /// 400: the body is not JSON.
    NotJson,
    /// 422 with a message of its own.
    Invalid(String),
    /// 422 `Validation Failed` with one error.
    Validation { resource: &'static str, field: &'static str, code: &'static str, message: Option<String> },
    /// 403: too much content in too short a time.
    Secondary { retry_after: u32 },
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized(message) => error(StatusCode::UNAUTHORIZED, message, None),
            Self::Forbidden(message) => error(StatusCode::FORBIDDEN, message, None),
            Self::NotFound => error(StatusCode::NOT_FOUND, "Not Found", None),
            Self::Conflict(message) => error(StatusCode::CONFLICT, &message, None),
            Self::NotJson => error(StatusCode::BAD_REQUEST, "Problems parsing JSON", None),
            Self::Invalid(message) => {
                error(StatusCode::UNPROCESSABLE_ENTITY, &format!("Invalid request.\n\n{message}"), None)
            }
            Self::Validation { resource, field, code, message } => {
                let mut detail = json!({"resource": resource, "field": field, "code": code});
                if let Some(message) = message {
                    detail["message"] = message.into();
                }
                error(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed", Some(detail))
            }
            Self::Secondary { retry_after } => secondary(StatusCode::FORBIDDEN, retry_after),
        }
    }
}

fn error(status: StatusCode, message: &str, detail: Option<Value>) -> Response {
    let mut json =
        json!({"message": message, "documentation_url": DOCUMENTATION, "status": status.as_u16().to_string()});
    if let Some(detail) = detail {
        json["errors"] = json!([detail]);
    }
    (status, Json(json)).into_response()
}

fn secondary(status: StatusCode, retry_after: u32) -> Response {
    let message = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. \
                   Please retry your request again later.";
    let mut response = error(status, message, None);
    response.headers_mut().insert(header::RETRY_AFTER, retry_after.into());
    response
}

/// An injected failure in GitHub's words.
pub fn refuse(fault: &Fault) -> Response {
    match fault {
        Fault::RateLimited { retry_after } => secondary(StatusCode::TOO_MANY_REQUESTS, *retry_after),
        Fault::Exhausted { reset_after } => {
            let mut response = error(StatusCode::FORBIDDEN, "API rate limit exceeded for installation.", None);
            let reset = Timestamp::now().as_second() + i64::from(*reset_after);
            limit_headers(&mut response, 5_000, reset);
            response
        }
        Fault::Status(status) => {
            let status = StatusCode::from_u16(*status).expect("a status");
            error(status, "Something went wrong while executing your request.", None)
        }
        other => unreachable!("{other:?} is played out elsewhere"),
    }
}

/// The headers that tell how much may still be called, of 5,000 in an hour; `reset` is in seconds since 1970.
pub fn limit_headers(response: &mut Response, used: u32, reset: i64) {
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from(5_000));
    headers.insert("x-ratelimit-used", HeaderValue::from(used));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(5_000_u32.saturating_sub(used)));
    headers.insert("x-ratelimit-reset", HeaderValue::from(reset));
    headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
}
