//! Between values and columns: instants as whole microseconds, structures as JSON text, names of states as text.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{Fault, StoreError};
use crate::domain::effect::Lane;
use crate::domain::event::Source;
use crate::domain::sweep::{Service, SweepState};
use crate::domain::trial::TrialState;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// `at + lease`, or the end of time.
pub(super) fn micros_after(at: Timestamp, lease: SignedDuration) -> i64 {
    at.checked_add(lease).unwrap_or(Timestamp::MAX).as_microsecond()
}

pub(super) fn timestamp(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(micros).map_err(|error| unreadable("an instant", error))
}

/// Compact JSON.
pub(super) fn encode<T: Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Unreadable { what: what.to_owned(), reason: error.to_string() })
}

pub(super) fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| unreadable(what, error))
}

/// A name that was checked when it was written.
pub(super) fn name<T: std::str::FromStr>(text: &str) -> Result<T, Fault>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| unreadable("a name", error))
}

pub(super) fn source(text: &str) -> Result<Source, Fault> {
    Source::ALL.into_iter().find(|source| source.name() == text).ok_or_else(|| unknown("source of events", text))
}

pub(super) fn sweep_state(text: &str) -> Result<SweepState, Fault> {
    SweepState::ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| unknown("state of a sweep", text))
}

pub(super) fn trial_state(text: &str) -> Result<TrialState, Fault> {
    TrialState::ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| unknown("state of a trial", text))
}

pub(super) fn lane(text: &str) -> Result<Lane, Fault> {
    match text.strip_prefix("engine/") {
        Some(engine) => Ok(Lane::Engine(name(engine)?)),
        None => {
            let (name, lane): (_, fn(Service) -> Lane) = match text.strip_suffix("/pictures") {
                Some(name) => (name, Lane::Pictures),
                None => (text, Lane::Service),
            };
            let service = [Service::Slack, Service::Github].into_iter().find(|service| service.name() == name);
            service.map(lane).ok_or_else(|| unknown("lane", text))
        }
    }
}

pub(super) fn unreadable(what: &str, reason: impl std::fmt::Display) -> Fault {
    StoreError::Unreadable { what: what.to_owned(), reason: reason.to_string() }.into()
}

pub(super) fn unknown(kind: &str, text: &str) -> Fault {
    unreadable(&format!("`{text}`"), format!("there is no such {kind}; was it written by another version of tunebot?"))
}
