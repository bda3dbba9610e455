//! A study as a file tells of it: nothing in it has been checked against a tuning.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::hex;
use crate::domain::metrics::Direction;
use crate::domain::params::Value;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Study {
    /// As the file names it; empty if it does not.
    pub name: String,
    /// One per objective, in the order of [`Entry::values`]; empty if the file does not say.
    pub directions: Vec<Direction>,
    /// Names of the objectives, in the same order; empty if the file does not say.
    pub metrics: Vec<String>,
    pub entries: Vec<Entry>,
}

impl Study {
    /// SHA-256 of what the study says, in hexadecimal digits: the same in every version, whatever the file is called.
    pub fn digest(&self) -> String {
        use std::fmt::Write;
        let mut text = format!("{:?} {:?} {:?}\n", self.name, self.directions, self.metrics);
        for entry in &self.entries {
            let Entry { number, state, params, values, metrics, constraints, steps, started_at, ended_at, reason } =
                entry;
            // Writing to a String does not fail.
            let _ = write!(text, "{number} {state:?}");
            for (name, cell) in params {
                let _ = match cell {
                    Cell::Value(value) => write!(text, " {name:?}={value:?}"),
                    Cell::Number(number) => write!(text, " {name:?}={number:e}"),
                    Cell::Text(characters) => write!(text, " {name:?}={characters:?}"),
                };
            }
            let _ = writeln!(
                text,
                " {values:?} {metrics:?} {constraints:?} {steps:?} {started_at:?} {ended_at:?} {reason:?}"
            );
        }
        hex::encode(&Sha256::digest(text.as_bytes()))
    }
}

/// One trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// As the file numbers it, for messages.
    pub number: u64,
    pub state: EntryState,
    pub params: BTreeMap<String, Cell>,
    /// Values by the position of the objective, where the file has no names for them.
    pub values: Vec<f64>,
    /// Values by name, objectives or not.
    pub metrics: BTreeMap<String, f64>,
    /// Empty where there are none.
    pub constraints: Vec<f64>,
    pub steps: Vec<(u64, f64)>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub reason: Option<String>,
}

impl Entry {
    pub fn new(number: u64, state: EntryState) -> Self {
        Self {
            number,
            state,
            params: BTreeMap::new(),
            values: Vec::new(),
            metrics: BTreeMap::new(),
            constraints: Vec::new(),
            steps: Vec::new(),
            started_at: None,
            ended_at: None,
            reason: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    Complete,
    Pruned,
    Failed,
    /// It waits or runs.
    Open,
}

impl EntryState {
    /// By the names of tunebot and of Optuna, in letters of either case.
    pub fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "complete" => Some(Self::Complete),
            "pruned" => Some(Self::Pruned),
            "failed" | "fail" => Some(Self::Failed),
            "waiting" | "running" => Some(Self::Open),
            _ => None,
        }
    }
}

/// The value of a parameter, as exactly as the file says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Of a known type.
    Value(Value),
    /// A number of which the file does not say whether it is whole.
    Number(f64),
    /// Characters that may stand for a value of any type.
    Text(String),
}
