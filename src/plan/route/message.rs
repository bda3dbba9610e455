//! Commands from Slack and calls of the API: one command each.

use super::draft::{Draft, Halt};
use super::execute::{answered, execute, name};
use super::facts::Need;
use super::place::Place;
use crate::domain::decision::Verdict;
use crate::domain::event::{Request, SlashCommand};
use crate::plan::command::{Command, parse, permitted, resolve};

/// Whoever types, clicks or fills in a form sees an acknowledgement that nobody else sees. It has answered questions and
/// refused what could be refused from the rules alone; what is found out only here is said in the channel.
///
/// # Errors
/// What has to be looked up first.
pub(super) fn route_slash_command(draft: &mut Draft<'_>, slash: &SlashCommand) -> Result<(), Need> {
    if slash.given.is_message() {
        return route_message(draft, slash);
    }
    let place = Place::Slack(slash);
    let by = name(&slash.text);
    let command = match parse(&slash.text) {
        Ok(command) => command,
        Err(error) => {
            draft.decide(by, Verdict::Refused, error.0);
            return Ok(());
        }
    };
    match &command {
        Command::Start { tuning, words } => {
            let by_rules = resolve(draft.rules, tuning, words)
                .and_then(|order| permitted(draft.rules, &order.tuning, &place.asker()));
            if let Err(refusal) = by_rules {
                draft.decide(by, Verdict::Refused, refusal.0);
                return Ok(());
            }
        }
        Command::Stop { .. }
        | Command::Rerun { .. }
        | Command::Apply { .. }
        | Command::Confirm { .. }
        | Command::Cancel { .. }
        | Command::Approve { .. } => {}
        Command::List
        | Command::Help { .. }
        | Command::Status { .. }
        | Command::Best { .. }
        | Command::Details { .. }
        | Command::Compare { .. } => {
            draft.conclude(&by, Ok(answered(by.clone())))?;
            return Ok(());
        }
    }
    let concluded = execute(draft, place, &command).map(|executed| executed.decision);
    let refusal = draft.conclude(&by, concluded)?;
    if let Some(channel) = place.answers_to() {
        draft.answer(channel, refusal.as_slice());
    }
    Ok(())
}

/// A message to the app is answered by messages: all that there is to say is said here. That a sweep is started, its own
/// message says.
fn route_message(draft: &mut Draft<'_>, message: &SlashCommand) -> Result<(), Need> {
    let place = Place::Slack(message);
    let mut answers = Vec::new();
    let executed = parse(&message.text).map_err(|error| Halt::refused(error.0));
    let concluded = executed.and_then(|command| execute(draft, place, &command)).map(|executed| {
        answers.extend(executed.answer);
        executed.decision
    });
    answers.extend(draft.conclude(&name(&message.text), concluded)?);
    if let Some(here) = place.answers_to() {
        draft.answer(here, &answers);
    }
    Ok(())
}

/// # Errors
/// What has to be looked up first.
pub(super) fn route_request(draft: &mut Draft<'_>, request: &Request) -> Result<(), Need> {
    let by = name(&request.command);
    let concluded = match parse(&request.command) {
        Ok(command @ (Command::Start { .. } | Command::Stop { .. } | Command::Rerun { .. })) => {
            execute(draft, Place::Api(request), &command).map(|executed| executed.decision)
        }
        Ok(Command::Apply { .. }) => {
            Err(Halt::refused("`apply` is answered in words: ask in Slack or on a pull request. Nothing was changed."))
        }
        Ok(_) => Err(Halt::refused("A request starts, stops or re-runs a sweep; this one only asks.")),
        Err(error) => Err(Halt::refused(error.0)),
    };
    draft.conclude(&by, concluded).map(|_| ())
}
