//! An engine, the cluster that it knows, and the news that it sends, in words.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tunebot::domain::ids::AttemptId;
use tunebot::domain::metrics::{Direction, Objective};
use tunebot::domain::params::{Domain, Parameter, Params, Space, Value as ParamValue};
use tunebot::domain::signal::{AttemptEnd, AttemptNews};
use tunebot::domain::tuning::{TrialTemplate, WorkflowSource, WorkflowTrial};
use tunebot::engine::argo::{Access, ArgoEngine, ArgoEngineOptions};
use tunebot::engine::{Engine, EngineError, Launch, Observation, SearchOrder};

use crate::support::kubernetes::FakeCluster;
use crate::support::watched::PATIENCE;

/// Which tunebot the engine of a test belongs to.
pub const OWNER: &str = "0123456789abcdef";
/// Far more than a test does in a second.
const UNHURRIED: u32 = 1_000;

/// A cluster with the template that [`launch`] refers to.
pub async fn cluster() -> FakeCluster {
    let cluster = FakeCluster::start().await;
    cluster.put(template());
    cluster
}

pub fn template() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "resnet"},
        "spec": {
            "entrypoint": "train",
            "arguments": {"parameters": [{"name": "lr"}]},
            "templates": [{"name": "train", "container": {"image": "train:1", "command": ["train"]}}],
        },
    })
}

pub fn attempt(text: &str) -> AttemptId {
    text.parse().unwrap()
}

/// A launch of the template `resnet` with one parameter.
pub fn launch(text: &str) -> Launch {
    let lr = Parameter {
        name: "lr".parse().unwrap(),
        domain: Domain::Float { low: 0.01, high: 1.0, log: false, step: None },
        when: None,
    };
    Launch {
        attempt: attempt(text),
        tuning: "resnet".parse().unwrap(),
        asked_by: "@mika".into(),
        params: Params::from_iter([("lr".parse().unwrap(), ParamValue::Float(0.1))]),
        resume_step: None,
        template: TrialTemplate::Workflow(Box::new(WorkflowTrial::new(WorkflowSource::Template {
            name: "resnet".into(),
        }))),
        code: None,
        timeout: SignedDuration::from_hours(1),
        stop_grace: SignedDuration::from_secs(10),
        report_url: format!("https://tune.example/api/v1/trials/{text}/report"),
        token: SecretString::from(format!("the token of {text}")),
        search: SearchOrder {
            space: Space::new(vec![lr]).unwrap(),
            objective: Objective { metric: "val_loss".parse().unwrap(), direction: Direction::Minimize, goal: None },
            trials: 10,
            parallel: 2,
            seed: 7,
        },
    }
}

/// An engine that watches.
pub struct Watched {
    pub engine: Arc<ArgoEngine>,
    news: mpsc::Receiver<Observation>,
    cancel: CancellationToken,
    watching: JoinHandle<()>,
}

pub fn engine(cluster: &FakeCluster) -> ArgoEngine {
    engine_of(cluster, OWNER, UNHURRIED)
}

pub fn engine_of(cluster: &FakeCluster, owner: &str, writes_per_second: u32) -> ArgoEngine {
    ArgoEngine::new(ArgoEngineOptions {
        name: "gpu".parse().unwrap(),
        access: Access::Kubeconfig { path: Some(cluster.kubeconfig()), context: None },
        namespace: None,
        service_account: None,
        controller_instance: None,
        writes_per_second,
        owner: owner.into(),
    })
}

impl Watched {
    /// Of a cluster that has been seen: what is told of it is not told again.
    pub async fn start(cluster: &FakeCluster) -> Self {
        let mut watched = Self::start_knowing(cluster, &[]);
        watched.until("back").await;
        cluster.wait_for_watches(1).await;
        watched
    }

    /// As tunebot starts with attempts in its store.
    pub fn start_knowing(cluster: &FakeCluster, known: &[&str]) -> Self {
        let engine = Arc::new(engine(cluster));
        let (sender, news) = mpsc::channel(16);
        let cancel = CancellationToken::new();
        let known = known.iter().map(|text| attempt(text)).collect();
        let (watcher, cancelled) = (engine.clone(), cancel.clone());
        let watching = tokio::spawn(async move { watcher.watch(known, sender, cancelled).await.unwrap() });
        Self { engine, news, cancel, watching }
    }

    pub async fn submit(&self, text: &str) {
        self.engine.submit(&launch(text)).await.unwrap();
    }

    pub async fn next(&mut self) -> String {
        let news = tokio::time::timeout(PATIENCE, self.news.recv()).await.expect("no news");
        shown(&news.expect("nobody watches any longer"))
    }

    /// All that is told up to `last`, that included.
    pub async fn until(&mut self, last: &str) -> Vec<String> {
        let mut all = Vec::new();
        let telling = async {
            while !all.last().is_some_and(|told: &String| told.starts_with(last)) {
                all.push(self.next().await);
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, telling).await.is_ok();
        assert!(in_time, "{last:?} was never told; this was: {:?}", &all[all.len().saturating_sub(20)..]);
        all
    }

    /// The next thing that is told of an attempt.
    pub async fn next_of(&mut self, text: &str) -> String {
        let told = self.until(&format!("{text}: ")).await;
        told.last().and_then(|told| told.split_once(": ")).map(|(_, news)| news.to_owned()).unwrap_or_default()
    }

    /// How an attempt ends.
    pub async fn end_of(&mut self, text: &str) -> String {
        loop {
            let news = self.next_of(text).await;
            if news != "started" && !news.starts_with("progress") && !news.starts_with("held") {
                return news;
            }
        }
    }

    /// Ends the watch; the engine and what it knows go with it, as when tunebot is killed.
    pub async fn drop(self) {
        self.cancel.cancel();
        self.watching.await.unwrap();
    }
}

fn shown(observation: &Observation) -> String {
    match observation {
        Observation::Away { why, .. } => format!("away: {why}"),
        Observation::Back => "back".to_owned(),
        Observation::Attempt { attempt, at, news } => {
            assert!(*at <= Timestamp::now(), "{attempt} is told of at {at}, which is to come");
            format!("{attempt}: {}", shown_news(news))
        }
    }
}

fn shown_news(news: &AttemptNews) -> String {
    match news {
        AttemptNews::Started => "started".to_owned(),
        AttemptNews::Progress { done, total } => format!("progress {done}/{total}"),
        AttemptNews::Held { why: Some(why) } => format!("held: {why}"),
        AttemptNews::Held { why: None } => "held no longer".to_owned(),
        AttemptNews::Reported { .. } => panic!("a workflow reports no steps: {news:?}"),
        AttemptNews::Ended { end } => match end {
            AttemptEnd::Succeeded { metrics } => {
                let metrics: Vec<String> = metrics.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("succeeded: {}", metrics.join(" "))
            }
            AttemptEnd::Failed { reason, .. } => format!("failed: {reason}"),
            AttemptEnd::Lost { reason, .. } => format!("lost: {reason}"),
            AttemptEnd::Stopped => "stopped".to_owned(),
            AttemptEnd::Searched { trials } => format!("searched {} trials", trials.len()),
        },
    }
}

/// The message of a refusal for good.
pub fn permanent(result: Result<(), EngineError>) -> String {
    match result {
        Err(EngineError::Permanent(message)) => message,
        other => panic!("not a refusal for good: {other:?}"),
    }
}

/// The message of a refusal for now, with the pause that it asks for.
pub fn transient(result: Result<(), EngineError>) -> (String, Option<SignedDuration>) {
    match result {
        Err(EngineError::Transient { message, after }) => (message, after),
        other => panic!("not a refusal for now: {other:?}"),
    }
}
