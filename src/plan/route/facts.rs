//! What a decision may need to know beyond the event and the rules.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::access::RepositoryPermission;
use crate::domain::approval::{Approval, SeenHead};
use crate::domain::earlier::EarlierSweep;
use crate::domain::event::Event;
use crate::domain::ids::{CommitSha, EventId, Repository, RuleName, SweepId, TuningName};
use crate::domain::preview::Preview;
use crate::domain::quota::{Usage, UsageScope};
use crate::domain::report::Report;
use crate::domain::repository_rules::{Finding, RepositoryRules};
use crate::domain::sweep::{Baseline, Outcome, Sweep};

/// One thing to look up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Need {
    /// The head of a pull request: [`Fact::PullRequest`].
    PullRequest { repository: Repository, number: u64 },
    /// The paths that a pull request changes: [`Fact::ChangedPaths`].
    ChangedPaths { repository: Repository, pull_request: u64 },
    /// Whether a commit of a fork was allowed: [`Fact::Approval`].
    Approval { repository: Repository, number: u64, sha: CommitSha },
    /// The heads that a fork's pull request was seen to have, in their order: [`Fact::SeenHeads`].
    SeenHeads { repository: Repository, number: u64 },
    /// What a person may do in a repository: [`Fact::Permission`].
    Permission { repository: Repository, login: String },
    /// The rules that a repository sets for itself, as they stand on a branch: [`Fact::RepositoryRules`].
    RepositoryRules { repository: Repository, branch: String },
    /// What the file of a repository's own rules would come to at a commit: [`Fact::Finding`].
    Finding { repository: Repository, sha: CommitSha },
    /// Whether somebody is in a GitHub team, `org/team`: [`Fact::Member`].
    GithubTeam { repository: Repository, team: String, login: String },
    /// Whether somebody is in a Slack user group: [`Fact::Member`].
    SlackGroup { group: String, user: String },
    /// The commit of a branch: [`Fact::Head`].
    Head { repository: Repository, branch: String },
    /// [`Fact::Sweep`].
    Sweep(SweepId),
    /// The last sweep that a trigger started for a commit: [`Fact::Last`].
    LastOfTrigger(TriggerHead),
    /// The last sweep of each tuning that has its check on a commit, the oldest first: [`Fact::LastOfEach`].
    LastOfCommit { repository: Repository, sha: CommitSha },
    /// The unfinished sweeps of a group, the oldest first: [`Fact::Active`].
    ActiveInGroup(String),
    /// The unfinished sweeps of a pull request: [`Fact::Active`].
    ActiveForPullRequest { repository: Repository, number: u64 },
    /// The commit of the schedule's last sweep: [`Fact::Head`].
    LastScheduled(RuleName),
    /// What a new sweep is held against: [`Fact::Baseline`].
    Baseline { tuning: TuningName, repository: Option<Repository>, branch: String },
    /// The last finished sweeps that a new one may start from, the newest first: [`Fact::Earlier`].
    Earlier(EarlierNeed),
    /// The reports of the tuning's last finished sweeps, the newest first: [`Fact::Reports`].
    Finished(TuningName),
    /// What an event asked for that waits for a confirmation, with the event: [`Fact::Preview`].
    Preview(EventId),
    /// What a person has asked for: [`Fact::Usage`].
    Usage(UsageScope),
    /// The reports of all unfinished sweeps: [`Fact::Reports`].
    Unfinished,
    /// The report of one sweep: [`Fact::Reports`] with one or none.
    Report(SweepId),
    /// The report of the tuning's last sweep that has a best: [`Fact::Reports`] with one or none.
    LastBest(TuningName),
}

/// What a trigger looks at: a commit as the head of a branch, a tag or a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TriggerHead {
    pub trigger: RuleName,
    pub repository: Repository,
    /// Without one it is the branch or tag that counts.
    pub pull_request: Option<u64>,
    pub reference: String,
    pub sha: CommitSha,
}

/// A sweep, and how it ended or is about to end.
#[derive(Debug, Clone, PartialEq)]
pub struct LastSweep {
    pub id: SweepId,
    /// Also set if its end was asked for and is not written down yet.
    pub outcome: Option<Outcome>,
}

/// Which finished sweeps a new one may start from: those of the tuning that went well and are of the same repository, on one
/// of the branches or for the pull request itself; without a repository, those that belong to none. What was imported and
/// belongs to no repository is for all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EarlierNeed {
    pub tuning: TuningName,
    pub repository: Option<Repository>,
    /// The branch that is worked on, and the one that results are held against.
    pub branches: [String; 2],
    pub pull_request: Option<u64>,
    /// At most so many.
    pub sweeps: u32,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    PullRequest(Option<PullRequestHead>),
    ChangedPaths(ChangedPaths),
    Approval(Option<Approval>),
    SeenHeads(Vec<SeenHead>),
    Permission(RepositoryPermission),
    Finding(Finding),
    /// None where it has none; or what is wrong with them.
    RepositoryRules(Result<Option<Arc<RepositoryRules>>, String>),
    Member(bool),
    Head(Option<CommitSha>),
    Sweep(Option<Box<Sweep>>),
    Last(Option<LastSweep>),
    LastOfEach(Vec<SweepId>),
    Active(Vec<SweepId>),
    Baseline(Option<Baseline>),
    Earlier(Vec<EarlierSweep>),
    Reports(Vec<Report>),
    Preview(Option<Box<(Event, Preview)>>),
    Usage(Usage),
    /// It cannot be looked up, now or later, and why, for people: "the GitHub token may not read acme/vision".
    Unavailable(String),
    /// There is no service to ask: GitHub is not configured.
    NoService,
}

/// A pull request as it is when the event is worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestHead {
    pub sha: CommitSha,
    pub branch: String,
    pub base_branch: String,
    pub from_fork: bool,
    pub open: bool,
    pub draft: bool,
    pub labels: BTreeSet<String>,
    pub title: String,
    pub author: String,
    /// By GitHub's clock.
    pub updated_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangedPaths {
    pub paths: BTreeSet<String>,
    /// There are more than could be listed: globs must then not exclude.
    pub truncated: bool,
}

/// What has been looked up so far.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    known: HashMap<Need, Fact>,
}

/// A fact that a decision cannot have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Missing {
    /// It was not looked up yet.
    Unknown(Need),
    Unavailable(String),
    NoService,
}

impl Facts {
    pub fn add(&mut self, need: Need, fact: Fact) {
        self.known.insert(need, fact);
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The fact in the form that `read` takes it in; one of another form counts as not looked up.
    pub(super) fn get<'a, T>(&'a self, need: Need, read: impl Fn(&'a Fact) -> Option<T>) -> Result<T, Missing> {
        match self.known.get(&need) {
            Some(Fact::Unavailable(why)) => Err(Missing::Unavailable(why.clone())),
            Some(Fact::NoService) => Err(Missing::NoService),
            Some(fact) => read(fact).ok_or(Missing::Unknown(need)),
            None => Err(Missing::Unknown(need)),
        }
    }
}
