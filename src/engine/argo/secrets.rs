//! The tokens of trials, in Secrets of their sweep: in the cluster before the workflow that needs them.
//!
//! Tokens that wait while a request is under way go together with the next one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::oneshot;

use super::connection::{Connected, Connection};
use super::fault::Fault;
use super::manifest::{self, names};
use crate::domain::ids::{AttemptId, SweepId};

#[derive(Default)]
pub struct Secrets {
    waiting: Mutex<Vec<Waiting>>,
    /// Held by whoever writes for all that wait.
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    attempt: AttemptId,
    token: SecretString,
    written: oneshot::Sender<Result<(), Fault>>,
}

impl Secrets {
    /// Returns once the token of `attempt` is in the cluster.
    ///
    /// # Errors
    /// [`Fault`]
    pub async fn put(
        &self,
        connection: &Connection,
        owner: &str,
        attempt: &AttemptId,
        token: &SecretString,
    ) -> Result<(), Fault> {
        let (written, answer) = oneshot::channel();
        self.waiting().push(Waiting { attempt: attempt.clone(), token: token.clone(), written });
        {
            let _turn = self.turn.lock().await;
            let all = std::mem::take(&mut *self.waiting());
            write_all(connection, owner, all).await;
        }
        // Whoever wrote for this one may have been interrupted.
        answer.await.unwrap_or_else(|_| Err(Fault::Away("the writing of the trial's token was interrupted".into())))
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write_all(connection: &Connection, owner: &str, all: Vec<Waiting>) {
    let mut by_secret: HashMap<String, Vec<Waiting>> = HashMap::new();
    for waiting in all {
        by_secret.entry(manifest::secret_name(owner, &waiting.attempt)).or_default().push(waiting);
    }
    let writing = by_secret.into_iter().map(|(name, tokens)| async move {
        let answer = write(connection, owner, &name, &tokens).await;
        for waiting in tokens {
            // Whoever asked may have lost patience.
            let _ = waiting.written.send(answer.clone());
        }
    });
    futures_util::future::join_all(writing).await;
}

/// Adds to the Secret, or makes it.
async fn write(connection: &Connection, owner: &str, name: &str, tokens: &[Waiting]) -> Result<(), Fault> {
    let Some(first) = tokens.first() else {
        return Ok(());
    };
    let data: BTreeMap<String, &str> =
        tokens.iter().map(|waiting| (waiting.attempt.to_string(), waiting.token.expose_secret())).collect();
    let patch = json!({"stringData": data});
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "labels": {(names::INSTANCE): owner, (names::SWEEP): first.attempt.sweep.as_str()},
        },
        "stringData": data,
    });
    // Most of the time the first attempt of a Secret comes before all others: there is nothing yet to add to.
    let begins = tokens.iter().any(|waiting| manifest::begins_secret(&waiting.attempt));
    if !begins {
        match add(connection, name, &patch).await {
            Err(Fault::NotFound(_)) => {}
            answer => return answer,
        }
    }
    match create(connection, secret).await {
        Err(Fault::Exists(_)) => add(connection, name, &patch).await,
        answer => answer,
    }
}

async fn add(connection: &Connection, name: &str, patch: &serde_json::Value) -> Result<(), Fault> {
    let request = |to: Connected| async move {
        secrets(to).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
    };
    connection.write(request).await
}

async fn create(connection: &Connection, secret: serde_json::Value) -> Result<(), Fault> {
    let secret: Secret = serde_json::from_value(secret).map_err(|error| Fault::Refused(error.to_string()))?;
    let request = |to: Connected| async move { secrets(to).create(&PostParams::default(), &secret).await.map(drop) };
    connection.write(request).await
}

/// Deletes all Secrets of a sweep.
///
/// # Errors
/// [`Fault`]
pub async fn release(connection: &Connection, owner: &str, sweep: &SweepId) -> Result<(), Fault> {
    let of_sweep = ListParams::default().labels(&format!("{}={owner},{}={sweep}", names::INSTANCE, names::SWEEP));
    let request = |to: Connected| async move {
        secrets(to).delete_collection(&DeleteParams::default(), &of_sweep).await.map(drop)
    };
    connection.write(request).await
}

fn secrets(to: Connected) -> Api<Secret> {
    Api::namespaced(to.client, &to.namespace)
}
