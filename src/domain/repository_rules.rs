//! Rules that a repository sets for itself, in a file of its own, within what the server's configuration allows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ids::{CommitSha, Repository, TuningName};
use super::rules::{Globs, Trigger, TriggerSource};

/// Where a repository keeps them.
pub const FILE: &str = ".tunebot.yaml";

/// Which repositories may set rules for themselves, and how far they may go.
#[derive(Debug, Clone, Default)]
pub struct RepositoryPolicy {
    pub repositories: Globs,
    /// The tunings that they may use.
    pub tunings: BTreeSet<TuningName>,
    /// Trials of one sweep. `None`: no more than the tuning itself has.
    pub max_trials: Option<u32>,
    /// Trials at a time. `None`: no more than the tuning itself has.
    pub max_parallel: Option<u32>,
}

impl RepositoryPolicy {
    pub fn covers(&self, repository: &Repository) -> bool {
        self.repositories.matches(repository.as_str())
    }
}

/// The rules of one repository, checked against the policy.
#[derive(Debug, Clone, Default)]
pub struct RepositoryRules {
    /// Names the text that they were read from.
    pub blob: String,
    pub triggers: Vec<Trigger>,
    /// `key=value` words that every sweep of a tuning begins with, by the tuning.
    pub overrides: BTreeMap<TuningName, Vec<String>>,
}

impl RepositoryRules {
    /// The words of a trigger, and those of its tuning that it does not give itself.
    pub fn words(&self, tuning: &TuningName, given: &[String]) -> Vec<String> {
        let key = |word: &str| word.split('=').next().unwrap_or_default().to_owned();
        let own: BTreeSet<String> = given.iter().map(|word| key(word)).collect();
        let usual = self.overrides.get(tuning).into_iter().flatten().filter(|word| !own.contains(&key(word)));
        usual.chain(given).cloned().collect()
    }
}

/// The same text gives the same rules.
impl PartialEq for RepositoryRules {
    fn eq(&self, other: &Self) -> bool {
        self.blob == other.blob
    }
}

/// What is said, on the commit that changes it, about a repository's file of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCheck {
    pub repository: Repository,
    pub sha: CommitSha,
    pub finding: Finding,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// It would count, and what it says, a line for each rule.
    Right {
        rules: Vec<String>,
    },
    Wrong {
        faults: Vec<FileFault>,
    },
    /// It is taken away.
    Gone,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFault {
    /// From 1; 0 when it is in no line.
    pub line: usize,
    pub message: String,
    /// What to write instead; may be empty.
    pub hint: String,
}

impl RepositoryRules {
    /// What the file says, a line for each rule.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (tuning, words) in &self.overrides {
            lines.push(format!("{tuning}: every sweep begins with {}", words.join(" ")));
        }
        for trigger in &self.triggers {
            let what = match &trigger.on {
                TriggerSource::Push { .. } => "pushes",
                TriggerSource::PullRequest { .. } => "pull requests",
            };
            let words = self.words(&trigger.tuning, &trigger.overrides);
            let with = if words.is_empty() { String::new() } else { format!(" with {}", words.join(" ")) };
            lines.push(format!("{}: {what} start {}{with}", trigger.name, trigger.tuning));
        }
        lines
    }
}
