//! Slips in what trials cost.

use super::*;

fn with(lines: &str) -> String {
    serve(&with_tuning("").replace("github:", &format!("{lines}\ngithub:")))
}

#[test]
fn amounts_and_currencies_are_checked() {
    let shown = with("    cost: {per_trial_hour: 0, budget: -3, currency: US dollars}");
    assert_snapshot!(shown, @"
    tunebot.yaml:11:28  tunings.wine.cost.per_trial_hour: `per_trial_hour` has to be an amount above 0
        11 |     cost: {per_trial_hour: 0, budget: -3, currency: US dollars}
           |                            ^
    tunebot.yaml:11:39  tunings.wine.cost.budget: `budget` has to be an amount above 0
        11 |     cost: {per_trial_hour: 0, budget: -3, currency: US dollars}
           |                                       ^^
    tunebot.yaml:11:53  tunings.wine.cost.currency: `US dollars` is not a currency
        11 |     cost: {per_trial_hour: 0, budget: -3, currency: US dollars}
           |                                                     ^^^^^^^^^^ write a sign or a short name: $, EUR
    3 errors
    ");
}

#[test]
fn to_ask_above_a_budget_takes_a_budget() {
    assert_snapshot!(with("    confirm: over_budget"), @"
    tunebot.yaml:11:14  tunings.wine.confirm: there is no budget that a start could exceed
        11 |     confirm: over_budget
           |              ^^^^^^^^^^^ add `cost: {per_trial_hour: 0.9, budget: 50}`
    1 error
    ");
    assert_snapshot!(with("    confirm: sometimes"), @"
    tunebot.yaml:11:14  tunings.wine.confirm: `sometimes` is not known here
        11 |     confirm: sometimes
           |              ^^^^^^^^^ known: always, never, over_budget
    1 error
    ");
}
