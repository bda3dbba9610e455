//! Decisions: what became of an event, always with a reason that a person can read.

use serde::{Deserialize, Serialize};

use super::ids::SweepId;

/// One rule's or one command's answer to an event. An event has at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What decided: `trigger resnet-on-main`, `/tune resnet`, `schedule nightly`, `no trigger`.
    pub by: String,
    pub verdict: Verdict,
    /// "the push changes no path that matches src/**".
    pub reason: String,
    pub sweep: Option<SweepId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Started,
    Stopped,
    Answered,
    /// Nothing in it asks for anything.
    Ignored,
    /// It asks for something that is not allowed or not possible; whoever asked was told.
    Refused,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Answered => "answered",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
        }
    }
}
