//! The Workflow in the file that a tuning names: everything that Argo would refuse, or that would not come to what the
//! tuning says.

use std::path::Path;

use serde_json::Value;

use super::Checker;
use super::workflow::Runs;
use crate::config::manifest;
use crate::config::problem::Problem;
use crate::config::schema::{EngineEntry, SearchesEntry, WorkflowEntry};
use crate::config::source::{Place, Source};
use crate::domain::params::Parameter;

const API_VERSION: &str = "argoproj.io/v1alpha1";

/// What a workflow that searches by itself is told of the sweep, if it declares parameters of these names.
const OF_THE_ORDER: [&str; 4] = ["trials", "parallel", "seed", "space"];

/// A parameter that the manifest declares, with its place.
struct Declared<'a> {
    name: &'a str,
    place: Place<'a>,
    has_value: bool,
}

impl Checker<'_> {
    /// The Workflow in the file at `path`. `None` only if a fault was reported.
    pub(super) fn manifest(
        &mut self,
        runs: &Runs<'_, '_>,
        place: &Place<'_>,
        path: &Path,
        entry: &WorkflowEntry,
    ) -> Option<Value> {
        let file = place.source.folder().join(path);
        let content = match self.read(&file) {
            Ok(content) => content,
            Err(error) => {
                self.problems
                    .push(place.problem(format!("the workflow in {} cannot be read: {error}", file.display())));
                return None;
            }
        };
        let documents = match manifest::read(&file, content) {
            Ok(documents) => documents,
            Err(problems) => {
                self.problems.extend(problems);
                return None;
            }
        };
        let [document] = documents.as_slice() else {
            self.wrong_count(&file, &documents);
            return None;
        };
        let root = document.place();
        if !self.is_workflow(&root) {
            return None;
        }
        self.check_namespace(runs, &root.key("metadata").key("namespace"));
        self.check_patch(runs.tuning, &root.key("spec").key("podSpecPatch"), entry);
        // With a reference to a template, that is where parameters are declared.
        if !root.key("spec").key("workflowTemplateRef").is_filled() {
            self.check_declared(runs, &root, &path.display().to_string(), entry);
        }
        Some(manifest::json(document.tree()))
    }

    fn wrong_count(&mut self, file: &Path, documents: &[Source]) {
        let problem = match documents {
            [_, second, ..] => {
                let problem = second.place().problem("a second document begins here, but a trial is one Workflow only");
                problem.hint("apply the others with kubectl, and take them out")
            }
            _ => Problem::of_file(file, "there is no Workflow in this file", Some("write one, or name another file")),
        };
        self.problems.push(problem);
    }

    fn is_workflow(&mut self, root: &Place<'_>) -> bool {
        let before = self.problems.len();
        if !root.is_mapping() {
            self.problems.push(root.problem("this is not a Workflow"));
            return false;
        }
        for (field, wanted) in [("apiVersion", API_VERSION), ("kind", "Workflow")] {
            let place = root.key(field);
            match place.text() {
                Some(text) if text == wanted => {}
                Some(text @ ("WorkflowTemplate" | "ClusterWorkflowTemplate")) => {
                    let field = if text == "WorkflowTemplate" { "template" } else { "cluster_template" };
                    let problem = place.problem(format!("a {text} is not a Workflow"));
                    self.problems
                        .push(problem.hint(format!("apply it with kubectl and write `{field}: NAME` for `file`")));
                }
                _ => {
                    let problem = place.problem(format!("this is not a Workflow: `{field}` is not {wanted}"));
                    self.problems.push(problem.hint(format!("write `{field}: {wanted}`")));
                }
            }
        }
        if self.problems.len() == before && !root.key("spec").is_mapping() {
            self.problems.push(root.key("spec").problem("`spec` is missing, or is not a mapping"));
        }
        self.problems.len() == before
    }

    /// The engine says where workflows run.
    fn check_namespace(&mut self, runs: &Runs<'_, '_>, place: &Place<'_>) {
        let (Some(engine), true) = (runs.engine, place.is_filled()) else { return };
        let entries = self.files.iter().flat_map(|(_, file)| &file.engines);
        let own = entries.filter(|(name, _)| *name == engine).find_map(|(_, entry)| match entry {
            EngineEntry::Argo(argo) => argo.namespace.as_deref(),
            EngineEntry::Local(_) => None,
        });
        if place.text() != own || own.is_none() {
            let message = match own {
                Some(own) => format!("the workflows of engine `{engine}` run in the namespace `{own}`"),
                None => format!("the namespace of a workflow is that of its engine, and `{engine}` names none"),
            };
            let hint = format!("take it out, or write it as `namespace` of the engine `{engine}`");
            self.problems.push(place.problem(message).hint(hint));
        }
    }

    /// Resources reach the pods by a patch, and there can be only one.
    fn check_patch(&mut self, tuning: &Place<'_>, patch: &Place<'_>, entry: &WorkflowEntry) {
        let asks = !entry.resources.requests.is_empty() || !entry.resources.limits.is_empty();
        if patch.text().is_some_and(|text| !text.trim().is_empty()) && asks {
            let place = tuning.key("workflow").key("resources");
            let message =
                format!("the workflow has a podSpecPatch of its own, at {}, which stays as it is", patch.line());
            self.problems.push(place.problem_on(true, message).hint("write the resources into that patch"));
        }
    }

    /// What the tuning sets has to be declared, and what is declared needs a value.
    fn check_declared(&mut self, runs: &Runs<'_, '_>, root: &Place<'_>, file: &str, entry: &WorkflowEntry) {
        let list = root.key("spec").key("arguments").key("parameters");
        let declared: Vec<Declared<'_>> = (0..list.item_count())
            .filter_map(|index| {
                let place = list.item(index);
                let name = place.key("name").text()?;
                let has_value = place.key("value").is_filled() || place.key("valueFrom").is_filled();
                Some(Declared { name, place, has_value })
            })
            .collect();
        for name in entry.arguments.keys() {
            let place = runs.tuning.key("workflow").key("arguments").key(name.as_str());
            self.is_declared(&declared, name, &place, file);
        }
        let Some(space) = runs.space else { return };
        let searches = matches!(entry.searches, Some(SearchesEntry::Yes(_)));
        let tried = if searches { &[] } else { space.parameters() };
        for parameter in tried {
            let name = parameter.name.as_str();
            let place = runs.tuning.key("space").key(name);
            let found = self.is_declared(&declared, name, &place, file);
            if let Some(found) = found.filter(|found| parameter.when.is_some() && !found.has_value) {
                let message = format!("trials in which `{name}` is not active do not set it, and then it has no value");
                self.problems.push(found.place.key("name").problem(message).hint("add `value: \"\"`, say, to it"));
            }
        }
        let is_set = |name: &str| {
            let fixed = |parameter: &Parameter| parameter.when.is_none() && parameter.domain.cardinality() == Some(1);
            let by_space = |parameter: &Parameter| parameter.name.as_str() == name && (!searches || fixed(parameter));
            entry.arguments.contains_key(name)
                || searches && OF_THE_ORDER.contains(&name)
                || space.parameters().iter().any(by_space)
        };
        for parameter in declared.iter().filter(|parameter| !parameter.has_value && !is_set(parameter.name)) {
            let problem = parameter.place.key("name").problem(format!("nothing gives `{}` a value", parameter.name));
            let also = if searches { "" } else { " or `space`" };
            self.problems
                .push(problem.hint(format!("add `value: …` to it, or name it in the tuning's `arguments`{also}")));
        }
    }

    /// The parameter of the manifest with this name; reports that there is none.
    fn is_declared<'d, 'a>(
        &mut self,
        declared: &'d [Declared<'a>],
        name: &str,
        place: &Place<'_>,
        file: &str,
    ) -> Option<&'d Declared<'a>> {
        let found = declared.iter().find(|parameter| parameter.name == name);
        if found.is_none() {
            let problem = place.problem_on(true, format!("the workflow has no parameter `{name}`"));
            self.problems.push(problem.hint(format!("add `- name: {name}` under spec.arguments.parameters in {file}")));
        }
        found
    }
}
