//! The search for the point of greatest utility, over numbers, integers and categories together.
//!
//! Random points and changes of the best trials are judged first. From the best of them, gradients lead to the tops of their
//! hills; then each parameter is swept over its values, which gets from one hill to another and is the only way for
//! categories and small integers; then gradients again. Every value that counts is that of a whole point of the
//! space: an integer in the middle of its cell, inactive parameters absent.
//!
//! Cost: a number of evaluations that only the numbers of points and parameters decide.

use crate::search::axis::Axis;
use crate::search::history::History;
use crate::search::layout::{Layout, Row};
use crate::search::linear::LANES;
use crate::search::normal::quantile;
use crate::search::stream::Stream;

use super::descent::Descent;
use super::encoding::Encoding;
use super::process::lanes_of;
use super::utility::Utility;

/// Points from which sweeps begin.
const CLIMBERS: usize = 4;
/// Integers and steps of more values are moved by gradients too.
const FEW: u64 = 16;
/// Trials whose changes are among the first points.
const PARENTS: usize = 5;
/// Parameters that one sweep goes over.
const MOST_SWEPT: usize = 24;

/// One number in 0..1 for each parameter, active or not: where its value lies. Conditions decide which of them count.
type Genes = Vec<f64>;

pub(super) struct Proposal<'a> {
    layout: &'a Layout,
    encoding: &'a Encoding,
    history: &'a History,
    utility: Utility<'a>,
    /// Points that the processes know.
    known: usize,
}

impl<'a> Proposal<'a> {
    pub fn new(history: &'a History, encoding: &'a Encoding, utility: Utility<'a>, known: usize) -> Self {
        Self { layout: history.layout(), encoding, history, utility, known }
    }

    /// The most useful point that no trial has tried; `None` if all that were found have been. `parents` are the numbers of
    /// the best trials, best first.
    pub fn find(mut self, parents: &[u32], stream: &mut Stream) -> Option<Row> {
        let first = self.first_points(parents, stream);
        let mut pool = self.judge(first);
        pool.truncate(LANES);
        self.climb(&mut pool, 24);
        pool = self.judge(pool.into_iter().map(|(_, genes)| genes).collect());
        let rest = pool.split_off(pool.len().min(CLIMBERS));
        for rounds in [16, 10] {
            self.sweep(&mut pool, stream);
            self.climb(&mut pool, rounds);
        }
        pool.extend(rest);
        let last = self.judge(pool.into_iter().map(|(_, genes)| genes).collect());
        last.into_iter().map(|(_, genes)| self.row(&genes)).find(|row| !self.history.has_seen(row))
    }

    /// Random points, and the best trials with some parameters changed.
    fn first_points(&self, parents: &[u32], stream: &mut Stream) -> Vec<Genes> {
        let width = self.layout.dimensions().len();
        let blocks = (4000 / width.max(1)).clamp(8, 48).min(24_000 / self.known.max(1)).max(8);
        let parents: Vec<Row> = parents.iter().take(PARENTS).map(|&number| self.history.row(number as usize)).collect();
        (0..blocks * LANES)
            .map(|index| {
                if index % 2 == 0 || parents.is_empty() {
                    (0..width).map(|_| stream.unit()).collect()
                } else {
                    let parent = &parents[stream.below(parents.len() as u64) as usize];
                    self.mutate(parent, stream)
                }
            })
            .collect()
    }

    /// `parent` with about two parameters changed: numbers a little or much, categories at random.
    fn mutate(&self, parent: &Row, stream: &mut Stream) -> Genes {
        let width = parent.len();
        let chosen = stream.below(width as u64) as usize;
        let scale = crate::search::math::powf(10.0, -2.5 * stream.unit() - 0.3);
        let dimensions = self.layout.dimensions().iter().zip(parent);
        dimensions
            .enumerate()
            .map(|(index, (dimension, &slot))| {
                let fresh = stream.unit();
                if slot.is_nan() {
                    return fresh;
                }
                let own = dimension.axis.position(slot);
                let changed = index == chosen || stream.unit() * (width as f64) < 1.0;
                match changed {
                    false => own,
                    true if dimension.is_categorical() => fresh,
                    true => (own + scale * quantile(fresh)).clamp(0.0, 1.0),
                }
            })
            .collect()
    }

    fn row(&self, genes: &Genes) -> Row {
        self.layout.fill(|index, dimension| dimension.axis.slot_at(genes[index]))
    }

    /// The points with their utility, best first.
    fn judge(&mut self, points: Vec<Genes>) -> Vec<(f64, Genes)> {
        let mut judged: Vec<(f64, Genes)> = self.utilities(&points).into_iter().zip(points).collect();
        judged.sort_by(|a, b| b.0.total_cmp(&a.0));
        judged
    }

    fn utilities(&mut self, points: &[Genes]) -> Vec<f64> {
        let mut utilities = Vec::with_capacity(points.len());
        for block in points.chunks(LANES) {
            let features: Vec<f64> =
                block.iter().flat_map(|genes| self.encoding.encode(self.layout, &self.row(genes))).collect();
            let values = self.utility.values(&lanes_of(&features, self.encoding.len()));
            utilities.extend(&values[..block.len()]);
        }
        utilities
    }

    /// Moves the numbers of up to `LANES` points uphill together, by at most `rounds` evaluations.
    fn climb(&mut self, points: &mut [(f64, Genes)], rounds: usize) {
        let mut query = Vec::new();
        let mut ways: Vec<(Vec<(usize, usize)>, Descent)> = Vec::new();
        let mut features = Vec::new();
        for (_, genes) in points.iter() {
            let row = self.row(genes);
            let movable = self.movable(&row);
            let start: Vec<f64> = movable.iter().map(|&(index, _)| genes[index]).collect();
            let unit = (vec![0.0; start.len()], vec![1.0; start.len()]);
            ways.push((movable, Descent::new(start, unit, 1e-5)));
            features.extend(self.encoding.encode(self.layout, &row));
        }
        if ways.iter().all(|(movable, _)| movable.is_empty()) {
            return;
        }
        query.extend(lanes_of(&features, self.encoding.len()));
        let mut gradient = vec![[0.0; LANES]; self.encoding.len()];
        for _ in 0..rounds {
            for (lane, (movable, descent)) in ways.iter().enumerate() {
                for (&(_, feature), x) in movable.iter().zip(descent.point()) {
                    query[feature][lane] = *x;
                }
            }
            let values = self.utility.values_and_gradients(&query, &mut gradient);
            for (lane, (movable, descent)) in ways.iter_mut().enumerate() {
                let slope: Vec<f64> = movable.iter().map(|&(_, feature)| -gradient[feature][lane]).collect();
                descent.tell(-values[lane], &slope);
            }
            if ways.iter().all(|(_, descent)| descent.is_done()) {
                break;
            }
        }
        for ((utility, genes), (movable, descent)) in points.iter_mut().zip(&ways) {
            let (best, value) = descent.best();
            for (&(index, _), x) in movable.iter().zip(best) {
                genes[index] = *x;
            }
            *utility = -value;
        }
    }

    /// Parameters that gradients move, each with its feature: active numbers of many values.
    fn movable(&self, row: &Row) -> Vec<(usize, usize)> {
        let many = |axis: &Axis| axis.count().is_none_or(|count| count > FEW);
        let dimensions = self.layout.dimensions().iter().zip(row).enumerate();
        dimensions
            .filter(|(_, (dimension, slot))| !slot.is_nan() && many(&dimension.axis))
            .filter_map(|(index, _)| Some((index, self.encoding.position_of(index)?)))
            .collect()
    }

    /// Tries values of one parameter after the other, all others held, and keeps what is better.
    fn sweep(&mut self, points: &mut [(f64, Genes)], stream: &mut Stream) {
        let dimensions = self.layout.dimensions();
        let mut places: Vec<usize> = (0..dimensions.len()).filter(|&k| !dimensions[k].is_single()).collect();
        for k in 0..places.len().min(MOST_SWEPT) {
            let other = k + stream.below((places.len() - k) as u64) as usize;
            places.swap(k, other);
        }
        places.truncate(MOST_SWEPT);
        // What the gradients left is between the cells of integers.
        let whole = self.utilities(&points.iter().map(|(_, genes)| genes.clone()).collect::<Vec<_>>());
        points.iter_mut().zip(whole).for_each(|(point, utility)| point.0 = utility);
        for place in places {
            let axis = &dimensions[place].axis;
            let shift = stream.unit();
            let mut owners = Vec::new();
            let mut trials = Vec::new();
            for (owner, (_, genes)) in points.iter().enumerate() {
                if self.row(genes)[place].is_nan() {
                    continue;
                }
                for gene in values_of(axis, genes[place], shift) {
                    let mut changed = genes.clone();
                    changed[place] = gene;
                    owners.push(owner);
                    trials.push(changed);
                }
            }
            let utilities = self.utilities(&trials);
            for ((owner, genes), utility) in owners.into_iter().zip(trials).zip(utilities) {
                if utility > points[owner].0 {
                    points[owner] = (utility, genes);
                }
            }
        }
    }
}

/// Positions to try of one parameter that is at `own`: all of few, else an even spread and the neighbours.
fn values_of(axis: &Axis, own: f64, shift: f64) -> Vec<f64> {
    match axis.count() {
        Some(count @ 0..=FEW) => (0..count).map(|slot| axis.position(slot as f64)).collect(),
        Some(count) => {
            let slot = axis.slot_at(own);
            let near = [-2.0, -1.0, 1.0, 2.0].map(|k| (slot + k).clamp(0.0, (count - 1) as f64));
            let near = near.into_iter().map(|slot| axis.position(slot));
            (0..12).map(|k| (f64::from(k) + shift) / 12.0).chain(near).collect()
        }
        None => (0..LANES).map(|k| (k as f64 + shift) / LANES as f64).collect(),
    }
}
