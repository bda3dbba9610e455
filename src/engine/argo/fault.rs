//! What an API server's refusal means for the caller, and for people.

use std::time::Duration;

use super::super::EngineError;
use super::rights;

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such object (404).
    #[error("{0}")]
    NotFound(String),
    /// An object of that name is there already (409).
    #[error("{0}")]
    Exists(String),
    /// tunebot may not do this (403); says what to do about it.
    #[error("{0}")]
    Forbidden(String),
    /// The API server understood the request and will never take it (400, 413, 422 and their like).
    #[error("{0}")]
    Refused(String),
    /// The API server wants to be left alone for a while (429).
    #[error("{message}")]
    Busy { message: String, after: Option<Duration> },
    /// Nobody answered, not in time, or with a fault of the server itself. The request may have had its effect.
    #[error("{0}")]
    Away(String),
}

impl Fault {
    pub fn of(error: &kube::Error) -> Self {
        let kube::Error::Api(status) = error else {
            return Self::Away(innermost(error));
        };
        let message = if status.message.is_empty() { status.reason.clone() } else { status.message.clone() };
        let after = status.details.as_ref().map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0);
        match status.code {
            404 => Self::NotFound(message),
            409 => Self::Exists(message),
            403 => Self::Forbidden(rights::explained(&message)),
            429 => Self::Busy { message, after: after.map(|seconds| Duration::from_secs(u64::from(seconds))) },
            401 => Self::Away(format!("it does not accept tunebot's credentials ({message})")),
            400..=499 => Self::Refused(message),
            code => Self::Away(format!("it answered {code}: {message}")),
        }
    }

    /// Is it worth the same request again, later?
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Away(_))
    }

    /// As the answer of an engine that did not expect it.
    pub fn into_error(self, after: Option<jiff::SignedDuration>) -> EngineError {
        match self {
            Self::Busy { message, .. } | Self::Away(message) => EngineError::Transient { message, after },
            Self::NotFound(message) | Self::Exists(message) | Self::Forbidden(message) | Self::Refused(message) => {
                EngineError::Permanent(message)
            }
        }
    }
}

/// The cause at the end of the chain: the outer ones only say that a request failed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use kube::core::response::StatusDetails;

    use super::*;

    fn fault(code: u16) -> Fault {
        let details: StatusDetails = serde_json::from_value(serde_json::json!({"retryAfterSeconds": 3})).unwrap();
        let status = Status::failure("no", "Because").with_code(code).with_details(details);
        Fault::of(&kube::Error::Api(status.boxed()))
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        let transient: Vec<u16> = [400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504]
            .into_iter()
            .filter(|code| fault(*code).is_transient())
            .collect();
        assert_eq!(transient, [401, 429, 500, 502, 503, 504]);
    }

    #[test]
    fn the_pause_that_the_server_asks_for_is_kept() {
        assert_eq!(fault(429), Fault::Busy { message: "no".into(), after: Some(Duration::from_secs(3)) });
    }
}
