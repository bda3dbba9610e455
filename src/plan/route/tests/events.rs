//! What happens to a pull request, and events that come twice, late or in another order.

use super::*;
use crate::domain::rules::{OnNewer, Trigger};
use crate::domain::signal::StopRequest;
use crate::domain::sweep::Outcome;

fn person() -> Outcome {
    Outcome::Stopped { by: StopRequest::Person { name: "@mika".into() } }
}

/// `resnet-k3f9q2` runs, started by the trigger on pull requests.
fn running(need: &Need) -> Fact {
    match need {
        Need::Sweep(id) => {
            let trigger = Some("on-pull-request".parse().unwrap());
            Fact::Sweep(Some(Box::new(Sweep { trigger, ..sweep_called(id) })))
        }
        need => busy(need),
    }
}

/// The same, asked for by a person.
fn asked_for(need: &Need) -> Fact {
    match need {
        Need::Sweep(id) => Fact::Sweep(Some(Box::new(sweep_called(id)))),
        need => running(need),
    }
}

fn acted(action: &str) -> EventKind {
    let action = action.to_owned();
    pull_request(|pull_request| pull_request.action = action)
}

fn labels(action: &str, label: &str, left: &[&str]) -> EventKind {
    pull_request(|pull_request| {
        pull_request.action = action.into();
        pull_request.label = Some(label.into());
        pull_request.labels = words(left);
    })
}

#[test]
fn a_head_that_was_tuned_is_not_tuned_again() {
    assert_snapshot!(told_by(&rules(), acted("synchronize"), tuned(None)), @"trigger on-pull-request: ignored: resnet-k3f9q2 runs for ccccccc already");
    assert_snapshot!(told_by(&rules(), acted("synchronize"), tuned(Some(Outcome::GoalReached))), @"trigger on-pull-request: ignored: resnet-k3f9q2 has run for ccccccc; `/tune rerun resnet-k3f9q2` starts it again");
    assert_snapshot!(told_by(&rules(), acted("synchronize"), tuned(Some(person()))), @"trigger on-pull-request: ignored: resnet-k3f9q2 for ccccccc was stopped by @mika; `/tune rerun resnet-k3f9q2` starts it again");
    assert_snapshot!(told_by(&rules(), acted("synchronize"), tuned(Some(Outcome::TooManyFailures { failed: 5 }))), @"trigger on-pull-request: ignored: resnet-k3f9q2 for ccccccc failed; `/tune rerun resnet-k3f9q2` starts it again");
    assert_snapshot!(told_by(&rules(), push("main"), tuned(Some(Outcome::Completed))), @"trigger on-push: ignored: resnet-k3f9q2 has run for aaaaaaa; `/tune rerun resnet-k3f9q2` starts it again");
}

#[test]
fn a_head_whose_sweep_an_event_has_stopped_is_tuned_anew() {
    let by_events = [
        StopRequest::PullRequestClosed,
        StopRequest::PullRequestDrafted,
        StopRequest::LabelRemoved { label: "tune".into() },
        StopRequest::Superseded { sweep: "resnet-aaaaaa".parse().unwrap() },
        StopRequest::ReferenceDeleted,
    ];
    for by in by_events {
        let world = tuned(Some(Outcome::Stopped { by }));
        assert_eq!(decided(&event(acted("synchronize")), &rules(), &world).sweeps.len(), 1);
        assert_eq!(decided(&event(push("main")), &rules(), &world).sweeps.len(), 1);
    }
}

#[test]
fn whoever_reopens_gets_another_go_at_what_failed_or_was_stopped() {
    let rules = rules_with(on_pull_request(|filter| filter.actions = words(&["reopened", "labeled"])));
    for outcome in [person(), Outcome::TooManyFailures { failed: 5 }] {
        assert_eq!(decided(&event(acted("reopened")), &rules, tuned(Some(outcome.clone()))).sweeps.len(), 1);
        assert_eq!(decided(&event(labels("labeled", "ml", &["ml"])), &rules, tuned(Some(outcome))).sweeps.len(), 1);
    }
    assert_snapshot!(told_by(&rules, acted("reopened"), tuned(Some(Outcome::Completed))), @"trigger on-pull-request: ignored: resnet-k3f9q2 has run for ccccccc; `/tune rerun resnet-k3f9q2` starts it again");
}

#[test]
fn an_older_state_of_a_pull_request_neither_starts_nor_stops_anything() {
    let older = pull_request(|pull_request| {
        pull_request.action = "synchronize".into();
        pull_request.head = sha('b');
    });
    assert_snapshot!(told_by(&rules(), older, busy), @"trigger on-pull-request: ignored: the head of the pull request is ccccccc by now, not bbbbbbb");
    assert_snapshot!(told_by(&rules(), acted("opened"), pull_request_is(|head| head.open = false, busy)), @"trigger on-pull-request: ignored: the pull request is closed by now");
    assert_snapshot!(told_by(&rules(), acted("closed"), busy), @"
    pull request: ignored: pull request #12 was closed, but is not so any more
    trigger on-pull-request: ignored: action closed is not one of opened, synchronize
    ");
    let gone = |need: &Need| match need {
        Need::PullRequest { .. } => Fact::PullRequest(None),
        need => busy(need),
    };
    assert_snapshot!(told_by(&rules(), acted("opened"), gone), @"trigger on-pull-request: ignored: the pull request is not there any more");
}

#[test]
fn an_answer_that_is_older_than_the_event_is_not_believed() {
    let newer = pull_request(|pull_request| {
        pull_request.head = sha('b');
        pull_request.updated_at = Some(OCCASION.now + jiff::SignedDuration::from_secs(1));
    });
    assert_eq!(decided(&event(newer), &rules(), lookup).sweeps.len(), 1);
}

#[test]
fn an_older_push_does_not_cancel_what_came_after_it() {
    let rules = |on_newer| rules_with(Trigger { on_newer, ..on_push(&["main"]) });
    assert_snapshot!(told_by(&rules(OnNewer::Cancel), push("main"), busy), @"trigger on-push: ignored: main is at ddddddd by now, not at aaaaaaa");
    assert_eq!(decided(&event(push("main")), &rules(OnNewer::Queue), busy).sweeps.len(), 1, "each push has its result");
    let deleted = |need: &Need| match need {
        Need::Head { .. } => Fact::Head(None),
        need => busy(need),
    };
    assert_snapshot!(told_by(&rules(OnNewer::Cancel), push("main"), deleted), @"trigger on-push: ignored: main is not there any more");
}

#[test]
fn where_nobody_can_say_how_it_is_now_the_event_is_believed() {
    let silent = |need: &Need| match need {
        Need::PullRequest { .. } | Need::Head { .. } => Fact::NoService,
        need => lookup(need),
    };
    assert_eq!(decided(&event(acted("opened")), &rules(), silent).sweeps.len(), 1);
    let cancels = rules_with(Trigger { on_newer: OnNewer::Cancel, ..on_push(&["main"]) });
    assert_eq!(decided(&event(push("main")), &cancels, silent).sweeps.len(), 1);
}

#[test]
fn a_draft_stops_what_a_trigger_has_started_unless_it_wants_drafts() {
    let draft = || pull_request(|pr| (pr.action, pr.draft) = ("converted_to_draft".into(), true));
    assert_snapshot!(told_by(&rules(), draft(), pull_request_is(|head| head.draft = true, running)), @"
    pull request: stopped [resnet-k3f9q2]: pull request #12 was made a draft
    trigger on-pull-request: ignored: action converted_to_draft is not one of opened, synchronize
    -> signal to resnet-k3f9q2: StopRequested { by: PullRequestDrafted }
    ");
    assert_snapshot!(told_by(&rules(), draft(), pull_request_is(|head| head.draft = true, asked_for)), @"trigger on-pull-request: ignored: action converted_to_draft is not one of opened, synchronize");
    assert_snapshot!(told_by(&rules(), draft(), running), @"
    pull request: ignored: pull request #12 was made a draft, but is not so any more
    trigger on-pull-request: ignored: action converted_to_draft is not one of opened, synchronize
    ");
    let wants_drafts = rules_with(on_pull_request(|filter| filter.drafts = true));
    assert_snapshot!(told_by(&wants_drafts, draft(), pull_request_is(|head| head.draft = true, running)), @"trigger on-pull-request: ignored: action converted_to_draft is not one of opened, synchronize");
}

#[test]
fn only_the_label_that_was_added_starts_something() {
    let rules = rules_with(on_pull_request(|filter| {
        filter.actions = words(&["labeled"]);
        filter.labels = words(&["tune"]);
    }));
    assert_eq!(decided(&event(labels("labeled", "tune", &["tune", "ml"])), &rules, lookup).sweeps.len(), 1);
    assert_snapshot!(told_by(&rules, labels("labeled", "ml", &["tune", "ml"]), lookup), @"trigger on-pull-request: ignored: the label ml is not one of tune");
}

#[test]
fn losing_the_last_label_that_the_trigger_needs_stops_its_sweep() {
    let rules = rules_with(on_pull_request(|filter| filter.labels = words(&["tune", "sweep"])));
    assert_snapshot!(told_by(&rules, labels("unlabeled", "tune", &["ml"]), running), @r#"
    pull request: stopped [resnet-k3f9q2]: pull request #12 lost the label tune
    trigger on-pull-request: ignored: action unlabeled is not one of opened, synchronize
    -> signal to resnet-k3f9q2: StopRequested { by: LabelRemoved { label: "tune" } }
    "#);
    assert_snapshot!(told_by(&rules, labels("unlabeled", "tune", &["sweep"]), running), @"trigger on-pull-request: ignored: action unlabeled is not one of opened, synchronize");
    assert_snapshot!(told_by(&rules, labels("unlabeled", "ml", &[]), running), @"trigger on-pull-request: ignored: action unlabeled is not one of opened, synchronize");
    assert_snapshot!(told_by(&rules, labels("unlabeled", "tune", &["ml"]), asked_for), @"trigger on-pull-request: ignored: action unlabeled is not one of opened, synchronize");
    let again = pull_request_is(|head| head.labels = words(&["tune"]), running);
    assert_snapshot!(told_by(&rules, labels("unlabeled", "tune", &["ml"]), again), @"
    pull request: ignored: pull request #12 lost the label tune, but is not so any more
    trigger on-pull-request: ignored: action unlabeled is not one of opened, synchronize
    ");
}
