//! Commands that only ask.

use super::draft::{Draft, Halt};
use super::facts::{Fact, Need};
use crate::domain::ids::SweepId;
use crate::domain::report::Report;
use crate::plan::command::{self, Command, Subject, code, subject};

/// # Errors
/// There is no such sweep or tuning, in words; or something has to be looked up first.
pub(super) fn answer(draft: &Draft<'_>, command: &Command) -> Result<String, Halt> {
    Ok(match command {
        Command::List => command::list(draft.rules),
        Command::Help { tuning } => command::help(draft.rules, tuning.as_deref()),
        Command::Status { sweep: None } => command::status(reports(draft, Need::Unfinished)?),
        Command::Status { sweep: Some(sweep) } => command::status(std::slice::from_ref(report(draft, sweep)?)),
        Command::Best { of } => match subject(draft.rules, of).map_err(|error| Halt::refused(error.0))? {
            Subject::Sweep(sweep) => command::best(report(draft, &sweep)?),
            Subject::Tuning(tuning) => match reports(draft, Need::LastBest(tuning.clone()))? {
                [] => format!("No sweep of *{tuning}* has a result yet. `/tune {tuning}` starts one."),
                [report, ..] => command::best(report),
            },
        },
        Command::Details { sweep } => command::details(report(draft, sweep)?),
        Command::Compare { left, right } => command::compare(report(draft, left)?, report(draft, right)?),
        Command::Start { .. }
        | Command::Stop { .. }
        | Command::Rerun { .. }
        | Command::Apply { .. }
        | Command::Confirm { .. }
        | Command::Cancel { .. }
        | Command::Approve { .. } => {
            return Err(Halt::refused(format!("{} is not a question.", code(&command.to_string()))));
        }
    })
}

fn reports<'a>(draft: &Draft<'a>, need: Need) -> Result<&'a [Report], Halt> {
    let reports = draft.facts.get(need, |fact| match fact {
        Fact::Reports(reports) => Some(reports.as_slice()),
        _ => None,
    });
    Ok(reports?)
}

fn report<'a>(draft: &Draft<'a>, sweep: &SweepId) -> Result<&'a Report, Halt> {
    let none =
        || Halt::refused(format!("There is no sweep {}. `/tune status` shows those that run.", code(sweep.as_str())));
    reports(draft, Need::Report(sweep.clone()))?.first().ok_or_else(none)
}
