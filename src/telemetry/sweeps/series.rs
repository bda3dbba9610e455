//! Sweeps and their trials as series.

use std::borrow::Cow;
use std::fmt;
use std::sync::PoisonError;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::{EndedTrial, Seen, State, Sweeps};
use crate::domain::metrics::{Direction, Objective};
use crate::domain::report::Counts;
use crate::domain::sweep::SweepState;
use crate::domain::trial::TrialState;
use crate::telemetry::exposition::{Labels, NoLabels, write_gauge};
use crate::telemetry::seconds;

impl Collector for Sweeps {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = state.shown();
        write_sweeps(&mut encoder, &shown)?;
        write_instants(&mut encoder, &shown)?;
        write_trials(&mut encoder, &shown)?;
        write_limits(&mut encoder, &state, shown.len())
    }
}

fn write_sweeps(encoder: &mut DescriptorEncoder<'_>, shown: &[&Seen]) -> fmt::Result {
    let info = shown.iter().map(|seen| (seen.described(), 1.0));
    let help = "A sweep that is under way or has ended just now, and what it is; always 1.";
    write_gauge(encoder, "tunebot_sweep_info", help, info)?;
    let states = shown.iter().flat_map(|seen| {
        let is = |state| f64::from(u8::from(seen.figures.state == state));
        SweepState::ALL.map(|state| (seen.with([("state", state.name().into())]), is(state)))
    });
    write_gauge(encoder, "tunebot_sweep_state", "1 for the state that the sweep is in, 0 for the others.", states)?;
    let trials = shown.iter().flat_map(|seen| {
        let count = |state| f64::from(of(&seen.figures.counts, state));
        TrialState::ALL.map(|state| (seen.with([("state", state.name().into())]), count(state)))
    });
    write_gauge(encoder, "tunebot_sweep_trials", "The sweep's trials by state.", trials)?;
    let planned = shown.iter().map(|seen| (seen.labels(), f64::from(seen.figures.planned)));
    write_gauge(encoder, "tunebot_sweep_trials_planned", "Trials that the sweep was asked for.", planned)?;
    let progress = shown.iter().map(|seen| (seen.labels(), seen.figures.progress));
    let help = "The share of the sweep that is done, from 0 to 1; 1 once it has ended.";
    write_gauge(encoder, "tunebot_sweep_progress_ratio", help, progress)?;
    let best = shown.iter().flat_map(|seen| seen.values(&seen.figures.best, Vec::new()));
    let help = "The sweep's best trial so far: its values of the objectives, the first of which decides.";
    write_gauge(encoder, "tunebot_sweep_best_objective", help, best)?;
    let quiet = shown.iter().filter_map(|seen| Some((seen.labels(), seen.figures.quiet_limit?.as_secs_f64())));
    let help = "How long the sweep may be without news while all is well; missing while none of its trials runs.";
    write_gauge(encoder, "tunebot_sweep_quiet_limit_seconds", help, quiet)
}

fn write_instants(encoder: &mut DescriptorEncoder<'_>, shown: &[&Seen]) -> fmt::Result {
    let mut write = |name: &str, help: &str, of: fn(&Seen) -> Option<Timestamp>| {
        let series = shown.iter().filter_map(|seen| Some((seen.labels(), seconds(of(seen)?))));
        write_gauge(encoder, name, help, series)
    };
    let created = "When the sweep was asked for.";
    write("tunebot_sweep_created_timestamp_seconds", created, |seen| Some(seen.figures.created_at))?;
    let started = "When the sweep began; missing while it waits.";
    write("tunebot_sweep_started_timestamp_seconds", started, |seen| seen.figures.started_at)?;
    let ended = "When the sweep ended; missing until then.";
    write("tunebot_sweep_ended_timestamp_seconds", ended, |seen| seen.figures.ended_at)?;
    let expected = "When the sweep will probably end; missing while nothing is known of it, and once it has ended.";
    write("tunebot_sweep_expected_end_timestamp_seconds", expected, |seen| seen.figures.expected_end)?;
    let news = "When something last happened to the sweep or one of its trials.";
    write("tunebot_sweep_last_news_timestamp_seconds", news, |seen| Some(seen.figures.last_news))
}

fn write_trials(encoder: &mut DescriptorEncoder<'_>, shown: &[&Seen]) -> fmt::Result {
    let trials = || shown.iter().flat_map(|seen| seen.ended.iter().map(move |(_, trial)| (*seen, trial)));
    let values = trials().flat_map(|(seen, trial)| seen.values(&trial.values, vec![trial_label(trial)]));
    let help = "What a trial gave, for some minutes after its end.";
    write_gauge(encoder, "tunebot_trial_objective", help, values)?;
    let took = trials().map(|(seen, trial)| {
        let state = ("state", trial.state.name().into());
        (seen.with([trial_label(trial), state]), trial.took.as_secs_f64())
    });
    let help = "How long a trial ran in all its attempts, for some minutes after its end.";
    write_gauge(encoder, "tunebot_trial_duration_seconds", help, took)
}

/// What is not shown, so that nobody takes what is shown for everything.
fn write_limits(encoder: &mut DescriptorEncoder<'_>, state: &State, shown: usize) -> fmt::Result {
    let hidden = state.seen.len().saturating_sub(shown) as f64;
    let help = "Sweeps that are not shown one by one, because there are too many.";
    write_gauge(encoder, "tunebot_sweeps_hidden", help, [(Vec::new(), hidden)])?;
    let help = "Trials that were not shown for their full time, because too many ended at once.";
    let mut metric = encoder.encode_descriptor("tunebot_trials_cut_short", help, None, MetricType::Counter)?;
    metric.encode_counter::<NoLabels, _, u64>(&state.cut_short, None)
}

impl Seen {
    fn labels(&self) -> Labels<'_> {
        vec![("sweep", self.figures.sweep.as_str().into()), ("tuning", self.figures.tuning.as_str().into())]
    }

    fn with<'a, const N: usize>(&'a self, more: [(&'static str, Cow<'a, str>); N]) -> Labels<'a> {
        let mut labels = self.labels();
        labels.extend(more);
        labels
    }

    fn described(&self) -> Labels<'_> {
        let objective = self.figures.objectives.first();
        let metric = objective.map_or("", |objective| objective.metric.as_str());
        let direction = objective.map_or("", |objective| direction_name(objective.direction));
        self.with([
            ("engine", self.figures.engine.as_str().into()),
            ("sampler", self.figures.sampler.into()),
            ("objective", metric.into()),
            ("direction", direction.into()),
        ])
    }

    /// A series for each objective that has a value.
    fn values<'a>(&'a self, values: &'a [f64], more: Labels<'a>) -> impl Iterator<Item = (Labels<'a>, f64)> + 'a {
        self.figures.objectives.iter().zip(values).enumerate().map(move |(index, (objective, value))| {
            let mut labels = self.labels();
            labels.extend(more.iter().cloned());
            labels.extend(objective_labels(objective, index));
            (labels, *value)
        })
    }
}

fn trial_label(trial: &EndedTrial) -> (&'static str, Cow<'static, str>) {
    ("trial", trial.number.to_string().into())
}

fn objective_labels(objective: &Objective, index: usize) -> [(&'static str, Cow<'_, str>); 3] {
    [
        ("objective", objective.metric.as_str().into()),
        ("direction", direction_name(objective.direction).into()),
        ("position", (index + 1).to_string().into()),
    ]
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "minimize",
        Direction::Maximize => "maximize",
    }
}

fn of(counts: &Counts, state: TrialState) -> u32 {
    match state {
        TrialState::Waiting => counts.waiting,
        TrialState::Running => counts.running,
        TrialState::Paused => counts.paused,
        TrialState::Complete => counts.complete,
        TrialState::Pruned => counts.pruned,
        TrialState::Failed => counts.failed,
    }
}
