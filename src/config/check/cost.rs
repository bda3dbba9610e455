//! What trials cost, and when a start is to be confirmed.

use super::Checker;
use crate::config::schema::TuningEntry;
use crate::config::source::Place;
use crate::domain::tuning::{Confirm, Cost};

/// A currency is a sign or a word, not a sentence.
const LONGEST_CURRENCY: usize = 8;

impl Checker<'_> {
    pub(super) fn cost(&mut self, place: &Place<'_>, entry: &TuningEntry) -> (Option<Cost>, Confirm) {
        let confirm = entry.confirm.unwrap_or_default();
        let over_budget = place.key("confirm");
        let Some(cost) = &entry.cost else {
            if entry.confirm == Some(Confirm::OverBudget) && !place.key("cost").is_there() {
                let problem = over_budget.problem("there is no budget that a start could exceed");
                self.problems.push(problem.hint("add `cost: {per_trial_hour: 0.9, budget: 50}`"));
            }
            return (None, confirm);
        };
        let place = place.key("cost");
        let amounts = [("per_trial_hour", Some(cost.per_trial_hour)), ("budget", cost.budget)];
        for (field, amount) in amounts {
            if amount.is_some_and(|amount| !(amount.is_finite() && amount > 0.0)) {
                self.problems.push(place.key(field).problem(format!("`{field}` has to be an amount above 0")));
            }
        }
        let currency = cost.currency.clone().unwrap_or_else(|| "$".to_owned());
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !c.is_ascii_digit();
        if currency.is_empty() || currency.chars().count() > LONGEST_CURRENCY || !currency.chars().all(is_plain) {
            let problem = place.key("currency").problem(format!("`{currency}` is not a currency"));
            self.problems.push(problem.hint("write a sign or a short name: $, EUR"));
        }
        let (per_trial_hour, accelerators, budget) = (cost.per_trial_hour, cost.accelerators, cost.budget);
        (Some(Cost { per_trial_hour, currency, accelerators, budget }), confirm)
    }
}
