use std::sync::Mutex;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::*;
use crate::domain::ids::{AttemptId, SweepId};
use crate::domain::signal::AttemptNews;
use crate::engine::Launch;
use crate::runtime::fixtures::ask_for;
use crate::telemetry::{Exposition, Metrics};

fn engine() -> EngineName {
    "local".parse().unwrap()
}

fn availability() -> (Availability, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new(Timestamp::UNIX_EPOCH, "test"));
    (Availability::new(Arc::clone(&metrics)), metrics)
}

fn news(sweep: &SweepId) -> Observation {
    let attempt = AttemptId { sweep: sweep.clone(), trial: 0, attempt: 1 };
    Observation::Attempt { attempt, at: Timestamp::UNIX_EPOCH, news: AttemptNews::Started }
}

fn away(why: &str) -> Observation {
    Observation::Away { since: Timestamp::UNIX_EPOCH, why: why.into() }
}

/// Writes what was seen, as far as it comes before tunebot stops.
async fn written(store: &Store, availability: &Availability, all: Vec<Seen>) {
    let (sender, receiver) = mpsc::channel(all.len());
    for seen in all {
        sender.try_send(seen).ok().unwrap();
    }
    drop(sender);
    let name = engine();
    let mut writer = Writer { name: &name, store, availability, unwatched: false };
    let cancel = CancellationToken::new();
    cancel.cancel();
    writer.write(receiver, &cancel).await;
}

#[tokio::test]
async fn an_engine_is_back_only_after_its_news_are_in_the_store() {
    let store = Store::in_memory().await.unwrap();
    let sweep = ask_for(&store, "aaaaaa").await;
    let seen = || vec![Seen::By(away("connection refused")), Seen::By(news(&sweep)), Seen::By(Observation::Back)];
    let (availability, _) = availability();
    written(&store, &availability, seen()).await;
    assert!(availability.absent().is_empty());
    assert_eq!(store.signals(&sweep).await.unwrap().len(), 1);
    store.close().await;
    written(&store, &availability, seen()).await;
    assert_eq!(availability.absent()[&engine()].why, "connection refused", "the news could not be written");
}

#[tokio::test]
async fn an_engine_that_says_that_it_is_away_is_not_back_before_it_says_so() {
    let store = Store::in_memory().await.unwrap();
    let sweep = ask_for(&store, "aaaaaa").await;
    let (availability, metrics) = availability();
    written(&store, &availability, vec![Seen::By(away("connection refused")), Seen::By(news(&sweep))]).await;
    assert!(availability.absent().contains_key(&engine()));
    let gauge = |value: u8| format!("tunebot_engine_available{{engine=\"local\"}} {value}");
    assert!(metrics.expose(None, Exposition::Text, Timestamp::UNIX_EPOCH).contains(&gauge(0)));
    written(&store, &availability, vec![Seen::By(Observation::Back)]).await;
    assert!(metrics.expose(None, Exposition::Text, Timestamp::UNIX_EPOCH).contains(&gauge(1)));
}

#[tokio::test]
async fn news_from_before_a_watch_failed_do_not_bring_the_engine_back() {
    let store = Store::in_memory().await.unwrap();
    let sweep = ask_for(&store, "aaaaaa").await;
    let (availability, _) = availability();
    let unwatched = || Seen::Unwatched { since: Timestamp::UNIX_EPOCH, why: "no such host".into() };
    written(&store, &availability, vec![Seen::By(news(&sweep)), unwatched()]).await;
    assert_eq!(availability.absent()[&engine()].why, "no such host");
    written(&store, &availability, vec![unwatched(), Seen::By(news(&sweep))]).await;
    assert!(availability.absent().is_empty(), "a later watch has told something");
}

/// Cannot be watched at first, and then tells of one attempt.
struct Shy {
    news: Observation,
    watched: Mutex<u32>,
}

#[async_trait]
impl Engine for Shy {
    async fn submit(&self, _: &Launch) -> Result<(), EngineError> {
        Ok(())
    }

    async fn stop(&self, _: &AttemptId, _: SignedDuration) -> Result<(), EngineError> {
        Ok(())
    }

    async fn watch(
        &self,
        _: Vec<AttemptId>,
        news: mpsc::Sender<Observation>,
        cancel: CancellationToken,
    ) -> Result<(), EngineError> {
        let times = {
            let mut watched = self.watched.lock().unwrap();
            *watched += 1;
            *watched
        };
        // What a watch has told is passed on even if it fails at once.
        news.send(self.news.clone()).await.unwrap();
        if times == 1 {
            return Err(EngineError::transient("forbidden: workflows"));
        }
        cancel.cancelled().await;
        Ok(())
    }

    async fn forget(&self, _: &AttemptId) {}

    async fn release(&self, _: &SweepId) -> Result<(), EngineError> {
        Ok(())
    }

    async fn shutdown(&self) {}
}

#[tokio::test]
async fn an_engine_that_cannot_be_watched_is_away_until_it_can() {
    const PATIENCE: Duration = Duration::from_secs(30);
    let store = Store::in_memory().await.unwrap();
    let sweep = ask_for(&store, "aaaaaa").await;
    let (availability, _) = availability();
    let mut absent = availability.subscribe();
    let shy: Arc<dyn Engine> = Arc::new(Shy { news: news(&sweep), watched: Mutex::default() });
    let cancel = CancellationToken::new();
    let observer = tokio::spawn(run(engine(), shy, store.clone(), availability, cancel.clone()));
    let is_away = tokio::time::timeout(PATIENCE, absent.wait_for(|absent| !absent.is_empty())).await.unwrap();
    assert_eq!(is_away.unwrap()[&engine()].why, "forbidden: workflows");
    tokio::time::timeout(PATIENCE, absent.wait_for(std::collections::BTreeMap::is_empty)).await.unwrap().unwrap();
    assert_eq!(store.signals(&sweep).await.unwrap().len(), 2);
    cancel.cancel();
    observer.await.unwrap();
}
