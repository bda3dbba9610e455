//! The pace that Slack wants to be called at: about one new message a second in a channel, and so many calls a minute of
//! each method.
//!
//! Nobody waits here. Who comes too early is told how long to stay away and has a turn then, so that a busy channel holds
//! up nobody but its own: the message goes back to the outbox with a time at which it falls due. Turns are given in the
//! order of asking; a thousand messages for one channel come back one after the other, not all at once. They are kept in
//! memory only: after a restart what waits falls due as it was told, and is told again if that is too early.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls that may follow one another at once after a pause.
const BURST: u32 = 3;
/// A turn that nobody took is forgotten after this long.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// How often Slack may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceLimits {
    /// New messages, in each channel.
    pub posts_per_second: u32,
    /// Edits, and as often each way of reading: Slack's tier 3.
    pub edits_per_minute: u32,
    /// Each step of an upload: Slack's tier 4.
    pub uploads_per_minute: u32,
}

impl Default for PaceLimits {
    fn default() -> Self {
        Self { posts_per_second: 1, edits_per_minute: 50, uploads_per_minute: 100 }
    }
}

/// What has a pace of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Limit {
    /// New messages in a channel.
    Posts(String),
    Method(&'static str),
}

impl Limit {
    /// The limit that a call is under.
    pub fn of(method: &'static str, channel: &str) -> Self {
        if method == "chat.postMessage" { Self::Posts(channel.to_owned()) } else { Self::Method(method) }
    }
}

pub struct Pace {
    limits: PaceLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    gates: HashMap<Limit, Gate>,
    /// When who was sent away may come again.
    turns: HashMap<String, Instant>,
}

struct Gate {
    /// From one call to the next in the long run.
    interval: Duration,
    /// When all that was called would have been called at the interval.
    even: Instant,
    /// When the next one may come who is sent away.
    next_turn: Instant,
    closed_until: Instant,
}

impl Pace {
    pub fn new(limits: PaceLimits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// May `who` make so many calls in each way now? They count as made then.
    ///
    /// # Errors
    /// Not yet: how long to stay away.
    pub fn admit(&self, who: &str, calls: &[(Limit, u32)], now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let has_turn = state.turns.get(who).is_some_and(|turn| *turn <= now);
        let mut earliest = now;
        for (limit, count) in calls {
            let gate = state.gates.entry(limit.clone()).or_insert_with(|| self.gate(limit, now));
            earliest = earliest.max(gate.earliest(*count));
            if !has_turn {
                earliest = earliest.max(gate.next_turn);
            }
        }
        if earliest <= now {
            state.turns.remove(who);
            for (limit, count) in calls {
                state.gates.entry(limit.clone()).and_modify(|gate| gate.take(*count, now));
            }
            return Ok(());
        }
        for (limit, count) in calls {
            state.gates.entry(limit.clone()).and_modify(|gate| {
                earliest = earliest.max(gate.next_turn);
                gate.next_turn = earliest + gate.interval * *count;
            });
        }
        state.turns.retain(|_, turn| now.saturating_duration_since(*turn) < FORGOTTEN);
        state.turns.insert(who.to_owned(), earliest);
        Err(earliest - now)
    }

    /// A call that nobody asked about was made.
    pub fn count(&self, limit: &Limit, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.gates.entry(limit.clone()).or_insert_with(|| self.gate(limit, now)).take(1, now);
    }

    /// Slack said that it takes nothing of this kind for so long.
    pub fn close(&self, limit: &Limit, time: Duration, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = state.gates.entry(limit.clone()).or_insert_with(|| self.gate(limit, now));
        gate.closed_until = gate.closed_until.max(now + time);
        gate.next_turn = gate.next_turn.max(gate.closed_until);
    }

    fn gate(&self, limit: &Limit, now: Instant) -> Gate {
        let (count, time) = match limit {
            Limit::Posts(_) => (self.limits.posts_per_second, Duration::from_secs(1)),
            Limit::Method(method) if method.starts_with("files.") => {
                (self.limits.uploads_per_minute, Duration::from_secs(60))
            }
            Limit::Method(_) => (self.limits.edits_per_minute, Duration::from_secs(60)),
        };
        Gate { interval: time / count.max(1), even: now, next_turn: now, closed_until: now }
    }
}

impl Gate {
    /// When so many calls may be made, as far as the calls before tell.
    fn earliest(&self, count: u32) -> Instant {
        let ahead = self.interval * BURST.saturating_sub(count);
        self.even.checked_sub(ahead).unwrap_or(self.even).max(self.closed_until)
    }

    fn take(&mut self, count: u32, now: Instant) {
        self.even = self.even.max(now) + self.interval * count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn posts(channel: &str) -> [(Limit, u32); 1] {
        [(Limit::Posts(channel.to_owned()), 1)]
    }

    #[test]
    fn a_few_messages_go_at_once_and_the_others_one_a_second() {
        let (pace, start) = (Pace::new(PaceLimits::default()), Instant::now());
        let answers: Vec<_> = (0..6).map(|who| pace.admit(&format!("m{who}"), &posts("C1"), start)).collect();
        let waits = [1, 2, 3].map(|seconds| Err(SECOND * seconds));
        assert_eq!(answers, [&[Ok(()); 3][..], &waits].concat());
        assert_eq!(pace.admit("other", &posts("C2"), start), Ok(()), "another channel has a pace of its own");
        assert_eq!(pace.admit("m3", &posts("C1"), start + SECOND), Ok(()));
        assert_eq!(pace.admit("m4", &posts("C1"), start + SECOND * 2), Ok(()));
    }

    #[test]
    fn who_comes_anew_does_not_take_the_turn_of_who_waits() {
        let (pace, start) = (Pace::new(PaceLimits::default()), Instant::now());
        for who in 0..4 {
            let _ = pace.admit(&format!("m{who}"), &posts("C1"), start);
        }
        assert_eq!(pace.admit("new", &posts("C1"), start + SECOND), Err(SECOND), "m3 has this second");
        assert_eq!(pace.admit("m3", &posts("C1"), start + SECOND), Ok(()));
        assert_eq!(pace.admit("new", &posts("C1"), start + SECOND * 2), Ok(()));
    }

    /// Whatever comes when, no window of time sees more than its share.
    #[test]
    fn a_thousand_messages_keep_the_pace_even_if_they_come_late_and_together() {
        let (pace, start) = (Pace::new(PaceLimits::default()), Instant::now());
        let mut due: Vec<(Duration, u32)> = (0..1000).map(|who| (Duration::ZERO, who)).collect();
        let mut sent: Vec<Duration> = Vec::new();
        while !due.is_empty() {
            due.sort();
            let (at, who) = due.remove(0);
            // What carries them is held up now and then, for a quarter of a minute.
            let at = if at.as_secs() % 60 < 15 && at > SECOND {
                Duration::from_secs(at.as_secs() / 60 * 60 + 15)
            } else {
                at
            };
            match pace.admit(&who.to_string(), &posts("C1"), start + at) {
                Ok(()) => sent.push(at),
                Err(wait) => due.push((at + wait, who)),
            }
        }
        sent.sort();
        assert_eq!(sent.len(), 1000);
        for (first, last) in sent.iter().zip(&sent[BURST as usize..]) {
            assert!(*last - *first >= SECOND, "{} messages within {:?}", BURST + 1, *last - *first);
        }
        assert!(sent[999] < SECOND * 1400, "{:?}", sent[999]);
    }

    #[test]
    fn a_method_that_slack_closes_is_left_alone_and_no_other() {
        let (pace, start) = (Pace::new(PaceLimits::default()), Instant::now());
        let edits = [(Limit::Method("chat.update"), 1)];
        assert_eq!(pace.admit("a", &edits, start), Ok(()));
        pace.close(&edits[0].0, SECOND * 30, start);
        assert_eq!(pace.admit("b", &edits, start), Err(SECOND * 30));
        assert_eq!(pace.admit("c", &posts("C1"), start), Ok(()));
        assert_eq!(pace.admit("b", &edits, start + SECOND * 30), Ok(()));
    }

    #[test]
    fn what_is_under_several_limits_waits_for_all_of_them() {
        let (pace, start) = (Pace::new(PaceLimits::default()), Instant::now());
        let charts = [(Limit::Method("files.getUploadURLExternal"), 2), (Limit::Posts("C1".to_owned()), 1)];
        assert_eq!(pace.admit("a", &charts, start), Ok(()));
        let wait = pace.admit("b", &charts, start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(600), "two uploads at 100 a minute");
        assert_eq!(pace.admit("b", &charts, start + wait), Ok(()));
    }
}
