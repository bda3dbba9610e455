//! A configuration without services, as far as loops and routes look at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use jiff::SignedDuration;
use tunebot::config::{Config, EngineSettings, LocalEngineSettings, Log, LogFormat, Server, StoreSettings};
use tunebot::domain::rules::Rules;

/// Settings with one engine, which has `capacity` places.
pub fn settings(engine: &str, capacity: u32) -> Result<Config> {
    let places = LocalEngineSettings { capacity, work_dir: "work".into(), log_limit_bytes: 1 << 20, keep_work: false };
    let day = SignedDuration::from_hours(24);
    Ok(Config {
        server: Server {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://127.0.0.1".parse()?,
            drain: SignedDuration::from_secs(10),
            log: Log { format: LogFormat::Text, filter: "warn".into() },
            api_tokens: Vec::new(),
        },
        store: StoreSettings { path: "benchmark.db".into(), keep_events: day, keep_trials: day },
        github: None,
        slack: None,
        grafana: None,
        engines: BTreeMap::from([(engine.parse()?, EngineSettings::Local(places))]),
        rules: Arc::new(Rules::default()),
    })
}
