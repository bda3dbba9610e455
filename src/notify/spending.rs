//! What a sweep has cost, and what one usually takes, in words. Pure.

use jiff::SignedDuration;

use crate::domain::estimate::Estimate;
use crate::domain::report::{Phase, Report};
use crate::domain::tuning::Cost;

use super::figures;
use super::prose;

/// " · 14.2 GPU h, about $12.90", to stand behind other totals; empty where the tuning says nothing of its cost.
pub fn spent(report: &Report) -> String {
    let Some(cost) = report.cost.as_ref().filter(|_| !report.trial_time.is_zero()) else { return String::new() };
    let held = cost.accelerators.max(1);
    let hours = report.trial_time.as_secs_f64() / 3600.0 * f64::from(held);
    let unit = if cost.accelerators > 0 { "GPU h" } else { "trial h" };
    format!(" · {} {unit}, about {}", short(hours), money(cost, cost.amount(report.trial_time)))
}

/// "1 h 50 min, about $14": what is usual, of a sweep that has not come far enough to tell by itself.
pub fn usually(report: &Report) -> Option<String> {
    let begins = match report.phase {
        Phase::Queued { .. } => true,
        Phase::Running => report.time_left.is_none() && report.counts.finished() == 0,
        Phase::Stopping { .. } | Phase::Finished { .. } => false,
    };
    report.estimate.as_ref().filter(|_| begins).map(|estimate| takes(estimate, report.cost.as_ref()))
}

/// "1 h 50 min, about $14".
pub fn takes(estimate: &Estimate, cost: Option<&Cost>) -> String {
    let duration = figures::estimate(estimate.duration);
    match cost {
        Some(cost) => format!("{duration}, about {}", rough_money(cost, estimate.trial_time)),
        None => duration,
    }
}

/// An expected amount: two digits are what it is good for.
pub fn rough_money(cost: &Cost, trial_time: SignedDuration) -> String {
    let amount = cost.amount(trial_time);
    let grain = if amount > 0.0 { 10_f64.powf(amount.log10().floor() - 1.0) } else { 1.0 };
    money(cost, (amount / grain).round() * grain)
}

/// `$12.90`, `€250`, `12.90 EUR`.
pub fn money(cost: &Cost, amount: f64) -> String {
    let decimals = if amount < 100.0 && (amount - amount.round()).abs() > 1e-9 { 2 } else { 0 };
    let (amount, currency) = (format!("{amount:.decimals$}"), prose::line(&cost.currency, 10));
    if currency.chars().any(char::is_alphanumeric) {
        format!("{amount} {currency}")
    } else {
        format!("{currency}{amount}")
    }
}

/// Hours with as many digits as mean something: `0.04`, `14.2`, `1250`.
fn short(hours: f64) -> String {
    let decimals = if hours < 0.995 { 2 } else { usize::from(hours < 99.95) };
    format!("{hours:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures;

    fn cost(currency: &str, accelerators: u32) -> Cost {
        Cost { per_trial_hour: 0.9, currency: currency.to_owned(), accelerators, budget: None }
    }

    #[test]
    fn what_was_spent_is_said_in_hours_and_money() {
        let spent_on = |minutes, cost| {
            let trial_time = SignedDuration::from_mins(minutes);
            spent(&Report { trial_time, cost: Some(cost), ..fixtures::finished() }).replacen(" · ", "", 1)
        };
        let said = [
            spent_on(852, cost("$", 0)),
            spent_on(860, cost("$", 1)),
            spent_on(852, cost("EUR", 4)),
            spent_on(60_000, cost("€", 8)),
            spent_on(2, cost("$", 0)),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        14.2 trial h, about $12.78
        14.3 GPU h, about $12.90
        56.8 GPU h, about 12.78 EUR
        8000 GPU h, about €900
        0.03 trial h, about $0.03
        ");
        assert_eq!(spent(&fixtures::finished()), "");
    }

    #[test]
    fn an_estimate_is_shown_until_the_sweep_can_tell_by_itself() {
        let estimate = Estimate {
            duration: SignedDuration::from_secs(6421),
            trial_time: SignedDuration::from_mins(923),
            sweeps: 3,
        };
        let queued = Report { estimate: Some(estimate), ..fixtures::queued() };
        assert_eq!(usually(&queued).as_deref(), Some("1 h 50 min"));
        let priced = Report { cost: Some(cost("$", 1)), ..queued };
        assert_eq!(usually(&priced).as_deref(), Some("1 h 50 min, about $14"));
        assert_eq!(usually(&Report { estimate: Some(estimate), ..fixtures::running() }), None);
    }
}
