//! What samplers and pruners may read: the space, the directions, the seed and every trial so far.

use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space};

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
#[derive(Debug, Clone)]
pub struct History {
    space: Space,
    directions: Vec<Direction>,
    seed: u64,
    records: Vec<Record>,
}

impl History {
    pub fn new(space: Space, directions: Vec<Direction>, seed: u64) -> Self {
        Self { space, directions, seed, records: Vec::new() }
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
    pub fn record(&mut self, number: u32, record: Record) {
        let index = number as usize;
        if index < self.records.len() {
            self.records[index] = record;
        } else if index == self.records.len() {
            self.records.push(record);
        }
    }
}
