//! Estimates held against sweeps that are played through with trials of random length.

use jiff::Timestamp;

use super::*;
use crate::domain::report::Counts;
use crate::domain::signal::StopRequest;
use crate::domain::{sweep, tuning};
use crate::plan::summary;

/// Numbers from 0 to 1 that look random and are the same in every run.
struct Lengths(u64);

impl Lengths {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Seconds: 60 to 180; every third trial is stopped early, at a third of that.
    fn trial(&mut self) -> f64 {
        let length = 60.0 + 120.0 * self.next();
        if self.next() < 1.0 / 3.0 { length / 3.0 } else { length }
    }
}

/// The report of a sweep whose trials take so long, each on the place that is free first.
fn played(trials: u32, parallel: u32, lengths: &mut Lengths) -> Report {
    let mut places = vec![0.0_f64; parallel as usize];
    let mut all = 0.0;
    for _ in 0..trials {
        let length = lengths.trial();
        let first = places.iter_mut().min_by(|a, b| a.total_cmp(b)).unwrap();
        *first += length;
        all += length;
    }
    let wall = places.iter().copied().fold(0.0, f64::max);
    finished(trials, parallel, wall, all)
}

fn finished(trials: u32, parallel: u32, wall: f64, all: f64) -> Report {
    let start = Timestamp::UNIX_EPOCH;
    Report {
        phase: Phase::Finished { outcome: Outcome::Completed },
        counts: Counts { complete: trials, ..Counts::default() },
        trials,
        parallel,
        started_at: Some(start),
        ended_at: Some(start + SignedDuration::from_secs_f64(wall)),
        trial_time: SignedDuration::from_secs_f64(all),
        ..summary::first_report(&sweep::fixture(tuning::fixture()), start)
    }
}

fn wall(report: &Report) -> SignedDuration {
    report.ended_at.unwrap().duration_since(report.started_at.unwrap())
}

fn tuning_of(trials: u32, parallel: u32) -> Tuning {
    let mut tuning = tuning::fixture();
    (tuning.limits.trials, tuning.limits.parallel) = (trials, parallel);
    tuning
}

#[test]
fn a_sweep_like_the_last_ones_takes_what_they_took() {
    let mut lengths = Lengths(7);
    for (trials, parallel) in [(40, 8), (100, 4), (24, 1), (60, 10)] {
        let earlier: Vec<Report> = (0..5).map(|_| played(trials, parallel, &mut lengths)).collect();
        let estimate = estimate(&tuning_of(trials, parallel), &earlier).unwrap();
        let next: Vec<Report> = (0..50).map(|_| played(trials, parallel, &mut lengths)).collect();
        let mean = |of: &dyn Fn(&Report) -> f64| next.iter().map(of).sum::<f64>() / next.len() as f64;
        let wall = mean(&|next| wall(next).as_secs_f64());
        let all = mean(&|next| next.trial_time.as_secs_f64());
        let off = |estimate: SignedDuration, took: f64| (estimate.as_secs_f64() / took - 1.0).abs();
        assert!(off(estimate.duration, wall) < 0.15, "{trials} on {parallel}: {estimate:?}, take {wall} s");
        assert!(off(estimate.trial_time, all) < 0.15, "{trials} on {parallel}: {estimate:?}, take {all} s");
    }
}

#[test]
fn more_trials_or_more_places_change_the_estimate_accordingly() {
    let mut lengths = Lengths(11);
    let earlier: Vec<Report> = (0..5).map(|_| played(40, 4, &mut lengths)).collect();
    for (trials, parallel) in [(200, 4), (40, 2), (80, 8)] {
        let next = played(trials, parallel, &mut lengths);
        let estimate = estimate(&tuning_of(trials, parallel), &earlier).unwrap();
        let took = wall(&next);
        let off = (estimate.duration.as_secs_f64() / took.as_secs_f64() - 1.0).abs();
        assert!(off < 0.25, "{trials} on {parallel}: {estimate:?}, took {took:#}");
    }
}

#[test]
fn one_sweep_that_went_astray_does_not_spoil_it() {
    let usual = || finished(10, 2, 600.0, 1000.0);
    let earlier = [usual(), finished(10, 2, 90_000.0, 170_000.0), usual()];
    let estimate = estimate(&tuning_of(10, 2), &earlier).unwrap();
    assert_eq!((estimate.duration.as_secs(), estimate.trial_time.as_secs(), estimate.sweeps), (600, 1000, 3));
}

#[test]
fn sweeps_that_usually_end_early_are_expected_to() {
    let early = Report { trials: 40, ..finished(10, 2, 600.0, 1000.0) };
    let estimate = estimate(&tuning_of(40, 2), &[early]).unwrap();
    assert_eq!(estimate.duration.as_secs(), 600);
}

#[test]
fn a_deadline_is_the_most_that_it_takes() {
    let mut tuning = tuning_of(1000, 2);
    tuning.limits.deadline = Some(SignedDuration::from_hours(1));
    let estimate = estimate(&tuning, &[finished(10, 2, 600.0, 1000.0)]).unwrap();
    assert_eq!(estimate.duration, SignedDuration::from_hours(1));
}

#[test]
fn what_was_stopped_imported_or_never_timed_tells_nothing() {
    let with = |outcome| Report { phase: Phase::Finished { outcome }, ..finished(10, 2, 600.0, 1000.0) };
    let earlier = [
        with(Outcome::Stopped { by: StopRequest::PullRequestClosed }),
        with(Outcome::TooManyFailures { failed: 5 }),
        with(Outcome::Imported),
        finished(10, 2, 600.0, 0.0),
    ];
    assert_eq!(estimate(&tuning_of(10, 2), &earlier), None);
    assert_eq!(estimate(&tuning_of(10, 2), &[]), None);
}
