//! The Slack client: posts a message once and edits it from then on.
//!
//! Every message carries its slot in its metadata, so that one whose receipt was lost is found again in the history of its
//! channel or thread. Answers of Slack are read leniently: only what is used has to be there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{
    ClientResult, SlackApiChatPostMessageRequest, SlackApiChatUpdateRequest, SlackApiToken, SlackClient,
    SlackClientHyperConnector, SlackMessageContent, SlackMessageMetadata,
};
use url::Url;

use crate::domain::effect::{Content, Receipt};
use crate::domain::sweep::Destination;
use crate::notify::links::Links;
use crate::notify::{Delivery, Notifier, NotifyError};

use super::blocks::{self, Message};
use super::errors;

/// How long Slack may take for one call; it usually needs less than a second.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// `event_type` of the metadata of our messages.
const EVENT_TYPE: &str = "tunebot_message";
/// Messages a page of history, and pages that are looked through for one whose receipt was lost.
const PAGE: &str = "200";
const MOST_PAGES: usize = 10;
/// How far Slack's clock and ours may be apart.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_mins(10);

pub struct SlackSettings {
    /// Usually `https://slack.com/api`.
    pub api_url: Url,
    pub bot_token: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum SlackSetupError {
    #[error("no root certificates for HTTPS were found on this system (install ca-certificates): {0}")]
    RootCertificates(#[from] std::io::Error),
}

pub struct SlackNotifier {
    client: SlackClient<SlackClientHyperConnector<HttpsConnector<HttpConnector>>>,
    token: SecretString,
    links: Links,
    call_timeout: Duration,
}

impl SlackNotifier {
    /// # Errors
    /// The system has no root certificates.
    pub fn new(settings: SlackSettings, links: Links) -> Result<Self, SlackSetupError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(Arc::new(provider))?
            .https_or_http()
            .enable_http1()
            .build();
        let api_url = settings.api_url.as_str().trim_end_matches('/');
        let connector = SlackClientHyperConnector::with_connector(connector).with_slack_api_url(api_url);
        Ok(Self { client: SlackClient::new(connector), token: settings.bot_token, links, call_timeout: CALL_TIMEOUT })
    }

    fn message(&self, content: &Content, mention: Option<&str>) -> Message {
        match content {
            Content::Sweep(report) => blocks::sweep(report, &self.links.of(report)),
            Content::Closing(report) => blocks::closing(report, mention),
            Content::Detail(detail) => blocks::detail(detail),
            Content::Answer { text } => blocks::answer(text),
            // It is for GitHub; here it would be a line in words.
            Content::Fork(notice) => blocks::answer(&format!("A fork's commit `{}` waits.", notice.sha.short())),
        }
    }

    async fn post(&self, place: Place<'_>, content: SlackMessageContent) -> Result<Receipt, NotifyError> {
        let mut request = SlackApiChatPostMessageRequest::new(place.channel.into(), content)
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        request.thread_ts = place.thread.map(Into::into);
        let method = "chat.postMessage";
        let posted: Posted = self.call(method, place.channel, &request).await?.map_err(place.refused(method))?;
        let ts = posted.ts.ok_or_else(|| NotifyError::Transient {
            message: "Slack took a message but did not say which one it is".to_owned(),
            after: None,
        })?;
        Ok(Receipt::Slack { channel: posted.channel.unwrap_or_else(|| place.channel.to_owned()), ts })
    }

    /// None when the message is no longer there to be edited.
    async fn edit(
        &self,
        (channel, ts): (&str, &str),
        content: SlackMessageContent,
    ) -> Result<Option<Receipt>, NotifyError> {
        let request = SlackApiChatUpdateRequest::new(channel.into(), content, ts.into());
        match self.call::<_, Posted>("chat.update", channel, &request).await? {
            Ok(_) => Ok(Some(Receipt::Slack { channel: channel.to_owned(), ts: ts.to_owned() })),
            Err(error) if errors::is_gone(&error) => Ok(None),
            Err(error) => Err(errors::classify("chat.update", channel, &error)),
        }
    }

    /// Looks for the message of `slot`, newest first, leaving out the one that is known to be `gone`.
    async fn find(&self, place: Place<'_>, slot: &str, gone: Option<&str>) -> Result<Option<String>, NotifyError> {
        let (method, mut parameters) = match place.thread {
            Some(thread) => ("conversations.replies", vec![("ts", thread.to_owned())]),
            None => ("conversations.history", Vec::new()),
        };
        parameters.extend([
            ("channel", place.channel.to_owned()),
            ("include_all_metadata", "true".to_owned()),
            ("limit", PAGE.to_owned()),
        ]);
        parameters.extend(place.oldest.clone().map(|oldest| ("oldest", oldest)));
        let mut cursor = None;
        for _ in 0..MOST_PAGES {
            let page: History =
                self.read(method, &parameters, cursor.as_deref()).await?.map_err(place.refused(method))?;
            let ours = |message: &&Found| message.is_of(slot) && Some(message.ts.as_str()) != gone;
            if let Some(found) = page.messages.iter().find(ours) {
                return Ok(Some(found.ts.clone()));
            }
            cursor = page.response_metadata.and_then(|metadata| metadata.next_cursor).filter(|text| !text.is_empty());
            if cursor.is_none() {
                break;
            }
        }
        Ok(None)
    }

    async fn read(
        &self,
        method: &str,
        parameters: &[(&'static str, String)],
        cursor: Option<&str>,
    ) -> Result<ClientResult<History>, NotifyError> {
        let token = self.session_token();
        let session = self.client.open_session(&token);
        let mut all: Vec<(&str, Option<&str>)> =
            parameters.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
        all.push(("cursor", cursor));
        let call = session.http_session_api.http_get(method, &all, None);
        self.in_time(method, call).await
    }

    async fn call<Q: Serialize + Send + Sync, A: DeserializeOwned + Send>(
        &self,
        method: &str,
        channel: &str,
        request: &Q,
    ) -> Result<ClientResult<A>, NotifyError> {
        tracing::debug!(method, channel, "calling Slack");
        let token = self.session_token();
        let session = self.client.open_session(&token);
        let call = session.http_session_api.http_post(method, request, None);
        self.in_time(method, call).await
    }

    async fn in_time<A>(&self, method: &str, call: impl Future<Output = A>) -> Result<A, NotifyError> {
        tokio::time::timeout(self.call_timeout, call).await.map_err(|_| NotifyError::Transient {
            message: format!("Slack did not answer {method} within {} s", self.call_timeout.as_secs()),
            after: None,
        })
    }

    fn session_token(&self) -> SlackApiToken {
        SlackApiToken::new(self.token.expose_secret().to_owned().into())
    }
}

#[async_trait]
impl Notifier for SlackNotifier {
    async fn deliver(&self, delivery: Delivery<'_>) -> Result<Receipt, NotifyError> {
        let notification = delivery.notification;
        let Destination::Slack { channel, thread, mention } = &notification.destination else {
            return Err(NotifyError::Permanent { message: "a message for GitHub came to Slack".to_owned() });
        };
        let place = Place { channel, thread: thread.as_deref(), oldest: oldest(&notification.content) };
        let is_edited = matches!(notification.content, Content::Sweep(_));
        let message = content(&notification.slot, self.message(&notification.content, mention.as_deref()));
        let mut gone = None;
        if let Some(Receipt::Slack { channel, ts }) = delivery.receipt {
            if !is_edited {
                return Ok(Receipt::Slack { channel: channel.clone(), ts: ts.clone() });
            }
            if let Some(receipt) = self.edit((channel, ts), message.clone()).await? {
                return Ok(receipt);
            }
            gone = Some(ts.as_str());
        }
        if (delivery.perhaps_sent || gone.is_some())
            && let Some(ts) = self.find(place.clone(), &notification.slot, gone).await?
        {
            if !is_edited {
                return Ok(Receipt::Slack { channel: channel.clone(), ts });
            }
            if let Some(receipt) = self.edit((channel, &ts), message.clone()).await? {
                return Ok(receipt);
            }
        }
        self.post(place, message).await
    }
}

/// Where a message goes, and since when it may have been there.
#[derive(Clone)]
struct Place<'a> {
    channel: &'a str,
    thread: Option<&'a str>,
    /// As Slack writes instants: seconds, a point and six digits.
    oldest: Option<String>,
}

impl Place<'_> {
    fn refused(&self, method: &'static str) -> impl Fn(slack_morphism::errors::SlackClientError) -> NotifyError {
        let channel = self.channel.to_owned();
        move |error| errors::classify(method, &channel, &error)
    }
}

#[derive(Deserialize)]
struct Posted {
    channel: Option<String>,
    ts: Option<String>,
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    messages: Vec<Found>,
    response_metadata: Option<Cursor>,
}

#[derive(Deserialize)]
struct Cursor {
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    ts: String,
    metadata: Option<FoundMetadata>,
}

#[derive(Deserialize)]
struct FoundMetadata {
    #[serde(default)]
    event_type: String,
    /// Other apps put what they like here.
    #[serde(default)]
    event_payload: serde_json::Value,
}

impl Found {
    fn is_of(&self, slot: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| {
            metadata.event_type == EVENT_TYPE
                && metadata.event_payload.get("slot").and_then(|s| s.as_str()) == Some(slot)
        })
    }
}

fn content(slot: &str, message: Message) -> SlackMessageContent {
    let payload = HashMap::from([("slot".to_owned(), slot.to_owned())]);
    let metadata = SlackMessageMetadata::new(EVENT_TYPE.to_owned()).with_event_payload(payload);
    SlackMessageContent::new().with_text(message.text).with_blocks(message.blocks).with_metadata(metadata)
}

/// A message about a sweep is not older than the sweep.
fn oldest(content: &Content) -> Option<String> {
    let created_at = match content {
        Content::Sweep(report) | Content::Closing(report) => report.created_at,
        Content::Detail(detail) => detail.created_at,
        Content::Answer { .. } | Content::Fork(_) => return None,
    };
    let earliest = created_at.checked_sub(CLOCK_MARGIN).ok()?;
    Some(format!("{}.000000", earliest.as_second()))
}

#[cfg(test)]
mod tests;
