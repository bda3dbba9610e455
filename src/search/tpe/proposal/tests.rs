use super::*;
use crate::domain::params::Space;
use crate::search::conformance::spaces::{checkered, complete, discrete, empty, float, mixed, parameter, space};
use crate::search::random::draw;
use crate::search::tpe::split::bad_weights;

/// `rows` random trials of `space`, better the smaller their first number is.
fn random_trials(space: &Space, rows: u32) -> History {
    let mut history = empty(space, 0);
    for number in 0..rows {
        let row = draw(history.layout(), &mut Stream::of_trial(5, number));
        let loss = row.iter().find(|slot| !slot.is_nan()).copied().unwrap_or(0.0);
        history.record(number, complete(history.layout().params(&row), loss));
    }
    history
}

fn open() -> Space {
    space(["a", "b", "c", "d"].map(|name| parameter(name, float(0.0, 1.0))).to_vec())
}

#[test]
fn the_best_of_all_candidates_is_found_though_most_are_given_up_early() {
    for (space, rows) in [(open(), 1500), (mixed(), 300), (discrete(), 20)] {
        let history = random_trials(&space, rows);
        let layout = history.layout();
        let group: Vec<usize> = (0..layout.dimensions().len()).collect();
        let good = good(&history, history.order());
        let weights = bad_weights(&history, &good, true);
        let bad =
            Estimator::new(layout, &group, history.columns().iter(), None, Weights { rows: &weights, prior: 1.0 });
        for number in 0..20 {
            let mut stream = Stream::of_trial(8, number);
            let candidates: Vec<(f64, Candidate)> = (0..CANDIDATES)
                .map(|_| (stream.unit() * 4.0, Candidate::new(layout, &group, draw(layout, &mut stream))))
                .collect();
            let ratio = |(log_good, candidate): &(f64, Candidate)| log_good - bad.log_density(candidate);
            let best = best_ratio(&candidates, &bad).unwrap();
            assert!(candidates.iter().all(|other| ratio(other) <= ratio(&candidates[best])), "{rows} rows");
        }
    }
}

#[test]
fn a_score_is_higher_where_the_first_trials_were_good() {
    let history = random_trials(&open(), 100);
    let rows = [vec![0.02, 0.5, 0.5, 0.5], vec![0.9, 0.5, 0.5, 0.5]];
    for finished in [20, 60, 100, 1000] {
        let scores = score(&history, finished, &rows);
        assert!(scores[0] > scores[1], "after {finished}: {scores:?}");
    }
    assert!(score(&history, 0, &rows).iter().all(|score| score.abs() < 1e-12));
}

#[test]
fn what_comes_after_the_first_trials_does_not_change_their_score() {
    for space in [open(), mixed()] {
        let mut history = empty(&space, 0);
        let record = |history: &mut History, number| {
            let row = draw(history.layout(), &mut Stream::of_trial(5, number));
            history.record(number, checkered(number, history.layout().params(&row)));
        };
        (0..40).for_each(|number| record(&mut history, number));
        let finished = history.order().len();
        let rows: Vec<Row> = (0..20).map(|number| draw(history.layout(), &mut Stream::of_trial(6, number))).collect();
        let before = score(&history, finished, &rows);
        (40..90).for_each(|number| record(&mut history, number));
        assert_eq!(score(&history, finished, &rows), before);
    }
}
