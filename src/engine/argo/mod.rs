//! The engine `argo`: trials are workflows of Argo Workflows in a Kubernetes cluster.
//!
//! An attempt is a workflow of the attempt's name, so that there can be no second one: a launch that is repeated finds
//! the first one and looks whose it is. What a trial came to is read from its workflow at every change; once it is in the
//! store, the workflow is marked and not watched any longer. This module must not decide anything about sweeps.

mod access;
mod chores;
mod connection;
mod fault;
mod index;
mod inspect;
mod manifest;
mod nodes;
mod object;
mod outputs;
mod pace;
mod references;
pub mod rights;
mod secrets;
mod status;
mod template;
mod watch;
mod workflows;

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use self::chores::{Chore, Chores};
use self::connection::Connection;
use self::fault::Fault;
use self::index::Index;
use self::manifest::{Place, names};
use self::object::Workflow;
use self::references::References;
use self::secrets::Secrets;
use self::watch::Watch;
use super::{Engine, EngineError, Launch, Observation};
use crate::domain::ids::{AttemptId, EngineName, SweepId};
use crate::domain::tuning::{TrialTemplate, WorkflowTrial};

pub use self::connection::Access;
pub use self::inspect::Finding;

#[derive(Debug, Clone)]
pub struct ArgoEngineOptions {
    pub name: EngineName,
    pub access: Access,
    /// `None`: that of the context or of tunebot's own pod.
    pub namespace: Option<String>,
    pub service_account: Option<String>,
    pub controller_instance: Option<String>,
    pub writes_per_second: u32,
    /// Which tunebot this is: a valid label value, different for each store.
    pub owner: String,
}

pub struct ArgoEngine {
    shared: Shared,
    service_account: Option<String>,
    controller_instance: Option<String>,
    secrets: Secrets,
    references: References,
}

/// What the watch shares with the calls.
struct Shared {
    name: EngineName,
    owner: String,
    connection: Connection,
    index: Mutex<Index>,
    chores: Chores,
}

impl ArgoEngine {
    /// Reaches for nothing: the cluster may be away.
    pub fn new(options: ArgoEngineOptions) -> Self {
        let ArgoEngineOptions {
            name,
            access,
            namespace,
            service_account,
            controller_instance,
            writes_per_second,
            owner,
        } = options;
        let connection = Connection::new(access, namespace, writes_per_second);
        let shared = Shared { name, owner, connection, index: Mutex::default(), chores: Chores::default() };
        let (secrets, references) = (Secrets::default(), References::default());
        Self { shared, service_account, controller_instance, secrets, references }
    }

    fn connection(&self) -> &Connection {
        &self.shared.connection
    }

    fn index(&self) -> std::sync::MutexGuard<'_, Index> {
        self.shared.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn launch(&self, launch: &Launch) -> Result<(), Fault> {
        let TrialTemplate::Workflow(trial) = &launch.template else {
            let tuning = &launch.tuning;
            return Err(Fault::Refused(format!(
                "{tuning} runs a command, and engine {} runs workflows: give the tuning a `workflow`, or another engine",
                self.shared.name
            )));
        };
        let manifest = self.manifest(launch, trial).await?;
        self.secrets.put(self.connection(), &self.shared.owner, &launch.attempt, &launch.token).await?;
        match workflows::create(self.connection(), manifest).await {
            Ok(()) => {
                info!(attempt = %launch.attempt, "workflow created");
                Ok(())
            }
            Err(Fault::Exists(_)) => self.must_be_ours(&launch.attempt).await,
            Err(Fault::NotFound(message)) => Err(Fault::NotFound(format!(
                "{message}. Is Argo Workflows installed in the cluster, and is the namespace there?"
            ))),
            Err(Fault::Refused(message)) => Err(Fault::Refused(format!("the cluster refuses the workflow: {message}"))),
            Err(fault) => Err(fault),
        }
    }

    async fn manifest(&self, launch: &Launch, trial: &WorkflowTrial) -> Result<Value, Fault> {
        let facts = self.references.facts(self.connection(), &trial.source).await?;
        let complaints = template::complaints(&facts, trial, &launch.search.space);
        if !complaints.is_empty() {
            return Err(Fault::Refused(complaints.join("\n")));
        }
        let namespace = self.connection().connected().await?.namespace;
        let place = Place {
            namespace: &namespace,
            owner: &self.shared.owner,
            service_account: self.service_account.as_deref(),
            controller_instance: self.controller_instance.as_deref(),
        };
        manifest::render(launch, trial, &place, &facts).map_err(|error| Fault::Refused(error.to_string()))
    }

    /// A workflow of that name is there: success if an earlier call has made it.
    async fn must_be_ours(&self, attempt: &AttemptId) -> Result<(), Fault> {
        match workflows::get(self.connection(), attempt).await {
            Ok(workflow) if self.is_ours(&workflow) => {
                debug!(%attempt, "the workflow was created before");
                Ok(())
            }
            Ok(_) => Err(Fault::Refused(format!(
                "a workflow named {attempt} is there already and belongs to somebody else, perhaps to another tunebot: \
                 give each tunebot a namespace of its own, or delete that workflow"
            ))),
            // It was deleted in between: the next call makes it.
            Err(Fault::NotFound(message)) => Err(Fault::Away(message)),
            Err(fault) => Err(fault),
        }
    }

    fn is_ours(&self, workflow: &Workflow) -> bool {
        let annotations = workflow.metadata.annotations.as_ref();
        annotations.and_then(|all| all.get(names::OWNER)).is_some_and(|owner| *owner == self.shared.owner)
    }

    async fn ask_to_end(&self, attempt: &AttemptId, grace: SignedDuration) -> Result<(), Fault> {
        let is_ours = self.index().is_ours(attempt);
        if !is_ours && !self.is_ours(&workflows::get(self.connection(), attempt).await?) {
            return Ok(());
        }
        let now = Timestamp::now();
        let terminate_at = now.checked_add(grace).unwrap_or(Timestamp::MAX);
        let patch = json!({
            "metadata": {"annotations": {(names::TERMINATE_AT): terminate_at.to_string()}},
            "spec": {"shutdown": "Stop"},
        });
        workflows::patch(self.connection(), attempt, &patch).await
    }

    /// Whatever is left of a sweep that has ended: workflows whose launch came too late, marks that a crash has lost.
    async fn clear_up(&self, sweep: &SweepId) -> Result<(), Fault> {
        let owner = &self.shared.owner;
        let labels = format!("{}={owner},{}={sweep},!{}", names::INSTANCE, names::SWEEP, names::RECORDED);
        for workflow in workflows::list(self.connection(), &labels).await? {
            let Ok(seen) = status::read(&workflow) else {
                continue;
            };
            if seen.end.is_none() && seen.shutdown.is_none() {
                info!(attempt = %seen.attempt, "the workflow runs and its sweep has ended; stopping it");
                self.ask_to_end(&seen.attempt, SignedDuration::ZERO).await?;
            } else if seen.end.is_some() {
                // Not left for later: nobody asks for this sweep again.
                match workflows::patch(self.connection(), &seen.attempt, &Chore::Record.patch()).await {
                    Ok(()) | Err(Fault::NotFound(_)) => {}
                    Err(fault) => return Err(fault),
                }
            }
        }
        secrets::release(self.connection(), owner, sweep).await
    }
}

#[async_trait]
impl Engine for ArgoEngine {
    async fn submit(&self, launch: &Launch) -> Result<(), EngineError> {
        self.launch(launch).await.map_err(|fault| self.connection().error(fault))?;
        self.index().launched(&launch.attempt);
        Ok(())
    }

    async fn stop(&self, attempt: &AttemptId, grace: SignedDuration) -> Result<(), EngineError> {
        match self.ask_to_end(attempt, grace).await {
            Ok(()) | Err(Fault::NotFound(_)) => Ok(()),
            Err(fault) => Err(self.connection().error(fault)),
        }
    }

    async fn watch(
        &self,
        known: Vec<AttemptId>,
        news: mpsc::Sender<Observation>,
        cancel: CancellationToken,
    ) -> Result<(), EngineError> {
        let watch = Watch::new(&self.shared, &known, news);
        tokio::select! {
            () = watch.run() => {}
            () = self.shared.chores.run(self.connection()) => {}
            () = cancel.cancelled() => {}
        }
        Ok(())
    }

    async fn forget(&self, attempt: &AttemptId) {
        if self.index().forget(attempt) {
            self.shared.chores.add(attempt.clone(), Chore::Record);
        }
    }

    async fn release(&self, sweep: &SweepId) -> Result<(), EngineError> {
        self.clear_up(sweep).await.map_err(|fault| self.connection().error(fault))
    }

    /// Workflows go on without tunebot: the next one hears of them.
    async fn shutdown(&self) {}
}
