//! A fake GitHub: the REST API on loopback, and the webhooks that it sends.
//!
//! Repositories have branches, commits, pull requests, comments, check runs and statuses. People change them by verbs
//! ([`Repo`]), which also give the webhook [`Delivery`] that GitHub would send for it. The API refuses what GitHub
//! refuses: bad tokens and signatures, things that are not there or not visible, check runs by anybody but an App, fields
//! that are too long, too many writes.
//!
//! Source: GitHub's pages of the REST API and its description in OpenAPI, and its example payloads of webhooks.

mod access;
mod answer;
mod api;
mod checks;
mod code;
mod comments;
mod deliveries;
pub mod hooks;
mod proposals;
pub mod repo;
mod shapes;
mod spoken;
mod teams;
mod text;
pub mod world;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use api::OPERATIONS;
pub use deliveries::Delivery;
use repo::Repo;
use world::World;

use super::Answer;
use super::fault::{Fault, Faults, Gate, perform};
use super::watched::Watched;
use super::wire::{Served, Wire, serve_on};

pub const APP_ID: u64 = 29_310;
pub const APP_SLUG: &str = "tunebot";
/// The App is installed for `acme`, in all its repositories.
pub const INSTALLATION: u64 = 4_711;
pub const WEBHOOK_SECRET: &str = "a webhook secret for tests only";
/// A personal token of the user `robot`.
pub const PLAIN_TOKEN: &str = "ghp_tunebotForTestsOnly0000000000000001";
/// The App's private key, as GitHub hands it out.
pub const APP_KEY: &str = include_str!("../../../fixtures/test-app-key.pem");
const APP_PUBLIC_KEY: &str = include_str!("../../../fixtures/test-app-key.pub.pem");

pub struct FakeGithub {
    core: Arc<Core>,
    served: Served,
    sender: JoinHandle<()>,
}

struct Core {
    world: Watched<World>,
    faults: Faults,
    record: spoken::Record,
}

impl FakeGithub {
    /// With the App installed, and no repository yet.
    pub async fn start() -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST).await
    }

    /// On an address where pods reach it.
    pub async fn start_on(address: Ipv4Addr) -> Self {
        let core = Arc::new(Core {
            world: Watched::new(World::new()),
            faults: Faults::default(),
            record: spoken::Record::default(),
        });
        let served = serve_on(address, Router::new().fallback(answer).with_state(core.clone())).await;
        let (outgoing, again) = mpsc::unbounded_channel();
        core.world.write(|world| {
            world.api_url = format!("http://{}", served.address);
            world.hooks.outgoing = Some(outgoing);
        });
        let sender = tokio::spawn(hooks::send_again(core.clone(), again));
        Self { core, served, sender }
    }

    /// What the configuration calls `github.api_url`, without a slash at the end.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.served.address)
    }

    /// Makes `owner/name`, public, with one commit on `main`, or gives it when it is there.
    pub fn repository(&self, full_name: &str) -> Repo<'_> {
        self.core.world.write(|world| world.make_repository(full_name));
        Repo::new(self, full_name)
    }

    /// Makes a team `org/slug` of these people; whoever is named after `pending:` is invited only.
    pub fn team(&self, name: &str, members: &[&str]) {
        self.write(|world| teams::make(world, name, members));
    }

    /// GitHub's greeting to a new webhook.
    pub fn ping(&self) -> Delivery {
        self.core.world.write(deliveries::ping)
    }

    /// Posts a delivery to tunebot, signed with [`WEBHOOK_SECRET`]. Again is a redelivery: it keeps its id.
    pub async fn deliver(&self, server: &str, delivery: &Delivery) -> Answer {
        let answer = delivery.send(server, WEBHOOK_SECRET).await;
        self.write(|world| world.note_attempt(delivery, answer.status, false));
        answer
    }

    /// Tries to deliver while nobody answers.
    pub fn deliver_in_vain(&self, delivery: &Delivery) {
        self.write(|world| world.note_attempt(delivery, 0, false));
    }

    /// Where the webhook points, for redeliveries.
    pub fn point_webhook_to(&self, server: &str) {
        self.write(|world| world.hooks.server = Some(server.to_owned()));
    }

    /// The next call of `operation` fails with `fault`; several queue up. `*` is any operation.
    ///
    /// # Panics
    /// There is no such operation.
    pub fn inject(&self, operation: &str, fault: Fault) {
        assert!(operation == "*" || OPERATIONS.contains(&operation), "{operation} is none of {OPERATIONS:?}");
        self.core.faults.add(operation, fault);
    }

    /// Holds the next call of `operation` before its effect.
    pub fn hold_before(&self, operation: &str) -> Gate {
        let gate = Gate::default();
        self.inject(operation, Fault::HoldBefore(gate.clone()));
        gate
    }

    /// Holds the next call of `operation` after its effect, before its answer.
    pub fn hold_after(&self, operation: &str) -> Gate {
        let gate = Gate::default();
        self.inject(operation, Fault::HoldAfter(gate.clone()));
        gate
    }

    /// Injected faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.core.faults.left()
    }

    /// How often `operation` was called, refused calls too.
    pub fn calls(&self, operation: &str) -> usize {
        self.core.faults.count(operation)
    }

    /// All calls and their answers, but those that met an injected fault: `{method, path, query, request, status, answer}`.
    pub fn spoken(&self) -> Vec<serde_json::Value> {
        self.core.record.read()
    }

    /// Waits until `operation` was called so often.
    ///
    /// # Panics
    /// In vain.
    pub async fn wait_for_calls(&self, operation: &str, times: usize) {
        self.wait_for(&format!("{times} calls of {operation}"), |_| (self.calls(operation) >= times).then_some(()))
            .await;
    }

    /// Comments, checks and statuses that may be written in a minute; GitHub's own figure is the 80 of the beginning.
    pub fn limit_content_writes(&self, per_minute: u32) {
        self.core.world.write(|world| world.content_per_minute = per_minute);
    }

    /// Every installation token expires at once, as it does after an hour.
    pub fn expire_installation_tokens(&self) {
        self.core.world.write(|world| world.expire_tokens());
    }

    /// Takes a permission (`checks`, `issues`, `pull_requests`, `contents`, `statuses`, `metadata`) from the installation.
    pub fn revoke_permission(&self, name: &str) {
        self.core.world.write(|world| world.permissions.remove(name));
    }

    pub fn read<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        self.core.world.read(look)
    }

    /// Waits until `find` finds something in the world.
    ///
    /// # Panics
    /// In vain; the panic shows all pull requests and check runs.
    pub async fn wait_for<R>(&self, what: &str, find: impl FnMut(&World) -> Option<R>) -> R {
        self.core.world.wait_for(what, find, text::render_all).await
    }

    fn write<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.core.world.write(change)
    }
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        self.sender.abort();
    }
}

async fn answer(
    State(core): State<Arc<Core>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = api::Call { method: &method, uri: &uri, headers: &headers, body: &body, now: Instant::now() };
    let operation = api::Operation::parse(&method, uri.path());
    let fault = operation.as_ref().and_then(|operation| core.faults.meet(operation.name()));
    let is_itself = fault.is_none();
    let act = || core.world.write(|world| api::answer(world, operation.as_ref(), &call));
    let response = perform(fault, &wire, answer::refuse, act).await;
    if is_itself { core.record.keep((method, uri, body), response).await } else { response }
}
