//! The rules that repositories set for themselves: the policy of the server, and one repository's file against it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Checker, FilesRead};
use crate::config::problem::{Problem, Problems};
use crate::config::schema::{PullRequestFilter, RepositoryFile, TriggerEntry, TriggerSourceEntry};
use crate::config::source::{Place, Source};
use crate::config::{Purpose, nearest};
use crate::domain::ids::{Repository, TuningName};
use crate::domain::repository_rules::{RepositoryPolicy, RepositoryRules};
use crate::domain::rules::{Rules, Trigger};
use crate::domain::tuning::{Limits, Tuning};

/// A larger file is none that people write.
const MAX_BYTES: usize = 64 * 1024;

/// The tuning with words applied, or why they do not fit it.
type Resolve<'a> = &'a dyn Fn(&TuningName, &[String]) -> Result<Tuning, String>;

/// What a file is held against.
pub struct Judge<'a> {
    pub rules: &'a Rules,
    pub policy: &'a RepositoryPolicy,
    pub repository: &'a Repository,
    pub resolve: Resolve<'a>,
}

/// Reads a repository's file of rules; `blob` names its text.
///
/// # Errors
/// Everything that is wrong with it, or goes beyond the policy.
pub fn read_repository(path: &Path, text: &str, blob: &str, judge: &Judge<'_>) -> Result<RepositoryRules, Problems> {
    if text.len() > MAX_BYTES {
        let message = format!("is too large: {} bytes, at most {MAX_BYTES}", text.len());
        return Err(Problems::new(vec![Problem::of_file(path, message, None)]));
    }
    let mut problems = Vec::new();
    let mut source = Source::parse(path, text.to_owned(), &mut problems);
    let file: RepositoryFile = source.decode(&mut problems);
    let tunings = judge.policy.tunings.iter().map(TuningName::as_str).collect();
    let no_variables = |_: &str| None;
    let checker = Checker {
        files: &[],
        env: &no_variables,
        purpose: Purpose::Predict,
        problems,
        read: FilesRead::new(),
        tunings: Some(tunings),
    };
    checker.repository_rules(&source, file, blob, judge)
}

impl Checker<'_> {
    fn repository_rules(
        mut self,
        source: &Source,
        file: RepositoryFile,
        blob: &str,
        judge: &Judge<'_>,
    ) -> Result<RepositoryRules, Problems> {
        let mut rules = RepositoryRules { blob: blob.to_owned(), ..RepositoryRules::default() };
        for (name, entry) in &file.tunings {
            let place = source.place().key("tunings").key(name.as_str());
            if !judge.policy.tunings.contains(name) {
                let known = judge.policy.tunings.iter().map(TuningName::as_str);
                let problem = place.problem_on(true, format!("there is no tuning `{name}` for this repository"));
                self.problems.push(problem.hint(nearest::hint(name.as_str(), known)));
            } else {
                let words = self.overrides(&place.key("with"), &entry.with, name.as_str());
                self.check_words(&place.key("with"), name, &words, judge);
                rules.overrides.insert(name.clone(), words);
            }
        }
        let mut names = BTreeMap::new();
        for (index, entry) in file.triggers.into_iter().enumerate() {
            let place = source.place().key("triggers").item(index);
            let entry = entry.into_trigger(judge.repository.as_str());
            if let Some(trigger) = self.own_trigger(&place, &entry, (&mut names, judge)) {
                let words = rules.words(&trigger.tuning, &trigger.overrides);
                self.check_words(&place.key("with"), &trigger.tuning, &words, judge);
                rules.triggers.push(trigger);
            }
        }
        if self.problems.is_empty() { Ok(rules) } else { Err(Problems::new(self.problems)) }
    }

    fn own_trigger(
        &mut self,
        place: &Place<'_>,
        entry: &TriggerEntry,
        (names, judge): (&mut BTreeMap<String, String>, &Judge<'_>),
    ) -> Option<Trigger> {
        self.is_first(names, &entry.name, &place.key("name"));
        if judge.rules.triggers.iter().any(|trigger| trigger.name.as_str() == entry.name) {
            let problem = place.key("name").problem(format!("the server has a trigger `{}` already", entry.name));
            self.problems.push(problem.hint("give it another name"));
        }
        if let TriggerSourceEntry::PullRequest(PullRequestFilter { forks: true, .. }) = &entry.on {
            let place = place.key("on").key("pull_request").key("forks");
            let problem = place.problem("a repository cannot let forks run code");
            self.problems.push(problem.hint("that is for whoever runs tunebot: take it out"));
            return None;
        }
        self.trigger(place, entry)
    }

    /// Do the words fit the tuning, and stay within what is allowed?
    fn check_words(&mut self, place: &Place<'_>, name: &TuningName, words: &[String], judge: &Judge<'_>) {
        let Some(configured) = judge.rules.tunings.get(name) else { return };
        if words.iter().any(|word| word.starts_with("ref=")) {
            let problem = place.problem("`ref` is not for this file: the commit is that of the event");
            return self.problems.push(problem.hint("take it out"));
        }
        match (judge.resolve)(name, words) {
            Err(message) => {
                let message = message.replace(" Nothing was started.", "");
                self.problems.push(place.problem(message.trim_end_matches('.').to_owned()));
            }
            Ok(tuning) => {
                for message in beyond(&tuning.limits, &configured.limits, judge.policy) {
                    self.problems.push(place.problem(message).hint("whoever runs tunebot may allow more"));
                }
            }
        }
    }

    /// `github.repository_config`.
    pub(super) fn repository_policy(&mut self) -> Option<RepositoryPolicy> {
        let found = self.files.iter().find_map(|(source, file)| Some((source, file.github.as_ref()?)));
        let (source, section) = found?;
        let entry = section.repository_config.as_ref()?;
        let place = source.place().key("github").key("repository_config");
        self.check_repositories(&place.key("repositories"), &entry.repositories);
        let field = place.key("tunings");
        if entry.tunings.is_empty() && field.item_count() == 0 {
            let problem = field.problem("`tunings` is missing: which may repositories use?");
            self.problems.push(problem.hint("add `tunings: [NAME]`"));
        }
        for (name, most) in [("max_trials", entry.max_trials), ("max_parallel", entry.max_parallel)] {
            if most == Some(0) {
                self.problems.push(place.key(name).problem(format!("`{name}` has to be at least 1")));
            }
        }
        let names = entry.tunings.iter().enumerate();
        let tunings: BTreeSet<TuningName> =
            names.filter_map(|(index, name)| self.tuning_name(&field.item(index), name)).collect();
        Some(RepositoryPolicy {
            repositories: self.globs(&place.key("repositories"), &entry.repositories),
            tunings,
            max_trials: entry.max_trials,
            max_parallel: entry.max_parallel,
        })
    }
}

/// What goes beyond the policy.
fn beyond(wanted: &Limits, configured: &Limits, policy: &RepositoryPolicy) -> Vec<String> {
    let mut faults = Vec::new();
    let counts = [
        ("trials", wanted.trials, policy.max_trials.unwrap_or(configured.trials)),
        ("parallel", wanted.parallel, policy.max_parallel.unwrap_or(configured.parallel)),
    ];
    for (name, wanted, most) in counts {
        if wanted > most {
            faults.push(format!("`{name}` would be {wanted}: here it may be at most {most}"));
        }
    }
    if wanted.trial_timeout > configured.trial_timeout {
        faults.push(format!("a trial may take no longer than the tuning's {:#}", configured.trial_timeout));
    }
    if let Some(deadline) = configured.deadline
        && wanted.deadline.is_none_or(|wanted| wanted > deadline)
    {
        faults.push(format!("a sweep may take no longer than the tuning's {deadline:#}"));
    }
    faults
}
