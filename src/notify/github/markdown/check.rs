//! A sweep as a check run: the verdict, why, and what can be done next. Pure.

use super::{Context, LIMIT, TITLE, details, linked, paragraphs, short_title, summary, within_limit};
use crate::domain::ids::MetricName;
use crate::domain::report::{Conclusion, Phase, Report, Verdict};
use crate::domain::signal::StopRequest;
use crate::domain::sweep::Outcome;
use crate::domain::trial::{Trial, TrialState};
use crate::notify::github::markup;
use crate::notify::links::Chart;
use crate::notify::phrases::{self, Phrase};
use crate::notify::{figures, prose};

/// Parameters of one trial in the table of all trials, in characters.
const TRIAL_PARAMETERS: usize = 120;
/// Why a trial failed, in characters.
const REASON: usize = 60;
/// What the table of all trials leaves free: the lines around it.
const MARGIN: usize = 500;

/// A check run as the API wants it, without the names of repository and commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub status: CheckStatus,
    pub title: String,
    pub summary: String,
    pub text: String,
    /// At most three.
    pub actions: Vec<CheckAction>,
    pub images: Vec<Chart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    Queued,
    InProgress,
    Completed(CheckConclusion),
}

/// Where a check is required, GitHub lets success, neutral and skipped be merged, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckConclusion {
    Success,
    Failure,
    Neutral,
    Skipped,
    Cancelled,
}

/// A button. A click comes back as the command that the identifier names, on the sweep that the run belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckAction {
    /// At most 20 characters.
    pub label: &'static str,
    /// At most 40 characters.
    pub description: &'static str,
    /// At most 20 characters.
    pub identifier: &'static str,
}

const STOP: CheckAction =
    CheckAction { label: "Stop", description: "End this sweep; its best is kept", identifier: "stop" };
const RERUN: CheckAction =
    CheckAction { label: "Re-run", description: "Run the same sweep on this commit again", identifier: "rerun" };

const APPLY: CheckAction =
    CheckAction { label: "Apply best", description: "Open a pull request with the best values", identifier: "apply" };

pub fn check(report: &Report, context: Context<'_>) -> Check {
    let details = details(report);
    let room = LIMIT.saturating_sub(details.chars().count() + MARGIN);
    let trials = all_trials(report, &context.supplement.trials, room);
    Check {
        name: format!("tunebot / {}", report.tuning),
        status: status(report),
        title: prose::cut(&title(report).plain(), TITLE),
        summary: within_limit(&paragraphs([summary(report), linked(context.links)])),
        text: within_limit(&paragraphs([trials, details])),
        actions: actions(report),
        images: context.charts.to_vec(),
    }
}

fn status(report: &Report) -> CheckStatus {
    match &report.phase {
        Phase::Queued { .. } => CheckStatus::Queued,
        Phase::Running | Phase::Stopping { .. } => CheckStatus::InProgress,
        Phase::Finished { outcome } => CheckStatus::Completed(conclusion(outcome, report.verdict.as_ref())),
    }
}

/// A sweep that was to judge and was stopped has judged nothing: a required check must not pass by being stopped. One that
/// nothing is required of stands in nobody's way.
fn conclusion(outcome: &Outcome, verdict: Option<&Verdict>) -> CheckConclusion {
    match (outcome, verdict.map(|verdict| verdict.conclusion)) {
        (Outcome::Stopped { .. }, Some(_)) => CheckConclusion::Cancelled,
        (Outcome::Stopped { by: StopRequest::Person { .. } }, None) => CheckConclusion::Neutral,
        (Outcome::Stopped { .. }, None) => CheckConclusion::Skipped,
        (Outcome::TooManyFailures { .. }, _) | (_, Some(Conclusion::Failure)) => CheckConclusion::Failure,
        (_, Some(Conclusion::Success)) => CheckConclusion::Success,
        (_, Some(Conclusion::Neutral) | None) => CheckConclusion::Neutral,
    }
}

/// Stands beside the name of the tuning already.
fn title(report: &Report) -> Phrase {
    match &report.phase {
        Phase::Finished { outcome } if outcome.is_success() && report.verdict.is_some() => {
            let values = phrases::values(report).unwrap_or_default();
            Phrase::joined([short_title(report), values], ": ")
        }
        Phase::Running => Phrase::joined([short_title(report), phrases::best_so_far(report)], ", "),
        _ => short_title(report),
    }
}

fn actions(report: &Report) -> Vec<CheckAction> {
    match &report.phase {
        Phase::Queued { .. } | Phase::Running => vec![STOP],
        Phase::Stopping { .. } => Vec::new(),
        Phase::Finished { .. } if report.may_be_applied() => vec![RERUN, APPLY],
        Phase::Finished { .. } => vec![RERUN],
    }
}

/// All trials, folded, as many as there is `room` for in characters.
fn all_trials(report: &Report, trials: &[Trial], room: usize) -> String {
    if trials.is_empty() {
        return String::new();
    }
    let metric = &report.objective.metric;
    let mut table =
        format!("| trial | how it ended | {} | parameters |\n|---|---|---|---|", markup::code(metric.as_str()));
    let (mut length, mut shown) = (table.chars().count(), 0);
    for trial in trials {
        let row = row(trial, metric);
        length += row.chars().count() + 1;
        if length > room {
            break;
        }
        shown += 1;
        table.push('\n');
        table.push_str(&row);
    }
    let hidden = trials.len() - shown;
    if hidden > 0 {
        let command = markup::code(&format!("tunebot export {} --format csv", report.sweep));
        table.push_str(&format!("\n\n… and {hidden} more, for which GitHub has no room: {command}"));
    }
    let title = if trials.len() == 1 { "Its one trial".to_owned() } else { format!("All {} trials", trials.len()) };
    markup::folded(&title, &table)
}

fn row(trial: &Trial, metric: &MetricName) -> String {
    let ended = match trial.state {
        TrialState::Complete => "done".to_owned(),
        TrialState::Failed => {
            let reason = trial.reason.as_deref().map(|reason| prose::line(reason, REASON)).unwrap_or_default();
            if reason.is_empty() { "failed".to_owned() } else { format!("failed: {}", markup::words(&reason)) }
        }
        TrialState::Pruned => match trial.steps.last() {
            Some((step, _)) => format!("stopped early at step {step}"),
            None => "stopped early".to_owned(),
        },
        TrialState::Waiting | TrialState::Running | TrialState::Paused => trial.state.name().to_owned(),
    };
    let last = || trial.steps.last().map(|(_, value)| *value);
    let value = trial.metrics.get(metric).or_else(last).map(figures::number).unwrap_or_default();
    let parameters = markup::code(&phrases::parameters(&trial.params, TRIAL_PARAMETERS));
    format!("| {} | {ended} | {value} | {parameters} |", trial.number)
}
