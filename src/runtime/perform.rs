//! How one effect is performed: through an engine or through a notifier.

mod edition;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use self::edition::Edition;
use super::apply::{self, Applier};
use super::{Engines, Notifiers};
use crate::config::{ArgoEngineSettings, Config, EngineSettings};
use crate::domain::effect::{Action, Content, Effect, Lane, Notification, Receipt};
use crate::domain::ids::{AttemptId, EngineName, SweepId};
use crate::domain::signal::{AttemptEnd, AttemptNews, Signal, SignalKind};
use crate::domain::sweep::{Destination, Sweep};
use crate::domain::trial::Trial;
use crate::engine::{EngineError, Launch, SearchOrder};
use crate::ingress::{TokenError, TrialTokens};
use crate::notify::{Delivery, NotifyError};
use crate::store::{LeasedEffect, Store, StoreError};
use crate::telemetry::Metrics;

mod pictures;

/// No call to an engine or a service may take longer.
const CALL_LIMIT: Duration = Duration::from_secs(60);
/// A trial's token outlives its time limit by this much.
const TOKEN_MARGIN: SignedDuration = SignedDuration::from_hours(1);
/// Sweeps whose settings are kept at hand for submitting their trials.
const SWEEPS_AT_HAND: usize = 64;

/// Attempts after which a line is given up if its thread was never begun: about an hour.
const THREAD_PATIENCE: u32 = 20;

/// What became of an effect.
pub(super) enum Performed {
    Done(Option<Receipt>),
    /// It is done, and these follow from it.
    DoneThen(Vec<Effect>),
    /// It may succeed later. `ambiguous`: it may have had its effect all the same.
    Later {
        error: String,
        after: Option<SignedDuration>,
        ambiguous: bool,
    },
    /// Nothing was done, because its turn comes after this long. The others of its lane do not wait for it.
    NotYet {
        why: String,
        after: SignedDuration,
    },
    /// Trying again is of no use.
    Never {
        error: String,
    },
}

pub struct Performer {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    engines: Engines,
    notifiers: Notifiers,
    tokens: TrialTokens,
    metrics: Arc<Metrics>,
    sweeps: Mutex<HashMap<SweepId, Arc<Sweep>>>,
    applier: Option<Applier>,
}

impl Performer {
    pub fn new(
        store: Store,
        config: watch::Receiver<Arc<Config>>,
        engines: Engines,
        notifiers: Notifiers,
        metrics: Arc<Metrics>,
    ) -> Self {
        let tokens = TrialTokens::new(store.instance_key().expose_secret());
        Self { store, config, engines, notifiers, tokens, metrics, sweeps: Mutex::default(), applier: None }
    }

    /// With somebody who writes into repositories.
    pub fn with_applier(self, applier: Option<Applier>) -> Self {
        Self { applier, ..self }
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) async fn perform(&self, leased: &LeasedEffect) -> Result<Performed, StoreError> {
        match &leased.effect.action {
            Action::Submit { engine, attempt, .. } => self.submit(engine, attempt).await,
            Action::Stop { engine, attempt, grace } => Ok(self.stop(engine, attempt, *grace).await),
            Action::Release { engine, sweep } => self.release(engine, sweep).await,
            Action::CheckFile(check) => Ok(apply::check_file(self.applier.as_ref(), check).await),
            Action::Apply(application) => {
                Ok(apply::perform(self.applier.as_ref(), application, leased.perhaps_done).await)
            }
            Action::Notify(notification) => match self.in_thread(notification).await? {
                Some(notification) => match edition::of(&self.store, &notification).await? {
                    Some(edition) => Ok(self.notify(&edition, leased).await),
                    None => Ok(Performed::Done(None)),
                },
                None => Ok(before_its_thread(leased.attempts)),
            },
        }
    }

    async fn submit(&self, engine: &EngineName, attempt: &AttemptId) -> Result<Performed, StoreError> {
        let trial = self.store.trial(&attempt.sweep, attempt.trial).await?;
        let Some(trial) = trial.filter(|trial| trial.attempt == attempt.attempt && trial.state.is_open()) else {
            return Ok(Performed::Done(None));
        };
        if trial.stopping.is_some() {
            self.tell_end(attempt, AttemptEnd::Stopped).await?;
            return Ok(Performed::Done(None));
        }
        let Some(sweep) = self.sweep(&attempt.sweep).await? else {
            return Ok(Performed::Done(None));
        };
        let Some(place) = self.engines.get(engine) else {
            return Ok(missing_engine(engine));
        };
        let launch = match self.launch(engine, &sweep, &trial, attempt) {
            Ok(launch) => launch,
            Err(error) => return Ok(later(format!("the trial's token cannot be made: {error}"), None)),
        };
        match limited(place.submit(&launch)).await {
            Ok(()) => Ok(Performed::Done(None)),
            Err(EngineError::Permanent(reason)) => {
                warn!(%attempt, reason, "the trial cannot be started");
                let end = AttemptEnd::Failed { reason, log_tail: None };
                self.tell_end(attempt, end).await?;
                Ok(Performed::Done(None))
            }
            Err(EngineError::Transient { message, after }) => Ok(later(message, after)),
        }
    }

    fn launch(
        &self,
        engine: &EngineName,
        sweep: &Sweep,
        trial: &Trial,
        attempt: &AttemptId,
    ) -> Result<Launch, TokenError> {
        let limits = &sweep.tuning.limits;
        let lifetime = limits.trial_timeout.saturating_add(TOKEN_MARGIN);
        Ok(Launch {
            attempt: attempt.clone(),
            tuning: sweep.tuning.name.clone(),
            asked_by: sweep.origin.asker(),
            params: trial.params.clone(),
            resume_step: trial.resume_step,
            template: sweep.tuning.trial.clone(),
            code: sweep.code.clone(),
            timeout: limits.trial_timeout,
            stop_grace: limits.stop_grace,
            report_url: report_url(&self.config.borrow(), engine, attempt),
            token: self.tokens.issue(attempt, Timestamp::now(), lifetime)?,
            search: SearchOrder {
                space: sweep.tuning.space.clone(),
                objective: sweep.tuning.objectives.primary().clone(),
                trials: limits.trials,
                parallel: limits.parallel,
                seed: sweep.seed,
            },
        })
    }

    async fn tell_end(&self, attempt: &AttemptId, end: AttemptEnd) -> Result<(), StoreError> {
        let kind = SignalKind::Attempt { attempt: attempt.clone(), news: AttemptNews::Ended { end } };
        let signal = Signal { sweep: attempt.sweep.clone(), at: Timestamp::now(), kind };
        self.store.append_signals(vec![signal]).await.map(|_| ())
    }

    /// The sweep as it was started: its tuning, code and limits never change.
    async fn sweep(&self, id: &SweepId) -> Result<Option<Arc<Sweep>>, StoreError> {
        let known = self.sweeps.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(stored) = self.store.load_sweep(id).await? else {
            return Ok(None);
        };
        let sweep = Arc::new(stored.sweep);
        let mut sweeps = self.sweeps.lock().unwrap_or_else(PoisonError::into_inner);
        if sweeps.len() >= SWEEPS_AT_HAND {
            sweeps.clear();
        }
        sweeps.insert(id.clone(), Arc::clone(&sweep));
        Ok(Some(sweep))
    }

    async fn stop(&self, engine: &EngineName, attempt: &AttemptId, grace: SignedDuration) -> Performed {
        let Some(place) = self.engines.get(engine) else {
            return missing_engine(engine);
        };
        performed(limited(place.stop(attempt, grace)).await)
    }

    /// Comes after everything else that is to be done for the sweep on its engine: a stop may still be backing off.
    async fn release(&self, engine: &EngineName, sweep: &SweepId) -> Result<Performed, StoreError> {
        let Some(place) = self.engines.get(engine) else {
            // What a removed engine kept goes with it.
            let error = format!("engine {engine} is not in the configuration any longer");
            return Ok(Performed::Never { error });
        };
        // One of them is the release itself.
        if self.store.undone_effects(sweep, &Lane::Engine(engine.clone())).await? > 1 {
            let error = "something is still to be done for the sweep".to_owned();
            return Ok(Performed::Later { error, after: None, ambiguous: false });
        }
        Ok(performed(limited(place.release(sweep)).await))
    }

    /// The notification with the thread that it goes into, or `None` while what comes before it there is not
    /// delivered yet.
    async fn in_thread<'a>(&self, notification: &'a Notification) -> Result<Option<Cow<'a, Notification>>, StoreError> {
        let Some(slot) = notification.thread_slot() else {
            return Ok(Some(Cow::Borrowed(notification)));
        };
        let Destination::Slack { thread, channel, mention } = &notification.destination else {
            return Ok(Some(Cow::Borrowed(notification)));
        };
        let Some(Receipt::Slack { ts, .. }) = self.store.receipt(slot).await? else {
            return Ok(None);
        };
        if let Some(slot) = notification.preceding_slot()
            && self.store.receipt(&slot).await?.is_none()
        {
            return Ok(None);
        }
        // Slack has no threads within threads: a message that is in one is followed by its own in the same.
        let thread = Some(thread.clone().unwrap_or(ts));
        let destination = Destination::Slack { channel: channel.clone(), thread, mention: mention.clone() };
        Ok(Some(Cow::Owned(Notification { destination, ..notification.clone() })))
    }

    async fn notify(&self, edition: &Edition<'_>, leased: &LeasedEffect) -> Performed {
        let Edition { notification, supplement, perhaps_there } = edition;
        let service = notification.destination.service();
        let Some(notifier) = self.notifiers.get(&service) else {
            let error = format!("{} is not configured: add its section and start again", service.name());
            error!(slot = notification.slot, error, "message cannot be delivered");
            self.metrics.delivery_failed(service, "permanent");
            return Performed::Never { error };
        };
        let receipt = leased.receipt.as_ref();
        let perhaps_sent = (leased.perhaps_done || *perhaps_there) && receipt.is_none();
        let delivery = Delivery { notification, receipt, perhaps_sent, supplement };
        let delivered = tokio::time::timeout(CALL_LIMIT, notifier.deliver(delivery)).await;
        match delivered.unwrap_or_else(|_| Err(too_slow(service.name()))) {
            Ok(receipt) => {
                info!(slot = notification.slot, "message delivered");
                // A line is never edited. A newer one may have taken its place in the outbox, with a slot of its own. A sign
                // on a comment is there once however often it is set.
                let is_once = matches!(notification.content, Content::Detail(_) | Content::Reaction { .. });
                Performed::Done((!is_once).then_some(receipt))
            }
            Err(NotifyError::Transient { message, after }) => {
                warn!(slot = notification.slot, error = message, "message not delivered yet");
                self.metrics.delivery_failed(service, "transient");
                let after = after.and_then(|after| SignedDuration::try_from(after).ok());
                Performed::Later { error: message, ambiguous: after.is_none(), after }
            }
            Err(NotifyError::NotYet { why, after }) => {
                debug!(slot = notification.slot, why, ?after, "the message waits for its turn");
                Performed::NotYet { why, after: SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX) }
            }
            Err(NotifyError::Permanent { message }) => {
                error!(slot = notification.slot, error = message, "message cannot be delivered");
                self.metrics.delivery_failed(service, "permanent");
                Performed::Never { error: message }
            }
        }
    }
}

fn performed(answer: Result<(), EngineError>) -> Performed {
    match answer {
        Ok(()) => Performed::Done(None),
        Err(EngineError::Permanent(error)) => Performed::Never { error },
        Err(EngineError::Transient { message, after }) => later(message, after),
    }
}

fn later(error: String, after: Option<SignedDuration>) -> Performed {
    // That a place wants to be left alone is said once, by its relay.
    if after.is_none() {
        warn!(error, "the engine does not take it now; trying again");
    }
    Performed::Later { error, after, ambiguous: true }
}

/// A line whose sweep message is not delivered yet waits for it, but not for ever.
fn before_its_thread(attempts: u32) -> Performed {
    let error = "what comes before it in the thread is not delivered".to_owned();
    if attempts < THREAD_PATIENCE {
        Performed::Later { error, after: None, ambiguous: false }
    } else {
        Performed::Never { error }
    }
}

/// Where a trial on `engine` reports. Inside a cluster this need not be the way that GitHub and Slack take.
fn report_url(config: &Config, engine: &EngineName, attempt: &AttemptId) -> String {
    let base = match config.engines.get(engine) {
        Some(EngineSettings::Argo(ArgoEngineSettings { report_url: Some(url), .. })) => url,
        _ => &config.server.public_url,
    };
    format!("{}/api/v1/trials/{attempt}/report", base.as_str().trim_end_matches('/'))
}

fn missing_engine(engine: &EngineName) -> Performed {
    let error = format!("engine {engine} is not in the configuration any longer");
    Performed::Later { error, after: None, ambiguous: false }
}

fn too_slow(service: &str) -> NotifyError {
    NotifyError::Transient { message: format!("{service} did not answer within {CALL_LIMIT:?}"), after: None }
}

async fn limited(call: impl Future<Output = Result<(), EngineError>>) -> Result<(), EngineError> {
    let slow = |_| Err(EngineError::transient(format!("the engine did not answer within {CALL_LIMIT:?}")));
    tokio::time::timeout(CALL_LIMIT, call).await.unwrap_or_else(slow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Cluster;
    use crate::runtime::fixtures;

    #[test]
    fn trials_report_where_their_engine_says_and_else_to_the_public_address() {
        let mut config = Config::clone(&fixtures::config());
        let inside = |url: Option<&str>| {
            EngineSettings::Argo(ArgoEngineSettings {
                capacity: 1,
                cluster: Cluster::Ambient,
                namespace: None,
                service_account: None,
                controller_instance: None,
                report_url: url.map(|url| url.parse().unwrap()),
                ui_url: None,
                writes_per_second: 1,
            })
        };
        config.engines.insert("here".parse().unwrap(), inside(Some("http://tunebot.ml.svc:8080")));
        config.engines.insert("there".parse().unwrap(), inside(None));
        let attempt: AttemptId = "resnet-k3f9q2-17-1".parse().unwrap();
        let url = |engine: &str| report_url(&config, &engine.parse().unwrap(), &attempt);
        let path = "/api/v1/trials/resnet-k3f9q2-17-1/report";
        assert_eq!(url("here"), format!("http://tunebot.ml.svc:8080{path}"));
        assert_eq!(url("there"), format!("http://127.0.0.1:8080{path}"));
        assert_eq!(url("local"), format!("http://127.0.0.1:8080{path}"));
    }
}
