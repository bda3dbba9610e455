//! What charts are made from, and what all of them ask of it.

use crate::domain::metrics::{Direction, Objective, Objectives};
use crate::domain::params::{Parameter, Space};
use crate::domain::report::Importance;
use crate::domain::trial::{Trial, TrialState};

use super::number;

/// A sweep as charts see it.
#[derive(Debug, Clone, Copy)]
pub struct Sweep<'a> {
    /// What it is called, in titles.
    pub name: &'a str,
    pub objectives: &'a Objectives,
    pub space: &'a Space,
    /// In the order of their numbers.
    pub trials: &'a [Trial],
    /// The largest first; empty where nothing can be said.
    pub importances: &'a [Importance],
}

impl<'a> Sweep<'a> {
    pub(super) fn objective(&self) -> &'a Objective {
        self.objectives.primary()
    }

    /// The complete trials with a finite value of the first objective.
    pub(super) fn valued(&self) -> impl Iterator<Item = (&'a Trial, f64)> + '_ {
        let objective = self.objective();
        self.trials.iter().filter_map(move |trial| Some((trial, value(trial, objective)?)))
    }

    /// At most `most` parameters with more than one value, the most important first or, where nothing is known of that, in
    /// the order of the space; and how many there are beside them.
    pub(super) fn parameters(&self, most: usize) -> (Vec<&'a Parameter>, usize) {
        let varied = self.space.parameters().iter().filter(|parameter| parameter.domain.cardinality() != Some(1));
        let mut parameters: Vec<&Parameter> = varied.collect();
        let place = |parameter: &&Parameter| self.importances.iter().position(|one| one.parameter == parameter.name);
        parameters.sort_by_key(|parameter| place(parameter).unwrap_or(usize::MAX));
        let left_out = parameters.len().saturating_sub(most);
        parameters.truncate(most);
        (parameters, left_out)
    }

    /// The best of them; of equals the first.
    pub(super) fn best(&self) -> Option<(&'a Trial, f64)> {
        let direction = self.objective().direction;
        self.valued().reduce(|best, other| if direction.better(other.1, best.1) { other } else { best })
    }

    /// The complete trials with a finite value, best first.
    pub(super) fn ranked(&self) -> Vec<(&'a Trial, f64)> {
        let direction = self.objective().direction;
        let mut ranked: Vec<(&Trial, f64)> = self.valued().collect();
        ranked.sort_by(|a, b| direction.loss(a.1).total_cmp(&direction.loss(b.1)).then(a.0.number.cmp(&b.0.number)));
        ranked
    }

    /// "33 done, 7 stopped early, 2 failed": the line under a title.
    pub(super) fn tally(&self) -> String {
        let count = |state| self.trials.iter().filter(|trial| trial.state == state).count();
        let open = self.trials.iter().filter(|trial| trial.state.is_open()).count();
        let all = [
            (count(TrialState::Complete), "done"),
            (count(TrialState::Pruned), "stopped early"),
            (count(TrialState::Paused), "paused"),
            (count(TrialState::Failed), "failed"),
            (open, "not finished"),
        ];
        let said: Vec<String> =
            all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if said.is_empty() { "no trial yet".to_owned() } else { said.join(", ") }
    }

    /// Why there is no value to show.
    pub(super) fn nothing_yet(&self) -> &'static str {
        if self.trials.is_empty() {
            "There is no trial yet."
        } else if self.trials.iter().all(|trial| trial.state == TrialState::Failed) {
            "Every trial failed."
        } else {
            "No trial has ended with a value yet."
        }
    }
}

/// Of a complete trial, if it is a number.
pub(super) fn value(trial: &Trial, objective: &Objective) -> Option<f64> {
    let complete = trial.state == TrialState::Complete;
    trial.metrics.get(&objective.metric).filter(|value| complete && value.is_finite())
}

/// "val_acc (higher is better)".
pub(super) fn axis_title(objective: &Objective) -> String {
    let which = match objective.direction {
        Direction::Minimize => "lower",
        Direction::Maximize => "higher",
    };
    format!("{} ({which} is better)", objective.metric)
}

/// "best val_acc 0.9341 (trial 31)".
pub(super) fn best_in_words(objective: &Objective, (trial, value): (&Trial, f64)) -> String {
    format!("best {} {} (trial {})", objective.metric, number::rounded(value), trial.number)
}
