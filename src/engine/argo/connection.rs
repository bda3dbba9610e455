//! The way to one cluster: made when it is first needed, paced, with a time limit on every request.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use super::fault::Fault;
use super::pace::Pace;
use crate::engine::EngineError;

/// No request may take longer, the watch apart.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// An API server that was away may refuse for want of rights for this long.
const RIGHTS_LOAD: Duration = Duration::from_secs(60);
/// Credentials are renewed this long before they end.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Which cluster, as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// By `$KUBECONFIG` or `~/.kube/config`, else as the pod that tunebot runs in.
    Ambient,
    Kubeconfig {
        path: Option<std::path::PathBuf>,
        context: Option<String>,
    },
}

/// A client with the namespace that belongs to it.
#[derive(Clone)]
pub struct Connected {
    pub client: Client,
    /// The configured namespace, or that of the context or pod.
    pub namespace: Arc<str>,
}

pub struct Connection {
    access: Access,
    namespace: Option<String>,
    connected: Mutex<Option<Connected>>,
    pace: Pace,
    /// Somebody could not reach the cluster: whoever watches had better look.
    trouble: Notify,
    /// When the cluster was last known not to answer.
    away_at: std::sync::Mutex<Option<Instant>>,
}

impl Connection {
    pub fn new(access: Access, namespace: Option<String>, writes_per_second: u32) -> Self {
        let pace = Pace::new(writes_per_second);
        let (connected, trouble, away_at) = (Mutex::new(None), Notify::new(), std::sync::Mutex::new(None));
        Self { access, namespace, connected, pace, trouble, away_at }
    }

    /// The client; made at the first call, and again when its credentials have run out.
    ///
    /// # Errors
    /// [`Fault::Away`]: the kubeconfig cannot be used, or the program that gives credentials fails.
    pub async fn connected(&self) -> Result<Connected, Fault> {
        let mut connected = self.connected.lock().await;
        let soon = Timestamp::now().checked_add(MARGIN).unwrap_or(Timestamp::MAX);
        if let Some(known) = connected.as_ref()
            && known.client.valid_until().is_none_or(|until| until > soon)
        {
            return Ok(known.clone());
        }
        let fresh = self.connect().await?;
        *connected = Some(fresh.clone());
        Ok(fresh)
    }

    async fn connect(&self) -> Result<Connected, Fault> {
        let unusable = |error: &dyn std::error::Error| {
            Fault::Away(format!("the way to the cluster is not known: {}", chain(error)))
        };
        let mut config = match &self.access {
            Access::Ambient => Config::infer().await.map_err(|error| unusable(&error))?,
            Access::Kubeconfig { path, context } => {
                let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
                match path {
                    Some(path) => {
                        let kubeconfig = Kubeconfig::read_from(path).map_err(|error| unusable(&error))?;
                        Config::from_custom_kubeconfig(kubeconfig, &options).await
                    }
                    None => Config::from_kubeconfig(&options).await,
                }
                .map_err(|error| unusable(&error))?
            }
        };
        // A create that is sent twice must be our own decision.
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT_LIMIT);
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        // A program that gives credentials may take its time.
        let client = tokio::task::spawn_blocking(move || Client::try_from(config))
            .await
            .map_err(|error| unusable(&error))?
            .map_err(|error| unusable(&error))?;
        Ok(Connected { client, namespace: namespace.into() })
    }

    /// Does a request that changes something, when it is its turn.
    pub async fn write<T, F>(&self, request: impl FnOnce(Connected) -> F) -> Result<T, Fault>
    where
        F: Future<Output = kube::Result<T>>,
    {
        self.pace.write().await;
        self.read(request).await
    }

    /// Does a request.
    pub async fn read<T, F>(&self, request: impl FnOnce(Connected) -> F) -> Result<T, Fault>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let answer = async { request(self.connected().await?).await.map_err(|error| Fault::of(&error)) };
        let slow = |_| Err(Fault::Away(format!("it did not answer within {REQUEST_LIMIT:?}")));
        let answer = tokio::time::timeout(REQUEST_LIMIT, answer).await.unwrap_or_else(slow);
        let answer = answer.map_err(|fault| self.seen_in_time(fault));
        match &answer {
            Err(Fault::Away(_)) => self.trouble.notify_one(),
            Err(Fault::Busy { .. }) => {}
            Ok(_) | Err(_) => self.pace.succeeded(),
        }
        answer
    }

    /// The fault as the engine's answer, with the pause that it asks of everybody.
    pub fn error(&self, fault: Fault) -> EngineError {
        let after = fault.is_transient().then(|| self.pause(&fault));
        fault.into_error(after.and_then(|after| SignedDuration::try_from(after).ok()))
    }

    /// How long to leave the cluster alone after `fault`.
    pub fn pause(&self, fault: &Fault) -> Duration {
        let asked = match fault {
            Fault::Busy { after, .. } => *after,
            _ => None,
        };
        self.pace.failed(asked)
    }

    /// An API server that has just started knows no rights yet, and refuses what it will allow in a moment.
    fn seen_in_time(&self, fault: Fault) -> Fault {
        let lately = |at: &Instant| at.elapsed() < RIGHTS_LOAD;
        match fault {
            Fault::Forbidden(message) if self.away_at().as_ref().is_some_and(lately) => {
                Fault::Away(format!("it was away and does not know its rights again yet: {message}"))
            }
            Fault::Away(_) => {
                self.was_away();
                fault
            }
            fault => fault,
        }
    }

    /// The cluster was just seen not to answer.
    pub fn was_away(&self) {
        *self.away_at() = Some(Instant::now());
    }

    fn away_at(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.away_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Returns when somebody could not reach the cluster.
    pub async fn trouble(&self) {
        self.trouble.notified().await;
    }
}

/// The error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
