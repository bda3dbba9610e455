//! What Slack shows.

use super::{Shown, form, mrkdwn, scenes};
use crate::domain::preview::PreviewState;
use crate::domain::report::Report;
use crate::notify::fixtures;
use crate::notify::slack::{blocks, views};
use crate::plan::command::{self, Asker};

const MIKA: Asker<'_> = Asker::Slack { user: "U0MIKA", channel: "C1" };

/// A command, and the answer to it.
fn answered(when: &str, text: &str) -> Shown {
    Shown::new(when, &mrkdwn::shown(&blocks::answer(text)))
}

fn acknowledged(text: &str) -> Shown {
    let when = format!("`/tune {text}`, seen by the asker alone:");
    answered(&when, &command::acknowledge(&scenes::rules(), text, &MIKA))
}

fn seen(when: &str, message: &blocks::Message) -> Shown {
    Shown::new(when, &mrkdwn::shown(message))
}

fn state(when: &str, report: &Report) -> Shown {
    seen(when, &blocks::sweep(report, &fixtures::links(report)))
}

pub(super) fn asking() -> Vec<Shown> {
    let sweep = fixtures::running().sweep;
    let preview = |state| blocks::preview(&scenes::preview(state));
    vec![
        acknowledged("resnet lr=1e-4..1e-2"),
        acknowledged("resnt"),
        acknowledged("resnet lr=5"),
        acknowledged("list"),
        acknowledged("help resnet"),
        acknowledged("help"),
        Shown::new(
            "`/tune` alone asks which tuning, then opens its form; in brackets is what stays if a field is left empty:",
            &form::shown(&views::fields(&scenes::resnet(), Some("main"), "")),
        ),
        seen("A start beyond the tuning's budget waits:", &preview(PreviewState::Asked)),
        seen("… until it is answered:", &preview(PreviewState::Started { sweep, by: "@noor".to_owned() })),
        answered("`/tune status`:", &command::status(&[fixtures::running()])),
        answered("`/tune best resnet`:", &command::best(&fixtures::finished())),
    ]
}

pub(super) fn sweep() -> Vec<Shown> {
    let finished = Report { applies: true, ..fixtures::finished() };
    vec![
        state("The message of a sweep that waits; it is edited from then on:", &fixtures::queued()),
        state("It runs:", &fixtures::running()),
        seen("In its thread, a new best:", &blocks::detail(&scenes::new_best())),
        seen("In its thread, the first failure of its kind:", &blocks::detail(&scenes::failed_trial())),
        state("It has finished:", &finished),
        seen("In its thread, whoever asked is called:", &blocks::closing(&finished, Some("U0MIKA"))),
        seen("In its thread, above two pictures (docs/charts.md):", &blocks::charts(&finished)),
    ]
}

pub(super) fn trouble() -> Vec<Shown> {
    vec![
        state("The cluster has no room:", &fixtures::held()),
        state("The cluster does not answer:", &fixtures::away()),
        state("Somebody has stopped the sweep:", &fixtures::stopped()),
        state("Too many trials failed:", &fixtures::failed()),
        seen("In its thread:", &blocks::closing(&fixtures::failed(), Some("U0MIKA"))),
    ]
}
