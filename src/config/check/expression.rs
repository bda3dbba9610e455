//! Expressions and times: what is handed on as text, checked where it is written.

use croner::parser::{CronParser, Seconds, Year};

use super::Checker;
use crate::config::nearest;
use crate::config::source::Place;
use crate::domain::rules::Globs;

/// A longer expression is a program, and belongs elsewhere.
const MAX_EXPRESSION: usize = 4096;

impl Checker<'_> {
    /// A CEL expression over `event`.
    pub(super) fn check_expression(&mut self, place: &Place<'_>, text: &str) {
        if text.len() > MAX_EXPRESSION {
            let message = format!("an expression has at most {MAX_EXPRESSION} characters, not {}", text.len());
            self.problems.push(place.problem(message));
            return;
        }
        match cel::Program::compile(text) {
            Ok(program) => {
                if !program.references().has_variable("event") {
                    let problem = place.problem("the expression does not look at `event`");
                    self.problems.push(problem.hint("write it like event.sender != 'renovate[bot]'"));
                }
            }
            Err(errors) => {
                let first = errors.errors.first();
                let message = first.map_or_else(|| errors.to_string(), |error| error.msg.clone());
                let message = message.lines().next().unwrap_or_default();
                // What the parser would have taken instead is a long list of its own names.
                let message = message.split(" expecting {").next().unwrap_or_default();
                self.problems.push(place.problem(format!("this is not a CEL expression: {message}")));
            }
        }
    }

    /// A cron line with five fields, or six with seconds first, that will come up again.
    pub(super) fn check_cron(&mut self, place: &Place<'_>, text: &str) {
        let hint = "minute, hour, day of month, month, day of week: `30 2 * * MON-FRI`";
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        if let Err(error) = parser.parse(text) {
            self.problems.push(place.problem(format!("`{text}` is not a cron line: {error}")).hint(hint));
        }
    }

    pub(super) fn check_time_zone(&mut self, place: &Place<'_>, name: &str) {
        if jiff::tz::TimeZone::get(name).is_ok() {
            return;
        }
        let database = jiff::tz::db();
        let zones: Vec<String> = database.available().map(|zone| zone.as_str().to_owned()).collect();
        let problem = place.problem(format!("there is no time zone `{name}`"));
        let hint = match nearest::nearest(name, zones.iter().map(String::as_str)) {
            Some(zone) => format!("did you mean `{zone}`?"),
            None if zones.is_empty() => "this machine knows no time zones: install tzdata".to_owned(),
            None => "write an IANA name such as Europe/Berlin".to_owned(),
        };
        self.problems.push(problem.hint(hint));
    }

    /// Patterns, each reported where it stands.
    pub(super) fn globs(&mut self, place: &Place<'_>, patterns: &[String]) -> Globs {
        for (index, pattern) in patterns.iter().enumerate() {
            if let Err(message) = Globs::new([pattern]) {
                self.problems.push(place.item(index).problem(message));
            }
        }
        Globs::new(patterns).unwrap_or_default()
    }
}
