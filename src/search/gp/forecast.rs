//! What the model makes of trials that it has not seen: for whoever chooses among samplers by how well they foretell.

use crate::search::history::History;
use crate::search::layout::Row;
use crate::search::linear::LANES;

use super::encoding::Encoding;
use super::fit::{bends, fit};
use super::observations::{Observations, first_losses};
use super::process::{Points, Posterior, lanes_of};
use super::warp::Warp;

/// What a process that is fitted on the first `m` trials with a result, by number, foretells of points: mean and variance of what
/// will be measured (`n_rows`), on the scale on which the losses that it has seen have mean 0 and variance 1.
/// `None` if there are less than two results or nothing to choose. Objective 0 counts, constraints do not.
///
/// Pure: the later trials make no difference. Cost: that of a fit, and O(m²) for each point.
pub(in crate::search) fn foretell(history: &History, m: usize, rows: &[Row]) -> Option<Vec<(f64, f64)>> {
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
    Some(moments)
}
