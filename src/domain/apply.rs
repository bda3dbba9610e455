//! The best parameters on their way into a repository.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::effect::{Action, Content, Effect, Notification};
use super::event::EventKey;
use super::ids::{Repository, SweepId};
use super::report::Report;
use super::sweep::Destination;
use super::tuning::ApplySettings;

/// A wish to write the best parameters of a sweep into its repository, as it was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Application {
    /// Unique for the wish, and the slot of its answer.
    pub slot: String,
    pub repository: Repository,
    /// The branch that the pull request is to change.
    pub base: String,
    pub settings: ApplySettings,
    /// Of the finished sweep; its best trial has the parameters.
    pub report: Report,
    /// Who wants it, as it is shown.
    pub asked_by: String,
    /// Where the answer goes; a caller of the API has no such place.
    pub answers_to: Option<Destination>,
}

impl Application {
    pub fn slot(event: &EventKey, sweep: &SweepId) -> String {
        format!("applied/{}/{}/{sweep}", event.source.name(), event.delivery)
    }

    /// What the pull request is known by: one of the tuning on the branch that it is to change.
    pub fn pull_request_slot(&self) -> String {
        format!("apply/{}/{}/{}", self.report.tuning, self.repository, self.base)
    }

    /// The message that tells what came of it.
    pub fn answer(&self, text: String, now: Timestamp) -> Option<Effect> {
        let destination = self.answers_to.clone()?;
        let notification = Notification { slot: self.slot.clone(), destination, content: Content::Answer { text } };
        Some(Effect { sweep: None, due_at: now, action: Action::Notify(notification) })
    }
}
