//! Notifiers: how answers reach people. Renderers are pure functions from a report; clients carry them to a service.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::effect::{Notification, Receipt};
use crate::domain::report::Report;
use crate::domain::trial::Trial;

pub mod figures;
pub mod github;
pub mod grafana;
pub mod links;
pub mod pace;
pub mod slack;
pub mod text;

#[cfg(test)]
pub(crate) mod fixtures;
mod importance;
#[cfg(test)]
mod loopback;
mod phrases;
mod preview;
mod prose;
mod spending;
mod standing;

/// One message to bring into its newest form.
#[derive(Debug, Clone)]
pub struct Delivery<'a> {
    pub notification: &'a Notification,
    /// The message as it was taken before; it is edited.
    pub receipt: Option<&'a Receipt>,
    /// There is no receipt, but an earlier attempt may have been carried out before its answer was lost: look for the
    /// message before posting it.
    pub perhaps_sent: bool,
    pub supplement: &'a Supplement,
}

/// What is added to a report when it is sent: too much to be written down with every edition of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Supplement {
    /// The newest reports of the sweeps that had the word in a shared message before, the newest first.
    pub before: Vec<Report>,
    /// All trials of a sweep that has ended, where the message shows them.
    pub trials: Vec<Trial>,
    /// Of a message that shows pictures.
    pub pictures: Vec<Picture>,
}

impl Supplement {
    pub const NOTHING: &'static Self = &Self { before: Vec::new(), trials: Vec::new(), pictures: Vec::new() };
}

/// A picture to show in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Has the sweep's id in it, by which the picture is found again.
    pub file_name: String,
    pub title: String,
    /// What is seen, for those who do not see it.
    pub description: String,
    /// As PNG.
    pub bytes: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Try again; not before `after`, where the service said so to all of its messages.
    #[error("{message}")]
    Transient { message: String, after: Option<Duration> },
    /// It is not this message's turn: nothing was sent, and the others need not wait.
    #[error("{why}")]
    NotYet { why: String, after: Duration },
    /// Trying again is of no use: no such channel, a token without the right. Says what to do.
    #[error("{message}")]
    Permanent { message: String },
}

/// A service that shows messages to people.
///
/// Crash and idempotency contract: a delivery that is repeated with its receipt, or with `perhaps_sent`, leaves one
/// message, never two.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Posts or edits the message and returns what names it from now on.
    ///
    /// # Errors
    /// [`NotifyError`]
    async fn deliver(&self, delivery: Delivery<'_>) -> Result<Receipt, NotifyError>;
}

/// An error with its causes, which say what the outermost hides: "client error: connection refused".
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    prose::line(&causes.collect::<Vec<_>>().join(": "), 300)
}
