use proptest::prelude::*;

use super::*;
use crate::domain::params::{Params, Value};
use crate::domain::tuning::fixture;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn trial() -> Trial {
    Trial::proposed(0, Params::default(), at(0))
}

fn loss(value: f64) -> Metrics {
    [("loss".parse().unwrap(), value)].into_iter().collect()
}

fn ended(end: AttemptEnd) -> AttemptNews {
    AttemptNews::Ended { end }
}

fn lost(by_restart: bool) -> AttemptNews {
    ended(AttemptEnd::Lost { reason: "the node went away".into(), by_restart })
}

#[test]
fn a_trial_that_gives_its_metric_is_complete() {
    let mut trial = trial();
    assert_eq!(tell(&mut trial, 1, &AttemptNews::Started, at(1), &fixture()), Told::Changed);
    tell(&mut trial, 1, &ended(AttemptEnd::Succeeded { metrics: loss(0.5) }), at(2), &fixture());
    assert_eq!((trial.state, trial.started_at, trial.ended_at), (TrialState::Complete, Some(at(1)), Some(at(2))));
}

#[test]
fn a_nan_or_a_missing_metric_fails_the_trial_and_says_so() {
    for (metrics, reason) in [
        (loss(f64::NAN), "it gave loss = NaN, which is not a number to compare"),
        (Metrics::default(), "it ended well but gave no loss, nor any other metric"),
        ([("accuracy".parse().unwrap(), 0.9)].into_iter().collect(), "it ended well but gave no loss, only accuracy"),
    ] {
        let mut trial = trial();
        tell(&mut trial, 1, &ended(AttemptEnd::Succeeded { metrics }), at(2), &fixture());
        assert_eq!((trial.state, trial.reason.as_deref()), (TrialState::Failed, Some(reason)));
    }
}

#[test]
fn the_last_step_stands_in_for_a_missing_final_metric() {
    let mut trial = trial();
    tell(&mut trial, 1, &AttemptNews::Reported { step: 1, metrics: loss(0.9) }, at(1), &fixture());
    tell(&mut trial, 1, &AttemptNews::Reported { step: 2, metrics: loss(0.4) }, at(1), &fixture());
    tell(&mut trial, 1, &ended(AttemptEnd::Succeeded { metrics: Metrics::default() }), at(2), &fixture());
    assert_eq!((trial.state, trial.metrics), (TrialState::Complete, loss(0.4)));
}

#[test]
fn a_lost_trial_is_tried_again_until_its_retries_are_used_up() {
    let mut tuning = fixture();
    tuning.limits.retries = 1;
    let mut trial = trial();
    assert_eq!(tell(&mut trial, 1, &lost(false), at(1), &tuning), Told::Relaunch);
    assert_eq!((trial.attempt, trial.state), (2, TrialState::Waiting));
    assert_eq!(tell(&mut trial, 1, &lost(false), at(1), &tuning), Told::Nothing, "the same news again");
    assert_eq!(tell(&mut trial, 2, &lost(false), at(2), &tuning), Told::Changed);
    assert_eq!(trial.reason.as_deref(), Some("it was lost 2 times, the last time because the node went away"));
}

#[test]
fn a_restart_of_tunebot_uses_up_no_retry() {
    let mut tuning = fixture();
    tuning.limits.retries = 0;
    let mut trial = trial();
    for attempt in 1..50 {
        assert_eq!(tell(&mut trial, attempt, &lost(true), at(1), &tuning), Told::Relaunch);
    }
}

#[test]
fn a_trial_that_always_takes_tunebot_down_with_it_is_given_up() {
    let mut trial = trial();
    let attempts =
        (1..).take_while(|attempt| tell(&mut trial, *attempt, &lost(true), at(1), &fixture()) == Told::Relaunch);
    assert_eq!(attempts.count(), 99);
    assert_eq!(trial.reason.as_deref(), Some("tunebot has ended 100 times while it ran: it may be what ends it"));
}

#[test]
fn a_stopped_trial_ends_for_the_reason_it_was_stopped_for() {
    for (stopping, state, reason) in [
        (StopReason::Pruned, TrialState::Pruned, None),
        (StopReason::Paused, TrialState::Paused, None),
        (StopReason::SweepEnds, TrialState::Pruned, Some("the sweep ended")),
        (StopReason::TimedOut, TrialState::Failed, Some("it ran longer than its limit of 1h")),
    ] {
        let mut trial = trial();
        trial.stopping = Some(stopping);
        tell(&mut trial, 1, &ended(AttemptEnd::Stopped), at(1), &fixture());
        assert_eq!((trial.state, trial.reason.as_deref()), (state, reason));
    }
}

fn reported(step: u64, value: f64) -> AttemptNews {
    AttemptNews::Reported { step, metrics: loss(value) }
}

#[test]
fn a_paused_trial_goes_on_as_its_next_attempt_with_its_steps() {
    let mut trial = trial();
    tell(&mut trial, 1, &reported(3, 0.9), at(1), &fixture());
    trial.stopping = Some(StopReason::Paused);
    tell(
        &mut trial,
        1,
        &ended(AttemptEnd::Failed { reason: "exit code 143".into(), log_tail: None }),
        at(2),
        &fixture(),
    );
    assert_eq!((trial.state, trial.ended_at, trial.reason.as_deref()), (TrialState::Paused, Some(at(2)), None));
    assert_eq!(tell(&mut trial, 1, &reported(4, 0.1), at(3), &fixture()), Told::Nothing, "late");
    promote(&mut trial);
    assert_eq!((trial.state, trial.attempt, trial.resume_step), (TrialState::Waiting, 2, Some(3)));
    tell(&mut trial, 2, &reported(3, 0.9), at(4), &fixture());
    tell(&mut trial, 2, &reported(4, 0.8), at(5), &fixture());
    assert_eq!((trial.steps, trial.lost_attempts), (vec![(3, 0.9), (4, 0.8)], 0));
}

#[test]
fn a_trial_that_ends_well_when_told_to_pause_is_complete_only_with_its_objective() {
    for (metrics, state) in [(loss(0.5), TrialState::Complete), (Metrics::default(), TrialState::Paused)] {
        let mut trial = trial();
        tell(&mut trial, 1, &reported(3, 0.9), at(1), &fixture());
        trial.stopping = Some(StopReason::Paused);
        tell(&mut trial, 1, &ended(AttemptEnd::Succeeded { metrics: metrics.clone() }), at(2), &fixture());
        assert_eq!((trial.state, trial.metrics), (state, metrics));
    }
}

#[test]
fn only_a_paused_trial_is_promoted_or_dismissed_and_not_for_ever() {
    for state in TrialState::ALL {
        let before = Trial { state, ..trial() };
        let (mut promoted, mut dismissed) = (before.clone(), before.clone());
        promote(&mut promoted);
        dismiss(&mut dismissed);
        let is_paused = state == TrialState::Paused;
        assert_eq!((promoted != before, dismissed != before), (is_paused, is_paused));
    }
    let mut trial = trial();
    for _ in 0..200 {
        trial.state = TrialState::Paused;
        promote(&mut trial);
    }
    assert_eq!((trial.attempt, trial.state), (MAX_PROMOTED, TrialState::Paused));
}

#[test]
fn a_lost_trial_keeps_its_steps_if_it_can_go_on_from_them() {
    for (resumable, steps, from) in [(false, 0, None), (true, 1, Some(3))] {
        let tuning = Tuning { resumable, ..fixture() };
        let mut trial = trial();
        tell(&mut trial, 1, &reported(3, 0.9), at(1), &tuning);
        tell(&mut trial, 1, &lost(false), at(2), &tuning);
        assert_eq!((trial.steps.len(), trial.resume_step, trial.lost_attempts), (steps, from, 1));
    }
}

fn held(why: Option<&str>) -> AttemptNews {
    AttemptNews::Held { why: why.map(str::to_owned) }
}

#[test]
fn what_a_trial_waits_for_is_known_until_it_goes_on_or_ends() {
    let mut trial = trial();
    assert_eq!(tell(&mut trial, 1, &held(Some("no node")), at(1), &fixture()), Told::Changed);
    assert_eq!((trial.state, trial.held.as_deref()), (TrialState::Running, Some("no node")));
    assert_eq!(tell(&mut trial, 1, &held(None), at(2), &fixture()), Told::Changed);
    assert_eq!(trial.held, None);
    tell(&mut trial, 1, &held(Some("no node")), at(3), &fixture());
    tell(&mut trial, 1, &ended(AttemptEnd::Succeeded { metrics: loss(0.5) }), at(4), &fixture());
    assert_eq!((trial.state, trial.held), (TrialState::Complete, None));
}

#[test]
fn a_trial_that_timed_out_while_it_waited_says_what_for() {
    let mut trial = trial();
    tell(&mut trial, 1, &held(Some("Unschedulable: 1 Insufficient nvidia.com/gpu")), at(1), &fixture());
    trial.stopping = Some(StopReason::TimedOut);
    // Its pod is being removed, so it waits for nothing any longer.
    assert_eq!(tell(&mut trial, 1, &held(None), at(2), &fixture()), Told::Nothing);
    tell(&mut trial, 1, &ended(AttemptEnd::Stopped), at(3), &fixture());
    let reason = "it ran longer than its limit of 1h, and waited: Unschedulable: 1 Insufficient nvidia.com/gpu";
    assert_eq!((trial.state, trial.reason.as_deref(), trial.held), (TrialState::Failed, Some(reason), None));
}

#[test]
fn a_trial_that_is_started_again_says_why_until_it_runs() {
    let mut trial = trial();
    tell(&mut trial, 1, &held(Some("no node")), at(1), &fixture());
    tell(&mut trial, 1, &lost(false), at(2), &fixture());
    assert_eq!((trial.state, trial.held.as_deref()), (TrialState::Waiting, Some("the node went away")));
    tell(&mut trial, 2, &AttemptNews::Started, at(3), &fixture());
    assert_eq!(trial.held, None);
    tell(&mut trial, 2, &lost(true), at(4), &fixture());
    assert_eq!(trial.held, None, "a restart of tunebot is nothing to tell");
}

fn row(x: f64, state: TrialState, metrics: Metrics) -> SearchedTrial {
    SearchedTrial { params: [("x".parse().unwrap(), Value::Float(x))].into_iter().collect(), metrics, state }
}

#[test]
fn a_workflow_that_searched_by_itself_becomes_the_trials_of_its_table() {
    let table = vec![
        row(0.1, TrialState::Complete, loss(0.5)),
        row(0.2, TrialState::Failed, Metrics::default()),
        row(0.3, TrialState::Pruned, Metrics::default()),
        row(0.4, TrialState::Complete, Metrics::default()),
        row(0.5, TrialState::Running, Metrics::default()),
    ];
    let mut carrier = trial();
    tell(&mut carrier, 1, &AttemptNews::Reported { step: 1, metrics: loss(0.7) }, at(1), &fixture());
    tell(&mut carrier, 1, &ended(AttemptEnd::Searched { trials: table.clone() }), at(2), &fixture());
    let others = searched(&carrier, &table, at(2), &fixture());
    let told: Vec<_> = std::iter::once(&carrier)
        .chain(&others)
        .map(|trial| (trial.number, trial.state.name(), trial.reason.as_deref(), trial.ended_at))
        .collect();
    let end = Some(at(2));
    assert_eq!(
        told,
        [
            (0, "complete", None, end),
            (1, "failed", Some("its workflow counts it as failed"), end),
            (2, "pruned", None, end),
            (3, "failed", Some("it ended well but gave no loss, nor any other metric"), end),
            (4, "failed", Some("its workflow counts it as failed"), end),
        ]
    );
    assert_eq!((carrier.metrics, carrier.steps.len()), (loss(0.5), 0));
}

#[test]
fn a_search_without_a_table_fails_and_says_so() {
    let mut carrier = trial();
    tell(&mut carrier, 1, &ended(AttemptEnd::Searched { trials: Vec::new() }), at(2), &fixture());
    assert_eq!(carrier.reason.as_deref(), Some("the workflow ended well and named no trial"));
}

#[test]
fn a_value_that_arrives_after_the_stop_still_counts() {
    let mut trial = trial();
    trial.stopping = Some(StopReason::SweepEnds);
    tell(&mut trial, 1, &ended(AttemptEnd::Succeeded { metrics: loss(0.1) }), at(1), &fixture());
    assert_eq!(trial.state, TrialState::Complete);
}

#[test]
fn a_million_steps_do_not_fill_the_store() {
    let mut trial = trial();
    for step in 1..=5000 {
        tell(&mut trial, 1, &AttemptNews::Reported { step, metrics: loss(step as f64) }, at(1), &fixture());
    }
    assert!(trial.steps.len() <= MAX_STEPS);
    assert_eq!(trial.steps.last(), Some(&(5000, 5000.0)));
    assert!(trial.steps.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

fn any_row() -> impl Strategy<Value = SearchedTrial> {
    let state = prop::sample::select(&TrialState::ALL[..]);
    (0.0..1.0, state, any::<f64>()).prop_map(|(x, state, value)| row(x, state, loss(value)))
}

fn any_news() -> impl Strategy<Value = AttemptNews> {
    prop_oneof![
        Just(AttemptNews::Started),
        (0u64..5, 0u64..5).prop_map(|(done, total)| AttemptNews::Progress { done, total }),
        (0u64..5, any::<f64>()).prop_map(|(step, value)| AttemptNews::Reported { step, metrics: loss(value) }),
        any::<f64>().prop_map(|value| ended(AttemptEnd::Succeeded { metrics: loss(value) })),
        Just(ended(AttemptEnd::Failed { reason: "exit code 1".into(), log_tail: None })),
        Just(ended(AttemptEnd::Stopped)),
        prop::option::of("[ab]").prop_map(|why| AttemptNews::Held { why }),
        prop::collection::vec(any_row(), 0..3).prop_map(|trials| ended(AttemptEnd::Searched { trials })),
        any::<bool>().prop_map(lost),
    ]
}

proptest! {
    #[test]
    fn states_only_move_forward_and_finished_is_final(
        news in prop::collection::vec((1u32..4, any_news()), 0..40),
        stop_at in 0usize..40,
        pauses in any::<bool>(),
        promote_every in 1usize..4,
    ) {
        let mut trial = trial();
        for (index, (attempt, news)) in news.iter().enumerate() {
            if index == stop_at && trial.state.is_open() {
                trial.stopping = Some(if pauses { StopReason::Paused } else { StopReason::SweepEnds });
            }
            let before = trial.clone();
            if index % promote_every == 0 {
                promote(&mut trial);
            }
            tell(&mut trial, *attempt, news, at(index as i64), &fixture());
            prop_assert!(trial.advance() >= before.advance());
            if before.state.is_finished() {
                prop_assert_eq!(&trial.state, &before.state);
                prop_assert_eq!(trial.ended_at, before.ended_at);
            }
            prop_assert!(trial.held.is_none() || trial.state.is_open());
        }
    }

    #[test]
    fn the_same_news_twice_is_the_same_as_once(attempt in 1u32..3, news in any_news()) {
        let mut once = trial();
        tell(&mut once, attempt, &news, at(1), &fixture());
        let mut twice = once.clone();
        prop_assert_eq!(tell(&mut twice, attempt, &news, at(2), &fixture()), Told::Nothing);
    }
}
