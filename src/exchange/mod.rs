//! Sweeps in files: the storage of Optuna, tables (CSV) and JSON lines, each both ways.
//!
//! Every format reads into a [`Study`], in the words of the file, and [`fit()`] makes trials of one tuning out of it, each
//! checked by itself. It must not decide what becomes of them: that is the caller's. What a format cannot say is in its
//! own page.

pub mod csv;
mod error;
mod fit;
pub mod jsonl;
pub mod optuna;
mod study;

pub use error::ExchangeError;
pub use fit::{Fitted, Refused, fit};
pub use study::{Cell, Entry, EntryState, Study};

use crate::domain::sweep::Sweep;
use crate::domain::trial::Trial;

/// What is written: a sweep and its trials, by number.
#[derive(Debug, Clone, Copy)]
pub struct Exported<'a> {
    pub sweep: &'a Sweep,
    pub trials: &'a [Trial],
}

#[cfg(test)]
mod tests;
