//! Buttons of check runs, and checks that are asked for again. GitHub tells an App of its own checks only; a webhook of a
//! repository may be told of others' too, so what a check run of ours is known by is looked at: its `external_id`.

use serde::Deserialize;

use super::{RepositoryPart, User, login, name_from, other, require};
use crate::domain::event::{CheckAction, CheckVerb, Checked, EventKind};
use crate::domain::ids::SweepId;

#[derive(Deserialize)]
pub(super) struct RunPayload {
    action: Option<String>,
    check_run: Option<Run>,
    requested_action: Option<RequestedAction>,
    repository: Option<RepositoryPart>,
    sender: Option<User>,
}

#[derive(Deserialize)]
struct Run {
    head_sha: Option<String>,
    external_id: Option<String>,
}

#[derive(Deserialize)]
struct RequestedAction {
    identifier: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SuitePayload {
    action: Option<String>,
    check_suite: Option<Suite>,
    repository: Option<RepositoryPart>,
    sender: Option<User>,
}

#[derive(Deserialize)]
struct Suite {
    head_sha: Option<String>,
}

pub(super) fn run(payload: RunPayload) -> Result<EventKind, String> {
    const EVENT: &str = "check_run";
    let action = payload.action.as_deref();
    let verb = match action {
        Some("rerequested") => CheckVerb::Rerun,
        Some("requested_action") => {
            let identifier = payload.requested_action.and_then(|requested| requested.identifier);
            let identifier = require(identifier, EVENT, "requested_action.identifier")?;
            let known = CheckVerb::ALL.into_iter().find(|verb| verb.name() == identifier);
            known.ok_or_else(|| format!("{EVENT} with a button that is not tunebot's"))?
        }
        _ => return Err(other(EVENT, action)),
    };
    let run = require(payload.check_run, EVENT, "check_run")?;
    let of = checked(run.external_id.as_deref().unwrap_or_default())
        .ok_or_else(|| format!("{} of a check that is not a sweep's", other(EVENT, action)))?;
    check_action(EVENT, (payload.repository, payload.sender, run.head_sha), verb, of)
}

pub(super) fn suite(payload: SuitePayload) -> Result<EventKind, String> {
    const EVENT: &str = "check_suite";
    if payload.action.as_deref() != Some("rerequested") {
        return Err(other(EVENT, payload.action.as_deref()));
    }
    let suite = require(payload.check_suite, EVENT, "check_suite")?;
    check_action(EVENT, (payload.repository, payload.sender, suite.head_sha), CheckVerb::Rerun, Checked::All)
}

/// What the slot of a check says about it.
fn checked(external_id: &str) -> Option<Checked> {
    let (first, rest) = external_id.split_once('/')?;
    if !rest.starts_with("check/") {
        return None;
    }
    match first {
        "fork" => Some(Checked::Fork),
        sweep => sweep.parse::<SweepId>().ok().map(|sweep| Checked::Sweep { sweep }),
    }
}

fn check_action(
    event: &str,
    (repository, sender, sha): (Option<RepositoryPart>, Option<User>, Option<String>),
    verb: CheckVerb,
    of: Checked,
) -> Result<EventKind, String> {
    let repository = require(repository.and_then(|repository| repository.full_name), event, "repository.full_name")?;
    Ok(EventKind::CheckAction(CheckAction {
        repository: name_from(repository, event, "repository.full_name")?,
        sha: name_from(require(sha, event, "head_sha")?, event, "head_sha")?,
        sender: require(login(sender), event, "sender.login")?,
        verb,
        of,
    }))
}
