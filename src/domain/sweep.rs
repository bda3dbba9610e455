//! One run of a tuning: what was asked, by whom, for which code, and how far it has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::detail::Told;
use super::earlier::StartsFrom;
use super::estimate::Estimate;
use super::ids::{CommitSha, EventId, Repository, RuleName, SweepId};
use super::params::Params;
use super::quota::Account;
use super::signal::StopRequest;
use super::tuning::Tuning;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    pub id: SweepId,
    /// The event that asked for it.
    pub event: EventId,
    /// The trigger that started it; none if a person, a schedule or a program asked for it.
    #[serde(default)]
    pub trigger: Option<RuleName>,
    /// The tuning with all overrides applied, as it was when the sweep began: a later change of the configuration
    /// does not reach it.
    pub tuning: Tuning,
    /// The `key=value` words that were asked for, as typed.
    pub overrides: Vec<String>,
    pub seed: u64,
    pub origin: Origin,
    pub code: Option<Code>,
    /// Sweeps of one group mind each other: those of one tuning on one branch, pull request or schedule.
    pub group: Option<String>,
    /// It begins only after every older sweep of its group has ended.
    pub waits_for_group: bool,
    /// Where its messages go.
    pub destinations: Vec<Destination>,
    pub baseline: Option<Baseline>,
    /// What it would probably take, when it was asked for.
    #[serde(default)]
    pub estimate: Option<Estimate>,
    /// Set if it was to start from earlier sweeps.
    #[serde(default)]
    pub starts_from: Option<StartsFrom>,
    pub state: SweepState,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Set from the moment that the end is decided; running trials may still be ending.
    pub outcome: Option<Outcome>,
    /// When its progress was last written down for its destinations.
    pub reported_at: Option<Timestamp>,
    /// What was told in the threads of its messages.
    #[serde(default)]
    pub told: Told,
}

impl Sweep {
    /// Whose quota it counts against: that of the person who asked for it, and of nobody if a rule or a program did.
    pub fn account(&self) -> Option<Account> {
        match &self.origin {
            _ if self.trigger.is_some() => None,
            Origin::Slack { user, .. } => Some(Account::slack(user)),
            Origin::PullRequest { login, .. } => Some(Account::github(login)),
            Origin::Push { .. }
            | Origin::Schedule { .. }
            | Origin::Api { .. }
            | Origin::Terminal
            | Origin::Import { .. } => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SweepState {
    /// Waits for a free place on its engine, or for an older sweep of its group.
    Queued,
    Running,
    /// The end is decided; running trials are being ended.
    Stopping,
    Finished,
}

impl SweepState {
    pub const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Stopping, Self::Finished];

    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Finished => "finished",
        }
    }
}

/// How a sweep ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// All trials are done.
    Completed,
    /// The search space has no point left to try.
    Exhausted,
    GoalReached,
    /// No improvement for so many finished trials.
    NoImprovement {
        trials: u32,
    },
    DeadlineReached,
    TooManyFailures {
        failed: u32,
    },
    Stopped {
        by: StopRequest,
    },
    /// It ran elsewhere; its trials were brought in from a file.
    Imported,
}

impl Outcome {
    /// One word for metrics and lists.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Exhausted => "exhausted",
            Self::GoalReached => "goal_reached",
            Self::NoImprovement { .. } => "no_improvement",
            Self::DeadlineReached => "deadline_reached",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::Stopped { .. } => "stopped",
            Self::Imported => "imported",
        }
    }

    /// It ran as far as it was meant to: its best may serve as a baseline.
    pub fn is_success(&self) -> bool {
        !matches!(self, Self::TooManyFailures { .. } | Self::Stopped { .. })
    }
}

/// Where a sweep was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum Origin {
    Slack {
        channel: String,
        user: String,
        user_name: String,
    },
    PullRequest {
        repository: Repository,
        number: u64,
        login: String,
    },
    Push {
        repository: Repository,
        login: String,
    },
    Schedule {
        name: RuleName,
    },
    Api {
        caller: String,
    },
    Terminal,
    /// A file, and the study in it (empty if the file names none). `content` is the hash of what was read.
    Import {
        file: String,
        study: String,
        content: String,
    },
}

impl Origin {
    /// Who asked, as a message shows it.
    pub fn asker(&self) -> String {
        match self {
            Self::Slack { user_name, user, .. } => format!("@{}", if user_name.is_empty() { user } else { user_name }),
            Self::PullRequest { login, .. } | Self::Push { login, .. } => format!("@{login}"),
            Self::Schedule { name } => format!("schedule {name}"),
            Self::Api { caller } => format!("API ({caller})"),
            Self::Terminal => "you".to_owned(),
            Self::Import { file, study, .. } if study.is_empty() => format!("import of {file}"),
            Self::Import { file, study, .. } => format!("import of {study} ({file})"),
        }
    }
}

/// The code that the trials run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    pub repository: Repository,
    /// Branch or tag as people name it.
    pub reference: String,
    pub sha: Option<CommitSha>,
    pub pull_request: Option<u64>,
    /// It is a fork's, which somebody has allowed to run.
    #[serde(default)]
    pub fork: bool,
    /// The branch that results are held against: the pull request's base, else the repository's default branch.
    pub base_branch: String,
}

/// A place where a sweep's message lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "destination", rename_all = "snake_case")]
pub enum Destination {
    Slack {
        channel: String,
        thread: Option<String>,
        /// The user id to mention when the sweep has ended.
        mention: Option<String>,
    },
    /// One comment on a pull request for the sweeps of a tuning, edited in place.
    GithubComment {
        repository: Repository,
        pull_request: u64,
        /// The login of whoever asked, to be mentioned when the sweep has ended: nobody is told of an edit.
        #[serde(default)]
        mention: Option<String>,
    },
    /// A check run on a commit.
    GithubCheck { repository: Repository, sha: CommitSha },
}

impl Destination {
    /// The service behind it, for metrics and for the choice of a notifier.
    pub fn service(&self) -> Service {
        match self {
            Self::Slack { .. } => Service::Slack,
            Self::GithubComment { .. } | Self::GithubCheck { .. } => Service::Github,
        }
    }

    /// A text that is different for different places.
    pub fn key(&self) -> String {
        match self {
            Self::Slack { channel, thread, .. } => format!("slack/{channel}/{}", thread.as_deref().unwrap_or("")),
            Self::GithubComment { repository, pull_request, .. } => format!("comment/{repository}/{pull_request}"),
            Self::GithubCheck { repository, sha } => format!("check/{repository}/{sha}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    Slack,
    Github,
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Github => "github",
        }
    }
}

/// Whose value a baseline is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Against {
    /// The best of the last finished sweep of the same tuning on this branch.
    Branch { name: String },
    /// The best of the last finished sweep of a tuning that belongs to no repository.
    Earlier,
    /// What production uses today: the same sweep's trial 0.
    Production,
}

impl Against {
    /// A name for a table's column.
    pub fn name(&self) -> &str {
        match self {
            Self::Branch { name } => name,
            Self::Earlier => "before",
            Self::Production => "production",
        }
    }
}

/// What a sweep's best is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub against: Against,
    /// The sweep that gave it.
    pub sweep: SweepId,
    /// Value of the first objective.
    pub value: f64,
    /// Its standard deviation, if its trial measured it several times.
    #[serde(default)]
    pub spread: Option<f64>,
    pub params: Params,
}

/// A sweep that has just been asked for, for tests of other modules.
#[cfg(test)]
pub fn fixture(tuning: Tuning) -> Sweep {
    Sweep {
        id: SweepId::derive(&tuning.name, "fixture", 0),
        event: EventId(1),
        trigger: None,
        tuning,
        overrides: Vec::new(),
        seed: 7,
        origin: Origin::Slack { channel: "C1".into(), user: "U1".into(), user_name: "mika".into() },
        code: None,
        group: None,
        waits_for_group: false,
        destinations: vec![Destination::Slack { channel: "C1".into(), thread: None, mention: Some("U1".into()) }],
        baseline: None,
        estimate: None,
        starts_from: None,
        state: SweepState::Queued,
        created_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        ended_at: None,
        outcome: None,
        reported_at: None,
        told: Told::default(),
    }
}
