//! The first distribution where finished trials from elsewhere are known: the one that their best suggest.
//!
//! Nomura, Watanabe, Akimoto, Ozaki and Onishi, "Warm Starting CMA-ES for Hyperparameter Optimization" (AAAI 2021,
//! arXiv:2012.06932), §4: a mixture of equal normal distributions around the best tenth, taken for one normal distribution.

use crate::search::layout::Dimension;
use crate::search::math::{exp, ln};

use super::covariance::{Covariance, MOST_COORDINATES, add_scaled};
use super::distribution::Distribution;
use super::model::Model;
use super::problem::{Problem, Role};

/// The best one of so many is good.
const GOOD: usize = 10;
/// Deviation around each good point, in parts of the range.
const ALPHA: f64 = 0.1;

/// The model that the finished trials at places before `places` suggest; `None` if there are none.
pub(super) fn suggested(problem: &Problem<'_>, places: u32) -> Option<Model> {
    let ranked: Vec<u32> = problem.history.order().iter().copied().filter(|place| *place < places).collect();
    let good = &ranked[..ranked.len().div_ceil(GOOD)];
    if good.is_empty() {
        return None;
    }
    let points: Vec<Vec<f64>> = good.iter().map(|&place| positions(problem, place)).collect();
    let mut model = Model::new(problem, around(&points, problem.coordinates));
    let choices: Vec<Vec<Option<usize>>> = good.iter().map(|&place| choices(problem, place)).collect();
    let weight = 1.0 / good.len() as f64;
    model.categories.learn(&choices.iter().map(|choices| (weight, &choices[..])).collect::<Vec<_>>());
    Some(model)
}

/// Where a coordinate is inactive, the middle of its range.
fn positions(problem: &Problem<'_>, place: u32) -> Vec<f64> {
    let slots = problem.history.columns().iter().map(|column| column.slots[place as usize]);
    let coordinates = problem.dimensions().zip(slots).filter(|((_, role), _)| matches!(role, Role::Coordinate(_)));
    let position =
        |(dimension, slot): (&Dimension, f64)| if slot.is_nan() { 0.5 } else { dimension.axis.position(slot) };
    coordinates.map(|((dimension, _), slot)| position((dimension, slot))).collect()
}

fn choices(problem: &Problem<'_>, place: u32) -> Vec<Option<usize>> {
    let categories = problem.dimensions().zip(problem.history.columns());
    let categories = categories.filter(|((_, role), _)| matches!(role, Role::Category(_)));
    categories
        .map(|(_, column)| column.slots[place as usize])
        .map(|slot| (!slot.is_nan()).then_some(slot as usize))
        .collect()
}

fn around(points: &[Vec<f64>], n: usize) -> Distribution {
    let share = 1.0 / points.len() as f64;
    let mut mean = vec![0.0; n];
    for point in points {
        add_scaled(&mut mean, point, share);
    }
    let offsets: Vec<Vec<f64>> =
        points.iter().map(|point| point.iter().zip(&mean).map(|(x, mean)| x - mean).collect()).collect();
    if n > MOST_COORDINATES {
        let variance =
            |k: usize| ALPHA * ALPHA + offsets.iter().map(|offset| offset[k] * offset[k]).sum::<f64>() * share;
        return Distribution::new(mean, 1.0, Covariance::Diagonal((0..n).map(variance).collect()));
    }
    let entry = |i: usize, j: usize| {
        let common: f64 = offsets.iter().map(|offset| offset[i] * offset[j]).sum::<f64>() * share;
        if i == j { common + ALPHA * ALPHA } else { common }
    };
    let matrix: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
    let sigma = size(&Covariance::full(matrix.clone()), n);
    let scale = 1.0 / (sigma * sigma);
    let scaled = matrix.into_iter().map(|row| row.into_iter().map(|entry| entry * scale).collect()).collect();
    Distribution::new(mean, sigma, Covariance::full(scaled))
}

/// The geometric mean of the standard deviations along the axes.
fn size(covariance: &Covariance, n: usize) -> f64 {
    match covariance {
        Covariance::Full { root, .. } if n > 0 => {
            exp(root.values.iter().map(|value| ln(*value)).sum::<f64>() / n as f64)
        }
        _ => 1.0,
    }
}
