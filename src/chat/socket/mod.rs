//! Socket Mode: Slack's requests over connections that we open, so that nothing from outside has to reach this server.
//!
//! Several connections are open at a time, for Slack renews each every few hours. Which of them a request comes by does not
//! matter, nor that it comes by two: events are told apart in the store.

mod connection;
mod frame;

use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::FrontDesk;
use crate::notify::slack::{SlackWeb, WebError};

use connection::{Left, Socket};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection that ends sooner, without a word, counts as one that was not made.
const STEADY: Duration = Duration::from_secs(10);
/// The longest wait between two attempts, and the wait after a refusal that only a person can mend.
const LONGEST_WAIT: u64 = 30;
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

pub struct SocketMode {
    pub desk: FrontDesk,
    pub web: SlackWeb,
    pub app_token: SecretString,
    /// Connections at a time.
    pub sockets: u32,
}

impl SocketMode {
    /// Keeps the connections open until `cancel`; then takes nothing more in, acknowledges what is under way and returns.
    pub async fn run(self, cancel: CancellationToken) {
        let places = (1..=self.sockets).map(|place| self.keep_open(place, &cancel));
        futures_util::future::join_all(places).await;
    }

    /// Keeps one place filled: when its connection is about to go, the next one is opened before that.
    async fn keep_open(&self, place: u32, cancel: &CancellationToken) {
        let mut serving = JoinSet::new();
        let mut failures = 0;
        while !cancel.is_cancelled() {
            let wait = match self.open(cancel).await {
                None => break,
                Some(Ok(socket)) => {
                    let begun = Instant::now();
                    let (leaving, left) = oneshot::channel();
                    serving.spawn(connection::serve(socket, self.desk.clone(), leaving, cancel.clone()));
                    let left = left.await.unwrap_or(Left::Broken);
                    while serving.try_join_next().is_some() {}
                    failures = if left == Left::Renewed || begun.elapsed() >= STEADY { 0 } else { failures + 1 };
                    backoff(failures)
                }
                Some(Err(trouble)) => {
                    failures += 1;
                    trouble.log(place);
                    trouble.wait().unwrap_or_else(|| backoff(failures))
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while serving.join_next().await.is_some() {}
    }

    /// A connection, or why there is none; `None` when it is not wanted any more.
    async fn open(&self, cancel: &CancellationToken) -> Option<Result<Socket, Trouble>> {
        tokio::select! {
            () = cancel.cancelled() => None,
            opened = self.connect() => Some(opened),
        }
    }

    async fn connect(&self) -> Result<Socket, Trouble> {
        let address = self.web.open_connection(&self.app_token).await?;
        let connecting = tokio_tungstenite::connect_async_with_config(address, None, true);
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| Trouble::Slow)?;
        Ok(connected.map_err(|error| Trouble::Broken(cause(&error)))?.0)
    }
}

/// Why there is no connection.
#[derive(Debug)]
enum Trouble {
    Web(WebError),
    Slow,
    Broken(String),
}

impl From<WebError> for Trouble {
    fn from(error: WebError) -> Self {
        Self::Web(error)
    }
}

impl Trouble {
    fn log(&self, place: u32) {
        match self {
            Self::Web(WebError::Refused { code, .. }) => {
                error!(place, code, "Slack refuses Socket Mode: {}. Trying again every minute", remedy(code));
            }
            Self::Web(trouble) => warn!(place, %trouble, "no connection of Socket Mode; trying again"),
            Self::Slow => warn!(place, "Slack did not take a connection of Socket Mode in time; trying again"),
            Self::Broken(cause) => warn!(place, cause, "a connection of Socket Mode could not be made; trying again"),
        }
    }

    /// How long to wait at least, where that is known.
    fn wait(&self) -> Option<Duration> {
        match self {
            Self::Web(WebError::Refused { .. }) => Some(AFTER_REFUSAL),
            Self::Web(WebError::Limited { after, .. }) => *after,
            _ => None,
        }
    }
}

/// What a person has to do.
fn remedy(code: &str) -> &'static str {
    match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "slack.app_token is not valid; make an app-level token (xapp-…) on the app's page Basic Information"
        }
        "missing_scope" | "no_permission" => "give the app-level token the scope connections:write",
        "not_allowed_token_type" => "slack.app_token must be an app-level token (xapp-…), not a bot token",
        "forbidden_team" | "team_access_not_granted" | "org_login_required" => {
            "the workspace does not let the app in; ask its admin"
        }
        _ => "switch Socket Mode on in the app's settings, and see whether its app-level token is still there",
    }
}

/// The address in an error is a secret; its kind says enough.
fn cause(error: &SocketError) -> String {
    match error {
        SocketError::Io(error) => error.to_string(),
        SocketError::Tls(error) => error.to_string(),
        SocketError::Http(response) => format!("HTTP {}", response.status().as_u16()),
        SocketError::Url(_) => "the address is none of a WebSocket".to_owned(),
        SocketError::Protocol(error) => error.to_string(),
        _ => "the handshake failed".to_owned(),
    }
}

/// Nothing after no failure, then 1 s, 2 s, 4 s, … Slack tells many apps apart by itself: no two of ours meet by chance.
fn backoff(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        failures => Duration::from_secs((1 << (failures - 1).min(5)).min(LONGEST_WAIT)),
    }
}

/// The log line of a connection that has begun.
fn connected(connections: u64) {
    info!(connections, "connected to Slack by Socket Mode");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::frame::Frame;
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute() {
        let waits: Vec<u64> = [0, 1, 2, 3, 4, 5, 6, 60].map(|failures| backoff(failures).as_secs()).into();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn frames_are_read_leniently() {
        assert_eq!(Frame::read(r#"{"type":"hello","num_connections":3}"#), Frame::Hello { connections: 3 });
        let renewed = Frame::Disconnect { reason: "refresh_requested".into() };
        assert_eq!(Frame::read(r#"{"type":"disconnect","reason":"refresh_requested","debug_info":{}}"#), renewed);
        for unknown in ["", "[]", "{}", r#"{"type":"news"}"#, r#"{"type":"events_api"}"#] {
            assert_eq!(Frame::read(unknown), Frame::Other, "{unknown}");
        }
    }

    #[test]
    fn an_answer_goes_with_the_acknowledgement_only_where_one_may() {
        let read = |accepts: bool| {
            let frame = json!({"type": "slash_commands", "envelope_id": "e1", "payload": {},
                               "accepts_response_payload": accepts});
            let Frame::Envelope(envelope) = Frame::read(&frame.to_string()) else { panic!() };
            envelope.acknowledged(Some(json!({"text": "hello"})))
        };
        assert_eq!(read(true), r#"{"envelope_id":"e1","payload":{"text":"hello"}}"#);
        assert_eq!(read(false), r#"{"envelope_id":"e1"}"#);
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        for code in ["invalid_auth", "missing_scope", "not_allowed_token_type", "forbidden_team", "anything"] {
            assert!(remedy(code).len() > 30, "{code}");
        }
        let refused = WebError::Refused { method: "x", code: "invalid_auth".into(), detail: String::new() };
        assert_eq!(Trouble::Web(refused).wait(), Some(AFTER_REFUSAL));
        assert_eq!(Trouble::Slow.wait(), None);
    }
}
