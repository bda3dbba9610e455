//! The Slack client: posts a message once and edits it from then on.
//!
//! Every message carries its slot in its metadata, so that one whose receipt was lost is found again in the history of its
//! channel or thread. Answers of Slack are read leniently: only what is used has to be there.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;
use slack_morphism::prelude::{
    SlackApiChatPostMessageRequest, SlackApiChatUpdateRequest, SlackMessageContent, SlackMessageMetadata,
};

use crate::domain::effect::{Content, Receipt};
use crate::domain::sweep::Destination;
use crate::notify::links::Links;
use crate::notify::{Delivery, Notifier, NotifyError};

use super::api::{Api, SlackSettings, SlackSetupError, refused};
use super::blocks::{self, Message};
use super::pace::Limit;
use super::{errors, files, history};

/// `event_type` of the metadata of our messages.
pub(super) const EVENT_TYPE: &str = "tunebot_message";
/// How far Slack's clock and ours may be apart.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_mins(10);
const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

pub struct SlackNotifier {
    api: Api,
    links: Links,
}

impl SlackNotifier {
    /// # Errors
    /// The system has no root certificates.
    pub fn new(settings: SlackSettings, links: Links) -> Result<Self, SlackSetupError> {
        Ok(Self { api: Api::new(settings)?, links })
    }

    fn message(&self, content: &Content, mention: Option<&str>) -> Message {
        match content {
            Content::Sweep(report) => blocks::sweep(report, &self.links.of(report)),
            Content::Closing(report) => blocks::closing(report, mention),
            Content::Detail(detail) => blocks::detail(detail),
            Content::Charts(report) => blocks::charts(report),
            Content::Preview(preview) => blocks::preview(preview),
            Content::Answer { text } => blocks::answer(text),
            // It is for GitHub; here it would be a line in words.
            Content::Fork(notice) => blocks::answer(&format!("A fork's commit `{}` waits.", notice.sha.short())),
            // Only comments on GitHub get one.
            Content::Reaction { reaction, .. } => blocks::answer(reaction.name()),
        }
    }

    async fn post(&self, place: &Place<'_>, content: SlackMessageContent) -> Result<Receipt, NotifyError> {
        let mut request = SlackApiChatPostMessageRequest::new(place.channel.into(), content)
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        request.thread_ts = place.thread.map(Into::into);
        let answer = self.api.post::<_, Posted>(POST, place.channel, &request).await?;
        let posted = answer.map_err(refused(POST, place.channel))?;
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
        match self.api.post::<_, Posted>(UPDATE, channel, &request).await? {
            Ok(_) => Ok(Some(Receipt::Slack { channel: channel.to_owned(), ts: ts.to_owned() })),
            Err(error) if errors::is_gone(&error) => Ok(None),
            Err(error) => Err(errors::classify(UPDATE, channel, &error)),
        }
    }

    /// Looks for the message of `slot`, newest first, leaving out the one that is known to be `gone`.
    async fn find(&self, place: &Place<'_>, slot: &str, gone: Option<&str>) -> Result<Option<String>, NotifyError> {
        let is_ours = |message: &history::Message| message.is_of(slot) && Some(message.ts.as_str()) != gone;
        Ok(history::find(&self.api, place, is_ours).await?.map(|message| message.ts))
    }

    async fn share(&self, delivery: &Delivery<'_>, place: &Place<'_>) -> Result<Receipt, NotifyError> {
        let pictures = &delivery.supplement.pictures;
        let mut calls = files::calls(place.channel, pictures.len());
        if delivery.perhaps_sent {
            calls.extend(history::calls(place));
        }
        self.api.admit(&delivery.notification.slot, &calls)?;
        if delivery.perhaps_sent
            && let Some(receipt) = files::find(&self.api, place, pictures).await?
        {
            return Ok(receipt);
        }
        let comment = self.message(&delivery.notification.content, None).text;
        files::share(&self.api, place, pictures, &comment).await
    }

    /// An edition of a message that was taken before, or perhaps taken; `None`: there is none to be found.
    async fn renew(
        &self,
        delivery: &Delivery<'_>,
        place: &Place<'_>,
        message: &SlackMessageContent,
    ) -> Result<Option<Receipt>, NotifyError> {
        let notification = delivery.notification;
        let mut gone = None;
        if let Some(Receipt::Slack { channel, ts }) = delivery.receipt {
            if let Some(receipt) = self.edit((channel, ts), message.clone()).await? {
                return Ok(Some(receipt));
            }
            gone = Some(ts.as_str());
            // That it has to be looked for, and posted anew, was not foreseen.
            self.api.count("conversations.history", place.channel);
            self.api.count(POST, place.channel);
        }
        if !delivery.perhaps_sent && gone.is_none() {
            return Ok(None);
        }
        let Some(ts) = self.find(place, &notification.slot, gone).await? else {
            return Ok(None);
        };
        if !is_edited(&notification.content) {
            return Ok(Some(Receipt::Slack { channel: place.channel.to_owned(), ts }));
        }
        self.api.count(UPDATE, place.channel);
        self.edit((place.channel, &ts), message.clone()).await
    }
}

#[async_trait]
impl Notifier for SlackNotifier {
    async fn deliver(&self, delivery: Delivery<'_>) -> Result<Receipt, NotifyError> {
        let notification = delivery.notification;
        let Destination::Slack { channel, thread, mention } = &notification.destination else {
            return Err(NotifyError::Permanent { message: "a message for GitHub came to Slack".to_owned() });
        };
        if let Some(receipt) = delivery.receipt.filter(|_| !is_edited(&notification.content)) {
            return Ok(receipt.clone());
        }
        let place = Place { channel, thread: thread.as_deref(), oldest: oldest(&notification.content) };
        if matches!(notification.content, Content::Charts(_)) {
            return self.share(&delivery, &place).await;
        }
        self.api.admit(&notification.slot, &calls(&delivery, &place))?;
        let message = content(&notification.slot, self.message(&notification.content, mention.as_deref()));
        match self.renew(&delivery, &place, &message).await? {
            Some(receipt) => Ok(receipt),
            None => self.post(&place, message).await,
        }
    }
}

/// What a delivery is going to call, as far as can be foreseen.
fn calls(delivery: &Delivery<'_>, place: &Place<'_>) -> Vec<(Limit, u32)> {
    let posts = (Limit::Posts(place.channel.to_owned()), 1);
    match delivery.receipt {
        Some(_) => vec![(Limit::Method(UPDATE), 1)],
        None if delivery.perhaps_sent => [history::calls(place), vec![posts]].concat(),
        None => vec![posts],
    }
}

fn is_edited(content: &Content) -> bool {
    matches!(content, Content::Sweep(_) | Content::Preview(_))
}

/// Where a message goes, and since when it may have been there.
pub(super) struct Place<'a> {
    pub channel: &'a str,
    pub thread: Option<&'a str>,
    /// As Slack writes instants: seconds, a point and six digits.
    pub oldest: Option<String>,
}

#[derive(Deserialize)]
struct Posted {
    channel: Option<String>,
    ts: Option<String>,
}

fn content(slot: &str, message: Message) -> SlackMessageContent {
    let payload = HashMap::from([("slot".to_owned(), slot.to_owned())]);
    let metadata = SlackMessageMetadata::new(EVENT_TYPE.to_owned()).with_event_payload(payload);
    SlackMessageContent::new().with_text(message.text).with_blocks(message.blocks).with_metadata(metadata)
}

/// A message about a sweep is not older than the sweep.
fn oldest(content: &Content) -> Option<String> {
    let created_at = match content {
        Content::Sweep(report) | Content::Closing(report) | Content::Charts(report) => report.created_at,
        Content::Detail(detail) => detail.created_at,
        Content::Preview(preview) => preview.asked_at,
        Content::Answer { .. } | Content::Fork(_) | Content::Reaction { .. } => return None,
    };
    let earliest = created_at.checked_sub(CLOCK_MARGIN).ok()?;
    Some(format!("{}.000000", earliest.as_second()))
}

#[cfg(test)]
mod tests;
