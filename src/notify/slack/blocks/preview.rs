//! A preview with its two buttons; once it is answered, one line. Pure.

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle,
};

use crate::domain::preview::{Preview, PreviewState};
use crate::notify::preview as phrases;
use crate::notify::slack::mrkdwn;

use super::{Draft, Message};

pub fn preview(preview: &Preview) -> Message {
    let mut draft = Draft::default();
    let headline = mrkdwn::phrase(&phrases::headline(preview));
    if preview.state == PreviewState::Asked {
        let plan = mrkdwn::phrase(&phrases::plan(preview));
        draft.section(&[headline.clone(), plan, mrkdwn::words(&phrases::expectation(preview))]);
        draft.blocks.push(buttons(preview));
        draft.context(&mrkdwn::phrase(&phrases::footnote(preview)));
    } else {
        draft.section(std::slice::from_ref(&headline));
    }
    draft.message(headline)
}

fn buttons(preview: &Preview) -> SlackBlock {
    let button = |verb: &str, label: &str, style| {
        let mut element = SlackBlockButtonElement::new(label.into())
            .with_action_id(format!("command/{verb}").into())
            .with_value(format!("{verb} {}", preview.event));
        element.style = style;
        SlackActionBlockElement::Button(element)
    };
    let start = button("confirm", "Start", Some(SlackBlockButtonStyle::Primary));
    SlackBlock::Actions(SlackActionsBlock::new(vec![start, button("cancel", "Cancel", None)]))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::tests::read;
    use super::*;
    use crate::domain::estimate::Estimate;
    use crate::domain::ids::EventId;
    use crate::domain::sweep::Destination;
    use crate::domain::tuning::{self, Cost};
    use crate::notify::fixtures;
    use crate::notify::github::markdown;

    fn asked() -> Preview {
        let mut tuning = tuning::fixture();
        (tuning.limits.trials, tuning.limits.parallel) = (200, 8);
        tuning.cost = Some(Cost { per_trial_hour: 0.9, currency: "$".into(), accelerators: 1, budget: Some(50.0) });
        Preview {
            event: EventId(12),
            command: "resnet trials=200 lr=1e-4..1e-2".into(),
            tuning,
            notes: vec!["`lr` narrowed to 1e-4..1e-2".into()],
            code: fixtures::running().code,
            asked_by: "@mika".into(),
            asked_at: fixtures::running().created_at,
            estimate: Some(Estimate {
                duration: SignedDuration::from_mins(545),
                trial_time: SignedDuration::from_mins(4740),
                sweeps: 3,
            }),
            destination: Destination::Slack { channel: "C1".into(), thread: None, mention: None },
            state: PreviewState::Asked,
        }
    }

    #[test]
    fn a_preview_says_what_will_run_and_what_it_will_take() {
        insta::assert_snapshot!(read(&preview(&asked())), @"
        [Start *resnet* on `main` (3f2a91c)?]
        Start *resnet* on `main` (3f2a91c)?
        200 trials, 8 at a time, random search · `lr` narrowed to 1e-4..1e-2
        Usually 9 h 15 min, about $71: more than the $50 that start without a question.
        --
        [Start] [Cancel]
        --
        (small) Asked for by @mika. `/tune confirm 12` starts it, `/tune cancel 12` does not; after 24 hours it is void.
        ");
        let mut tuning = asked().tuning;
        tuning.cost = None;
        let without = Preview { estimate: None, notes: Vec::new(), code: None, tuning, ..asked() };
        insta::assert_snapshot!(read(&preview(&without)), @"
        [Start *resnet*?]
        Start *resnet*?
        200 trials, 8 at a time, random search
        No earlier sweep tells how long it takes.
        --
        [Start] [Cancel]
        --
        (small) Asked for by @mika. `/tune confirm 12` starts it, `/tune cancel 12` does not; after 24 hours it is void.
        ");
        insta::assert_snapshot!(fixtures::visible(&markdown::preview("preview/12", &asked())), @r"
        <!-- tunebot:preview/12 -->
        Start **resnet** on `main` (3f2a91c)?

        200 trials, 8 at a time, random search · `lr` narrowed to 1e-4..1e-2

        Usually 9 h 15 min, about \$71: more than the \$50 that start without a question.

        Asked for by @{200b}mika. `/tune confirm 12` starts it, `/tune cancel 12` does not; after 24 hours it is void.
        ");
    }

    #[test]
    fn an_answered_preview_says_who_answered_and_has_no_buttons() {
        let sweep = fixtures::running().sweep;
        let started = Preview { state: PreviewState::Started { sweep, by: "@noor".into() }, ..asked() };
        let cancelled = Preview { state: PreviewState::Cancelled { by: "@noor".into() }, ..asked() };
        let on_github = fixtures::visible(&markdown::preview("preview/12", &cancelled));
        let said = [read(&preview(&started)), read(&preview(&cancelled)), on_github];
        insta::assert_snapshot!(said.join("\n\n"), @"
        [*resnet* was started by @noor: `resnet-k3f9q2`]
        *resnet* was started by @noor: `resnet-k3f9q2`

        [*resnet* was cancelled by @noor. Nothing was started.]
        *resnet* was cancelled by @noor. Nothing was started.

        <!-- tunebot:preview/12 -->
        **resnet** was cancelled by @{200b}noor. Nothing was started.
        ");
    }
}
