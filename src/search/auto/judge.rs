//! Which of two models is to be believed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::search::history::History;
use crate::search::layout::Row;
use crate::search::permutation::mix;
use crate::search::{gp, tpe};

use super::evidence::Foretold;

/// Trials of one block.
const BLOCK: usize = 8;
/// The latest blocks that count.
const BLOCKS: usize = 5;
/// Blocks below which nothing is decided.
const LEAST_BLOCKS: usize = 2;
/// Rank correlations over one block that lie closer than this are taken for equal; over n of them, by its √n-th part. One of
/// eight trials without any relation has a standard deviation of 0.29, the difference of two such one of 0.41.
const DOUBT: f64 = 0.41;

/// What each model foretold of the same trials.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Evidence {
    pub trials: usize,
    pub tpe: Foretold,
    pub gp: Foretold,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// With what it rests on, if anything.
    Tpe(Option<Evidence>),
    Gp(Evidence),
    Doubt(Evidence),
}

/// Holds two models against what came of the trials, block by block. Keeps what it found by what it was found from.
#[derive(Debug, Default)]
pub(super) struct Judge {
    known: Mutex<BTreeMap<u64, (Foretold, Foretold)>>,
}

impl Judge {
    /// By the trials after the first `startup`, which no model chose.
    ///
    /// Cost: a walk over the trials; for a block that was not seen before, a fit of each model.
    pub fn decide(&self, history: &History, startup: usize) -> Verdict {
        let evidence = if history.directions().len() > 1 { Evidence::default() } else { self.weigh(history, startup) };
        let lead = evidence.gp.correlation() - evidence.tpe.correlation();
        let blocks = (evidence.trials / BLOCK) as f64;
        if evidence.trials < LEAST_BLOCKS * BLOCK || lead.abs() < DOUBT / blocks.sqrt() {
            Verdict::Doubt(evidence)
        } else if lead > 0.0 {
            Verdict::Gp(evidence)
        } else {
            Verdict::Tpe(Some(evidence))
        }
    }

    fn weigh(&self, history: &History, startup: usize) -> Evidence {
        let mut places = history.order().to_vec();
        places.sort_unstable();
        let first = startup.div_ceil(BLOCK);
        let ends = fingerprints(history, &places);
        let blocks = places.len() / BLOCK;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeMap::new();
        let mut evidence = Evidence::default();
        for block in first.max(blocks.saturating_sub(BLOCKS))..blocks {
            let (begin, end) = (block * BLOCK, (block + 1) * BLOCK);
            let key = ends[end - 1];
            let (tpe, gp) = known.remove(&key).unwrap_or_else(|| hold_against(history, &places[begin..end], begin));
            found.insert(key, (tpe, gp));
            evidence.trials += BLOCK;
            evidence.tpe = evidence.tpe.plus(tpe);
            evidence.gp = evidence.gp.plus(gp);
        }
        *known = found;
        evidence
    }
}

/// What the two models, fitted on the first `begin` trials with a result, foretold of the next ones at `places`.
fn hold_against(history: &History, places: &[u32], begin: usize) -> (Foretold, Foretold) {
    let rows: Vec<Row> = places.iter().map(|&place| history.row(place as usize)).collect();
    let came: Vec<f64> = places.iter().map(|place| standing(history, *place)).collect();
    let scores: Vec<f64> = tpe::score(history, begin, &rows).into_iter().map(|score| -score).collect();
    let means: Vec<f64> = match gp::foretell(history, begin, &rows) {
        Some(moments) => moments.into_iter().map(|(mean, _)| mean).collect(),
        None => vec![0.0; rows.len()],
    };
    (Foretold::compare(&scores, &came), Foretold::compare(&means, &came))
}

/// The trial's place in the order of all, in which pruned trials and broken constraints have theirs; equal losses are equal.
fn standing(history: &History, place: u32) -> f64 {
    let losses = |place: u32| history.losses(place).filter(|_| history.violation(place) <= 0.0);
    let own = losses(place);
    let order = history.order();
    // Equals stand together: the first of them counts.
    let rank = order.iter().position(|&other| other == place || (own.is_some() && losses(other) == own));
    rank.unwrap_or(order.len()) as f64
}

/// `n`: for each of `places`, what is known of it and of those before, in 64 bits.
fn fingerprints(history: &History, places: &[u32]) -> Vec<u64> {
    let mut hash = 0;
    places
        .iter()
        .map(|&place| {
            let row = history.layout().fingerprint(&history.row(place as usize));
            let loss = history.losses(place).map_or(u64::MAX, |losses| losses[0].to_bits());
            let steps = history.steps(place).last().map_or(0, |(step, value)| mix(*step) ^ value.to_bits());
            for part in [u64::from(place), row, loss, steps, history.violation(place).to_bits()] {
                hash = mix(hash ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
            }
            hash
        })
        .collect()
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |evidence: &Evidence| {
            let (tpe, gp) = (evidence.tpe.correlation(), evidence.gp.correlation());
            format!("of the last {} trials", evidence.trials) + &format!(" (rank correlation {gp:.2}, TPE's {tpe:.2})")
        };
        match self {
            Self::Gp(evidence) => write!(f, "Gaussian process, which foretold more {}", said(evidence)),
            Self::Tpe(Some(evidence)) => write!(
                f,
                "TPE, which foretold more of the last {} trials (rank correlation {:.2}, the Gaussian process's {:.2})",
                evidence.trials,
                evidence.tpe.correlation(),
                evidence.gp.correlation()
            ),
            Self::Tpe(None) => f.write_str("TPE"),
            Self::Doubt(evidence) if evidence.trials < LEAST_BLOCKS * BLOCK => {
                f.write_str("Gaussian process and TPE in turn, until it shows which foretells more")
            }
            Self::Doubt(evidence) => {
                write!(f, "Gaussian process and TPE in turn, as neither foretold more {}", said(evidence))
            }
        }
    }
}
