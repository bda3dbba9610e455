//! The best trials of a history: one, or those that no other dominates.

use super::history::{History, RecordState};
use super::pareto::ranks;

/// Places of the best of the sweep's own complete trials that meet their constraints, in rising order: the first of the
/// best where there is one objective, else the Pareto front with all of its equals. Empty if there is no such trial.
///
/// Cost: O(n_trials) for one objective, that of [`ranks`] for more.
pub fn best(history: &History) -> Vec<u32> {
    let own = (0..).zip(history.states()).skip(history.earlier() as usize);
    let complete = own.filter(|(_, state)| **state == RecordState::Complete);
    let feasible = complete.map(|(place, _)| place).filter(|place| history.violation(*place) <= 0.0);
    let trials = feasible.filter_map(|place| Some((place, history.losses(place)?)));
    if history.directions().len() <= 1 {
        let least = trials.reduce(|best, next| if next.1.first() < best.1.first() { next } else { best });
        return least.map(|(place, _)| place).into_iter().collect();
    }
    let (places, losses): (Vec<u32>, Vec<Vec<f64>>) = trials.unzip();
    places.into_iter().zip(ranks(&losses)).filter(|(_, rank)| *rank == 0).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metrics::Direction;
    use crate::domain::params::Params;
    use crate::search::Record;
    use crate::search::conformance::spaces::mixed;

    fn history(directions: &[Direction], values: &[&[f64]]) -> History {
        let mut history = History::new(mixed(), directions.to_vec(), 1);
        for (place, values) in (0..).zip(values) {
            history.record(place, Record::complete(Params::default(), values.to_vec()));
        }
        history
    }

    #[test]
    fn of_one_objective_the_first_of_the_best_is_the_best() {
        let values: [&[f64]; 5] = [&[3.0], &[f64::NAN], &[1.0], &[1.0], &[2.0]];
        assert_eq!(best(&history(&[Direction::Minimize], &values)), [2]);
        assert_eq!(best(&history(&[Direction::Maximize], &values)), [0]);
        assert_eq!(best(&history(&[Direction::Minimize], &[])), [0; 0]);
    }

    #[test]
    fn of_several_objectives_every_trial_that_none_dominates_is_among_the_best() {
        let values: [&[f64]; 6] = [&[1.0, 5.0], &[2.0, 5.0], &[2.0, 4.0], &[1.0, 5.0], &[f64::NAN, 9.0], &[0.0, 0.0]];
        assert_eq!(best(&history(&[Direction::Minimize; 2], &values)), [5]);
        assert_eq!(best(&history(&[Direction::Minimize, Direction::Maximize], &values)), [0, 3, 5]);
    }

    #[test]
    fn only_complete_trials_that_meet_their_constraints_are_among_the_best() {
        let mut history = history(&[Direction::Minimize], &[&[1.0], &[2.0], &[3.0]]);
        let with = |place, constraints: &[f64], state| Record {
            constraints: constraints.to_vec(),
            state,
            ..history.get(place).unwrap()
        };
        let records = [with(0, &[0.1, -1.0], RecordState::Complete), with(1, &[], RecordState::Pruned)];
        for (place, record) in (0..).zip(records) {
            history.record(place, record);
        }
        assert_eq!(best(&history), [2]);
    }
}
