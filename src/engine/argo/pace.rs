//! How fast requests may follow each other, and how long to wait after a failure: one for each cluster.
//!
//! Writes take a place in a schedule of `1/rate` seconds each, with a burst of one second's worth. Failures in a row
//! make everybody wait, twice as long each time, so that a cluster that is away or in trouble is not pressed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Requests that failed within this long of each other failed for the same reason and count once.
const TOGETHER: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Pace {
    interval: Duration,
    burst: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the schedule of writes is free again.
    free_at: Option<Instant>,
    failures: u32,
    failed_at: Option<Instant>,
}

impl Pace {
    /// `writes_per_second` of at least 1.
    pub fn new(writes_per_second: u32) -> Self {
        let interval = Duration::from_secs(1) / writes_per_second.max(1);
        Self { interval, burst: Duration::from_secs(1), state: Mutex::default() }
    }

    /// Waits for the place of one write.
    pub async fn write(&self) {
        let at = self.reserve(Instant::now());
        tokio::time::sleep_until(at).await;
    }

    fn reserve(&self, now: Instant) -> Instant {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(self.burst).unwrap_or(now);
        let at = state.free_at.map_or(earliest, |free| free.max(earliest));
        state.free_at = Some(at + self.interval);
        at.max(now)
    }

    /// A request was answered.
    pub fn succeeded(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = 0;
        state.failed_at = None;
    }

    /// A request failed; returns how long to leave the cluster alone. `asked`: as long as the server wants.
    pub fn failed(&self, asked: Option<Duration>) -> Duration {
        self.pause(Instant::now()).max(asked.unwrap_or_default())
    }

    fn pause(&self, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failed_at.is_none_or(|at| now.duration_since(at) > TOGETHER) {
            state.failures += 1;
            state.failed_at = Some(now);
        }
        let doubled = Duration::from_secs(1 << state.failures.saturating_sub(1).min(5));
        doubled.min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_keep_their_distance_after_a_burst() {
        let pace = Pace::new(10);
        let now = Instant::now();
        let waits: Vec<u128> = (0..13).map(|_| (pace.reserve(now) - now).as_millis()).collect();
        assert_eq!(waits[..11], [0; 11]);
        assert_eq!(waits[11..], [100, 200]);
    }

    #[test]
    fn the_pause_doubles_with_failures_that_are_apart_and_ends_with_a_success() {
        let pace = Pace::new(10);
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            pauses.push(pace.pause(now).as_secs());
            assert_eq!(pace.pause(now).as_secs(), *pauses.last().unwrap(), "together, they count once");
            now += Duration::from_secs(1);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
        pace.succeeded();
        assert_eq!(pace.pause(now).as_secs(), 1);
    }
}
