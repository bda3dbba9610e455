//! All there is to say about one sweep, for whoever asks for it: counts, the best trials, the failures, how it was run.

use super::super::code;
use super::table::Table;
use super::{dash, number, phase, revision};
use crate::domain::params::Value;
use crate::domain::report::{Counts, Failure, Ranked, Report};

/// Rows of parameters that a phone bears.
const MOST_PARAMETERS: usize = 20;
/// Characters of a value in a column, and of a line of a log.
const COLUMN: usize = 14;
const LINE: usize = 120;
/// Lines of the end of a log.
const LOG_LINES: usize = 12;

/// The full table of the sweep.
pub fn details(report: &Report) -> String {
    let headline =
        format!("*{}* sweep {}: {} · {}", report.tuning, code(report.sweep.as_str()), phase(report), report.asked_by);
    let parts = [headline, counts(report), best(report), failure(report), setup(report)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn counts(report: &Report) -> String {
    let Counts { waiting, running, paused, complete, pruned, failed } = report.counts;
    let named = [
        (complete, "done"),
        (pruned, "stopped early"),
        (failed, "failed"),
        (running, "running"),
        (waiting, "waiting"),
        (paused, "paused"),
    ];
    let named: Vec<String> =
        named.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let named = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
    format!("{} of {} trials{named}", report.counts.finished(), report.trials)
}

/// The best trials side by side: a column for each, a row for each parameter.
fn best(report: &Report) -> String {
    if report.top.is_empty() {
        return "No trial has a result yet.".to_owned();
    }
    let mut table = Table::default();
    let mut row = |name: &str, of: &dyn Fn(&Ranked) -> String| {
        let mut cells = [const { String::new() }; Report::TOP + 1];
        cells[0] = name.to_owned();
        for (cell, ranked) in cells[1..].iter_mut().zip(&report.top) {
            *cell = cut(&of(ranked), COLUMN);
        }
        table.row(cells);
    };
    row("trial", &|ranked| ranked.trial.to_string());
    row(report.objective.metric.as_str(), &|ranked| number(ranked.value));
    let names: std::collections::BTreeSet<_> = report.top.iter().flat_map(|ranked| ranked.params.0.keys()).collect();
    for name in names.iter().take(MOST_PARAMETERS) {
        row(name.as_str(), &|ranked| ranked.params.get(name).map_or_else(dash, shown));
    }
    match names.len().saturating_sub(MOST_PARAMETERS) {
        0 => table.to_string(),
        hidden => format!("{table}\n… and {hidden} more parameters: `/tune best {}`", report.sweep),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Float(float) => number(*float),
        other => other.to_string(),
    }
}

fn failure(report: &Report) -> String {
    let Some(Failure { reason, count, trial, log_tail }) = &report.failure else { return String::new() };
    let trials =
        if *count == 1 { format!("Trial {trial} failed") } else { format!("{count} trials failed, first {trial}") };
    let lines: Vec<&str> = log_tail.iter().flat_map(|log| log.lines()).filter(|line| !line.trim().is_empty()).collect();
    let mut log = Table::default();
    for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
        log.row([cut(line, LINE)]);
    }
    let log = if lines.is_empty() { String::new() } else { format!("\nThe end of its log:\n{log}") };
    format!("{trials}: {}{log}", code(reason))
}

fn setup(report: &Report) -> String {
    let mut parts =
        vec![report.sampler.clone(), format!("seed {}", report.seed), format!("{} at a time", report.parallel)];
    parts.extend(report.choice.clone());
    parts.extend(report.code.as_ref().map(|of| code(&revision(of))));
    parts.extend(report.notes.iter().chain(&report.beginning).cloned());
    format!("Run with {}.", parts.join(" · "))
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}
