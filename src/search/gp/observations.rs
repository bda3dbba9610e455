//! The trials that a model reads: by number, with what is to be modelled of them.

use crate::search::history::{History, RecordState};

use super::encoding::Encoding;
use super::fit::{milestone, sample};

/// Trials that a process has seen at most. Beyond, a part of them stands for all.
const MOST: usize = 1000;

/// What is modelled of trials, one number each.
#[derive(Debug, Clone, Default)]
pub(super) struct Observations {
    /// `n` × `n_features`
    pub features: Vec<f64>,
    /// `n`; never NaN.
    pub losses: Vec<f64>,
    /// `n`: the trials' numbers, ascending.
    pub numbers: Vec<u32>,
}

impl Observations {
    /// Those of `values` (number of the trial, value) that are not NaN; of more than `MOST`, some of them and the latest.
    pub fn new(history: &History, encoding: &Encoding, values: impl Iterator<Item = (u32, f64)>) -> Self {
        let mut values: Vec<(u32, f64)> = values.filter(|(_, value)| !value.is_nan()).collect();
        if values.len() > MOST {
            // As long as the grid's step lasts, the latest are added and none goes, which keeps the factor.
            let settled = milestone(values.len());
            let losses: Vec<f64> = values[..settled].iter().map(|(_, value)| *value).collect();
            let kept = sample(&losses, MOST * 4 / 5);
            values = kept.into_iter().chain(settled..values.len()).map(|index| values[index]).collect();
        }
        let mut observations = Self::default();
        for (number, value) in values {
            let row = history.row(number as usize);
            observations.features.extend(encoding.encode(history.layout(), &row));
            observations.losses.push(value);
            observations.numbers.push(number);
        }
        observations
    }

    pub fn len(&self) -> usize {
        self.losses.len()
    }
}

/// Losses of objective 0, by number: those of complete trials, and of pruned ones what must at least be thought of them.
///
/// A pruned trial was worse than others at the same step, so it gets the median of the complete ones, or the last value
/// that it reported if that is worse.
pub(super) fn first_losses(history: &History) -> Vec<(u32, f64)> {
    let numbers = || 0..history.len() as u32;
    let mut complete: Vec<f64> = numbers().filter_map(|number| Some(history.losses(number)?[0])).collect();
    complete.sort_unstable_by(f64::total_cmp);
    let median = complete.get(complete.len() / 2).copied().unwrap_or(f64::NAN);
    let loss = |number: u32| match history.states().get(number as usize)? {
        RecordState::Complete => history.losses(number)?.first().copied(),
        RecordState::Pruned => {
            let (_, value) = history.steps(number).last()?;
            let last = history.first_direction().loss(*value);
            Some(if last > median { last } else { median })
        }
        RecordState::Pending | RecordState::Failed => None,
    };
    numbers().filter_map(|number| Some((number, loss(number)?))).collect()
}

/// Features of the trials that have no result yet, by number.
pub(super) fn pending_features(history: &History, encoding: &Encoding) -> Vec<f64> {
    let states = history.states().iter().enumerate();
    states
        .filter(|(_, state)| **state == RecordState::Pending)
        .flat_map(|(index, _)| encoding.encode(history.layout(), &history.row(index)))
        .collect()
}
