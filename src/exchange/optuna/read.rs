//! From an Optuna storage to a study.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::domain::metrics::Direction;
use crate::domain::params::Value;
use crate::exchange::error::ExchangeError;
use crate::exchange::study::{Cell, Entry, EntryState, Study};

use super::{CONSTRAINTS, FAIL_REASON, METRIC, METRIC_NAMES, READABLE, REASON};

/// The study `wanted`, or the only one. `local` is the time zone of instants that an Optuna before version 5 wrote.
///
/// # Errors
/// The file is not such a storage, or an old one; there is no such study, or there are several and none is named; or a
/// row is not as Optuna writes it.
pub async fn read(path: &Path, wanted: Option<&str>, local: &TimeZone) -> Result<Study, ExchangeError> {
    let unreadable =
        |error: sqlx::Error| ExchangeError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = options.connect().await.map_err(unreadable)?;
    let zone = check(&mut connection, path, local).await?;
    let (id, name) = find(&mut connection, wanted).await.map_err(unreadable)??;
    let study = collect(&mut connection, id, &zone).await.map_err(unreadable)?;
    connection.close().await.map_err(unreadable)?;
    Ok(Study { name, ..study })
}

/// Is it a storage of Optuna, with tables that are known? Returns the zone of its instants.
async fn check(connection: &mut SqliteConnection, path: &Path, local: &TimeZone) -> Result<TimeZone, ExchangeError> {
    let not = |reason: String| ExchangeError::NotOptuna { path: path.to_owned(), reason };
    let revision: Result<Option<String>, _> =
        sqlx::query_scalar("SELECT version_num FROM alembic_version").fetch_optional(&mut *connection).await;
    let revision = revision.map_err(|error| not(format!("it has no table of its version ({error})")))?;
    let library: Result<Option<String>, _> =
        sqlx::query_scalar("SELECT library_version FROM version_info").fetch_optional(connection).await;
    let library =
        library.map_err(|error| not(format!("it has no table of its version ({error})")))?.unwrap_or_default();
    match revision {
        Some(revision) if READABLE.contains(&revision.as_str()) => {}
        Some(found) if found.as_str() < READABLE[0] => {
            return Err(ExchangeError::OldOptuna { path: path.to_owned(), found });
        }
        other => return Err(not(format!("its revision {} is not known", other.unwrap_or_default()))),
    }
    let major = library.split('.').next().and_then(|major| major.parse::<u32>().ok());
    Ok(if major.is_some_and(|major| major >= 5) { TimeZone::UTC } else { local.clone() })
}

async fn find(
    connection: &mut SqliteConnection,
    wanted: Option<&str>,
) -> Result<Result<(i64, String), ExchangeError>, sqlx::Error> {
    let query = sqlx::query_as("SELECT study_id, study_name FROM studies ORDER BY study_id");
    let mut studies: Vec<(i64, String)> = query.fetch_all(connection).await?;
    let known = studies.iter().map(|(_, name)| name.clone()).collect();
    let found = match wanted {
        Some(wanted) => studies.iter().position(|(_, name)| name == wanted),
        None => (studies.len() == 1).then_some(0),
    };
    Ok(match (found, wanted) {
        (Some(index), _) => Ok(studies.swap_remove(index)),
        (None, Some(wanted)) => Err(ExchangeError::NoSuchStudy { wanted: wanted.to_owned(), known }),
        (None, None) if known.is_empty() => Err(ExchangeError::Unfit("it has no study".to_owned())),
        (None, None) => Err(ExchangeError::WhichStudy { known }),
    })
}

async fn collect(connection: &mut SqliteConnection, id: i64, zone: &TimeZone) -> Result<Study, sqlx::Error> {
    const DIRECTIONS: &str = "SELECT direction FROM study_directions WHERE study_id = $1 ORDER BY objective";
    const NAMES: &str = "SELECT value_json FROM study_system_attributes WHERE study_id = $1 AND key = $2";
    const TRIALS: &str = "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials \
                          WHERE study_id = $1 ORDER BY number, trial_id";
    let directions: Vec<String> = sqlx::query_scalar(DIRECTIONS).bind(id).fetch_all(&mut *connection).await?;
    let query = sqlx::query_scalar(NAMES).bind(id).bind(METRIC_NAMES);
    let names: Option<String> = query.fetch_optional(&mut *connection).await?;
    type Row = (i64, i64, String, Option<String>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(TRIALS).bind(id).fetch_all(&mut *connection).await?;
    let mut entries = BTreeMap::new();
    let mut order = Vec::with_capacity(rows.len());
    for (trial, number, state, start, complete) in rows {
        let state = EntryState::read(&state).unwrap_or(EntryState::Open);
        let entry = Entry {
            started_at: start.and_then(|text| instant(&text, zone)),
            ended_at: complete.and_then(|text| instant(&text, zone)),
            ..Entry::new(number.unsigned_abs(), state)
        };
        entries.insert(trial, entry);
        order.push(trial);
    }
    add_params(connection, id, &mut entries).await?;
    add_values(connection, id, &mut entries).await?;
    add_attributes(connection, id, &mut entries).await?;
    Ok(Study {
        name: String::new(),
        directions: directions.iter().filter_map(|name| direction(name)).collect(),
        metrics: names.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        entries: order.into_iter().filter_map(|trial| entries.remove(&trial)).collect(),
    })
}

fn direction(name: &str) -> Option<Direction> {
    match name {
        "MINIMIZE" => Some(Direction::Minimize),
        "MAXIMIZE" => Some(Direction::Maximize),
        _ => None,
    }
}

fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    Some(text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?.timestamp())
}

type Entries = BTreeMap<i64, Entry>;

async fn add_params(connection: &mut SqliteConnection, id: i64, entries: &mut Entries) -> Result<(), sqlx::Error> {
    const PARAMS: &str = "SELECT p.trial_id, p.param_name, p.param_value, p.distribution_json FROM trial_params p \
                          JOIN trials t ON t.trial_id = p.trial_id WHERE t.study_id = $1";
    let rows: Vec<(i64, String, f64, String)> = sqlx::query_as(PARAMS).bind(id).fetch_all(connection).await?;
    for (trial, name, value, distribution) in rows {
        if let Some(entry) = entries.get_mut(&trial) {
            entry.params.insert(name, cell(value, &distribution));
        }
    }
    Ok(())
}

/// What of a distribution says how to read a value.
#[derive(Deserialize)]
struct Distribution {
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
struct Attributes {
    /// Of a categorical one.
    choices: Option<Vec<Value>>,
}

/// Of a categorical distribution the stored value is the choice's index.
fn cell(value: f64, distribution: &str) -> Cell {
    let read: Option<Distribution> = serde_json::from_str(distribution).ok();
    match read.and_then(|distribution| distribution.attributes.choices) {
        Some(choices) => match choices.get(value as usize) {
            Some(choice) => Cell::Value(choice.clone()),
            None => Cell::Text(format!("choice {value}")),
        },
        None => Cell::Number(value),
    }
}

async fn add_values(connection: &mut SqliteConnection, id: i64, entries: &mut Entries) -> Result<(), sqlx::Error> {
    const VALUES: &str = "SELECT v.trial_id, v.value, v.value_type FROM trial_values v \
                          JOIN trials t ON t.trial_id = v.trial_id WHERE t.study_id = $1 \
                          ORDER BY v.trial_id, v.objective";
    const STEPS: &str = "SELECT v.trial_id, v.step, v.intermediate_value, v.intermediate_value_type \
                         FROM trial_intermediate_values v JOIN trials t ON t.trial_id = v.trial_id \
                         WHERE t.study_id = $1 ORDER BY v.trial_id, v.step";
    let rows: Vec<(i64, Option<f64>, String)> = sqlx::query_as(VALUES).bind(id).fetch_all(&mut *connection).await?;
    for (trial, value, kind) in rows {
        if let Some(entry) = entries.get_mut(&trial) {
            entry.values.push(float(value, &kind));
        }
    }
    let rows: Vec<(i64, i64, Option<f64>, String)> = sqlx::query_as(STEPS).bind(id).fetch_all(connection).await?;
    for (trial, step, value, kind) in rows {
        if let Some(entry) = entries.get_mut(&trial) {
            entry.steps.push((step.unsigned_abs(), float(value, &kind)));
        }
    }
    Ok(())
}

fn float(value: Option<f64>, kind: &str) -> f64 {
    match kind {
        "INF_POS" => f64::INFINITY,
        "INF_NEG" => f64::NEG_INFINITY,
        _ => value.unwrap_or(f64::NAN),
    }
}

async fn add_attributes(connection: &mut SqliteConnection, id: i64, entries: &mut Entries) -> Result<(), sqlx::Error> {
    const USER: &str = "SELECT a.trial_id, a.key, a.value_json FROM trial_user_attributes a \
                        JOIN trials t ON t.trial_id = a.trial_id WHERE t.study_id = $1";
    const SYSTEM: &str = "SELECT a.trial_id, a.key, a.value_json FROM trial_system_attributes a \
                          JOIN trials t ON t.trial_id = a.trial_id WHERE t.study_id = $1";
    let rows: Vec<(i64, String, String)> = sqlx::query_as(SYSTEM).bind(id).fetch_all(&mut *connection).await?;
    for (trial, key, json) in rows {
        let Some(entry) = entries.get_mut(&trial) else { continue };
        match key.as_str() {
            CONSTRAINTS => entry.constraints = serde_json::from_str(&json).unwrap_or_default(),
            FAIL_REASON => entry.reason = serde_json::from_str(&json).ok(),
            _ => {}
        }
    }
    let rows: Vec<(i64, String, String)> = sqlx::query_as(USER).bind(id).fetch_all(connection).await?;
    for (trial, key, json) in rows {
        let Some(entry) = entries.get_mut(&trial) else { continue };
        if key == REASON {
            entry.reason = serde_json::from_str(&json).ok();
        } else if let (Some(name), Ok(value)) = (key.strip_prefix(METRIC), serde_json::from_str(&json)) {
            entry.metrics.insert(name.to_owned(), value);
        }
    }
    Ok(())
}
