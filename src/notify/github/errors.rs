//! What GitHub's errors mean: try again and when, or tell somebody what to change.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crate::notify::prose;
use crate::notify::{NotifyError, causes};

/// What GitHub asks to wait after a secondary rate limit that names no time.
const SECONDARY_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// Try again; not before `after`, where GitHub said so.
    #[error("{message}")]
    Transient { message: String, after: Option<Duration> },
    /// There is no such thing, or the token may not see it: GitHub does not tell which.
    #[error("{message}")]
    NotFound { message: String },
    /// Trying again is of no use. Says what to do.
    #[error("{message}")]
    Permanent { message: String },
}

impl From<GithubError> for NotifyError {
    fn from(error: GithubError) -> Self {
        match error {
            GithubError::Transient { message, after } => Self::Transient { message, after },
            GithubError::NotFound { message } | GithubError::Permanent { message } => Self::Permanent { message },
        }
    }
}

/// Sorts the error of a call, `what` in words ("comment on acme/vision#42"), by what can be done about it.
pub fn classify(what: &str, error: octocrab::Error, now: Timestamp) -> GithubError {
    match error {
        octocrab::Error::GitHub { source, .. } => {
            let headers = source.headers.unwrap_or_default();
            refused(what, source.status_code, &source.message, wait(source.status_code, &headers, &source.message, now))
        }
        octocrab::Error::JWT { .. } => GithubError::Permanent {
            message: format!(
                "GitHub: cannot {what}: the App's private key cannot sign; put its PEM file into the configuration"
            ),
        },
        octocrab::Error::Json { source, .. } => unreadable(what, &source),
        octocrab::Error::Service { source, .. } => transient(what, &causes(source.as_ref())),
        octocrab::Error::Hyper { source, .. } => transient(what, &causes(&source)),
        other => transient(what, &other.to_string()),
    }
}

pub fn unreadable(what: &str, error: &dyn std::fmt::Display) -> GithubError {
    transient(what, &format!("its answer is not what was expected ({error})"))
}

pub fn timed_out(what: &str, after: Duration) -> GithubError {
    transient(what, &format!("no answer within {} s", after.as_secs()))
}

fn refused(what: &str, status: StatusCode, message: &str, wait: Option<Duration>) -> GithubError {
    let said = prose::line(message, 200);
    if wait.is_some() {
        return GithubError::Transient {
            message: format!("GitHub takes no more calls for now, cannot {what}: {said}"),
            after: wait,
        };
    }
    let advice = match status.as_u16() {
        401 => "the credentials are refused; check github.auth in the configuration",
        403 => {
            "give the App (or the token) write access to issues, pull requests and checks, and read access to contents"
        }
        422 => "GitHub does not accept it; this is a bug in tunebot, please report it",
        404 | 410 => {
            let advice = "it does not exist, or the App is not installed there";
            return GithubError::NotFound { message: format!("GitHub: cannot {what}: {said}: {advice}") };
        }
        408 | 429 | 500.. => return transient(what, &format!("HTTP {status}: {said}")),
        _ => "check github.api_url in the configuration",
    };
    GithubError::Permanent { message: format!("GitHub: cannot {what}: HTTP {status}: {said}: {advice}") }
}

/// How long to wait before the next call, if the refusal is a rate limit and not a lack of rights.
pub(super) fn wait(status: StatusCode, headers: &HeaderMap, message: &str, now: Timestamp) -> Option<Duration> {
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds.max(0).unsigned_abs()));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let left = number("x-ratelimit-reset").map_or(60, |reset| reset.saturating_sub(now.as_second()));
        // A second more, since the two clocks agree to a second at best.
        return Some(Duration::from_secs(left.clamp(0, 3600).unsigned_abs() + 1));
    }
    let is_limit = status == StatusCode::TOO_MANY_REQUESTS || message.to_ascii_lowercase().contains("rate limit");
    is_limit.then_some(SECONDARY_LIMIT)
}

fn transient(what: &str, why: &str) -> GithubError {
    GithubError::Transient { message: format!("GitHub: cannot {what}: {}", prose::line(why, 300)), after: None }
}
