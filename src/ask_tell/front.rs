//! The best trials: one, or those that no other dominates.

use crate::search::{History, RecordState};

/// Numbers of the best of the complete trials that meet their constraints, in rising order: the first of the best where
/// there is one objective, else the Pareto front with all of its equals. Empty if there is no such trial.
///
/// Cost: O(n_trials), or O(n_trials · (log n_trials + size of the front)) with several objectives.
pub(super) fn best(history: &History) -> Vec<u32> {
    let numbers = (0..).zip(history.states()).filter(|(_, state)| **state == RecordState::Complete);
    let feasible = numbers.map(|(number, _)| number).filter(|number| history.violation(*number) <= 0.0);
    let losses = |number: u32| -> Option<(Vec<f64>, u32)> {
        let values = history.values(number)?.iter().zip(history.directions());
        Some((values.map(|(value, direction)| direction.loss(*value) + 0.0).collect(), number))
    };
    let mut trials: Vec<(Vec<f64>, u32)> = feasible.filter_map(losses).collect();
    if history.directions().len() == 1 {
        let least = trials.into_iter().reduce(|best, next| if next.0[0] < best.0[0] { next } else { best });
        return least.map(|(_, number)| number).into_iter().collect();
    }
    // In this order nothing is dominated by what comes after it.
    let in_order = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
    trials.sort_by(|a, b| in_order(&a.0, &b.0).unwrap_or_else(|| a.1.cmp(&b.1)));
    let mut front: Vec<(Vec<f64>, u32)> = Vec::new();
    for trial in trials {
        if !front.iter().any(|other| dominates(&other.0, &trial.0)) {
            front.push(trial);
        }
    }
    let mut numbers: Vec<u32> = front.into_iter().map(|(_, number)| number).collect();
    numbers.sort_unstable();
    numbers
}

/// Is `a` nowhere greater than `b`, and somewhere smaller?
fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}
