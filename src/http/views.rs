//! What the API shows of sweeps, trials and events. Fields are added, never renamed: programs read them.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::decision::Decision;
use crate::domain::ids::{EventId, SweepId, TuningName};
use crate::domain::metrics::Metrics;
use crate::domain::params::Params;
use crate::domain::report::Report;
use crate::domain::sweep::{Code, Outcome, SweepState};
use crate::domain::trial::{Trial, TrialState};
use crate::ingress::describe;
use crate::store::{EventRecord, StoredSweep, SweepRow};

/// A line of the list.
#[derive(Serialize)]
pub(super) struct SweepSummary {
    id: SweepId,
    tuning: TuningName,
    state: SweepState,
    outcome: Option<String>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    best: Option<Best>,
}

#[derive(Serialize)]
struct Best {
    trial: u32,
    metric: String,
    value: f64,
    params: Params,
}

impl Best {
    fn of(report: &Report) -> Option<Self> {
        let best = report.best()?;
        let metric = report.objective.metric.to_string();
        Some(Self { trial: best.trial, metric, value: best.value, params: best.params.clone() })
    }
}

impl From<SweepRow> for SweepSummary {
    fn from(row: SweepRow) -> Self {
        Self {
            id: row.id,
            tuning: row.tuning,
            state: row.state,
            outcome: row.outcome,
            created_at: row.created_at,
            ended_at: row.ended_at,
            best: row.report.as_ref().and_then(Best::of),
        }
    }
}

/// One sweep, whole.
#[derive(Serialize)]
pub(super) struct SweepDetail {
    id: SweepId,
    tuning: TuningName,
    state: SweepState,
    outcome: Option<Outcome>,
    event: EventId,
    asked_by: String,
    overrides: Vec<String>,
    seed: u64,
    code: Option<Code>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    /// Absent until the sweep has been looked at for the first time.
    report: Option<Report>,
    trials: Vec<TrialView>,
}

impl SweepDetail {
    pub(super) fn new(stored: StoredSweep, trials: Vec<Trial>) -> Self {
        let sweep = stored.sweep;
        Self {
            asked_by: sweep.origin.asker(),
            id: sweep.id,
            tuning: sweep.tuning.name,
            state: sweep.state,
            outcome: sweep.outcome,
            event: sweep.event,
            overrides: sweep.overrides,
            seed: sweep.seed,
            code: sweep.code,
            created_at: sweep.created_at,
            started_at: sweep.started_at,
            ended_at: sweep.ended_at,
            report: stored.report,
            trials: trials.into_iter().map(TrialView::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct TrialView {
    number: u32,
    attempt: u32,
    state: TrialState,
    params: Params,
    metrics: Metrics,
    /// Values of the first objective by step.
    steps: Vec<(u64, f64)>,
    progress: Option<(u64, u64)>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    reason: Option<String>,
}

impl From<Trial> for TrialView {
    fn from(trial: Trial) -> Self {
        Self {
            number: trial.number,
            attempt: trial.attempt,
            state: trial.state,
            params: trial.params,
            metrics: trial.metrics,
            steps: trial.steps,
            progress: trial.progress,
            started_at: trial.started_at,
            ended_at: trial.ended_at,
            reason: trial.reason,
        }
    }
}

/// An event and what became of it.
#[derive(Serialize)]
pub(super) struct EventView {
    id: EventId,
    source: &'static str,
    delivery: String,
    received_at: Timestamp,
    kind: &'static str,
    understood: String,
    state: &'static str,
    attempts: u32,
    error: Option<String>,
    decisions: Vec<Decision>,
}

impl From<EventRecord> for EventView {
    fn from(record: EventRecord) -> Self {
        Self {
            id: record.id,
            source: record.event.key.source.name(),
            received_at: record.event.received_at,
            kind: record.event.kind.name(),
            understood: describe(&record.event.kind),
            delivery: record.event.key.delivery,
            state: record.state.name(),
            attempts: record.attempts,
            error: record.error,
            decisions: record.decisions,
        }
    }
}
