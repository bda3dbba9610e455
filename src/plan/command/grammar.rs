//! What can be said: the commands, read and printed.

use std::fmt;

use super::code;
use super::words;
use crate::domain::error::UserError;
use crate::domain::ids::{EventId, SweepId};
use crate::domain::nearest::nearest;

/// One command, as far as it can be understood without the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `TUNING [key=value…]`: both are checked by [`resolve`](super::resolve).
    Start {
        tuning: String,
        words: Vec<String>,
    },
    List,
    /// Without a sweep: all that run.
    Status {
        sweep: Option<SweepId>,
    },
    /// A tuning or a sweep: [`subject`](super::subject) says which.
    Best {
        of: String,
    },
    /// All there is to say about one sweep.
    Details {
        sweep: SweepId,
    },
    Stop {
        sweep: SweepId,
    },
    Rerun {
        sweep: SweepId,
    },
    /// Its best parameters into the repository, by a pull request.
    Apply {
        sweep: SweepId,
    },
    /// Starts what an event asked for that waits for a confirmation.
    Confirm {
        event: EventId,
    },
    /// Lets it be.
    Cancel {
        event: EventId,
    },
    Compare {
        left: SweepId,
        right: SweepId,
    },
    Help {
        tuning: Option<String>,
    },
    /// Lets a commit of a fork run; without one the head that the writer saw. At least seven hexadecimal digits.
    Approve {
        commit: Option<String>,
    },
}

/// The words that a command may begin with, besides the name of a tuning.
pub(super) const VERBS: [&str; 12] =
    ["list", "status", "best", "details", "stop", "rerun", "apply", "confirm", "cancel", "compare", "approve", "help"];

/// Reads what follows `/tune` (with or without `/tune` itself). Nothing at all asks for help.
///
/// # Errors
/// What is missing, too much or not a sweep, and how to write it.
pub fn parse(text: &str) -> Result<Command, UserError> {
    let mut words = words::split(&words::plain(text));
    if words.first().is_some_and(|word| word.eq_ignore_ascii_case("/tune")) {
        words.remove(0);
    }
    if words.is_empty() {
        return Ok(Command::Help { tuning: None });
    }
    let first = words.remove(0);
    let verb = first.to_ascii_lowercase();
    let rest: Vec<&str> = words.iter().map(String::as_str).collect();
    match (verb.as_str(), rest.as_slice()) {
        ("list", []) => Ok(Command::List),
        ("status", []) => Ok(Command::Status { sweep: None }),
        ("status", [sweep]) => Ok(Command::Status { sweep: Some(sweep_id(sweep)?) }),
        ("best", [of]) => Ok(Command::Best { of: (*of).to_owned() }),
        ("details", [sweep]) => Ok(Command::Details { sweep: sweep_id(sweep)? }),
        ("stop", [sweep]) => Ok(Command::Stop { sweep: sweep_id(sweep)? }),
        ("rerun", [sweep]) => Ok(Command::Rerun { sweep: sweep_id(sweep)? }),
        ("apply", [sweep]) => Ok(Command::Apply { sweep: sweep_id(sweep)? }),
        ("confirm", [event]) => Ok(Command::Confirm { event: event_id(event)? }),
        ("cancel", [event]) => Ok(Command::Cancel { event: event_id(event)? }),
        ("compare", [left, right]) => Ok(Command::Compare { left: sweep_id(left)?, right: sweep_id(right)? }),
        ("approve", []) => Ok(Command::Approve { commit: None }),
        ("approve", [commit]) => Ok(Command::Approve { commit: Some(commit_prefix(commit)?) }),
        ("help", []) => Ok(Command::Help { tuning: None }),
        ("help", [tuning]) => Ok(Command::Help { tuning: Some((*tuning).to_owned()) }),
        (verb, _) if VERBS.contains(&verb) => Err(UserError::new(format!("Write `/tune {}`.", usage(verb)))),
        _ => start(first, words),
    }
}

fn start(tuning: String, words: Vec<String>) -> Result<Command, UserError> {
    if tuning.contains('=') {
        return Err(UserError::new(format!(
            "A command begins with a tuning, not with {}. Write `/tune {}`; `/tune list` shows the tunings. Nothing was started.",
            code(&tuning),
            usage("")
        )));
    }
    Ok(Command::Start { tuning, words })
}

fn sweep_id(word: &str) -> Result<SweepId, UserError> {
    let name = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    name.parse().map_err(|_| {
        UserError::new(format!(
            "{} is not a sweep: a sweep is named like `resnet-k3f9q2`. `/tune status` shows those that run.",
            code(word)
        ))
    })
}

fn commit_prefix(word: &str) -> Result<String, UserError> {
    let digits = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    if (7..=64).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(digits);
    }
    Err(UserError::new(format!(
        "{} is not a commit: write at least seven of its digits, like `/tune approve 3f2a91c`. Nothing was started.",
        code(word)
    )))
}

fn event_id(word: &str) -> Result<EventId, UserError> {
    word.trim_start_matches('#').parse().map(EventId).map_err(|_| {
        UserError::new(format!(
            "{} is not the number of a preview: what waits for a confirmation shows its number. `/tune stop SWEEP` ends a sweep.",
            code(word)
        ))
    })
}

/// How the command that begins with `verb` is written.
fn usage(verb: &str) -> &'static str {
    match verb {
        "list" => "list",
        "status" => "status [SWEEP]",
        "best" => "best TUNING|SWEEP",
        "details" => "details SWEEP",
        "stop" => "stop SWEEP",
        "rerun" => "rerun SWEEP",
        "apply" => "apply SWEEP",
        "confirm" => "confirm NUMBER",
        "cancel" => "cancel NUMBER",
        "compare" => "compare SWEEP SWEEP",
        "approve" => "approve [COMMIT]",
        "help" => "help [TUNING]",
        _ => "TUNING [key=value…]",
    }
}

/// "Did you mean `x`?" for a first word that is neither a tuning nor a verb; empty when nothing is near.
pub(super) fn did_you_mean<'a>(word: &str, tunings: impl IntoIterator<Item = &'a str>) -> String {
    let tunings: Vec<&str> = tunings.into_iter().collect();
    match nearest(word, tunings.iter().copied().chain(VERBS)) {
        Some(found) if tunings.contains(&found) => format!(" Did you mean *{found}*?"),
        Some(verb) => format!(" Did you mean `/tune {}`?", usage(verb)),
        None => String::new(),
    }
}

/// The command as it can be typed after `/tune`.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { tuning, words } => {
                f.write_str(&words::quote(tuning))?;
                words.iter().try_for_each(|word| write!(f, " {}", words::quote(word)))
            }
            Self::List => f.write_str("list"),
            Self::Status { sweep: None } => f.write_str("status"),
            Self::Status { sweep: Some(sweep) } => write!(f, "status {sweep}"),
            Self::Best { of } => write!(f, "best {}", words::quote(of)),
            Self::Details { sweep } => write!(f, "details {sweep}"),
            Self::Stop { sweep } => write!(f, "stop {sweep}"),
            Self::Rerun { sweep } => write!(f, "rerun {sweep}"),
            Self::Apply { sweep } => write!(f, "apply {sweep}"),
            Self::Confirm { event } => write!(f, "confirm {event}"),
            Self::Cancel { event } => write!(f, "cancel {event}"),
            Self::Compare { left, right } => write!(f, "compare {left} {right}"),
            Self::Approve { commit: None } => f.write_str("approve"),
            Self::Approve { commit: Some(commit) } => write!(f, "approve {commit}"),
            Self::Help { tuning: None } => f.write_str("help"),
            Self::Help { tuning: Some(tuning) } => write!(f, "help {}", words::quote(tuning)),
        }
    }
}
