//! What samplers and pruners may read: the space, the directions, the seed and every trial so far.
//!
//! What samplers derive from the trials (columns of slots, the order by loss, the points seen) is kept beside them and
//! follows each change exactly: it always equals what a rebuild from the records would give.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space};

use super::column::Column;
use super::layout::{Layout, Row};

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
    /// A constraint is met when its value is at most 0. Empty where a tuning has none.
    pub constraints: Vec<f64>,
    /// Values of objective 0 by step, in the order of the steps.
    pub steps: Vec<(u64, f64)>,
}

impl Record {
    pub fn pending(params: Params) -> Self {
        Self { state: RecordState::Pending, params, values: Vec::new(), constraints: Vec::new(), steps: Vec::new() }
    }

    pub fn complete(params: Params, values: Vec<f64>) -> Self {
        Self { state: RecordState::Complete, values, ..Self::pending(params) }
    }
}

/// The trials of one sweep, with what samplers derive from them kept up to date; before them the finished trials of
/// earlier sweeps that it starts from, if any.
///
/// Every trial has a *place*, from 0 without gaps, by which it is recorded and read: the [`History::earlier`] trials have
/// the first ones, and the sweep's own trial `number` is at [`History::place`]. Without earlier trials the two are the
/// same. Earlier trials are like others to whoever learns from results; as a point that was tried only a trial of the
/// sweep itself counts, because an earlier one may be worth another look.
///
/// Trials are held by column, not as they were recorded: a value outside its parameter's domain, and a parameter that
/// the space does not have, are not kept.
///
/// Memory: 24 bytes for each numeric and 8 for each categorical parameter, and about 60, a trial; steps and constraints
/// only where there are any.
#[derive(Debug, Clone)]
pub struct History {
    space: Space,
    directions: Vec<Direction>,
    seed: u64,
    earlier: u32,
    layout: Layout,
    columns: Vec<Column>,
    states: Vec<RecordState>,
    /// `n_trials` × `n_objectives`; NaN where there is none.
    values: Vec<f64>,
    constraints: BTreeMap<u32, Box<[f64]>>,
    steps: BTreeMap<u32, Vec<(u64, f64)>>,
    /// Places of the trials with a standing, best first.
    order: Vec<u32>,
    /// Is the trial one of the sweep's own and its point one of the space, and so counted in `seen`?
    whole: Vec<bool>,
    /// How many of the sweep's own trials tried the point of each fingerprint.
    seen: HashMap<u64, u32>,
}

/// The place of a finished trial among the others: smaller is better, equals are told apart by their place.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// 0: complete. 1: pruned, with steps. 2: pruned without. 3: a constraint is not met.
    class: u8,
    /// Of pruned trials, the one that came further stands before the other.
    steps_missing: u64,
    /// Objective 0, smaller is better; never NaN. Of trials that break a constraint, by how much.
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
            earlier: 0,
            states: Vec::new(),
            values: Vec::new(),
            constraints: BTreeMap::new(),
            steps: BTreeMap::new(),
            order: Vec::new(),
            whole: Vec::new(),
            seen: HashMap::new(),
        }
    }

    /// The history of a sweep that starts from the finished trials `earlier` of other sweeps.
    pub fn with_earlier(space: Space, directions: Vec<Direction>, seed: u64, earlier: Vec<Record>) -> Self {
        let mut history = Self { earlier: earlier.len() as u32, ..Self::new(space, directions, seed) };
        for (place, record) in (0..).zip(earlier) {
            history.record(place, record);
        }
        history
    }

    /// How many trials of earlier sweeps stand before the sweep's own.
    pub fn earlier(&self) -> u32 {
        self.earlier
    }

    /// The place of the sweep's own trial `number`.
    pub fn place(&self, number: u32) -> u32 {
        self.earlier.saturating_add(number)
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

    /// How many trials there are, earlier or own, finished or not.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// `n_trials` states, by place.
    pub fn states(&self) -> &[RecordState] {
        &self.states
    }

    /// One value per objective of a complete trial; `None` of every other, and where a value is missing or NaN.
    pub fn values(&self, place: u32) -> Option<&[f64]> {
        let (index, count) = (place as usize, self.objectives());
        let complete = self.states.get(index) == Some(&RecordState::Complete);
        let values = self.values.get(index * count..(index + 1) * count).filter(|_| complete)?;
        values.iter().all(|value| !value.is_nan()).then_some(values)
    }

    /// The values of a complete trial, turned so that smaller is better; see [`History::values`].
    pub(super) fn losses(&self, place: u32) -> Option<Vec<f64>> {
        let values = self.values(place)?;
        Some(self.directions.iter().zip(values).map(|(direction, value)| direction.loss(*value)).collect())
    }

    /// Empty where the tuning has none, or the trial told none.
    pub fn constraints(&self, place: u32) -> &[f64] {
        self.constraints.get(&place).map_or(&[], |values| values)
    }

    /// By how much the trial breaks its constraints, all together; 0 if it meets them or has none. NaN counts as ∞.
    pub fn violation(&self, place: u32) -> f64 {
        let excess = |value: &f64| if value.is_nan() { f64::INFINITY } else { value.max(0.0) };
        self.constraints(place).iter().map(excess).sum()
    }

    /// Values of objective 0 by step, in the order of the steps.
    pub fn steps(&self, place: u32) -> &[(u64, f64)] {
        self.steps.get(&place).map_or(&[], |steps| steps)
    }

    /// What the trial tried, as far as it is of this space.
    pub fn params(&self, place: u32) -> Params {
        self.layout.params(&self.row(place as usize))
    }

    /// The whole trial, if there is one at this place.
    pub fn get(&self, place: u32) -> Option<Record> {
        let state = *self.states.get(place as usize)?;
        let count = self.objectives();
        let values = &self.values[place as usize * count..(place as usize + 1) * count];
        Some(Record {
            state,
            params: self.params(place),
            values: if state == RecordState::Complete { values.to_vec() } else { Vec::new() },
            constraints: self.constraints(place).to_vec(),
            steps: self.steps(place).to_vec(),
        })
    }

    /// Adds the trial at the next place, or replaces what is known of one that is there.
    ///
    /// A place beyond the next one is ignored: trials are recorded in order.
    ///
    /// Cost: O(n_params) on average, and a move of at most 4 bytes a trial.
    pub fn record(&mut self, place: u32, record: Record) {
        let index = place as usize;
        if index > self.len() {
            return;
        }
        if let Some(old) = self.standing(place) {
            let rank = self.rank(&old, place);
            self.order.remove(rank);
        }
        self.set_point(index, &record.params);
        self.set_result(index, record);
        if let Some(new) = self.standing(place) {
            let rank = self.rank(&new, place);
            self.order.insert(rank, place);
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

    /// The slots of one trial.
    pub(super) fn row(&self, index: usize) -> Row {
        self.columns.iter().map(|column| column.slots.get(index).copied().unwrap_or(f64::NAN)).collect()
    }

    /// Complete and pruned trials with a usable first value: those that meet their constraints, best first, then the
    /// others, by how much they do not.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Has some trial of the sweep itself, whatever came of it, tried this point?
    pub(super) fn has_seen(&self, row: &[f64]) -> bool {
        self.seen.contains_key(&self.layout.fingerprint(row))
    }

    /// The number of different points that the sweep itself tried.
    pub(super) fn seen_points(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Is the space discrete, with points that no trial of the sweep itself has tried?
    pub(super) fn has_unseen_points(&self) -> bool {
        self.layout.is_discrete() && self.layout.size().is_none_or(|size| self.seen_points() < size)
    }

    fn objectives(&self) -> usize {
        self.directions.len().max(1)
    }

    fn set_point(&mut self, index: usize, params: &Params) {
        let (row, whole) = self.layout.row(params);
        if index == self.whole.len() {
            self.whole.push(false);
        } else if self.whole[index] {
            let old = self.layout.fingerprint(&self.row(index));
            if let Some(trials) = self.seen.get_mut(&old) {
                *trials -= 1;
                if *trials == 0 {
                    self.seen.remove(&old);
                }
            }
        }
        for ((column, dimension), &slot) in self.columns.iter_mut().zip(self.layout.dimensions()).zip(&row) {
            column.set(dimension, index, slot);
        }
        let counts = whole && index >= self.earlier as usize;
        self.whole[index] = counts;
        if counts {
            *self.seen.entry(self.layout.fingerprint(&row)).or_insert(0) += 1;
        }
    }

    fn set_result(&mut self, index: usize, record: Record) {
        let (place, count) = (index as u32, self.objectives());
        if index == self.states.len() {
            self.states.push(record.state);
            self.values.resize(self.values.len() + count, f64::NAN);
        }
        self.states[index] = record.state;
        let values = record.values.iter().copied().chain(std::iter::repeat(f64::NAN));
        for (kept, value) in self.values[index * count..(index + 1) * count].iter_mut().zip(values) {
            *kept = value;
        }
        if record.constraints.is_empty() {
            self.constraints.remove(&place);
        } else {
            self.constraints.insert(place, record.constraints.into());
        }
        if record.steps.is_empty() {
            self.steps.remove(&place);
        } else {
            self.steps.insert(place, record.steps);
        }
    }

    fn standing(&self, place: u32) -> Option<Standing> {
        let state = *self.states.get(place as usize)?;
        let direction = self.first_direction();
        let standing = match state {
            RecordState::Pending | RecordState::Failed => return None,
            RecordState::Complete => {
                let loss = direction.loss(self.values[place as usize * self.objectives()]);
                Some(Standing { class: 0, steps_missing: 0, loss }).filter(|_| !loss.is_nan())?
            }
            RecordState::Pruned => match self.steps(place).last() {
                Some((step, value)) => {
                    let loss = if value.is_nan() { f64::INFINITY } else { direction.loss(*value) };
                    Standing { class: 1, steps_missing: u64::MAX - step, loss }
                }
                None => Standing { class: 2, steps_missing: 0, loss: 0.0 },
            },
        };
        let violation = self.violation(place);
        if violation > 0.0 {
            return Some(Standing { class: 3, steps_missing: 0, loss: violation });
        }
        Some(standing)
    }

    /// Where `standing` of the trial at `place` is, or belongs, in the order.
    fn rank(&self, standing: &Standing, place: u32) -> usize {
        self.order.partition_point(|&other| {
            self.standing(other).is_some_and(|known| known.compare(standing).then(other.cmp(&place)) == Ordering::Less)
        })
    }
}

impl Standing {
    fn compare(&self, other: &Self) -> Ordering {
        let by_progress = (self.class, self.steps_missing).cmp(&(other.class, other.steps_missing));
        by_progress.then(self.loss.total_cmp(&other.loss))
    }
}

#[cfg(test)]
mod tests;
