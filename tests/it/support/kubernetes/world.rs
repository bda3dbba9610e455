//! What the cluster stores: objects, and the log of their changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::argo::Automatic;
use super::resources::Resource;
use super::{NAMESPACE, TOKEN};

/// (plural of the resource, namespace, name): the order of lists.
pub type Key = (&'static str, String, String);

pub struct World {
    pub token: String,
    pub namespaces: BTreeSet<String>,
    /// (verb, plural) that the service account has no right to.
    pub denied: BTreeSet<(String, String)>,
    /// Watches that are open.
    pub watches: usize,
    /// Rises by each change of anything.
    pub version: u64,
    /// What is older cannot be listed or watched from any more.
    pub oldest: u64,
    /// How often [`super::FakeCluster::close_watches`] was called.
    pub(super) closings: u64,
    /// Up to which version bookmarks are to be sent.
    pub(super) bookmark: u64,
    pub(super) automatic: Option<Automatic>,
    objects: BTreeMap<Key, Arc<Value>>,
    log: Vec<Change>,
}

/// One change of one object.
#[derive(Clone)]
pub struct Change {
    pub version: u64,
    pub key: Key,
    pub before: Option<Arc<Value>>,
    /// None: it was deleted.
    pub after: Option<Arc<Value>>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            token: TOKEN.to_owned(),
            namespaces: BTreeSet::from([NAMESPACE.to_owned()]),
            denied: BTreeSet::new(),
            watches: 0,
            // Real clusters are past such a number when the first user comes.
            version: 1_000,
            oldest: 1_000,
            closings: 0,
            bookmark: 0,
            automatic: None,
            objects: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// Objects of a resource in all namespaces, in the order of their names.
    pub fn objects(&self, plural: &str) -> impl Iterator<Item = &Arc<Value>> {
        self.objects.iter().filter(move |(key, _)| key.0 == plural).map(|(_, object)| object)
    }

    /// Names of a resource's objects in all namespaces.
    pub fn names(&self, plural: &str) -> Vec<String> {
        self.objects.keys().filter(|key| key.0 == plural).map(|key| key.2.clone()).collect()
    }

    /// The workflow of that name in [`NAMESPACE`].
    pub fn workflow(&self, name: &str) -> Option<&Value> {
        self.get(&("workflows", NAMESPACE.to_owned(), name.to_owned())).map(Arc::as_ref)
    }

    /// The objects of a resource as they were at a version, by (namespace, name).
    pub(super) fn at(&self, resource: &Resource, version: u64) -> BTreeMap<Key, Arc<Value>> {
        let current = self.objects.iter().filter(|(key, _)| key.0 == resource.plural);
        let mut objects: BTreeMap<Key, Arc<Value>> =
            current.map(|(key, object)| (key.clone(), object.clone())).collect();
        let later = self.log.iter().rev().take_while(|change| change.version > version);
        for change in later.filter(|change| change.key.0 == resource.plural) {
            match &change.before {
                Some(before) => objects.insert(change.key.clone(), before.clone()),
                None => objects.remove(&change.key),
            };
        }
        objects
    }

    /// Changes after a version, oldest first.
    pub(super) fn since(&self, version: u64) -> &[Change] {
        let start = self.log.partition_point(|change| change.version <= version);
        &self.log[start..]
    }

    /// Writes an object, which gets the next version.
    pub(super) fn store(&mut self, key: Key, mut object: Value) -> Arc<Value> {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        let after = Arc::new(object);
        let before = self.objects.insert(key.clone(), after.clone());
        self.log.push(Change { version: self.version, key, before, after: Some(after.clone()) });
        after
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        self.version += 1;
        self.log.push(Change { version: self.version, key: key.clone(), before: Some(before.clone()), after: None });
        Some(before)
    }

    /// A uid that no other object has.
    pub(super) fn next_uid(&self) -> String {
        format!("5f0c9a7e-0000-4000-8000-{:012x}", self.version + 1)
    }

    /// Watches and lists that start from now or before are too old: something else has changed since. Watches that are
    /// open go on, so the log stays.
    pub(super) fn expire(&mut self) {
        self.version += 1;
        self.oldest = self.version;
    }
}

/// As the API server writes times.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
