//! What the model makes of trials that it has not seen: for whoever chooses among samplers by how well they foretell.

use crate::search::history::History;
use crate::search::layout::Row;
use crate::search::linear::LANES;

use super::encoding::Encoding;
use super::fit::{bends, fit};
use super::observations::{Observations, first_losses};
use super::process::{Points, Posterior, lanes_of};
use super::warp::Warp;

/// Foretold losses, on the scale on which the losses that the model has seen have mean 0 and variance 1.
#[derive(Debug)]
pub(in crate::search) struct Forecast {
    /// `n_rows`: mean, and variance of what will be measured, noise included.
    pub moments: Vec<(f64, f64)>,
    warp: Warp,
}

impl Forecast {
    /// A loss of objective 0 (not NaN, smaller is better) on the same scale: what the moments are about.
    pub fn scale(&self, loss: f64) -> f64 {
        self.warp.apply(loss)
    }
}

/// What a process that is fitted on the first `m` trials with a result, by number, foretells of points (`n_rows`).
/// `None` if there are less than two results or nothing to choose. Objective 0 counts, constraints do not.
///
/// Pure: the later trials make no difference. Cost: that of a fit, and O(m²) for each point.
pub(in crate::search) fn foretell(history: &History, m: usize, rows: &[Row]) -> Option<Forecast> {
    let encoding = Encoding::new(history.layout());
    let seen = Observations::new(history, &encoding, first_losses(history).into_iter().take(m));
    let width = encoding.len();
    if seen.len() < 2 || width == 0 {
        return None;
    }
    let fit = fit(&encoding, &seen.features, &seen.losses, bends(false));
    let warp = Warp::of(&seen.losses, fit.bend);
    let targets: Vec<f64> = seen.losses.iter().map(|loss| warp.apply(*loss)).collect();
    let noise = fit.kernel.noise;
    let mut points = Points::new(encoding.clone(), fit.kernel);
    points.follow(&seen.features);
    let process = points.observe(&targets);
    let mut moments = Vec::with_capacity(rows.len());
    let mut posterior = Posterior::default();
    for block in rows.chunks(LANES) {
        let features: Vec<f64> = block.iter().flat_map(|row| encoding.encode(history.layout(), row)).collect();
        let query = lanes_of(&features, width);
        pulp::Arch::new().dispatch(|| process.predict(&query, &mut posterior));
        let lanes = posterior.mean.iter().zip(&posterior.variance).take(block.len());
        moments.extend(lanes.map(|(mean, variance)| (*mean, variance + noise)));
    }
    Some(Forecast { moments, warp })
}
