//! Measures how long a sampler takes; the samplers themselves know no clock.

use std::sync::Arc;
use std::time::Instant;

use crate::domain::params::Params;
use crate::domain::tuning::SamplerKind;
use crate::search::{History, Sampler};
use crate::telemetry::Metrics;

/// A sampler whose asks are measured.
pub(super) struct TimedSampler {
    sampler: Box<dyn Sampler>,
    kind: SamplerKind,
    metrics: Arc<Metrics>,
}

impl TimedSampler {
    pub(super) fn new(sampler: Box<dyn Sampler>, kind: SamplerKind, metrics: Arc<Metrics>) -> Self {
        Self { sampler, kind, metrics }
    }
}

impl Sampler for TimedSampler {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let start = Instant::now();
        let params = self.sampler.ask(history, number);
        self.metrics.sampler_asked(self.kind.name(), start.elapsed());
        params
    }

    fn explain(&self, history: &History) -> Option<String> {
        self.sampler.explain(history)
    }
}
