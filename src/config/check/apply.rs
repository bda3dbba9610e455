//! Where `/tune apply` writes.

use std::collections::BTreeMap;

use super::Checker;
use crate::config::Purpose;
use crate::config::nearest;
use crate::config::schema::{ApplyEntry, TuningEntry};
use crate::config::source::Place;
use crate::domain::ids::{ParamName, TuningName};
use crate::domain::key_path::KeyPath;
use crate::domain::tuning::{ApplySettings, Format};

impl Checker<'_> {
    /// `None` only if a fault was reported, or there is nothing to apply. `place` is that of the tuning.
    pub(super) fn apply(
        &mut self,
        place: &Place<'_>,
        name: &TuningName,
        tuning: &TuningEntry,
    ) -> Option<ApplySettings> {
        let entry = tuning.apply.as_ref()?;
        self.check_reaches_a_repository(place, name);
        let place = place.key("apply");
        self.check_file(&place.key("file"), &entry.file);
        let key = self.parsed(&place.key("key"), &entry.key);
        let keys = self.keys(&place.key("keys"), tuning, entry);
        self.check_apart(&place.key("keys"), &keys);
        let branch = entry.branch.clone().unwrap_or_else(|| format!("tunebot/{name}"));
        self.check_branch(&place.key("branch"), &branch);
        if let Some(base) = &entry.base {
            self.check_branch(&place.key("base"), base);
            if *base == branch {
                let problem = place.key("base").problem("a pull request needs two branches, and these are one");
                self.problems.push(problem.hint("leave `branch` out"));
            }
        }
        for (index, reviewer) in entry.reviewers.iter().enumerate() {
            if reviewer.split('/').count() > 2 || reviewer.split('/').any(|part| !is_login(part)) {
                let problem = place.key("reviewers").item(index).problem(format!("`{reviewer}` is no login"));
                self.problems.push(problem.hint("write a login, or a team as owner/team"));
            }
        }
        for (index, label) in entry.labels.iter().enumerate().filter(|(_, label)| label.trim().is_empty()) {
            self.problems.push(place.key("labels").item(index).problem(format!("`{label}` is no label")));
        }
        Some(ApplySettings {
            file: entry.file.clone(),
            key: key?,
            keys,
            base: entry.base.clone(),
            branch,
            labels: entry.labels.clone(),
            reviewers: entry.reviewers.clone(),
        })
    }

    fn check_reaches_a_repository(&mut self, place: &Place<'_>, name: &TuningName) {
        if self.purpose == Purpose::Run {
            return;
        }
        let triggers = self.files.iter().flat_map(|(_, file)| &file.triggers);
        let triggered = triggers.into_iter().any(|trigger| trigger.tuning == name.as_str());
        if !self.files.iter().any(|(source, _)| source.place().key("github").is_there()) {
            let problem = place.key("apply").problem_on(true, "this writes to GitHub, which is not configured");
            self.problems.push(problem.hint("add a `github` section"));
        } else if !place.key("repository").is_there() && !triggered {
            let problem = place.key("apply").problem_on(true, "the tuning has no repository to write to");
            self.problems.push(problem.hint("add `repository: owner/name` to the tuning"));
        }
    }

    fn check_file(&mut self, place: &Place<'_>, file: &str) {
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(char::is_control);
        if file.contains('\\') || !file.split('/').all(plain) {
            let problem = place.problem(format!("`{file}` is not the path of a file in a repository"));
            self.problems.push(problem.hint("write it from the top of the repository, like configs/resnet.yaml"));
        } else if file.starts_with(".github/workflows/") {
            let problem = place.problem("GitHub lets nobody write workflows without a right of its own for that");
            self.problems.push(problem.hint("keep the parameters in a file that the workflow reads"));
        } else if Format::of(file).is_none() {
            let problem = place.problem(format!("`{file}` is neither YAML nor JSON nor TOML"));
            self.problems.push(problem.hint("known endings: .yaml, .yml, .json, .jsonc, .toml"));
        }
    }

    fn keys(&mut self, place: &Place<'_>, tuning: &TuningEntry, entry: &ApplyEntry) -> BTreeMap<ParamName, KeyPath> {
        let mut keys = BTreeMap::new();
        for (name, path) in &entry.keys {
            let place = place.key(name.as_str());
            // A workflow that searches by itself may find parameters that no space names.
            if !tuning.space.is_empty() && !tuning.space.contains_key(name) {
                let problem = place.problem_on(true, format!("there is no parameter `{name}`"));
                let known = tuning.space.keys().map(ParamName::as_str);
                self.problems.push(problem.hint(nearest::hint(name.as_str(), known)));
            }
            match self.parsed::<KeyPath>(&place, path) {
                Some(path) if path.is_empty() => {
                    self.problems.push(place.problem("a parameter needs a key of its own"));
                }
                Some(path) => drop(keys.insert(name.clone(), path)),
                None => {}
            }
        }
        keys
    }

    /// Two parameters in one place would overwrite each other.
    fn check_apart(&mut self, place: &Place<'_>, keys: &BTreeMap<ParamName, KeyPath>) {
        let mut taken: BTreeMap<&KeyPath, &ParamName> = BTreeMap::new();
        for (parameter, path) in keys {
            if let Some(first) = taken.insert(path, parameter) {
                let place = place.key(parameter.as_str());
                self.problems.push(place.problem(format!("`{path}` holds `{first}` already")));
            }
        }
    }

    fn check_branch(&mut self, place: &Place<'_>, branch: &str) {
        if !is_branch(branch) {
            let problem = place.problem(format!("`{branch}` is not the name of a branch"));
            self.problems.push(problem.hint("write it like main or tunebot/resnet"));
        }
    }
}

/// As `git check-ref-format` has it.
fn is_branch(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.split('/').all(part)
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && !name.contains(|c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\'))
}

fn is_login(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
