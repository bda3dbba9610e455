//! Previews: asking back before a sweep starts, and what the answers do.
//!
//! Only people in Slack and on pull requests are asked. What starts by itself (triggers, schedules, the API) was decided on
//! by whoever wrote the rule or the program, and there is nobody to ask: a budget does not hold it up.

use super::access;
use super::check_action;
use super::draft::{Confirmed, Draft, Halt};
use super::execute::{self, Asked, Executed};
use super::facts::{Fact, Need};
use super::place::Place;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::effect::{Content, Notification};
use crate::domain::event::{Event, EventKind};
use crate::domain::ids::EventId;
use crate::domain::preview::{Preview, PreviewState};
use crate::domain::tuning::Confirm;
use crate::plan::command::{Command, code, parse};

/// Asks back, if the tuning wants that; the decision says so.
///
/// # Errors
/// Something has to be looked up first; or the same event has asked back already.
pub(super) fn ask(draft: &mut Draft<'_>, place: Place<'_>, by: &str, asked: &Asked) -> Result<Option<Decision>, Halt> {
    let tuning = &asked.order.tuning;
    let Some(destination) =
        place.answers_to().filter(|_| draft.confirmed.is_none() && tuning.confirm != Confirm::Never)
    else {
        return Ok(None);
    };
    let preview = Preview {
        event: draft.occasion.event,
        command: asked.command.clone(),
        tuning: tuning.clone(),
        notes: asked.order.notes.clone(),
        code: asked.code.clone(),
        asked_by: place.origin().asker(),
        asked_at: draft.occasion.now,
        estimate: draft.estimate(&asked.order)?,
        destination,
        state: PreviewState::Asked,
    };
    if tuning.confirm != Confirm::Always && !preview.is_over_budget() {
        return Ok(None);
    }
    if draft.has_preview() {
        return Err(Halt::refused("Only one command of a comment can wait for a confirmation. Nothing was started."));
    }
    let why = if preview.is_over_budget() { "over its budget" } else { "the tuning asks for it" };
    let reason = format!("waits for `/tune confirm {}`: {why}", preview.event);
    show(draft, preview);
    Ok(Some(Decision { by: by.to_owned(), verdict: Verdict::Answered, reason, sweep: None }))
}

/// Starts what was asked for, as whoever asked for it would have.
///
/// # Errors
/// It does not wait any longer, is not what it was, or the presser may not; or something has to be looked up first.
pub(super) fn confirm(draft: &mut Draft<'_>, place: Place<'_>, by: &str, event: EventId) -> Result<Executed, Halt> {
    let (original, preview) = waiting(draft, place, event)?;
    if preview.is_void(draft.occasion.now) {
        return Err(Halt::refused(format!(
            "What was asked for more than 24 hours ago is not started any more. Nothing was started. {} asks again.",
            code(&format!("/tune {}", preview.command))
        )));
    }
    let command = parse(&preview.command).map_err(|error| Halt::refused(error.0))?;
    let of_original = match (&original.kind, &command) {
        (EventKind::SlashCommand(slash), _) => Place::Slack(slash),
        (EventKind::Comment(comment), _) => Place::PullRequest(comment),
        (EventKind::CheckAction(action), Command::Rerun { sweep }) => check_action::place(draft, action, sweep)?.0,
        _ => return Err(nothing_waits(event)),
    };
    draft.confirmed = Some(Confirmed { key: original.key.clone(), tuning: preview.tuning.clone() });
    let started = execute::execute(draft, of_original, &command);
    draft.confirmed = None;
    let Executed { mut decision, .. } = started?;
    let presser = place.origin().asker();
    decision.reason = format!("{}; confirmed by {presser}", decision.reason);
    by.clone_into(&mut decision.by);
    if let Some(sweep) = decision.sweep.clone() {
        show(draft, Preview { state: PreviewState::Started { sweep, by: presser }, ..preview.clone() });
    }
    Ok(decision.into())
}

/// # Errors
/// It does not wait any longer, or the presser may not; or something has to be looked up first.
pub(super) fn cancel(draft: &mut Draft<'_>, place: Place<'_>, by: &str, event: EventId) -> Result<Executed, Halt> {
    let (_, preview) = waiting(draft, place, event)?;
    let presser = place.origin().asker();
    let reason = format!("event {event} is not to start anything, says {presser}");
    show(draft, Preview { state: PreviewState::Cancelled { by: presser }, ..preview.clone() });
    let decision = Decision { by: by.to_owned(), verdict: Verdict::Answered, reason, sweep: None };
    Ok(decision.into())
}

/// The preview of the event, if it waits and is an affair of who asks.
fn waiting<'a>(draft: &Draft<'a>, place: Place<'_>, event: EventId) -> Result<(&'a Event, &'a Preview), Halt> {
    let found = draft.facts.get(Need::Preview(event), |fact| match fact {
        Fact::Preview(found) => Some(found.as_deref()),
        _ => None,
    })?;
    let (original, preview) = found.ok_or_else(|| nothing_waits(event))?;
    let tuning = draft.rules.tunings.get(&preview.tuning.name).map_or(&preview.tuning, AsRef::as_ref);
    access::check(draft, tuning, place)?;
    match &preview.state {
        PreviewState::Asked => Ok((original, preview)),
        PreviewState::Started { sweep, by } => {
            Err(Halt::refused(format!("{by} has started it already: {}. Nothing was changed.", code(sweep.as_str()))))
        }
        PreviewState::Cancelled { by } => Err(Halt::refused(format!(
            "{by} has cancelled it already. Nothing was started. {} asks again.",
            code(&format!("/tune {}", preview.command))
        ))),
    }
}

fn nothing_waits(event: EventId) -> Halt {
    Halt::refused(format!("Nothing waits for a confirmation under the number {event}. Nothing was started."))
}

/// Writes the preview down and shows it, in place of what it showed before.
fn show(draft: &mut Draft<'_>, preview: Preview) {
    let (slot, destination) = (Notification::preview_slot(preview.event), preview.destination.clone());
    let content = Content::Preview(Box::new(preview.clone()));
    draft.notify(Notification { slot, destination, content });
    draft.note_preview(preview);
}
