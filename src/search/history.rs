//! What samplers and pruners may read: the space, the directions, the seed and every trial so far.
//!
//! What samplers derive from the trials (columns of slots, the order by loss, the points seen) is kept beside them and
//! follows each change exactly: it always equals what a rebuild from the records would give.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space};

use super::column::Column;
use super::layout::Layout;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordState {
    /// Asked, not finished.
    Pending,
    Complete,
    Pruned,
    Failed,
}

/// One trial as the search sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub state: RecordState,
    pub params: Params,
    /// One per objective when complete; else empty.
    pub values: Vec<f64>,
    /// Values of objective 0 by step, in the order of the steps.
    pub steps: Vec<(u64, f64)>,
}

/// The trials of one sweep, numbered from 0 without gaps, with what samplers derive from them kept up to date.
///
/// Memory: beside the records 24 bytes for each numeric and 8 for each categorical parameter, and about 80, a trial.
#[derive(Debug, Clone)]
pub struct History {
    space: Space,
    directions: Vec<Direction>,
    seed: u64,
    records: Vec<Record>,
    layout: Layout,
    columns: Vec<Column>,
    /// Where each trial stands; `None` if it has no result to learn from.
    standings: Vec<Option<Standing>>,
    /// Numbers of the trials with a standing, best first.
    order: Vec<u32>,
    /// Fingerprint of each trial's point, if it is one of the space.
    points: Vec<Option<u128>>,
    /// How many trials tried each point.
    seen: HashMap<u128, u32>,
}

/// The place of a finished trial among the others: smaller is better, equals are told apart by their number.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// 0: complete. 1: pruned, with steps. 2: pruned without.
    class: u8,
    /// Of pruned trials, the one that came further stands before the other.
    steps_missing: u64,
    /// Objective 0, smaller is better; never NaN.
    loss: f64,
}

impl History {
    pub fn new(space: Space, directions: Vec<Direction>, seed: u64) -> Self {
        let layout = Layout::new(&space);
        Self {
            columns: vec![Column::default(); layout.dimensions().len()],
            layout,
            space,
            directions,
            seed,
            records: Vec::new(),
            standings: Vec::new(),
            order: Vec::new(),
            points: Vec::new(),
            seen: HashMap::new(),
        }
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    pub fn directions(&self) -> &[Direction] {
        &self.directions
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Adds the next trial, or replaces what is known of an earlier one.
    ///
    /// A `number` beyond the next one is ignored: trials are recorded in order.
    ///
    /// Cost: O(n_params) on average, and a move of at most 4 bytes a trial.
    pub fn record(&mut self, number: u32, record: Record) {
        let index = number as usize;
        if index > self.records.len() {
            return;
        }
        if self.records.get(index).is_none_or(|known| known.params != record.params) {
            self.set_point(index, &record.params);
        }
        self.set_standing(number, Standing::of(&record, self.first_direction()));
        if index < self.records.len() {
            self.records[index] = record;
        } else {
            self.records.push(record);
        }
    }

    /// The direction of objective 0.
    pub(super) fn first_direction(&self) -> Direction {
        self.directions.first().copied().unwrap_or(Direction::Minimize)
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// `n_params` columns, in the order of the space.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Complete and pruned trials with a usable first value, best first.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Has the trial a result to learn from?
    pub(super) fn has_result(&self, index: usize) -> bool {
        self.standings.get(index).is_some_and(Option::is_some)
    }

    /// Has some trial, whatever came of it, tried this point?
    pub(super) fn has_seen(&self, row: &[f64]) -> bool {
        self.seen.contains_key(&self.layout.fingerprint(row))
    }

    /// The number of different points that were tried.
    pub(super) fn seen_points(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Is the space discrete, with points that no trial has tried?
    pub(super) fn has_unseen_points(&self) -> bool {
        self.layout.is_discrete() && self.layout.size().is_none_or(|size| self.seen_points() < size)
    }

    fn set_point(&mut self, index: usize, params: &Params) {
        let (row, whole) = self.layout.row(params);
        let point = whole.then(|| self.layout.fingerprint(&row));
        for ((column, dimension), &slot) in self.columns.iter_mut().zip(self.layout.dimensions()).zip(&row) {
            column.set(&self.layout, dimension, index, slot);
        }
        if index == self.points.len() {
            self.points.push(None);
        }
        if let Some(old) = std::mem::replace(&mut self.points[index], point)
            && let Some(trials) = self.seen.get_mut(&old)
        {
            *trials -= 1;
            if *trials == 0 {
                self.seen.remove(&old);
            }
        }
        if let Some(new) = point {
            *self.seen.entry(new).or_insert(0) += 1;
        }
    }

    fn set_standing(&mut self, number: u32, standing: Option<Standing>) {
        let index = number as usize;
        if index == self.standings.len() {
            self.standings.push(None);
        }
        if let Some(old) = self.standings[index] {
            let place = self.place(&old, number);
            self.order.remove(place);
        }
        if let Some(new) = &standing {
            let place = self.place(new, number);
            self.order.insert(place, number);
        }
        self.standings[index] = standing;
    }

    /// Where `standing` of trial `number` is, or belongs, in the order.
    fn place(&self, standing: &Standing, number: u32) -> usize {
        self.order.partition_point(|&other| match &self.standings[other as usize] {
            Some(known) => known.compare(standing).then(other.cmp(&number)) == Ordering::Less,
            None => false,
        })
    }
}

impl Standing {
    fn of(record: &Record, direction: Direction) -> Option<Self> {
        match record.state {
            RecordState::Pending | RecordState::Failed => None,
            RecordState::Complete => {
                let value = record.values.first().copied().filter(|value| !value.is_nan())?;
                Some(Self { class: 0, steps_missing: 0, loss: direction.loss(value) })
            }
            RecordState::Pruned => Some(match record.steps.last() {
                Some((step, value)) => {
                    let loss = if value.is_nan() { f64::INFINITY } else { direction.loss(*value) };
                    Self { class: 1, steps_missing: u64::MAX - step, loss }
                }
                None => Self { class: 2, steps_missing: 0, loss: 0.0 },
            }),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_progress = (self.class, self.steps_missing).cmp(&(other.class, other.steps_missing));
        by_progress.then(self.loss.total_cmp(&other.loss))
    }
}

#[cfg(test)]
mod tests;
