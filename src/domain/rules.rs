//! The rules that people configure: which events start which tuning, when, for whom, and where the answer goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::ids::{Repository, RuleName, TuningName};
use super::quota::{Account, Quota};
use super::repository_rules::RepositoryPolicy;
use super::tuning::Tuning;

/// Everything that decides what an event starts; replaced as a whole when the configuration is read again.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub tunings: BTreeMap<TuningName, Arc<Tuning>>,
    pub triggers: Vec<Trigger>,
    pub schedules: Vec<Schedule>,
    /// The repository and branch that a tuning belongs to when a chat command or a schedule names none.
    pub default_code: BTreeMap<TuningName, CodeDefault>,
    /// The Slack channel for sweeps of pull requests and pushes, besides GitHub; none keeps them on GitHub.
    pub announce_channel: Option<String>,
    /// Repositories whose pull request comments may carry commands; empty means every repository that a trigger names.
    pub command_repositories: BTreeSet<Repository>,
    /// The tunings that may run the code of forks, once somebody has allowed it.
    pub fork_tunings: BTreeSet<TuningName>,
    /// Whose own rules count besides, and how far they may go; none: nobody's.
    pub repository_policy: Option<RepositoryPolicy>,
    /// People who are known on several services.
    pub people: Vec<Person>,
    /// What each person may ask for, over all tunings.
    pub quota: Quota,
}

impl Rules {
    /// All accounts of the person whose account this is, it itself first.
    pub fn accounts(&self, account: Account) -> Vec<Account> {
        let accounts = self.people.iter().map(Person::accounts);
        let others = accounts.filter(|accounts| accounts.contains(&account)).flatten();
        let others: Vec<Account> = others.filter(|other| *other != account).collect();
        std::iter::once(account).chain(others).collect()
    }
}

/// One person on both services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As texts call them.
    pub name: String,
    /// The Slack user id.
    pub slack: Option<String>,
    /// The GitHub login.
    pub github: Option<String>,
}

impl Person {
    fn accounts(&self) -> Vec<Account> {
        let slack = self.slack.as_deref().map(Account::slack);
        slack.into_iter().chain(self.github.as_deref().map(Account::github)).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDefault {
    pub repository: Repository,
    pub branch: String,
}

/// Which pushes or pull requests start which tuning.
#[derive(Debug, Clone)]
pub struct Trigger {
    pub name: RuleName,
    pub on: TriggerSource,
    /// Exact names or globs of `owner/name`; at least one.
    pub repositories: Globs,
    /// Changed paths; empty means any.
    pub paths: Globs,
    /// Paths that alone start nothing.
    pub ignore_paths: Globs,
    pub authors: Globs,
    pub ignore_authors: Globs,
    /// A CEL expression over `event`; checked when the configuration is read.
    pub expression: Option<String>,
    pub tuning: TuningName,
    /// In the grammar of `/tune`: `trials=20`, `lr=1e-4..1e-2`.
    pub overrides: Vec<String>,
    pub on_newer: OnNewer,
    /// A Slack channel for this trigger's sweeps besides GitHub.
    pub channel: Option<String>,
}

#[derive(Debug, Clone)]
pub enum TriggerSource {
    Push {
        branches: Globs,
        tags: Globs,
    },
    PullRequest {
        /// Base branches; empty means any.
        branches: Globs,
        actions: BTreeSet<String>,
        /// At least one of these labels; empty means none is needed.
        labels: BTreeSet<String>,
        /// None of these labels.
        ignore_labels: BTreeSet<String>,
        drafts: bool,
        /// Also from forks. The code of a fork is a stranger's.
        forks: bool,
    },
}

/// What happens to the older sweep of the same tuning on the same branch, pull request or schedule when a newer event comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnNewer {
    /// The newer sweep waits until the older one has ended.
    Queue,
    /// The older sweep goes on and the newer one runs beside it.
    Keep,
    /// The older sweep is stopped.
    Cancel,
}

/// Glob patterns that are checked when they are made; `*` does not match `/`, `**` does. A pattern that begins with
/// `!` takes away from what those before it matched, as in a `.gitignore` read from top to bottom.
#[derive(Debug, Clone, Default)]
pub struct Globs {
    patterns: Vec<(String, bool, globset::GlobMatcher)>,
}

impl Globs {
    /// # Errors
    /// The pattern that is not a glob, and why.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let mut compiled = Vec::new();
        for pattern in patterns {
            let text = pattern.as_ref();
            let (wanted, body) = text.strip_prefix('!').map_or((true, text), |body| (false, body));
            let glob = globset::GlobBuilder::new(body).literal_separator(true).build();
            let glob = glob.map_err(|error| format!("`{text}` is not a glob: {}", error.kind()))?;
            compiled.push((text.to_owned(), wanted, glob.compile_matcher()));
        }
        Ok(Self { patterns: compiled })
    }

    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub fn matches(&self, text: &str) -> bool {
        let mut matched = false;
        for (_, wanted, glob) in &self.patterns {
            if glob.is_match(text) {
                matched = *wanted;
            }
        }
        matched
    }

    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(|(text, _, _)| text.as_str())
    }
}

/// A tuning that starts by the clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub name: RuleName,
    /// Five fields (or six with seconds), checked when the configuration is read.
    pub cron: String,
    /// An IANA time zone, checked when the configuration is read.
    pub time_zone: String,
    pub tuning: TuningName,
    pub overrides: Vec<String>,
    pub missed: MissedRuns,
    pub overlap: Overlap,
    /// The slot is fired up to this much later, by an amount that depends on the name and the slot only.
    pub jitter: SignedDuration,
    /// Starts nothing when the branch is still at the commit of this schedule's last sweep.
    pub skip_unchanged: bool,
    /// The Slack channel that is told.
    pub channel: Option<String>,
    pub paused: bool,
}

/// What becomes of slots that came while tunebot was away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissedRuns {
    Skip,
    Last,
    /// All of them, but no more than `cap`, the newest ones.
    All {
        cap: u32,
    },
}

/// What becomes of a slot when the schedule's sweep before it still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// The slot starts nothing.
    Skip,
    Queue,
    /// Both run.
    Allow,
    /// The older sweep is stopped.
    Cancel,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_exclamation_takes_away_from_what_an_earlier_pattern_matched() {
        let globs = Globs::new(["src/**", "!src/docs/**"]).unwrap();
        assert!(globs.matches("src/train/model.py"));
        assert!(!globs.matches("src/docs/index.md"));
        assert!(!globs.matches("README.md"));
    }

    #[test]
    fn a_single_star_stays_within_one_folder() {
        let globs = Globs::new(["release/*"]).unwrap();
        assert!(globs.matches("release/1.2"));
        assert!(!globs.matches("release/1.2/hotfix"));
    }
}
