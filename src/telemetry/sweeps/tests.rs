use super::*;
use crate::domain::metrics::Direction;
use crate::telemetry::{Exposition, Metrics};

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn after(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

fn metrics() -> Metrics {
    Metrics::new(NOW, "test")
}

fn figures(sweep: &str) -> SweepFigures {
    let objective = |metric: &str, direction| Objective { metric: metric.parse().unwrap(), direction, goal: None };
    SweepFigures {
        sweep: sweep.parse().unwrap(),
        tuning: "resnet".parse().unwrap(),
        engine: "training".parse().unwrap(),
        sampler: "tpe",
        state: SweepState::Running,
        counts: Counts { waiting: 1, running: 2, complete: 7, ..Counts::default() },
        planned: 40,
        progress: 0.175,
        objectives: vec![objective("val_loss", Direction::Minimize), objective("speed", Direction::Maximize)],
        best: vec![0.25, 110.0],
        created_at: after(-60),
        started_at: Some(after(-50)),
        ended_at: None,
        expected_end: Some(after(600)),
        last_news: NOW,
        quiet_limit: Some(SignedDuration::from_secs(3670)),
    }
}

fn finished(sweep: &str) -> SweepFigures {
    let (state, ended_at) = (SweepState::Finished, Some(NOW));
    SweepFigures { state, ended_at, expected_end: None, quiet_limit: None, progress: 1.0, ..figures(sweep) }
}

fn complete(number: u32) -> EndedTrial {
    EndedTrial { number, state: TrialState::Complete, values: vec![0.5, 90.0], took: SignedDuration::from_secs(42) }
}

/// The series that are about sweeps and trials, as of so many seconds later.
fn shown(metrics: &Metrics, seconds: i64) -> Vec<String> {
    let text = metrics.expose(None, Exposition::Text, after(seconds));
    let is_ours = |line: &&str| line.starts_with("tunebot_sweep") || line.starts_with("tunebot_trial");
    text.lines().filter(is_ours).map(str::to_owned).collect()
}

fn count(metrics: &Metrics, seconds: i64, name: &str) -> usize {
    shown(metrics, seconds).iter().filter(|line| line.starts_with(name)).count()
}

#[test]
fn a_sweep_under_way_is_told_with_all_that_a_dashboard_asks() {
    let metrics = metrics();
    let failed = EndedTrial { state: TrialState::Failed, values: Vec::new(), ..complete(4) };
    metrics.sweep_moved(figures("resnet-aaaaaa"), vec![complete(3), failed], NOW);
    insta::assert_snapshot!(shown(&metrics, 0).join("\n"), @r#"
    tunebot_sweep_info{sweep="resnet-aaaaaa",tuning="resnet",engine="training",sampler="tpe",objective="val_loss",direction="minimize"} 1.0
    tunebot_sweep_state{sweep="resnet-aaaaaa",tuning="resnet",state="queued"} 0.0
    tunebot_sweep_state{sweep="resnet-aaaaaa",tuning="resnet",state="running"} 1.0
    tunebot_sweep_state{sweep="resnet-aaaaaa",tuning="resnet",state="stopping"} 0.0
    tunebot_sweep_state{sweep="resnet-aaaaaa",tuning="resnet",state="finished"} 0.0
    tunebot_sweep_trials{sweep="resnet-aaaaaa",tuning="resnet",state="waiting"} 1.0
    tunebot_sweep_trials{sweep="resnet-aaaaaa",tuning="resnet",state="running"} 2.0
    tunebot_sweep_trials{sweep="resnet-aaaaaa",tuning="resnet",state="paused"} 0.0
    tunebot_sweep_trials{sweep="resnet-aaaaaa",tuning="resnet",state="complete"} 7.0
    tunebot_sweep_trials{sweep="resnet-aaaaaa",tuning="resnet",state="pruned"} 0.0
    tunebot_sweep_trials{sweep="resnet-aaaaaa",tuning="resnet",state="failed"} 0.0
    tunebot_sweep_trials_planned{sweep="resnet-aaaaaa",tuning="resnet"} 40.0
    tunebot_sweep_progress_ratio{sweep="resnet-aaaaaa",tuning="resnet"} 0.175
    tunebot_sweep_best_objective{sweep="resnet-aaaaaa",tuning="resnet",objective="val_loss",direction="minimize",position="1"} 0.25
    tunebot_sweep_best_objective{sweep="resnet-aaaaaa",tuning="resnet",objective="speed",direction="maximize",position="2"} 110.0
    tunebot_sweep_quiet_limit_seconds{sweep="resnet-aaaaaa",tuning="resnet"} 3670.0
    tunebot_sweep_created_timestamp_seconds{sweep="resnet-aaaaaa",tuning="resnet"} 1789999940.0
    tunebot_sweep_started_timestamp_seconds{sweep="resnet-aaaaaa",tuning="resnet"} 1789999950.0
    tunebot_sweep_expected_end_timestamp_seconds{sweep="resnet-aaaaaa",tuning="resnet"} 1790000600.0
    tunebot_sweep_last_news_timestamp_seconds{sweep="resnet-aaaaaa",tuning="resnet"} 1790000000.0
    tunebot_trial_objective{sweep="resnet-aaaaaa",tuning="resnet",trial="3",objective="val_loss",direction="minimize",position="1"} 0.5
    tunebot_trial_objective{sweep="resnet-aaaaaa",tuning="resnet",trial="3",objective="speed",direction="maximize",position="2"} 90.0
    tunebot_trial_duration_seconds{sweep="resnet-aaaaaa",tuning="resnet",trial="3",state="complete"} 42.0
    tunebot_trial_duration_seconds{sweep="resnet-aaaaaa",tuning="resnet",trial="4",state="failed"} 42.0
    tunebot_sweeps_hidden 0.0
    tunebot_trials_cut_short_total 0
    "#);
}

#[test]
fn a_sweep_that_has_ended_is_shown_for_ten_minutes_more_and_no_longer() {
    let metrics = metrics();
    metrics.sweep_moved(figures("resnet-aaaaaa"), Vec::new(), after(-10_000));
    assert_eq!(count(&metrics, 0, "tunebot_sweep_info"), 1, "a sweep under way is shown however long it takes");
    metrics.sweep_moved(finished("resnet-aaaaaa"), Vec::new(), NOW);
    let told = shown(&metrics, 600);
    let is_finished = r#"tunebot_sweep_state{sweep="resnet-aaaaaa",tuning="resnet",state="finished"} 1.0"#;
    assert!(told.iter().any(|line| line == is_finished), "{told:?}");
    assert_eq!(count(&metrics, 601, "tunebot_sweep_"), 0);
}

#[test]
fn two_scrapes_a_minute_apart_both_see_every_trial_that_has_ended() {
    let metrics = metrics();
    metrics.sweep_moved(figures("resnet-aaaaaa"), vec![complete(0)], NOW);
    // One right before it ended, so that the next ones come as late as can be.
    let seen = [59, 119, 179].map(|second| count(&metrics, second, "tunebot_trial_objective"));
    assert_eq!(seen, [2, 2, 0], "two objectives each");
}

#[test]
fn a_trial_that_is_told_twice_is_one() {
    let metrics = metrics();
    metrics.sweep_moved(figures("resnet-aaaaaa"), vec![complete(0)], NOW);
    metrics.sweep_moved(figures("resnet-aaaaaa"), vec![complete(0), complete(1)], after(1));
    assert_eq!(count(&metrics, 2, "tunebot_trial_duration_seconds"), 2);
}

#[test]
fn ten_thousand_trials_at_once_are_not_ten_thousand_series_and_what_is_left_out_is_counted() {
    let metrics = metrics();
    metrics.sweep_moved(figures("resnet-aaaaaa"), (0..10_000).map(complete).collect(), NOW);
    assert_eq!(count(&metrics, 1, "tunebot_trial_duration_seconds"), MOST_TRIALS_OF_ONE);
    assert_eq!(shown(&metrics, 1).last().unwrap(), "tunebot_trials_cut_short_total 9500");
}

#[test]
fn a_thousand_sweeps_at_once_are_not_a_thousand_series() {
    let metrics = metrics();
    for number in 0..1000 {
        let state = if number < 900 { SweepState::Queued } else { SweepState::Running };
        let sweep = SweepFigures { state, ..figures(&format!("resnet-{number:06}")) };
        metrics.sweep_moved(sweep, (0..100).map(complete).collect(), NOW);
    }
    assert_eq!(count(&metrics, 1, "tunebot_sweep_info"), MOST_SWEEPS);
    assert!(count(&metrics, 1, "tunebot_trial_duration_seconds") <= MOST_TRIALS);
    let told = shown(&metrics, 1);
    assert!(told.contains(&"tunebot_sweeps_hidden 800.0".to_owned()));
    let running = |line: &&String| line.contains(r#"state="running"} 1.0"#) && line.starts_with("tunebot_sweep_state");
    assert_eq!(told.iter().filter(running).count(), 100, "those that run come first");
}
