//! Ingress: raw bytes from outside are verified and parsed into events.
//!
//! Verification is over the bytes as they came, before anything reads them. Parsing is lenient: a signed delivery of an
//! unknown kind, or with parts missing, becomes an event that is "not for us" and says why; it is never refused.
//! Nothing here reads a clock, a store or the network.

pub mod api;
mod file;
pub mod github;
pub mod schedule;
mod signature;
pub mod slack;
pub mod trial_token;

use crate::domain::event::{CheckAction, Checked, EventKind, GitReference, Push};

pub use file::{FileHints, parse_file};
pub use trial_token::{TokenError, TrialTokens};

/// Why bytes from outside are not taken. The text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no signature or token to check.
    #[error("{0}")]
    Unsigned(String),
    /// There is one, and it is not made with any of the configured secrets.
    #[error("{0}")]
    WrongSignature(String),
    /// It is signed, but too long ago, or in the future: it may be a recording that is played back.
    #[error("{0}")]
    Stale(String),
    /// It is what it claims to be, and cannot be read.
    #[error("{0}")]
    Malformed(String),
}

/// One line about what was understood: `push to main of octo/vision (3f2a91c), 3 changed paths`.
pub fn describe(kind: &EventKind) -> String {
    match kind {
        EventKind::Push(push) => describe_push(push),
        EventKind::PullRequest(pull) => {
            format!("pull request #{} of {} {} at {}", pull.number, pull.repository, pull.action, pull.head.short())
        }
        EventKind::Comment(comment) => {
            format!("comment {} on #{} of {}", comment.action, comment.pull_request, comment.repository)
        }
        EventKind::CheckAction(action) => describe_check_action(action),
        EventKind::SlashCommand(command) => format!("/tune {}", command.text),
        EventKind::Tick(tick) => format!("slot {} of schedule {}", tick.slot, tick.schedule),
        EventKind::Request(request) => format!("API request of {}: {}", request.caller, request.command),
        EventKind::Import(import) => format!("import of {} into {}", import.file, import.tuning),
        EventKind::Ping { zen } if zen.is_empty() => "ping".to_owned(),
        EventKind::Ping { zen } => format!("ping: {zen}"),
        EventKind::NotForUs { what } => format!("not for us: {what}"),
    }
}

fn describe_check_action(action: &CheckAction) -> String {
    let CheckAction { repository, sha, sender, verb, of } = action;
    let which = match of {
        Checked::Sweep { sweep } => format!("the check of {sweep}"),
        Checked::Fork => "the waiting check of a fork".to_owned(),
        Checked::All => "all checks".to_owned(),
    };
    format!("{} of {which} on {repository} ({}) by @{sender}", verb.name(), sha.short())
}

fn describe_push(push: &Push) -> String {
    let reference = match &push.reference {
        GitReference::Branch(name) => name.clone(),
        GitReference::Tag(name) => format!("tag {name}"),
    };
    let Some(head) = &push.head else {
        return format!("push that deletes {reference} of {}", push.repository);
    };
    let paths = match (push.changed_paths.len(), push.paths_truncated) {
        (1, false) => "1 changed path".to_owned(),
        (count, false) => format!("{count} changed paths"),
        (0, true) => "changed paths not named".to_owned(),
        (count, true) => format!("{count} changed paths and more that are not named"),
    };
    format!("push to {reference} of {} ({}), {paths}", push.repository, head.short())
}
