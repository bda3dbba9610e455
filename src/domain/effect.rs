//! Effects: things to do outside, written down before they are done.
//!
//! The store keeps them in the outbox, at most one per key. Writing an effect under a key that is there already
//! replaces what is wanted: a message that was not sent yet is sent once, in its newest form.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::apply::Application;
use super::approval::ForkNotice;
use super::detail::Detail;
use super::event::EventKey;
use super::ids::{AttemptId, EngineName, EventId, SweepId, TuningName};
use super::params::Params;
use super::preview::Preview;
use super::report::Report;
use super::repository_rules::FileCheck;
use super::sweep::{Destination, Service};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The sweep that it belongs to; an answer to a comment belongs to none.
    pub sweep: Option<SweepId>,
    pub due_at: Timestamp,
    pub action: Action,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Start one attempt of one trial.
    Submit {
        engine: EngineName,
        attempt: AttemptId,
        params: Params,
    },
    /// End it: ask first, kill after `grace`.
    Stop {
        engine: EngineName,
        attempt: AttemptId,
        grace: SignedDuration,
    },
    /// The sweep has ended: the engine lets go of what it kept for it as a whole.
    Release {
        engine: EngineName,
        sweep: SweepId,
    },
    Notify(Notification),
    /// Say on a commit what its repository's own file of rules comes to.
    CheckFile(Box<FileCheck>),
    /// Write the best parameters into the repository, by a pull request, and tell whoever asked.
    Apply(Box<Application>),
}

/// A message, or its next edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Unique for what is to be said, and for the message unless it is a shared one.
    pub slot: String,
    pub destination: Destination,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "content", rename_all = "snake_case")]
pub enum Content {
    /// The one message of a sweep, in its present state.
    Sweep(Box<Report>),
    /// The line that tells the asker that the sweep has ended; never edited.
    Closing(Box<Report>),
    /// A line in the thread of a running sweep's message; never edited.
    Detail(Box<Detail>),
    /// Pictures of a sweep that has ended, in the thread of its message; never edited.
    Charts(Box<Report>),
    /// What will run if somebody says yes; its next edition says what became of it.
    Preview(Box<Preview>),
    /// Plain text in answer to a command.
    Answer { text: String },
    /// What the head of a fork's pull request waits for, or who has allowed it; on GitHub only.
    Fork(ForkNotice),
    /// A sign on the comment that gave a command; the destination says where the comment is.
    Reaction { comment: u64, reaction: Reaction },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// It is taken up.
    Eyes,
    /// Nothing in it can be done; an answer in words says why.
    Confused,
}

impl Reaction {
    /// As GitHub names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eyes => "eyes",
            Self::Confused => "confused",
        }
    }
}

/// What a slot's name ends with if it is the closing line of the sweep message whose slot is the rest.
const CLOSING: &str = "/closing";

/// The same for its charts.
const CHARTS: &str = "/charts";

/// What stands between the slot of a sweep message and the name of a line in its thread.
const DETAIL: &str = "/detail/";

impl Notification {
    /// The slot of a sweep's message at `destination`.
    pub fn sweep_slot(sweep: &SweepId, destination: &Destination) -> String {
        format!("{sweep}/{}", destination.key())
    }

    /// The slot of the answer to an event.
    pub fn answer_slot(event: &EventKey) -> String {
        format!("answer/{}/{}", event.source.name(), event.delivery)
    }

    /// The slot of what a fork's pull request is told: one comment for all its commits, one check for each and each tuning.
    pub fn fork_slot(destination: &Destination, notice: &ForkNotice) -> String {
        match &notice.tuning {
            Some(tuning) => format!("fork/{}/{tuning}", destination.key()),
            None => format!("fork/{}", destination.key()),
        }
    }

    /// The slot of the sign on the comment that the event is.
    pub fn reaction_slot(event: &EventKey) -> String {
        format!("reaction/{}/{}", event.source.name(), event.delivery)
    }

    /// The message that all sweeps of a tuning share at `destination`, if they share one there: the comment on a pull
    /// request.
    pub fn shared_key(tuning: &TuningName, destination: &Destination) -> Option<String> {
        matches!(destination, Destination::GithubComment { .. })
            .then(|| format!("tuning/{tuning}/{}", destination.key()))
    }

    /// The shared message that this one is an edition of.
    pub fn shared(&self) -> Option<String> {
        match &self.content {
            Content::Sweep(report) => Self::shared_key(&report.tuning, &self.destination),
            Content::Closing(_)
            | Content::Detail(_)
            | Content::Charts(_)
            | Content::Preview(_)
            | Content::Answer { .. }
            | Content::Fork(_)
            | Content::Reaction { .. } => None,
        }
    }

    /// What its receipt is kept under.
    pub fn receipt_key(&self) -> String {
        self.shared().unwrap_or_else(|| self.slot.clone())
    }

    /// The slot of the preview of what an event asked for.
    pub fn preview_slot(event: EventId) -> String {
        format!("preview/{event}")
    }

    /// The slot of the closing line of the sweep message in `slot`.
    pub fn closing_slot(slot: &str) -> String {
        format!("{slot}{CLOSING}")
    }

    /// The slot of the charts in the thread of the sweep message in `slot`.
    pub fn charts_slot(slot: &str) -> String {
        format!("{slot}{CHARTS}")
    }

    /// The slot of a line in the thread of the sweep message in `slot`.
    pub fn detail_slot(slot: &str, detail: &Detail) -> String {
        format!("{slot}{DETAIL}{}", detail.news.name())
    }

    /// The slot of the sweep message that this line belongs to; it goes into that message's thread.
    pub fn thread_slot(&self) -> Option<&str> {
        match self.content {
            Content::Closing(_) => self.slot.strip_suffix(CLOSING),
            Content::Charts(_) => self.slot.strip_suffix(CHARTS),
            Content::Detail(_) => self.slot.rsplit_once(DETAIL).map(|(slot, _)| slot),
            Content::Sweep(_)
            | Content::Preview(_)
            | Content::Answer { .. }
            | Content::Fork(_)
            | Content::Reaction { .. } => None,
        }
    }

    /// The slot of the message that comes before this one in its thread, besides the one that begins it.
    pub fn preceding_slot(&self) -> Option<String> {
        match self.content {
            Content::Charts(_) => self.thread_slot().map(Self::closing_slot),
            _ => None,
        }
    }

    /// What identifies it in the outbox: its slot, but for a line that replaces one of another slot which was not
    /// delivered yet.
    fn key(&self) -> String {
        match (&self.content, self.thread_slot()) {
            (Content::Detail(detail), Some(slot)) => format!("notify/{slot}{DETAIL}{}", detail.news.kind()),
            _ => format!("notify/{}", self.slot),
        }
    }
}

impl Action {
    /// The idempotency key: doing the same thing twice has the same key.
    pub fn key(&self) -> String {
        match self {
            Self::Submit { attempt, .. } => format!("submit/{attempt}"),
            Self::Stop { attempt, .. } => format!("stop/{attempt}"),
            Self::Release { sweep, .. } => format!("release/{sweep}"),
            Self::Notify(notification) => notification.key(),
            Self::CheckFile(check) => format!("check-file/{}/{}", check.repository, check.sha),
            Self::Apply(application) => format!("apply/{}", application.slot),
        }
    }

    /// Which of the effects that are carried out together come before it: those of a lower stage. A stop presupposes its
    /// submission, a line in a thread the message that begins it, a closing line the other lines, a release that nothing of
    /// its sweep is to be done.
    pub fn stage(&self) -> u8 {
        match self {
            Self::Submit { .. } | Self::Apply(_) | Self::CheckFile(_) => 0,
            Self::Stop { .. } => 1,
            Self::Release { .. } => 2,
            Self::Notify(notification) => match notification.content {
                Content::Sweep(_)
                | Content::Preview(_)
                | Content::Answer { .. }
                | Content::Fork(_)
                | Content::Reaction { .. } => 0,
                Content::Detail(_) => 1,
                Content::Closing(_) | Content::Charts(_) => 2,
            },
        }
    }

    pub fn lane(&self) -> Lane {
        match self {
            Self::Submit { engine, .. } | Self::Stop { engine, .. } | Self::Release { engine, .. } => {
                Lane::Engine(engine.clone())
            }
            Self::Notify(notification) => {
                let service = notification.destination.service();
                match notification.content {
                    Content::Charts(_) => Lane::Pictures(service),
                    _ => Lane::Service(service),
                }
            }
            Self::Apply(_) | Self::CheckFile(_) => Lane::Service(Service::Github),
        }
    }
}

/// Effects of one lane are carried out beside those of the others, so that a service that is away holds up only itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    Engine(EngineName),
    Service(Service),
    /// Pictures take long to draw and to send: no word waits for one.
    Pictures(Service),
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine(name) => write!(f, "engine/{name}"),
            Self::Service(service) => f.write_str(service.name()),
            Self::Pictures(service) => write!(f, "{}/pictures", service.name()),
        }
    }
}

/// How a service names the message that it took, in its own terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "receipt", rename_all = "snake_case")]
pub enum Receipt {
    Slack {
        channel: String,
        ts: String,
    },
    /// Slack names the files, not the message that they came in.
    SlackFiles {
        files: Vec<String>,
    },
    GithubComment {
        id: u64,
    },
    GithubCheck {
        id: u64,
    },
    GithubReaction {
        id: u64,
    },
}
