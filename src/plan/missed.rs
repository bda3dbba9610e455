//! What was missed: deliveries that did not arrive, and heads that moved without a word.
//!
//! GitHub never delivers by itself a second time. Deliveries that failed are asked for again; and where the branches and
//! pull requests stand is held against what is known of them, for there may be no delivery at all. What comes of it goes
//! through the inbox like everything else, and the rules see to it that one head is tuned once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::head::{HeadName, Heads};
use crate::domain::ids::CommitSha;

/// After so many attempts a delivery is given up: what makes it fail is not an outage.
const MOST_ATTEMPTS: usize = 6;
/// The pause after the second attempt; it doubles with each further one. The first redelivery is due at once.
const PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// One attempt of GitHub to deliver something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// By which it can be asked for again.
    pub id: u64,
    /// The same for all attempts of one delivery.
    pub delivery: String,
    pub event: String,
    pub at: Timestamp,
    /// What we answered; 0 if there was no answer.
    pub status: u16,
}

impl Attempt {
    fn has_arrived(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The attempts that are to be repeated at `now`, one for each delivery that never arrived, the oldest first.
///
/// `attempts` may come in any order. Only the events named by `wanted` count.
pub fn to_redeliver(attempts: &[Attempt], wanted: &[&str], now: Timestamp) -> Vec<u64> {
    let mut deliveries: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| wanted.contains(&attempt.event.as_str())) {
        deliveries.entry(&attempt.delivery).or_default().push(attempt);
    }
    let mut due: Vec<(Timestamp, u64)> = Vec::new();
    for tries in deliveries.values() {
        let first = tries.iter().map(|attempt| attempt.at).min();
        let last = tries.iter().max_by_key(|attempt| (attempt.at, attempt.id));
        let (Some(first), Some(last)) = (first, last) else { continue };
        let has_arrived = tries.iter().any(|attempt| attempt.has_arrived());
        if !has_arrived && tries.len() < MOST_ATTEMPTS && now.duration_since(last.at) >= pause(tries.len()) {
            due.push((first, last.id));
        }
    }
    due.sort_unstable();
    due.into_iter().map(|(_, id)| id).collect()
}

fn pause(attempts: usize) -> SignedDuration {
    match attempts {
        0 | 1 => SignedDuration::ZERO,
        more => SignedDuration::from_secs(PAUSE.as_secs() << (more - 2)),
    }
}

/// A head that is not where it was known to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difference {
    pub name: HeadName,
    pub from: Option<CommitSha>,
    /// `None`: it is gone.
    pub to: Option<CommitSha>,
}

/// What `now` has otherwise than `known`. Only those for which `is_looked_at` are held against each other.
pub fn differences(known: &Heads, now: &Heads, is_looked_at: impl Fn(&HeadName) -> bool) -> Vec<Difference> {
    let names: std::collections::BTreeSet<&HeadName> = known.keys().chain(now.keys()).collect();
    let mut found = Vec::new();
    for name in names.into_iter().filter(|name| is_looked_at(name)) {
        let (from, to) = (known.get(name), now.get(name));
        if from != to {
            found.push(Difference { name: name.clone(), from: from.cloned(), to: to.cloned() });
        }
    }
    found
}

#[cfg(test)]
mod tests;
