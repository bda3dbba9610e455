//! What one trial of a tuning is: a command or a workflow, on an engine that runs it.

use super::Checker;
use super::engines::EngineKind;
use super::workflow::Runs;
use crate::config::schema::TuningEntry;
use crate::config::source::Place;
use crate::domain::ids::EngineName;
use crate::domain::params::Space;
use crate::domain::tuning::TrialTemplate;

impl Checker<'_> {
    /// The kind of engine that the tuning needs, as far as it says what a trial is.
    pub(super) fn wanted_engine(place: &Place<'_>) -> Option<EngineKind> {
        match (place.key("command").is_there(), place.key("workflow").is_there()) {
            (true, false) => Some(EngineKind::Local),
            (false, true) => Some(EngineKind::Argo),
            _ => None,
        }
    }

    /// `None` only if a fault was reported.
    pub(super) fn trial_template(
        &mut self,
        place: &Place<'_>,
        entry: &TuningEntry,
        engine: Option<&EngineName>,
        space: Option<&Space>,
    ) -> Option<TrialTemplate> {
        let (command, workflow) = (place.key("command"), place.key("workflow"));
        let kind = engine.and_then(|engine| self.engine_kind(engine.as_str()));
        if command.is_there() && workflow.is_there() {
            let problem = workflow.problem_on(true, "`command` and `workflow` exclude each other");
            self.problems.push(problem.hint("keep `workflow` if trials run on Argo Workflows, else `command`"));
        } else if let (Some(engine), Some(kind), Some(wanted)) = (engine, kind, Self::wanted_engine(place))
            && kind != wanted
        {
            let at = if wanted == EngineKind::Local { &command } else { &workflow };
            self.wrong_engine(at, engine, kind);
        }
        if workflow.is_there() {
            self.check_no_command_fields(place);
            let runs = Runs { tuning: place, engine, space };
            let workflow = entry.workflow.as_ref().and_then(|entry| self.workflow(&runs, entry));
            return workflow.map(|workflow| TrialTemplate::Workflow(Box::new(workflow)));
        }
        if !command.is_there() && kind == Some(EngineKind::Argo) {
            let problem = workflow.problem("`workflow` is missing: what does one trial run?");
            self.problems.push(problem.hint("add `workflow: {template: NAME}`"));
            return None;
        }
        Some(self.command_template(place, entry))
    }

    /// Fields that only a command has.
    fn check_no_command_fields(&mut self, place: &Place<'_>) {
        for (field, hint) in [
            ("env", "write it into the workflow's containers, or pass it as one of `arguments`"),
            ("inherit_env", "pods see nothing of tunebot's environment: use a Secret or a ConfigMap"),
            ("source", "put the program into the container's image"),
        ] {
            if place.key(field).is_there() && !place.key("command").is_there() {
                let problem =
                    place.key(field).problem_on(true, format!("a workflow has no `{field}`, only a command has"));
                self.problems.push(problem.hint(hint));
            }
        }
    }

    fn command_template(&mut self, place: &Place<'_>, entry: &TuningEntry) -> TrialTemplate {
        let parameters = place.key("space").keys();
        let command = place.key("command");
        if command.item_count() == 0 && (!command.is_there() || entry.command.is_empty()) {
            let problem = command.problem("`command` is missing: what does one trial run?");
            self.problems.push(problem.hint("add `command: [python, train.py, \"--lr={lr}\"]`"));
        }
        if entry.command.first().is_some_and(|program| program.trim().is_empty()) {
            self.problems.push(command.item(0).problem("the program has no name"));
        }
        for (index, word) in entry.command.iter().enumerate() {
            self.check_template(&command.item(index), word, &parameters);
        }
        for (name, value) in &entry.env {
            let place = place.key("env").key(name.as_str());
            self.variable_name(&place, true, name);
            self.check_template(&place, value, &parameters);
        }
        for (index, name) in entry.inherit_env.iter().enumerate() {
            let place = place.key("inherit_env");
            let place = if place.item_count() == entry.inherit_env.len() { place.item(index) } else { place };
            self.variable_name(&place, false, name);
        }
        let source = entry.source.as_ref().map(|path| self.path(&place.key("source"), path));
        let (argv, env, inherit_env) = (entry.command.clone(), entry.env.clone(), entry.inherit_env.clone());
        TrialTemplate::Command { argv, env, inherit_env, source }
    }

    fn variable_name(&mut self, place: &Place<'_>, on_key: bool, name: &str) {
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !named {
            self.problems.push(place.problem_on(on_key, format!("`{name}` does not name an environment variable")));
        } else if name.starts_with("TUNEBOT_") {
            let message = "names that begin with TUNEBOT_ are tunebot's own";
            self.problems.push(place.problem_on(on_key, message));
        }
    }
}
