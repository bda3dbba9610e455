//! Commands in comments on pull requests.

use super::access;
use super::draft::{Draft, Halt};
use super::execute::{execute, name};
use super::facts::Need;
use super::place::Place;
use crate::domain::decision::Verdict;
use crate::domain::effect::{Action, Content, Notification, Reaction};
use crate::domain::event::Comment;
use crate::domain::ids::Repository;
use crate::domain::rules::Rules;
use crate::domain::sweep::Destination;
use crate::plan::command::{commands_in_comment, parse};

const MOST_COMMANDS: usize = 5;

/// # Errors
/// What has to be looked up first.
pub(super) fn route(draft: &mut Draft<'_>, comment: &Comment) -> Result<(), Need> {
    let by = format!("comment on #{}", comment.pull_request);
    let commands = commands_in_comment(&comment.body);
    if let Some(reason) = reason_to_ignore(draft.rules, comment, commands.len()) {
        draft.decide(by, Verdict::Ignored, reason);
        return Ok(());
    }
    let place = Place::PullRequest(comment);
    let mut answers = Vec::new();
    let refusal = match access::check_writer(draft, place) {
        Ok(()) => too_many(commands.len()),
        Err(Halt::Unknown(need)) => return Err(need),
        Err(Halt::Verdict(_, refusal)) => Some(refusal),
    };
    if let Some(refusal) = refusal {
        draft.decide(by, Verdict::Refused, refusal.clone());
        answers.push(refusal);
    } else {
        for text in &commands {
            let executed = parse(text).map_err(|error| Halt::refused(error.0));
            let concluded = executed.and_then(|command| execute(draft, place, &command)).map(|executed| {
                answers.extend(executed.answer);
                executed.decision
            });
            answers.extend(draft.conclude(&name(text), concluded)?);
        }
    }
    if let Some(here) = place.answers_to() {
        react(draft, here.clone(), comment.comment);
        draft.answer(here, &answers);
    }
    Ok(())
}

/// Shows on the comment that it is taken up, or that all in it was refused.
fn react(draft: &mut Draft<'_>, destination: Destination, comment: u64) {
    let reaction = if draft.is_refused() { Reaction::Confused } else { Reaction::Eyes };
    let slot = Notification::reaction_slot(&draft.event.key);
    let content = Content::Reaction { comment, reaction };
    draft.act(None, Action::Notify(Notification { slot, destination, content }));
}

fn reason_to_ignore(rules: &Rules, comment: &Comment, commands: usize) -> Option<String> {
    if comment.action != "created" {
        Some(format!("the comment was {}; only new ones are read", comment.action))
    } else if comment.by_bot {
        Some("the comment was written by a program".to_owned())
    } else if commands == 0 {
        Some("no line of the comment begins with /tune".to_owned())
    } else if !takes_commands(rules, &comment.repository) {
        Some(format!("commands on pull requests of {} are not taken: no rule names it", comment.repository))
    } else {
        None
    }
}

fn too_many(commands: usize) -> Option<String> {
    (commands > MOST_COMMANDS).then(|| {
        format!("This comment has {commands} commands; at most {MOST_COMMANDS} are taken. Nothing was started.")
    })
}

/// Are commands taken that are given on GitHub, in this repository?
pub(super) fn takes_commands(rules: &Rules, repository: &Repository) -> bool {
    if rules.command_repositories.is_empty() {
        rules.triggers.iter().any(|trigger| trigger.repositories.matches(repository.as_str()))
    } else {
        rules.command_repositories.contains(repository)
    }
}
