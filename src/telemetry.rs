//! Logs and metrics of the program itself. docs/monitoring.md has every metric and the number of its series.
//!
//! Label values come from closed sets of our own words and from names of the configuration, never from what somebody
//! sent, so that the number of series has a limit. The one exception are the sweeps that are under way: `sweeps` bounds them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::domain::effect::Lane;
use crate::domain::event::Source;
use crate::domain::ids::RuleName;
use crate::domain::sweep::Service;

mod calls;
mod exposition;
mod held;
mod logs;
mod process;
mod schedules;
mod sweeps;
mod work;

pub use calls::Allowance;
pub use exposition::Exposition;
pub use held::{LaneDepth, Snapshot};
pub use logs::{LogError, LogFormat, Logs};
pub use schedules::ScheduleFigures;
pub use sweeps::{EndedTrial, SweepFigures, TRIAL_SHOWN};
pub use work::EffectResult;

use calls::Calls;
use held::Held;
use schedules::Schedules;
use sweeps::Sweeps;
use work::Work;

type FloatGauge = Gauge<f64, std::sync::atomic::AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SamplerLabel {
    sampler: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EngineLabel {
    engine: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabel {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MissedLabel {
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabel {
    version: &'static str,
}

/// All metrics of the program. One per process, shared.
pub struct Metrics {
    /// The lock makes filling the gauges and writing them out one step.
    registry: Mutex<Registry>,
    work: Work,
    held: Held,
    sweeps: Arc<Sweeps>,
    schedules: Arc<Schedules>,
    calls: Arc<Calls>,
    ask: Family<SamplerLabel, Histogram>,
    engines: Family<EngineLabel, Gauge>,
    slack_sockets: Gauge,
    slack_sockets_wanted: Gauge,
    requests: Family<RequestLabels, Histogram>,
    reloads: Family<ReloadLabel, Counter>,
    last_reload: Gauge,
    missed: Family<MissedLabel, Counter>,
    resident_memory: Gauge,
}

impl Metrics {
    /// `started_at` is when the process began; `version` is that of the program.
    pub fn new(started_at: Timestamp, version: &'static str) -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            work: Work::new(),
            held: Held::default(),
            sweeps: Arc::default(),
            schedules: Arc::default(),
            calls: Arc::default(),
            // 10 microseconds to 10 seconds.
            ask: Family::new_with_constructor(|| Histogram::new(exponential_buckets(1e-5, 4.0, 11))),
            engines: Family::default(),
            slack_sockets: Gauge::default(),
            slack_sockets_wanted: Gauge::default(),
            // Half a millisecond to 8 seconds.
            requests: Family::new_with_constructor(|| Histogram::new(exponential_buckets(5e-4, 2.0, 15))),
            reloads: Family::default(),
            last_reload: Gauge::default(),
            missed: Family::default(),
            resident_memory: Gauge::default(),
        };
        // The configuration that the process began with was read.
        metrics.last_reload.set(1);
        for result in ["success", "failure"] {
            metrics.reloads.get_or_create(&ReloadLabel { result }).inc_by(0);
        }
        for what in ["delivery", "head"] {
            metrics.missed.get_or_create(&MissedLabel { what }).inc_by(0);
        }
        metrics.register(started_at, version);
        metrics
    }

    fn register(&self, started_at: Timestamp, version: &'static str) {
        let registry = &mut *self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let build: Family<BuildLabel, Gauge> = Family::default();
        build.get_or_create(&BuildLabel { version }).set(1);
        let start: FloatGauge = Gauge::default();
        start.set(seconds(started_at));
        registry.register("tunebot_build_info", "The version that runs; always 1", build);
        self.work.register(registry);
        self.held.register(registry);
        registry.register("tunebot_ask_seconds", "Time that a sampler took to propose parameters", self.ask.clone());
        let engines = "1 while the engine answers, 0 while it is away";
        registry.register("tunebot_engine_available", engines, self.engines.clone());
        let sockets = "Open connections of Slack's Socket Mode";
        registry.register("tunebot_slack_sockets", sockets, self.slack_sockets.clone());
        let wanted =
            "Connections of Slack's Socket Mode that are to be open; 0 where Slack comes by HTTP or not at all";
        registry.register("tunebot_slack_sockets_wanted", wanted, self.slack_sockets_wanted.clone());
        registry.register("tunebot_http_request_seconds", "Time to answer a request", self.requests.clone());
        registry.register("tunebot_config_reloads", "Attempts to read the configuration again", self.reloads.clone());
        let last = "1 if the configuration in force is the one in the files, 0 if those have errors";
        registry.register("tunebot_config_last_reload_successful", last, self.last_reload.clone());
        let missed = "What was missed and found: failed deliveries asked for again, heads that moved without a word";
        registry.register("tunebot_missed", missed, self.missed.clone());
        registry.register("process_resident_memory_bytes", "Resident memory size", self.resident_memory.clone());
        registry.register("process_start_time_seconds", "Start of the process since the Unix epoch", start);
        registry.register_collector(Box::new(Arc::clone(&self.sweeps)));
        registry.register_collector(Box::new(Arc::clone(&self.schedules)));
        registry.register_collector(Box::new(Arc::clone(&self.calls)));
    }

    /// An event has ended with `outcome`, the name of its verdict, so long after it was received.
    pub fn event_ended(&self, source: Source, outcome: &'static str, took: SignedDuration) {
        self.work.event_ended(source, outcome, took);
    }

    /// A delivery was `new`, `repeated`, `unsigned`, `wrong_signature`, `stale`, `malformed`, `too_large` or could not be
    /// stored: `unavailable`.
    pub fn delivery_received(&self, source: Source, result: &'static str) {
        self.work.delivery_received(source, result);
    }

    /// Somebody carries out the effects of this lane: it is shown also when there are none.
    pub fn lane_served(&self, lane: &Lane) {
        self.held.know(lane);
    }

    /// An effect of `lane` that fell due so long ago was attempted.
    pub fn effect_attempted(&self, lane: &Lane, result: EffectResult, since_due: SignedDuration) {
        self.work.effect_attempted(lane, result, since_due);
    }

    /// A message was not taken; `kind` is `transient` or `permanent`.
    pub fn delivery_failed(&self, service: Service, kind: &'static str) {
        self.work.delivery_failed(service, kind);
    }

    /// A sweep has come on by `now`; `ended` are trials of it that have ended since the last time.
    pub fn sweep_moved(&self, figures: SweepFigures, ended: Vec<EndedTrial>, now: Timestamp) {
        self.sweeps.note(figures, ended, now);
    }

    /// A schedule was looked at.
    pub fn schedule_seen(&self, figures: ScheduleFigures, now: Timestamp) {
        self.schedules.note(figures, now);
    }

    /// These are the schedules that there are.
    pub fn schedules_are(&self, is_there: impl Fn(&RuleName) -> bool) {
        self.schedules.keep(is_there);
    }

    /// Where to ask what GitHub still allows.
    pub fn ask_github_calls(&self, ask: impl Fn() -> Vec<Allowance> + Send + Sync + 'static) {
        self.calls.ask_github(Box::new(ask));
    }

    pub fn sampler_asked(&self, sampler: &'static str, took: Duration) {
        self.ask.get_or_create(&SamplerLabel { sampler }).observe(took.as_secs_f64());
    }

    /// `engine` is a name of the configuration.
    pub fn engine_available(&self, engine: &str, available: bool) {
        self.engines.get_or_create(&EngineLabel { engine: engine.to_owned() }).set(i64::from(available));
    }

    pub fn slack_sockets_wanted(&self, count: u32) {
        self.slack_sockets_wanted.set(i64::from(count));
    }

    pub fn slack_socket_opened(&self) {
        self.slack_sockets.inc();
    }

    pub fn slack_socket_closed(&self) {
        self.slack_sockets.dec();
    }

    /// `route` is the pattern of the route, not the path.
    pub fn request_answered(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        let labels = RequestLabels { route: route.to_owned(), method, status };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    pub fn config_reloaded(&self, succeeded: bool) {
        let result = if succeeded { "success" } else { "failure" };
        self.last_reload.set(i64::from(succeeded));
        self.reloads.get_or_create(&ReloadLabel { result }).inc();
    }

    /// Something was missed and found: a `delivery` that was asked for again, a `head` that moved without a word.
    pub fn missed(&self, what: &'static str) {
        self.missed.get_or_create(&MissedLabel { what }).inc();
    }

    /// All metrics as text, as of `now`. Without a `snapshot`, the gauges of the store are left out.
    pub fn expose(&self, snapshot: Option<&Snapshot>, exposition: Exposition, now: Timestamp) -> String {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        self.held.fill(snapshot);
        self.sweeps.forget(now);
        if let Some(bytes) = process::resident_memory_bytes() {
            self.resident_memory.set(bytes);
        }
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &registry);
        match exposition {
            Exposition::OpenMetrics => text,
            Exposition::Text => exposition::to_text_format(&text),
        }
    }
}

/// Since the Unix epoch.
fn seconds(instant: Timestamp) -> f64 {
    instant.as_duration().as_secs_f64()
}

#[cfg(test)]
mod tests;
