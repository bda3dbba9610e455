//! What an event asks for: sweeps to start and to stop, answers, and always a reason.
//!
//! Pure: the event, the rules and what has been looked up decide. Where something is missing, the answer is what to look
//! up next; whoever has the store and the services looks it up and asks again.

mod access;
mod apply;
mod check_action;
mod comment;
mod draft;
mod execute;
mod expression;
mod facts;
mod filter;
mod fork;
mod message;
mod once;
mod order;
mod own;
mod place;
mod preview;
mod pull_request;
mod push;
mod query;
mod quota;
mod tick;
mod withdrawal;

pub use facts::{ChangedPaths, EarlierNeed, Fact, Facts, LastSweep, Need, PullRequestHead, TriggerHead};

use jiff::Timestamp;

use crate::domain::approval::{Approval, SeenHead};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::earlier::EarlierTrial;
use crate::domain::effect::Effect;
use crate::domain::event::{Event, EventKind};
use crate::domain::ids::{EventId, SweepId};
use crate::domain::preview::Preview;
use crate::domain::rules::Rules;
use crate::domain::signal::Signal;
use crate::domain::sweep::Sweep;

use draft::Draft;

#[derive(Debug, Clone, PartialEq)]
pub enum Routing {
    /// Look this up, add it to the facts and ask again.
    Needs(Need),
    Decided(Decided),
}

/// All that an event leads to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decided {
    /// At least one.
    pub decisions: Vec<Decision>,
    /// Sweeps to start, queued.
    pub sweeps: Vec<Sweep>,
    /// What some of them start from.
    pub earlier: Vec<(SweepId, Vec<EarlierTrial>)>,
    /// Sweeps to stop.
    pub signals: Vec<Signal>,
    /// Commits of forks that may run from now on.
    pub approvals: Vec<Approval>,
    /// The head that a fork's pull request was seen to have.
    pub seen_head: Option<SeenHead>,
    /// Answers in words, and signs on comments. The first message of a sweep is not among them.
    pub answers: Vec<Effect>,
    /// What waits for a confirmation from now on, or no longer.
    pub previews: Vec<Preview>,
}

/// Where the event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    pub event: EventId,
    pub now: Timestamp,
    /// Another salt gives other sweep ids, for when one is taken.
    pub salt: u32,
}

/// Decides what `event` leads to.
///
/// Every rule that names the event's repository, and every command in it, gets a decision of its own; if there is none,
/// one decision says so.
pub fn route(event: &Event, rules: &Rules, facts: &Facts, occasion: Occasion) -> Routing {
    let mut draft = Draft::new(event, rules, facts, occasion);
    let routed = match &event.kind {
        EventKind::Push(push) => push::route(&mut draft, push),
        EventKind::PullRequest(pull_request) => pull_request::route(&mut draft, pull_request),
        EventKind::Comment(comment) => comment::route(&mut draft, comment),
        EventKind::CheckAction(action) => check_action::route(&mut draft, action),
        EventKind::SlashCommand(command) => message::route_slash_command(&mut draft, command),
        EventKind::Request(request) => message::route_request(&mut draft, request),
        EventKind::Tick(tick) => tick::route(&mut draft, tick),
        EventKind::Ping { .. } => {
            draft.decide("ping", Verdict::Ignored, "GitHub only says hello: the webhook is set up");
            Ok(())
        }
        EventKind::Import(import) => {
            let reason = format!("the import of {} was carried out when it was asked for", import.file);
            draft.decide("import", Verdict::Ignored, reason);
            Ok(())
        }
        EventKind::NotForUs { what } => {
            draft.decide("no rule", Verdict::Ignored, format!("nothing here reacts to {what}"));
            Ok(())
        }
    };
    match routed {
        Ok(()) => Routing::Decided(draft.finish()),
        Err(need) => Routing::Needs(need),
    }
}

#[cfg(test)]
mod tests;
