//! Buttons of check runs on GitHub: the command of the same name, given by whoever presses.
//!
//! What there is to say in words goes to the pull request, where the sweep has one; elsewhere only the decision has it. That a
//! sweep stops or runs again, its own check shows.

use super::access;
use super::comment::takes_commands;
use super::draft::{Draft, Halt};
use super::execute::{execute, name, sweep};
use super::facts::{Fact, Missing, Need};
use super::place::{Check, Place};
use crate::domain::decision::Verdict;
use crate::domain::event::{CheckAction, CheckVerb, Checked};
use crate::domain::ids::SweepId;
use crate::domain::sweep::{Destination, Sweep, SweepState};
use crate::plan::command::{Command, code};

/// # Errors
/// What has to be looked up first.
pub(super) fn route(draft: &mut Draft<'_>, action: &CheckAction) -> Result<(), Need> {
    let by = format!("check on {}", action.sha.short());
    if !takes_commands(draft.rules, &action.repository) {
        let reason = format!("checks of {} take no commands: no rule names it", action.repository);
        draft.decide(by, Verdict::Ignored, reason);
        return Ok(());
    }
    match &action.of {
        Checked::Sweep { sweep } => press(draft, action, sweep),
        Checked::Fork => {
            let short = action.sha.short();
            let reason = format!("commit {short} comes from a fork and waits for `/tune approve {short}`");
            draft.decide(by, Verdict::Ignored, reason);
            Ok(())
        }
        Checked::All => rerun_all(draft, action, &by),
    }
}

/// The place of a button of the sweep's check.
///
/// # Errors
/// The sweep has no check there; or what has to be looked up first.
pub(super) fn place<'p, 'a: 'p>(
    draft: &Draft<'a>,
    action: &'p CheckAction,
    id: &SweepId,
) -> Result<(Place<'p>, &'a Sweep), Halt> {
    let sweep = sweep(draft, id)?;
    // Whoever may write checks elsewhere must not command the sweeps of this repository.
    if !sweep.destinations.contains(&check_on(action)) {
        return Err(Halt::ignored(format!("{id} has no check on {} of {}", action.sha.short(), action.repository)));
    }
    Ok((Place::Check(Check { action, sweep }), sweep))
}

fn check_on(action: &CheckAction) -> Destination {
    Destination::GithubCheck { repository: action.repository.clone(), sha: action.sha.clone() }
}

fn press(draft: &mut Draft<'_>, action: &CheckAction, id: &SweepId) -> Result<(), Need> {
    let command = command(action.verb, id);
    let by = name(&command.to_string());
    let (place, sweep) = match place(draft, action, id) {
        Ok(found) => found,
        Err(halt) => return draft.conclude(&by, Err(halt)).map(|_| ()),
    };
    let mut answers = Vec::new();
    let concluded = access::check_writer(draft, place)
        .and_then(|()| if action.verb == CheckVerb::Rerun { running(draft, sweep) } else { Ok(None) })
        .and_then(|running| match running {
            Some(running) => {
                Err(Halt::refused(format!("{} runs already. Nothing was started.", code(running.as_str()))))
            }
            None => execute(draft, place, &command),
        })
        .map(|executed| {
            answers.extend(executed.answer);
            executed.decision
        });
    answers.extend(draft.conclude(&by, concluded)?);
    if let Some(there) = place.answers_to() {
        draft.answer(there, &answers);
    }
    Ok(())
}

fn command(verb: CheckVerb, id: &SweepId) -> Command {
    let sweep = id.clone();
    match verb {
        CheckVerb::Rerun => Command::Rerun { sweep },
        CheckVerb::Stop => Command::Stop { sweep },
        CheckVerb::Apply => Command::Apply { sweep },
    }
}

/// The sweep, or one that is the same, while it runs: a check that is pressed twice runs once.
///
/// # Errors
/// What has to be looked up first.
fn running(draft: &Draft<'_>, pressed: &Sweep) -> Result<Option<SweepId>, Halt> {
    if pressed.state != SweepState::Finished {
        return Ok(Some(pressed.id.clone()));
    }
    let Some(group) = &pressed.group else { return Ok(None) };
    for id in draft.active(Need::ActiveInGroup(group.clone()))? {
        let other = sweep(draft, &id)?;
        if other.code == pressed.code && other.overrides == pressed.overrides && other.state != SweepState::Stopping {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// The last sweep of each tuning that has its check on the commit.
fn rerun_all(draft: &mut Draft<'_>, action: &CheckAction, by: &str) -> Result<(), Need> {
    let need = Need::LastOfCommit { repository: action.repository.clone(), sha: action.sha.clone() };
    let found = draft.facts.get(need, |fact| match fact {
        Fact::LastOfEach(sweeps) => Some(sweeps.as_slice()),
        _ => None,
    });
    let sweeps = match found {
        Ok(sweeps) => sweeps,
        Err(Missing::Unknown(need)) => return Err(need),
        Err(missing @ (Missing::Unavailable(_) | Missing::NoService)) => {
            return draft.conclude(by, Err(missing.into())).map(|_| ());
        }
    };
    if sweeps.is_empty() {
        draft.decide(by, Verdict::Ignored, "no sweep has its check there");
    }
    let (mut answers, mut there) = (Vec::new(), None);
    for id in sweeps {
        let by = name(&command(CheckVerb::Rerun, id).to_string());
        let concluded = place(draft, action, id).and_then(|(place, sweep)| {
            there = there.take().or(place.answers_to());
            access::check_writer(draft, place)?;
            match running(draft, sweep)? {
                Some(running) => Err(Halt::ignored(format!("{running} runs already"))),
                None => execute(draft, place, &command(CheckVerb::Rerun, id)),
            }
        });
        answers.extend(draft.conclude(&by, concluded.map(|executed| executed.decision))?);
    }
    // What one person may not do is said once.
    answers.dedup();
    if let Some(there) = there {
        draft.answer(there, &answers);
    }
    Ok(())
}
