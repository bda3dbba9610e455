//! How fast a trial's reports go on: a trial that prints a million steps must not flood the store.
//!
//! At most [`RATE`] reports a second after the first [`BURST`]; in between, the latest waits and those before it are
//! dropped. Reports of the same step that wait become one, later values winning. Of progress only the latest waits, and
//! at most one a second goes on. What waits at the end of the trial goes on then.

use std::time::{Duration, Instant};

use crate::domain::metrics::Metrics;
use crate::domain::signal::AttemptNews;

const RATE: u32 = 20;
const BURST: f64 = 100.0;
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// The reports of one trial that wait to go on. Time is an argument.
#[derive(Debug)]
pub(super) struct Pace {
    report: Option<(u64, Metrics)>,
    progress: Option<(u64, u64)>,
    /// Reports that may go on at `counted_at`.
    allowance: f64,
    counted_at: Instant,
    progress_from: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { report: None, progress: None, allowance: BURST, counted_at: now, progress_from: now }
    }

    pub fn report(&mut self, step: u64, metrics: Metrics) {
        match &mut self.report {
            Some((waiting, held)) if *waiting == step => held.0.extend(metrics.0),
            _ => self.report = Some((step, metrics)),
        }
    }

    pub fn progress(&mut self, done: u64, total: u64) {
        self.progress = Some((done, total));
    }

    /// When something that waits may go on.
    pub fn due(&self) -> Option<Instant> {
        let report = self.report.as_ref().map(|_| {
            let missing = (1.0 - self.allowance).max(0.0);
            self.counted_at + Duration::from_secs_f64(missing / f64::from(RATE))
        });
        let progress = self.progress.map(|_| self.progress_from);
        report.into_iter().chain(progress).min()
    }

    /// What goes on now.
    pub fn take(&mut self, now: Instant) -> Vec<AttemptNews> {
        let passed = now.saturating_duration_since(self.counted_at).as_secs_f64();
        self.allowance = (self.allowance + passed * f64::from(RATE)).min(BURST);
        self.counted_at = now;
        let mut news = Vec::new();
        // A whole one but for what rounding takes: `due` must never name an instant at which nothing goes on.
        if self.allowance >= 1.0 - 1e-6
            && let Some((step, metrics)) = self.report.take()
        {
            self.allowance -= 1.0;
            news.push(AttemptNews::Reported { step, metrics });
        }
        if now >= self.progress_from
            && let Some((done, total)) = self.progress.take()
        {
            self.progress_from = now + PROGRESS_INTERVAL;
            news.push(AttemptNews::Progress { done, total });
        }
        news
    }

    /// All that waits, however fast it came.
    pub fn take_all(&mut self) -> Vec<AttemptNews> {
        let report = self.report.take().map(|(step, metrics)| AttemptNews::Reported { step, metrics });
        let progress = self.progress.take().map(|(done, total)| AttemptNews::Progress { done, total });
        report.into_iter().chain(progress).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(value: f64) -> Metrics {
        [("loss".parse().unwrap(), value)].into_iter().collect()
    }

    #[test]
    fn a_slow_trial_loses_nothing() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for step in 1..1000 {
            pace.report(step, loss(1.0));
            let now = start + Duration::from_millis(50 * step);
            assert_eq!(pace.take(now), [AttemptNews::Reported { step, metrics: loss(1.0) }]);
        }
    }

    #[test]
    fn a_flood_is_thinned_and_its_end_arrives() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut went_on = 0;
        for step in 1..=1_000_000_u64 {
            pace.report(step, loss(1.0));
            went_on += pace.take(start + Duration::from_micros(step)).len();
        }
        assert!((100..=121).contains(&went_on), "{went_on}");
        assert_eq!(pace.take_all(), [AttemptNews::Reported { step: 1_000_000, metrics: loss(1.0) }]);
    }

    #[test]
    fn what_waits_goes_on_when_it_is_due() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.due(), None);
        for step in 0..101 {
            pace.report(step, loss(1.0));
            pace.take(start);
        }
        let due = pace.due().unwrap();
        assert!(due > start);
        assert_eq!(pace.take(due).len(), 1);
    }

    #[test]
    fn reports_of_one_step_become_one() {
        let mut pace = Pace::new(Instant::now());
        pace.report(3, loss(1.0));
        pace.report(3, [("acc".parse().unwrap(), 0.5), ("loss".parse().unwrap(), 2.0)].into_iter().collect());
        let both: Metrics = [("acc".parse().unwrap(), 0.5), ("loss".parse().unwrap(), 2.0)].into_iter().collect();
        assert_eq!(pace.take_all(), [AttemptNews::Reported { step: 3, metrics: both }]);
    }

    #[test]
    fn progress_goes_on_once_a_second_with_the_latest() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.progress(1, 9);
        assert_eq!(pace.take(start), [AttemptNews::Progress { done: 1, total: 9 }]);
        pace.progress(2, 9);
        pace.progress(3, 9);
        assert_eq!(pace.take(start), []);
        assert_eq!(pace.take(start + PROGRESS_INTERVAL), [AttemptNews::Progress { done: 3, total: 9 }]);
    }
}
