//! What is known of the workflows of one engine, and what each new state of one says that was not known. Pure.
//!
//! An attempt is here from its launch, or from the first time that it is seen, until it is forgotten.

use std::collections::HashMap;

use jiff::Timestamp;

use super::status::{Seen, Shutdown};
use crate::domain::ids::AttemptId;
use crate::domain::signal::{AttemptEnd, AttemptNews};
use crate::engine::Observation;

#[derive(Debug, Default)]
pub struct Index {
    attempts: HashMap<AttemptId, Known>,
    /// Counts the lists of all workflows.
    listing: u64,
}

#[derive(Debug)]
struct Known {
    /// The listing that it was last seen in, or that was current when it was launched.
    listing: u64,
    /// `None` while it was launched and not seen yet.
    state: Option<State>,
    /// It is known to be a workflow of this tunebot: of its name there may be one of another.
    is_ours: bool,
}

/// The part of a state that news are told from.
#[derive(Debug, Clone, PartialEq)]
struct State {
    progress: Option<(u64, u64)>,
    held: Option<Box<str>>,
    terminate_at: Option<Timestamp>,
    ended: bool,
}

impl Index {
    /// The store says that the attempt was launched: its workflow should be in the cluster.
    pub fn expected(&mut self, attempt: &AttemptId) {
        self.known(attempt);
    }

    /// The workflow of the attempt is in the cluster: this program, or an earlier one, has put it there.
    pub fn launched(&mut self, attempt: &AttemptId) {
        self.known(attempt).is_ours = true;
    }

    /// Is it certain that the workflow of the attempt's name is ours?
    pub fn is_ours(&self, attempt: &AttemptId) -> bool {
        self.attempts.get(attempt).is_some_and(|known| known.is_ours)
    }

    fn known(&mut self, attempt: &AttemptId) -> &mut Known {
        let listing = self.listing;
        self.attempts.entry(attempt.clone()).or_insert(Known { listing, state: None, is_ours: false })
    }

    /// A list of all workflows begins.
    pub fn begin_listing(&mut self) {
        self.listing += 1;
    }

    /// A workflow as it is in the list.
    pub fn listed(&mut self, seen: Seen, now: Timestamp) -> Vec<Observation> {
        self.changed(seen, true, now)
    }

    /// The list is complete: what was there before it began and is not in it is gone.
    pub fn end_listing(&mut self, now: Timestamp) -> Vec<Observation> {
        let listing = self.listing;
        let gone = self.attempts.extract_if(|_, known| known.listing < listing);
        gone.filter(|(_, known)| !known.has_ended()).map(|(attempt, _)| lost(attempt, now)).collect()
    }

    /// A workflow has changed.
    pub fn applied(&mut self, seen: Seen, now: Timestamp) -> Vec<Observation> {
        self.changed(seen, false, now)
    }

    /// A workflow is gone, and this was its last state; also one that is only not watched any longer.
    pub fn deleted(&mut self, seen: Seen, now: Timestamp) -> Vec<Observation> {
        let Some(known) = self.attempts.get(&seen.attempt) else {
            // Forgotten: it has ended and that is written down.
            return Vec::new();
        };
        if known.has_ended() {
            return Vec::new();
        }
        let attempt = seen.attempt.clone();
        let ended = seen.end.is_some();
        let mut news = self.changed(seen, false, now);
        if !ended {
            self.attempts.remove(&attempt);
            news.push(lost(attempt, now));
        }
        news
    }

    /// The end of the attempt is written down. Returns whether there is a workflow of ours for it.
    pub fn forget(&mut self, attempt: &AttemptId) -> bool {
        self.attempts.remove(attempt).is_some_and(|known| known.is_ours)
    }

    /// The attempts whose workflows are there and have not ended.
    pub fn unfinished(&self) -> Vec<AttemptId> {
        let runs = |known: &Known| known.state.as_ref().is_some_and(|state| !state.ended);
        self.attempts.iter().filter(|(_, known)| runs(known)).map(|(attempt, _)| attempt.clone()).collect()
    }

    /// Takes the attempts that were told to end, have not, and whose grace is over: each once.
    pub fn take_overdue(&mut self, now: Timestamp) -> Vec<AttemptId> {
        let mut overdue = Vec::new();
        for (attempt, known) in &mut self.attempts {
            if let Some(state) = &mut known.state
                && state.terminate_at.is_some_and(|at| at <= now)
            {
                state.terminate_at = None;
                if !state.ended {
                    overdue.push(attempt.clone());
                }
            }
        }
        overdue
    }

    /// The news of one state; with `repeat` also what was told before.
    fn changed(&mut self, seen: Seen, repeat: bool, now: Timestamp) -> Vec<Observation> {
        let listing = self.listing;
        let known = self.known(&seen.attempt);
        (known.listing, known.is_ours) = (listing, true);
        let state = State {
            progress: seen.progress,
            held: seen.held.as_deref().map(Into::into),
            // Once it is being terminated there is nothing more to do for it.
            terminate_at: seen.terminate_at.filter(|_| seen.shutdown != Some(Shutdown::Terminate)),
            ended: seen.end.is_some(),
        };
        let before = known.state.replace(state.clone());
        let mut news = Vec::new();
        if before.is_none() || repeat {
            news.push((seen.created_at, AttemptNews::Started));
        }
        match seen.end {
            Some(ended) if repeat || before.as_ref().is_none_or(|before| !before.ended) => {
                news.push((ended.at, AttemptNews::Ended { end: ended.end }));
            }
            Some(_) => {}
            None => {
                let (progress, held) = before.map_or((None, None), |before| (before.progress, before.held));
                if let Some((done, total)) = seen.progress
                    && (repeat || progress != seen.progress)
                {
                    news.push((now, AttemptNews::Progress { done, total }));
                }
                if state.held != held || repeat && state.held.is_some() {
                    news.push((now, AttemptNews::Held { why: seen.held }));
                }
            }
        }
        let observation = |(at, news)| Observation::Attempt { attempt: seen.attempt.clone(), at, news };
        news.into_iter().map(observation).collect()
    }
}

impl Known {
    fn has_ended(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.ended)
    }
}

fn lost(attempt: AttemptId, at: Timestamp) -> Observation {
    let reason = format!(
        "its workflow {attempt} is not in the cluster any longer: somebody, or a clean-up job, deleted it before it ended"
    );
    let end = AttemptEnd::Lost { reason, by_restart: false };
    Observation::Attempt { attempt, at, news: AttemptNews::Ended { end } }
}

#[cfg(test)]
mod tests;
