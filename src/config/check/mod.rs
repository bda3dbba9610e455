//! All files together: what may stand once, what refers to what, and what it all comes to.
//!
//! A check reports and goes on with a stand-in, so that the next fault is found too. What was left out because its file
//! could not be read so far is not reported a second time as missing.

mod apply;
mod beginning;
mod cost;
mod engines;
mod expression;
mod kubernetes;
mod manifest;
mod pruner;
mod quota;
mod repository;
mod rules;
mod secret;
mod server;
mod services;
mod space;
mod template;
mod trial;
mod tuning;
mod workflow;

pub use repository::{Judge, read_repository};

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::Purpose;
use super::nearest;
use super::problem::Problem;
use super::schema::ConfigFile;
use super::settings::{Config, EngineSettings};
use super::source::{Place, Source, digest};
use crate::domain::ids::EngineName;
use crate::domain::rules::{CodeDefault, Rules};

/// What the checks share.
struct Checker<'a> {
    files: &'a [(Source, ConfigFile)],
    env: &'a dyn Fn(&str) -> Option<String>,
    purpose: Purpose,
    problems: Vec<Problem>,
    /// What else was read, with what a fingerprint keeps of each: files with secrets, and manifests.
    read: FilesRead,
    /// The tunings that there are, if they are not in `files`.
    tunings: Option<Vec<&'a str>>,
}

/// Files besides the configuration's own, and what a fingerprint keeps of each.
pub(super) type FilesRead = BTreeMap<PathBuf, Vec<u8>>;

/// The configuration that `files` come to, or `problems` and everything that is found besides; and what else was read.
pub(super) fn check(
    files: &[(Source, ConfigFile)],
    env: &dyn Fn(&str) -> Option<String>,
    purpose: Purpose,
    problems: Vec<Problem>,
) -> (Result<Config, Vec<Problem>>, FilesRead) {
    let mut checker = Checker { files, env, purpose, problems, read: FilesRead::new(), tunings: None };
    let config = match checker.config() {
        Some(config) if checker.problems.is_empty() => Ok(config),
        _ => Err(checker.problems),
    };
    (config, checker.read)
}

impl<'a> Checker<'a> {
    /// `None` only if a fault was reported.
    fn config(&mut self) -> Option<Config> {
        let serves = self.purpose == Purpose::Serve;
        let server = self.server();
        let store = self.store();
        let github = if serves { self.github() } else { None };
        let slack = if serves { self.slack() } else { None };
        let grafana = self.grafana();
        let engines = self.engines(&store);
        let rules = self.rules(&engines);
        if serves {
            self.check_ways_in();
        }
        Some(Config { server: server?, store, github, slack, grafana, engines, rules: Arc::new(rules) })
    }

    fn rules(&mut self, engines: &BTreeMap<EngineName, EngineSettings>) -> Rules {
        let mut rules = Rules::default();
        let mut lines = BTreeMap::new();
        for (source, file) in self.files {
            for (name, entry) in &file.tunings {
                let place = source.place().key("tunings").key(name.as_str());
                if !self.is_first(&mut lines, name.as_str(), &place) {
                    continue;
                }
                if let Some(code) = self.default_code(&place, entry) {
                    rules.default_code.insert(name.clone(), code);
                }
                if let Some(tuning) = self.tuning(&place, name, entry, engines) {
                    rules.tunings.insert(name.clone(), Arc::new(tuning));
                }
            }
        }
        if self.declared("tunings").is_empty() {
            let hint = "describe one under `tunings`";
            self.whole("there is nothing to tune", hint);
        }
        if self.purpose != Purpose::Run {
            rules.triggers = self.triggers();
            rules.schedules = self.schedules();
            rules.announce_channel = self.announce_channel();
            rules.command_repositories = self.command_repositories();
            rules.fork_tunings = self.fork_tunings();
            rules.repository_policy = self.repository_policy();
            rules.people = self.people();
            rules.quota = self.quotas();
        }
        rules
    }

    fn default_code(&mut self, place: &Place<'_>, entry: &super::schema::TuningEntry) -> Option<CodeDefault> {
        match (&entry.repository, &entry.branch) {
            (Some(repository), branch) => {
                let repository = self.parsed(&place.key("repository"), repository)?;
                Some(CodeDefault { repository, branch: branch.clone().unwrap_or_else(|| "main".to_owned()) })
            }
            (None, Some(_)) if !place.key("repository").is_there() => {
                let problem = place.key("branch").problem("a branch needs its repository");
                self.problems.push(problem.hint("add `repository: owner/name`"));
                None
            }
            _ => None,
        }
    }

    /// The only section of its kind; further ones are faults.
    fn once<T>(&mut self, name: &str, pick: fn(&'a ConfigFile) -> Option<&'a T>) -> Option<(Place<'a>, &'a T)> {
        let mut found: Option<(Place<'a>, &'a T)> = None;
        for (source, file) in self.files {
            let Some(section) = pick(file) else { continue };
            let place = source.place().key(name);
            match &found {
                None => found = Some((place, section)),
                Some((first, _)) => {
                    let message = format!("`{name}` may be there once only, and is at {} already", first.line());
                    self.problems.push(place.problem_on(true, message));
                }
            }
        }
        found
    }

    /// `name` is not in `lines` yet; else a fault that names both places.
    fn is_first(&mut self, lines: &mut BTreeMap<String, String>, name: &str, place: &Place<'_>) -> bool {
        if let Some(line) = lines.get(name) {
            let message = format!("the name `{name}` is taken already, at {line}");
            self.problems.push(place.problem_on(true, message));
            return false;
        }
        lines.insert(name.to_owned(), place.line());
        true
    }

    /// All keys of a section in all files, whether their values were right or not.
    fn declared(&self, section: &str) -> BTreeSet<&'a str> {
        if let Some(tunings) = self.tunings.as_ref().filter(|_| section == "tunings") {
            return tunings.iter().copied().collect();
        }
        self.files.iter().flat_map(|(source, _)| source.place().key(section).keys()).collect()
    }

    /// Reports a name that refers to nothing.
    fn unknown(&mut self, place: &Place<'_>, kind: &str, name: &str, known: &[&str]) {
        let problem = place.problem(format!("there is no {kind} `{name}`"));
        self.problems.push(problem.hint(nearest::hint(name, known.iter().copied())));
    }

    /// A fault of the configuration as a whole.
    fn whole(&mut self, message: &str, hint: &str) {
        // A file that could not be read may hold what is missed here.
        if let Some((source, _)) = self.files.first()
            && self.problems.is_empty()
        {
            self.problems.push(Problem::of_file(&source.path, message, Some(hint)));
        }
    }

    /// Reads a file that the configuration names; a change of it is a change of the configuration.
    fn read(&mut self, path: &Path) -> std::io::Result<Vec<u8>> {
        let content = std::fs::read(path);
        self.read.insert(path.to_owned(), digest(&content));
        content
    }

    fn parsed<T>(&mut self, place: &Place<'_>, text: &str) -> Option<T>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.push(place.problem(error.to_string()));
                None
            }
        }
    }

    /// An address that begins with http:// or https://; without a slash at its end where it has a path.
    fn url(&mut self, place: &Place<'_>, text: &str) -> Option<Url> {
        let fault = match Url::parse(text.trim_end_matches('/')) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                "does not begin with http:// or https://".to_owned()
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "must not hold a password".to_owned(),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => "must end before `?` and `#`".to_owned(),
            Ok(url) => return Some(url),
            Err(error) => format!("is not an address: {error}"),
        };
        self.problems
            .push(place.problem(format!("`{text}` {fault}")).hint("write it like https://tunebot.example.com"));
        None
    }

    /// Slack's ids are asked for, for names change and Slack's answers do not know them.
    fn slack_id(&mut self, place: &Place<'_>, text: &str, kind: &str, letters: &str) {
        let shaped = text.len() > 1
            && text.starts_with(|c| letters.contains(c))
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if !shaped {
            let problem = place.problem(format!("`{text}` is not a Slack {kind} id"));
            self.problems.push(
                problem.hint(format!("it is at the end of the {kind}'s details, like {}012AB3CD", &letters[..1])),
            );
        }
    }

    /// A channel to write to: its form, and that there is a Slack to write to.
    fn channel(&mut self, place: &Place<'_>, channel: Option<&String>) -> Option<String> {
        let channel = channel?;
        self.slack_id(place, channel, "channel", "CGD");
        if !self.files.iter().any(|(source, _)| source.place().key("slack").is_there()) {
            let problem = place.problem("a channel needs Slack, which is not configured");
            self.problems.push(problem.hint("add a `slack` section"));
        }
        Some(channel.clone())
    }
}
