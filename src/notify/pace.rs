//! How often a service may be written to. Whoever may not write yet is told when: the message goes back into the outbox
//! with that instant and occupies no place meanwhile.
//!
//! Only a memory: after a restart everything is free again, and the service itself says if that was too much.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The service counts by its own clock, and a call takes a while to reach it: a tenth more, and no more than this.
const MOST_MARGIN: Duration = Duration::from_secs(1);
/// A message that did not come at its time, because something newer took its place, is no longer waited for after this.
const FORGET: Duration = Duration::from_secs(600);
/// What tells of progress comes back after this at the latest: the message may be a final one by then.
const PROGRESS_PATIENCE: Duration = Duration::from_secs(15);

/// So many in any span of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub count: u32,
    pub within: Duration,
}

impl Limit {
    /// What counts as the span here.
    fn span(&self) -> Duration {
        self.within + (self.within / 10).min(MOST_MARGIN)
    }
}

/// What a message is about, and so who waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A person waits for an answer. A fifth of what may be written is kept for this.
    Answer,
    /// The first and the last word about a sweep.
    Result,
    /// Edits in between: rarely enough that they leave room for the others.
    Progress,
}

/// The pace of one service, for each scope in which it counts: an installation, a channel.
pub struct Pace {
    limits: Vec<Limit>,
    /// The least time between two edits that tell of progress.
    progress_every: Duration,
    scopes: Mutex<HashMap<String, Scope>>,
}

#[derive(Default)]
struct Scope {
    answers: Ledger,
    others: Ledger,
    last_progress: Option<Instant>,
    /// When those messages may be written that were told to come back.
    promised: HashMap<String, Instant>,
}

/// When something was written or may be, in order.
#[derive(Default)]
struct Ledger(VecDeque<Instant>);

impl Pace {
    pub fn new(limits: impl Into<Vec<Limit>>, progress_every: Duration) -> Self {
        Self { limits: limits.into(), progress_every, scopes: Mutex::default() }
    }

    /// May the message of `slot` be written now?
    ///
    /// # Errors
    /// Not yet: come back after this long. The message is expected then.
    pub fn admit(&self, scope: &str, slot: &str, urgency: Urgency, now: Instant) -> Result<(), Duration> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if !scopes.contains_key(scope) {
            scopes.insert(scope.to_owned(), Scope::default());
        }
        let Some(scope) = scopes.get_mut(scope) else { return Ok(()) };
        if let Some(at) = scope.promised.get(slot).copied() {
            return if at <= now {
                scope.promised.remove(slot);
                Ok(())
            } else {
                Err(at - now)
            };
        }
        scope.promised.retain(|_, at| now.saturating_duration_since(*at) < FORGET);
        if urgency == Urgency::Progress {
            return self.admit_progress(scope, now);
        }
        let at = self.next(scope, urgency, now);
        if at <= now {
            return Ok(());
        }
        scope.promised.insert(slot.to_owned(), at);
        Err(at - now)
    }

    /// Takes the next free instant.
    fn next(&self, scope: &mut Scope, urgency: Urgency, now: Instant) -> Instant {
        let other = scope.others.earliest(&self.shares(false), now);
        if urgency == Urgency::Answer
            && let Some(own) =
                scope.answers.earliest(&self.shares(true), now).filter(|own| other.is_none_or(|other| *own <= other))
        {
            scope.answers.0.push_back(own);
            return own;
        }
        let at = other.unwrap_or(now);
        scope.others.0.push_back(at);
        at
    }

    fn admit_progress(&self, scope: &mut Scope, now: Instant) -> Result<(), Duration> {
        let spaced = scope.last_progress.map_or(now, |last| (last + self.progress_every).max(now));
        let at = scope.others.earliest(&self.shares(false), now).unwrap_or(now).max(spaced);
        if at > now {
            return Err((at - now).min(PROGRESS_PATIENCE));
        }
        scope.last_progress = Some(now);
        scope.others.0.push_back(now);
        Ok(())
    }

    /// The part of each limit that is for answers, or for the others.
    fn shares(&self, answers: bool) -> Vec<Limit> {
        let share = |limit: &Limit| {
            let kept = limit.count / 5;
            let count = if answers { kept } else { limit.count - kept };
            Limit { count, within: limit.within }
        };
        self.limits.iter().map(share).collect()
    }
}

impl Ledger {
    /// The earliest instant at which one more keeps to all limits; none if a limit allows nothing at all.
    fn earliest(&mut self, limits: &[Limit], now: Instant) -> Option<Instant> {
        let longest = limits.iter().map(Limit::span).max().unwrap_or_default();
        while self.0.front().is_some_and(|first| now.saturating_duration_since(*first) > longest) {
            self.0.pop_front();
        }
        let mut earliest = now;
        for limit in limits {
            let count = usize::try_from(limit.count).unwrap_or(usize::MAX);
            if count == 0 {
                return None;
            }
            if let Some(place) = self.0.len().checked_sub(count)
                && let Some(blocking) = self.0.get(place)
            {
                earliest = earliest.max(*blocking + limit.span());
            }
        }
        Some(earliest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn pace() -> Pace {
        let limits = [Limit { count: 10, within: MINUTE }, Limit { count: 20, within: 60 * MINUTE }];
        Pace::new(limits, Duration::from_secs(30))
    }

    /// Writes everything as soon as it may be written; the seconds at which each was.
    fn write_all(pace: &Pace, urgency: Urgency, count: u64) -> Vec<u64> {
        let start = Instant::now();
        let mut waiting: Vec<(Duration, u64)> = (0..count).map(|number| (Duration::ZERO, number)).collect();
        let mut written = Vec::new();
        while let Some(place) = (0..waiting.len()).min_by_key(|place| waiting[*place].0) {
            let (at, number) = waiting[place];
            match pace.admit("acme", &number.to_string(), urgency, start + at) {
                Ok(()) => {
                    waiting.remove(place);
                    written.push(at.as_secs());
                }
                Err(wait) => waiting[place].0 = at + wait,
            }
        }
        written
    }

    #[test]
    fn results_keep_to_both_limits_and_leave_a_fifth_to_answers() {
        let written = write_all(&pace(), Urgency::Result, 20);
        assert_eq!(written[..8], [0; 8]);
        assert_eq!(written[8..16], [61; 8]);
        assert_eq!(written[16..], [3601; 4], "16 of 20 an hour");
    }

    #[test]
    fn an_answer_goes_out_before_results_that_wait() {
        let (pace, now) = (pace(), Instant::now());
        let admit = |slot: &str, urgency| pace.admit("acme", slot, urgency, now).is_ok();
        let results = (0..12).filter(|number| admit(&format!("result {number}"), Urgency::Result)).count();
        let answers = (0..4).filter(|number| admit(&format!("answer {number}"), Urgency::Answer)).count();
        assert_eq!((results, answers), (8, 2));
    }

    #[test]
    fn progress_is_told_rarely_and_comes_back_soon_to_see() {
        let (pace, now) = (pace(), Instant::now());
        let admit = |slot: &str, at| pace.admit("acme", slot, Urgency::Progress, now + Duration::from_secs(at));
        assert_eq!(admit("a", 0), Ok(()));
        assert_eq!(admit("b", 0), Err(Duration::from_secs(15)));
        assert_eq!(admit("b", 20), Err(Duration::from_secs(10)));
        assert_eq!(admit("b", 30), Ok(()));
    }

    #[test]
    fn what_was_promised_is_kept_and_scopes_do_not_mind_each_other() {
        let limits = [Limit { count: 1, within: Duration::from_secs(1) }];
        let (pace, now) = (Pace::new(limits, Duration::ZERO), Instant::now());
        let admit = |scope, slot, at| pace.admit(scope, slot, Urgency::Result, now + Duration::from_millis(at));
        assert_eq!(admit("C1", "a", 0), Ok(()));
        assert_eq!(admit("C2", "b", 0), Ok(()));
        assert_eq!(admit("C1", "c", 0), Err(Duration::from_millis(1100)));
        assert_eq!(admit("C1", "d", 0), Err(Duration::from_millis(2200)));
        assert_eq!(admit("C1", "d", 1100), Err(Duration::from_millis(1100)), "not before its turn");
        assert_eq!(admit("C1", "c", 1100), Ok(()));
        assert_eq!(admit("C1", "d", 2200), Ok(()));
    }
}
