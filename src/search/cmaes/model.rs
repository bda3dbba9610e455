//! What points are drawn from: a normal distribution over the coordinates, chances of the categories.

use crate::search::layout::{Dimension, Row};

use super::categories::Categories;
use super::covariance::Covariance;
use super::distribution::Distribution;
use super::margin::{Marginal, corrected};
use super::problem::{Problem, Role, levels};
use super::sample::{Turn, normal, normals, orthogonal};
use super::strategy::Strategy;
use crate::search::stream::Stream;

/// A point that lies outside the ranges is drawn anew so often; then it is moved to the nearest inside. More draws keep the
/// search away from the edges, where the best value of a parameter often is; none makes too many points lie on them.
const REDRAWS: usize = 1;

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub distribution: Distribution,
    pub categories: Categories,
    /// A of the margin, by coordinate.
    scales: Vec<f64>,
}

/// A point before it is rounded: values of inactive parameters are drawn as well.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draw {
    pub x: Vec<f64>,
    pub choices: Vec<usize>,
}

/// What a trial tried, as the model learns from it.
struct Tried {
    x: Vec<f64>,
    /// `None` where the category is inactive.
    choices: Vec<Option<usize>>,
    /// Is it what the model draws for the trial?
    drawn: bool,
}

impl Model {
    pub fn new(problem: &Problem<'_>, distribution: Distribution) -> Self {
        let scales = vec![1.0; distribution.mean.len()];
        Self { distribution, categories: Categories::even(&problem.choices()), scales }
    }

    /// The point of a trial; `stream` is the trial's own, from its beginning.
    ///
    /// Cost: O(n²) for n coordinates, and O(n · k²) for the k-th trial of a group (see `sample`); of a diagonal covariance O(n).
    pub fn draw(&self, problem: &Problem<'_>, turn: Turn, stream: &mut Stream) -> Draw {
        if self.distribution.covariance.is_diagonal() {
            return self.draw_again(problem, stream);
        }
        let vector = orthogonal(turn, problem.coordinates, stream);
        self.inside(problem, vector, stream)
    }

    /// Another point, where that of [`Model::draw`] has been tried before.
    pub fn draw_again(&self, problem: &Problem<'_>, stream: &mut Stream) -> Draw {
        if let Covariance::Diagonal(variances) = &self.distribution.covariance {
            return Draw { x: self.draw_apart(variances, stream), choices: self.categories.draw(stream) };
        }
        let vector = normals(problem.coordinates, stream);
        self.inside(problem, vector, stream)
    }

    /// The point of the normal `vector` if it lies in the ranges, else of another one.
    fn inside(&self, problem: &Problem<'_>, vector: Vec<f64>, stream: &mut Stream) -> Draw {
        let mut x = self.distribution.point(&vector);
        for _ in 0..REDRAWS {
            if x.iter().zip(problem.continuous()).all(|(x, bound)| !bound || (0.0..=1.0).contains(x)) {
                break;
            }
            x = self.distribution.point(&normals(problem.coordinates, stream));
        }
        for (x, bound) in x.iter_mut().zip(problem.continuous()) {
            *x = if bound { x.clamp(0.0, 1.0) } else { *x };
        }
        Draw { x, choices: self.categories.draw(stream) }
    }

    /// Coordinates that do not depend on each other are drawn one by one.
    fn draw_apart(&self, variances: &[f64], stream: &mut Stream) -> Vec<f64> {
        let mut coordinate = |(mean, variance): (&f64, &f64)| {
            let deviation = self.distribution.sigma * variance.sqrt();
            let mut draw = || mean + deviation * normal(stream);
            let mut x = draw();
            for _ in 0..REDRAWS {
                x = if (0.0..=1.0).contains(&x) { x } else { draw() };
            }
            x.clamp(0.0, 1.0)
        };
        self.distribution.mean.iter().zip(variances).map(&mut coordinate).collect()
    }

    /// The point of the space that a draw stands for.
    pub fn row(&self, problem: &Problem<'_>, draw: &Draw) -> Row {
        problem.layout().fill(|index, dimension| match problem.roles[index] {
            Role::Fixed => dimension.axis.slot_at(0.5),
            Role::Category(category) => draw.choices[category] as f64,
            Role::Coordinate(coordinate) => self.slot(dimension, coordinate, draw.x[coordinate]),
        })
    }

    fn slot(&self, dimension: &Dimension, coordinate: usize, x: f64) -> f64 {
        let mean = self.distribution.mean[coordinate];
        dimension.axis.slot_at((mean + self.scales[coordinate] * (x - mean)).clamp(0.0, 1.0))
    }

    /// Is what the trial tried the point that the model draws for it?
    pub fn has_drawn(&self, problem: &Problem<'_>, turn: Turn) -> bool {
        let draw = self.draw(problem, turn, &mut turn.stream());
        let tried = self.tried(problem, turn);
        tried.drawn && tried.choices.iter().zip(&draw.choices).all(|(tried, drawn)| tried.is_none_or(|k| k == *drawn))
    }

    /// Each value that this model draws for the trial is taken as it was before it was rounded; any other by its position
    /// in the range. Inactive parameters keep what is drawn for them: they learn nothing, and are not pushed.
    fn tried(&self, problem: &Problem<'_>, turn: Turn) -> Tried {
        let place = problem.history.place(turn.number) as usize;
        let draw = self.draw(problem, turn, &mut turn.stream());
        let mut tried = Tried { x: draw.x, choices: vec![None; draw.choices.len()], drawn: true };
        for ((dimension, role), column) in problem.dimensions().zip(problem.history.columns()) {
            let slot = column.slots[place];
            match role {
                Role::Category(category) if !slot.is_nan() => tried.choices[category] = Some(slot as usize),
                Role::Coordinate(j) if !slot.is_nan() && self.slot(dimension, j, tried.x[j]) != slot => {
                    tried.x[j] = dimension.axis.position(slot);
                    tried.drawn = false;
                }
                _ => {}
            }
        }
        tried
    }

    /// Learns from trials of the generation that begins with trial `begin`, best first; at least two.
    pub fn learn(&mut self, problem: &Problem<'_>, begin: u32, ranked: &[u32], population: usize) {
        let seed = problem.history.seed();
        let tried: Vec<Tried> =
            ranked.iter().map(|&number| self.tried(problem, Turn { seed, begin, number })).collect();
        let n = problem.coordinates;
        let strategy = Strategy::new(n.max(1), tried.len(), self.distribution.covariance.is_diagonal());
        let good = strategy.weights.iter().zip(&tried).take(tried.len() / 2);
        self.categories.learn(&good.map(|(weight, tried)| (*weight, &tried.choices[..])).collect::<Vec<_>>());
        if n == 0 {
            return;
        }
        let reach = |tried: Tried| if tried.drawn { tried.x } else { self.distribution.within_reach(tried.x) };
        let points: Vec<Vec<f64>> = tried.into_iter().map(reach).collect();
        self.distribution.learn(&points, &strategy);
        self.keep_margin(problem, 1.0 / (n * population) as f64);
    }

    pub fn keep_margin(&mut self, problem: &Problem<'_>, margin: f64) {
        let distribution = &mut self.distribution;
        for (dimension, role) in problem.dimensions() {
            let (Role::Coordinate(j), Some(count)) = (role, levels(dimension)) else { continue };
            let level = dimension.axis.slot_at(distribution.mean[j].clamp(0.0, 1.0));
            let deviation = distribution.sigma * distribution.covariance.variance(j).sqrt();
            let marginal = Marginal { mean: distribution.mean[j], deviation, scale: self.scales[j] };
            let ends = (level > 0.0, level + 1.0 < count as f64);
            let kept = corrected(marginal, dimension.axis.cell(level), ends, margin);
            (distribution.mean[j], self.scales[j]) = (kept.mean, kept.scale);
        }
    }

    #[cfg(test)]
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }
}
