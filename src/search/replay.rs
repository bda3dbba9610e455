//! What a sampler has replayed of a history, kept for the next ask.
//!
//! A sampler that goes by generations comes from the first trial to the present one in steps, each of which reads the trials
//! up to some number and no others. What it has come to is used again only where every one of these trials is what it was:
//! points and results are compared by 128 bits that are made of all of them. That two histories share these has a chance
//! below 1e-30.

use std::sync::{Mutex, PoisonError};

use crate::domain::params::Space;

use super::history::{History, RecordState};

/// Newest first: the state of the last ask, and one that no trial was pending in.
pub(super) struct Memo<T>(Mutex<Vec<Known<T>>>);

struct Known<T> {
    space: Space,
    /// The least trial number that it is known to hold for.
    number: u32,
    /// It comes from the trials before this one.
    begin: u32,
    digest: [u64; 2],
    state: T,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T: Clone> Memo<T> {
    /// The state that trial `number` is drawn from.
    ///
    /// `start` gives the state before any step, with the number of the first trial after it. `step` takes a state one step
    /// further, and gives the number of the first trial after that; `None` if there is no step before trial `number`. A step
    /// that is taken for one number must be the same for every greater one.
    ///
    /// Cost: O(n_trials · n_params) for the comparison, and that of the steps which are new or have changed.
    pub fn reach(
        &self,
        history: &History,
        number: u32,
        start: impl FnOnce() -> (u32, T),
        mut step: impl FnMut(&mut T) -> Option<u32>,
    ) -> T {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = |known: &&Known<T>| {
            known.number <= number && known.space == *history.space() && known.digest == digest(history, known.begin)
        };
        let (first, mut state) =
            known.iter().find(usable).map_or_else(start, |known| (known.begin, known.state.clone()));
        let first_pending = first_pending(history);
        let (mut begin, mut settled) = (first, None);
        while let Some(next) = step(&mut state) {
            begin = next;
            if begin <= first_pending {
                settled = Some((begin, state.clone()));
            }
        }
        if begin != first {
            let keep = |(begin, state): (u32, T)| {
                let space = history.space().clone();
                Known { space, number, begin, digest: digest(history, begin), state }
            };
            let settled = settled.filter(|(settled, _)| *settled != begin).map(keep);
            let old = known.drain(..).find(|known| settled.is_none() && known.begin < begin);
            known.push(keep((begin, state.clone())));
            known.extend(settled.or(old));
        }
        state
    }
}

fn first_pending(history: &History) -> u32 {
    let own = history.states().iter().skip(history.earlier() as usize);
    own.take_while(|state| **state != RecordState::Pending).count() as u32
}

/// Of all that is known of the earlier trials and of the sweep's own before `begin`.
fn digest(history: &History, begin: u32) -> [u64; 2] {
    let end = history.place(begin);
    let mut hash = [history.seed(), u64::from(history.earlier())];
    let mut add = |word: u64| {
        hash[0] = (hash[0].rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash[1] = (hash[1].rotate_left(29) ^ word).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    };
    history.directions().iter().for_each(|direction| add(*direction as u64));
    for column in history.columns() {
        column.slots.iter().take(end as usize).for_each(|slot| add(slot.to_bits()));
    }
    for place in 0..end {
        add(history.states()[place as usize] as u64);
        history.values(place).unwrap_or_default().iter().for_each(|value| add(value.to_bits()));
        add(history.violation(place).to_bits());
        if let Some((step, value)) = history.steps(place).last() {
            add(*step);
            add(value.to_bits());
        }
    }
    hash
}
