//! Categories beside CMA-ES: each has a chance of its own for each choice, moved by the same ranking.
//!
//! After Hamano, Saito, Nomura, Uchida and Shirakawa, "CatCMA" (GECCO 2024, arXiv:2405.09962), §3, with a fixed rate in place
//! of its adapted one, which takes more generations to settle than a sweep has.

use crate::search::math::powf;
use crate::search::stream::Stream;

/// Share of the way from the present chances to those of the good points of a generation.
const RATE: f64 = 0.4;

/// The chances of each choice of each category; they sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Categories {
    chances: Vec<Vec<f64>>,
}

impl Categories {
    /// `counts`: the number of choices of each.
    pub fn even(counts: &[usize]) -> Self {
        Self { chances: counts.iter().map(|&count| vec![1.0 / count.max(1) as f64; count]).collect() }
    }

    pub fn draw(&self, stream: &mut Stream) -> Vec<usize> {
        self.chances.iter().map(|chances| pick(chances, stream.unit())).collect()
    }

    /// Learns from the choices of the good points, each with its weight; `None` where the category is inactive.
    pub fn learn(&mut self, points: &[(f64, &[Option<usize>])]) {
        let categories = self.chances.len();
        for (index, chances) in self.chances.iter_mut().enumerate() {
            let count = chances.len() as f64;
            let floor = (1.0 - powf(0.73, 1.0 / categories as f64)) / (count - 1.0).max(1.0);
            for (weight, choices) in points {
                let Some(Some(choice)) = choices.get(index) else { continue };
                let step = RATE * weight;
                for (k, chance) in chances.iter_mut().enumerate() {
                    let target = if k == *choice { 1.0 } else { 0.0 };
                    *chance += step * (target - *chance);
                }
            }
            raise(chances, floor.min(0.5 / count));
        }
    }
}

/// No chance falls below `floor`; what that takes comes from those above it, in proportion.
fn raise(chances: &mut [f64], floor: f64) {
    for chance in chances.iter_mut() {
        *chance = chance.max(floor);
    }
    let spare: f64 = chances.iter().map(|chance| chance - floor).sum();
    let excess = chances.iter().sum::<f64>() - 1.0;
    if excess > 0.0 && spare > 0.0 {
        for chance in chances.iter_mut() {
            *chance -= excess * (*chance - floor) / spare;
        }
    }
}

fn pick(chances: &[f64], unit: f64) -> usize {
    let mut rest = unit;
    for (choice, chance) in chances.iter().enumerate() {
        rest -= chance;
        if rest < 0.0 {
            return choice;
        }
    }
    chances.len().saturating_sub(1)
}
