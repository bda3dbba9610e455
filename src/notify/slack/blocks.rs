//! Reports as Slack messages. Pure: a report and its links in, blocks and the fallback text out.
//!
//! The first line is the answer. A message stays below what Slack takes: 50 blocks, 3,000 characters a section, and
//! 10,000 characters in all, above which Slack folds or refuses it.

use slack_morphism::prelude::{
    SlackBlock, SlackBlockMarkDownText, SlackBlockText, SlackContextBlock, SlackContextBlockElement, SlackSectionBlock,
};

use crate::domain::report::{Conclusion, Phase, Report};
use crate::domain::sweep::Outcome;
use crate::notify::figures;
use crate::notify::importance::mattered;
use crate::notify::links::Link;
use crate::notify::phrases::{self, Phrase, Row};
use crate::notify::prose;
use crate::notify::spending;
use crate::notify::standing::{self, Medium};

use super::mrkdwn;

mod buttons;
mod detail;
mod preview;

pub use detail::detail;
pub use preview::preview;

/// Cells of the progress bar.
const BAR: usize = 16;
/// Limits in characters as they are sent, that is, escaped.
const SECTION: usize = 3000;
const MESSAGE: usize = 9500;
const FALLBACK: usize = 500;
const PARAMETERS: usize = 2200;
const LOG: usize = 1200;
const LINKS: usize = 1500;
/// Names and values in the columns of the parameters are not padded beyond this.
const COLUMN: usize = 32;

#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What a notification on a phone shows, and a client that cannot show blocks.
    pub text: String,
    pub blocks: Vec<SlackBlock>,
}

/// The one message of a sweep, in its present state.
pub fn sweep(report: &Report, links: &[Link]) -> Message {
    let mut draft = Draft { length: buttons::LENGTH, ..Draft::default() };
    let headline = mrkdwn::phrase(&phrases::headline(report));
    let explanation = mrkdwn::phrase(&phrases::explanation(report));
    match &report.phase {
        Phase::Queued { .. } => {
            draft.section(&[headline.clone(), explanation]);
            draft.context(&setup(report));
        }
        Phase::Running | Phase::Stopping { .. } => {
            let failure = mrkdwn::phrase(&phrases::failure(report));
            let tally = standing::tally(report, " · ");
            let waiting = mrkdwn::phrase(&standing::waiting(report, Medium::Chat));
            draft.section(&[headline.clone(), explanation, progress(report), tally, waiting, failure]);
            draft.context(&setup(report));
        }
        Phase::Finished { .. } => {
            draft.section(&[headline.clone(), verdict(report), mrkdwn::phrase(&phrases::failure(report))]);
            draft.section(&[log(report)]);
            draft.section(&[explanation, parameters(report)]);
            draft.section(&[phrases::totals(report), mrkdwn::phrase(&mattered(report))]);
            draft.context(&ended_setup(report));
        }
    }
    draft.context(&linked(links));
    draft.blocks.push(buttons::of(report));
    draft.message(headline)
}

/// The line that tells the asker, and nobody else, that the sweep has ended.
pub fn closing(report: &Report, mention: Option<&str>) -> Message {
    let called = mention.filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()));
    let mut line = called.map(|id| format!("<@{id}> ")).unwrap_or_default();
    line.push_str(&mrkdwn::phrase(&phrases::headline(report)));
    let why = match &report.phase {
        Phase::Finished { outcome: Outcome::TooManyFailures { .. } } => mrkdwn::phrase(&phrases::failure(report)),
        _ => mrkdwn::phrase(&phrases::explanation(report)),
    };
    let mut draft = Draft::default();
    draft.section(&[line.clone(), why, mrkdwn::phrase(&mattered(report))]);
    draft.message(line)
}

/// What stands above the pictures of a sweep that has ended. It has no blocks: Slack takes a text with files.
pub fn charts(report: &Report) -> Message {
    let sweep = Phrase::default().words("How ").code(report.sweep.as_str()).words(" came to its best");
    let what = if report.importances.is_empty() { "." } else { ", and what mattered." };
    Message { text: mrkdwn::phrase(&sweep.words(what)), blocks: Vec::new() }
}

/// An answer to a command; backticks in it mark code.
pub fn answer(text: &str) -> Message {
    let shown = fitted(text, SECTION - 1, |text| mrkdwn::phrase(&Phrase::answer(&prose::lines(text, SECTION))));
    let mut draft = Draft::default();
    draft.section(std::slice::from_ref(&shown));
    draft.message(shown)
}

fn progress(report: &Report) -> String {
    let bar = standing::bar(report, BAR).map(|(cells, label)| {
        let bar = Phrase::default().code(format!("{}{}", "█".repeat(cells), "░".repeat(BAR - cells)));
        bar.words(format!(" {label}"))
    });
    let bar = bar.unwrap_or_default();
    mrkdwn::phrase(&Phrase::joined([bar, phrases::best_so_far(report), phrases::time_left(report)], " · "))
}

fn setup(report: &Report) -> String {
    let trials = figures::count(report.trials, "trial");
    let setup = Phrase::default().words(format!("{trials}, {}", phrases::setup(report)));
    let usually = spending::usually(report)
        .map(|usually| Phrase::default().words(format!("usually {usually}")))
        .unwrap_or_default();
    mrkdwn::phrase(&Phrase::joined(
        [setup, phrases::code(report), phrases::notes(report), standing::beginning(report), usually],
        " · ",
    ))
}

/// Which sweep it was, for whom and how it was run: what the headline of a finished sweep leaves out.
fn ended_setup(report: &Report) -> String {
    let sweep = Phrase::default().code(report.sweep.as_str()).words(format!(" for {}", phrases::asker(report)));
    let setup = Phrase::default().words(phrases::setup(report));
    mrkdwn::phrase(&Phrase::joined(
        [sweep, setup, phrases::code(report), phrases::notes(report), standing::beginning(report)],
        " · ",
    ))
}

fn verdict(report: &Report) -> String {
    let Some(verdict) = &report.verdict else { return String::new() };
    let word = match verdict.conclusion {
        Conclusion::Success => "Check passed",
        Conclusion::Failure => "Check did not pass",
        Conclusion::Neutral => "Check has nothing to decide",
    };
    let (headline, requirement) = (prose::line(&verdict.headline, 120), prose::line(&verdict.requirement, 120));
    mrkdwn::words(&format!("{word}: {headline} ({requirement})"))
}

/// The best parameters in a block that can be copied, each with what it was. What has no room is counted.
fn parameters(report: &Report) -> String {
    let rows = phrases::rows(report);
    if rows.is_empty() {
        return String::new();
    }
    let lines = aligned(&rows);
    let mut taken = 0;
    let fits = |line: &&String| {
        taken += mrkdwn::escaped_length(line) + 1;
        taken <= PARAMETERS
    };
    let shown: Vec<&str> = lines.iter().take_while(fits).map(String::as_str).collect();
    let block = mrkdwn::code_block(&shown.join("\n"));
    match rows.len() - shown.len() {
        0 => block,
        hidden => format!("{block}\n… and {hidden} more: `/tune best {}`", report.sweep),
    }
}

fn aligned(rows: &[Row]) -> Vec<String> {
    let widest = |cells: &mut dyn Iterator<Item = usize>| cells.filter(|width| *width <= COLUMN).max().unwrap_or(0);
    let name_width = widest(&mut rows.iter().map(|row| row.name.chars().count()));
    let value_width = widest(&mut rows.iter().map(|row| row.value.chars().count()));
    let line = |row: &Row| {
        let text = format!("{:<name_width$}  {:<value_width$}  {}", row.name, row.value, row.was.remark());
        text.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn log(report: &Report) -> String {
    let Some(failure) = &report.failure else { return String::new() };
    let excerpt = failure.log_tail.as_deref().and_then(log_excerpt);
    excerpt.map(|excerpt| format!("Log of trial {}:\n{excerpt}", failure.trial)).unwrap_or_default()
}

/// The end of a log in a block of code; none where it says nothing.
fn log_excerpt(log: &str) -> Option<String> {
    // Cut so that it fits even when every character of it is escaped.
    let excerpts = [LOG, LOG / 2, LOG / 5].into_iter().map(|limit| prose::tail(log, limit));
    let fitting = excerpts.into_iter().find(|excerpt| mrkdwn::escaped_length(excerpt) <= LOG + 10)?;
    (!fitting.trim().is_empty()).then(|| mrkdwn::code_block(&fitting))
}

fn linked(links: &[Link]) -> String {
    let mut line = String::new();
    for link in links {
        let link = mrkdwn::link(&link.url, &link.title);
        if line.chars().count() + link.chars().count() <= LINKS {
            line.push_str(if line.is_empty() { "" } else { " · " });
            line.push_str(&link);
        }
    }
    line
}

/// The longest beginning of `text` that is at most `limit` characters long once `set`.
fn fitted(text: &str, limit: usize, set: impl Fn(&str) -> String) -> String {
    let mut length = text.chars().count();
    loop {
        let shown = set(&prose::cut(text, length));
        if shown.chars().count() <= limit || length == 0 {
            return shown;
        }
        length = length.min(limit) * 4 / 5;
    }
}

/// A message in the making. What would not fit is left out: the parts come in the order of their importance.
#[derive(Default)]
struct Draft {
    blocks: Vec<SlackBlock>,
    length: usize,
}

impl Draft {
    fn section(&mut self, lines: &[String]) {
        if let Some(text) = self.taken(lines) {
            let text = SlackBlockText::MarkDown(SlackBlockMarkDownText::new(text));
            self.blocks.push(SlackBlock::Section(SlackSectionBlock::new().with_text(text)));
        }
    }

    /// Small print.
    fn context(&mut self, text: &str) {
        if let Some(text) = self.taken(&[text.to_owned()]) {
            let element = SlackContextBlockElement::MarkDown(SlackBlockMarkDownText::new(text));
            self.blocks.push(SlackBlock::Context(SlackContextBlock::new(vec![element])));
        }
    }

    fn taken(&mut self, lines: &[String]) -> Option<String> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let text = lines.join("\n");
        let length = text.chars().count();
        if length == 0 || length > SECTION || self.length + length + FALLBACK > MESSAGE {
            return None;
        }
        self.length += length;
        Some(text)
    }

    fn message(self, headline: String) -> Message {
        // A cut could fall into an escaped character, so a headline that is too long is cut at a word.
        let text = if headline.chars().count() <= FALLBACK {
            headline
        } else {
            let start: String = headline.chars().take(FALLBACK - 1).collect();
            format!("{}…", start.rsplit_once(' ').map_or("", |(whole, _)| whole))
        };
        Message { text, blocks: self.blocks }
    }
}

#[cfg(test)]
mod tests;
