//! A fake Kubernetes: an API server on loopback, with the CRDs of Argo Workflows. The test plays Argo's controller.
//!
//! It stores objects, keeps a log of their changes for watches, and refuses what the real server refuses, in its words: a
//! wrong token, a missing right, names and labels that are none, what is there already, what has changed meanwhile, what
//! is too old to go on from. [`argo`] has the verbs that change a workflow as the controller does.
//!
//! What it has not: server-side apply, JSON patches and updates by PUT (405 and 415 say so), YAML and protobuf, the schema
//! of the CRDs beyond their required fields, `managedFields`, tables, garbage collection of owned objects. Anonymous
//! callers get 401, as where anonymous access is off.
//!
//! Sources: the Kubernetes API's concepts and conventions, Argo's types, and what an API server of version 1.34 with
//! Argo's CRDs answered to the same requests.

mod api;
pub mod argo;
mod discovery;
mod names;
mod nodes;
mod read;
mod request;
pub mod resources;
mod rights;
mod secret;
mod selector;
mod status;
mod watch;
pub mod world;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::watch as channel;

pub use argo::{Argo, Outcome};
use resources::{RESOURCES, Resource};
use world::{Key, World, now};

use super::fault::{Fault, Faults, Gate, perform};
use super::watched::Watched;
use super::wire::{Port, Served, Wire, serve_at};

/// The token of the service account; every other one is refused.
pub const TOKEN: &str = "a service account token for tests only";
pub const USER: &str = "system:serviceaccount:tunebot:tunebot";
/// The namespace that is there from the beginning, with a Role for the service account.
pub const NAMESPACE: &str = "ml";

pub struct FakeCluster {
    core: Arc<Core>,
    port: Port,
    served: Mutex<Option<Served>>,
    folder: tempfile::TempDir,
}

struct Core {
    world: Watched<World>,
    faults: Faults,
    /// Wakes the watches.
    changes: channel::Sender<u64>,
}

impl Core {
    fn write<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        let result = self.world.write(change);
        self.changes.send_modify(|count| *count += 1);
        result
    }
}

impl FakeCluster {
    pub async fn start() -> Self {
        let world = Watched::new(World::new());
        let core = Arc::new(Core { world, faults: Faults::default(), changes: channel::Sender::new(0) });
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = Self { core, port: Port::reserve(), served: Mutex::new(None), folder };
        cluster.come_back();
        cluster
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.port.address)
    }

    /// A kubeconfig file for this cluster, which is there as long as the fake.
    pub fn kubeconfig(&self) -> PathBuf {
        let path = self.folder.path().join("kubeconfig");
        let url = self.url();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: fake\n\
             clusters:\n- name: fake\n  cluster:\n    server: {url}\n\
             users:\n- name: tunebot\n  user:\n    token: {TOKEN}\n\
             contexts:\n- name: fake\n  context:\n    cluster: fake\n    user: tunebot\n    namespace: {NAMESPACE}\n"
        );
        std::fs::write(&path, text).expect("a kubeconfig");
        path
    }

    /// Argo's controller.
    pub fn argo(&self) -> Argo<'_> {
        Argo::new(self)
    }

    /// Makes or replaces an object, past all rights and checks: as an administrator, or another program.
    ///
    /// # Panics
    /// The fake has no such kind.
    pub fn put(&self, object: Value) {
        self.core.write(|world| put(world, object));
    }

    /// Deletes an object past all rights.
    ///
    /// # Panics
    /// There is no such object.
    pub fn remove(&self, plural: &str, name: &str) {
        let resource = Resource::named(plural);
        let namespace = if resource.is_namespaced { NAMESPACE } else { "" };
        let key: Key = (resource.plural, namespace.to_owned(), name.to_owned());
        assert!(self.core.write(|world| world.remove(&key)).is_some(), "no {name} among the {plural}");
    }

    /// Another namespace, in which the service account has the same rights.
    pub fn add_namespace(&self, name: &str) {
        self.core.write(|world| world.namespaces.insert(name.to_owned()));
    }

    /// Takes a right away: `create`, `workflows`.
    pub fn deny(&self, verb: &str, plural: &str) {
        let right = (verb.to_owned(), Resource::named(plural).plural.to_owned());
        self.core.write(|world| world.denied.insert(right));
    }

    /// Gives a right back.
    pub fn allow(&self, verb: &str, plural: &str) {
        self.core.write(|world| world.denied.remove(&(verb.to_owned(), plural.to_owned())));
    }

    /// The service account's token is no longer valid.
    pub fn revoke_token(&self) {
        self.core.write(|world| world.token.clear());
    }

    /// It is valid again.
    pub fn restore_token(&self) {
        self.core.write(|world| TOKEN.clone_into(&mut world.token));
    }

    /// The next request with this verb for this resource meets `fault`; several queue up.
    ///
    /// # Panics
    /// No request can be such a one.
    pub fn inject(&self, verb: &str, plural: &str, fault: Fault) {
        let resource = Resource::named(plural);
        assert!(resource.verbs.contains(&verb), "{plural} have none of {verb} but {:?}", resource.verbs);
        self.core.faults.add(&format!("{verb} {plural}"), fault);
    }

    /// The next `times` requests with this verb for this resource meet `fault`.
    pub fn inject_times(&self, times: usize, verb: &str, plural: &str, fault: &Fault) {
        for _ in 0..times {
            self.inject(verb, plural, fault.clone());
        }
    }

    /// Holds the next such request before its effect.
    pub fn hold_before(&self, verb: &str, plural: &str) -> Gate {
        let gate = Gate::default();
        self.inject(verb, plural, Fault::HoldBefore(gate.clone()));
        gate
    }

    /// Holds the next such request after its effect, before its answer.
    pub fn hold_after(&self, verb: &str, plural: &str) -> Gate {
        let gate = Gate::default();
        self.inject(verb, plural, Fault::HoldAfter(gate.clone()));
        gate
    }

    /// Injected faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.core.faults.left()
    }

    /// How many such requests there were, refused ones too.
    pub fn requests(&self, verb: &str, plural: &str) -> usize {
        self.core.faults.count(&format!("{verb} {plural}"))
    }

    /// Ends all watches in order, as the server does every half hour or so.
    pub fn close_watches(&self) {
        self.core.write(|world| world.closings += 1);
    }

    /// Something else changes, and all that was before is forgotten: who goes on from there gets a 410. Watches that are
    /// open stay so.
    pub fn expire_watch_window(&self) {
        self.core.write(World::expire);
    }

    /// Tells all watches that want it how far they are.
    pub fn send_bookmarks(&self) {
        self.core.write(|world| world.bookmark = world.version);
    }

    /// Every connection breaks, watches too. New ones are welcome.
    pub fn break_connections(&self) {
        if let Some(served) = lock(&self.served).as_ref() {
            served.break_connections();
        }
    }

    /// Every connection breaks and new ones are refused, until it comes back.
    pub async fn go_away(&self) {
        let served = lock(&self.served).take();
        if let Some(served) = served {
            served.stop().await;
        }
    }

    /// Listens again, at the same address. All objects are still there.
    ///
    /// # Panics
    /// It is not away.
    pub fn come_back(&self) {
        let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(self.core.clone());
        let before = lock(&self.served).replace(serve_at(self.port.listen(), router));
        assert!(before.is_none(), "the cluster was not away");
    }

    pub fn read<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        self.core.world.read(look)
    }

    /// The workflow of that name.
    ///
    /// # Panics
    /// There is none.
    pub fn workflow(&self, name: &str) -> Value {
        let found = self.read(|world| world.workflow(name).cloned());
        found.unwrap_or_else(|| panic!("no workflow {name} in\n{}", self.read(show)))
    }

    /// Names of all objects of a resource.
    pub fn names(&self, plural: &str) -> Vec<String> {
        self.read(|world| world.names(plural))
    }

    /// Waits until `find` finds something.
    ///
    /// # Panics
    /// In vain; the panic shows all objects.
    pub async fn wait_for<R>(&self, what: &str, find: impl FnMut(&World) -> Option<R>) -> R {
        self.core.world.wait_for(what, find, show).await
    }

    /// Waits until so many watches are open.
    ///
    /// # Panics
    /// In vain.
    pub async fn wait_for_watches(&self, count: usize) {
        self.wait_for(&format!("{count} watches"), |world| (world.watches == count).then_some(())).await;
    }

    /// Waits for a workflow.
    ///
    /// # Panics
    /// In vain.
    pub async fn wait_for_workflow(&self, name: &str) -> Value {
        self.wait_for(&format!("the workflow {name}"), |world| world.workflow(name).cloned()).await
    }
}

/// Stores an object as it is, with what the server adds, and without a status of its own if it had none.
fn put(world: &mut World, mut object: Value) -> Key {
    let resource = Resource::of_kind(object["kind"].as_str().unwrap_or_default());
    let metadata = &mut object["metadata"];
    if resource.is_namespaced && metadata["namespace"].is_null() {
        metadata["namespace"] = NAMESPACE.into();
    }
    if metadata["uid"].is_null() {
        metadata["uid"] = world.next_uid().into();
    }
    if metadata["creationTimestamp"].is_null() {
        metadata["creationTimestamp"] = now().into();
    }
    let field = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
    let key: Key = (resource.plural, field("namespace"), field("name"));
    world.store(key.clone(), object);
    key
}

/// What is in the cluster, for people.
fn show(world: &World) -> String {
    let mut lines = vec![format!("{} watches, version {}", world.watches, world.version)];
    for resource in &RESOURCES {
        for object in world.objects(resource.plural) {
            let (name, labels) = (&object["metadata"]["name"], &object["metadata"]["labels"]);
            let (phase, shutdown) = (&object["status"]["phase"], &object["spec"]["shutdown"]);
            lines.push(format!("{} {name} phase {phase} shutdown {shutdown} {labels}", resource.kind));
        }
    }
    lines.join("\n")
}

async fn answer(
    State(core): State<Arc<Core>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    if let Some(page) = discovery::page(uri.path()) {
        return status::json_response(StatusCode::OK, &page);
    }
    let body = request::Body { headers: &headers, bytes: &bytes };
    let Some(target) = request::Target::parse(&method, &uri) else {
        let refused = core.world.read(|world| rights::need_token(world, &headers));
        return refused.map_or_else(IntoResponse::into_response, |()| status::no_such_page());
    };
    let fault = core.faults.meet(&target.call());
    perform(fault, &wire, status::refuse, || core.write(|world| api::answer(&core, world, &target, &body))).await
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
