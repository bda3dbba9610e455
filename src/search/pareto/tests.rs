use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

fn cases(count: u32) -> TestRunner {
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Points of 1 to 5 objectives on a coarse lattice, so that many are equal in some objective or in all.
fn any_points(most: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    (1..=5_usize).prop_flat_map(move |objectives| {
        let loss = prop_oneof![8 => (0..7_i32).prop_map(f64::from), 1 => Just(0.1), 1 => Just(3.7)];
        prop::collection::vec(prop::collection::vec(loss, objectives), 0..most)
    })
}

fn ranks_by_peeling(points: &[Vec<f64>]) -> Vec<u32> {
    let mut ranks: Vec<Option<u32>> = vec![None; points.len()];
    for front in 0.. {
        let open: Vec<usize> = (0..points.len()).filter(|&index| ranks[index].is_none()).collect();
        if open.is_empty() {
            break;
        }
        for &index in &open {
            if !open.iter().any(|&other| dominates(&points[other], &points[index])) {
                ranks[index] = Some(front);
            }
        }
    }
    ranks.into_iter().flatten().collect()
}

/// By inclusion and exclusion over all subsets.
fn hypervolume_by_subsets(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let mut sum = 0.0;
    for subset in 1_u32..1 << points.len() {
        let worst: Vec<f64> = (0..reference.len())
            .map(|k| (0..points.len()).filter(|i| subset >> i & 1 == 1).map(|i| points[i][k]).fold(f64::MIN, f64::max))
            .collect();
        let sides = worst.iter().zip(reference).map(|(loss, end)| (end - loss).max(0.0));
        sum += if subset.count_ones() % 2 == 1 { 1.0 } else { -1.0 } * sides.product::<f64>();
    }
    sum
}

#[test]
fn domination_needs_one_better_and_none_worse() {
    assert!(dominates(&[1.0, 2.0], &[1.0, 3.0]));
    assert!(!dominates(&[1.0, 2.0], &[1.0, 2.0]));
    assert!(!dominates(&[0.0, 4.0], &[1.0, 3.0]));
    assert!(dominates(&[1.0, 2.0], &[1.0, f64::NAN]));
    assert!(!dominates(&[f64::NAN, 0.0], &[f64::INFINITY, 0.0]));
    assert!(!dominates(&[-0.0, 0.0], &[0.0, 0.0]));
}

#[test]
fn fronts_are_those_of_peeling() {
    cases(600)
        .run(&any_points(40), |points| {
            prop_assert_eq!(ranks(&points), ranks_by_peeling(&points));
            Ok(())
        })
        .unwrap();
}

#[test]
fn infinities_and_nan_have_their_place_among_the_fronts() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for third in [None, Some(0.0)] {
        let points =
            [[0.0, -inf], [1.0, 1.0], [inf, nan], [-inf, inf], [inf, inf], [1.0, nan], [0.0, 0.0], [-0.0, 0.0]];
        let points: Vec<Vec<f64>> = points.iter().map(|point| point.iter().copied().chain(third).collect()).collect();
        assert_eq!(ranks(&points), ranks_by_peeling(&points));
        assert_eq!(ranks(&points), [0, 2, 4, 0, 4, 3, 1, 1]);
    }
}

#[test]
fn the_hypervolume_is_that_of_inclusion_and_exclusion() {
    cases(300)
        .run(&any_points(9), |points| {
            let reference = vec![5.5; points.first().map_or(2, Vec::len)];
            let want = hypervolume_by_subsets(&points, &reference);
            prop_assert!((hypervolume(&points, &reference) - want).abs() < 1e-9 * want.max(1.0));
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_greedy_choice_adds_the_most_each_time() {
    cases(200)
        .run(&(any_points(12), 0..14_usize), |(points, count)| {
            let reference = vec![5.5; points.first().map_or(2, Vec::len)];
            let chosen = select_by_hypervolume(&points, &reference, count);
            prop_assert_eq!(chosen.len(), count.min(points.len()));
            for step in 0..chosen.len() {
                let with = |index: usize| {
                    let set: Vec<Vec<f64>> =
                        chosen[..step].iter().chain([&index]).map(|&i| points[i].clone()).collect();
                    hypervolume(&set, &reference)
                };
                let best = (0..points.len()).map(with).fold(0.0, f64::max);
                prop_assert!((with(chosen[step]) - best).abs() < 1e-9 * best.max(1.0));
                prop_assert!(!chosen[..step].contains(&chosen[step]));
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_hypervolume_of_many_points_is_exact_enough() {
    // A quarter of a circle, by steps, under a reference of (1, 1); and the same turned into three dimensions.
    let points: Vec<Vec<f64>> = (0..=1000)
        .map(|k| f64::from(k) / 1000.0)
        .map(|x| vec![x, 1.0 - (1.0 - (1.0 - x) * (1.0 - x)).sqrt()])
        .collect();
    assert!((hypervolume(&points, &[1.0, 1.0]) - std::f64::consts::FRAC_PI_4).abs() < 1e-3);
    let raised: Vec<Vec<f64>> = points.iter().step_by(20).map(|point| vec![0.5, point[0], point[1]]).collect();
    let plane: Vec<Vec<f64>> = points.iter().step_by(20).cloned().collect();
    let half = hypervolume(&plane, &[1.0, 1.0]) / 2.0;
    assert!((hypervolume(&raised, &[1.0, 1.0, 1.0]) - half).abs() < 1e-12);
}

#[test]
fn nothing_beyond_the_reference_counts_and_nothing_is_nan() {
    let points = vec![vec![2.0, 0.0], vec![f64::NAN, 0.0], vec![0.0, f64::INFINITY]];
    assert_eq!(hypervolume(&points, &[1.0, 1.0]), 0.0);
    assert_eq!(select_by_hypervolume(&points, &[1.0, 1.0], 2), [0, 1]);
    let endless = vec![vec![f64::NEG_INFINITY, 0.0, 0.0], vec![f64::NEG_INFINITY, -1.0, 0.5], vec![0.5, -2.0, 0.5]];
    assert_eq!(hypervolume(&endless, &[1.0; 3]), f64::INFINITY);
    assert_eq!(hypervolume(&[], &[1.0, 1.0]), 0.0);
}

#[test]
fn the_ends_of_a_front_are_farthest_and_the_rest_stand_by_their_neighbours() {
    let front = [[0.0, 10.0], [1.0, 6.0], [4.0, 1.0], [5.0, 0.0], [1.0, 6.0]].map(|point| point.to_vec());
    let distances = crowding_distances(&front);
    assert_eq!(distances, [f64::INFINITY, 0.2 + 0.5, 0.8 + 0.6, f64::INFINITY, 0.6 + 0.4]);
    let same = vec![vec![1.0, 1.0]; 4];
    assert_eq!(crowding_distances(&same), [f64::INFINITY, 0.0, 0.0, f64::INFINITY]);
    assert_eq!(crowding_distances(&[]), [0.0; 0]);
    let wide = [[0.0, 1.0], [1.0, 0.5], [f64::INFINITY, 0.0]].map(|point| point.to_vec());
    assert!(crowding_distances(&wide).iter().all(|distance| !distance.is_nan()));
}
