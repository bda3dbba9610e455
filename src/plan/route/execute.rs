//! Commands that start and stop sweeps, wherever they were given.

use super::access;
use super::apply::apply;
use super::draft::{Draft, Halt, Older, Start};
use super::facts::{Fact, Need};
use super::fork;
use super::place::Place;
use super::{preview, query, quota};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::ids::SweepId;
use crate::domain::signal::StopRequest;
use crate::domain::sweep::{Code, Sweep, SweepState};
use crate::plan::command::{self, Command, Order, code, resolve};

/// What a command came to: a decision, and an answer in words where that is not said elsewhere.
pub(super) struct Executed {
    pub decision: Decision,
    pub answer: Option<String>,
}

impl From<Decision> for Executed {
    fn from(decision: Decision) -> Self {
        Self { decision, answer: None }
    }
}

/// How decisions name a command.
pub(super) fn name(text: &str) -> String {
    const LONGEST: usize = 120;
    let line: String =
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect();
    format!("/tune {}", line.chars().take(LONGEST).collect::<String>()).trim_end().to_owned()
}

/// # Errors
/// The refusal, in words for whoever asked; or what has to be looked up first.
pub(super) fn execute(draft: &mut Draft<'_>, place: Place<'_>, command: &Command) -> Result<Executed, Halt> {
    let by = name(&command.to_string());
    match command {
        Command::Start { tuning, words } => {
            let order = order(draft, place, tuning, words)?;
            let code = place.code(draft, &order)?;
            start(
                draft,
                place,
                &by,
                Asked { order, code, because: "asked for".to_owned(), command: command.to_string() },
            )
            .map(Executed::from)
        }
        Command::Rerun { sweep } => rerun(draft, place, &by, sweep).map(Executed::from),
        Command::Stop { sweep } => stop(draft, place, &by, sweep),
        Command::Approve { commit } => match place {
            Place::PullRequest(comment) => fork::approve(draft, comment, &by, commit.as_deref()),
            Place::Slack(_) | Place::Api(_) | Place::Check(_) => Err(Halt::refused(
                "`/tune approve` allows a commit of a fork: write it in a comment on the pull request. Nothing was started.",
            )),
        },
        Command::Apply { sweep } => apply(draft, place, &by, sweep).map(Executed::from),
        Command::Confirm { event } => preview::confirm(draft, place, &by, *event),
        Command::Cancel { event } => preview::cancel(draft, place, &by, *event),
        Command::List
        | Command::Help { .. }
        | Command::Status { .. }
        | Command::Best { .. }
        | Command::Details { .. }
        | Command::Compare { .. } => {
            let answer = Some(query::answer(draft, command)?);
            Ok(Executed { decision: answered(by), answer })
        }
    }
}

pub(super) fn answered(by: String) -> Decision {
    Decision { by, verdict: Verdict::Answered, reason: "a question".to_owned(), sweep: None }
}

/// # Errors
/// The words do not fit the tuning, or the asker may not; or what has to be looked up first.
fn order<S: AsRef<str>>(draft: &Draft<'_>, place: Place<'_>, tuning: &str, words: &[S]) -> Result<Order, Halt> {
    let order = resolve(draft.rules, tuning, words).map_err(|error| Halt::refused(error.0))?;
    access::check(draft, &order.tuning, place)?;
    Ok(order)
}

/// A sweep that a person or a program asks for.
pub(super) struct Asked {
    pub order: Order,
    pub code: Option<Code>,
    pub because: String,
    /// As it can be typed after `/tune`.
    pub command: String,
}

fn start(draft: &mut Draft<'_>, place: Place<'_>, by: &str, asked: Asked) -> Result<Decision, Halt> {
    if let Some(confirmed) = &draft.confirmed
        && confirmed.tuning != asked.order.tuning
    {
        return Err(Halt::refused(format!(
            "The configuration of *{}* has changed since this was asked for. Nothing was started. {} asks again.",
            asked.order.tuning.name,
            command::code(&format!("/tune {}", asked.command))
        )));
    }
    quota::check(draft, place, &asked.order)?;
    if let Some(asks_back) = preview::ask(draft, place, by, &asked)? {
        return Ok(asks_back);
    }
    let Asked { order, code, because, .. } = asked;
    let origin = place.origin();
    let start = Start {
        group: place.group(&order.tuning.name),
        order,
        because: format!("{because} by {}", origin.asker()),
        origin,
        trigger: None,
        destinations: place.destinations(draft, code.as_ref()),
        code,
        older: Older::Keep,
    };
    draft.start(by, start)
}

/// The same tuning with the same words on the same commit, by today's configuration.
fn rerun(draft: &mut Draft<'_>, place: Place<'_>, by: &str, id: &SweepId) -> Result<Decision, Halt> {
    let earlier = sweep(draft, id)?;
    let order = order(draft, place, earlier.tuning.name.as_str(), &earlier.overrides)?;
    if let Some(code) = &earlier.code {
        fork::check_again(draft, code, &order.tuning.name)?;
    }
    let asked = Asked {
        order,
        code: earlier.code.clone(),
        because: format!("{id} asked for again"),
        command: format!("rerun {id}"),
    };
    start(draft, place, by, asked)
}

fn stop(draft: &mut Draft<'_>, place: Place<'_>, by: &str, id: &SweepId) -> Result<Executed, Halt> {
    let sweep = sweep(draft, id)?;
    // Who may stop it is a matter of the configuration as it is now.
    access::check(draft, draft.rules.tunings.get(&sweep.tuning.name).map_or(&sweep.tuning, AsRef::as_ref), place)?;
    if sweep.state == SweepState::Finished {
        return Err(Halt::refused(format!("{} has ended already.", code(id.as_str()))));
    }
    let name = place.origin().asker();
    draft.stop(id, StopRequest::Person { name: name.clone() });
    let shown_here = matches!(place, Place::Check(_))
        || place.answers_to().is_some_and(|here| sweep.destinations.iter().any(|d| d.key() == here.key()));
    Ok(Executed {
        decision: Decision {
            by: by.to_owned(),
            verdict: Verdict::Stopped,
            reason: format!("asked for by {name}"),
            sweep: Some(id.clone()),
        },
        // Where the sweep's own message is, that says it.
        answer: (!shown_here).then(|| format!("Stopping {}.", code(id.as_str()))),
    })
}

pub(super) fn sweep<'a>(draft: &Draft<'a>, id: &SweepId) -> Result<&'a Sweep, Halt> {
    let found = draft.facts.get(Need::Sweep(id.clone()), |fact| match fact {
        Fact::Sweep(found) => Some(found.as_deref()),
        _ => None,
    })?;
    found.ok_or_else(|| {
        Halt::refused(format!("There is no sweep {}. `/tune status` shows those that run.", code(id.as_str())))
    })
}
