//! The loop itself: it wakes for an event, and it ends when it is told to.

use super::*;
use crate::runtime::fixtures;

fn config(rules: Arc<Rules>) -> Arc<Config> {
    Arc::new(Config { rules, ..Config::clone(&fixtures::config()) })
}

#[tokio::test]
async fn an_event_wakes_the_loop_and_the_loop_ends_when_told() {
    let store = Store::in_memory().await.unwrap();
    let (_sender, config) = watch::channel(config(rules(OnNewer::Queue)));
    let cancel = CancellationToken::new();
    let metrics = Arc::new(Metrics::new(NOW, "test"));
    let mut written = store.wakes().outbox.subscribe();
    let running = tokio::spawn(run(store.clone(), config, None, metrics, cancel.clone()));
    let id = store.accept(&push("1")).await.unwrap().id();
    written.changed().await.unwrap();
    cancel.cancel();
    running.await.unwrap();
    assert_eq!(store.event(id).await.unwrap().unwrap().state, EventState::Done);
}

#[tokio::test]
async fn a_schedule_of_a_new_configuration_counts_at_once() {
    let store = Store::in_memory().await.unwrap();
    let (sender, config_seen) = watch::channel(config(Arc::default()));
    let cancel = CancellationToken::new();
    let mut accepted = store.wakes().inbox.subscribe();
    let mut every_second = rules(OnNewer::Queue);
    Arc::make_mut(&mut every_second).schedules[0].cron = "* * * * * *".into();
    let metrics = Arc::new(Metrics::new(NOW, "test"));
    let running = tokio::spawn(crate::runtime::scheduler::run(store.clone(), config_seen, metrics, cancel.clone()));
    sender.send(config(every_second)).unwrap();
    accepted.changed().await.unwrap();
    cancel.cancel();
    running.await.unwrap();
    assert!(!store.recent_events(10).await.unwrap().is_empty());
}
