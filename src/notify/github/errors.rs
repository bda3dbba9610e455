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
    /// The credentials are refused.
    #[error("{message}")]
    Unauthorized { message: String },
    /// Trying again is of no use. Says what to do.
    #[error("{message}")]
    Permanent { message: String },
}

impl From<GithubError> for NotifyError {
    fn from(error: GithubError) -> Self {
        match error {
            // GitHub counts for each installation by itself: the others need not wait.
            GithubError::Transient { message: why, after: Some(after) } => Self::NotYet { why, after },
            GithubError::Transient { message, after: None } => Self::Transient { message, after: None },
            GithubError::NotFound { message }
            | GithubError::Unauthorized { message }
            | GithubError::Permanent { message } => Self::Permanent { message },
        }
    }
}

/// Sorts a refusal of a call, `what` in words ("comment on acme/vision#42"), by what can be done about it.
pub fn refused(what: &str, status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> GithubError {
    let said = message(body);
    if let Some(wait) = wait(status, headers, &said, now) {
        return limited(what, &said, wait);
    }
    let said = prose::line(&said, 200);
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
        408 | 409 | 429 | 500.. => return transient(what, &format!("HTTP {status}: {said}")),
        _ => "check github.api_url in the configuration",
    };
    let message = format!("GitHub: cannot {what}: HTTP {status}: {said}: {advice}");
    if status == StatusCode::UNAUTHORIZED {
        GithubError::Unauthorized { message }
    } else {
        GithubError::Permanent { message }
    }
}

/// What GitHub says in words.
fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        message: String,
    }
    match serde_json::from_slice::<Said>(body) {
        Ok(said) => said.message,
        Err(_) => String::from_utf8_lossy(body).chars().take(500).collect(),
    }
}

/// GitHub wants to be left alone still.
pub fn held(what: &str, wait: Duration) -> GithubError {
    limited(what, "it has said so before", wait)
}

fn limited(what: &str, said: &str, wait: Duration) -> GithubError {
    let said = prose::line(said, 200);
    let message = format!("GitHub takes no more calls for now, cannot {what}: {said}");
    GithubError::Transient { message, after: Some(wait) }
}

pub fn timed_out(what: &str, after: Duration) -> GithubError {
    transient(what, &format!("no answer within {} s", after.as_secs()))
}

pub fn unanswered(what: &str, error: &reqwest::Error) -> GithubError {
    transient(what, &causes(error))
}

pub fn unexpected(what: &str, error: &serde_json::Error) -> GithubError {
    transient(what, &format!("its answer is not what was expected ({error})"))
}

pub fn cannot_sign(what: &str) -> GithubError {
    GithubError::Permanent {
        message: format!(
            "GitHub: cannot {what}: the App's private key cannot sign; put its PEM file into the configuration"
        ),
    }
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
