//! Files by the upload in steps: an address, the content, the completion.

use std::time::Instant;

use axum::body::Bytes;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::api::{Refusal, need_channel};
use super::arguments::Arguments;
use super::workspace::{Author, Edition, File, Message, Workspace};

/// What the address of an upload begins with, after the host.
pub const UPLOADS: &str = "/upload/v1/";

/// `files.getUploadURLExternal`. `host` is where this Slack listens.
pub fn address(workspace: &mut Workspace, arguments: &Arguments, host: &str) -> Result<Value, Refusal> {
    let name = arguments.text("filename").ok_or("invalid_arguments")?.to_owned();
    let length = arguments.number("length").filter(|length| *length > 0).ok_or("invalid_arguments")?;
    let description = arguments.text("alt_txt").unwrap_or_default().to_owned();
    if description.chars().count() > 1_000 {
        return Err("alt_txt_too_large".into());
    }
    let id = format!("F0FILE{:04}", workspace.files.len() + 1);
    let file = File { name, length, description, content: None, is_complete: false };
    workspace.files.insert(id.clone(), file);
    Ok(json!({"file_id": id, "upload_url": format!("http://{host}{UPLOADS}{id}")}))
}

/// What is sent to the address: the whole content, once.
pub fn take(workspace: &mut Workspace, path: &str, http: &Method, body: &Bytes) -> Response {
    let file = path.strip_prefix(UPLOADS).and_then(|id| workspace.files.get_mut(id));
    match file {
        _ if http != Method::POST => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
        Some(file) if file.content.is_some() => (StatusCode::GONE, "already uploaded").into_response(),
        Some(file) if file.length != body.len() => (StatusCode::BAD_REQUEST, "length mismatch").into_response(),
        Some(file) => {
            file.content = Some(body.to_vec());
            format!("OK - {}", body.len()).into_response()
        }
    }
}

/// `files.completeUploadExternal`: all files in one message.
pub fn complete(workspace: &mut Workspace, arguments: &Arguments, _now: Instant) -> Result<Value, Refusal> {
    let files = arguments.structure("files").map_err(|_| "invalid_arguments")?;
    let files: Vec<Value> = files.and_then(|files| files.as_array().cloned()).ok_or("invalid_arguments")?;
    if files.is_empty() {
        return Err("invalid_arguments".into());
    }
    let mut ids = Vec::new();
    for file in &files {
        let id = file["id"].as_str().ok_or("invalid_arguments")?;
        let known = workspace.files.get(id).filter(|known| known.content.is_some() && !known.is_complete);
        known.ok_or("file_not_found")?;
        ids.push(id.to_owned());
    }
    let shown = ids.iter().zip(&files).map(|(id, file)| {
        let known = &workspace.files[id];
        json!({"id": id, "name": known.name, "title": file["title"].as_str().unwrap_or(&known.name), "size": known.length,
               "mimetype": "image/png", "filetype": "png", "alt_txt": known.description})
    });
    let shown: Vec<Value> = shown.collect();
    if arguments.text("channel_id").is_some() {
        post(workspace, arguments, shown)?;
    }
    for id in &ids {
        workspace.files.get_mut(id).expect("it was there").is_complete = true;
    }
    let answer: Vec<Value> = files.iter().map(|file| json!({"id": file["id"], "title": file["title"]})).collect();
    Ok(json!({"files": answer}))
}

fn post(workspace: &mut Workspace, arguments: &Arguments, files: Vec<Value>) -> Result<(), Refusal> {
    let channel = need_channel(workspace, arguments, "channel_id")?;
    if channel.is_archived {
        return Err("is_archived".into());
    }
    let thread_ts = arguments.text("thread_ts").map(str::to_owned);
    if let Some(ts) = &thread_ts {
        let parent = channel.messages.iter().find(|message| message.ts == *ts).ok_or("thread_not_found")?;
        if parent.thread_ts.is_some() {
            return Err("cannot_reply_to_message".into());
        }
    }
    let id = channel.id.clone();
    let text = arguments.text("initial_comment").unwrap_or_default().to_owned();
    let edition = Edition { text, ..Edition::default() };
    let ts = workspace.next_ts();
    let message = Message { ts, author: Author::App, thread_ts, editions: vec![edition], files };
    workspace.channel_mut(&id).messages.push(message);
    Ok(())
}
