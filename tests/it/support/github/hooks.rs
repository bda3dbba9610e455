//! Deliveries as GitHub remembers them: who was sent what and what came of it, and sending it again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::form_urlencoded;

use super::access::Caller;
use super::answer::{Outcome, Refusal};
use super::api::{Call, Operation};
use super::deliveries::Delivery;
use super::world::World;
use super::{Core, INSTALLATION, WEBHOOK_SECRET, shapes};

/// The id of the webhook of every repository, and of the App.
const HOOK: u64 = 292_430_182;
/// GitHub forgets deliveries after three days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(72);

/// One attempt to deliver something.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub id: u64,
    pub delivery: Delivery,
    pub at: Timestamp,
    pub is_redelivery: bool,
    /// 0 when nothing answered.
    pub status: u16,
}

/// The webhook that is set up on GitHub.
#[derive(Default)]
pub struct Hooks {
    /// Where it posts to; without one it posts to nobody.
    pub(super) server: Option<String>,
    pub attempts: Vec<Attempt>,
    pub(super) outgoing: Option<mpsc::UnboundedSender<Delivery>>,
}

impl World {
    /// Remembers an attempt that was made just now.
    pub(super) fn note_attempt(&mut self, delivery: &Delivery, status: u16, is_redelivery: bool) {
        let id = self.next_id();
        let attempt = Attempt { id, delivery: delivery.clone(), at: Timestamp::now(), is_redelivery, status };
        self.hooks.attempts.push(attempt);
    }
}

/// Sends again what is asked for, as GitHub does it: in its own time, and to wherever the webhook points then.
pub(super) async fn send_again(core: Arc<Core>, mut outgoing: mpsc::UnboundedReceiver<Delivery>) {
    while let Some(delivery) = outgoing.recv().await {
        let server = core.world.read(|world| world.hooks.server.clone());
        let status = match server {
            Some(server) => delivery.try_send(&server, WEBHOOK_SECRET).await.map_or(0, |answer| answer.status),
            None => 0,
        };
        core.world.write(|world| world.note_attempt(&delivery, status, true));
    }
}

/// The webhook of a repository; only who administers it may see it.
pub fn of_repository(world: &World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    need_admin(world, caller, operation.repository())?;
    let server = world.hooks.server.as_deref().unwrap_or("http://127.0.0.1:1");
    let url = format!("{}/repos/{}/hooks/{HOOK}", world.api_url, operation.repository());
    Ok(Outcome::List(vec![json!({
        "type": "Repository", "id": HOOK, "name": "web", "active": true, "events": ["push", "pull_request"],
        "config": {"url": format!("{server}/webhooks/github"), "content_type": "json", "insecure_ssl": "0"},
        "updated_at": "2019-05-15T15:19:25Z", "created_at": "2019-05-15T15:19:25Z", "url": url,
        "test_url": format!("{url}/test"), "ping_url": format!("{url}/pings"),
        "deliveries_url": format!("{url}/deliveries"), "last_response": {"code": null, "status": "unused", "message": null},
    })]))
}

fn need_admin(world: &World, caller: &Caller, full_name: &str) -> Result<(), Refusal> {
    caller.need(world, full_name, "repository_hooks", "read")?;
    match caller {
        Caller::Person(login) => {
            let role = world.repository(full_name).collaborators.get(login).map(String::as_str);
            (role == Some("admin")).then_some(()).ok_or(Refusal::NotFound)
        }
        _ => Ok(()),
    }
}

fn need_hook(world: &World, caller: &Caller, operation: &Operation) -> Result<(), Refusal> {
    match operation.repository() {
        "" => caller.need_app_itself(),
        repository => need_admin(world, caller, repository),
    }
}

/// Attempts, the newest first, a page from a cursor on.
pub fn list(world: &World, caller: &Caller, operation: &Operation, call: &Call<'_>) -> Result<Outcome, Refusal> {
    need_hook(world, caller, operation)?;
    let size = call.query("per_page").and_then(|text| text.parse().ok()).unwrap_or(30_usize).clamp(1, 100);
    let before: u64 = match call.query("cursor") {
        Some(cursor) => {
            let id = cursor.strip_prefix("v1_").and_then(|id| id.parse().ok());
            id.ok_or_else(|| Refusal::Invalid(format!("Invalid cursor: {cursor}")))?
        }
        None => u64::MAX,
    };
    let since = Timestamp::now() - REMEMBERED;
    let newest_first = world.hooks.attempts.iter().rev();
    let mut found: Vec<&Attempt> =
        newest_first.filter(|attempt| attempt.id < before && attempt.at >= since).take(size + 1).collect();
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|last| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("per_page", &size.to_string())
            .append_pair("cursor", &format!("v1_{}", last.id))
            .finish();
        format!("<{}{}?{query}>; rel=\"next\"", world.api_url, call.uri.path())
    });
    Ok(Outcome::Linked(found.into_iter().map(shape).collect(), next))
}

fn shape(attempt: &Attempt) -> Value {
    let payload: Value = serde_json::from_slice(&attempt.delivery.body).unwrap_or_default();
    let status = match attempt.status {
        0 => "failed to connect to host".to_owned(),
        200..=299 => "OK".to_owned(),
        other => format!("Invalid HTTP Response: {other}"),
    };
    json!({
        "id": attempt.id, "guid": attempt.delivery.id, "delivered_at": shapes::time(attempt.at),
        "redelivery": attempt.is_redelivery, "duration": 0.03, "status": status, "status_code": attempt.status,
        "event": attempt.delivery.event, "action": payload["action"], "installation_id": INSTALLATION,
        "repository_id": payload["repository"]["id"], "throttled_at": null,
    })
}

/// Takes the wish to send something again: it is done later.
pub fn redeliver(world: &World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    need_hook(world, caller, operation)?;
    let id = operation.number()?;
    let attempt = world.hooks.attempts.iter().find(|attempt| attempt.id == id).ok_or(Refusal::NotFound)?;
    if let Some(outgoing) = &world.hooks.outgoing {
        outgoing.send(attempt.delivery.clone()).expect("the sender lives as long as the fake");
    }
    Ok(Outcome::Accepted(json!({})))
}

/// The repositories that an installation has.
pub fn repositories(world: &World, caller: &Caller) -> Result<Outcome, Refusal> {
    let Caller::Installation { repositories, .. } = caller else {
        return Err(Refusal::Forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    let is_seen = |name: &str| repositories.as_ref().is_none_or(|names| names.contains(name));
    let seen = world.repositories.values().filter(|r| r.owner() == "acme" && is_seen(r.name()));
    Ok(Outcome::Counted("repositories", seen.map(|repository| shapes::repository(world, repository)).collect()))
}
