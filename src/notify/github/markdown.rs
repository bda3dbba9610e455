//! Reports as GitHub shows them: the comment on a pull request and the output of a check run. Pure.

mod proposal;

pub use proposal::{Row, proposal, proposal_title};

use crate::domain::preview::{Preview, PreviewState};
use crate::domain::report::{Phase, Ranked, Report};
use crate::domain::sweep::Outcome;
use crate::notify::figures;
use crate::notify::importance::mattered;
use crate::notify::links::{Chart, Link};
use crate::notify::phrases::{self, Phrase};
use crate::notify::preview as asked;
use crate::notify::prose;
use crate::notify::spending;
use crate::notify::standing::{self, Medium};

use super::markup;
use crate::notify::Supplement;

mod before;
mod check;

pub use check::{Check, CheckConclusion, CheckStatus, check};

/// What GitHub takes for a comment, and for each of a check run's summary and text, in characters.
const LIMIT: usize = 65_535;
/// Cells of the progress bar.
const BAR: usize = 16;
/// Best trials in the table.
const TRIALS: usize = 3;
/// Parameters shown; the others are counted.
const PARAMETERS: usize = 30;
/// Parameters of one trial in the table of trials, in characters.
const TRIAL_PARAMETERS: usize = 160;
const LOG: usize = 6000;
/// GitHub shows no more of a check run's title, and takes no more of a commit status' description.
const TITLE: usize = 140;

/// What a report is shown with.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub links: &'a [Link],
    pub charts: &'a [Chart],
    pub supplement: &'a Supplement,
}

/// The comment of a sweep on its pull request, which begins with the hidden marker of `key`.
pub fn comment(key: &str, report: &Report, context: Context<'_>) -> String {
    let title = format!("### {}", markup::phrase(&title(report)));
    let before = before::folded(&context.supplement.before);
    let charts = context.charts.iter().map(|chart| markup::image(&chart.url, &chart.title)).collect::<Vec<_>>();
    let parts = [title, summary(report), charts.join("\n"), details(report), before, linked(context.links)];
    within_limit(&format!("{}\n{}", markup::marker(key), paragraphs(parts)))
}

/// The line that tells whoever asked that the sweep has ended.
pub fn closing(slot: &str, report: &Report, mention: Option<&str>) -> String {
    let headline = markup::phrase(&phrases::headline(report));
    let headline = match mention.and_then(markup::mention) {
        Some(mention) => format!("{mention} {headline}"),
        None => headline,
    };
    let parts = [headline, markup::phrase(&phrases::failure(report)), markup::phrase(&mattered(report))];
    within_limit(&format!("{}\n{}", markup::marker(slot), paragraphs(parts)))
}

/// An answer to a command; backticks in it mark code.
pub fn answer(slot: &str, text: &str) -> String {
    let text = markup::phrase(&Phrase::answer(&prose::lines(text, LIMIT / 8)));
    within_limit(&format!("{}\n{text}", markup::marker(slot)))
}

/// What will run if somebody says yes, or what became of it.
pub fn preview(slot: &str, preview: &Preview) -> String {
    let mut parts = vec![markup::phrase(&asked::headline(preview))];
    if preview.state == PreviewState::Asked {
        parts.push(markup::phrase(&asked::plan(preview)));
        parts.push(markup::words(&asked::expectation(preview)));
        parts.push(markup::phrase(&asked::footnote(preview)));
    }
    within_limit(&format!("{}\n{}", markup::marker(slot), paragraphs(parts)))
}

/// "tunebot / resnet: better by 0.6 %".
fn title(report: &Report) -> Phrase {
    let name = format!("tunebot / {}: ", report.tuning);
    Phrase::default().words(name).then(short_title(report))
}

fn short_title(report: &Report) -> Phrase {
    let words = |text: &str| Phrase::default().words(text);
    match &report.phase {
        Phase::Queued { .. } => words("queued"),
        Phase::Running => words(&standing::title(report)),
        Phase::Stopping { .. } => words("stopping"),
        Phase::Finished { outcome: Outcome::Stopped { .. } } => words("stopped"),
        Phase::Finished { outcome: Outcome::TooManyFailures { .. } } if report.searches => words("its workflow failed"),
        Phase::Finished { outcome: Outcome::TooManyFailures { .. } } => words("gave up after too many failures"),
        Phase::Finished { .. } => match (&report.verdict, phrases::result(report)) {
            (Some(verdict), _) => words(&prose::line(&verdict.headline, TITLE)),
            (None, Some(result)) => result,
            (None, None) => words("no result"),
        },
    }
}

/// What one should know: the answer, the comparison, why it failed.
fn summary(report: &Report) -> String {
    let explanation = markup::phrase(&phrases::explanation(report));
    let failure = markup::phrase(&phrases::failure(report));
    match &report.phase {
        Phase::Queued { .. } => explanation,
        Phase::Running | Phase::Stopping { .. } => {
            let waiting = markup::phrase(&standing::waiting(report, Medium::Chat));
            paragraphs([explanation, progress(report), standing::tally(report, " · "), waiting, failure])
        }
        Phase::Finished { outcome } => {
            let said_in_title = outcome.is_success() && report.verdict.is_none() && report.best().is_some();
            let headline = match outcome {
                _ if said_in_title => String::new(),
                outcome if outcome.is_success() => {
                    let result =
                        phrases::result(report).map(|result| Phrase::joined([result, requirement(report)], " · "));
                    markup::phrase(&result.unwrap_or_else(|| phrases::headline(report)))
                }
                _ => markup::phrase(&phrases::headline(report)),
            };
            let totals = markup::words(&phrases::totals(report));
            let tables = [comparison(report), best_trials(report)];
            let mattered = markup::phrase(&mattered(report));
            paragraphs(
                [headline, failure, log(report), explanation].into_iter().chain(tables).chain([totals, mattered]),
            )
        }
    }
}

fn requirement(report: &Report) -> Phrase {
    let requirement = report.verdict.as_ref().map(|verdict| prose::line(&verdict.requirement, TITLE));
    requirement.map(|text| Phrase::default().words(text)).unwrap_or_default()
}

fn progress(report: &Report) -> String {
    let bar = standing::bar(report, BAR).map(|(cells, label)| {
        let bar = Phrase::default().code(format!("{}{}", "█".repeat(cells), "░".repeat(BAR - cells)));
        bar.words(format!(" {label}"))
    });
    let bar = bar.unwrap_or_default();
    markup::phrase(&Phrase::joined([bar, phrases::best_so_far(report), phrases::time_left(report)], " · "))
}

/// The best beside the baseline: the objective, then every parameter that differs. Without a baseline, all parameters.
fn comparison(report: &Report) -> String {
    let Some(best) = report.best() else { return String::new() };
    let rows = phrases::rows(report);
    let head = format!("best (trial {})", best.trial);
    let metric = markup::code(report.objective.metric.as_str());
    let Some(baseline) = &report.baseline else {
        let mut lines = vec![format!("| | {head} |"), "|---|---|".to_owned()];
        lines.push(format!("| {metric} | **{}** |", figures::number(best.value)));
        let shown = rows.iter().take(PARAMETERS);
        lines.extend(shown.map(|row| format!("| {} | {} |", markup::code(&row.name), markup::code(&row.value))));
        return with_hidden(lines.join("\n"), rows.len().saturating_sub(PARAMETERS), report);
    };
    let (now, then, _) = figures::comparison(best.value, baseline.value);
    let mut lines =
        vec![format!("| | {head} | {} |", markup::code(baseline.against.name())), "|---|---|---|".to_owned()];
    let spread = |spread: Option<f64>| spread.map(|s| format!(" ± {}", figures::spread(s))).unwrap_or_default();
    let (of_best, of_baseline) = (spread(best.metrics.spread(&report.objective.metric)), spread(baseline.spread));
    lines.push(format!("| {metric} | **{now}**{of_best} | {then}{of_baseline} |"));
    let changed: Vec<_> = rows.iter().filter(|row| row.was.is_change()).collect();
    for row in changed.iter().take(PARAMETERS) {
        let was = match &row.was {
            phrases::Was::Different(was) => markup::code(was),
            _ => "not set".to_owned(),
        };
        lines.push(format!("| {} | {} | {was} |", markup::code(&row.name), markup::code(&row.value)));
    }
    with_hidden(lines.join("\n"), changed.len().saturating_sub(PARAMETERS), report)
}

fn with_hidden(table: String, hidden: usize, report: &Report) -> String {
    if hidden == 0 { table } else { format!("{table}\n\n… and {hidden} more: `/tune best {}`", report.sweep) }
}

fn best_trials(report: &Report) -> String {
    if report.top.len() < 2 {
        return String::new();
    }
    let row = |ranked: &Ranked| {
        let parameters = markup::code(&phrases::parameters(&ranked.params, TRIAL_PARAMETERS));
        format!("| {} | {} | {parameters} |", ranked.trial, figures::number(ranked.value))
    };
    let metric = markup::code(report.objective.metric.as_str());
    let head = [format!("| trial | {metric} | parameters |"), "|---|---|---|".to_owned()];
    head.into_iter().chain(report.top.iter().take(TRIALS).map(row)).collect::<Vec<_>>().join("\n")
}

fn log(report: &Report) -> String {
    let Some(failure) = &report.failure else { return String::new() };
    let tail = failure.log_tail.as_deref().map(|tail| prose::tail(tail, LOG)).unwrap_or_default();
    if tail.trim().is_empty() {
        return String::new();
    }
    markup::folded(&format!("Log of trial {}", failure.trial), &markup::code_block(&tail))
}

/// What only some want to know, folded.
fn details(report: &Report) -> String {
    let parameters = match report.best() {
        Some(_) if report.is_final() => markup::folded("Best parameters, to copy", &copyable(report)),
        _ => String::new(),
    };
    paragraphs([parameters, markup::folded("How it is run", &how(report))])
}

fn copyable(report: &Report) -> String {
    let rows = phrases::rows(report);
    let width = rows.iter().take(PARAMETERS).map(|row| row.name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> =
        rows.iter().take(PARAMETERS).map(|row| format!("{:<width$}  {}", row.name, row.value)).collect();
    with_hidden(markup::code_block(&lines.join("\n")), rows.len().saturating_sub(PARAMETERS), report)
}

fn how(report: &Report) -> String {
    let item = |name: &str, text: String| if text.is_empty() { text } else { format!("- {name}: {text}") };
    let commit = report.code.as_ref().and_then(|code| code.sha.as_ref());
    let baseline = report.baseline.as_ref().map(|baseline| baseline.sweep.as_str());
    let items = [
        item(
            "Sweep",
            format!("{} for {}", markup::code(report.sweep.as_str()), markup::words(&phrases::asker(report))),
        ),
        item("Trials", format!("{} asked for, {}", report.trials, standing::tally(report, ", "))),
        item("Search", markup::words(&phrases::setup(report))),
        item("Usually takes", markup::words(&spending::usually(report).unwrap_or_default())),
        item("Begins", markup::phrase(&standing::beginning(report))),
        item("Overrides", markup::phrase(&phrases::notes(report))),
        item("Code", markup::phrase(&phrases::code(report))),
        item("Commit", commit.map(|sha| markup::code(sha.as_str())).unwrap_or_default()),
        item("Compared with", baseline.map(markup::code).unwrap_or_default()),
        item("Other metrics of the best", other_metrics(report)),
    ];
    items.into_iter().filter(|item| !item.is_empty()).collect::<Vec<_>>().join("\n")
}

fn other_metrics(report: &Report) -> String {
    let Some(best) = report.best() else { return String::new() };
    let others = best.metrics.0.iter().filter(|(name, _)| **name != report.objective.metric);
    let shown: Vec<String> = others
        .take(20)
        .map(|(name, value)| format!("{} {}", markup::code(name.as_str()), figures::number(*value)))
        .collect();
    shown.join(", ")
}

fn linked(links: &[Link]) -> String {
    links.iter().take(20).map(|link| markup::link(&link.url, &link.title)).collect::<Vec<_>>().join(" · ")
}

fn paragraphs(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// At most what GitHub takes, cut between lines and with a note.
fn within_limit(text: &str) -> String {
    const NOTE: &str = "\n\n… the rest is left out: GitHub takes no more.";
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LIMIT - NOTE.len()).collect();
    let kept = kept.rsplit_once('\n').map_or(kept.as_str(), |(lines, _)| lines);
    format!("{kept}{NOTE}")
}

#[cfg(test)]
mod tests;
