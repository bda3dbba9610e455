//! Previews in phrases without a medium: what will run, what it will probably take, and what became of it.

use crate::domain::preview::{Preview, PreviewState};
use crate::domain::tuning::Tuning;

use super::figures;
use super::phrases::Phrase;
use super::prose;
use super::spending;

/// The longest name, in characters.
const NAME: usize = 60;
/// The longest of what comes from people.
const SENTENCE: usize = 300;

/// "Start *resnet* on `main` (3f2a91c)?", or what became of it.
pub fn headline(preview: &Preview) -> Phrase {
    let name = |by: &str| prose::line(by, NAME);
    let tuning = Phrase::default().strong(preview.tuning.name.as_str());
    match &preview.state {
        PreviewState::Asked => Phrase::default().words("Start ").then(tuning).then(on(preview)).words("?"),
        PreviewState::Started { sweep, by } => {
            tuning.words(format!(" was started by {}: ", name(by))).code(sweep.as_str())
        }
        PreviewState::Cancelled { by } => tuning.words(format!(" was cancelled by {}. Nothing was started.", name(by))),
    }
}

/// "200 trials, 8 at a time, TPE", then what was changed by words.
pub fn plan(preview: &Preview) -> Phrase {
    let Tuning { limits, .. } = &preview.tuning;
    let searcher = preview.tuning.searcher();
    let trials = figures::count(limits.trials, "trial");
    let plan = Phrase::default().words(format!("{trials}, {} at a time, {searcher}", limits.parallel));
    let notes: Vec<String> = preview.notes.iter().map(|note| prose::line(note, SENTENCE)).collect();
    let notes = Phrase::default().marked(&prose::cut(&notes.join(", "), SENTENCE));
    if preview.notes.is_empty() { plan } else { plan.words(" · ").then(notes) }
}

/// "Usually 9 h, about $71: more than the $50 that start without a question."
pub fn expectation(preview: &Preview) -> String {
    let cost = preview.tuning.cost.as_ref();
    let Some(estimate) = &preview.estimate else {
        return "No earlier sweep tells how long it takes.".to_owned();
    };
    let usually = format!("Usually {}", spending::takes(estimate, cost));
    match cost.and_then(|cost| Some((cost, cost.budget?))).filter(|_| preview.is_over_budget()) {
        Some((cost, budget)) => {
            format!("{usually}: more than the {} that start without a question.", spending::money(cost, budget))
        }
        None => format!("{usually}."),
    }
}

/// "Asked for by @mika. Void after 24 hours."
pub fn footnote(preview: &Preview) -> Phrase {
    let asked = format!("Asked for by {}. ", prose::line(&preview.asked_by, NAME));
    Phrase::default()
        .words(asked)
        .code(format!("/tune confirm {}", preview.event))
        .words(" starts it, ")
        .code(format!("/tune cancel {}", preview.event))
        .words(" does not; after 24 hours it is void.")
}

fn on(preview: &Preview) -> Phrase {
    let Some(code) = &preview.code else { return Phrase::default() };
    let name = Phrase::default().words(" on ").code(prose::line(&code.reference, NAME));
    match &code.sha {
        Some(sha) => name.words(format!(" ({})", sha.short())),
        None => name,
    }
}
