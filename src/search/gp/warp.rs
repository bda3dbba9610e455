//! Losses as the model sees them: standardised, without infinities, and with a tail of poor losses bent in.
//!
//! w = c ln(1 + t / c) with t = (loss − least) / (median − least), and c from none (a straight line) to small (nearly a
//! logarithm). It is strictly increasing, so no order is lost; with a small c the poor losses of a steep valley, whose
//! spread would drown all that is told about good ones, come close together. Which c fits is for the likelihood to say,
//! with the slopes as its Jacobian (Snelson, Rasmussen and Ghahramani, "Warped Gaussian Processes", NIPS 2003).

use crate::search::math::ln;

/// The values of c that are tried.
pub(super) const BENDS: [f64; 3] = [f64::INFINITY, 3.0, 0.4];

/// Past this many times the distance from the least to the median, a loss counts as just so poor.
const FAR: f64 = 1e6;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Warp {
    least: f64,
    greatest: f64,
    /// Half of the distance from the least loss to the median, because the widest is not a number; 0 if all are equal.
    half_spread: f64,
    bend: f64,
    mean: f64,
    deviation: f64,
}

impl Warp {
    /// The warp under which `losses` (no NaN) have mean 0 and variance 1. An infinite loss counts as the finite one next
    /// to it; if all are equal, they become 0.
    pub fn of(losses: &[f64], bend: f64) -> Self {
        let mut finite: Vec<f64> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
        finite.sort_unstable_by(f64::total_cmp);
        let least = finite.first().copied().unwrap_or(0.0);
        let greatest = finite.last().copied().unwrap_or(0.0);
        let median = finite.get(finite.len() / 2).copied().unwrap_or(0.0);
        let half = |high: f64| high / 2.0 - least / 2.0;
        let half_spread = if half(median) > 0.0 { half(median) } else { half(greatest) };
        let raw = Self { least, greatest, half_spread, bend, mean: 0.0, deviation: 1.0 };
        let warped: Vec<f64> = losses.iter().map(|loss| raw.apply(*loss)).collect();
        let count = losses.len().max(1) as f64;
        let mean = warped.iter().sum::<f64>() / count;
        let variance = warped.iter().map(|w| (w - mean) * (w - mean)).sum::<f64>() / count;
        Self { mean, deviation: if variance > 0.0 { variance.sqrt() } else { 1.0 }, ..raw }
    }

    /// What the model makes of a loss, which must not be NaN. A loss below the least goes on in a straight line.
    pub fn apply(&self, loss: f64) -> f64 {
        let t = self.distance(loss);
        let w = if t > 0.0 && self.bend.is_finite() { self.bend * ln(1.0 + t / self.bend) } else { t };
        (w - self.mean) / self.deviation
    }

    /// Σ ln of the slopes at `losses`, the constant factor of all warps of the same losses left out.
    pub fn log_slopes(&self, losses: &[f64]) -> f64 {
        let slope = |loss: f64| -ln(1.0 + self.distance(loss).max(0.0) / self.bend);
        losses.iter().map(|loss| slope(*loss)).sum::<f64>() - losses.len() as f64 * ln(self.deviation)
    }

    fn distance(&self, loss: f64) -> f64 {
        if self.half_spread <= 0.0 {
            return 0.0;
        }
        let loss = if loss.is_finite() { loss } else { loss.clamp(self.least, self.greatest) };
        ((loss / 2.0 - self.least / 2.0) / self.half_spread).clamp(-FAR, FAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSSES: [f64; 6] = [3.0, 0.5, 700.0, 12.0, 0.7, 5.0];

    #[test]
    fn warped_losses_keep_their_order_with_mean_zero_and_variance_one() {
        for bend in BENDS {
            let warp = Warp::of(&LOSSES, bend);
            let warped = LOSSES.map(|loss| warp.apply(loss));
            for (a, x) in LOSSES.iter().zip(warped) {
                assert!(LOSSES.iter().zip(warped).all(|(b, y)| a.total_cmp(b) == x.total_cmp(&y)));
            }
            let mean = warped.iter().sum::<f64>() / 6.0;
            let variance = warped.iter().map(|w| w * w).sum::<f64>() / 6.0;
            assert!(mean.abs() < 1e-12 && (variance - 1.0).abs() < 1e-12, "{mean} {variance}");
        }
    }

    #[test]
    fn the_slopes_are_those_of_the_warp() {
        // Factors that all warps of the same losses share cancel in a difference.
        let slopes = |bend: f64| {
            let warp = Warp::of(&LOSSES, bend);
            let numeric = |loss: f64| ((warp.apply(loss + 1e-6) - warp.apply(loss)) / 1e-6).ln();
            (warp.log_slopes(&LOSSES), LOSSES.iter().map(|loss| numeric(*loss)).sum::<f64>())
        };
        let (straight, numeric_straight) = slopes(f64::INFINITY);
        let (bent, numeric_bent) = slopes(0.4);
        assert!((bent - straight - (numeric_bent - numeric_straight)).abs() < 1e-3);
    }

    #[test]
    fn infinite_and_enormous_losses_are_bounded() {
        let losses = [f64::INFINITY, 1.0, f64::NEG_INFINITY, 2.0, 4.0];
        for bend in BENDS {
            let warp = Warp::of(&losses, bend);
            assert_eq!((warp.apply(f64::INFINITY), warp.apply(f64::NEG_INFINITY)), (warp.apply(4.0), warp.apply(1.0)));
            let wide = Warp::of(&[f64::MIN, f64::MAX, 0.0, 1.0], bend);
            assert!([f64::MIN, f64::MAX, 0.5].iter().all(|loss| wide.apply(*loss).is_finite()));
        }
    }

    #[test]
    fn equal_losses_become_zero() {
        for losses in [&[7.0, 7.0][..], &[f64::INFINITY; 3], &[]] {
            let warp = Warp::of(losses, 0.4);
            assert!(losses.iter().all(|loss| warp.apply(*loss) == 0.0) && warp.log_slopes(losses) == 0.0);
        }
    }
}
