//! The outside world of the demonstration: deliveries as GitHub and Slack send them, signed.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::keys::Keys;
use super::standin::REPOSITORY;
use crate::domain::hex;
use crate::ingress::{github, slack};

pub(super) struct World<'a> {
    address: SocketAddr,
    keys: &'a Keys,
    /// The newest commit of main.
    head: &'a str,
    client: reqwest::Client,
}

impl<'a> World<'a> {
    pub(super) fn new(address: SocketAddr, keys: &'a Keys, head: &'a str) -> Self {
        Self { address, keys, head, client: reqwest::Client::new() }
    }

    /// A push to main; returns what tunebot answers.
    pub(super) async fn push(&self) -> Result<String> {
        let now = Timestamp::now();
        let body = push_payload(self.head, now).to_string();
        let response = self
            .client
            .post(format!("http://{}/webhooks/github", self.address))
            .header("content-type", "application/json")
            .header("x-github-event", "push")
            .header("x-github-delivery", format!("demo-{}", now.as_nanosecond()))
            .header("x-hub-signature-256", github::sign(&self.keys.webhook_secret, body.as_bytes()))
            .body(body)
            .send()
            .await?;
        let status = response.status();
        let answer = response.text().await?;
        ensure!(status.is_success(), "the push was answered {status}: {answer}");
        Ok(format!("{status} {answer}"))
    }

    /// `/tune` with `text`; returns what the asker sees at once.
    pub(super) async fn slash_command(&self, text: &str) -> Result<String> {
        let now = Timestamp::now();
        let form = [
            ("token", "unused"),
            ("team_id", "TACME"),
            ("team_domain", "acme"),
            ("channel_id", "C0MLTUNING"),
            ("channel_name", "ml-tuning"),
            ("user_id", "UMIKA"),
            ("user_name", "mika"),
            ("command", "/tune"),
            ("text", text),
            ("api_app_id", "ATUNEBOT"),
            ("trigger_id", &now.as_nanosecond().to_string()),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let timestamp = now.as_second().to_string();
        let response = self
            .client
            .post(format!("http://{}/webhooks/slack/commands", self.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", &timestamp)
            .header("x-slack-signature", slack::sign(&self.keys.signing_secret, &timestamp, body.as_bytes()))
            .body(body)
            .send()
            .await?;
        let status = response.status();
        let answer: Value = response.json().await.context("the command was not answered with JSON")?;
        ensure!(status.is_success(), "the command was answered {status}: {answer}");
        Ok(answer["text"].as_str().unwrap_or_default().to_owned())
    }
}

/// A commit hash that `text` stands for.
pub(super) fn commit(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..20])
}

/// As much of a push as GitHub sends, for the commit `head`.
fn push_payload(head: &str, now: Timestamp) -> Value {
    let (owner, name) = REPOSITORY.split_once('/').unwrap_or_default();
    json!({
        "ref": "refs/heads/main",
        "before": commit("before"),
        "after": head,
        "created": false, "deleted": false, "forced": false,
        "repository": {
            "id": 1, "name": name, "full_name": REPOSITORY, "private": true,
            "default_branch": "main", "owner": {"login": owner, "id": 1, "type": "Organization"},
        },
        "pusher": {"name": "mika"},
        "sender": {"login": "mika", "id": 2, "type": "User"},
        "installation": {"id": 1},
        "head_commit": {"id": head, "message": "Net: weigh the squares", "timestamp": now.to_string()},
        "commits": [{
            "id": head, "message": "Net: weigh the squares", "distinct": true,
            "added": [], "removed": [], "modified": ["model/net.py"],
        }],
    })
}
