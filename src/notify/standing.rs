//! How a sweep that is not finished stands, in phrases without a medium: how far it is, what its trials wait for, whether
//! its engine answers. Text from people and programs is cut here and escaped by the renderer.

use jiff::Timestamp;

use crate::domain::report::{Away, Held, Phase, Progress, Report};

use super::figures;
use super::phrases::{self, Phrase};
use super::prose;

/// The longest reason that a program gives for waiting, in characters.
const REASON: usize = 200;

/// Does the medium take commands, so that it may name one?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    Chat,
    Terminal,
}

/// How many of `width` cells are full, and what is counted: "25/40". None while a workflow that searches by itself has not
/// said how far it is.
pub fn bar(report: &Report, width: usize) -> Option<(usize, String)> {
    let finished = report.counts.finished();
    match report.progress {
        _ if !report.searches || finished > 0 => {
            let cells = figures::filled_cells(finished.into(), report.trials.into(), width);
            Some((cells, format!("{finished}/{}", report.trials)))
        }
        Some(Progress::Workflow { done, total }) => {
            Some((figures::filled_cells(done, total, width), format!("{done}/{total} of its workflow")))
        }
        _ => None,
    }
}

/// How the sweep begins, where there is something to say: "starts from 120 trials of 3 earlier sweeps".
pub fn beginning(report: &Report) -> Phrase {
    let said: Vec<String> = report.beginning.iter().map(|said| prose::line(said, REASON)).collect();
    Phrase::default().marked(&said.join(", "))
}

/// "22 done, 3 stopped early, 8 running (62 % through)".
pub fn tally(report: &Report, separator: &str) -> String {
    let counts = &report.counts;
    if report.searches && counts.finished() == 0 {
        return match (counts.running, counts.waiting) {
            (0, 0) => phrases::tally(counts, separator),
            (0, _) => "its workflow is starting".to_owned(),
            _ => "its workflow is running".to_owned(),
        };
    }
    let tally = phrases::tally(counts, separator);
    match report.progress {
        Some(Progress::Trials { share }) => {
            let running = format!("{} running", counts.running);
            tally.replacen(&running, &format!("{running} ({} through)", whole_percent(share)), 1)
        }
        _ => tally,
    }
}

/// "running, 25 of 40 trials done".
pub fn title(report: &Report) -> String {
    match report.progress {
        _ if !report.searches => {
            format!("running, {} of {} done", report.counts.finished(), figures::count(report.trials, "trial"))
        }
        Some(Progress::Workflow { done, total }) => {
            format!("running, {} through", whole_percent(done as f64 / total.max(1) as f64))
        }
        _ => "running".to_owned(),
    }
}

/// Why the sweep does not come forward: its engine is away, or trials wait; empty if nothing is known to hold it up.
pub fn waiting(report: &Report, medium: Medium) -> Phrase {
    match (&report.phase, &report.away, &report.held) {
        // What a queued sweep waits for is said already.
        (Phase::Queued { .. } | Phase::Finished { .. }, _, _) => Phrase::default(),
        (_, Some(away), _) => absence(report, away),
        (_, None, Some(held)) if held.again => started_again(report, held),
        (_, None, Some(held)) => held_up(report, held, medium),
        _ => Phrase::default(),
    }
}

/// "does not answer (since 2 Mar 10:02 UTC: connection refused)".
pub fn silence(away: &Away) -> String {
    let (since, why) = (instant(away.since), reason(&away.why));
    let why = if why.is_empty() { why } else { format!(": {why}") };
    format!("does not answer (since {since}{why})")
}

fn absence(report: &Report, away: &Away) -> Phrase {
    let open = report.counts.waiting + report.counts.running;
    let then = match &report.phase {
        Phase::Stopping { .. } => "What runs there is ended when it is back.",
        _ if open > 0 => "What runs there goes on; results are fetched when it is back.",
        _ => "The sweep goes on when it is back.",
    };
    Phrase::default().words("Engine ").code(away.engine.as_str()).words(format!(" {}. {then}", silence(away)))
}

fn started_again(report: &Report, held: &Held) -> Phrase {
    let who = match held.count {
        _ if report.searches => "Its workflow is".to_owned(),
        1 => format!("Trial {} is", held.trial),
        count => format!("{count} trials are"),
    };
    Phrase::default().words(format!("{who} started again: ")).marked(&reason(&held.reason)).words(".")
}

fn held_up(report: &Report, held: &Held, medium: Medium) -> Phrase {
    let who = match held.count {
        _ if report.searches => "Its workflow waits".to_owned(),
        1 => format!("Trial {} waits", held.trial),
        count => format!("{count} trials wait"),
    };
    let (what, advice) = known(&held.reason);
    let limit = figures::duration(held.limit);
    let phrase = Phrase::default().words(format!("{who}{what}: ")).marked(&reason(&held.reason));
    let phrase = phrase.words(format!(".{advice} The time counts against the trial limit of {limit}"));
    match medium {
        Medium::Chat => phrase.words("; ").code(format!("/tune stop {}", report.sweep)).words(" ends the sweep."),
        Medium::Terminal => phrase.words("."),
    }
}

/// What Kubernetes' reason means, and what helps, where that is known.
fn known(reason: &str) -> (&'static str, &'static str) {
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["ImagePull", "ErrImage", "InvalidImageName", "pull image"]) {
        (" for an image", " Check its name and the right to pull it.")
    } else if says(&["Unschedulable", "nodes are available"]) {
        (" for a node", "")
    } else if says(&["quota"]) {
        (" for quota", "")
    } else {
        ("", "")
    }
}

fn reason(text: &str) -> String {
    prose::line(text, REASON).trim_end_matches('.').to_owned()
}

fn instant(at: Timestamp) -> String {
    at.strftime("%-d %b %H:%M UTC").to_string()
}

/// Never 100 % before the end.
fn whole_percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).floor().clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests;
