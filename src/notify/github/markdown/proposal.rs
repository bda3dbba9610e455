//! The pull request that writes the best parameters into a file: its title and its text. Pure.

use crate::domain::apply::Application;
use crate::notify::figures;
use crate::notify::links::Link;
use crate::notify::prose;

use super::{details, linked, markup, paragraphs, summary, within_limit};

const TITLE: usize = 200;
/// Rows of the table.
const ROWS: usize = 100;

/// A value that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub parameter: String,
    /// The way to it in the file.
    pub key: String,
    /// `None`: it was not there.
    pub from: Option<String>,
    pub to: String,
}

/// "Tune resnet: val_acc 0.9341, was 0.9287".
pub fn proposal_title(application: &Application) -> String {
    let report = &application.report;
    let value = report.best().map(|best| {
        let was = report.baseline.as_ref().map(|baseline| figures::comparison(best.value, baseline.value));
        let (now, was) = was.map_or_else(
            || (figures::number(best.value), String::new()),
            |(now, then, _)| (now, format!(", was {then}")),
        );
        format!(": {} {now}{was}", report.objective.metric)
    });
    prose::line(&format!("Tune {}{}", report.tuning, value.unwrap_or_default()), TITLE)
}

pub fn proposal(application: &Application, rows: &[Row], links: &[Link]) -> String {
    let Application { report, settings, base, asked_by, .. } = application;
    let best = report.best().map(|best| format!(" (trial {})", best.trial)).unwrap_or_default();
    let sweep = markup::code(report.sweep.as_str());
    let intro = format!(
        "The best of sweep {sweep}{best} into {}, asked for by {}.",
        markup::code(&settings.file),
        markup::words(asked_by)
    );
    let again = format!(
        "`/tune apply SWEEP` brings this up to date with another sweep of {}; the branch is tunebot's own.",
        markup::code(report.tuning.as_str())
    );
    let parts =
        [intro, table(base, rows), "### The sweep".to_owned(), summary(report), details(report), linked(links), again];
    within_limit(&format!("{}\n{}", markup::marker(&application.pull_request_slot()), paragraphs(parts)))
}

fn table(base: &str, rows: &[Row]) -> String {
    let mut lines = vec![format!("| | {} | now |", markup::code(base)), "|---|---|---|".to_owned()];
    for row in rows.iter().take(ROWS) {
        let from = row.from.as_deref().map_or_else(|| "not set".to_owned(), markup::code);
        lines.push(format!("| {} | {from} | **{}** |", markup::code(&row.key), markup::words(&row.to)));
    }
    let table = lines.join("\n");
    if rows.len() <= ROWS { table } else { format!("{table}\n\n… and {} more", rows.len() - ROWS) }
}
