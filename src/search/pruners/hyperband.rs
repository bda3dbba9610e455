//! Hyperband: brackets of successive halving that begin at different rungs.

use super::asha::{halve, promotion};
use crate::domain::tuning::Rungs;
use crate::search::stream::Stream;
use crate::search::{History, Pruner};

/// Asynchronous successive halving in brackets (Li et al., "Hyperband", JMLR 18, 2018): bracket 0 judges from the first
/// rung on, each further one from a rung later, the last one stops nothing. A trial is held against all that came to its
/// rung, of whichever bracket: a value after so many steps means the same in all of them.
///
/// The bracket of a trial follows from its number and the seed alone. Each bracket has the share of the trials that gives
/// all of them about the same number of steps, evenly spread over the numbers.
///
/// Cost: O(n_trials · log n_steps) a call.
pub(super) struct Hyperband {
    /// At least 1.
    pub min_steps: u64,
    pub max_steps: u64,
    pub eta: u32,
}

impl Pruner for Hyperband {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        let brackets = self.brackets();
        let offset = Stream::of_sweep(history.seed()).bits();
        let own = bracket(&brackets, offset, place.wrapping_sub(history.earlier()));
        brackets.get(own).is_some_and(|bracket| halve(history, place, &self.rungs(bracket)))
    }

    /// That of the bracket that has one at the highest rung; among equals the earlier bracket.
    fn promote(&self, history: &History, paused: &[u32]) -> Option<u32> {
        let brackets = self.brackets();
        let offset = Stream::of_sweep(history.seed()).bits();
        let mut first: Option<(u64, u32)> = None;
        for (index, one) in brackets.iter().enumerate() {
            let is_own = |place: &u32| bracket(&brackets, offset, place.wrapping_sub(history.earlier())) == index;
            let own: Vec<u32> = paused.iter().copied().filter(is_own).collect();
            let promoted = promotion(history, &own, &self.rungs(one));
            if promoted.is_some_and(|(rung, _)| first.is_none_or(|(highest, _)| rung > highest)) {
                first = promoted;
            }
        }
        first.map(|(_, place)| place)
    }
}

struct Bracket {
    /// Its first rung.
    first: u64,
    /// Of 2^64, how much belongs to it and to those before it.
    end: u64,
}

impl Hyperband {
    fn rungs(&self, bracket: &Bracket) -> Rungs {
        Rungs { min_steps: bracket.first, max_steps: Some(self.max_steps), eta: self.eta }
    }

    /// In a bracket with k rungs each rung costs the same, and one that is never halved as much as a rung: a trial of it
    /// costs k + 1 times its first rung on average.
    fn brackets(&self) -> Vec<Bracket> {
        let eta = u64::from(self.eta.max(2));
        let first = std::iter::successors(Some(self.min_steps.max(1)), |rung| rung.checked_mul(eta));
        let mut firsts: Vec<u64> = first.take_while(|rung| *rung < self.max_steps).collect();
        firsts.push(self.max_steps.max(1));
        let count = firsts.len();
        let weights: Vec<f64> =
            (0..count).zip(&firsts).map(|(k, first)| 1.0 / (*first as f64 * (count - k) as f64)).collect();
        let all: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let bracket = |(first, weight): (u64, f64)| {
            sum += weight;
            Bracket { first, end: (sum / all * 2.0_f64.powi(64)) as u64 }
        };
        let mut brackets: Vec<Bracket> = firsts.into_iter().zip(weights).map(bracket).collect();
        if let Some(last) = brackets.last_mut() {
            last.end = u64::MAX;
        }
        brackets
    }
}

/// Numbers are spread by the golden ratio, so that every stretch of them has its share of each bracket.
fn bracket(brackets: &[Bracket], offset: u64, number: u32) -> usize {
    let place = offset.wrapping_add(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    brackets.partition_point(|bracket| bracket.end < place)
}

#[cfg(test)]
mod tests;
