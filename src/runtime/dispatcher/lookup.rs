//! Looks up facts, in the store and at GitHub.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::{CommitSha, Repository, SweepId, TuningName};
use crate::domain::report::Report;
use crate::domain::repository_rules::{FILE, Finding};
use crate::domain::rules::Rules;
use crate::domain::signal::SignalKind;
use crate::domain::sweep::{Outcome, Sweep, SweepState};
use crate::notify::github::{Github, GithubError, PullRequestFacts};
use crate::notify::slack::{SlackGroups, WebError};
use crate::plan::route::{ChangedPaths, EarlierNeed, Fact, LastSweep, Need, PullRequestHead, TriggerHead};
use crate::plan::summary;
use crate::runtime::repository_rules;
use crate::store::{EarlierFilter, Store, StoreError, SweepFilter, SweepOrigin};

/// How many of a tuning's newest sweeps are looked through for one with a result.
const NEWEST: u32 = 50;
/// How many of a tuning's finished sweeps an estimate looks at: some of them may have been stopped.
const NEWEST_FINISHED: u32 = 20;

/// The same look-up may succeed later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotNow {
    pub why: String,
    /// Not sooner than this, where the service said so.
    pub after: Option<SignedDuration>,
}

#[derive(Clone)]
pub(super) struct Lookup {
    store: Store,
    github: Option<Arc<Github>>,
    groups: Option<Arc<SlackGroups>>,
}

/// Who can be asked about people and code.
#[derive(Clone, Default)]
pub struct Directories {
    pub github: Option<Arc<Github>>,
    pub groups: Option<Arc<SlackGroups>>,
}

impl From<Option<Arc<Github>>> for Directories {
    fn from(github: Option<Arc<Github>>) -> Self {
        Self { github, groups: None }
    }
}

impl Lookup {
    pub fn new(store: Store, directories: Directories) -> Self {
        let Directories { github, groups } = directories;
        Self { store, github, groups }
    }

    /// # Errors
    /// The store failed; or, inside, the service that knows is not to be reached now.
    pub async fn find(&self, need: &Need, rules: &Rules, now: Timestamp) -> Result<Result<Fact, NotNow>, StoreError> {
        let store = &self.store;
        Ok(Ok(match need {
            Need::PullRequest { .. }
            | Need::ChangedPaths { .. }
            | Need::Head { .. }
            | Need::Permission { .. }
            | Need::GithubTeam { .. } => {
                return Ok(self.ask_github(need).await);
            }
            Need::RepositoryRules { repository, branch } => {
                return Ok(self.repository_rules(rules, repository, branch).await);
            }
            Need::Finding { repository, sha } => return Ok(self.finding(rules, repository, sha).await),
            Need::Sweep(id) => Fact::Sweep(store.load_sweep(id).await?.map(|stored| Box::new(stored.sweep))),
            Need::SlackGroup { group, user } => return Ok(self.ask_slack(group, user).await),
            Need::Approval { repository, number, sha } => {
                Fact::Approval(store.approval(repository, *number, sha).await?)
            }
            Need::SeenHeads { repository, number } => Fact::SeenHeads(store.seen_heads(repository, *number).await?),
            Need::LastOfTrigger(head) => Fact::Last(self.last_of_trigger(head).await?),
            Need::LastOfCommit { repository, sha } => Fact::LastOfEach(store.last_of_commit(repository, sha).await?),
            Need::ActiveInGroup(group) => {
                Fact::Active(store.active_in_group(group).await?.into_iter().map(|sweep| sweep.id).collect())
            }
            Need::ActiveForPullRequest { repository, number } => {
                Fact::Active(store.active_for_pull_request(repository, *number).await?)
            }
            Need::LastScheduled(schedule) => Fact::Head(store.last_scheduled_sha(schedule).await?),
            Need::Baseline { tuning, repository, branch } => {
                Fact::Baseline(store.baseline(tuning, repository.as_ref(), branch).await?)
            }
            Need::Earlier(need) => Fact::Earlier(store.earlier_sweeps(wanted(need)).await?),
            Need::Usage(scope) => Fact::Usage(store.usage(scope).await?),
            Need::Unfinished => {
                let mut reports = Vec::new();
                for id in store.unfinished_sweeps().await? {
                    reports.extend(self.report(&id, now).await?);
                }
                Fact::Reports(reports)
            }
            Need::Report(id) => Fact::Reports(self.report(id, now).await?.into_iter().collect()),
            Need::Preview(event) => Fact::Preview(match (store.event(*event).await?, store.preview(*event).await?) {
                (Some(record), Some(preview)) => Some(Box::new((record.event, preview))),
                _ => None,
            }),
            Need::Finished(tuning) => {
                let (tuning, state) = (Some(tuning.clone()), Some(SweepState::Finished));
                let rows = store.list_sweeps(SweepFilter { tuning, state, limit: NEWEST_FINISHED }).await?;
                Fact::Reports(rows.into_iter().filter_map(|row| row.report).collect())
            }
            Need::LastBest(tuning) => Fact::Reports(self.last_best(tuning).await?.into_iter().collect()),
        }))
    }

    /// A stop that was asked for and not yet folded in counts as the end.
    async fn last_of_trigger(&self, head: &TriggerHead) -> Result<Option<LastSweep>, StoreError> {
        let Some(Sweep { id, outcome, .. }) = self.store.last_of_trigger(wanted_head(head)).await? else {
            return Ok(None);
        };
        let asked_for = match &outcome {
            Some(_) => None,
            None => self.store.signals(&id).await?.into_iter().find_map(|(_, signal)| match signal.kind {
                SignalKind::StopRequested { by } => Some(Outcome::Stopped { by }),
                SignalKind::Attempt { .. } => None,
            }),
        };
        Ok(Some(LastSweep { outcome: outcome.or(asked_for), id }))
    }

    async fn report(&self, id: &SweepId, now: Timestamp) -> Result<Option<Report>, StoreError> {
        let stored = self.store.load_sweep(id).await?;
        Ok(stored.map(|stored| stored.report.unwrap_or_else(|| summary::first_report(&stored.sweep, now))))
    }

    async fn last_best(&self, tuning: &TuningName) -> Result<Option<Report>, StoreError> {
        let filter = SweepFilter { tuning: Some(tuning.clone()), state: None, limit: NEWEST };
        let rows = self.store.list_sweeps(filter).await?;
        Ok(rows.into_iter().filter_map(|row| row.report).find(|report| report.best().is_some()))
    }

    async fn ask_slack(&self, group: &str, user: &str) -> Result<Fact, NotNow> {
        let Some(groups) = &self.groups else { return Ok(Fact::NoService) };
        match groups.has(group, user).await {
            Ok(is_in) => Ok(Fact::Member(is_in)),
            Err(error @ WebError::Refused { .. }) => Ok(Fact::Unavailable(error.to_string())),
            Err(WebError::Limited { method, after }) => {
                let after = after.and_then(|after| SignedDuration::try_from(after).ok());
                Err(NotNow { why: format!("Slack takes no more {method} for the moment"), after })
            }
            Err(error @ WebError::Away { .. }) => Err(NotNow { why: error.to_string(), after: None }),
        }
    }

    async fn ask_github(&self, need: &Need) -> Result<Fact, NotNow> {
        let Some(github) = &self.github else { return Ok(Fact::NoService) };
        let asked = match need {
            Need::PullRequest { repository, number } => {
                let found = absent_if_unknown(github.pull_request(repository, *number).await);
                found.map(|found| Fact::PullRequest(found.map(head)))
            }
            Need::Head { repository, branch } => {
                absent_if_unknown(github.branch_head(repository, branch).await).map(Fact::Head)
            }
            Need::Permission { repository, login } => github.permission(repository, login).await.map(Fact::Permission),
            Need::GithubTeam { repository, team, login } => {
                github.is_in_team(repository, team, login).await.map(Fact::Member)
            }
            Need::ChangedPaths { repository, pull_request } => {
                let changed = github.changed_paths(repository, *pull_request).await;
                changed.map(|(paths, truncated)| Fact::ChangedPaths(ChangedPaths { paths, truncated }))
            }
            _ => Ok(Fact::NoService),
        };
        settled(asked)
    }

    /// A repository's own rules at the head of a branch, held against those of the server.
    async fn repository_rules(&self, rules: &Rules, repository: &Repository, branch: &str) -> Result<Fact, NotNow> {
        let Some(github) = &self.github else { return Ok(Fact::NoService) };
        let found = github.file(repository, branch, FILE).await;
        settled(found.map(|file| {
            let read = file.map(|file| repository_rules::of_file(rules, repository, &file));
            let read = read.transpose().map_err(|faults| repository_rules::summary(&faults));
            Fact::RepositoryRules(read.map(|rules| rules.map(Arc::new)))
        }))
    }

    /// What the file would come to as it stands at a commit.
    async fn finding(&self, rules: &Rules, repository: &Repository, sha: &CommitSha) -> Result<Fact, NotNow> {
        let Some(github) = &self.github else { return Ok(Fact::NoService) };
        let found = github.file(repository, sha.as_str(), FILE).await;
        settled(found.map(|file| {
            Fact::Finding(match file.map(|file| repository_rules::of_file(rules, repository, &file)) {
                None => Finding::Gone,
                Some(Ok(rules)) => Finding::Right { rules: rules.lines() },
                Some(Err(faults)) => Finding::Wrong { faults },
            })
        }))
    }
}

fn settled(asked: Result<Fact, GithubError>) -> Result<Fact, NotNow> {
    match asked {
        Ok(fact) => Ok(fact),
        Err(
            GithubError::NotFound { message }
            | GithubError::Unauthorized { message }
            | GithubError::Permanent { message },
        ) => Ok(Fact::Unavailable(message)),
        Err(GithubError::Transient { message, after }) => {
            let after = after.and_then(|after| SignedDuration::try_from(after).ok());
            Err(NotNow { why: message, after })
        }
    }
}

fn wanted(need: &EarlierNeed) -> EarlierFilter {
    let EarlierNeed { tuning, repository, branches, pull_request, sweeps } = need.clone();
    EarlierFilter { tuning, repository, branches, pull_request, limit: sweeps }
}

fn wanted_head(head: &TriggerHead) -> SweepOrigin {
    let TriggerHead { trigger, repository, pull_request, reference, sha } = head.clone();
    SweepOrigin { trigger, repository, pull_request, reference, sha }
}

fn head(found: PullRequestFacts) -> PullRequestHead {
    PullRequestHead {
        sha: found.head,
        branch: found.head_branch,
        base_branch: found.base_branch,
        from_fork: found.from_fork,
        open: found.open,
        draft: found.draft,
        labels: found.labels,
        title: found.title,
        author: found.author,
        updated_at: found.updated_at,
    }
}

fn absent_if_unknown<T>(asked: Result<T, GithubError>) -> Result<Option<T>, GithubError> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(GithubError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
