//! What Slack sends to tunebot by HTTP: signed slash commands, interactions and events.

use jiff::Timestamp;
use url::form_urlencoded;

use super::slack::{MIKA, TEAM, TUNING};
use super::{Answer, hmac_sha256, http_client};

pub const SIGNING_SECRET: &str = "a signing secret for tests only";

/// `/tune …`, as one person typed it in one channel.
#[derive(Debug, Clone)]
pub struct SlashCommand {
    pub text: String,
    pub channel: (String, String),
    pub user: (String, String),
    /// Unique for each time that a person sends a command.
    pub trigger_id: String,
    /// Where words for that person alone are posted.
    pub response_url: String,
}

impl SlashCommand {
    /// By `mika` in `#tuning`. The trigger id comes from the text, so give another one to send the same text twice.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            channel: (TUNING.to_owned(), "tuning".to_owned()),
            user: (MIKA.to_owned(), "mika".to_owned()),
            // Nobody is there: what is said by it is lost.
            response_url: "http://127.0.0.1:9/commands/T0ACME0001/1234/5678".to_owned(),
            trigger_id: format!("1334522460.738474920.{}", &hmac_sha256("trigger", &[text.as_bytes()])[..32]),
        }
    }

    pub fn by(mut self, id: &str, name: &str) -> Self {
        self.user = (id.to_owned(), name.to_owned());
        self
    }

    pub fn in_channel(mut self, id: &str, name: &str) -> Self {
        self.channel = (id.to_owned(), name.to_owned());
        self
    }

    /// The same person types the same again.
    pub fn again(mut self, time: u32) -> Self {
        self.trigger_id = format!("{}.{time}", self.trigger_id);
        self
    }

    /// The form that Slack posts.
    pub fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("token", "gIkuvaNzQIHg97ATvDxqgjtO")
            .append_pair("team_id", TEAM)
            .append_pair("team_domain", "acme")
            .append_pair("channel_id", &self.channel.0)
            .append_pair("channel_name", &self.channel.1)
            .append_pair("user_id", &self.user.0)
            .append_pair("user_name", &self.user.1)
            .append_pair("command", "/tune")
            .append_pair("text", &self.text)
            .append_pair("api_app_id", "A0TUNEBOT1")
            .append_pair("is_enterprise_install", "false")
            .append_pair("response_url", &self.response_url)
            .append_pair("trigger_id", &self.trigger_id)
            .finish()
    }
}

/// Sends commands to a server.
pub struct SlackClient {
    secret: String,
}

impl SlackClient {
    pub fn new() -> Self {
        Self { secret: SIGNING_SECRET.to_owned() }
    }

    /// Signs with another secret: an old one, or a wrong one.
    pub fn with_secret(secret: &str) -> Self {
        Self { secret: secret.to_owned() }
    }

    /// Posts a command to `/webhooks/slack/commands`, signed now. The answer is what only the asker sees.
    pub async fn send(&self, server: &str, command: &SlashCommand) -> Answer {
        self.send_at(server, command, Timestamp::now()).await
    }

    /// Posts a command that was signed at another time.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn send_at(&self, server: &str, command: &SlashCommand, signed_at: Timestamp) -> Answer {
        self.try_send_at(server, command, signed_at).await.expect("the server answers a command")
    }

    /// As [`Self::send`], where the server may be killed meanwhile.
    ///
    /// # Errors
    /// There was no whole answer.
    pub async fn try_send(&self, server: &str, command: &SlashCommand) -> Result<Answer, reqwest::Error> {
        self.try_send_at(server, command, Timestamp::now()).await
    }

    async fn try_send_at(&self, server: &str, command: &SlashCommand, at: Timestamp) -> Result<Answer, reqwest::Error> {
        self.post(&format!("{server}/webhooks/slack/commands"), FORM, command.body(), at).await
    }

    /// Tells of a click or of a form that was sent.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn interact(&self, server: &str, payload: &serde_json::Value) -> Answer {
        let body =
            form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
        let url = format!("{server}/webhooks/slack/interactions");
        self.post(&url, FORM, body, Timestamp::now()).await.expect("the server answers an interaction")
    }

    /// Tells of an event.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn tell(&self, server: &str, event: &serde_json::Value) -> Answer {
        let url = format!("{server}/webhooks/slack/events");
        let told = self.post(&url, "application/json", event.to_string(), Timestamp::now()).await;
        told.expect("the server answers an event")
    }

    async fn post(&self, url: &str, kind: &str, body: String, at: Timestamp) -> Result<Answer, reqwest::Error> {
        let timestamp = at.as_second().to_string();
        let response = http_client()
            .post(url)
            .header("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
            .header("content-type", kind)
            .header("x-slack-request-timestamp", &timestamp)
            .header("x-slack-signature", signature(&self.secret, &timestamp, &body))
            .body(body)
            .send()
            .await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: response.text().await? })
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// What `X-Slack-Signature` says.
pub fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    format!("v0={}", hmac_sha256(secret, &[b"v0:", timestamp.as_bytes(), b":", body.as_bytes()]))
}
