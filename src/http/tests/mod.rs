//! The router in-process, over a store in memory. Requests are what senders send, signed as they sign.

mod api;
mod charts;
mod github;
mod health;
mod payloads;
mod reports;
mod slack;
mod surroundings;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tower::ServiceExt;

use super::*;
use crate::config;
use crate::domain::ids::{EventId, TuningName};
use crate::domain::metrics::{Direction, Objective, Objectives};
use crate::domain::params::{Domain, Parameter, Space, Value};
use crate::domain::rules::Rules;
use crate::domain::sweep::{self, Origin, Sweep, SweepState};
use crate::domain::trial::{Trial, TrialState};
use crate::domain::tuning::{self, Limits, SamplerKind, Search, Tuning};
use crate::store::{EventRecord, EventResult, SignalId, SweepCommit};

/// A server that nothing reaches but through [`Server::send`].
pub(super) struct Server {
    pub(super) state: State,
    router: Router,
}

/// An answer, read whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(super) fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// Status line and body, as snapshots show them.
impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.status.as_u16(), self.body)
    }
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        let (config, store) = (watch::channel(Arc::new(config)).1, Store::in_memory().await.unwrap());
        let telemetry = Arc::new(Metrics::new(Timestamp::UNIX_EPOCH, "0.0.0"));
        let desk = FrontDesk::new(store.clone(), config.clone(), Arc::clone(&telemetry), None, Duration::from_secs(60));
        let state = State {
            config,
            store,
            tokens: TrialTokens::new(&[7; 32]),
            telemetry,
            desk,
            readiness: Readiness::default(),
            patience: Patience::default(),
        };
        state.readiness.set(Phase::Serving);
        Self { router: router(state.clone()), state }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("authorization", "Bearer ci-token").body(Body::empty()).unwrap()).await
    }

    pub(super) async fn events(&self) -> Vec<EventRecord> {
        self.state.store.recent_events(1000).await.unwrap()
    }

    pub(super) async fn event(&self, id: i64) -> EventRecord {
        self.state.store.event(EventId(id)).await.unwrap().unwrap()
    }

    /// Puts a sweep with one running trial into the store.
    pub(super) async fn running_sweep(&self) -> (Sweep, Trial) {
        let ticks = crate::ingress::schedule::tick(&"nightly".parse().unwrap(), noon(), false, noon());
        let Accepted::New(event) = self.state.store.accept(&ticks).await.unwrap() else { panic!() };
        let sweep = sweep(event);
        let result = EventResult { sweeps: vec![sweep.clone()], ..EventResult::default() };
        self.state.store.finish_event(event, result).await.unwrap();
        let mut trial = Trial::proposed(0, [("lr".parse().unwrap(), Value::Float(0.01))].into_iter().collect(), noon());
        trial.state = TrialState::Running;
        self.commit(&sweep, &trial, Vec::new()).await;
        (sweep, trial)
    }

    /// Commits the trial as it is now, and the signals that are folded into it.
    pub(super) async fn commit(&self, sweep: &Sweep, trial: &Trial, folded: Vec<SignalId>) {
        let stored = self.state.store.load_sweep(&sweep.id).await.unwrap().unwrap();
        let commit = SweepCommit {
            sweep: sweep.clone(),
            expected_revision: stored.revision,
            trials: vec![trial.clone()],
            effects: Vec::new(),
            folded,
            report: None,
        };
        self.state.store.commit_sweep(commit).await.unwrap();
    }
}

pub(super) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

/// A push as GitHub signs it with `key`.
pub(super) fn github(event: &str, delivery: &str, body: impl Into<Vec<u8>>, key: &str) -> Request<Body> {
    let body = body.into();
    Request::post("/webhooks/github")
        .header("x-github-event", event)
        .header("x-github-delivery", delivery)
        .header("x-hub-signature-256", crate::ingress::github::sign(key, &body))
        .body(Body::from(body))
        .unwrap()
}

/// A request as Slack signs it with `key`, so many seconds ago.
pub(super) fn slack(path: &str, body: &str, key: &str, age_seconds: i64) -> Request<Body> {
    let timestamp = (Timestamp::now() - SignedDuration::from_secs(age_seconds)).as_second().to_string();
    let signature = crate::ingress::slack::sign(key, &timestamp, body.as_bytes());
    Request::post(path)
        .header("x-slack-request-timestamp", timestamp)
        .header("x-slack-signature", signature)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn config() -> Config {
    let tuning = Arc::new(tuning());
    let rules = Rules { tunings: BTreeMap::from([(tuning.name.clone(), tuning)]), ..Rules::default() };
    Config {
        server: config::Server {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://127.0.0.1:8080".parse().unwrap(),
            drain: SignedDuration::from_secs(10),
            log: config::Log { format: config::LogFormat::Text, filter: "info".into() },
            api_tokens: vec![
                config::ApiToken { name: "ci".into(), secret: secret("ci-token") },
                config::ApiToken { name: "ops".into(), secret: secret("ops-token") },
            ],
        },
        store: config::StoreSettings {
            path: "unused.db".into(),
            keep_events: SignedDuration::from_hours(24),
            keep_trials: SignedDuration::from_hours(24),
        },
        github: Some(config::Github {
            api_url: "http://127.0.0.1:1".parse().unwrap(),
            auth: config::GithubAuth::Token(secret("unused")),
            pace: config::GithubPace { writes_per_minute: 80, writes_per_hour: 500 },
            charts: true,
            webhook_secrets: vec![secret("old-secret"), secret("new-secret")],
            catch_up: config::CatchUp::default(),
        }),
        slack: Some(config::Slack {
            api_url: "http://127.0.0.1:1".parse().unwrap(),
            bot_token: secret("unused"),
            pace: crate::config::SlackPace { posts_per_second: 1, edits_per_minute: 50, uploads_per_minute: 100 },
            signing_secrets: vec![secret("old-signing"), secret("new-signing")],
            app_token: None,
            sockets: 2,
        }),
        grafana: None,
        engines: BTreeMap::new(),
        rules: Arc::new(rules),
    }
}

fn tuning() -> Tuning {
    let lr = Parameter {
        name: "lr".parse().unwrap(),
        domain: Domain::Float { low: 1e-5, high: 0.1, log: true, step: None },
        when: None,
    };
    let objective = Objective { metric: "val_acc".parse().unwrap(), direction: Direction::Maximize, goal: None };
    let fixture = tuning::fixture();
    Tuning {
        name: tuning_name(),
        description: "Image classifier".into(),
        space: Space::new(vec![lr]).unwrap(),
        objectives: Objectives::new(objective, Vec::new()),
        search: Search { sampler: SamplerKind::Tpe, ..fixture.search },
        limits: Limits { trials: 40, parallel: 8, ..fixture.limits },
        ..fixture
    }
}

pub(super) fn tuning_name() -> TuningName {
    "resnet".parse().unwrap()
}

fn sweep(event: EventId) -> Sweep {
    Sweep {
        id: "resnet-k3f9q2".parse().unwrap(),
        event,
        overrides: vec!["trials=40".into()],
        origin: Origin::Schedule { name: "nightly".parse().unwrap() },
        state: SweepState::Running,
        created_at: noon(),
        started_at: Some(noon()),
        ..sweep::fixture(tuning())
    }
}
