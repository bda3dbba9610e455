use proptest::prelude::*;

use super::*;
use crate::search::conformance::spaces::{any_space, checkered, complete, discrete, empty, mixed};
use crate::search::random::draw;
use crate::search::stream::Stream;

fn point(history: &History, number: u32) -> Params {
    history.layout().params(&draw(history.layout(), &mut Stream::of_trial(77, number)))
}

/// Everything that is derived, as text that differs when a bit does.
fn derived(history: &History) -> String {
    let mut seen: Vec<_> = history.seen.iter().collect();
    seen.sort();
    format!("{:?} {:?} {:?} {:?} {:?}", history.columns, history.values, history.order, history.whole, seen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_derived_always_equals_a_rebuild(
        space in any_space(),
        changes in prop::collection::vec((0..20_u32, 0..9_u32, 0..30_u32), 1..60),
    ) {
        let mut history = empty(&space, 0);
        for (number, kind, seed) in changes {
            let record = checkered(kind, point(&history, seed));
            history.record(number.min(u32::try_from(history.len()).unwrap()), record);
        }
        let mut rebuilt = empty(&space, 0);
        for record in (0..).map_while(|number| history.get(number)) {
            rebuilt.record(u32::try_from(rebuilt.len()).unwrap(), record);
        }
        prop_assert_eq!(derived(&history), derived(&rebuilt));
    }
}

#[test]
fn trials_are_recorded_without_gaps() {
    let mut history = empty(&mixed(), 0);
    history.record(1, complete(Params::default(), 1.0));
    assert_eq!(history.len(), 0);
    assert_eq!(derived(&history), derived(&empty(&mixed(), 0)));
}

#[test]
fn the_order_puts_complete_trials_first_then_pruned_ones_by_how_far_they_came() {
    let pruned = |steps: &[(u64, f64)]| Record {
        state: RecordState::Pruned,
        steps: steps.to_vec(),
        ..Record::pending(Params::default())
    };
    let failed = Record { state: RecordState::Failed, ..pruned(&[(9, -9.0)]) };
    let records = [
        pruned(&[]),
        pruned(&[(1, 0.1)]),
        complete(Params::default(), 0.7),
        pruned(&[(1, 5.0), (4, 0.3)]),
        failed,
        pruned(&[(4, f64::NAN)]),
        complete(Params::default(), f64::NAN),
        complete(Params::default(), 0.2),
        pruned(&[(4, 0.9)]),
        complete(Params::default(), 0.7),
    ];
    let order = |direction| {
        let mut history = History::new(mixed(), vec![direction], 0);
        for (number, record) in (0..).zip(&records) {
            history.record(number, record.clone());
        }
        history.order().to_vec()
    };
    assert_eq!(order(Direction::Minimize), [7, 2, 9, 3, 8, 5, 1, 0]);
    assert_eq!(order(Direction::Maximize), [2, 9, 7, 8, 3, 5, 1, 0]);
}

#[test]
fn a_point_is_seen_while_any_trial_has_it() {
    let mut history = empty(&discrete(), 0);
    let (one, other) = (point(&history, 0), point(&history, 1));
    let row = history.layout().row(&one).0;
    history.record(0, complete(one.clone(), 1.0));
    history.record(1, complete(one, 1.0));
    assert_eq!((history.has_seen(&row), history.seen_points()), (true, 1));
    history.record(0, complete(other.clone(), 1.0));
    assert!(history.has_seen(&row));
    history.record(1, complete(other, 1.0));
    assert_eq!((history.has_seen(&row), history.seen_points()), (false, 1));
}

#[test]
fn earlier_trials_stand_before_the_others_and_their_points_may_be_tried_again() {
    let point = point(&empty(&discrete(), 0), 0);
    let earlier = vec![complete(point.clone(), 1.0), complete(point.clone(), 3.0)];
    let mut history = History::with_earlier(discrete(), vec![Direction::Minimize], 0, earlier);
    let row = history.layout().row(&point).0;
    assert_eq!((history.earlier(), history.len(), history.place(0)), (2, 2, 2));
    assert_eq!((history.has_seen(&row), history.seen_points()), (false, 0));
    history.record(history.place(0), complete(point.clone(), 2.0));
    assert_eq!((history.has_seen(&row), history.seen_points()), (true, 1));
    assert_eq!(history.order(), [0, 2, 1]);
    history.record(history.place(0), Record::pending(point));
    assert_eq!(history.order(), [0, 1]);
}
