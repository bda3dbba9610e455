//! Triggers and schedules.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::Checker;
use super::space::LIMIT_WORDS;
use crate::config::nearest;
use crate::config::schema::{MissedEntry, ScheduleEntry, SearchesEntry, TriggerEntry, TriggerSourceEntry, Words};
use crate::config::source::Place;
use crate::domain::ids::TuningName;
use crate::domain::rules::{MissedRuns, OnNewer, Overlap, Schedule, Trigger, TriggerSource};

const DEFAULT_ACTIONS: [&str; 4] = ["opened", "synchronize", "reopened", "ready_for_review"];

/// What can happen to a pull request, as GitHub names it.
const ACTIONS: [&str; 21] = [
    "assigned",
    "auto_merge_disabled",
    "auto_merge_enabled",
    "closed",
    "converted_to_draft",
    "demilestoned",
    "dequeued",
    "edited",
    "enqueued",
    "labeled",
    "locked",
    "milestoned",
    "opened",
    "ready_for_review",
    "reopened",
    "review_request_removed",
    "review_requested",
    "synchronize",
    "unassigned",
    "unlabeled",
    "unlocked",
];

impl Checker<'_> {
    pub(super) fn triggers(&mut self) -> Vec<Trigger> {
        let mut names = BTreeMap::new();
        let mut triggers = Vec::new();
        for (source, file) in self.files {
            let place = source.place().key("triggers");
            if place.item_count() > 0 && !self.files.iter().any(|(source, _)| source.place().key("github").is_there()) {
                let problem = place.problem_on(true, "triggers listen to GitHub, which is not configured");
                self.problems.push(problem.hint("add a `github` section"));
            }
            for (index, entry) in file.triggers.iter().enumerate() {
                let place = place.item(index);
                self.is_first(&mut names, &entry.name, &place.key("name"));
                triggers.extend(self.trigger(&place, entry));
            }
        }
        triggers
    }

    pub(super) fn trigger(&mut self, place: &Place<'_>, entry: &TriggerEntry) -> Option<Trigger> {
        let name = self.parsed(&place.key("name"), &entry.name);
        let (on, on_newer) = self.trigger_source(place, entry);
        self.check_repositories(&place.key("repositories"), &entry.repositories);
        if let Some(expression) = &entry.expression {
            self.check_expression(&place.key("if"), expression);
        }
        let tuning = self.tuning_name(&place.key("tuning"), &entry.tuning);
        let overrides = self.overrides(&place.key("with"), &entry.with, &entry.tuning);
        Some(Trigger {
            on,
            repositories: self.globs(&place.key("repositories"), &entry.repositories),
            paths: self.globs(&place.key("paths"), &entry.paths),
            ignore_paths: self.globs(&place.key("ignore_paths"), &entry.ignore_paths),
            authors: self.globs(&place.key("authors"), &entry.authors),
            ignore_authors: self.globs(&place.key("ignore_authors"), &entry.ignore_authors),
            expression: entry.expression.clone(),
            overrides,
            on_newer: entry.on_newer.unwrap_or(on_newer),
            channel: self.channel(&place.key("channel"), entry.channel.as_ref()),
            name: name?,
            tuning: tuning?,
        })
    }

    /// The source with its filters, and what happens to older sweeps when nothing is said about it: a push to a branch is
    /// there to stay and gets its result, an older state of a pull request interests nobody.
    fn trigger_source(&mut self, place: &Place<'_>, entry: &TriggerEntry) -> (TriggerSource, OnNewer) {
        let place_on = place.key("on");
        match &entry.on {
            TriggerSourceEntry::Push(filter) => {
                let place = place_on.key("push");
                let branches = self.globs(&place.key("branches"), &filter.branches);
                let tags = self.globs(&place.key("tags"), &filter.tags);
                (TriggerSource::Push { branches, tags }, OnNewer::Queue)
            }
            TriggerSourceEntry::PullRequest(filter) => {
                let place_filter = place_on.key("pull_request");
                // Who sets the label wants it now, and not with the next push.
                let labeled = (!filter.labels.is_empty()).then_some("labeled");
                let default = || DEFAULT_ACTIONS.into_iter().chain(labeled).map(str::to_owned).collect();
                let actions = filter.actions.clone().unwrap_or_else(default);
                for (index, action) in actions.iter().enumerate() {
                    if !ACTIONS.contains(&action.as_str()) {
                        let place = place_filter.key("actions").item(index);
                        self.unknown(&place, "action", action, &ACTIONS);
                    }
                }
                let source = TriggerSource::PullRequest {
                    branches: self.globs(&place_filter.key("branches"), &filter.branches),
                    actions: actions.into_iter().collect(),
                    labels: filter.labels.iter().cloned().collect(),
                    ignore_labels: filter.ignore_labels.iter().cloned().collect(),
                    drafts: filter.drafts,
                    forks: filter.forks,
                };
                (source, OnNewer::Cancel)
            }
        }
    }

    pub(super) fn check_repositories(&mut self, place: &Place<'_>, names: &[String]) {
        if names.is_empty() && place.item_count() == 0 {
            let problem = place.problem("a trigger needs at least one repository");
            self.problems.push(problem.hint("write `repositories: [owner/name]`"));
        }
        for (index, name) in names.iter().enumerate() {
            if !name.contains('/') && !name.contains("**") {
                let problem = place.item(index).problem(format!("`{name}` matches no repository"));
                self.problems.push(problem.hint("a repository is written owner/name"));
            }
        }
    }

    pub(super) fn schedules(&mut self) -> Vec<Schedule> {
        let mut names = BTreeMap::new();
        let mut schedules = Vec::new();
        for (source, file) in self.files {
            for (index, entry) in file.schedules.iter().enumerate() {
                let place = source.place().key("schedules").item(index);
                self.is_first(&mut names, &entry.name, &place.key("name"));
                schedules.extend(self.schedule(&place, entry));
            }
        }
        schedules
    }

    fn schedule(&mut self, place: &Place<'_>, entry: &ScheduleEntry) -> Option<Schedule> {
        let name = self.parsed(&place.key("name"), &entry.name);
        self.check_cron(&place.key("cron"), &entry.cron);
        let time_zone = entry.time_zone.clone().unwrap_or_else(|| "UTC".to_owned());
        self.check_time_zone(&place.key("time_zone"), &time_zone);
        let tuning = self.tuning_name(&place.key("tuning"), &entry.tuning);
        if entry.skip_unchanged && !self.has_repository(&entry.tuning) {
            let message = format!("the tuning `{}` has no repository to look at", entry.tuning);
            let problem = place.key("skip_unchanged").problem(message);
            self.problems.push(problem.hint("add `repository: owner/name` to the tuning"));
        }
        if let Some(MissedEntry::All(0)) = entry.missed {
            let problem = place.key("missed").key("all").problem("all, but no more than 0, are none");
            self.problems.push(problem.hint("write `missed: skip`"));
        }
        let missed = match entry.missed {
            Some(MissedEntry::Skip) => MissedRuns::Skip,
            None | Some(MissedEntry::Last) => MissedRuns::Last,
            Some(MissedEntry::All(cap)) => MissedRuns::All { cap },
        };
        Some(Schedule {
            cron: entry.cron.clone(),
            time_zone,
            overrides: self.overrides(&place.key("with"), &entry.with, &entry.tuning),
            missed,
            overlap: entry.overlap.unwrap_or(Overlap::Skip),
            jitter: entry.jitter.map_or(SignedDuration::ZERO, |jitter| jitter.0),
            skip_unchanged: entry.skip_unchanged,
            channel: self.channel(&place.key("channel"), entry.channel.as_ref()),
            paused: entry.paused,
            name: name?,
            tuning: tuning?,
        })
    }

    /// The tuning may have faults of its own, or a name that is refused: then it has a name all the same.
    pub(super) fn tuning_name(&mut self, place: &Place<'_>, name: &str) -> Option<TuningName> {
        let known: Vec<&str> = self.declared("tunings").into_iter().collect();
        if known.contains(&name) {
            return name.parse().ok();
        }
        self.unknown(place, "tuning", name, &known);
        None
    }

    fn has_repository(&self, tuning: &str) -> bool {
        let place = |name: &str| self.files.iter().map(|(source, _)| source.place().key("tunings").key(name)).collect();
        let places: Vec<Place<'_>> = place(tuning);
        let mut found = places.iter().filter(|place| place.is_there()).peekable();
        found.peek().is_none() || found.any(|place| place.key("repository").is_there())
    }

    fn searches_by_itself(&self, tuning: &str) -> bool {
        let mut tunings = self.files.iter().flat_map(|(_, file)| &file.tunings);
        let entry = tunings.find(|(name, _)| name.as_str() == tuning).map(|(_, entry)| entry);
        let searches = entry.and_then(|entry| entry.workflow.as_ref()).and_then(|workflow| workflow.searches.as_ref());
        matches!(searches, Some(SearchesEntry::Yes(_)))
    }

    /// Words in the grammar of `/tune`. Only their form and their keys are checked here; their values are when they are
    /// applied, by the same code that checks those of a command.
    pub(super) fn overrides(&mut self, place: &Place<'_>, words: &Words, tuning: &str) -> Vec<String> {
        let parameters: Vec<&str> = self
            .files
            .iter()
            .flat_map(|(source, _)| source.place().key("tunings").key(tuning).key("space").keys())
            .collect();
        let searches = self.searches_by_itself(tuning);
        let limits = LIMIT_WORDS.iter().copied().filter(|word| !(searches && *word == "sampler"));
        let known: Vec<&str> = limits.chain(parameters.iter().copied()).collect();
        let mut overrides = Vec::new();
        let pairs: Vec<(Place<'_>, String, String)> = match words {
            Words::Map(pairs) => {
                pairs.iter().map(|(key, value)| (place.key(key.as_str()), key.clone(), value.clone())).collect()
            }
            Words::List(words) => {
                let split = |(index, word): (usize, &String)| match word.split_once('=') {
                    Some((key, value)) => (place.item(index), key.to_owned(), value.to_owned()),
                    None => (place.item(index), word.clone(), String::new()),
                };
                words.iter().enumerate().map(split).collect()
            }
        };
        for (place, key, value) in pairs {
            if key.is_empty() || value.is_empty() || value.contains(char::is_whitespace) {
                let problem = place.problem(format!("`{key}` needs one value, without spaces"));
                self.problems.push(problem.hint("write it like trials=20 or lr=1e-4..1e-2"));
            } else if searches && key == "sampler" {
                let message = format!("the workflow of `{tuning}` searches by itself: `sampler` means nothing to it");
                self.problems.push(place.problem_on(matches!(words, Words::Map(_)), message).hint("take it out"));
            } else if (searches || !parameters.is_empty()) && !known.contains(&key.as_str()) {
                let message = format!("`{key}` is neither a limit nor a parameter of `{tuning}`");
                let problem = place.problem_on(matches!(words, Words::Map(_)), message);
                self.problems.push(problem.hint(nearest::hint(&key, known.iter().copied())));
            }
            overrides.push(format!("{key}={value}"));
        }
        overrides
    }
}
