//! Refusals as `Status` objects, with the reasons, codes and wordings of the real API server.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::resources::Resource;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Option<Value>,
}

/// What is wrong with one field of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldFault {
    pub field: String,
    kind: &'static str,
    body: String,
}

impl FieldFault {
    pub fn invalid(field: &str, value: &Value, why: &str) -> Self {
        Self { field: field.to_owned(), kind: "FieldValueInvalid", body: format!("Invalid value: {value}: {why}") }
    }

    pub fn unsupported(field: &str, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|value| format!("{value:?}")).collect();
        Self {
            field: field.to_owned(),
            kind: "FieldValueNotSupported",
            body: format!("Unsupported value: {value}: supported values: {}", supported.join(", ")),
        }
    }

    pub fn required(field: &str, why: &str) -> Self {
        let body = if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self { field: field.to_owned(), kind: "FieldValueRequired", body }
    }

    pub fn forbidden(field: &str, why: &str) -> Self {
        Self { field: field.to_owned(), kind: "FieldValueForbidden", body: format!("Forbidden: {why}") }
    }

    pub fn too_long(field: &str, bytes: usize) -> Self {
        let body = format!("Too long: may not be more than {bytes} bytes");
        Self { field: field.to_owned(), kind: "FieldValueTooLong", body }
    }

    fn text(&self) -> String {
        format!("{}: {}", self.field, self.body)
    }
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: String) -> Self {
        Self { code, reason, message, details: None }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details = Some(details(resource.group, resource.plural, name));
        self
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into())
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".to_owned())
    }

    /// `why` is `User "…" cannot …`.
    pub fn forbidden(group: &str, plural: &str, name: &str, why: &str) -> Self {
        let full = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let what = if name.is_empty() { full } else { format!("{full} {name:?}") };
        let mut refusal = Self::new(403, "Forbidden", format!("{what} is forbidden: {why}"));
        refusal.details = Some(details(group, plural, name));
        refusal
    }

    pub fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} {name:?} not found", resource.full_name());
        Self::new(404, "NotFound", message).about(resource, name)
    }

    pub fn no_namespace(name: &str) -> Self {
        let mut refusal = Self::new(404, "NotFound", format!("namespaces {name:?} not found"));
        refusal.details = Some(details("", "namespaces", name));
        refusal
    }

    pub fn not_supported(resource: &Resource, action: &str) -> Self {
        let message = format!("{action} is not supported on resources of kind {:?}", resource.full_name());
        Self::new(405, "MethodNotAllowed", message).about(resource, "")
    }

    pub fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json";
        Self::new(406, "NotAcceptable", message.to_owned())
    }

    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", resource.full_name());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// The object is not the one that the caller has read.
    pub fn stale(resource: &Resource, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: the object has been modified; please apply your changes to the \
             latest version and try again",
            resource.full_name()
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// A precondition of a deletion is not met.
    pub fn precondition(resource: &Resource, name: &str, why: &str) -> Self {
        let kind = resource.full_kind();
        let message = format!("Operation cannot be fulfilled on {kind} {name:?}: {why}");
        let mut refusal = Self::new(409, "Conflict", message);
        refusal.details = Some(details(resource.group, resource.kind, name));
        refusal
    }

    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message.into())
    }

    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub fn invalid(resource: &Resource, name: &str, faults: &[FieldFault]) -> Self {
        Self::invalid_kind(resource.group, resource.kind, name, faults)
    }

    /// The query of a request is at fault, not an object.
    pub fn invalid_kind(group: &str, kind: &str, name: &str, faults: &[FieldFault]) -> Self {
        let full = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let texts: Vec<String> = faults.iter().map(FieldFault::text).collect();
        let what = match texts.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let mut refusal = Self::new(422, "Invalid", format!("{full} {name:?} is invalid: {what}"));
        let causes: Vec<Value> = faults
            .iter()
            .map(|fault| json!({"reason": fault.kind, "message": fault.body, "field": fault.field}))
            .collect();
        let mut about = details(group, kind, name);
        about["causes"] = causes.into();
        refusal.details = Some(about);
        refusal
    }

    /// What storage says that the layers above do not know: 500 without a reason.
    pub fn plain(message: &str) -> Self {
        Self::new(500, "", message.to_owned())
    }

    /// A list from a version that is not there yet.
    pub fn version_in_the_future(asked: u64, now: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {now}");
        let mut refusal = Self::new(504, "Timeout", message);
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        refusal.details = Some(json!({"causes": [cause], "retryAfterSeconds": 1}));
        refusal
    }

    /// The body of the answer.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status["code"] = self.code.into();
        status
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).expect("a status");
        let mut response = json_response(code, &self.status());
        if let Some(seconds) = self.details.as_ref().and_then(|details| details["retryAfterSeconds"].as_u64()) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn details(group: &str, kind: &str, name: &str) -> Value {
    let mut details = json!({});
    for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details[key] = value.into();
        }
    }
    details
}

pub fn json_response(code: StatusCode, body: &Value) -> Response {
    let text = serde_json::to_vec(body).expect("JSON can be written");
    (code, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The page of an address that means nothing: the real one sends no `Status` for it.
pub fn no_such_page() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::NOT_FOUND, kind, "404 page not found\n").into_response()
}

/// An injected failure in the server's words.
pub fn refuse(fault: &Fault) -> Response {
    let (code, retry_after) = match fault {
        Fault::Status(code) => (*code, None),
        Fault::RateLimited { retry_after } => (429, Some(*retry_after)),
        other => unreachable!("{other:?} is not how a cluster fails"),
    };
    let (reason, message) = match code {
        410 => ("Expired", "The resourceVersion for the provided list is too old."),
        429 => ("TooManyRequests", "The server has received too many requests and has asked us to try again later"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ("Timeout", "Timeout: request did not complete within the allotted timeout"),
        _ => ("InternalError", "Internal error occurred: etcdserver: request timed out"),
    };
    let mut refusal = Refusal::new(code, reason, message.to_owned());
    refusal.details = retry_after.map(|seconds| json!({"retryAfterSeconds": seconds}));
    refusal.into_response()
}
