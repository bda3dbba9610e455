//! Pictures in a thread, by Slack's upload in steps: an address for each file, its content to there, and at the end one
//! message with all of them.
//!
//! A message with files has no metadata. One whose receipt was lost is found by the names of its files, which have the
//! sweep's id in them. Slack shows the files a moment after it took them; what is sent again comes later than that.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::effect::Receipt;
use crate::notify::{NotifyError, Picture};

use super::api::{Api, refused};
use super::client::Place;
use super::history;
use super::pace::Limit;

const ADDRESS: &str = "files.getUploadURLExternal";
const COMPLETE: &str = "files.completeUploadExternal";

/// The calls that sharing so many pictures takes.
pub(super) fn calls(channel: &str, pictures: usize) -> Vec<(Limit, u32)> {
    let addresses = u32::try_from(pictures).unwrap_or(u32::MAX);
    vec![
        (Limit::Method(ADDRESS), addresses),
        (Limit::Method(COMPLETE), 1),
        // The message with the files is one of the channel's.
        (Limit::Posts(channel.to_owned()), 1),
    ]
}

/// Uploads the pictures and shows them in one message with `comment` above.
pub(super) async fn share(
    api: &Api,
    place: &Place<'_>,
    pictures: &[Picture],
    comment: &str,
) -> Result<Receipt, NotifyError> {
    let mut files = Vec::with_capacity(pictures.len());
    for picture in pictures {
        files.push(Taken { id: upload(api, place, picture).await?, title: &picture.title });
    }
    let request = Share { files: &files, channel_id: place.channel, thread_ts: place.thread, initial_comment: comment };
    let answer = api.post::<_, Empty>(COMPLETE, place.channel, &request).await?;
    answer.map_err(refused(COMPLETE, place.channel))?;
    Ok(Receipt::SlackFiles { files: files.into_iter().map(|file| file.id).collect() })
}

/// Looks for the message with the pictures.
pub(super) async fn find(api: &Api, place: &Place<'_>, pictures: &[Picture]) -> Result<Option<Receipt>, NotifyError> {
    let is_ours = |name: &str| pictures.iter().any(|picture| picture.file_name == name);
    let found =
        history::find(api, place, |message| message.files.iter().any(|file| file.name.as_deref().is_some_and(is_ours)));
    let ids = |message: history::Message| message.files.into_iter().map(|file| file.id).collect();
    Ok(found.await?.map(|message| Receipt::SlackFiles { files: ids(message) }))
}

async fn upload(api: &Api, place: &Place<'_>, picture: &Picture) -> Result<String, NotifyError> {
    let parameters = [
        ("filename", picture.file_name.clone()),
        ("length", picture.bytes.len().to_string()),
        ("alt_txt", picture.description.clone()),
    ];
    let answer = api.get::<Address>(ADDRESS, place.channel, &parameters).await?;
    let address = answer.map_err(refused(ADDRESS, place.channel))?;
    api.upload(&address.upload_url, picture.bytes.clone()).await?;
    Ok(address.file_id)
}

#[derive(Deserialize)]
struct Address {
    upload_url: Url,
    file_id: String,
}

#[derive(Serialize)]
struct Taken<'a> {
    id: String,
    title: &'a str,
}

#[derive(Serialize)]
struct Share<'a> {
    files: &'a [Taken<'a>],
    channel_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    initial_comment: &'a str,
}

#[derive(Deserialize)]
struct Empty {}
