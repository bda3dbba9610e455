use super::fixtures::{MINUTE, at, decision, message, ping, started, sweep, tick};
use crate::domain::approval::{Approval, SeenHead};
use crate::domain::decision::Verdict;
use crate::domain::event::Source;
use crate::domain::ids::EventId;
use crate::domain::ids::{CommitSha, Repository};
use crate::store::{Accepted, EventResult, EventState, Store, StoreError};

fn ignored() -> EventResult {
    EventResult { decisions: vec![decision(Verdict::Ignored)], ..EventResult::default() }
}

#[tokio::test]
async fn a_redelivery_is_recognised_and_says_whether_the_first_is_done() {
    let store = Store::in_memory().await.unwrap();
    let Accepted::New(id) = store.accept(&ping("d1")).await.unwrap() else { panic!("it is new") };
    assert_eq!(store.accept(&ping("d1")).await.unwrap(), Accepted::Again { id, done: false });
    store.finish_event(id, ignored()).await.unwrap();
    assert_eq!(store.accept(&ping("d1")).await.unwrap(), Accepted::Again { id, done: true });
    assert!(store.lease_events(at(0), MINUTE, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_same_delivery_id_of_another_source_is_another_event() {
    let store = Store::in_memory().await.unwrap();
    let first = store.accept(&ping("d1")).await.unwrap();
    let mut other = ping("d1");
    other.key.source = Source::Api;
    assert!(matches!(store.accept(&other).await.unwrap(), Accepted::New(id) if id != first.id()));
}

#[tokio::test]
async fn a_redelivery_of_an_event_that_was_given_up_is_work_again() {
    let store = Store::in_memory().await.unwrap();
    let id = store.accept(&ping("d1")).await.unwrap().id();
    store.lease_events(at(0), MINUTE, 1).await.unwrap();
    store.bury_event(id, "GitHub answered 500 ten times").await.unwrap();
    let record = store.event(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.error.as_deref()), (EventState::Dead, Some("GitHub answered 500 ten times")));
    assert_eq!(store.accept(&ping("d1")).await.unwrap(), Accepted::Again { id, done: false });
    let leased = store.lease_events(at(0), MINUTE, 1).await.unwrap();
    assert_eq!((leased[0].id, leased[0].attempts), (id, 1));
}

#[tokio::test]
async fn events_are_handed_out_in_the_order_of_their_arrival_and_once_per_lease() {
    let store = Store::in_memory().await.unwrap();
    for delivery in ["a", "b", "c"] {
        store.accept(&ping(delivery)).await.unwrap();
    }
    let deliveries = |leased: Vec<crate::store::LeasedEvent>| -> Vec<(String, u32)> {
        leased.into_iter().map(|leased| (leased.event.key.delivery, leased.attempts)).collect()
    };
    let lease = |seconds, limit| store.lease_events(at(seconds), MINUTE, limit);
    assert_eq!(deliveries(lease(0, 2).await.unwrap()), [("a".into(), 1), ("b".into(), 1)]);
    assert_eq!(deliveries(lease(59, 9).await.unwrap()), [("c".into(), 1)]);
    // The lease of the first two has run out, that of the third has not.
    assert_eq!(deliveries(lease(60, 9).await.unwrap()), [("a".into(), 2), ("b".into(), 2)]);
}

#[tokio::test]
async fn an_event_that_is_to_be_tried_later_waits_and_lets_others_pass() {
    let store = Store::in_memory().await.unwrap();
    let first = store.accept(&ping("a")).await.unwrap().id();
    let second = store.accept(&ping("b")).await.unwrap().id();
    store.lease_events(at(0), MINUTE, 1).await.unwrap();
    store.retry_event(first, at(10), "timed out").await.unwrap();
    let ids = |leased: Vec<crate::store::LeasedEvent>| leased.into_iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(store.lease_events(at(9), MINUTE, 9).await.unwrap()), [second]);
    assert_eq!(store.event(first).await.unwrap().unwrap().error.as_deref(), Some("timed out"));
    assert_eq!(ids(store.lease_events(at(10), MINUTE, 9).await.unwrap()), [first]);
}

#[tokio::test]
async fn everything_that_an_event_leads_to_is_there_with_its_decisions() {
    let store = Store::in_memory().await.unwrap();
    let id = store.accept(&ping("d1")).await.unwrap().id();
    let sweep = sweep("aaaaaa");
    let (repository, sha): (Repository, CommitSha) = ("acme/vision".parse().unwrap(), "c".repeat(40).parse().unwrap());
    let (by, approved_at) = ("noor".to_owned(), at(7));
    let approval = Approval { repository: repository.clone(), pull_request: 12, sha: sha.clone(), by, at: approved_at };
    let head = SeenHead { repository: repository.clone(), pull_request: 12, sha: sha.clone(), at: at(5) };
    let result = EventResult {
        head: None,
        decisions: vec![decision(Verdict::Ignored), decision(Verdict::Started)],
        sweeps: vec![sweep.clone()],
        earlier: vec![(sweep.id.clone(), Vec::new())],
        effects: vec![message("hello", "Starting", at(0))],
        previews: Vec::new(),
        signals: vec![started(&sweep.id, 0)],
        approvals: vec![approval.clone()],
        seen_head: Some(head.clone()),
    };
    store.finish_event(id, result.clone()).await.unwrap();
    let record = store.event_by_delivery(Source::Github, "d1").await.unwrap().unwrap();
    assert_eq!((record.id, record.state, &record.decisions), (id, EventState::Done, &result.decisions));
    let stored = store.load_sweep(&sweep.id).await.unwrap().unwrap();
    assert_eq!((&stored.sweep, stored.revision), (&sweep, 1));
    assert_eq!(store.approval(&repository, 12, &sha).await.unwrap(), Some(approval));
    assert_eq!(store.approval(&repository, 13, &sha).await.unwrap(), None);
    assert_eq!(store.seen_heads(&repository, 12).await.unwrap(), [head]);
    assert_eq!(store.signals(&sweep.id).await.unwrap().len(), 1);
    assert_eq!(store.lanes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_taken_sweep_id_leaves_nothing_of_the_event_behind() {
    let store = Store::in_memory().await.unwrap();
    let first = store.accept(&ping("d1")).await.unwrap().id();
    let second = store.accept(&ping("d2")).await.unwrap().id();
    store.lease_events(at(0), MINUTE, 9).await.unwrap();
    let start = |suffixes: [&str; 2]| EventResult {
        decisions: vec![decision(Verdict::Started)],
        sweeps: suffixes.map(sweep).to_vec(),
        effects: vec![message("hello", "Starting", at(0))],
        ..EventResult::default()
    };
    store.finish_event(first, EventResult { effects: vec![], ..start(["aaaaaa", "bbbbbb"]) }).await.unwrap();
    let taken = store.finish_event(second, start(["cccccc", "bbbbbb"])).await.unwrap_err();
    assert_eq!(taken, StoreError::SweepIdTaken(sweep("bbbbbb").id));
    assert_eq!(store.event(second).await.unwrap().unwrap().state, EventState::Leased);
    assert_eq!(store.load_sweep(&sweep("cccccc").id).await.unwrap(), None);
    assert!(store.lanes().await.unwrap().is_empty());
    store.finish_event(second, start(["cccccc", "dddddd"])).await.unwrap();
    assert_eq!(store.unfinished_sweeps().await.unwrap().len(), 4);
}

#[tokio::test]
async fn an_event_that_two_have_worked_on_starts_its_sweep_once() {
    let store = Store::in_memory().await.unwrap();
    let id = store.accept(&ping("d1")).await.unwrap().id();
    let start = |suffix| EventResult { sweeps: vec![sweep(suffix)], ..ignored() };
    store.finish_event(id, start("aaaaaa")).await.unwrap();
    store.finish_event(id, start("bbbbbb")).await.unwrap();
    assert_eq!(store.unfinished_sweeps().await.unwrap(), [sweep("aaaaaa").id]);
}

#[tokio::test]
async fn what_is_done_is_neither_tried_again_nor_buried() {
    let store = Store::in_memory().await.unwrap();
    let id = store.accept(&ping("d1")).await.unwrap().id();
    store.finish_event(id, ignored()).await.unwrap();
    store.retry_event(id, at(0), "late").await.unwrap();
    store.bury_event(id, "late").await.unwrap();
    let record = store.event(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.error), (EventState::Done, None));
}

#[tokio::test]
async fn a_tick_moves_its_schedule_forward_and_never_back() {
    let store = Store::in_memory().await.unwrap();
    let nightly = "nightly".parse().unwrap();
    assert_eq!(store.last_slot(&nightly).await.unwrap(), None);
    assert!(matches!(store.accept_tick(&tick(at(100)), at(100)).await.unwrap(), Accepted::New(_)));
    assert!(matches!(store.accept_tick(&tick(at(100)), at(100)).await.unwrap(), Accepted::Again { .. }));
    store.accept_tick(&tick(at(50)), at(50)).await.unwrap();
    store.set_last_slot(&nightly, at(70)).await.unwrap();
    assert_eq!(store.last_slot(&nightly).await.unwrap(), Some(at(100)));
    store.set_last_slot(&nightly, at(200)).await.unwrap();
    assert_eq!(store.last_slot(&nightly).await.unwrap(), Some(at(200)));
}

#[tokio::test]
async fn the_newest_events_come_first() {
    let store = Store::in_memory().await.unwrap();
    for delivery in ["a", "b", "c"] {
        store.accept(&ping(delivery)).await.unwrap();
    }
    let recent = store.recent_events(2).await.unwrap();
    let deliveries: Vec<_> = recent.iter().map(|record| record.event.key.delivery.as_str()).collect();
    assert_eq!(deliveries, ["c", "b"]);
    assert_eq!(store.event(EventId(99)).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_given_up_and_holds_up_no_other() {
    let store = Store::in_memory().await.unwrap();
    let broken = store.accept(&ping("a")).await.unwrap().id();
    let next = store.accept(&ping("b")).await.unwrap().id();
    super::group_commit::change(&store, r#"UPDATE events SET body = '{"type":"telegram"}' WHERE delivery = 'a'"#)
        .await
        .unwrap();
    let leased = store.lease_events(at(0), MINUTE, 9).await.unwrap();
    assert_eq!(leased.iter().map(|event| event.id).collect::<Vec<_>>(), [next]);
    assert!(matches!(store.event(broken).await, Err(StoreError::Unreadable { .. })));
    assert!(store.lease_events(at(100_000), MINUTE, 9).await.unwrap().iter().all(|event| event.id == next));
}

#[tokio::test]
async fn old_events_are_forgotten_once_they_have_ended() {
    let store = Store::in_memory().await.unwrap();
    let done = store.accept(&ping("done")).await.unwrap().id();
    store.finish_event(done, ignored()).await.unwrap();
    let open = store.accept(&ping("open")).await.unwrap().id();
    let young = store.accept(&crate::domain::event::Event { received_at: at(50), ..ping("young") }).await.unwrap().id();
    store.finish_event(young, ignored()).await.unwrap();
    let forgotten = store.forget_old(at(100), MINUTE, MINUTE).await.unwrap();
    assert_eq!(forgotten.events, 1);
    assert_eq!(store.event(done).await.unwrap(), None);
    assert!(store.event(open).await.unwrap().is_some() && store.event(young).await.unwrap().is_some());
}
