//! What keeps integers moving: each value beside the likeliest keeps some chance, however small the step size.
//!
//! Hamano, Saito, Nomura and Shirakawa, "CMA-ES with Margin" (GECCO 2022, arXiv:2205.13482), §4.

use crate::search::normal::{Cdf, quantile};

/// One coordinate whose values are cells of the unit interval, as it is drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Marginal {
    pub mean: f64,
    /// σ √C_jj
    pub deviation: f64,
    /// A_j: by how much the deviation is widened for this coordinate.
    pub scale: f64,
}

/// `marginal`, corrected so that the values below and above that of the mean have a chance of at least `margin` / 2 each,
/// or, at the ends, of `margin` together. `cell` is that of the mean, `low` and `high` say that there is a value below, above.
pub(super) fn corrected(marginal: Marginal, cell: (f64, f64), (low, high): (bool, bool), margin: f64) -> Marginal {
    // At the ends both limits are the one edge that there is.
    let (lower, upper) = (if low { cell.0 } else { cell.1 }, if high { cell.1 } else { cell.0 });
    let cdf = Cdf::table();
    let spread = marginal.scale * marginal.deviation;
    let below = cdf.at((lower - marginal.mean) / spread);
    let above = cdf.at((marginal.mean - upper) / spread);
    if below.max(above) > 0.5 {
        if below.min(above) >= margin {
            return marginal;
        }
        let distance = spread * quantile(1.0 - margin);
        let side = if marginal.mean > upper { 1.0 } else { -1.0 };
        return Marginal { mean: upper + side * distance, ..marginal };
    }
    if below.min(above) >= margin / 2.0 {
        return marginal;
    }
    between(marginal, (lower, upper), (below, above), margin)
}

fn between(marginal: Marginal, (lower, upper): (f64, f64), (below, above): (f64, f64), margin: f64) -> Marginal {
    let within = 1.0 - below - above;
    let (below, above) = (below.max(margin / 2.0), above.max(margin / 2.0));
    // What the raised chances have too much is taken from where there is more than the margin.
    let excess = (1.0 - below - above - within) / (below + within + above - 1.5 * margin);
    let chance = |raised: f64| (raised + excess * (raised - margin / 2.0)).clamp(1e-10, 0.5 - 1e-10);
    let (down, up) = (quantile(1.0 - chance(below)), quantile(1.0 - chance(above)));
    Marginal {
        mean: (lower * up + upper * down) / (down + up),
        scale: (upper - lower) / ((down + up) * marginal.deviation),
        ..marginal
    }
}
