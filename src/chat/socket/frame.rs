//! What Slack says over a connection of Socket Mode, and how it is acknowledged.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Frame {
    /// The connection is of use from now on.
    Hello {
        /// How many of the app's connections are open.
        connections: u64,
    },
    /// It will be closed, and why.
    Disconnect {
        reason: String,
    },
    Envelope(Envelope),
    /// Nothing that we know.
    Other,
}

/// A request; Slack sends it again until it is acknowledged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Envelope {
    #[serde(rename = "type")]
    pub kind: String,
    pub envelope_id: String,
    #[serde(default)]
    pub payload: Value,
    #[serde(default)]
    pub accepts_response_payload: bool,
    #[serde(default)]
    pub retry_attempt: u32,
}

impl Frame {
    pub fn read(text: &str) -> Self {
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return Self::Other };
        match frame["type"].as_str() {
            Some("hello") => Self::Hello { connections: frame["num_connections"].as_u64().unwrap_or(1) },
            Some("disconnect") => {
                Self::Disconnect { reason: frame["reason"].as_str().unwrap_or("no reason given").to_owned() }
            }
            Some(_) => serde_json::from_value(frame).map_or(Self::Other, Self::Envelope),
            None => Self::Other,
        }
    }
}

impl Envelope {
    /// The acknowledgement, with the answer if one may be in it.
    pub fn acknowledged(&self, answer: Option<Value>) -> String {
        match answer.filter(|_| self.accepts_response_payload) {
            Some(payload) => json!({"envelope_id": self.envelope_id, "payload": payload}).to_string(),
            None => json!({"envelope_id": self.envelope_id}).to_string(),
        }
    }
}
