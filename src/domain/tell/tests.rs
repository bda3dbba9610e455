use proptest::prelude::*;

use super::*;
use crate::domain::params::Params;
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
        (StopReason::SweepEnds, TrialState::Pruned, Some("the sweep ended")),
        (StopReason::TimedOut, TrialState::Failed, Some("it ran longer than its limit of 1h")),
    ] {
        let mut trial = trial();
        trial.stopping = Some(stopping);
        tell(&mut trial, 1, &ended(AttemptEnd::Stopped), at(1), &fixture());
        assert_eq!((trial.state, trial.reason.as_deref()), (state, reason));
    }
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

fn any_news() -> impl Strategy<Value = AttemptNews> {
    prop_oneof![
        Just(AttemptNews::Started),
        (0u64..5, 0u64..5).prop_map(|(done, total)| AttemptNews::Progress { done, total }),
        (0u64..5, any::<f64>()).prop_map(|(step, value)| AttemptNews::Reported { step, metrics: loss(value) }),
        any::<f64>().prop_map(|value| ended(AttemptEnd::Succeeded { metrics: loss(value) })),
        Just(ended(AttemptEnd::Failed { reason: "exit code 1".into(), log_tail: None })),
        Just(ended(AttemptEnd::Stopped)),
        any::<bool>().prop_map(lost),
    ]
}

proptest! {
    #[test]
    fn states_only_move_forward_and_finished_is_final(
        news in prop::collection::vec((1u32..4, any_news()), 0..40),
        stop_at in 0usize..40,
    ) {
        let mut trial = trial();
        for (index, (attempt, news)) in news.iter().enumerate() {
            if index == stop_at && !trial.state.is_finished() {
                trial.stopping = Some(StopReason::SweepEnds);
            }
            let before = trial.clone();
            tell(&mut trial, *attempt, news, at(index as i64), &fixture());
            prop_assert!(trial.advance() >= before.advance());
            if before.state.is_finished() {
                prop_assert_eq!(&trial.state, &before.state);
                prop_assert_eq!(trial.ended_at, before.ended_at);
            }
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
