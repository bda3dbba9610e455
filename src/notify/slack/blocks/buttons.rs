//! The buttons of a sweep's message. A button is a command: its `action_id` says which one, unique in the message, and its
//! value is what a person would have typed after `/tune`. What spends or throws away asks first.

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle,
    SlackBlockConfirmItem, SlackBlockPlainTextOnly, SlackBlockText,
};

use crate::domain::report::{Phase, Report};
use crate::domain::sweep::Outcome;
use crate::notify::figures;
use crate::notify::prose;

/// Limits of Slack's, in characters. A value, which is a verb and a sweep, is never as long as its 2,000.
const QUESTION_TITLE: usize = 100;
const QUESTION_TEXT: usize = 300;

/// What can be done about the sweep now.
pub(super) fn of(report: &Report) -> SlackBlock {
    let buttons = offered(report).into_iter().map(|button| element(button, report)).collect();
    SlackBlock::Actions(SlackActionsBlock::new(buttons))
}

/// The characters that the buttons of a message take at most, what they ask included.
pub(super) const LENGTH: usize = 700;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Button {
    Stop,
    Apply,
    Rerun,
    Details,
}

fn offered(report: &Report) -> Vec<Button> {
    match &report.phase {
        Phase::Queued { .. } => vec![Button::Stop],
        Phase::Running => vec![Button::Stop, Button::Details],
        Phase::Stopping { .. } => vec![Button::Details],
        Phase::Finished { outcome: Outcome::Imported } => vec![Button::Details],
        Phase::Finished { outcome } => {
            let applies = report.may_be_applied() && outcome.is_success();
            applies.then_some(Button::Apply).into_iter().chain([Button::Rerun, Button::Details]).collect()
        }
    }
}

fn element(button: Button, report: &Report) -> SlackActionBlockElement {
    let (verb, label) = match button {
        Button::Stop => ("stop", "Stop"),
        Button::Apply => ("apply", "Apply best"),
        Button::Rerun => ("rerun", "Re-run"),
        Button::Details => ("details", "Details"),
    };
    let value = format!("{verb} {}", report.sweep);
    let mut element =
        SlackBlockButtonElement::new(plain(label)).with_action_id(format!("command/{verb}").into()).with_value(value);
    element.confirm = question(button, report);
    element.style = match button {
        Button::Apply => Some(SlackBlockButtonStyle::Primary),
        Button::Stop => Some(SlackBlockButtonStyle::Danger),
        Button::Rerun | Button::Details => None,
    };
    SlackActionBlockElement::Button(element)
}

fn question(button: Button, report: &Report) -> Option<SlackBlockConfirmItem> {
    let (title, text, yes, no) = match button {
        Button::Stop => (format!("Stop {}?", report.sweep), what_a_stop_keeps(report), "Stop it", "Let it run"),
        Button::Rerun => (format!("Run {} again?", report.tuning), what_a_rerun_does(report), "Run it", "Not now"),
        Button::Apply | Button::Details => return None,
    };
    let text = SlackBlockText::Plain(prose::cut(&text, QUESTION_TEXT).into());
    let title = plain(&prose::cut(&title, QUESTION_TITLE));
    let mut question = SlackBlockConfirmItem::new(title, text, plain(yes), plain(no));
    question.style = (button == Button::Stop).then(|| "danger".to_owned());
    Some(question)
}

fn what_a_stop_keeps(report: &Report) -> String {
    let counts = &report.counts;
    let open = counts.running + counts.waiting + counts.paused;
    let (ended, kept) = match (open, counts.finished()) {
        (0, 0) => return "It has not begun; nothing is lost.".to_owned(),
        _ if report.searches && counts.finished() == 0 => {
            return "Its workflow is ended; only what it has reported by then is kept.".to_owned();
        }
        (open, finished) => (figures::count(open, "trial"), figures::count(finished, "finished trial")),
    };
    let ended = if open == 0 { String::new() } else { format!("{ended} under way will be ended. ") };
    match report.best() {
        Some(best) => {
            let best = format!("{} {}", report.objective.metric, figures::number(best.value));
            format!("{ended}Kept: {kept} and the best so far, {best}.")
        }
        None if counts.finished() > 0 => format!("{ended}Kept: {kept}."),
        None => format!("{ended}There is no result yet to keep."),
    }
}

fn what_a_rerun_does(report: &Report) -> String {
    let trials = figures::count(report.trials, "trial");
    let took = report.started_at.zip(report.ended_at).map(|(start, end)| end.duration_since(start));
    let took = took.map(|took| format!(" The last time it took {}.", figures::duration(took))).unwrap_or_default();
    format!("A new sweep with the settings of {}: {trials}, {} at a time.{took}", report.sweep, report.parallel)
}

fn plain(text: &str) -> SlackBlockPlainTextOnly {
    SlackBlockPlainTextOnly::from(text)
}
