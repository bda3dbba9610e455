//! The calls of Slack's Web API that answer a person who is waiting: forms, words for one person, names; and the one that
//! opens a connection of Socket Mode.
//!
//! Nothing here is tried again: who waits would not wait for that. Messages that must not be lost go by the outbox.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::SlackSettings;
use crate::notify::causes;

/// Slack itself waits no longer than three seconds for us.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a call did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// Slack's word for it, as `expired_trigger_id`, and what it says besides.
    #[error("Slack refused {method} with {code}{detail}")]
    Refused { method: &'static str, code: String, detail: String },
    #[error("Slack takes no more {method} for the moment")]
    Limited { method: &'static str, after: Option<Duration> },
    #[error("Slack could not be reached for {method}: {cause}")]
    Away { method: &'static str, cause: String },
}

pub struct SlackWeb {
    client: reqwest::Client,
    api_url: Url,
    bot_token: SecretString,
}

impl SlackWeb {
    /// # Errors
    /// The system has no root certificates.
    pub fn new(settings: SlackSettings) -> Result<Self, reqwest::Error> {
        // As the client that posts messages: straight to Slack.
        let client = reqwest::Client::builder().no_proxy().timeout(CALL_TIMEOUT).build()?;
        Ok(Self { client, api_url: settings.api_url, bot_token: settings.bot_token })
    }

    /// Shows a form to whoever gave `trigger`, within three seconds after they did.
    ///
    /// # Errors
    /// [`WebError`]
    pub async fn open_view(&self, trigger: &str, view: &Value) -> Result<(), WebError> {
        let arguments = json!({"trigger_id": trigger, "view": view});
        self.call("views.open", &self.bot_token, &arguments).await.map(drop)
    }

    /// Puts another form in the place of one, if it is still in the edition that `hash` names.
    ///
    /// # Errors
    /// [`WebError`]
    pub async fn update_view(&self, id: &str, hash: &str, view: &Value) -> Result<(), WebError> {
        let arguments = match hash {
            "" => json!({"view_id": id, "view": view}),
            hash => json!({"view_id": id, "hash": hash, "view": view}),
        };
        self.call("views.update", &self.bot_token, &arguments).await.map(drop)
    }

    /// The name that a person goes by in commands.
    ///
    /// # Errors
    /// [`WebError`]; the app may lack the scope `users:read`.
    pub async fn user_name(&self, user: &str) -> Result<String, WebError> {
        let (_, answer) = self.look("users.info", &[("user", user)]).await?;
        Ok(answer["user"]["name"].as_str().unwrap_or_default().to_owned())
    }

    /// Who is in a user group.
    ///
    /// # Errors
    /// [`WebError`]; the app may lack the scope `usergroups:read`.
    pub async fn group_members(&self, group: &str) -> Result<BTreeSet<String>, WebError> {
        let (_, answer) = self.look("usergroups.users.list", &[("usergroup", group)]).await?;
        let users = answer["users"].as_array().into_iter().flatten();
        Ok(users.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Says something to the person alone whom `response_url` belongs to; what they clicked on stays as it is.
    ///
    /// # Errors
    /// [`WebError`]
    pub async fn whisper(&self, response_url: &str, text: &str) -> Result<(), WebError> {
        let method = "response_url";
        let message = json!({"response_type": "ephemeral", "replace_original": false, "text": text});
        let response =
            self.client.post(response_url).json(&message).send().await.map_err(|error| away(method, error))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => {
                Err(WebError::Refused { method, code: format!("HTTP {}", status.as_u16()), detail: String::new() })
            }
        }
    }

    /// An address for one connection of Socket Mode; it holds a secret.
    ///
    /// # Errors
    /// [`WebError`]
    pub async fn open_connection(&self, app_token: &SecretString) -> Result<String, WebError> {
        let method = "apps.connections.open";
        let answer = self.call(method, app_token, &json!({})).await?;
        match answer["url"].as_str() {
            Some(url) => Ok(url.to_owned()),
            None => Err(WebError::Away { method, cause: "the answer names no address".to_owned() }),
        }
    }

    /// A call that changes nothing, and the headers of its answer.
    pub(super) async fn look(
        &self,
        method: &'static str,
        arguments: &[(&str, &str)],
    ) -> Result<(HeaderMap, Value), WebError> {
        tracing::debug!(method, "calling Slack");
        let request = self.client.get(self.address(method)).query(arguments);
        send(method, request.bearer_auth(self.bot_token.expose_secret())).await
    }

    async fn call(&self, method: &'static str, token: &SecretString, arguments: &Value) -> Result<Value, WebError> {
        tracing::debug!(method, "calling Slack");
        let request = self.client.post(self.address(method)).bearer_auth(token.expose_secret()).json(arguments);
        send(method, request).await.map(|(_, answer)| answer)
    }

    fn address(&self, method: &str) -> String {
        format!("{}/{method}", self.api_url.as_str().trim_end_matches('/'))
    }
}

async fn send(method: &'static str, request: reqwest::RequestBuilder) -> Result<(HeaderMap, Value), WebError> {
    let response = request.send().await.map_err(|error| away(method, error))?;
    if response.status() == reqwest::StatusCode::TOO_MANY_REQUESTS {
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        return Err(WebError::Limited { method, after: after.map(Duration::from_secs) });
    }
    if !response.status().is_success() {
        return Err(WebError::Away { method, cause: format!("HTTP {}", response.status().as_u16()) });
    }
    let headers = response.headers().clone();
    let answer: Value = response.json().await.map_err(|error| away(method, error))?;
    if answer["ok"] == true {
        return Ok((headers, answer));
    }
    let code = answer["error"].as_str().unwrap_or("unknown_error").to_owned();
    let messages = answer["response_metadata"]["messages"].as_array().into_iter().flatten().chain([&answer["needed"]]);
    let detail: Vec<&str> = messages.filter_map(Value::as_str).collect();
    let detail = if detail.is_empty() { String::new() } else { format!(" ({})", detail.join("; ")) };
    Err(WebError::Refused { method, code, detail })
}

fn away(method: &'static str, error: reqwest::Error) -> WebError {
    // The address of a connection or of an answer is a secret.
    WebError::Away { method, cause: causes(&error.without_url()) }
}
