use super::fixtures::*;
use super::sweeps::{commit, start};
use crate::domain::decision::Verdict;
use crate::domain::effect::{Effect, Lane, Notification, Receipt};
use crate::domain::sweep::{Destination, Outcome, Service};
use crate::domain::trial::TrialState;
use crate::store::{EventResult, Forgotten, Store, SweepCommit};

const SLACK: Lane = Lane::Service(Service::Slack);

fn channel(name: &str) -> Destination {
    Destination::Slack { channel: name.into(), thread: None, mention: None }
}

/// Delivers all that is due, except the messages of the slots in `unsent`.
async fn deliver(store: &Store, unsent: &[&str]) {
    for leased in store.lease_effects(&SLACK, at(0), MINUTE, 99).await.unwrap() {
        if !unsent.iter().any(|slot| leased.effect.action.key() == format!("notify/{slot}")) {
            let receipt = Receipt::Slack { channel: "C1".into(), ts: "1.2".into() };
            store.effect_done(leased.id, leased.version, Some(receipt)).await.unwrap();
        }
    }
}

async fn write(store: &Store, delivery: &str, effects: Vec<Effect>) {
    let id = store.accept(&ping(delivery)).await.unwrap().id();
    let decisions = vec![decision(Verdict::Answered)];
    store.finish_event(id, EventResult { decisions, effects, ..EventResult::default() }).await.unwrap();
}

#[tokio::test]
async fn receipts_go_with_the_sweep_whose_messages_they_are_of() {
    let store = Store::in_memory().await.unwrap();
    let (old, young) = (sweep("aaaaaa"), sweep("bbbbbb"));
    start(&store, [old.clone(), young.clone()]).await;
    let slot = Notification::sweep_slot(&old.id, &channel("C1"));
    let closing = Notification::closing_slot(&slot);
    let unsent = Notification::sweep_slot(&old.id, &channel("C2"));
    let of_young = Notification::sweep_slot(&young.id, &channel("C1"));
    let messages = |slots: &[&String]| slots.iter().map(|slot| message(slot, "done", at(0))).collect::<Vec<_>>();
    for (sweep, ended, effects) in
        [(&old, 0, messages(&[&slot, &closing, &unsent])), (&young, 50, messages(&[&of_young]))]
    {
        let ended = finished(sweep, Outcome::Completed, at(ended));
        store.commit_sweep(SweepCommit { effects, ..commit(&ended, 1) }).await.unwrap();
    }
    deliver(&store, &[]).await;
    // The next edition of one of them still waits.
    write(&store, "edit", messages(&[&unsent])).await;

    let forgotten = store.forget_old(at(100), MINUTE * 60, MINUTE).await.unwrap();
    assert_eq!(forgotten, Forgotten { receipts: 2, ..Forgotten::default() });
    for (slot, kept) in [(&slot, false), (&closing, false), (&unsent, true), (&of_young, true)] {
        assert_eq!(store.receipt(slot).await.unwrap().is_some(), kept, "{slot}");
    }
}

#[tokio::test]
async fn the_receipt_of_an_answer_goes_with_its_event() {
    let store = Store::in_memory().await.unwrap();
    let (answered, waiting) = (ping("answered"), ping("waiting"));
    let slot = |event: &crate::domain::event::Event| Notification::answer_slot(&event.key);
    for event in [&answered, &waiting] {
        write(&store, &event.key.delivery, vec![message(&slot(event), "No such tuning.", at(0))]).await;
    }
    deliver(&store, &[&slot(&waiting)]).await;
    let forgotten = store.forget_old(at(100), MINUTE, MINUTE).await.unwrap();
    assert_eq!((forgotten.events, forgotten.receipts), (2, 1));
    assert_eq!(store.receipt(&slot(&answered)).await.unwrap(), None);
}

#[tokio::test]
async fn trials_are_forgotten_only_of_sweeps_that_the_store_knows_to_have_finished() {
    let store = Store::in_memory().await.unwrap();
    let (old, live) = (sweep("aaaaaa"), sweep("bbbbbb"));
    start(&store, [old.clone(), live.clone()]).await;
    let trials = vec![trial_in(0, 1, TrialState::Complete)];
    let ended = finished(&old, Outcome::Completed, at(0));
    store.commit_sweep(SweepCommit { trials, ..commit(&ended, 1) }).await.unwrap();
    assert!(!store.trials_are_forgotten(&old.id).await.unwrap());
    store.forget_old(at(100), MINUTE, MINUTE).await.unwrap();
    assert!(store.trials_are_forgotten(&old.id).await.unwrap());
    assert!(!store.trials_are_forgotten(&live.id).await.unwrap(), "it has only just begun");
    assert!(!store.trials_are_forgotten(&sweep("cccccc").id).await.unwrap());
}
