//! The two audiences of an error. [`UserError`] is what a person in Slack or on a pull request reads; everything else
//! is for the log of whoever runs tunebot and is a typed error of the module where it happens.

use serde::{Deserialize, Serialize};

/// A refusal in words for the person who asked: what happened, to what, and what to do next.
///
/// The text is plain; whoever renders it escapes it for its medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct UserError(pub String);

impl UserError {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
