//! A trial, or a whole search, as a workflow.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::Checker;
use super::kubernetes::Name;
use crate::config::schema::{SearchOutputsEntry, SearchesEntry, TolerationEntry, TolerationOperator, WorkflowEntry};
use crate::config::source::Place;
use crate::domain::ids::EngineName;
use crate::domain::params::Space;
use crate::domain::tuning::{SearchOutputs, WorkflowSource, WorkflowTrial};

/// A workflow that goes sooner may be gone before its results have been read.
const SHORTEST_TTL: SignedDuration = SignedDuration::from_mins(1);

/// What a workflow is checked against.
pub(super) struct Runs<'a, 'p> {
    /// The place of its tuning.
    pub tuning: &'a Place<'p>,
    pub engine: Option<&'a EngineName>,
    /// `None` if it has faults of its own.
    pub space: Option<&'a Space>,
}

impl Checker<'_> {
    /// `None` only if a fault was reported.
    pub(super) fn workflow(&mut self, runs: &Runs<'_, '_>, entry: &WorkflowEntry) -> Option<WorkflowTrial> {
        let place = runs.tuning.key("workflow");
        let searches = self.searches(&place.key("searches"), entry);
        if searches.is_some() {
            self.check_nothing_else_searches(runs.tuning);
        }
        self.check_arguments(runs, &place.key("arguments"), entry, searches.is_some());
        self.check_placement(&place, entry);
        for (field, quantities) in [("requests", &entry.resources.requests), ("limits", &entry.resources.limits)] {
            for (name, quantity) in quantities {
                let place = place.key("resources").key(field).key(name.as_str());
                self.kubernetes_key(&place, Name::Qualified, "the name of a resource", name);
                self.quantity(&place, quantity);
            }
        }
        if entry.ttl.is_some_and(|ttl| ttl.0 < SHORTEST_TTL) {
            let problem = place.key("ttl").problem("a finished workflow has to stay until its results have been read");
            self.problems.push(problem.hint("at least 1m"));
        }
        let tolerations = self.tolerations(&place.key("tolerations"), &entry.tolerations);
        Some(WorkflowTrial {
            source: self.workflow_source(runs, &place, entry)?,
            searches,
            arguments: entry.arguments.clone(),
            service_account: entry.service_account.clone(),
            priority: entry.priority,
            pod_priority_class: entry.pod_priority_class.clone(),
            ttl: entry.ttl.map(|ttl| ttl.0),
            pod_gc: entry.pod_gc,
            node_selector: entry.node_selector.clone(),
            tolerations,
            requests: entry.resources.requests.clone(),
            limits: entry.resources.limits.clone(),
        })
    }

    fn workflow_source(
        &mut self,
        runs: &Runs<'_, '_>,
        place: &Place<'_>,
        entry: &WorkflowEntry,
    ) -> Option<WorkflowSource> {
        let there: Vec<&str> =
            ["template", "cluster_template", "file"].into_iter().filter(|field| place.key(*field).is_there()).collect();
        match there.as_slice() {
            [_] => {}
            [] => {
                let message = "which workflow? `template`, `cluster_template` and `file` are missing";
                self.problems.push(place.problem_on(true, message).hint("add `template: NAME`"));
            }
            [first, .., last] => {
                let problem = place.key(*last).problem_on(true, format!("`{first}` and `{last}` exclude each other"));
                self.problems.push(problem.hint("keep the one that holds the workflow"));
            }
        }
        for (field, name) in [("template", &entry.template), ("cluster_template", &entry.cluster_template)] {
            if let Some(name) = name {
                self.kubernetes_name(&place.key(field), Name::Subdomain, "the name of a template", name);
            }
        }
        match (&entry.template, &entry.cluster_template, &entry.file) {
            (Some(name), None, None) => Some(WorkflowSource::Template { name: name.clone() }),
            (None, Some(name), None) => Some(WorkflowSource::ClusterTemplate { name: name.clone() }),
            (None, None, Some(path)) => {
                let manifest = self.manifest(runs, &place.key("file"), path, entry)?;
                Some(WorkflowSource::Manifest { file: path.to_string_lossy().into_owned(), manifest })
            }
            _ => None,
        }
    }

    fn searches(&mut self, place: &Place<'_>, entry: &WorkflowEntry) -> Option<SearchOutputs> {
        let Some(SearchesEntry::Yes(SearchOutputsEntry { best_parameters, objective, trials })) = &entry.searches
        else {
            return None;
        };
        let mut name = |field: &str, name: &Option<String>, default: &str| {
            if let Some(name) = name {
                self.kubernetes_name(&place.key(field), Name::Argo, "the name of an output parameter", name);
            }
            name.clone().unwrap_or_else(|| default.to_owned())
        };
        let outputs = SearchOutputs {
            best_parameters: name("best_parameters", best_parameters, "best-parameters"),
            objective: name("objective", objective, "objective"),
            trials: name("trials", trials, "trials"),
        };
        let SearchOutputs { best_parameters: best, objective, trials } = &outputs;
        if best == objective || best == trials || objective == trials {
            let problem = place.problem_on(true, "two of the output parameters have the same name");
            self.problems.push(problem.hint("give each one of its own"));
        }
        Some(outputs)
    }

    /// Of tunebot's own search nothing is left when the workflow searches.
    fn check_nothing_else_searches(&mut self, tuning: &Place<'_>) {
        let (search, limits) = (tuning.key("search"), tuning.key("limits"));
        for (place, field) in [
            (&search, "sampler"),
            (&search, "startup_trials"),
            (&search, "population"),
            (&search, "pruner"),
            (&search, "warm_start"),
            (&search, "first"),
            (&limits, "patience"),
            (tuning, "production"),
            (tuning, "resumable"),
        ] {
            let place = place.key(field);
            if place.is_there() {
                let problem =
                    place.problem_on(true, format!("`{field}` means nothing here: the workflow searches by itself"));
                self.problems.push(problem.hint("take it out; what the workflow is to know goes into `arguments`"));
            }
        }
    }

    fn check_arguments(&mut self, runs: &Runs<'_, '_>, place: &Place<'_>, entry: &WorkflowEntry, searches: bool) {
        let space = runs.tuning.key("space");
        let parameters = space.keys();
        for name in entry.arguments.keys() {
            let place = place.key(name.as_str());
            self.kubernetes_key(&place, Name::Argo, "the name of an argument", name);
            if parameters.contains(&name.as_str()) {
                let message = format!("`{name}` is a parameter of the space, whose values are arguments by themselves");
                self.problems.push(place.problem_on(true, message).hint("take it out here, or there"));
            }
        }
        if !searches {
            for name in parameters {
                self.kubernetes_key(&space.key(name), Name::Argo, "an argument of a workflow", name);
            }
        }
    }

    /// Who the pods are and where they may run.
    fn check_placement(&mut self, place: &Place<'_>, entry: &WorkflowEntry) {
        if let Some(name) = &entry.service_account {
            let place = place.key("service_account");
            self.kubernetes_name(&place, Name::Subdomain, "the name of a service account", name);
        }
        if let Some(name) = &entry.pod_priority_class {
            let place = place.key("pod_priority_class");
            self.kubernetes_name(&place, Name::Subdomain, "the name of a priority class", name);
        }
        for (label, value) in &entry.node_selector {
            let place = place.key("node_selector").key(label.as_str());
            self.kubernetes_key(&place, Name::Qualified, "the name of a label", label);
            self.kubernetes_name(&place, Name::LabelValue, "the value of a label", value);
        }
    }

    /// Tolerations as they are written in a pod.
    fn tolerations(&mut self, place: &Place<'_>, entries: &[TolerationEntry]) -> Vec<Value> {
        let mut tolerations = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            self.check_toleration(&place.item(index), entry);
            let operator = entry.operator.map(|operator| format!("{operator:?}"));
            let effect = entry.effect.map(|effect| format!("{effect:?}"));
            let fields = [
                ("key", entry.key.clone()),
                ("operator", operator),
                ("value", entry.value.clone()),
                ("effect", effect),
            ];
            let fields = fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))));
            let mut toleration: Map<String, Value> = fields.collect();
            if let Some(seconds) = entry.toleration_seconds {
                toleration.insert("tolerationSeconds".to_owned(), seconds.into());
            }
            tolerations.push(Value::Object(toleration));
        }
        tolerations
    }

    /// What Kubernetes would refuse with every single pod.
    fn check_toleration(&mut self, place: &Place<'_>, entry: &TolerationEntry) {
        let exists = entry.operator == Some(TolerationOperator::Exists);
        match &entry.key {
            Some(key) => self.kubernetes_name(&place.key("key"), Name::Qualified, "the key of a taint", key),
            None if !exists && !place.key("key").is_there() && !place.key("operator").is_there() => {
                let problem = place.problem("a toleration without a key is for every taint");
                self.problems.push(problem.hint("add `key`, or `operator: Exists` if every taint is meant"));
            }
            None if entry.operator == Some(TolerationOperator::Equal) && !place.key("key").is_there() => {
                let problem = place.key("operator").problem("`Equal` needs a `key`");
                self.problems.push(problem.hint("add it, or write `operator: Exists`"));
            }
            None => {}
        }
        if let Some(value) = &entry.value {
            self.kubernetes_name(&place.key("value"), Name::LabelValue, "the value of a taint", value);
            if exists && !value.is_empty() {
                let problem = place.key("value").problem_on(true, "`Exists` takes no value");
                self.problems.push(problem.hint("take it out, or write `operator: Equal`"));
            }
        }
        let no_execute = entry.effect == Some(crate::config::schema::TaintEffect::NoExecute);
        if entry.toleration_seconds.is_some() && !no_execute {
            let problem = place.key("tolerationSeconds").problem_on(true, "only `effect: NoExecute` has a time");
            self.problems.push(problem.hint("take it out, or write `effect: NoExecute`"));
        }
    }
}
