//! Normal vectors of a generation that are orthogonal to each other.
//!
//! Each has the direction and length of a normal vector, but those of up to n neighbours do not point the same way, so that
//! a small generation sees more of the space (Wang, Emmerich and Bäck, "Mirrored Orthogonal Sampling for Covariance Matrix
//! Adaptation Evolution Strategies", Evolutionary Computation 27(4), 2019, without the mirroring).

use crate::search::normal::quantile;
use crate::search::stream::Stream;

use super::covariance::{add_scaled, dot, norm};

/// Who draws: trial `number` of the generation that begins with trial `begin`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub seed: u64,
    pub begin: u32,
    pub number: u32,
}

impl Turn {
    pub fn stream(&self) -> Stream {
        Stream::of_trial(self.seed, self.number)
    }
}

/// The vector of a trial, made orthogonal to those of the trials before it in its group of `n` within the generation;
/// `stream` is the trial's own, from its beginning.
///
/// Cost: O(n · k²) for the k-th trial of a group.
pub(super) fn orthogonal(turn: Turn, n: usize, stream: &mut Stream) -> Vec<f64> {
    let own = normals(n, stream);
    if n < 2 {
        return own;
    }
    let first = turn.number - (turn.number - turn.begin) % n as u32;
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for number in first..turn.number {
        let vector = normals(n, &mut Stream::of_trial(turn.seed, number));
        basis.push(scaled(rejected(vector, &basis), 1.0));
    }
    let length = norm(&own);
    scaled(rejected(own, &basis), length)
}

pub(super) fn normals(n: usize, stream: &mut Stream) -> Vec<f64> {
    (0..n).map(|_| normal(stream)).collect()
}

pub(super) fn normal(stream: &mut Stream) -> f64 {
    // Between the values of the generator, so that neither end is reached.
    quantile(stream.unit() + f64::EPSILON / 4.0)
}

/// What is left of `vector` beside an orthonormal basis.
fn rejected(mut vector: Vec<f64>, basis: &[Vec<f64>]) -> Vec<f64> {
    for direction in basis {
        let along = dot(&vector, direction);
        add_scaled(&mut vector, direction, -along);
    }
    vector
}

fn scaled(mut vector: Vec<f64>, length: f64) -> Vec<f64> {
    let factor = length / norm(&vector);
    // A vector that the others span has chance 0, and stays as it is.
    if factor.is_finite() {
        for x in &mut vector {
            *x *= factor;
        }
    }
    vector
}
