use super::fixtures::{MINUTE, at, decision, ping, sweep};
use crate::domain::decision::Verdict;
use crate::store::wakes::Wake;
use crate::store::writer::Shape;
use crate::store::{Accepted, EventResult, Store, StoreError};

/// Executes one statement on the writer's connection, inside a group's transaction.
pub async fn change(store: &Store, statement: &'static str) -> Result<(), StoreError> {
    store
        .write(Shape::Single, Wake::NOBODY, move |connection| {
            Box::pin(async move {
                sqlx::query(statement).execute(connection).await?;
                Ok(())
            })
        })
        .await
}

#[tokio::test]
async fn many_callers_at_once_are_all_answered_and_all_stored() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.db")).await.unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..500 {
        let store = store.clone();
        callers.spawn(async move { store.accept(&ping(&format!("d{}", number % 400))).await.unwrap() });
    }
    let answers = callers.join_all().await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Accepted::New(_))).count(), 400);
    assert_eq!(store.recent_events(1000).await.unwrap().len(), 400);
    store.close().await;
}

#[tokio::test]
async fn one_that_fails_does_not_take_its_neighbours_with_it() {
    let store = Store::in_memory().await.unwrap();
    let events = [ping("a"), ping("b"), ping("c")];
    let mut ids = vec![];
    for event in &events {
        ids.push(store.accept(event).await.unwrap().id());
    }
    let start = |suffix| EventResult {
        decisions: vec![decision(Verdict::Started)],
        sweeps: vec![sweep(suffix)],
        ..EventResult::default()
    };
    // The three are queued before the writer runs: they share one transaction.
    let (first, second, third) = tokio::join!(
        store.finish_event(ids[0], start("aaaaaa")),
        store.finish_event(ids[1], start("aaaaaa")),
        store.finish_event(ids[2], start("cccccc")),
    );
    assert_eq!(first, Ok(()));
    assert_eq!(second, Err(StoreError::SweepIdTaken(sweep("aaaaaa").id)));
    assert_eq!(third, Ok(()));
    assert_eq!(store.unfinished_sweeps().await.unwrap(), [sweep("aaaaaa").id, sweep("cccccc").id]);
}

/// A reference to a sweep that is not there, which SQLite only minds at the commit.
const BROKEN_AT_COMMIT: &str = "INSERT INTO signals (sweep, body) VALUES (4711, '{}')";

#[tokio::test]
async fn a_commit_that_fails_fails_everybody_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.db")).await.unwrap();
    let (event, late) = (ping("a"), ping("b"));
    let (first, _, _, second) = tokio::join!(
        store.accept(&event),
        change(&store, "PRAGMA defer_foreign_keys = ON"),
        change(&store, BROKEN_AT_COMMIT),
        store.accept(&late),
    );
    for answer in [first, second] {
        let error = answer.unwrap_err();
        assert!(matches!(&error, StoreError::Failed { reason, .. } if reason.starts_with("COMMIT: ")), "{error}");
    }
    assert!(store.recent_events(9).await.unwrap().is_empty());
    assert!(matches!(store.accept(&ping("a")).await.unwrap(), Accepted::New(_)));
    store.ping().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_store_works_again_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&path).await.unwrap();
    let kept = store.accept(&ping("kept")).await.unwrap().id();
    change(&store, "PRAGMA max_page_count = 1").await.unwrap();
    let mut large = ping("large");
    large.kind = crate::domain::event::EventKind::NotForUs { what: "x".repeat(1_000_000) };
    let (small, refused) = (ping("small"), StoreError::Full { path: path.clone() });
    // They share a transaction: none of it is kept.
    let (first, second) = tokio::join!(store.accept(&small), store.accept(&large));
    assert_eq!((first, second), (Err(refused.clone()), Err(refused.clone())));
    insta::assert_snapshot!(
        refused.to_string().replace(&folder.path().display().to_string(), "/data"),
        @"no room left for the store /data/store.db: nothing of this request was kept; free space on its disk, then send it again"
    );
    change(&store, "PRAGMA max_page_count = 1000000").await.unwrap();
    assert!(matches!(store.accept(&large).await.unwrap(), Accepted::New(id) if id > kept));
    assert_eq!(store.recent_events(9).await.unwrap().len(), 2);
    store.close().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_hurts_nobody() {
    let store = Store::in_memory().await.unwrap();
    let event = ping("gone");
    {
        let mut accept = std::pin::pin!(store.accept(&event));
        // One poll queues the write; then the caller is gone.
        assert!(futures_poll(accept.as_mut()).await.is_pending());
    }
    assert!(matches!(store.accept(&event).await.unwrap(), Accepted::Again { .. }));
}

async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await
}

#[tokio::test]
async fn loops_are_woken_after_the_commit() {
    let store = Store::in_memory().await.unwrap();
    let inbox = store.wakes().inbox.notified();
    let id = store.accept(&ping("a")).await.unwrap().id();
    inbox.await;
    assert_eq!(store.lease_events(at(0), MINUTE, 1).await.unwrap().len(), 1);
    let (signals, outbox) = (store.wakes().signals.notified(), store.wakes().outbox.notified());
    let result = EventResult {
        decisions: vec![decision(Verdict::Started)],
        sweeps: vec![sweep("aaaaaa")],
        effects: vec![super::fixtures::message("m", "hello", at(0))],
        ..EventResult::default()
    };
    store.finish_event(id, result).await.unwrap();
    signals.await;
    outbox.await;
}

#[tokio::test]
async fn a_wake_up_that_nobody_waited_for_is_kept() {
    let store = Store::in_memory().await.unwrap();
    store.accept(&ping("a")).await.unwrap();
    // The write is answered before the wake-up fires, in the same step of the writer.
    store.ping().await.unwrap();
    store.wakes().inbox.notified().await;
}
