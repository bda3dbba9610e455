//! What the tests of the whole program stand on: the real binary, a config folder for it, and stateful fakes of the
//! services around it.
//!
//! * [`server`] starts, stops, kills and restarts the real `tunebot serve`.
//! * [`config`] writes its config folder.
//! * [`slack`], [`github`] and [`kubernetes`] are the services: they keep state, and refuse what the real ones refuse.
//! * [`slack_client`] sends what Slack sends: signed slash commands. [`github`] sends its own webhooks.
//! * [`fault`] makes a service fail in a chosen way at a chosen call; [`watched`] waits for a state without sleeping.
//!
//! A first end-to-end test reads like this:
//!
//! ```ignore
//! let slack = FakeSlack::start().await;
//! let github = FakeGithub::start().await;
//! let config = ConfigFolder::new().slack(&slack).github(&github).tuning("quadratic", Tuning::quadratic());
//! let tunebot = Tunebot::start(config).await;
//! let answer = SlackClient::new().send(tunebot.url(), &SlashCommand::new("quadratic trials=4")).await;
//! assert_eq!(answer.status, 200);
//! slack.wait_for("the sweep's summary", |w| w.messages(TUNING).iter().find(|m| m.text().contains("4 trials")).map(|_| ())).await;
//! insta::assert_snapshot!(slack.render(TUNING), @"…");
//! tunebot.stop().await;
//! ```
//!
//! Nothing here may import from the crate under test: the fakes are an independent reading of the services.

pub mod config;
pub mod fault;
pub mod github;
pub mod kubernetes;
pub mod server;
pub mod slack;
pub mod slack_client;
pub mod watched;
pub mod wire;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a server said to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        Self { status, body: response.text().await.expect("the body of an answer") }
    }

    /// # Panics
    /// The body is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

/// A client that no proxy of the machine comes between. Each test has its own runtime, so none is shared.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(watched::PATIENCE).build().expect("an HTTP client")
}

/// Lower-case hexadecimal HMAC-SHA-256, as both services sign with.
pub fn hmac_sha256(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    for part in parts {
        mac.update(part);
    }
    hex(&mac.finalize().into_bytes())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
