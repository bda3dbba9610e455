//! What comes in, what becomes of it, what goes out, and how long each takes.
//!
//! Every series that can be is there from the start, at 0: the first of a kind is an increase then, and a panel of a healthy
//! tunebot shows a line and not a hole.

use jiff::SignedDuration;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::domain::effect::Lane;
use crate::domain::event::Source;
use crate::domain::sweep::Service;

/// The words for what becomes of an event.
const OUTCOMES: [&str; 6] = ["started", "stopped", "answered", "ignored", "refused", "dead"];
/// The words for how a delivery was received that may come from every service.
const RESULTS: [&str; 8] =
    ["new", "repeated", "unsigned", "wrong_signature", "stale", "malformed", "too_large", "unavailable"];
/// Upper bounds in seconds: from what nobody notices to what everybody does.
const EVENT_SECONDS: [f64; 13] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
const EFFECT_SECONDS: [f64; 14] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

/// What became of an attempt to carry out an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectResult {
    Done,
    /// It failed, and is tried again.
    Retried,
    /// Its turn comes later, because a service wants it so.
    Held,
    GivenUp,
}

impl EffectResult {
    const ALL: [Self; 4] = [Self::Done, Self::Retried, Self::Held, Self::GivenUp];

    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Held => "held",
            Self::GivenUp => "given_up",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    source: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    source: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EffectLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    service: &'static str,
    kind: &'static str,
}

pub(super) struct Work {
    events: Family<EventLabels, Counter>,
    event_seconds: Family<SourceLabel, Histogram>,
    deliveries: Family<DeliveryLabels, Counter>,
    effects: Family<EffectLabels, Counter>,
    effect_seconds: Family<KindLabel, Histogram>,
    delivery_errors: Family<ErrorLabels, Counter>,
}

impl Work {
    pub fn new() -> Self {
        let work = Self {
            events: Family::default(),
            event_seconds: Family::new_with_constructor(|| Histogram::new(EVENT_SECONDS)),
            deliveries: Family::default(),
            effects: Family::default(),
            effect_seconds: Family::new_with_constructor(|| Histogram::new(EFFECT_SECONDS)),
            delivery_errors: Family::default(),
        };
        work.begin_at_zero();
        work
    }

    fn begin_at_zero(&self) {
        for source in Source::ALL.map(Source::name) {
            for outcome in OUTCOMES {
                self.events.get_or_create(&EventLabels { source, outcome }).inc_by(0);
            }
        }
        // Slots of schedules are not delivered by anybody.
        for source in [Source::Github, Source::Slack, Source::Api].map(Source::name) {
            for result in RESULTS {
                self.deliveries.get_or_create(&DeliveryLabels { source, result }).inc_by(0);
            }
        }
        for service in [Service::Slack, Service::Github].map(Service::name) {
            for kind in ["transient", "permanent"] {
                self.delivery_errors.get_or_create(&ErrorLabels { service, kind }).inc_by(0);
            }
        }
        for kind in ["engine", "slack", "github", "pictures"] {
            for result in EffectResult::ALL.map(EffectResult::name) {
                self.effects.get_or_create(&EffectLabels { kind, result }).inc_by(0);
            }
        }
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register("tunebot_events", "Events by what became of them", self.events.clone());
        let help = "Time from the receipt of an event to the decision on it";
        registry.register("tunebot_event_seconds", help, self.event_seconds.clone());
        let help = "Deliveries from outside by how they were received";
        registry.register("tunebot_deliveries", help, self.deliveries.clone());
        let help = "Attempts to carry out effects, by what became of them";
        registry.register("tunebot_effects", help, self.effects.clone());
        let help = "Time from when an effect was due until it was done";
        registry.register("tunebot_effect_seconds", help, self.effect_seconds.clone());
        let help = "Messages that a service did not take";
        registry.register("tunebot_delivery_errors", help, self.delivery_errors.clone());
    }

    pub fn event_ended(&self, source: Source, outcome: &'static str, took: SignedDuration) {
        let source = source.name();
        self.events.get_or_create(&EventLabels { source, outcome }).inc();
        self.event_seconds.get_or_create(&SourceLabel { source }).observe(took.as_secs_f64().max(0.0));
    }

    pub fn delivery_received(&self, source: Source, result: &'static str) {
        self.deliveries.get_or_create(&DeliveryLabels { source: source.name(), result }).inc();
    }

    pub fn effect_attempted(&self, lane: &Lane, result: EffectResult, since_due: SignedDuration) {
        let kind = match lane {
            Lane::Engine(_) => "engine",
            Lane::Service(service) => service.name(),
            Lane::Pictures(_) => "pictures",
        };
        self.effects.get_or_create(&EffectLabels { kind, result: result.name() }).inc();
        if result == EffectResult::Done {
            self.effect_seconds.get_or_create(&KindLabel { kind }).observe(since_due.as_secs_f64().max(0.0));
        }
    }

    pub fn delivery_failed(&self, service: Service, kind: &'static str) {
        self.delivery_errors.get_or_create(&ErrorLabels { service: service.name(), kind }).inc();
    }
}
