//! Minimisation of a smooth function in a box: L-BFGS with directions cut off at the bounds (Nocedal and Wright, 2006,
//! algorithm 7.4 and §16.7) and steps halved until they gain enough (Armijo).
//!
//! It asks for a value and gets one, so that several of them can share evaluations.

use std::collections::VecDeque;

use crate::search::linear::dot;

/// Steps remembered.
const MEMORY: usize = 8;
/// Part of the expected gain that a step must make.
const ENOUGH: f64 = 1e-4;
/// Halvings of a step before it is given up.
const HALVINGS: u32 = 12;

pub(super) struct Descent {
    low: Vec<f64>,
    high: Vec<f64>,
    /// The best point so far, its value and gradient.
    best: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    /// Steps with the changes of the gradient, the latest last.
    pairs: VecDeque<(Vec<f64>, Vec<f64>)>,
    direction: Vec<f64>,
    step: f64,
    halvings: u32,
    trial: Vec<f64>,
    /// A gain below this ends the descent.
    tolerance: f64,
    done: bool,
}

impl Descent {
    /// From `start`, which is moved into the box `low`..=`high`, until a step gains less than `tolerance`.
    pub fn new(start: Vec<f64>, (low, high): (Vec<f64>, Vec<f64>), tolerance: f64) -> Self {
        let mut descent = Self {
            trial: start,
            best: Vec::new(),
            value: f64::INFINITY,
            gradient: Vec::new(),
            pairs: VecDeque::new(),
            direction: Vec::new(),
            step: 0.0,
            halvings: 0,
            tolerance,
            done: false,
            low,
            high,
        };
        descent.clamp();
        descent
    }

    /// The point whose value and gradient are wanted next.
    pub fn point(&self) -> &[f64] {
        &self.trial
    }

    pub fn is_done(&self) -> bool {
        self.done
    }

    /// The best point so far, and its value; ∞ before any is known.
    pub fn best(&self) -> (&[f64], f64) {
        if self.best.is_empty() { (&self.trial, self.value) } else { (&self.best, self.value) }
    }

    /// What the function is at [`Descent::point`]. NaN counts as infinitely poor.
    ///
    /// Cost: O(dimensions · `MEMORY`).
    pub fn tell(&mut self, value: f64, gradient: &[f64]) {
        if self.done {
            return;
        }
        let usable = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        if self.best.is_empty() {
            self.best.clone_from(&self.trial);
            self.done = !usable;
            self.accept(value, gradient, f64::INFINITY);
            return;
        }
        let moved: Vec<f64> = self.trial.iter().zip(&self.best).map(|(new, old)| new - old).collect();
        let expected = dot(&moved, &self.gradient);
        if usable && value <= self.value + ENOUGH * expected && value < self.value {
            self.remember(moved, gradient);
            let gain = self.value - value;
            self.best.clone_from(&self.trial);
            self.accept(value, gradient, gain);
        } else if self.halvings == HALVINGS {
            self.done = true;
        } else {
            self.halvings += 1;
            self.step *= if self.halvings > 2 { 0.25 } else { 0.5 };
            self.propose();
        }
    }

    fn remember(&mut self, moved: Vec<f64>, gradient: &[f64]) {
        let change: Vec<f64> = gradient.iter().zip(&self.gradient).map(|(new, old)| new - old).collect();
        if dot(&moved, &change) > 1e-10 * dot(&change, &change).sqrt() * dot(&moved, &moved).sqrt() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back((moved, change));
        }
    }

    fn accept(&mut self, value: f64, gradient: &[f64], gain: f64) {
        self.value = value;
        self.gradient = gradient.to_vec();
        self.halvings = 0;
        self.done |= gain < self.tolerance;
        if self.done {
            return;
        }
        self.direction = self.downhill();
        if dot(&self.direction, &self.gradient) >= 0.0 {
            self.pairs.clear();
            self.direction = self.downhill();
        }
        let longest = self.direction.iter().fold(0.0_f64, |longest, d| longest.max(d.abs()));
        if longest == 0.0 {
            self.done = true;
            return;
        }
        let widest = self.low.iter().zip(&self.high).fold(0.0_f64, |widest, (low, high)| widest.max(high - low));
        let longest_step = if self.pairs.is_empty() { 0.05 } else { 0.5 } * widest;
        self.step = if self.pairs.is_empty() { longest_step / longest } else { (longest_step / longest).min(1.0) };
        self.propose();
    }

    fn propose(&mut self) {
        let steps = self.best.iter().zip(&self.direction);
        self.trial = steps.map(|(x, d)| x + self.step * d).collect();
        self.clamp();
    }

    fn clamp(&mut self) {
        for (x, (low, high)) in self.trial.iter_mut().zip(self.low.iter().zip(&self.high)) {
            *x = x.clamp(*low, *high);
        }
    }

    /// Minus the gradient times the inverse curvature of the steps so far; 0 where a bound is in the way.
    fn downhill(&self) -> Vec<f64> {
        let free: Vec<bool> = (0..self.best.len())
            .map(|k| {
                let (x, g) = (self.best[k], self.gradient[k]);
                !(x <= self.low[k] && g > 0.0 || x >= self.high[k] && g < 0.0)
            })
            .collect();
        let hold = |vector: &mut Vec<f64>| {
            vector.iter_mut().zip(&free).filter(|(_, free)| !**free).for_each(|(x, _)| *x = 0.0);
        };
        let mut direction: Vec<f64> = self.gradient.iter().map(|g| -g).collect();
        hold(&mut direction);
        let mut shares = Vec::with_capacity(self.pairs.len());
        for (moved, change) in self.pairs.iter().rev() {
            let share = dot(moved, &direction) / dot(moved, change);
            direction.iter_mut().zip(change).for_each(|(d, y)| *d -= share * y);
            shares.push(share);
        }
        if let Some((moved, change)) = self.pairs.back() {
            let scale = dot(moved, change) / dot(change, change);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for ((moved, change), share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let correction = share - dot(change, &direction) / dot(moved, change);
            direction.iter_mut().zip(moved).for_each(|(d, s)| *d += correction * s);
        }
        hold(&mut direction);
        direction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best point after at most `most` evaluations.
    fn minimise(
        start: &[f64],
        (low, high): (f64, f64),
        most: usize,
        function: impl Fn(&[f64]) -> (f64, Vec<f64>),
    ) -> Vec<f64> {
        let bounds = (vec![low; start.len()], vec![high; start.len()]);
        let mut descent = Descent::new(start.to_vec(), bounds, 1e-14);
        for _ in 0..most {
            let (value, gradient) = function(descent.point());
            descent.tell(value, &gradient);
        }
        descent.best().0.to_vec()
    }

    fn valley(x: &[f64]) -> (f64, Vec<f64>) {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
    }

    #[test]
    fn a_curved_valley_is_followed_to_its_end() {
        let found = minimise(&[-1.2, 1.0], (-2.0, 2.0), 120, valley);
        assert!(found.iter().all(|x| (x - 1.0).abs() < 1e-4), "{found:?}");
    }

    #[test]
    fn a_minimum_outside_the_box_is_met_at_its_edge() {
        let found = minimise(&[0.3, 0.3, 0.9], (0.0, 1.0), 40, |x| {
            let part = |k: usize, centre: f64| (x[k] - centre, 2.0 * (x[k] - centre));
            let parts = [part(0, 3.0), part(1, 0.5), part(2, -1.0)];
            (parts.iter().map(|(d, _)| d * d).sum(), parts.iter().map(|(_, g)| *g).collect())
        });
        assert!(found[0] == 1.0 && (found[1] - 0.5).abs() < 1e-6 && found[2] == 0.0, "{found:?}");
    }

    #[test]
    fn where_there_is_no_value_it_turns_back() {
        let found = minimise(&[0.2], (0.0, 1.0), 60, |x| {
            let value = if x[0] > 0.6 { f64::NAN } else { (x[0] - 0.55) * (x[0] - 0.55) };
            (value, vec![2.0 * (x[0] - 0.55)])
        });
        assert!((found[0] - 0.55).abs() < 1e-4, "{found:?}");
        assert_eq!(minimise(&[0.2], (0.0, 1.0), 5, |_| (f64::NAN, vec![0.0])), [0.2]);
    }
}
