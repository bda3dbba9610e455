//! What a sampler has replayed, kept for the next ask.
//!
//! A course is used again only where every trial that it came from is what it was: their points and results are compared by
//! 128 bits that are made of all of them. That two histories share these has a chance below 1e-30.

use std::sync::{Mutex, PoisonError};

use crate::domain::params::Space;
use crate::search::history::{History, RecordState};

use super::generations::Course;
use super::problem::Problem;

/// Newest first: the course of the last ask, and one that no trial was pending in.
#[derive(Default)]
pub(super) struct Memo(Mutex<Vec<Known>>);

struct Known {
    space: Space,
    /// The least trial number that it is known to hold for.
    number: u32,
    digest: [u64; 2],
    course: Course,
}

impl Memo {
    /// The course that trial `number` is drawn from.
    ///
    /// Cost: O(n_trials · n_params) for the comparison, and that of the generations which are new or have changed.
    pub fn course(&self, problem: &Problem<'_>, population: Option<u32>, number: u32) -> Course {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let history = problem.history;
        let usable = |known: &&Known| {
            known.number <= number
                && known.space == *history.space()
                && known.digest == digest(history, known.course.begin)
        };
        let found = known.iter().find(usable).map(|known| known.course.clone());
        let begin = found.as_ref().map(|course| course.begin);
        let mut course = found.unwrap_or_else(|| Course::new(problem, population, number));
        let mut settled = None;
        let first_pending = first_pending(history);
        loop {
            if course.begin <= first_pending && course.begin > course.leading {
                settled = Some(course.clone());
            }
            if !course.advance(problem, number) {
                break;
            }
        }
        if begin != Some(course.begin) && course.begin > course.leading {
            let keep = |course: Course| Known {
                space: history.space().clone(),
                number,
                digest: digest(history, course.begin),
                course,
            };
            let settled = settled.filter(|settled| settled.begin != course.begin).map(keep);
            let old = known.drain(..).find(|known| settled.is_none() && known.course.begin < course.begin);
            *known = [Some(keep(course.clone())), settled.or(old)].into_iter().flatten().collect();
        }
        course
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
