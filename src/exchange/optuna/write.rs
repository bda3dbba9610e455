//! From a sweep to an Optuna storage with one study of the sweep's name.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::domain::metrics::Direction;
use crate::domain::params::{Domain, Value};
use crate::domain::trial::{Trial, TrialState};
use crate::exchange::Exported;
use crate::exchange::error::ExchangeError;

use super::{INSTANT, LIBRARY_VERSION, METRIC, METRIC_NAMES, REASON, REVISION, SCHEMA_VERSION};

/// The tables and indexes that Optuna makes.
const SCHEMA: &str = include_str!("schema.sql");

/// Writes a new file; one that is there stays as it is. The file is whole or is not there.
///
/// # Errors
/// [`ExchangeError::Exists`], [`ExchangeError::Unwritable`].
pub async fn write(path: &Path, exported: Exported<'_>) -> Result<(), ExchangeError> {
    let unwritable = |reason: String| ExchangeError::Unwritable { path: path.to_owned(), reason };
    if path.exists() {
        return Err(ExchangeError::Exists { path: path.to_owned() });
    }
    let draft = draft(path);
    let options = SqliteConnectOptions::new().filename(&draft).create_if_missing(true);
    let written = async {
        let mut connection = options.connect().await?;
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
        insert(&mut transaction, exported).await?;
        transaction.commit().await?;
        connection.close().await
    };
    let written = written.await.map_err(|error| unwritable(error.to_string()));
    // A link to an existing name fails, where a renaming would replace a file that has come meanwhile.
    let placed = written.and_then(|()| {
        std::fs::hard_link(&draft, path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => ExchangeError::Exists { path: path.to_owned() },
            _ => unwritable(error.to_string()),
        })
    });
    // What is left of a draft harms nobody.
    let _ = std::fs::remove_file(&draft);
    placed
}

fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.draft", std::process::id()));
    name.into()
}

async fn insert(connection: &mut SqliteConnection, exported: Exported<'_>) -> Result<(), sqlx::Error> {
    let Exported { sweep, trials } = exported;
    sqlx::query("INSERT INTO version_info (version_info_id, schema_version, library_version) VALUES (1, $1, $2)")
        .bind(SCHEMA_VERSION)
        .bind(LIBRARY_VERSION)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO alembic_version (version_num) VALUES ($1)")
        .bind(REVISION)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO studies (study_id, study_name) VALUES (1, $1)")
        .bind(sweep.id.as_str())
        .execute(&mut *connection)
        .await?;
    let mut names = Vec::new();
    for (index, objective) in sweep.tuning.objectives.iter().enumerate() {
        names.push(objective.metric.as_str());
        let direction = match objective.direction {
            Direction::Minimize => "MINIMIZE",
            Direction::Maximize => "MAXIMIZE",
        };
        sqlx::query("INSERT INTO study_directions (direction, study_id, objective) VALUES ($1, 1, $2)")
            .bind(direction)
            .bind(index as i64)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("INSERT INTO study_system_attributes (study_id, key, value_json) VALUES (1, $1, $2)")
        .bind(METRIC_NAMES)
        .bind(json!(names).to_string())
        .execute(&mut *connection)
        .await?;
    let about = [
        ("tunebot:sweep", json!(sweep.id.as_str())),
        ("tunebot:tuning", json!(sweep.tuning.name.as_str())),
        ("tunebot:sampler", json!(sweep.tuning.search.sampler.name())),
        // As text: a seed has more digits than the numbers of a browser.
        ("tunebot:seed", json!(sweep.seed.to_string())),
    ];
    for (key, value) in about {
        sqlx::query("INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (1, $1, $2)")
            .bind(key)
            .bind(value.to_string())
            .execute(&mut *connection)
            .await?;
    }
    for trial in trials {
        insert_trial(connection, exported, trial).await?;
    }
    Ok(())
}

async fn insert_trial(
    connection: &mut SqliteConnection,
    exported: Exported<'_>,
    trial: &Trial,
) -> Result<(), sqlx::Error> {
    let id = i64::from(trial.number) + 1;
    let state = match trial.state {
        // A trial that waits here has been chosen already; one that waits there is still to be taken up by somebody.
        TrialState::Waiting | TrialState::Running => "RUNNING",
        TrialState::Complete => "COMPLETE",
        TrialState::Pruned | TrialState::Paused => "PRUNED",
        TrialState::Failed => "FAIL",
    };
    let start = trial.started_at.unwrap_or(trial.proposed_at);
    let complete = (!trial.state.is_open()).then(|| instant(trial.ended_at.unwrap_or(start)));
    sqlx::query(
        "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) \
         VALUES ($1, $2, 1, $3, $4, $5)",
    )
    .bind(id)
    .bind(trial.number)
    .bind(state)
    .bind(instant(start))
    .bind(complete)
    .execute(&mut *connection)
    .await?;
    insert_params(connection, exported, trial).await?;
    insert_values(connection, exported, trial).await?;
    let objective = |name: &str| exported.sweep.tuning.objectives.iter().any(|known| known.metric.as_str() == name);
    let others =
        trial.metrics.0.iter().filter(|(name, _)| trial.state != TrialState::Complete || !objective(name.as_str()));
    let others = others.map(|(name, value)| (format!("{METRIC}{name}"), json!(value)));
    let reason = trial.reason.iter().map(|reason| (REASON.to_owned(), json!(reason)));
    for (key, value) in others.chain(reason) {
        sqlx::query("INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(key)
            .bind(value.to_string())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn instant(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime(INSTANT).to_string()
}

async fn insert_params(
    connection: &mut SqliteConnection,
    exported: Exported<'_>,
    trial: &Trial,
) -> Result<(), sqlx::Error> {
    let id = i64::from(trial.number) + 1;
    for parameter in exported.sweep.tuning.space.parameters() {
        let Some((value, distribution)) =
            trial.params.get(&parameter.name).and_then(|value| stored(value, &parameter.domain))
        else {
            continue;
        };
        sqlx::query(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES ($1, $2, $3, $4)",
        )
        .bind(id)
        .bind(parameter.name.as_str())
        .bind(value)
        .bind(distribution.to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The value as Optuna stores it, with its distribution.
fn stored(value: &Value, domain: &Domain) -> Option<(f64, Json)> {
    let (name, attributes) = match domain {
        Domain::Float { low, high, log, step } => {
            ("FloatDistribution", json!({"step": step, "low": low, "high": high, "log": log}))
        }
        Domain::Int { low, high, log, step } => {
            ("IntDistribution", json!({"log": log, "step": step, "low": low, "high": high}))
        }
        Domain::Categorical { choices } => ("CategoricalDistribution", json!({"choices": choices})),
    };
    let stored = match domain {
        Domain::Categorical { choices } => choices.iter().position(|choice| choice == value)? as f64,
        _ => value.as_f64()?,
    };
    Some((stored, json!({"name": name, "attributes": attributes})))
}

async fn insert_values(
    connection: &mut SqliteConnection,
    exported: Exported<'_>,
    trial: &Trial,
) -> Result<(), sqlx::Error> {
    let id = i64::from(trial.number) + 1;
    let objectives = exported.sweep.tuning.objectives.iter().filter(|_| trial.state == TrialState::Complete);
    for (index, objective) in objectives.enumerate() {
        let Some(value) = trial.metrics.get(&objective.metric) else { continue };
        let (value, kind) = typed(value);
        sqlx::query("INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES ($1, $2, $3, $4)")
            .bind(id)
            .bind(index as i64)
            .bind(value)
            .bind(kind)
            .execute(&mut *connection)
            .await?;
    }
    for (step, value) in &trial.steps {
        let (value, kind) = typed(*value);
        sqlx::query(
            "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) \
             VALUES ($1, $2, $3, $4)",
        )
        .bind(id)
        .bind(i64::try_from(*step).unwrap_or(i64::MAX))
        .bind(value)
        .bind(kind)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// SQLite has no NaN and Optuna no infinity in a column: a word beside it says so.
fn typed(value: f64) -> (Option<f64>, &'static str) {
    if value.is_nan() {
        (None, "NAN")
    } else if value.is_infinite() {
        (None, if value > 0.0 { "INF_POS" } else { "INF_NEG" })
    } else {
        (Some(value), "FINITE")
    }
}
