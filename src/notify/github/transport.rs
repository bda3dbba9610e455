//! One request to GitHub's API and its answer: headers, a time limit, a sorted error. Nothing is sent twice here: the
//! relay knows which messages may be repeated.

use std::time::Duration;

use http::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::errors::{self, GithubError};

/// How long GitHub may take for one call.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const API_VERSION: &str = "2022-11-28";
const USER_AGENT: &str = concat!("tunebot/", env!("CARGO_PKG_VERSION"));

pub struct Transport {
    http: reqwest::Client,
    /// Without a slash at the end.
    base: String,
    call_timeout: Duration,
}

pub struct Request<'a> {
    /// In words, for an error: "comment on acme/vision#42".
    pub what: &'a str,
    pub method: Method,
    /// Path and query.
    pub route: &'a str,
    pub token: &'a SecretString,
    pub body: Option<&'a Value>,
    /// What is known already; the answer may then be [`Answer::is_unchanged`].
    pub etag: Option<&'a str>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Transport {
    /// # Errors
    /// The system has no root certificates.
    pub fn new(api_url: &Url) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            // A repository that was renamed.
            .redirect(Policy::limited(3))
            .build()?;
        let base = api_url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http, base, call_timeout: CALL_TIMEOUT })
    }

    /// # Errors
    /// There is no answer. A refusal is an answer.
    pub async fn send(&self, request: &Request<'_>) -> Result<Answer, GithubError> {
        tracing::debug!(what = request.what, "calling GitHub");
        let url = format!("{}{}", self.base, request.route);
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .timeout(self.call_timeout)
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
            .bearer_auth(request.token.expose_secret());
        if let Some(etag) = request.etag {
            builder = builder.header(IF_NONE_MATCH, etag);
        }
        if let Some(body) = request.body {
            builder = builder.json(body);
        }
        let unanswered = |error: reqwest::Error| {
            if error.is_timeout() && !error.is_connect() {
                errors::timed_out(request.what, self.call_timeout)
            } else {
                errors::unanswered(request.what, &error.without_url())
            }
        };
        let response = builder.send().await.map_err(unanswered)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(unanswered)?;
        Ok(Answer { status, headers, body: body.into() })
    }
}

impl Answer {
    pub fn is_unchanged(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED
    }

    pub fn etag(&self) -> Option<&str> {
        self.headers.get(ETAG)?.to_str().ok()
    }

    /// The answer, if it is no refusal.
    ///
    /// # Errors
    /// It is a refusal, sorted by what can be done about it.
    pub fn accepted(self, what: &str, now: Timestamp) -> Result<Self, GithubError> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(errors::refused(what, self.status, &self.headers, &self.body, now))
    }
}

/// # Errors
/// It is not what was expected.
pub fn read<A: DeserializeOwned>(what: &str, body: &[u8]) -> Result<A, GithubError> {
    // An answer without content stands for nothing.
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| errors::unexpected(what, &error))
}
