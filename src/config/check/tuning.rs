//! One tuning.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::Checker;
use crate::config::nearest;
use crate::config::schema::{AccessEntry, LimitsEntry, ObjectiveEntry, SearchEntry, SearchesEntry, TuningEntry};
use crate::config::settings::EngineSettings;
use crate::config::source::Place;
use crate::domain::ids::{EngineName, TuningName};
use crate::domain::metrics::Objective;
use crate::domain::tuning::{Access, Limits, Requirement, SamplerKind, Search, Tuning};

/// More than this is a slip of the fingers, and would fill the store.
const MAX_TRIALS: u32 = 100_000;

impl Checker<'_> {
    /// `None` if its space, its objectives or its engine are wrong; other faults are reported and stood in for.
    pub(super) fn tuning(
        &mut self,
        place: &Place<'_>,
        name: &TuningName,
        entry: &TuningEntry,
        engines: &BTreeMap<EngineName, EngineSettings>,
    ) -> Option<Tuning> {
        // Its own search needs no space. Whether it searches may be what is at fault.
        let searches = entry.workflow.as_ref().and_then(|workflow| workflow.searches.as_ref());
        let may_be_empty =
            place.key("workflow").key("searches").is_there() && !matches!(searches, Some(SearchesEntry::No));
        let space = self.space(&place.key("space"), &entry.space, may_be_empty);
        let objectives = self.objectives(place, entry);
        let mut search = self.search(&place.key("search"), &entry.search);
        let limits = self.limits(&place.key("limits"), &entry.limits);
        search.warm_start = self.warm_start(&place.key("search"), &entry.search, &search);
        if let Some(space) = &space {
            search.first = self.first_points(&place.key("search"), space, &entry.search.first, &limits);
        }
        let wanted = Self::wanted_engine(place);
        let engine = self.engine(&place.key("engine"), entry.engine.as_deref(), wanted, engines);
        let trial = self.trial_template(place, entry, engine.as_ref(), space.as_ref());
        let production = match (&entry.production, &space) {
            (Some(values), Some(space)) => self.params(&place.key("production"), space, values),
            _ => None,
        };
        let access = self.access(&place.key("access"), &entry.access);
        let requirement = self.requirement(place, entry, &objectives);
        let dashboards = self.dashboard_names(place, &entry.dashboards);
        let apply = self.apply(place, name, entry);
        let (cost, confirm) = self.cost(place, entry);
        Some(Tuning {
            name: name.clone(),
            description: entry.description.clone(),
            space: space?,
            objectives: objectives.try_into().ok()?,
            search,
            limits,
            engine: engine?,
            trial: trial?,
            resumable: entry.resumable.unwrap_or(false),
            production,
            access,
            requirement,
            dashboards,
            apply,
            cost,
            confirm,
        })
    }

    fn objectives(&mut self, place: &Place<'_>, entry: &TuningEntry) -> Vec<Objective> {
        let (one, several) = (place.key("objective"), place.key("objectives"));
        if one.is_there() && several.is_there() {
            let problem = one.problem_on(true, "`objective` and `objectives` exclude each other");
            self.problems.push(problem.hint("move it to the front of `objectives`"));
        } else if !one.is_there() && several.item_count() == 0 {
            let problem = place.problem_on(true, "`objective` is missing: what should be better?");
            self.problems.push(problem.hint("add `objective: {metric: loss, direction: minimize}`"));
        }
        let one = entry.objective.iter().map(|entry| (one.clone(), entry));
        let several = entry.objectives.iter().flatten().enumerate().map(|(i, entry)| (several.item(i), entry));
        let mut objectives: Vec<Objective> = Vec::new();
        for (place, ObjectiveEntry { metric, direction, goal }) in one.chain(several) {
            if objectives.iter().any(|earlier| earlier.metric == *metric) {
                self.problems.push(place.key("metric").problem(format!("`{metric}` is an objective already")));
            }
            if goal.is_some_and(|goal| !goal.is_finite()) {
                self.problems.push(place.key("goal").problem("a goal has to be finite"));
            }
            objectives.push(Objective { metric: metric.clone(), direction: *direction, goal: *goal });
        }
        objectives
    }

    fn limits(&mut self, place: &Place<'_>, entry: &LimitsEntry) -> Limits {
        let counts = [
            ("trials", entry.trials),
            ("parallel", entry.parallel),
            ("failed_trials", entry.failed_trials),
            ("patience", entry.patience),
        ];
        for (field, _) in counts.iter().filter(|(_, count)| *count == Some(0)) {
            self.problems.push(place.key(*field).problem(format!("`{field}` has to be at least 1")));
        }
        if entry.trials.is_some_and(|trials| trials > MAX_TRIALS) {
            self.problems.push(place.key("trials").problem(format!("a sweep has at most {MAX_TRIALS} trials")));
        }
        for (field, duration) in [("trial_timeout", entry.trial_timeout), ("deadline", entry.deadline)] {
            if duration.is_some_and(|duration| duration.0.is_zero()) {
                self.problems.push(place.key(field).problem(format!("`{field}` has to be longer than 0")));
            }
        }
        Limits {
            trials: entry.trials.unwrap_or(50),
            parallel: entry.parallel.unwrap_or(4),
            failed_trials: entry.failed_trials.unwrap_or(5),
            trial_timeout: entry.trial_timeout.map_or(SignedDuration::from_hours(1), |timeout| timeout.0),
            deadline: entry.deadline.map(|deadline| deadline.0),
            patience: entry.patience,
            retries: entry.retries.unwrap_or(2),
            stop_grace: entry.stop_grace.map_or(SignedDuration::from_secs(10), |grace| grace.0),
        }
    }

    fn access(&mut self, place: &Place<'_>, entry: &AccessEntry) -> Access {
        for user in &entry.slack_users {
            self.slack_id(&place.key("slack_users"), user, "user", "UW");
        }
        for channel in &entry.slack_channels {
            self.slack_id(&place.key("slack_channels"), channel, "channel", "CGD");
        }
        for group in &entry.slack_groups {
            self.slack_id(&place.key("slack_groups"), group, "user group", "S");
        }
        for team in &entry.github_teams {
            let plain = |part: &str| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            };
            if !team.split_once('/').is_some_and(|(org, team)| plain(org) && plain(team)) {
                let problem = place.key("github_teams").problem(format!("`{team}` is not a team"));
                self.problems.push(problem.hint("a team is written org/team, as in its address"));
            }
        }
        let quota = self.quota(&place.key("quota"), &entry.quota);
        Access {
            quota,
            slack_groups: entry.slack_groups.clone(),
            github_teams: entry.github_teams.clone(),
            github_permission: entry.github_permission,
            slack_users: entry.slack_users.clone(),
            slack_channels: entry.slack_channels.clone(),
            github_users: entry.github_users.clone(),
        }
    }

    fn requirement(&mut self, place: &Place<'_>, entry: &TuningEntry, objectives: &[Objective]) -> Option<Requirement> {
        let required = entry.require.as_ref()?;
        let first = objectives.first()?;
        let metric = match &required.metric {
            None => first.metric.clone(),
            Some(name) => match objectives.iter().find(|objective| objective.metric.as_str() == name) {
                Some(objective) if objective.metric == first.metric => first.metric.clone(),
                Some(_) => {
                    let place = place.key("require").key("metric");
                    let problem = place.problem(format!("`{name}` is not the first objective, which is what counts"));
                    self.problems.push(problem.hint(format!("write {}, or put `{name}` first", first.metric)));
                    return None;
                }
                None => {
                    let place = place.key("require").key("metric");
                    let problem = place.problem(format!("`{name}` is not an objective of this tuning"));
                    let known = objectives.iter().map(|objective| objective.metric.as_str());
                    self.problems.push(problem.hint(nearest::hint(name, known)));
                    return None;
                }
            },
        };
        Some(Requirement { metric, not_worse_than_percent: required.not_worse_than.map_or(0.0, |percent| percent.0) })
    }

    fn dashboard_names(&mut self, place: &Place<'_>, names: &[String]) -> Vec<String> {
        let known: Vec<&str> = self
            .files
            .iter()
            .filter_map(|(_, file)| file.grafana.as_ref())
            .flat_map(|grafana| grafana.dashboards.iter().map(|dashboard| dashboard.name.as_str()))
            .collect();
        let hidden = self.files.iter().any(|(source, file)| {
            let read = file.grafana.as_ref().map_or(0, |grafana| grafana.dashboards.len());
            source.place().key("grafana").key("dashboards").item_count() > read
        });
        for (index, name) in names.iter().enumerate() {
            if !known.contains(&name.as_str()) && !hidden {
                self.unknown(&place.key("dashboards").item(index), "dashboard", name, &known);
            }
        }
        names.to_vec()
    }

    fn search(&mut self, place: &Place<'_>, entry: &SearchEntry) -> Search {
        let pruner = self.pruner(&place.key("pruner"), entry.pruner.as_ref());
        let defaults = Search::new(entry.sampler.unwrap_or(SamplerKind::Auto));
        if entry.population.is_some_and(|population| population < 2) {
            self.problems.push(place.key("population").problem("`population` has to be at least 2"));
        }
        Search {
            startup_trials: entry.startup_trials.unwrap_or(defaults.startup_trials),
            pruner,
            seed: entry.seed,
            population: entry.population,
            ..defaults
        }
    }
}
