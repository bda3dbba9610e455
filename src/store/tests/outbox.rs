use jiff::Timestamp;

use super::fixtures::{MINUTE, at, message, ping, submission, sweep, text};
use crate::domain::effect::{Effect, Lane, Receipt};
use crate::domain::sweep::Service;
use crate::store::{EventResult, LeasedEffect, Store};

const SLACK: Lane = Lane::Service(Service::Slack);

/// Writes effects as the outcome of an event.
async fn write(store: &Store, effects: impl Into<Vec<Effect>>) {
    let effects = effects.into();
    let delivery = format!("{}", store.recent_events(1000).await.unwrap().len());
    let id = store.accept(&ping(&delivery)).await.unwrap().id();
    store.finish_event(id, EventResult { effects, ..EventResult::default() }).await.unwrap();
}

async fn lease(store: &Store, now: Timestamp) -> Vec<LeasedEffect> {
    store.lease_effects(&SLACK, now, MINUTE, 9).await.unwrap()
}

fn receipt(ts: &str) -> Option<Receipt> {
    Some(Receipt::Slack { channel: "C1".into(), ts: ts.into() })
}

#[tokio::test]
async fn effects_are_handed_out_as_they_fall_due_then_as_they_were_written() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("late", "", at(9)), message("b", "", at(5)), message("a", "", at(5))]).await;
    write(&store, [message("first", "", at(1)), message("tomorrow", "", at(86_400))]).await;
    assert_eq!(store.next_due(&SLACK).await.unwrap(), Some(at(1)));
    let slots: Vec<_> = lease(&store, at(10)).await.into_iter().map(|leased| leased.effect.action.key()).collect();
    assert_eq!(slots, ["notify/first", "notify/b", "notify/a", "notify/late"]);
}

#[tokio::test]
async fn lanes_do_not_see_each_other() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    write(&store, [message("m", "", at(0)), submission(&sweep.id, 0), submission(&sweep.id, 1)]).await;
    let engine = Lane::Engine("local".parse().unwrap());
    assert_eq!(store.lanes().await.unwrap(), [engine.clone(), SLACK]);
    assert_eq!(lease(&store, at(0)).await.len(), 1);
    assert_eq!(store.lease_effects(&engine, at(0), MINUTE, 9).await.unwrap().len(), 2);
    assert_eq!(store.next_due(&Lane::Service(Service::Github)).await.unwrap(), None);
}

#[tokio::test]
async fn a_message_that_was_not_sent_yet_is_sent_once_in_its_newest_form() {
    let store = Store::in_memory().await.unwrap();
    for (percent, due) in [("10 %", 3), ("20 %", 6), ("30 %", 9)] {
        write(&store, [message("m", percent, at(due))]).await;
    }
    // The first wish decides when: a message that is replaced all the time is still sent.
    assert_eq!(store.next_due(&SLACK).await.unwrap(), Some(at(3)));
    let leased = lease(&store, at(3)).await;
    assert_eq!((leased.len(), text(&leased[0].effect), leased[0].version), (1, "30 %", 3));
}

#[tokio::test]
async fn a_message_that_is_wanted_earlier_is_sent_earlier() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "25/40", at(30))]).await;
    write(&store, [message("m", "done", at(2))]).await;
    assert_eq!(text(&lease(&store, at(2)).await[0].effect), "done");
}

#[tokio::test]
async fn a_message_is_edited_under_its_receipt_and_never_leased_twice_at_a_time() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "queued", at(0))]).await;
    let first = lease(&store, at(0)).await.remove(0);
    assert_eq!(first.receipt, None);
    write(&store, [message("m", "running", at(4))]).await;
    assert!(lease(&store, at(5)).await.is_empty());
    store.effect_done(first.id, first.version, receipt("17.1")).await.unwrap();
    // The newer edition keeps the time that it was written for.
    assert_eq!(store.next_due(&SLACK).await.unwrap(), Some(at(4)));
    let second = lease(&store, at(5)).await.remove(0);
    assert_eq!((second.id, text(&second.effect)), (first.id, "running"));
    assert_eq!((second.attempts, second.perhaps_done, &second.receipt), (1, false, &receipt("17.1")));
    store.effect_done(second.id, second.version, receipt("17.1")).await.unwrap();
    assert!(store.lanes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_receipt_outlives_its_effect() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "running", at(0))]).await;
    let first = lease(&store, at(0)).await.remove(0);
    store.effect_done(first.id, first.version, receipt("17.1")).await.unwrap();
    write(&store, [message("m", "finished", at(9)), message("other", "hello", at(9))]).await;
    let receipts: Vec<_> = lease(&store, at(9)).await.into_iter().map(|leased| leased.receipt).collect();
    assert_eq!(receipts, [receipt("17.1"), None]);
}

#[tokio::test]
async fn an_effect_that_is_newer_than_what_was_done_wakes_its_lane() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "queued", at(0))]).await;
    let first = lease(&store, at(0)).await.remove(0);
    write(&store, [message("m", "running", at(0))]).await;
    let mut woken = store.wakes().outbox.subscribe();
    store.effect_done(first.id, first.version, None).await.unwrap();
    woken.changed().await.unwrap();
}

#[tokio::test]
async fn a_failed_attempt_waits_also_when_the_message_is_written_again() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "25/40", at(0))]).await;
    let leased = lease(&store, at(0)).await.remove(0);
    store.effect_retry(leased.id, at(30), "429: retry after 30 s", false).await.unwrap();
    write(&store, [message("m", "26/40", at(1))]).await;
    assert_eq!(store.next_due(&SLACK).await.unwrap(), Some(at(30)));
    let leased = lease(&store, at(30)).await.remove(0);
    assert_eq!((text(&leased.effect), leased.attempts, leased.perhaps_done), ("26/40", 2, false));
}

#[tokio::test]
async fn an_attempt_without_an_answer_is_remembered_until_the_effect_is_done() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "hello", at(0))]).await;
    let mut told = vec![];
    for (second, ambiguous) in [(0, false), (1, true), (2, false), (3, false)] {
        let leased = lease(&store, at(second)).await.remove(0);
        told.push(leased.perhaps_done);
        store.effect_retry(leased.id, at(second + 1), "timed out", ambiguous).await.unwrap();
    }
    // The refusal of the third attempt says nothing about the second.
    assert_eq!(told, [false, false, true, true]);
    let leased = lease(&store, at(4)).await.remove(0);
    store.effect_done(leased.id, leased.version, None).await.unwrap();
    write(&store, [message("m", "again", at(5))]).await;
    assert!(!lease(&store, at(5)).await[0].perhaps_done);
}

#[tokio::test]
async fn a_lease_that_runs_out_leaves_an_effect_that_may_have_been_done() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "hello", at(0))]).await;
    lease(&store, at(0)).await;
    assert_eq!(store.next_due(&SLACK).await.unwrap(), Some(at(60)));
    assert!(lease(&store, at(59)).await.is_empty());
    let leased = lease(&store, at(60)).await.remove(0);
    assert_eq!((leased.attempts, leased.perhaps_done), (2, true));
}

#[tokio::test]
async fn a_late_answer_does_not_free_what_another_has_by_now() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "queued", at(0))]).await;
    let late = lease(&store, at(0)).await.remove(0);
    write(&store, [message("m", "running", at(0))]).await;
    let current = lease(&store, at(60)).await.remove(0);
    store.effect_done(late.id, late.version, receipt("17.1")).await.unwrap();
    assert!(lease(&store, at(61)).await.is_empty());
    store.effect_done(current.id, current.version, None).await.unwrap();
    assert!(store.lanes().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_effect_that_was_given_up_is_kept_until_it_is_written_again() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "hello", at(0))]).await;
    let leased = lease(&store, at(0)).await.remove(0);
    store.effect_dead(leased.id, "channel_not_found").await.unwrap();
    assert!(lease(&store, at(999)).await.is_empty());
    assert!(store.lanes().await.unwrap().is_empty());
    let outbox = store.counts().await.unwrap().outbox;
    assert_eq!((outbox[0].depth, outbox[0].dead, outbox[0].oldest_due), (0, 1, None));
    write(&store, [message("m", "hello again", at(5))]).await;
    let leased = lease(&store, at(5)).await.remove(0);
    assert_eq!((text(&leased.effect), leased.attempts), ("hello again", 1));
}

#[tokio::test]
async fn the_edition_written_while_an_older_one_was_given_up_gets_its_own_try() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "too long", at(0))]).await;
    let leased = lease(&store, at(0)).await.remove(0);
    write(&store, [message("m", "short", at(0))]).await;
    store.effect_dead(leased.id, "msg_too_long").await.unwrap();
    let leased = lease(&store, at(0)).await.remove(0);
    assert_eq!(text(&leased.effect), "short");
    store.effect_dead(leased.id, "channel_not_found").await.unwrap();
    assert!(lease(&store, at(0)).await.is_empty());
}

#[tokio::test]
async fn effects_that_were_given_up_are_forgotten_in_time() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "hello", at(0)), message("waits", "hello", at(0))]).await;
    let leased = lease(&store, at(0)).await.remove(0);
    store.effect_dead(leased.id, "channel_not_found").await.unwrap();
    assert_eq!(store.forget_old(at(59), MINUTE, MINUTE).await.unwrap().effects, 0);
    assert_eq!(store.forget_old(at(61), MINUTE, MINUTE).await.unwrap().effects, 1);
}

#[tokio::test]
async fn an_effect_that_is_held_waits_and_its_attempt_does_not_count() {
    let store = Store::in_memory().await.unwrap();
    write(&store, [message("m", "hello", at(0))]).await;
    for second in [0, 60, 120] {
        let leased = lease(&store, at(second)).await.remove(0);
        assert_eq!((leased.attempts, leased.perhaps_done), (1, false));
        store.effect_hold(leased.id, at(second + 60), "away", false).await.unwrap();
        assert!(lease(&store, at(second + 59)).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_still_to_be_done_for_a_sweep_is_counted() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    let lane = Lane::Engine("local".parse().unwrap());
    write(&store, [submission(&sweep.id, 0), submission(&sweep.id, 1), message("m", "hello", at(0))]).await;
    assert_eq!(store.undone_effects(&sweep.id, &lane).await.unwrap(), 2);
    let leased = store.lease_effects(&lane, at(9), MINUTE, 9).await.unwrap();
    assert_eq!(store.undone_effects(&sweep.id, &lane).await.unwrap(), 2, "under way is not done");
    store.effect_done(leased[0].id, leased[0].version, None).await.unwrap();
    store.effect_dead(leased[1].id, "no such template").await.unwrap();
    assert_eq!(store.undone_effects(&sweep.id, &lane).await.unwrap(), 0);
}
