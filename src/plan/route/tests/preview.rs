//! When somebody is asked back, and what the answers lead to.

use super::fixture::*;
use super::*;
use crate::domain::preview::{Preview, PreviewState};
use crate::domain::report::{Counts, Phase, Report};
use crate::domain::sweep::Outcome;
use crate::domain::tuning::{Confirm, Cost};
use jiff::SignedDuration;

/// `resnet` with a price; its last sweep took ten hours of trials.
fn priced(budget: Option<f64>, confirm: Confirm) -> Rules {
    let mut rules = rules();
    let mut tuning = tuning::fixture();
    tuning.cost = Some(Cost { per_trial_hour: 2.0, currency: "$".into(), accelerators: 0, budget });
    tuning.confirm = confirm;
    rules.tunings.insert(tuning.name.clone(), std::sync::Arc::new(tuning));
    rules
}

fn with_history(need: &Need) -> Fact {
    match need {
        Need::Finished(_) => {
            let report = crate::plan::summary::first_report(&sweep::fixture(tuning::fixture()), OCCASION.now);
            Fact::Reports(vec![Report {
                phase: Phase::Finished { outcome: Outcome::Completed },
                counts: Counts { complete: 10, ..Counts::default() },
                started_at: Some(OCCASION.now - SignedDuration::from_hours(5)),
                ended_at: Some(OCCASION.now),
                trial_time: SignedDuration::from_hours(10),
                ..report
            }])
        }
        need => lookup(need),
    }
}

fn reasons(decided: &Decided) -> Vec<&str> {
    decided.decisions.iter().map(|decision| decision.reason.as_str()).collect()
}

/// The preview that `kind` leads to, with its event.
fn asked(rules: &Rules, kind: EventKind) -> (Event, Preview) {
    let event = event(kind);
    let mut decided = decided(&event, rules, with_history);
    assert!(decided.sweeps.is_empty(), "{decided:?}");
    (event, decided.previews.remove(0))
}

fn answered(rules: &Rules, text: &str, original: &(Event, Preview)) -> Decided {
    decided(&event(slash(text)), rules, |need| match need {
        Need::Preview(_) => Fact::Preview(Some(Box::new(original.clone()))),
        need => with_history(need),
    })
}

#[test]
fn a_start_above_the_budget_waits_for_a_yes() {
    let decided = decided(&event(slash("resnet")), &priced(Some(19.0), Confirm::OverBudget), with_history);
    assert_eq!(reasons(&decided), ["waits for `/tune confirm 7`: over its budget"]);
    assert_eq!((decided.sweeps.len(), decided.previews.len(), decided.answers.len()), (0, 1, 1));
}

#[test]
fn what_is_cheap_known_to_nobody_or_never_to_be_asked_starts_at_once() {
    let started = |rules: &Rules, text: &str, known: &dyn Fn(&Need) -> Fact| {
        decided(&event(slash(text)), rules, known).sweeps.len()
    };
    assert_eq!(started(&priced(Some(21.0), Confirm::OverBudget), "resnet", &with_history), 1);
    assert_eq!(started(&priced(Some(19.0), Confirm::OverBudget), "resnet trials=5", &with_history), 1);
    assert_eq!(started(&priced(Some(1.0), Confirm::OverBudget), "resnet", &lookup), 1);
    assert_eq!(started(&priced(Some(1.0), Confirm::Never), "resnet", &with_history), 1);
    assert_eq!(started(&priced(None, Confirm::Always), "resnet", &with_history), 0);
}

#[test]
fn what_starts_by_itself_is_not_asked() {
    let rules = priced(Some(1.0), Confirm::Always);
    for kind in [push("main"), pull_request(|_| {}), tick("nightly"), request("resnet")] {
        assert_eq!(decided(&event(kind), &rules, with_history).sweeps.len(), 1);
    }
}

#[test]
fn a_yes_starts_the_same_sweep_whoever_says_it() {
    let rules = priced(None, Confirm::Always);
    let original = asked(&rules, slash("resnet trials=5"));
    let [first, again] = ["confirm 7", "confirm #7"].map(|text| answered(&rules, text, &original));
    assert_eq!((first.sweeps.len(), first.sweeps[0].tuning.limits.trials), (1, 5));
    assert_eq!(first.sweeps[0].id, again.sweeps[0].id);
    assert!(matches!(&first.previews[0].state, PreviewState::Started { sweep, .. } if *sweep == first.sweeps[0].id));
    assert_eq!(reasons(&first), ["asked for by @mika; confirmed by @mika"]);
}

#[test]
fn what_is_not_what_it_was_is_not_started() {
    let rules = priced(None, Confirm::Always);
    let original = asked(&rules, slash("resnet"));
    let refused = |rules: &Rules, original: &(Event, Preview)| {
        let decided = answered(rules, "confirm 7", original);
        assert!(decided.sweeps.is_empty() && decided.previews.is_empty());
        reasons(&decided).join(", ")
    };
    let state = |state| (original.0.clone(), Preview { state, ..original.1.clone() });
    let late = Preview { asked_at: OCCASION.now - SignedDuration::from_hours(25), ..original.1.clone() };
    let mut gone = rules.clone();
    gone.tunings.clear();
    let said = [
        refused(&priced(Some(3.0), Confirm::Always), &original),
        refused(&gone, &original),
        refused(&rules, &(original.0.clone(), late)),
        refused(&rules, &state(PreviewState::Cancelled { by: "@noor".into() })),
        refused(&rules, &state(PreviewState::Started { sweep: "resnet-k3f9q2".parse().unwrap(), by: "@noor".into() })),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    The configuration of *resnet* has changed since this was asked for. Nothing was started. `/tune resnet` asks again.
    I don't know a tuning called `resnet`. The configuration has none yet. Nothing was started.
    What was asked for more than 24 hours ago is not started any more. Nothing was started. `/tune resnet` asks again.
    @noor has cancelled it already. Nothing was started. `/tune resnet` asks again.
    @noor has started it already: `resnet-k3f9q2`. Nothing was changed.
    ");
}

#[test]
fn who_may_not_start_it_may_not_confirm_it_either() {
    let rules = priced(None, Confirm::Always);
    let original = asked(&rules, slash("resnet"));
    let mut strict = rules.clone();
    let mut tuning = tuning::fixture();
    tuning.access.slack_users.insert("U9".into());
    strict.tunings.insert(tuning.name.clone(), std::sync::Arc::new(tuning));
    for text in ["confirm 7", "cancel 7"] {
        let decided = answered(&strict, text, &original);
        assert!(decided.sweeps.is_empty() && reasons(&decided)[0].starts_with("You may not"), "{decided:?}");
    }
}

#[test]
fn a_no_is_noted() {
    let rules = priced(None, Confirm::Always);
    let original = asked(&rules, comment("/tune resnet"));
    let decided = answered(&rules, "cancel 7", &original);
    assert_eq!(decided.previews[0].state, PreviewState::Cancelled { by: "@mika".into() });
    assert_eq!(reasons(&decided), ["event 7 is not to start anything, says @mika"]);
}
