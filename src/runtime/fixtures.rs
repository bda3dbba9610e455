//! A store with sweeps and a configuration with one engine, for the tests of the loops.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::config::{Config, EngineSettings, LocalEngineSettings, Log, LogFormat, Server, StoreSettings};
use crate::domain::event::{Event, EventKey, EventKind, Source};
use crate::domain::ids::SweepId;
use crate::domain::sweep::{self, Sweep};
use crate::domain::tuning;
use crate::store::{EventResult, Store};

pub const NOW: Timestamp = Timestamp::UNIX_EPOCH;

pub fn later(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

/// One engine, `local`, with two places.
pub fn config() -> Arc<Config> {
    let day = SignedDuration::from_hours(24);
    let local = LocalEngineSettings { capacity: 2, work_dir: "unused".into(), log_limit_bytes: 1, keep_work: false };
    Arc::new(Config {
        server: Server {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://127.0.0.1:8080".parse().unwrap(),
            drain: SignedDuration::from_secs(10),
            log: Log { format: LogFormat::Text, filter: "info".into() },
            api_tokens: Vec::new(),
        },
        store: StoreSettings { path: "unused.db".into(), keep_events: day, keep_trials: day },
        github: None,
        slack: None,
        grafana: None,
        engines: BTreeMap::from([("local".parse().unwrap(), EngineSettings::Local(local))]),
        rules: Arc::default(),
    })
}

/// A sweep of two trials at a time, named `resnet-<suffix>`.
pub async fn ask_for(store: &Store, suffix: &str) -> SweepId {
    ask_for_in_group(store, suffix, None).await
}

/// One that waits until all older ones of its group have ended.
pub async fn ask_for_in_group(store: &Store, suffix: &str, group: Option<&str>) -> SweepId {
    let id: SweepId = format!("resnet-{suffix}").parse().unwrap();
    let key = EventKey { source: Source::Github, delivery: suffix.to_owned() };
    let event = Event { key, received_at: NOW, kind: EventKind::Ping { zen: String::new() } };
    let event = store.accept(&event).await.unwrap().id();
    let fixture = sweep::fixture(tuning::fixture());
    let (group, waits_for_group) = (group.map(str::to_owned), group.is_some());
    let sweep = Sweep { id: id.clone(), event, created_at: NOW, group, waits_for_group, ..fixture };
    store.finish_event(event, EventResult { sweeps: vec![sweep], ..EventResult::default() }).await.unwrap();
    id
}
