//! What the sweeps came to that had the comment before.

use crate::domain::report::{Phase, Report};
use crate::domain::sweep::Outcome;
use crate::notify::figures;
use crate::notify::github::markup;
use crate::notify::phrases::Phrase;

/// One line each, folded under one; nothing if this was the first.
pub fn folded(before: &[Report]) -> String {
    if before.is_empty() {
        return String::new();
    }
    let count = u32::try_from(before.len()).unwrap_or(u32::MAX);
    let lines: Vec<String> = before.iter().map(line).collect();
    markup::folded(&format!("Before this: {}", figures::count(count, "sweep")), &lines.join("\n"))
}

/// "`resnet-k3f9q2` on 3f2a91c: val_acc **0.9287**".
fn line(report: &Report) -> String {
    let sha = report.code.as_ref().and_then(|code| code.sha.as_ref());
    let on = sha.map(|sha| format!(" on {}", sha.short())).unwrap_or_default();
    let said = markup::phrase(&came_to(report));
    format!("- {}{on}: {said}", markup::code(report.sweep.as_str()))
}

fn came_to(report: &Report) -> Phrase {
    let words = |text: &str| Phrase::default().words(text);
    let best =
        report.best().map(|best| words(&format!("{} ", report.objective.metric)).strong(figures::number(best.value)));
    let how = match &report.phase {
        Phase::Queued { .. } => return words("waits"),
        Phase::Running | Phase::Stopping { .. } => return words("still runs"),
        Phase::Finished { outcome: Outcome::Stopped { .. } } => words("stopped"),
        Phase::Finished { outcome: Outcome::TooManyFailures { .. } } => words("gave up after too many failures"),
        Phase::Finished { .. } => Phrase::default(),
    };
    match best {
        None if how.is_empty() => words("no result"),
        None => how,
        Some(best) => Phrase::joined([best, how], ", "),
    }
}
