//! Tree-structured Parzen estimator: tries points that are likely among the good trials and unlikely among the rest.

mod estimator;
mod proposal;
mod screen;
mod split;
mod term;
mod widths;

use crate::domain::params::Params;

use super::Sampler;
use super::history::History;
use super::layout::{Layout, Row};
use super::random::draw_unseen;
use super::stream::Stream;

pub(super) use proposal::score;

use proposal::Proposal;
use split::{bad_weights, good};

/// How often a point is looked for that no trial has tried, where the parameters are not chosen together.
const TRIES: usize = 4;

/// TPE (Bergstra et al. 2011; Falkner et al. 2018; Watanabe 2023, arXiv:2304.11127).
///
/// Which trials are good and how they weigh is told in `split`, how far their kernels reach in `widths`, how densities are
/// made of them in `estimator`. Trials that are not good are bad; so are pending ones if `constant_liar`, which keeps
/// parallel trials apart. Failed trials and those with a NaN are left out, but their points are not tried again in a
/// discrete space. Until `startup_trials` trials (at least one) have a result, points are random.
///
/// Cost: O(n_trials · n_params) an ask, but most trials are passed over by three of their parameters.
pub(super) struct Tpe {
    pub startup_trials: u32,
    pub constant_liar: bool,
    pub model: Model,
}

/// Which parameters are modelled together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// All, whatever conditions they have.
    Joint,
    /// Each by itself.
    Independent,
    /// Those that are active in the same points.
    Group,
}

impl Model {
    fn groups(self, layout: &Layout) -> Vec<Vec<usize>> {
        match self {
            Self::Joint => vec![(0..layout.dimensions().len()).collect()],
            Self::Independent => (0..layout.dimensions().len()).map(|index| vec![index]).collect(),
            Self::Group => layout.groups(),
        }
    }
}

impl Sampler for Tpe {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let mut stream = Stream::of_trial(history.seed(), number);
        let row = if history.order().len() < self.startup_trials.max(1) as usize {
            draw_unseen(history, &mut stream)
        } else {
            self.promising(history, &mut stream).unwrap_or_else(|| draw_unseen(history, &mut stream))
        };
        Some(history.layout().params(&row))
    }
}

impl Tpe {
    /// The point with the greatest ratio of densities, of those that were drawn; `None` if the space is discrete and all of
    /// them have been tried, though others have not.
    fn promising(&self, history: &History, stream: &mut Stream) -> Option<Row> {
        let good = good(history, history.order());
        let bad = bad_weights(history, &good, self.constant_liar);
        let only_unseen = history.has_unseen_points();
        let groups = self.model.groups(history.layout());
        let together = groups.len() < 2;
        for _ in 0..if only_unseen && !together { TRIES } else { 1 } {
            let mut row = Some(vec![f64::NAN; history.layout().dimensions().len()]);
            for (place, group) in groups.iter().enumerate() {
                let only_unseen = only_unseen && place + 1 == groups.len();
                let proposal = Proposal { history, group, own_only: !together, good: &good, bad: &bad, only_unseen };
                row = row.and_then(|row| proposal.fill(row, stream));
            }
            if row.is_some() {
                return row;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
