//! Logs and metrics of the program itself.
//!
//! Label values come from closed sets of our own words, never from what somebody sent, so that the number of series
//! has a limit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry as Subscribers, fmt, reload};

use crate::domain::event::Source;
use crate::domain::sweep::{Service, SweepState};
use crate::domain::trial::TrialState;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("`{filter}` is not a log filter: {problem}. Write it like `info` or `info,tunebot=debug`.")]
    Filter { filter: String, problem: String },
    #[error("logging is set up already")]
    Installed,
}

/// The program's log on stderr. Its filter can be changed while it runs.
pub struct Logs {
    filter: reload::Handle<EnvFilter, Subscribers>,
}

impl Logs {
    /// Sends all spans and events of the process to stderr. Once per process.
    ///
    /// # Errors
    /// [`LogError`]
    pub fn install(format: LogFormat, filter: &str) -> Result<Self, LogError> {
        let (filter, handle) = reload::Layer::new(parse_filter(filter)?);
        let lines = fmt::layer().with_writer(std::io::stderr);
        let subscriber = tracing_subscriber::registry().with(filter);
        let installed = match format {
            LogFormat::Text => subscriber.with(lines.with_target(false)).try_init(),
            LogFormat::Json => subscriber.with(lines.json().flatten_event(true)).try_init(),
        };
        installed.map_err(|_| LogError::Installed)?;
        Ok(Self { filter: handle })
    }

    /// # Errors
    /// [`LogError::Filter`]; the filter before it stays in force.
    pub fn set_filter(&self, filter: &str) -> Result<(), LogError> {
        let parsed = parse_filter(filter)?;
        let unusable =
            |error: reload::Error| LogError::Filter { filter: filter.to_owned(), problem: error.to_string() };
        self.filter.reload(parsed).map_err(unusable)
    }
}

/// What the Kubernetes client logs of its own accord is said by the engine, once and with the engine's name; whoever wants
/// it all the same names `kube_client` in the filter.
fn parse_filter(filter: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(format!("kube_client=off,{filter}"))
        .map_err(|error| LogError::Filter { filter: filter.to_owned(), problem: error.to_string() })
}

/// What the store holds at the moment of a scrape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub sweeps: Vec<(SweepState, u64)>,
    pub trials: Vec<(TrialState, u64)>,
    pub outbox: Vec<LaneDepth>,
}

/// The waiting effects of one lane of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneDepth {
    pub lane: String,
    pub depth: u64,
    /// Effects that were given up.
    pub dead: u64,
    /// How long the oldest of them has been due, in seconds; 0 when none is.
    pub oldest_seconds: f64,
}

/// The exposition formats that Prometheus asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    OpenMetrics,
    /// The older text format, 0.0.4: what tools that do not ask get.
    Text,
}

impl Exposition {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

type FloatGauge = Gauge<f64, std::sync::atomic::AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    source: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    source: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SamplerLabel {
    sampler: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabel {
    lane: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EngineLabel {
    engine: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    service: &'static str,
    kind: &'static str,
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
    events: Family<EventLabels, Counter>,
    deliveries: Family<DeliveryLabels, Counter>,
    sweeps: Family<StateLabel, Gauge>,
    trials: Family<StateLabel, Gauge>,
    ask: Family<SamplerLabel, Histogram>,
    outbox_depth: Family<LaneLabel, Gauge>,
    outbox_oldest: Family<LaneLabel, FloatGauge>,
    outbox_dead: Family<LaneLabel, Gauge>,
    engines: Family<EngineLabel, Gauge>,
    slack_sockets: Gauge,
    delivery_errors: Family<ErrorLabels, Counter>,
    requests: Family<RequestLabels, Histogram>,
    reloads: Family<ReloadLabel, Counter>,
    missed: Family<MissedLabel, Counter>,
    resident_memory: Gauge,
}

impl Metrics {
    /// `started_at` is when the process began; `version` is that of the program.
    pub fn new(started_at: Timestamp, version: &'static str) -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            events: Family::default(),
            deliveries: Family::default(),
            sweeps: Family::default(),
            trials: Family::default(),
            // 10 microseconds to 10 seconds.
            ask: Family::new_with_constructor(|| Histogram::new(exponential_buckets(1e-5, 4.0, 11))),
            outbox_depth: Family::default(),
            outbox_oldest: Family::default(),
            outbox_dead: Family::default(),
            engines: Family::default(),
            slack_sockets: Gauge::default(),
            delivery_errors: Family::default(),
            // Half a millisecond to 8 seconds.
            requests: Family::new_with_constructor(|| Histogram::new(exponential_buckets(5e-4, 2.0, 15))),
            reloads: Family::default(),
            missed: Family::default(),
            resident_memory: Gauge::default(),
        };
        metrics.register(started_at, version);
        metrics
    }

    fn register(&self, started_at: Timestamp, version: &'static str) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let build: Family<BuildLabel, Gauge> = Family::default();
        build.get_or_create(&BuildLabel { version }).set(1);
        let start: FloatGauge = Gauge::default();
        start.set(started_at.as_duration().as_secs_f64());
        registry.register("tunebot_build_info", "The version that runs; always 1", build);
        registry.register("tunebot_events", "Events by what became of them", self.events.clone());
        registry.register(
            "tunebot_deliveries",
            "Deliveries from outside by how they were received",
            self.deliveries.clone(),
        );
        registry.register("tunebot_sweeps", "Sweeps in the store by state", self.sweeps.clone());
        registry.register("tunebot_trials", "Trials in the store by state", self.trials.clone());
        registry.register("tunebot_ask_seconds", "Time that a sampler took to propose parameters", self.ask.clone());
        registry.register(
            "tunebot_outbox_depth",
            "Effects that are written down and not done",
            self.outbox_depth.clone(),
        );
        let oldest = "Time since the oldest effect that is not done was due";
        registry.register("tunebot_outbox_oldest_seconds", oldest, self.outbox_oldest.clone());
        registry.register("tunebot_outbox_dead", "Effects that were given up", self.outbox_dead.clone());
        let engines = "1 while the engine answers, 0 while it is away";
        registry.register("tunebot_engine_available", engines, self.engines.clone());
        let sockets = "Open connections of Slack's Socket Mode";
        registry.register("tunebot_slack_sockets", sockets, self.slack_sockets.clone());
        registry.register(
            "tunebot_delivery_errors",
            "Messages that a service did not take",
            self.delivery_errors.clone(),
        );
        registry.register("tunebot_http_request_seconds", "Time to answer a request", self.requests.clone());
        registry.register("tunebot_config_reloads", "Attempts to read the configuration again", self.reloads.clone());
        let missed = "What was missed and found: failed deliveries asked for again, heads that moved without a word";
        registry.register("tunebot_missed", missed, self.missed.clone());
        registry.register("process_resident_memory_bytes", "Resident memory size", self.resident_memory.clone());
        registry.register("process_start_time_seconds", "Start of the process since the Unix epoch", start);
    }

    /// An event has ended with `outcome`, the name of its verdict.
    pub fn event_ended(&self, source: Source, outcome: &'static str) {
        self.events.get_or_create(&EventLabels { source: source.name(), outcome }).inc();
    }

    /// A delivery was `new`, `repeated`, `unsigned`, `wrong_signature`, `stale`, `malformed`, `too_large` or could not be
    /// stored: `unavailable`.
    pub fn delivery_received(&self, source: Source, result: &'static str) {
        self.deliveries.get_or_create(&DeliveryLabels { source: source.name(), result }).inc();
    }

    pub fn sampler_asked(&self, sampler: &'static str, took: Duration) {
        self.ask.get_or_create(&SamplerLabel { sampler }).observe(took.as_secs_f64());
    }

    /// `engine` is a name of the configuration.
    pub fn engine_available(&self, engine: &str, available: bool) {
        self.engines.get_or_create(&EngineLabel { engine: engine.to_owned() }).set(i64::from(available));
    }

    pub fn slack_socket_opened(&self) {
        self.slack_sockets.inc();
    }

    pub fn slack_socket_closed(&self) {
        self.slack_sockets.dec();
    }

    /// A message was not taken; `kind` is `transient` or `permanent`.
    pub fn delivery_failed(&self, service: Service, kind: &'static str) {
        self.delivery_errors.get_or_create(&ErrorLabels { service: service.name(), kind }).inc();
    }

    /// `route` is the pattern of the route, not the path.
    pub fn request_answered(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        let labels = RequestLabels { route: route.to_owned(), method, status };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    pub fn config_reloaded(&self, succeeded: bool) {
        let result = if succeeded { "success" } else { "failure" };
        self.reloads.get_or_create(&ReloadLabel { result }).inc();
    }

    /// Something was missed and found: a `delivery` that was asked for again, a `head` that moved without a word.
    pub fn missed(&self, what: &'static str) {
        self.missed.get_or_create(&MissedLabel { what }).inc();
    }

    /// All metrics as text. Without a `snapshot`, the gauges of the store are left out.
    pub fn expose(&self, snapshot: Option<&Snapshot>, exposition: Exposition) -> String {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        self.fill(snapshot);
        if let Some(bytes) = resident_memory_bytes() {
            self.resident_memory.set(bytes);
        }
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &registry);
        match exposition {
            Exposition::OpenMetrics => text,
            Exposition::Text => to_text_format(&text),
        }
    }

    fn fill(&self, snapshot: Option<&Snapshot>) {
        self.sweeps.clear();
        self.trials.clear();
        self.outbox_depth.clear();
        self.outbox_oldest.clear();
        self.outbox_dead.clear();
        let Some(snapshot) = snapshot else { return };
        for state in SweepState::ALL {
            self.sweeps.get_or_create(&StateLabel { state: state.name() }).set(0);
        }
        for state in TrialState::ALL {
            self.trials.get_or_create(&StateLabel { state: state.name() }).set(0);
        }
        for (state, count) in &snapshot.sweeps {
            self.sweeps.get_or_create(&StateLabel { state: state.name() }).set(saturate(*count));
        }
        for (state, count) in &snapshot.trials {
            self.trials.get_or_create(&StateLabel { state: state.name() }).set(saturate(*count));
        }
        for lane in &snapshot.outbox {
            let label = LaneLabel { lane: lane.lane.clone() };
            self.outbox_depth.get_or_create(&label).set(saturate(lane.depth));
            self.outbox_oldest.get_or_create(&label).set(lane.oldest_seconds);
            self.outbox_dead.get_or_create(&label).set(saturate(lane.dead));
        }
    }
}

fn saturate(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Linux tells it in a file; elsewhere it is not known.
fn resident_memory_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// OpenMetrics describes a counter without its `_total`; the older format, with it. Nothing else of what is used here
/// differs.
fn to_text_format(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut lines = open_metrics.lines().filter(|line| *line != "# EOF").peekable();
    while let Some(line) = lines.next() {
        let described = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' '));
        let counter = lines.peek().and_then(|next| next.strip_prefix("# TYPE ")?.strip_suffix(" counter"));
        match (described, counter) {
            (Some((name, help)), Some(counter)) if name == counter => {
                text.push_str(&format!("# HELP {name}_total {help}\n# TYPE {name}_total counter\n"));
                lines.next();
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
