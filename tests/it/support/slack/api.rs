//! The methods of the Web API.

use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::arguments::Arguments;
use super::workspace::{Author, Channel, Edition, Message, Workspace, to_json};
use super::{BOT_USER, TEAM, blocks, files, groups, metadata, scopes, text};

/// What can be called, and so what faults can be injected for.
pub const METHODS: [&str; 15] = [
    "auth.test",
    "chat.postMessage",
    "chat.update",
    "chat.postEphemeral",
    "conversations.history",
    "conversations.replies",
    "users.info",
    "views.open",
    "views.update",
    "apps.connections.open",
    "conversations.info",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
    "usergroups.list",
    "usergroups.users.list",
];

pub struct Call<'a> {
    pub http: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    pub now: Instant,
}

/// Why a call is refused.
#[derive(Debug)]
pub enum Refusal {
    /// `ok: false` and a word.
    Error(&'static str),
    MissingScope {
        needed: &'static str,
        provided: String,
    },
    InvalidBlocks(Vec<String>),
    RateLimited {
        retry_after: u32,
    },
}

impl From<&'static str> for Refusal {
    fn from(word: &'static str) -> Self {
        Self::Error(word)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let json = match self {
            Self::Error(word) => json!({"ok": false, "error": word}),
            Self::MissingScope { needed, provided } => {
                json!({"ok": false, "error": "missing_scope", "needed": needed, "provided": provided})
            }
            Self::InvalidBlocks(breaches) => {
                let messages: Vec<String> = breaches.iter().map(|breach| format!("[ERROR] {breach}")).collect();
                json!({"ok": false, "error": "invalid_blocks", "errors": breaches,
                       "response_metadata": {"messages": messages}})
            }
            Self::RateLimited { retry_after } => return rate_limited(retry_after),
        };
        Json(json).into_response()
    }
}

fn rate_limited(retry_after: u32) -> Response {
    let header = [(header::RETRY_AFTER, retry_after.to_string())];
    (StatusCode::TOO_MANY_REQUESTS, header, Json(json!({"ok": false, "error": "ratelimited"}))).into_response()
}

/// An injected failure in Slack's words.
pub fn refuse(fault: &Fault) -> Response {
    match fault {
        Fault::RateLimited { retry_after } | Fault::Exhausted { reset_after: retry_after } => {
            rate_limited(*retry_after)
        }
        Fault::Status(status) => {
            let status = StatusCode::from_u16(*status).expect("a status");
            (status, "the service is having a bad day").into_response()
        }
        other => unreachable!("{other:?} is played out elsewhere"),
    }
}

/// Answers one call. Headers carry the scopes of the token, as the real answers do.
pub fn answer(workspace: &mut Workspace, name: &str, call: &Call<'_>) -> Response {
    let scopes = workspace.scopes.iter().cloned().collect::<Vec<_>>().join(",");
    let mut response = match dispatch(workspace, name, call) {
        Ok(mut json) => {
            json["ok"] = true.into();
            Json(json).into_response()
        }
        Err(refusal) => {
            workspace.violations += u32::from(matches!(refusal, Refusal::RateLimited { .. }));
            refusal.into_response()
        }
    };
    let headers = [("x-oauth-scopes", scopes), ("x-slack-req-id", "0123456789abcdef0123456789abcdef".to_owned())];
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::from_static(name), value.parse().expect("a header value"));
    }
    response
}

fn dispatch(workspace: &mut Workspace, name: &str, call: &Call<'_>) -> Result<Value, Refusal> {
    if call.http != Method::GET && call.http != Method::POST {
        return Err("method_not_supported_for_channel_type".into());
    }
    if !METHODS.contains(&name) {
        return Err("unknown_method".into());
    }
    let arguments = Arguments::read(call)?;
    authenticate(workspace, call, &arguments)?;
    let channel = arguments.text("channel");
    let is_private = channel.and_then(|id| workspace.channels.get(id)).is_some_and(|channel| channel.is_private);
    if let Some(scope) = scopes::needed(name, channel, is_private) {
        need_scope(workspace, scope)?;
    }
    let answer = perform(workspace, name, &arguments, call)?;
    workspace.sent.push((name.to_owned(), arguments.all()));
    Ok(answer)
}

fn perform(workspace: &mut Workspace, name: &str, arguments: &Arguments, call: &Call<'_>) -> Result<Value, Refusal> {
    match name {
        "auth.test" => Ok(json!({"url": "https://acme.slack.com/", "team": "Acme", "user": "tunebot", "team_id": TEAM,
                                 "user_id": BOT_USER, "bot_id": "B0TUNEBOT1", "is_enterprise_install": false})),
        "chat.postMessage" => post(workspace, arguments, call.now),
        "chat.update" => update(workspace, arguments, call.now),
        "chat.postEphemeral" => post_ephemeral(workspace, arguments),
        "users.info" => user(workspace, arguments),
        "views.open" => workspace.interactive.open(arguments).map_err(Refusal::Error),
        "views.update" => workspace.interactive.update(arguments).map_err(Refusal::Error),
        "conversations.history" => history(workspace, arguments, call.now),
        "conversations.replies" => replies(workspace, arguments, call.now),
        "conversations.info" => info(workspace, arguments),
        "usergroups.list" => Ok(groups::list(workspace)),
        "usergroups.users.list" => groups::members(workspace, arguments),
        "files.getUploadURLExternal" => {
            take_upload(workspace, "files.getUploadURLExternal", call.now)?;
            let host = call.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            files::address(workspace, arguments, host)
        }
        _ => {
            take_upload(workspace, "files.completeUploadExternal", call.now)?;
            files::complete(workspace, arguments, call.now)
        }
    }
}

fn authenticate(workspace: &Workspace, call: &Call<'_>, arguments: &Arguments) -> Result<(), Refusal> {
    let bearer = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = match bearer {
        Some(value) => Some(value.strip_prefix("Bearer ").ok_or("invalid_auth")?),
        None => arguments.text("token"),
    };
    match token {
        None => Err("not_authed".into()),
        Some(token) if token.is_empty() || token != workspace.token => Err("invalid_auth".into()),
        Some(_) => Ok(()),
    }
}

fn need_scope(workspace: &Workspace, needed: &'static str) -> Result<(), Refusal> {
    if workspace.scopes.contains(needed) {
        return Ok(());
    }
    let provided = workspace.scopes.iter().cloned().collect::<Vec<_>>().join(",");
    Err(Refusal::MissingScope { needed, provided })
}

fn take_upload(workspace: &mut Workspace, method: &'static str, now: Instant) -> Result<(), Refusal> {
    let limit = workspace.limits.uploads;
    let calls = workspace.file_calls.entry(method).or_default();
    calls.take(limit, now).map_err(|retry_after| Refusal::RateLimited { retry_after })
}

/// A public channel is seen by all, a private one by its members.
fn info(workspace: &Workspace, arguments: &Arguments) -> Result<Value, Refusal> {
    let channel = arguments.text("channel").and_then(|id| workspace.channels.get(id)).ok_or("channel_not_found")?;
    if channel.is_private && !channel.bot_is_member {
        return Err("channel_not_found".into());
    }
    Ok(json!({"channel": {"id": channel.id, "name": channel.name, "is_channel": true, "is_private": channel.is_private,
                          "is_member": channel.bot_is_member, "is_archived": channel.is_archived}}))
}

/// The channel that `argument` names, if the bot may see it and is in it.
pub fn need_channel<'a>(
    workspace: &'a mut Workspace,
    arguments: &Arguments,
    argument: &str,
) -> Result<&'a mut Channel, Refusal> {
    let id = arguments.text(argument).ok_or("channel_not_found")?;
    let channel = workspace.channels.get_mut(id).ok_or("channel_not_found")?;
    match (channel.bot_is_member, channel.is_private) {
        (true, _) => Ok(channel),
        (false, true) => Err("channel_not_found".into()),
        (false, false) => Err("not_in_channel".into()),
    }
}

/// As [`need_channel`]; with `chat:write.public` a public channel is written to without being in it.
fn need_writable<'a>(workspace: &'a mut Workspace, arguments: &Arguments) -> Result<&'a mut Channel, Refusal> {
    let named = arguments.text("channel").and_then(|id| workspace.channels.get(id));
    match named.filter(|channel| !channel.is_private).map(|channel| channel.id.clone()) {
        Some(id) if workspace.scopes.contains("chat:write.public") => Ok(workspace.channel_mut(&id)),
        _ => need_channel(workspace, arguments, "channel"),
    }
}

/// The content of a message to post or to edit; `None` where the call leaves a part out.
struct Content {
    text: Option<String>,
    blocks: Option<Vec<Value>>,
    metadata: Option<Value>,
}

impl Content {
    fn read(arguments: &Arguments, text_limit: usize) -> Result<Self, Refusal> {
        let blocks = match arguments.structure("blocks") {
            Err(_) => return Err("invalid_blocks_format".into()),
            Ok(None) => None,
            Ok(Some(value)) => Some(blocks::check(&value).map_err(Refusal::InvalidBlocks)?),
        };
        let metadata = arguments.structure("metadata").map_err(|_| "invalid_metadata_format")?;
        metadata.as_ref().map_or(Ok(()), metadata::check)?;
        let text = arguments.text("text").map(str::to_owned);
        if text.is_none() && blocks.as_ref().is_none_or(Vec::is_empty) {
            return Err("no_text".into());
        }
        if text.as_ref().is_some_and(|text| text.chars().count() > text_limit) {
            return Err("msg_too_long".into());
        }
        if blocks.as_ref().is_some_and(|blocks| blocks.iter().map(blocks::text_length).sum::<usize>() > 13_200) {
            return Err("msg_blocks_too_long".into());
        }
        Ok(Self { text, blocks, metadata })
    }
}

fn post(workspace: &mut Workspace, arguments: &Arguments, now: Instant) -> Result<Value, Refusal> {
    let limit = workspace.limits.posts;
    let channel = need_writable(workspace, arguments)?;
    channel.posts.take(limit, now).map_err(|retry_after| Refusal::RateLimited { retry_after })?;
    if channel.is_archived {
        return Err("is_archived".into());
    }
    let content = Content::read(arguments, 40_000)?;
    let thread_ts = arguments.text("thread_ts").map(str::to_owned);
    if let Some(ts) = &thread_ts {
        let parent = channel.messages.iter().find(|message| message.ts == *ts).ok_or("thread_not_found")?;
        if parent.thread_ts.is_some() {
            return Err("cannot_reply_to_message".into());
        }
    }
    let id = channel.id.clone();
    let ts = workspace.next_ts();
    let edition = Edition {
        text: content.text.unwrap_or_default(),
        blocks: content.blocks.unwrap_or_default(),
        metadata: content.metadata.filter(has_content),
    };
    let message =
        Message { ts: ts.clone(), author: Author::App, thread_ts, editions: vec![edition], files: Vec::new() };
    let channel = workspace.channel_mut(&id);
    channel.messages.push(message);
    let json = channel.messages.last().map(|message| to_json(channel, message, true));
    Ok(json!({"channel": id, "ts": ts, "message": json}))
}

/// An empty object stands for "no metadata".
fn has_content(metadata: &Value) -> bool {
    metadata.as_object().is_some_and(|object| !object.is_empty())
}

/// What the call leaves out of metadata, and of blocks when it gives no text, stays as it was.
fn update(workspace: &mut Workspace, arguments: &Arguments, now: Instant) -> Result<Value, Refusal> {
    let limit = workspace.limits.updates;
    workspace.updates.take(limit, now).map_err(|retry_after| Refusal::RateLimited { retry_after })?;
    let channel = need_writable(workspace, arguments)?;
    let content = Content::read(arguments, 4_000)?;
    let ts = arguments.text("ts").ok_or("message_not_found")?;
    let message = channel.messages.iter_mut().find(|message| message.ts == ts).ok_or("message_not_found")?;
    if message.author != Author::App {
        return Err("cant_update_message".into());
    }
    let before = message.now().clone();
    message.editions.push(Edition {
        blocks: content.blocks.unwrap_or(if content.text.is_some() { Vec::new() } else { before.blocks }),
        text: content.text.unwrap_or(before.text),
        metadata: content.metadata.map_or(before.metadata, |metadata| Some(metadata).filter(has_content)),
    });
    let (text, message) = (message.now().text.clone(), message.clone());
    Ok(json!({"channel": channel.id, "ts": ts, "text": text, "message": to_json(channel, &message, true)}))
}

fn user(workspace: &Workspace, arguments: &Arguments) -> Result<Value, Refusal> {
    let id = arguments.text("user").unwrap_or_default();
    let name = workspace.people.get(id).ok_or("user_not_found")?;
    Ok(json!({"user": {"id": id, "team_id": TEAM, "name": name, "is_bot": false}}))
}

fn post_ephemeral(workspace: &mut Workspace, arguments: &Arguments) -> Result<Value, Refusal> {
    let user = arguments.text("user").ok_or("user_not_in_channel")?.to_owned();
    if !workspace.people.contains_key(&user) {
        return Err("user_not_in_channel".into());
    }
    let content = Content::read(arguments, 40_000)?;
    let id = need_channel(workspace, arguments, "channel")?.id.clone();
    let edition =
        Edition { text: content.text.unwrap_or_default(), blocks: content.blocks.unwrap_or_default(), metadata: None };
    let shown = text::show(workspace, &edition);
    workspace.channel_mut(&id).ephemeral.push((user, shown));
    Ok(json!({"message_ts": workspace.next_ts()}))
}

/// Newest first, without the replies of threads.
fn history(workspace: &mut Workspace, arguments: &Arguments, now: Instant) -> Result<Value, Refusal> {
    let channel = readable(workspace, arguments, now)?;
    let messages = channel.messages.iter().rev().filter(|message| message.thread_ts.is_none());
    page(channel, messages.collect(), arguments)
}

/// The message that `ts` names, then its replies, oldest first.
fn replies(workspace: &mut Workspace, arguments: &Arguments, now: Instant) -> Result<Value, Refusal> {
    let channel = readable(workspace, arguments, now)?;
    let ts = arguments.text("ts").ok_or("thread_not_found")?;
    let named = channel.messages.iter().find(|message| message.ts == ts).ok_or("thread_not_found")?;
    let parent = named.thread_ts.as_deref().unwrap_or(ts);
    let is_in_thread = |message: &&Message| message.ts == parent || message.thread_ts.as_deref() == Some(parent);
    page(channel, channel.messages.iter().filter(is_in_thread).collect(), arguments)
}

fn readable<'a>(workspace: &'a mut Workspace, arguments: &Arguments, now: Instant) -> Result<&'a Channel, Refusal> {
    let limit = workspace.limits.reads;
    workspace.reads.take(limit, now).map_err(|retry_after| Refusal::RateLimited { retry_after })?;
    need_channel(workspace, arguments, "channel").map(|channel| &*channel)
}

/// The part between `oldest` and `latest`, `limit` messages at a time; the cursor is the place of the next one.
fn page(channel: &Channel, messages: Vec<&Message>, arguments: &Arguments) -> Result<Value, Refusal> {
    let inclusive = arguments.flag("inclusive");
    let within = |message: &&&Message| {
        let ts = message.ts.as_str();
        let after = arguments.text("oldest").is_none_or(|oldest| before(oldest, ts) || inclusive && oldest == ts);
        let until = arguments.text("latest").is_none_or(|latest| before(ts, latest) || inclusive && latest == ts);
        after && until
    };
    let limit = arguments.number("limit").unwrap_or(100).clamp(1, 999);
    let start = match arguments.text("cursor") {
        None => 0,
        Some(cursor) => cursor.strip_prefix("next:").and_then(|n| n.parse().ok()).ok_or("invalid_cursor")?,
    };
    let wanted: Vec<&Message> = messages.iter().filter(within).copied().collect();
    let with_metadata = arguments.flag("include_all_metadata");
    let shown: Vec<Value> =
        wanted.iter().skip(start).take(limit).map(|message| to_json(channel, message, with_metadata)).collect();
    let has_more = start + shown.len() < wanted.len();
    let next = if has_more { format!("next:{}", start + shown.len()) } else { String::new() };
    Ok(json!({"messages": shown, "has_more": has_more, "response_metadata": {"next_cursor": next}}))
}

/// Compares two `ts`, which may be written with or without decimals.
fn before(left: &str, right: &str) -> bool {
    let seconds = |ts: &str| ts.parse::<f64>().unwrap_or(f64::NAN);
    seconds(left) < seconds(right)
}
