//! Looks for a message of ours whose receipt was lost, in its channel or thread.
//!
//! Answers are read leniently: other apps put what they like into their messages.

use serde::Deserialize;

use crate::notify::NotifyError;

use super::api::{Api, refused};
use super::client::{EVENT_TYPE, Place};
use super::pace::Limit;

/// Messages a page of history, and pages that are looked through.
const PAGE: &str = "200";
const MOST_PAGES: usize = 10;

/// The first page of a search; further ones are rare, and counted as they come.
pub(super) fn calls(place: &Place<'_>) -> Vec<(Limit, u32)> {
    vec![(Limit::Method(method(place)), 1)]
}

fn method(place: &Place<'_>) -> &'static str {
    if place.thread.is_some() { "conversations.replies" } else { "conversations.history" }
}

/// The first message that `is_wanted`; of a channel the newest is the first.
pub(super) async fn find(
    api: &Api,
    place: &Place<'_>,
    is_wanted: impl Fn(&Message) -> bool,
) -> Result<Option<Message>, NotifyError> {
    let method = method(place);
    let mut parameters = vec![
        ("channel", place.channel.to_owned()),
        ("include_all_metadata", "true".to_owned()),
        ("limit", PAGE.to_owned()),
    ];
    parameters.extend(place.thread.map(|thread| ("ts", thread.to_owned())));
    parameters.extend(place.oldest.clone().map(|oldest| ("oldest", oldest)));
    let mut cursor: Option<String> = None;
    for page in 0..MOST_PAGES {
        if page > 0 {
            api.count(method, place.channel);
        }
        let mut parameters = parameters.clone();
        parameters.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page = api.get::<Page>(method, place.channel, &parameters).await?;
        let page = page.map_err(refused(method, place.channel))?;
        if let Some(found) = page.messages.into_iter().find(&is_wanted) {
            return Ok(Some(found));
        }
        cursor = page.response_metadata.and_then(|metadata| metadata.next_cursor).filter(|text| !text.is_empty());
        if cursor.is_none() {
            break;
        }
    }
    Ok(None)
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    messages: Vec<Message>,
    response_metadata: Option<Cursor>,
}

#[derive(Deserialize)]
struct Cursor {
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub ts: String,
    metadata: Option<Metadata>,
    #[serde(default)]
    pub files: Vec<File>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    event_payload: serde_json::Value,
}

#[derive(Deserialize)]
pub(super) struct File {
    #[serde(default)]
    pub id: String,
    pub name: Option<String>,
}

impl Message {
    pub fn is_of(&self, slot: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| {
            metadata.event_type == EVENT_TYPE
                && metadata.event_payload.get("slot").and_then(|s| s.as_str()) == Some(slot)
        })
    }
}
