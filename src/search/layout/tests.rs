use std::collections::BTreeSet;

use super::*;
use crate::domain::params::Domain;
use crate::search::conformance::spaces::{
    DISCRETE_POINTS, choices, discrete, float, int, mixed, parameter, space, thousand, when,
};
use crate::search::random::draw;
use crate::search::stream::Stream;

#[test]
fn every_point_has_one_number() {
    let layout = Layout::new(&discrete());
    assert!(layout.is_discrete());
    assert_eq!(layout.size(), Some(DISCRETE_POINTS as u64));
    let points: BTreeSet<String> = (0..DISCRETE_POINTS as u64)
        .map(|index| layout.params(&layout.point(index)))
        .inspect(|params| assert_eq!(discrete().check(params), Ok(())))
        .map(|params| format!("{params:?}"))
        .collect();
    assert_eq!(points.len(), DISCRETE_POINTS);
}

#[test]
fn a_continuous_parameter_counts_with_its_levels() {
    let both_ends = space(vec![parameter("x", float(-1.0, 1.0)), parameter("n", int(1, 3))]);
    let layout = Layout::new(&both_ends);
    assert_eq!((layout.size(), layout.is_discrete()), (Some(30), false));
    let xs: BTreeSet<String> = (0..30)
        .map(|index| layout.params(&layout.point(index)).get(&"x".parse().unwrap()).unwrap().to_string())
        .collect();
    assert_eq!(xs.len(), 10);
    assert!(xs.contains("-1") && xs.contains("1"));
}

#[test]
fn a_space_of_too_many_points_has_no_size_and_no_overflow() {
    assert_eq!(Layout::new(&thousand()).size(), None);
    let wide = space(vec![parameter("a", int(i64::MIN, i64::MAX)), parameter("b", int(0, 1))]);
    assert_eq!(Layout::new(&wide).size(), None);
}

#[test]
fn a_condition_that_cannot_be_met_any_longer_leaves_its_parameter_out() {
    let adam = Domain::Categorical { choices: vec![Value::Text("adam".into())] };
    let narrowed = mixed().with_domain(&"optimizer".parse().unwrap(), adam).unwrap();
    let layout = Layout::new(&narrowed);
    let params = layout.params(&draw(&layout, &mut Stream::of_trial(0, 0)));
    assert_eq!(narrowed.check(&params), Ok(()));
    let optimizer = choices(&["adam", "sgd"]);
    let two = space(vec![parameter("optimizer", optimizer), when("k", int(1, 5), "optimizer", &["sgd"])]);
    let one = two.with_domain(&"optimizer".parse().unwrap(), choices(&["adam"])).unwrap();
    assert_eq!(Layout::new(&one).size(), Some(1));
}

#[test]
fn parameters_survive_the_way_through_slots() {
    for space in [mixed(), discrete(), thousand()] {
        let layout = Layout::new(&space);
        for number in 0..20 {
            let params = layout.params(&draw(&layout, &mut Stream::of_trial(1, number)));
            let (row, whole) = layout.row(&params);
            assert!(whole);
            let again = layout.row(&layout.params(&row)).0;
            assert!(row.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-9 || a.is_nan() && b.is_nan()));
        }
    }
}

#[test]
fn what_is_not_a_whole_point_is_told_apart() {
    let layout = Layout::new(&discrete());
    let full = layout.params(&layout.point(0));
    assert!(layout.row(&full).1);
    let mut less = full.clone();
    less.0.remove(&"depth".parse().unwrap());
    let mut more = full.clone();
    more.0.insert("unknown".parse().unwrap(), Value::Int(1));
    let mut other = full;
    other.0.insert("depth".parse().unwrap(), Value::Int(99));
    for params in [less, more, other] {
        assert!(!layout.row(&params).1, "{params:?}");
    }
}

#[test]
fn equal_points_have_equal_fingerprints_and_others_have_others() {
    let layout = Layout::new(&mixed());
    let rows: Vec<Row> = (0..500).map(|number| draw(&layout, &mut Stream::of_trial(2, number))).collect();
    let prints: BTreeSet<u64> = rows.iter().map(|row| layout.fingerprint(row)).collect();
    assert_eq!(prints.len(), 500);
    for row in &rows {
        assert_eq!(layout.fingerprint(&row.clone()), layout.fingerprint(row));
    }
}
