//! What mattered in a sweep, in one line.

use crate::domain::report::Report;

use super::phrases::Phrase;
use super::{figures, prose};

/// Parameters that are named.
const MOST: usize = 4;
/// In a sweep of 40 trials a parameter without any influence comes as far by chance.
const LEAST_SHARE: f64 = 0.1;
/// The longest a name gets, in characters.
const NAME: usize = 40;

/// "What mattered: lr 61 %, augment 24 %, weight_decay 11 %"; empty while it runs, and where nothing can be said.
pub fn mattered(report: &Report) -> Phrase {
    if !report.is_final() {
        return Phrase::default();
    }
    let named = report.importances.iter().filter(|importance| importance.share >= LEAST_SHARE).take(MOST);
    let named = named.map(|importance| {
        // More than two digits would be made up.
        let share = figures::percent((importance.share * 100.0).round() / 100.0);
        let name = prose::line(importance.parameter.as_str(), NAME);
        Phrase::default().code(name).words(format!(" {share}"))
    });
    let named = Phrase::joined(named, ", ");
    if named.is_empty() { named } else { Phrase::default().words("What mattered: ").then(named) }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use crate::domain::report::Importance;

    fn said(report: &Report) -> String {
        mattered(report).plain()
    }

    fn with(shares: &[(&str, f64)]) -> Report {
        let importance = |(name, share): &(&str, f64)| Importance { parameter: name.parse().unwrap(), share: *share };
        Report { importances: shares.iter().map(importance).collect(), ..fixtures::finished() }
    }

    #[test]
    fn what_hardly_mattered_is_not_named() {
        let report = with(&[("lr", 0.6149), ("augment", 0.236), ("weight_decay", 0.107), ("width", 0.0424)]);
        assert_eq!(said(&report), "What mattered: lr 61 %, augment 24 %, weight_decay 11 %");
        assert_eq!(said(&with(&[("lr", 1.0)])), "What mattered: lr 100 %");
    }

    #[test]
    fn of_many_the_first_are_named() {
        let even = ["a", "b", "c", "d", "e", "f"].map(|name| (name, 1.0 / 6.0));
        assert_eq!(said(&with(&even)), "What mattered: a 17 %, b 17 %, c 17 %, d 17 %");
    }

    #[test]
    fn where_nothing_is_known_nothing_is_said() {
        assert_eq!(said(&with(&[])), "");
        let small: Vec<String> = (0..30).map(|k| format!("p{k}")).collect();
        let small: Vec<(&str, f64)> = small.iter().map(|name| (name.as_str(), 1.0 / 30.0)).collect();
        assert_eq!(said(&with(&small)), "");
        let running = Report { importances: with(&[("lr", 1.0)]).importances, ..fixtures::running() };
        assert_eq!(said(&running), "");
    }
}
