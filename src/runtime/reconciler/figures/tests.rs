//! What a scrape sees of sweeps that the reconciler moves.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::ids::{AttemptId, SweepId};
use crate::domain::signal::{AttemptEnd, AttemptNews, Signal, SignalKind};
use crate::runtime::availability::Availability;
use crate::runtime::fixtures::{NOW, ask_for, config, later};
use crate::runtime::reconciler::Reconciler;
use crate::store::Store;
use crate::telemetry::{Exposition, Metrics};

struct Scene {
    store: Store,
    reconciler: Reconciler,
    metrics: Arc<Metrics>,
    sweep: SweepId,
}

impl Scene {
    /// A sweep of ten trials, two at a time, that has just begun.
    async fn open() -> Self {
        let store = Store::in_memory().await.unwrap();
        let sweep = ask_for(&store, "aaaaaa").await;
        let mut scene = Self::with(store, sweep);
        scene.reconciler.turn(NOW).await.unwrap();
        scene
    }

    fn with(store: Store, sweep: SweepId) -> Self {
        let (_, receiver) = tokio::sync::watch::channel(config());
        let metrics = Arc::new(Metrics::new(NOW, "test"));
        let availability = Availability::new(Arc::clone(&metrics));
        let reconciler = Reconciler::new(store.clone(), receiver, Arc::default(), Arc::clone(&metrics), availability);
        Self { store, reconciler, metrics, sweep }
    }

    /// The trial has started at its proposal, and gives `loss` at `at`.
    async fn end(&mut self, trial: u32, loss: f64, at: Timestamp) {
        let attempt = AttemptId { sweep: self.sweep.clone(), trial, attempt: 1 };
        let metrics = [("loss".parse().unwrap(), loss)].into_iter().collect();
        let end = AttemptEnd::Succeeded { metrics };
        let news = [(NOW, AttemptNews::Started), (at, AttemptNews::Ended { end })];
        let signals = news.map(|(at, news)| {
            let kind = SignalKind::Attempt { attempt: attempt.clone(), news };
            Signal { sweep: self.sweep.clone(), at, kind }
        });
        self.store.append_signals(signals.to_vec()).await.unwrap();
        self.reconciler.turn(at).await.unwrap();
    }

    /// The value of a series of the sweep, as of `at`.
    fn told(&self, series: &str, at: Timestamp) -> Option<f64> {
        let text = self.metrics.expose(None, Exposition::Text, at);
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")) && line.contains(labels))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }
}

#[tokio::test]
async fn a_trial_that_has_ended_is_told_once_it_is_in_the_store() {
    let mut scene = Scene::open().await;
    assert_eq!(scene.told(r#"tunebot_sweep_trials{state="waiting""#, NOW), Some(2.0));
    assert_eq!(scene.told("tunebot_sweep_best_objective", NOW), None);
    scene.end(0, 0.5, later(30)).await;
    scene.end(1, 0.75, later(40)).await;
    let now = later(40);
    assert_eq!(scene.told(r#"tunebot_trial_objective{trial="0""#, now), Some(0.5));
    assert_eq!(scene.told(r#"tunebot_trial_duration_seconds{trial="1""#, now), Some(40.0));
    assert_eq!(scene.told("tunebot_sweep_best_objective", now), Some(0.5));
    assert_eq!(scene.told("tunebot_sweep_progress_ratio", now), Some(0.2));
    assert_eq!(scene.told("tunebot_sweep_last_news_timestamp_seconds", now), Some(40.0));
    assert!(scene.told("tunebot_sweep_expected_end_timestamp_seconds", now).is_some_and(|end| end > 40.0));
}

#[tokio::test]
async fn what_ended_right_before_a_restart_is_told_after_it() {
    let mut before = Scene::open().await;
    before.end(0, 0.5, later(30)).await;
    before.end(1, 0.6, later(300)).await;
    let mut after = Scene::with(before.store.clone(), before.sweep.clone());
    after.reconciler.turn(later(310)).await.unwrap();
    let now = later(310);
    assert_eq!(after.told(r#"tunebot_trial_objective{trial="1""#, now), Some(0.6));
    assert_eq!(after.told(r#"tunebot_trial_objective{trial="0""#, now), None, "that was told long ago");
    assert_eq!(after.told("tunebot_sweep_last_news_timestamp_seconds", now), Some(300.0));
}

#[tokio::test]
async fn only_a_sweep_of_which_something_runs_has_a_limit_for_its_silence() {
    let mut scene = Scene::open().await;
    assert!(scene.told("tunebot_sweep_quiet_limit_seconds", NOW).is_some_and(|limit| limit > 3600.0));
    let waits = ask_for(&scene.store, "bbbbbb").await;
    scene.reconciler.turn(later(1)).await.unwrap();
    let series = format!(r#"tunebot_sweep_quiet_limit_seconds{{sweep="{waits}""#);
    assert_eq!(scene.told(&series, later(1)), None, "it waits for a place, for as long as it takes");
    let queued = format!(r#"sweep="{waits}",tuning="resnet",state="queued"}} 1.0"#);
    assert!(scene.metrics.expose(None, Exposition::Text, later(1)).contains(&queued));
}

#[tokio::test]
async fn a_sweep_that_has_ended_is_told_with_its_end() {
    let mut scene = Scene::open().await;
    for trial in 0..10 {
        scene.end(trial, f64::from(trial), later(10 + i64::from(trial))).await;
    }
    let now = later(20);
    assert_eq!(scene.told(r#"tunebot_sweep_state{state="finished""#, now), Some(1.0));
    assert_eq!(scene.told("tunebot_sweep_progress_ratio", now), Some(1.0));
    assert_eq!(scene.told("tunebot_sweep_ended_timestamp_seconds", now), Some(19.0));
    assert_eq!(scene.told("tunebot_sweep_expected_end_timestamp_seconds", now), None);
    assert_eq!(scene.told("tunebot_sweep_quiet_limit_seconds", now), None);
}
