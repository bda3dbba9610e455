//! Engines: where trials run.

pub mod argo;
mod contract;
pub mod local;
mod number;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::ids::{AttemptId, SweepId, TuningName};
use crate::domain::metrics::Objective;
use crate::domain::params::{Params, Space};
use crate::domain::signal::AttemptNews;
use crate::domain::sweep::Code;
use crate::domain::tuning::TrialTemplate;

/// Everything that an engine needs to start one attempt.
#[derive(Debug, Clone)]
pub struct Launch {
    pub attempt: AttemptId,
    pub tuning: TuningName,
    /// Who asked for the sweep, as it is shown: `@mika`, `schedule nightly`.
    pub asked_by: String,
    pub params: Params,
    /// The last step that earlier attempts reported, if this one is to go on from there.
    pub resume_step: Option<u64>,
    pub template: TrialTemplate,
    pub code: Option<Code>,
    /// The engine ends the attempt by itself after this long, in case tunebot is not there to do it.
    pub timeout: SignedDuration,
    pub stop_grace: SignedDuration,
    /// Where the trial may report steps, and its token for that.
    pub report_url: String,
    pub token: SecretString,
    /// What a workflow that searches by itself is asked for.
    pub search: SearchOrder,
}

/// What is to be searched, how far and towards what.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOrder {
    pub space: Space,
    pub objective: Objective,
    pub trials: u32,
    pub parallel: u32,
    pub seed: u64,
}

/// What an engine saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// News of one attempt.
    Attempt { attempt: AttemptId, at: Timestamp, news: AttemptNews },
    /// The engine does not answer, since `since`, for a reason in words. What goes on there is unknown.
    Away { since: Timestamp, why: String },
    /// The engine answers, and all that happened while it was away has been sent.
    Back,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The same call may succeed later: the cluster is away, a limit is reached.
    #[error("{message}")]
    Transient {
        message: String,
        /// The place wants to be left alone for this long: not only this call, all of them.
        after: Option<SignedDuration>,
    },
    /// The same call will fail again: the program does not exist, the template is unknown.
    #[error("{0}")]
    Permanent(String),
}

impl EngineError {
    pub fn transient(message: impl Into<String>) -> Self {
        Self::Transient { message: message.into(), after: None }
    }
}

/// A place where trials run.
///
/// Crash and idempotency contract: every method may be called again after a crash at any point, with the same
/// arguments, and then has the effect of one call.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Starts one attempt. Success when it has been started by this or by an earlier call, or has ended since:
    /// an attempt never runs twice. Whoever watches hears of it, also when the call that started it was of an earlier
    /// tunebot.
    ///
    /// # Errors
    /// [`EngineError::Permanent`] means that nothing runs and nothing will.
    async fn submit(&self, launch: &Launch) -> Result<(), EngineError>;

    /// Asks an attempt to end and kills it after `grace`. Returns once that is under way, not once it has ended.
    /// Success when there is nothing to end.
    ///
    /// # Errors
    /// [`EngineError`]
    async fn stop(&self, attempt: &AttemptId, grace: SignedDuration) -> Result<(), EngineError>;

    /// Sends what happens to attempts until `cancel`; begins with what happened to `known`, the attempts that were
    /// submitted and whose end the store does not know, while nobody was looking: one that is gone is
    /// [`AttemptNews::Ended`] with its end, and one of which nothing is left is lost.
    ///
    /// The same news may come more than once. The end of an attempt is kept by the engine until [`Engine::forget`], and
    /// every end that is kept is told at the beginning: an attempt may have been submitted just before.
    ///
    /// # Errors
    /// The engine cannot be watched; the caller calls again after a while.
    async fn watch(
        &self,
        known: Vec<AttemptId>,
        news: mpsc::Sender<Observation>,
        cancel: CancellationToken,
    ) -> Result<(), EngineError>;

    /// The end of `attempt` is in the store: what the engine kept of it may go.
    async fn forget(&self, attempt: &AttemptId);

    /// The sweep has ended, and every attempt of it: what the engine kept for the sweep as a whole goes.
    ///
    /// # Errors
    /// [`EngineError`]
    async fn release(&self, sweep: &SweepId) -> Result<(), EngineError>;

    /// Ends what must not outlive tunebot. Called once, at the graceful stop.
    async fn shutdown(&self);
}
