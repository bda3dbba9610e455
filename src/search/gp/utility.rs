//! How much a point is worth trying, given what is foretold of its losses and constraints.

use crate::search::linear::{LANES, Lanes};

use super::improvement::{Sloped, Strips, log_chance, log_improvement, log_volume};
use super::process::{Posterior, Process};

/// What is looked for.
#[derive(Debug)]
pub(super) enum Goal {
    /// A loss below the best one: of one objective.
    Improve { best: f64 },
    /// A greater volume that the front dominates: of two.
    Extend(Strips),
    /// That the constraints are met, whatever the loss.
    Meet,
}

/// The logarithm of: what is expected of the objectives, times the chance that all constraints are met.
#[derive(Debug)]
pub(super) struct Utility<'a> {
    pub goal: Goal,
    pub objectives: Vec<Process<'a>>,
    /// Each with what it must be at most.
    pub constraints: Vec<(Process<'a>, f64)>,
    /// Room for predictions, by process.
    pub scratch: Vec<Posterior>,
}

impl<'a> Utility<'a> {
    pub fn new(goal: Goal, objectives: Vec<Process<'a>>, constraints: Vec<(Process<'a>, f64)>) -> Self {
        let count = objectives.len() + constraints.len();
        Self { goal, objectives, constraints, scratch: (0..count).map(|_| Posterior::default()).collect() }
    }

    /// The utility of `LANES` points (`n_features`).
    pub fn values(&mut self, query: &[Lanes]) -> Lanes {
        pulp::Arch::new().dispatch(|| self.predict(query));
        self.judge().0
    }

    /// The same, and the gradients by the features, written over `gradient` (`n_features`).
    pub fn values_and_gradients(&mut self, query: &[Lanes], gradient: &mut [Lanes]) -> Lanes {
        pulp::Arch::new().dispatch(|| self.predict(query));
        let (values, slopes) = self.judge();
        gradient.fill([0.0; LANES]);
        pulp::Arch::new().dispatch(|| {
            let processes = self.objectives.iter().chain(self.constraints.iter().map(|(process, _)| process));
            for ((process, posterior), (by_mean, by_variance)) in processes.zip(&mut self.scratch).zip(&slopes) {
                process.add_gradient(query, posterior, (by_mean, by_variance), gradient);
            }
        });
        values
    }

    #[inline(always)]
    fn predict(&mut self, query: &[Lanes]) {
        let processes = self.objectives.iter().chain(self.constraints.iter().map(|(process, _)| process));
        for (process, posterior) in processes.zip(&mut self.scratch) {
            process.predict(query, posterior);
        }
    }

    /// The utilities for what was predicted, and their slopes by mean and variance of each process.
    fn judge(&self) -> (Lanes, Vec<(Lanes, Lanes)>) {
        let mut values = [0.0; LANES];
        let mut slopes = vec![([0.0; LANES], [0.0; LANES]); self.scratch.len()];
        for (lane, total) in values.iter_mut().enumerate() {
            let moments = |process: usize| (self.scratch[process].mean[lane], self.scratch[process].variance[lane]);
            let mut note = |process: usize, sloped: Sloped| {
                slopes[process].0[lane] = sloped.by_mean;
                slopes[process].1[lane] = sloped.by_variance;
                sloped.value
            };
            match &self.goal {
                Goal::Improve { best } => *total = note(0, log_improvement(moments(0), *best)),
                Goal::Extend(strips) => {
                    let (value, [first, second]) = log_volume(moments(0), moments(1), strips);
                    note(0, first);
                    note(1, second);
                    *total = value;
                }
                Goal::Meet => {}
            }
            for (index, (_, limit)) in self.constraints.iter().enumerate() {
                let process = self.objectives.len() + index;
                *total += note(process, log_chance(moments(process), *limit));
            }
        }
        (values, slopes)
    }
}
