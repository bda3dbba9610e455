//! What a report says, in phrases without a medium. Every renderer sets these in its own markup and escapes them for it,
//! so that chat, pull request and terminal say the same thing in the same words.
//!
//! Text from people is cut to a sane length here and escaped by the renderer, never here.

use std::borrow::Cow;

use crate::domain::params::{Params, Value};
use crate::domain::report::{Counts, Phase, Report};
use crate::domain::signal::StopRequest;
use crate::domain::sweep::Outcome;

use super::figures;
use super::prose::{self, Part};
use super::spending;
use super::standing;

mod comparison;

pub use comparison::{result, values};

/// The longest a name from people gets, in characters.
const NAME: usize = 80;
/// The longest a sentence from people or programs gets, in characters.
const SENTENCE: usize = 240;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    Words(String),
    Strong(String),
    Code(String),
    /// Lines of code.
    Block(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phrase(Vec<Span>);

impl Phrase {
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text alone, on as many lines as it has.
    pub fn plain(&self) -> String {
        let text = self.0.iter().map(|span| match span {
            Span::Words(text) | Span::Strong(text) | Span::Code(text) => Cow::Borrowed(text.as_str()),
            Span::Block(text) => Cow::Owned(format!("\n{text}")),
        });
        prose::lines(&text.collect::<String>(), usize::MAX)
    }

    pub fn words(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Words(text.into()));
        self
    }

    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Strong(text.into()));
        self
    }

    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }

    /// Text from people in which backticks mark code, and nothing else marks anything.
    pub fn marked(mut self, text: &str) -> Self {
        self.0.extend(prose::parts(text).into_iter().map(|part| match part {
            Part::Words(words) => Span::Words(words.to_owned()),
            Part::Strong(name) => Span::Words(format!("*{name}*")),
            Part::Code(code) | Part::Block(code) => Span::Code(code.to_owned()),
        }));
        self
    }

    /// An answer of tunebot's own, with all marks.
    pub fn answer(text: &str) -> Self {
        let spans = prose::parts(text).into_iter().map(|part| match part {
            Part::Words(words) => Span::Words(words.to_owned()),
            Part::Strong(name) => Span::Strong(name.to_owned()),
            Part::Code(code) => Span::Code(code.to_owned()),
            Part::Block(lines) => Span::Block(lines.to_owned()),
        });
        Self(spans.collect())
    }

    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The phrases that say something, with `separator` between them.
    pub fn joined(phrases: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let said = phrases.into_iter().filter(|phrase| !phrase.is_empty());
        said.fold(
            Self::default(),
            |all, phrase| if all.is_empty() { phrase } else { all.words(separator).then(phrase) },
        )
    }
}

/// The answer: the one line to read if only one is read.
pub fn headline(report: &Report) -> Phrase {
    let tuning = Phrase::default().strong(report.tuning.as_str());
    let state = |state: &str| {
        let sweep = tuning.clone().words(" sweep ").code(report.sweep.as_str());
        sweep.words(format!(" · {state} · {}", asker(report)))
    };
    match &report.phase {
        Phase::Queued { .. } => state("queued"),
        Phase::Running => state("running"),
        Phase::Stopping { outcome } => match outcome {
            Outcome::Stopped { .. } | Outcome::TooManyFailures { .. } => state("stopping"),
            _ => state("finishing"),
        },
        Phase::Finished { outcome: Outcome::TooManyFailures { .. } } if report.searches => {
            tuning.words(" gave up: its workflow failed")
        }
        Phase::Finished { outcome: Outcome::TooManyFailures { failed } } => {
            let ended = figures::count(report.counts.finished().max(*failed), "trial");
            tuning.words(format!(" gave up: {failed} of the first {ended} failed, which is the limit"))
        }
        Phase::Finished { outcome: Outcome::Stopped { by } } => tuning.words(" ").then(stopped(by)),
        Phase::Finished { .. } => match result(report) {
            Some(result) => tuning.words(": ").then(result),
            None => tuning.words(" ended without a result: no trial finished with a value"),
        },
    }
}

/// The best so far: "best val_acc 0.9312 (trial 17)".
pub fn best_so_far(report: &Report) -> Phrase {
    match report.best() {
        Some(best) => Phrase::default()
            .words(format!("best {} ", report.objective.metric))
            .strong(figures::number(best.value))
            .words(format!(" (trial {})", best.trial)),
        None => Phrase::default().words("no result yet"),
    }
}

/// "about 40 min left".
pub fn time_left(report: &Report) -> Phrase {
    match report.time_left {
        // While it stops, what was estimated for all trials no longer holds.
        Some(left) if report.phase == Phase::Running => {
            Phrase::default().words(format!("about {} left", figures::estimate(left)))
        }
        _ => Phrase::default(),
    }
}

/// Why the sweep waits, or how it came to its end, where the headline does not say so.
pub fn explanation(report: &Report) -> Phrase {
    let plain = |text: &str| Phrase::default().words(text);
    match &report.phase {
        Phase::Queued { .. } if let Some(away) = &report.away => {
            plain("Waits for engine ").code(away.engine.as_str()).words(format!(", which {}", standing::silence(away)))
        }
        Phase::Queued { why } => Phrase::default().words("Waits for ").marked(&prose::line(why, SENTENCE)),
        Phase::Running => Phrase::default(),
        Phase::Stopping { outcome } => match outcome {
            Outcome::Stopped { by } => Phrase::default().words("Being ").then(stopped(by)),
            Outcome::TooManyFailures { failed } => {
                plain(&format!("{} failed, which is the limit", figures::count(*failed, "trial")))
            }
            other => ending(report, other),
        },
        Phase::Finished { outcome } => match outcome {
            Outcome::TooManyFailures { .. } | Outcome::Stopped { .. } => result(report)
                .map(|result| Phrase::default().words("Best until then: ").then(result))
                .unwrap_or_else(|| plain("There is no result.")),
            other => ending(report, other),
        },
    }
}

/// What the failed trials died of.
pub fn failure(report: &Report) -> Phrase {
    let Some(failure) = &report.failure else { return Phrase::default() };
    // What failed in a search of its own is that workflow's affair, if it found something.
    if report.searches && report.best().is_some() {
        return Phrase::default();
    }
    let how_many = match (failure.count, report.counts.failed) {
        // The headline says already what failed.
        (1, 0 | 1) if report.searches && report.counts.finished() == 1 => String::new(),
        (1, 0 | 1) => format!("Trial {} failed: ", failure.trial),
        (count, failed) if count >= failed => "All failed the same way: ".to_owned(),
        (count, failed) => format!("{count} of {failed} failed trials: "),
    };
    Phrase::default().words(how_many).marked(&prose::line(&failure.reason, SENTENCE))
}

/// "33 done, 7 stopped early, 8 running": what is zero is left out, but never everything.
pub fn tally(counts: &Counts, separator: &str) -> String {
    let all = [
        (counts.complete, "done"),
        (counts.pruned, "stopped early"),
        (counts.paused, "paused"),
        (counts.failed, "failed"),
        (counts.running, "running"),
        (counts.waiting, "starting"),
    ];
    let said: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if said.is_empty() { "no trial yet".to_owned() } else { said.join(separator) }
}

/// "40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)".
pub fn totals(report: &Report) -> String {
    let finished = report.counts.finished();
    let took = report.started_at.zip(report.ended_at).map(|(start, end)| figures::duration(end.duration_since(start)));
    if report.searches && finished <= 1 && report.best().is_none() {
        return took.map(|took| format!("Its workflow ran for {took}")).unwrap_or_default();
    }
    // How many trials a workflow makes that searches by itself is up to it.
    let trials = if finished == report.trials || report.searches {
        figures::count(finished, "trial")
    } else {
        format!("{finished} of {}", figures::count(report.trials, "trial"))
    };
    let time = took.map(|took| format!(" in {took}")).unwrap_or_default();
    let saved = match report.saved {
        Some(saved) if saved > 0.0 => format!(" (saved {} of the budget)", figures::percent(saved)),
        _ => String::new(),
    };
    if finished == 0 && report.counts == Counts::default() {
        return format!("{trials}{time}");
    }
    format!("{trials}{time}: {}{saved}{}", tally(&report.counts, ", "), spending::spent(report))
}

/// How it is run: "8 at a time, TPE, seed 7"; where the sampler chooses among methods, with its choice.
pub fn setup(report: &Report) -> String {
    let choice =
        report.choice.as_ref().map(|choice| format!(": {}", prose::line(choice, SENTENCE))).unwrap_or_default();
    format!("{} at a time, {}{choice}, seed {}", report.parallel, prose::line(&report.sampler, NAME), report.seed)
}

/// Which code the trials run: "main (3f2a91c)".
pub fn code(report: &Report) -> Phrase {
    let Some(code) = &report.code else { return Phrase::default() };
    let name = Phrase::default().code(prose::line(&code.reference, NAME));
    match &code.sha {
        Some(sha) => name.words(format!(" ({})", sha.short())),
        None => name,
    }
}

/// The overrides in words, in one line.
pub fn notes(report: &Report) -> Phrase {
    let notes: Vec<String> = report.notes.iter().map(|note| prose::line(note, SENTENCE)).collect();
    Phrase::default().marked(&prose::cut(&notes.join(", "), SENTENCE))
}

pub fn asker(report: &Report) -> String {
    prose::line(&report.asked_by, NAME)
}

/// One of the best parameters, with what it is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub value: String,
    pub was: Was,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Was {
    /// There is no baseline.
    Unknown,
    Same,
    Different(String),
    /// The baseline has no such parameter.
    Absent,
}

impl Was {
    /// `(was 1e-3)`; empty where there is nothing to tell.
    pub fn remark(&self) -> String {
        match self {
            Self::Different(was) => format!("(was {was})"),
            Self::Absent => "(was not set)".to_owned(),
            Self::Unknown | Self::Same => String::new(),
        }
    }

    pub fn is_change(&self) -> bool {
        matches!(self, Self::Different(_) | Self::Absent)
    }
}

/// The best parameters: those that differ from the baseline first, then the others, by name.
pub fn rows(report: &Report) -> Vec<Row> {
    let Some(best) = report.best() else { return Vec::new() };
    let mut rows: Vec<Row> = best
        .params
        .0
        .iter()
        .map(|(name, value)| {
            let was = match report.baseline.as_ref().map(|baseline| baseline.params.get(name)) {
                None => Was::Unknown,
                Some(None) => Was::Absent,
                Some(Some(then)) if same(then, value) => Was::Same,
                Some(Some(then)) => Was::Different(shown(then)),
            };
            Row { name: name.as_str().to_owned(), value: shown(value), was }
        })
        .collect();
    rows.sort_by_key(|row| !row.was.is_change());
    rows
}

/// Parameters of one trial in one line: "lr 3.1e-4, weight_decay 0.021".
pub fn parameters(params: &Params, limit: usize) -> String {
    let pairs: Vec<String> = params.0.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect();
    prose::cut(&pairs.join(", "), limit)
}

fn shown(value: &Value) -> String {
    prose::line(&figures::value(value), NAME)
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a == b)
}

fn stopped(by: &StopRequest) -> Phrase {
    let phrase = Phrase::default();
    match by {
        StopRequest::Person { name } => phrase.words(format!("stopped by {}", prose::line(name, NAME))),
        StopRequest::Superseded { sweep } => phrase.words("stopped: a newer event asked for ").code(sweep.as_str()),
        StopRequest::PullRequestClosed => phrase.words("stopped: the pull request was closed"),
        StopRequest::PullRequestDrafted => phrase.words("stopped: the pull request is a draft now"),
        StopRequest::LabelRemoved { label } => {
            phrase.words(format!("stopped: the label {} was removed", prose::line(label, NAME)))
        }
        StopRequest::ReferenceDeleted => phrase.words("stopped: the branch was deleted"),
    }
}

fn ending(report: &Report, outcome: &Outcome) -> Phrase {
    let text = match outcome {
        Outcome::GoalReached => match report.objective.goal {
            Some(goal) => format!("Ended early: the goal of {} is reached.", figures::number(goal)),
            None => "Ended early: the goal is reached.".to_owned(),
        },
        Outcome::NoImprovement { trials } => {
            format!("Ended early: no improvement over the last {}.", figures::count(*trials, "trial"))
        }
        Outcome::DeadlineReached => "Ended at its deadline, with what it had.".to_owned(),
        Outcome::Imported => "Its trials were brought in from a file.".to_owned(),
        Outcome::Exhausted => "Ended early: every point of the search space was tried.".to_owned(),
        Outcome::Completed | Outcome::TooManyFailures { .. } | Outcome::Stopped { .. } => return Phrase::default(),
    };
    Phrase::default().words(text)
}
