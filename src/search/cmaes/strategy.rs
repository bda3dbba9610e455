//! The constants of CMA-ES: how much each point of a generation counts, and how fast the distribution learns.

use crate::search::math::ln;

/// Hansen, "The CMA Evolution Strategy: A Tutorial" (arXiv:1604.00772), table 1, for `dimensions` coordinates and a
/// generation of `points` points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Strategy {
    /// For the points, best first: the first half is positive and sums to 1, the rest is not.
    pub weights: Vec<f64>,
    /// Variance effective selection mass of the positive weights.
    pub mu_eff: f64,
    /// Learning rates: of the rank-one and the rank-μ update, of the two paths; damping of the step size.
    pub c_1: f64,
    pub c_mu: f64,
    pub c_c: f64,
    pub c_sigma: f64,
    pub d_sigma: f64,
    /// E‖N(0, I)‖
    pub chi: f64,
}

/// The size of a generation if nothing else is said.
///
/// About three quarters of eq. 48: generations whose points are orthogonal to each other can be smaller, and so more of
/// them fit into the few hundred trials of a sweep.
pub(super) fn default_population(dimensions: usize) -> usize {
    3 + (2.0 * ln(dimensions.max(1) as f64)).floor() as usize
}

impl Strategy {
    /// `dimensions` ≥ 1, `points` ≥ 2. `diagonal`: the covariance is a diagonal, which is learnt faster (Ros and Hansen, "A
    /// Simple Modification in CMA-ES Achieving Linear Time and Space Complexity", PPSN 2008).
    pub fn new(dimensions: usize, points: usize, diagonal: bool) -> Self {
        let n = dimensions as f64;
        let raw: Vec<f64> = (1..=points).map(|rank| ln((points as f64 + 1.0) / 2.0) - ln(rank as f64)).collect();
        let mass = |weights: &[f64]| {
            let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
            sum * sum / squares
        };
        let (good, bad) = raw.split_at(points / 2);
        let (mu_eff, mu_eff_bad) = (mass(good), mass(bad));
        let faster = if diagonal { (n + 2.0) / 3.0 } else { 1.0 };
        let c_1 = (faster * 2.0 / ((n + 1.3) * (n + 1.3) + mu_eff)).min(0.5);
        let c_mu = faster * 2.0 * (mu_eff - 2.0 + 1.0 / mu_eff) / ((n + 2.0) * (n + 2.0) + mu_eff);
        let c_mu = c_mu.min(1.0 - c_1 - 1e-8).max(0.0);
        let c_sigma = (mu_eff + 2.0) / (n + mu_eff + 5.0);
        Self {
            weights: scaled(&raw, (c_1, c_mu, mu_eff, mu_eff_bad, n)),
            mu_eff,
            c_1,
            c_mu,
            c_c: (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n),
            c_sigma,
            d_sigma: 1.0 + 2.0 * (((mu_eff - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_sigma,
            chi: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
        }
    }
}

/// Positive weights sum to 1; negative ones to what keeps the covariance positive definite (eqs. 50 to 53).
fn scaled(raw: &[f64], (c_1, c_mu, mu_eff, mu_eff_bad, n): (f64, f64, f64, f64, f64)) -> Vec<f64> {
    let bound = (1.0 + c_1 / c_mu).min(1.0 + 2.0 * mu_eff_bad / (mu_eff + 2.0)).min((1.0 - c_1 - c_mu) / (n * c_mu));
    let positive: f64 = raw.iter().filter(|weight| **weight > 0.0).sum();
    let negative: f64 = raw.iter().filter(|weight| **weight < 0.0).map(|weight| -weight).sum();
    raw.iter().map(|weight| if *weight >= 0.0 { weight / positive } else { weight * bound / negative }).collect()
}
