//! The normal distribution that CMA-ES draws from, and how a generation of ranked points moves it.

use crate::search::math::{exp, powf};

use super::covariance::{Covariance, add_scaled, norm};
use super::strategy::Strategy;

/// N(mean, σ² C) over `n` coordinates, with the two evolution paths (Hansen, arXiv:1604.00772).
#[derive(Debug, Clone)]
pub(super) struct Distribution {
    pub mean: Vec<f64>,
    pub sigma: f64,
    pub covariance: Covariance,
    /// p_σ and p_c
    pub path_sigma: Vec<f64>,
    pub path_c: Vec<f64>,
    /// Generations that it has learnt from.
    pub age: u32,
}

impl Distribution {
    pub fn new(mean: Vec<f64>, sigma: f64, covariance: Covariance) -> Self {
        let nothing = vec![0.0; mean.len()];
        Self { mean, sigma, covariance, path_sigma: nothing.clone(), path_c: nothing, age: 0 }
    }

    /// mean + σ C^½ z
    pub fn point(&self, z: &[f64]) -> Vec<f64> {
        let mut x = self.mean.clone();
        add_scaled(&mut x, &self.covariance.stretch(z), self.sigma);
        x
    }

    /// `x`, drawn nearer to the mean if it is farther than a point of this distribution is likely to be: one that was drawn
    /// from another may not throw the paths (Hansen, "Injecting External Solutions Into CMA-ES", arXiv:1110.4181, eq. 4).
    pub fn within_reach(&self, mut x: Vec<f64>) -> Vec<f64> {
        let n = x.len() as f64;
        let y = self.step(&x);
        let length = norm(&self.covariance.whiten(&y));
        let most = n.sqrt() + 2.0 * n / (n + 2.0);
        if length > most {
            x.copy_from_slice(&self.mean);
            add_scaled(&mut x, &y, self.sigma * (most / length));
        }
        x
    }

    /// Learns from the points of a generation, best first: as many as the strategy has weights (eqs. 38 to 47).
    ///
    /// Cost: O(points · n² + n³); of a diagonal covariance O(points · n).
    pub fn learn(&mut self, points: &[Vec<f64>], strategy: &Strategy) {
        let s = strategy;
        let n = self.mean.len() as f64;
        let steps: Vec<Vec<f64>> = points.iter().map(|point| self.step(point)).collect();
        let mut mean_step = vec![0.0; self.mean.len()];
        for (step, weight) in steps.iter().zip(&s.weights).take(points.len() / 2) {
            add_scaled(&mut mean_step, step, *weight);
        }
        self.age += 1;
        add_scaled(&mut self.mean, &mean_step, self.sigma);
        let whitened = self.covariance.whiten(&mean_step);
        follow(&mut self.path_sigma, &whitened, s.c_sigma, s.mu_eff);
        let length = norm(&self.path_sigma);
        // A path that is too long while the step size grows fast says nothing about the covariance.
        let young = 1.0 - powf(1.0 - s.c_sigma, 2.0 * (f64::from(self.age) + 1.0));
        let steady = length / young.sqrt() < (1.4 + 2.0 / (n + 1.0)) * s.chi;
        follow(&mut self.path_c, if steady { &mean_step } else { &[] }, s.c_c, s.mu_eff);
        let missed = if steady { 0.0 } else { s.c_c * (2.0 - s.c_c) };
        let keep = 1.0 + s.c_1 * missed - s.c_1 - s.c_mu * s.weights.iter().sum::<f64>();
        let weight = |step: &Vec<f64>, weight: f64| {
            let length = norm(&self.covariance.whiten(step));
            s.c_mu * if weight >= 0.0 { weight } else { weight * n / (length * length + 1e-8) }
        };
        let mut parts = vec![(s.c_1, self.path_c.as_slice())];
        parts.extend(steps.iter().zip(&s.weights).map(|(step, w)| (weight(step, *w), step.as_slice())));
        self.covariance = self.covariance.updated(keep, &parts);
        self.sigma = (self.sigma * exp(s.c_sigma / s.d_sigma * (length / s.chi - 1.0))).min(1e32);
    }

    /// (x − mean) / σ
    fn step(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.mean).map(|(x, mean)| (x - mean) / self.sigma).collect()
    }
}

/// Fades a path and adds a step, if any, so that its variance stays that of one step.
fn follow(path: &mut [f64], step: &[f64], rate: f64, mu_eff: f64) {
    for x in path.iter_mut() {
        *x *= 1.0 - rate;
    }
    add_scaled(path, step, (rate * (2.0 - rate) * mu_eff).sqrt());
}
