//! Answers to the commands that only look something up: `status`, `best`, `details`, `compare`.

use crate::domain::ids::{SweepId, TuningName};
use crate::domain::report::Report;
use crate::domain::rules::Rules;
use crate::plan::command::{self, Command, Subject};
use crate::store::{Store, StoreError, SweepFilter};

/// How many of a tuning's newest sweeps are looked through for one with a result.
const NEWEST: u32 = 50;

/// The answer to `text`, or `None` when it is a command that does not look anything up, or cannot be understood.
pub(super) async fn answer(store: &Store, rules: &Rules, text: &str) -> Option<Result<String, StoreError>> {
    let answer = match command::parse(text).ok()? {
        Command::Status { sweep: None } => running(store).await,
        Command::Status { sweep: Some(sweep) } => {
            one(store, &sweep, |report| command::status(std::slice::from_ref(report))).await
        }
        Command::Best { of } => match command::subject(rules, &of) {
            Ok(Subject::Sweep(sweep)) => one(store, &sweep, command::best).await,
            Ok(Subject::Tuning(tuning)) => best_of_tuning(store, &tuning).await,
            Err(unknown) => Ok(unknown.to_string()),
        },
        Command::Details { sweep } => one(store, &sweep, command::details).await,
        Command::Compare { left, right } => compare(store, &left, &right).await,
        _ => return None,
    };
    Some(answer)
}

async fn running(store: &Store) -> Result<String, StoreError> {
    let mut reports = Vec::new();
    for sweep in store.unfinished_sweeps().await? {
        reports.extend(report(store, &sweep).await?.into_iter().flatten());
    }
    Ok(command::status(&reports))
}

async fn one(store: &Store, sweep: &SweepId, reply: impl FnOnce(&Report) -> String) -> Result<String, StoreError> {
    Ok(match report(store, sweep).await? {
        Some(Some(report)) => reply(&report),
        Some(None) => not_begun(sweep),
        None => unknown(sweep),
    })
}

async fn best_of_tuning(store: &Store, tuning: &TuningName) -> Result<String, StoreError> {
    let filter = SweepFilter { tuning: Some(tuning.clone()), state: None, limit: NEWEST };
    let rows = store.list_sweeps(filter).await?;
    let newest = rows.into_iter().filter_map(|row| row.report).find(|report| report.best().is_some());
    Ok(match newest {
        Some(report) => command::best(&report),
        None => format!("No sweep of *{tuning}* has a result yet. `/tune {tuning}` starts one."),
    })
}

async fn compare(store: &Store, left: &SweepId, right: &SweepId) -> Result<String, StoreError> {
    Ok(match (report(store, left).await?, report(store, right).await?) {
        (Some(Some(left)), Some(Some(right))) => command::compare(&left, &right),
        (None, _) => unknown(left),
        (_, None) => unknown(right),
        (Some(None), _) => not_begun(left),
        (_, Some(None)) => not_begun(right),
    })
}

/// `None`: there is no such sweep; `Some(None)`: it has no report yet.
async fn report(store: &Store, sweep: &SweepId) -> Result<Option<Option<Report>>, StoreError> {
    Ok(store.load_sweep(sweep).await?.map(|stored| stored.report))
}

fn unknown(sweep: &SweepId) -> String {
    format!("There is no sweep `{sweep}`. `/tune status` shows those that run.")
}

fn not_begun(sweep: &SweepId) -> String {
    format!("`{sweep}` was written down a moment ago and has nothing to show yet.")
}
