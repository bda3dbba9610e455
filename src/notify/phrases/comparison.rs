//! The best held against the baseline, in words.

use crate::domain::metrics::Direction;
use crate::domain::report::Report;
use crate::domain::sweep::Against;
use crate::notify::{figures, prose};

use super::{NAME, Phrase};

/// The best value beside the baseline: "val_acc 0.9341, was 0.9287 on main".
pub fn values(report: &Report) -> Option<Phrase> {
    let best = report.best()?;
    let metric = Phrase::default().words(format!("{} ", report.objective.metric));
    let Some(baseline) = &report.baseline else {
        return Some(metric.strong(figures::number(best.value)));
    };
    let (now, then, _) = figures::comparison(best.value, baseline.value);
    let against = metric.strong(now).words(format!(", was {then} "));
    Some(match &baseline.against {
        Against::Branch { name } => against.words("on ").code(prose::line(name, NAME)),
        Against::Earlier => against.words("before"),
        Against::Production => against.words("in production"),
    })
}

/// The same, with the difference: "val_acc 0.9341, was 0.9287 on main (+0.0054 ± 0.0011, 0.58 % better)".
pub fn result(report: &Report) -> Option<Phrase> {
    let values = values(report)?;
    let (Some(best), Some(baseline)) = (report.best(), &report.baseline) else {
        return Some(values);
    };
    let (_, _, mut change) = figures::comparison(best.value, baseline.value);
    if let Some(spread) = report.spread() {
        change.push_str(&format!(" ± {}", figures::spread(spread)));
    }
    let judgement = judgement(report.objective.direction, best.value, baseline.value);
    let judgement = judgement.map(|judgement| format!(", {judgement}")).unwrap_or_default();
    let doubt = if is_within_spread(report) { ", which may be chance" } else { "" };
    Some(values.words(format!(" ({change}{judgement}{doubt})")))
}

/// Is there a difference, and is it smaller than what two measurements of the same thing differ by?
fn is_within_spread(report: &Report) -> bool {
    let (Some(best), Some(baseline), Some(spread)) = (report.best(), &report.baseline, report.spread()) else {
        return false;
    };
    let difference = (best.value - baseline.value).abs();
    difference > 0.0 && difference <= spread
}

fn judgement(direction: Direction, now: f64, then: f64) -> Option<String> {
    let word = if direction.better(now, then) {
        "better"
    } else if direction.better(then, now) {
        "worse"
    } else {
        return None;
    };
    Some(figures::percent_change(now, then).map_or_else(|| word.to_owned(), |percent| format!("{percent} {word}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures;

    fn with_spreads(of_best: f64, of_baseline: f64) -> Report {
        let mut report = fixtures::finished();
        let spread = ("val_acc_std".parse().unwrap(), of_best);
        let best = &mut report.top[0];
        let value = ("val_acc".parse().unwrap(), best.value);
        best.metrics = [value, spread].into_iter().collect();
        report.baseline.as_mut().unwrap().spread = Some(of_baseline);
        report
    }

    fn said(report: &Report) -> String {
        let words = |span: &crate::notify::phrases::Span| match span {
            crate::notify::phrases::Span::Words(text)
            | crate::notify::phrases::Span::Strong(text)
            | crate::notify::phrases::Span::Code(text)
            | crate::notify::phrases::Span::Block(text) => text.clone(),
        };
        result(report).unwrap().spans().iter().map(words).collect()
    }

    #[test]
    fn a_difference_is_shown_with_its_spread_and_called_chance_where_it_is_smaller() {
        insta::assert_snapshot!(said(&with_spreads(0.0009, 0.0006)), @"val_acc 0.9341, was 0.9287 on main (+0.0054 ± 0.0011, 0.58 % better)");
        insta::assert_snapshot!(said(&with_spreads(0.006, 0.004)), @"val_acc 0.9341, was 0.9287 on main (+0.0054 ± 0.0072, 0.58 % better, which may be chance)");
    }
}
