//! Events: verified facts from outside, in our own words. What a service sends is parsed once, leniently, into these.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::head::{HeadMove, HeadName};
use super::ids::{CommitSha, Repository, RuleName, SweepId, TuningName};

/// What makes an event unique: a redelivery has the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EventKey {
    pub source: Source,
    /// GitHub's delivery id, Slack's trigger id, a schedule's slot, a caller's idempotency key.
    pub delivery: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Github,
    Slack,
    Schedule,
    Api,
}

impl Source {
    pub const ALL: [Self; 4] = [Self::Github, Self::Slack, Self::Schedule, Self::Api];

    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Slack => "slack",
            Self::Schedule => "schedule",
            Self::Api => "api",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub key: EventKey,
    pub received_at: Timestamp,
    pub kind: EventKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    Push(Push),
    PullRequest(PullRequest),
    Comment(Comment),
    CheckAction(CheckAction),
    SlashCommand(SlashCommand),
    Tick(Tick),
    Request(Request),
    Import(Import),
    /// GitHub says hello.
    Ping {
        zen: String,
    },
    /// A delivery that is rightly sent but that nothing here reacts to; kept so that it can be explained.
    NotForUs {
        what: String,
    },
}

impl EventKind {
    /// Where it leaves a branch or a pull request.
    pub fn head(&self) -> Option<HeadMove> {
        match self {
            Self::Push(Push { repository, reference: GitReference::Branch(branch), head, .. }) => {
                let name = HeadName::Branch(branch.clone());
                Some(HeadMove { repository: repository.clone(), name, to: head.clone() })
            }
            Self::PullRequest(PullRequest { repository, number, action, head, .. }) => {
                let to = (action != "closed").then(|| head.clone());
                Some(HeadMove { repository: repository.clone(), name: HeadName::PullRequest(*number), to })
            }
            _ => None,
        }
    }

    /// One or two words for lists and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Push(_) => "push",
            Self::PullRequest(_) => "pull_request",
            Self::Comment(_) => "comment",
            Self::CheckAction(_) => "check_action",
            Self::SlashCommand(_) => "slash_command",
            Self::Tick(_) => "tick",
            Self::Request(_) => "request",
            Self::Import(_) => "import",
            Self::Ping { .. } => "ping",
            Self::NotForUs { .. } => "not_for_us",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Push {
    pub repository: Repository,
    pub default_branch: String,
    pub reference: GitReference,
    /// The commit after the push; absent when the reference was deleted.
    pub head: Option<CommitSha>,
    /// Paths added, removed or modified by the commits in the payload.
    pub changed_paths: BTreeSet<String>,
    /// The payload may not name every changed path (GitHub lists only so many commits): globs must then not exclude.
    pub paths_truncated: bool,
    pub sender: String,
    /// First line of the head commit's message.
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "lowercase")]
pub enum GitReference {
    Branch(String),
    Tag(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullRequest {
    pub repository: Repository,
    pub number: u64,
    /// `opened`, `synchronize`, … as GitHub names it.
    pub action: String,
    pub title: String,
    pub author: String,
    pub sender: String,
    pub head: CommitSha,
    pub head_branch: String,
    pub base_branch: String,
    /// The head branch lives in another repository.
    pub from_fork: bool,
    pub draft: bool,
    pub labels: BTreeSet<String>,
    /// The label that was added or removed, if that is what happened.
    #[serde(default)]
    pub label: Option<String>,
    /// When the pull request was last changed, by GitHub's clock: not before this head was pushed.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
}

/// A comment on a pull request. The payload names no commit: it is looked up and pinned when the comment is worked on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    pub repository: Repository,
    pub pull_request: u64,
    pub comment: u64,
    /// `created`, `edited` or `deleted`.
    pub action: String,
    pub author: String,
    /// Written by a program, this one included.
    pub by_bot: bool,
    pub body: String,
    /// When it was written, by GitHub's clock.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

/// Somebody presses a button of a check of ours on GitHub, or has GitHub ask for checks again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckAction {
    pub repository: Repository,
    /// What is checked.
    pub sha: CommitSha,
    /// The login of whoever presses.
    pub sender: String,
    pub verb: CheckVerb,
    pub of: Checked,
}

/// What a button of a check does: the command of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerb {
    Rerun,
    Stop,
    Apply,
}

impl CheckVerb {
    pub const ALL: [Self; 3] = [Self::Rerun, Self::Stop, Self::Apply];

    pub fn name(self) -> &'static str {
        match self {
            Self::Rerun => "rerun",
            Self::Stop => "stop",
            Self::Apply => "apply",
        }
    }
}

/// Which check it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Checked {
    Sweep {
        sweep: SweepId,
    },
    /// One that says that a fork's commit waits for a maintainer.
    Fork,
    /// All of the commit.
    All,
}

/// A command from Slack, whichever way it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlashCommand {
    pub team: String,
    pub channel: String,
    pub user: String,
    /// As it is shown; Slack may leave it empty.
    pub user_name: String,
    /// What follows `/tune`.
    pub text: String,
    /// The thread that it was given in, so that it is answered there.
    #[serde(default)]
    pub thread: Option<String>,
    #[serde(default)]
    pub given: Given,
}

/// How a command was given in Slack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// Typed as `/tune …`. Slack lets nobody do that in a thread.
    #[default]
    Slash,
    /// A message that mentions the app.
    Mention,
    /// A message to the app alone.
    Direct,
    /// A click on a message.
    Button,
    /// A form that was filled in.
    Form,
}

impl Given {
    /// Whoever gives a command in a message of their own gets no answer but another message; the other ways in have one
    /// that only the asker sees.
    pub fn is_message(self) -> bool {
        matches!(self, Self::Mention | Self::Direct)
    }
}

/// A slot of a schedule has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    pub schedule: RuleName,
    /// The instant that the schedule names, without jitter.
    pub slot: Timestamp,
    /// It is fired late, because nothing was there to fire it in time.
    pub late: bool,
}

/// `tunebot import`: trials of a file become a finished sweep. It is done with in the transaction that writes it down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Import {
    pub file: String,
    /// The study in it; empty if the file names none.
    pub study: String,
    pub tuning: TuningName,
}

/// A call of `POST /api/v1/sweeps`, or of `tunebot run`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The name of the token that was used.
    pub caller: String,
    /// In the grammar of `/tune`: a tuning and `key=value` words.
    pub command: String,
}
