//! Watches: the log of changes as a stream of events, one JSON object a line.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use super::Core;
use super::read;
use super::request::Target;
use super::resources::Resource;
use super::selector::Selector;
use super::status::{FieldFault, Refusal};
use super::world::{Change, World};

/// Bytes that wait for a slow reader.
const BUFFER: usize = 64 * 1024;
/// How long a watch may last when the caller sets no end; the real server takes 30 to 60 minutes.
const LONGEST: Duration = Duration::from_secs(1_800);

/// One watch that is open.
struct Watch {
    core: Arc<Core>,
    resource: &'static Resource,
    namespace: Option<String>,
    selector: Selector,
    /// All changes up to here are told.
    version: u64,
    /// What [`World::closings`] said when it began.
    closings: u64,
    /// The newest bookmark that was sent; None when the caller wants none.
    bookmark: Option<u64>,
    until: Instant,
}

/// Begins a watch.
///
/// # Errors
/// The query is not right. That it is too old, the first event says.
pub fn watch(core: &Arc<Core>, world: &mut World, target: &Target) -> Result<Response, Refusal> {
    let (resource, query) = (target.resource, &target.query);
    let selector = Selector::parse(resource, query.text("labelSelector"), query.text("fieldSelector"))?;
    let is_asked_for = query.has("sendInitialEvents") && query.flag("sendInitialEvents");
    if is_asked_for != (query.text("resourceVersionMatch") == "NotOlderThan") {
        let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        let fault = FieldFault::forbidden("resourceVersionMatch", why);
        return Err(Refusal::invalid_kind("meta.k8s.io", "ListOptions", "", &[fault]));
    }
    let seconds = query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0);
    let version = read::version(query)?;
    // A watch from nowhere tells what there is, and, to those who know bookmarks, when that was all.
    let with_initial = is_asked_for || version.unwrap_or(0) == 0 && query.flag("allowWatchBookmarks");
    let from_version = version.filter(|version| *version > 0 && !with_initial);
    let mut first = Vec::new();
    if from_version.is_some_and(|version| version < world.oldest) {
        let (asked, oldest) = (version.unwrap_or(0), world.oldest);
        let expired = Refusal::expired(format!("too old resource version: {asked} ({oldest})"));
        return Ok(stream_of(vec![json!({"type": "ERROR", "object": expired.status()})]));
    }
    let watch = Watch {
        core: core.clone(),
        resource,
        namespace: target.namespace.clone(),
        selector,
        version: from_version.unwrap_or(world.version),
        closings: world.closings,
        bookmark: query.flag("allowWatchBookmarks").then_some(world.bookmark),
        until: Instant::now() + seconds.map_or(LONGEST, Duration::from_secs),
    };
    if from_version.is_none() {
        let objects = world.at(resource, world.version);
        let mine =
            objects.iter().filter(|(key, object)| watch.is_in_namespace(&key.1) && watch.selector.matches(object));
        first.extend(mine.map(|(_, object)| json!({"type": "ADDED", "object": **object})));
    }
    if with_initial {
        let mut mark = bookmark(resource, world.version);
        mark["object"]["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        first.push(mark);
    }
    world.watches += 1;
    let (writer, reader) = tokio::io::duplex(BUFFER);
    tokio::spawn(async move {
        let core = watch.core.clone();
        // The caller is gone: nobody is left to be told.
        let _ = watch.run(writer, first).await;
        core.write(|world| world.watches -= 1);
    });
    Ok(respond(Body::from_stream(ReaderStream::new(reader))))
}

impl Watch {
    async fn run(mut self, mut writer: DuplexStream, mut events: Vec<Value>) -> std::io::Result<()> {
        let core = self.core.clone();
        let mut changes = core.changes.subscribe();
        let mut nothing = [0];
        loop {
            for event in &events {
                writer.write_all(&line(event)).await?;
            }
            changes.borrow_and_update();
            let (is_closed, news) = core.world.read(|world| (world.closings > self.closings, self.news(world)));
            events = news;
            if is_closed {
                return Ok(());
            }
            if !events.is_empty() {
                continue;
            }
            tokio::select! {
                _ = changes.changed() => {}
                // The reader never writes: this ends when it is dropped.
                _ = writer.read(&mut nothing) => return Ok(()),
                () = tokio::time::sleep_until(self.until) => {
                    if self.bookmark.is_some() {
                        writer.write_all(&line(&bookmark(self.resource, self.version))).await?;
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Events that have not been told yet.
    fn news(&mut self, world: &World) -> Vec<Value> {
        let mut events: Vec<Value> = world.since(self.version).iter().filter_map(|change| self.event(change)).collect();
        self.version = self.version.max(world.version);
        if self.bookmark.is_some_and(|sent| sent < world.bookmark) {
            self.bookmark = Some(world.bookmark);
            events.push(bookmark(self.resource, self.version));
        }
        events
    }

    /// What a change is to this watch: an object that stops to match is gone, one that begins to is new.
    fn event(&self, change: &Change) -> Option<Value> {
        if change.key.0 != self.resource.plural || !self.is_in_namespace(&change.key.1) {
            return None;
        }
        let before = change.before.as_ref().filter(|object| self.selector.matches(object));
        let after = change.after.as_ref().filter(|object| self.selector.matches(object));
        match (before, after) {
            (None, None) => None,
            (None, Some(object)) => Some(json!({"type": "ADDED", "object": **object})),
            (Some(_), Some(object)) => Some(json!({"type": "MODIFIED", "object": **object})),
            (Some(object), None) => {
                // As it was, with the version of its end.
                let mut object = object.as_ref().clone();
                object["metadata"]["resourceVersion"] = change.version.to_string().into();
                Some(json!({"type": "DELETED", "object": object}))
            }
        }
    }

    fn is_in_namespace(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|wanted| wanted == namespace)
    }
}

fn bookmark(resource: &Resource, version: u64) -> Value {
    let metadata = json!({"resourceVersion": version.to_string()});
    let object = json!({"kind": resource.kind, "apiVersion": resource.api_version(), "metadata": metadata});
    json!({"type": "BOOKMARK", "object": object})
}

fn line(event: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec(event).expect("JSON can be written");
    text.push(b'\n');
    text
}

/// A watch that is over after these events.
fn stream_of(events: Vec<Value>) -> Response {
    respond(Body::from(events.iter().flat_map(line).collect::<Vec<u8>>()))
}

fn respond(body: Body) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
