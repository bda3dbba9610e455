//! How far the work on an event has come.

use crate::store::error::Fault;
use crate::store::rows::unknown;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventState {
    Ready,
    Leased,
    Done,
    /// Given up after too many attempts.
    Dead,
}

impl EventState {
    pub const ALL: [Self; 4] = [Self::Ready, Self::Leased, Self::Done, Self::Dead];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    pub(in crate::store) fn read(text: &str) -> Result<Self, Fault> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| unknown("state of an event", text))
    }
}
