//! Trials: compact rows that only ever move forward.

use jiff::SignedDuration;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{decode, encode, micros, name, timestamp, trial_state};
use crate::domain::ids::{AttemptId, EngineName, SweepId};
use crate::domain::trial::Trial;

impl Store {
    /// All trials of a sweep, by number.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn load_trials(&self, sweep: &SweepId) -> Result<Vec<Trial>, StoreError> {
        const LOAD: &str = "SELECT trials.* FROM trials JOIN sweeps ON sweeps.number = trials.sweep \
                            WHERE sweeps.id = $1 ORDER BY trials.number";
        let sweep = sweep.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let rows = sqlx::query(LOAD).bind(sweep.as_str()).fetch_all(connection).await?;
                rows.iter().map(read_trial).collect()
            })
        })
        .await
    }

    /// # Errors
    /// [`StoreError`]
    pub async fn trial(&self, sweep: &SweepId, number: u32) -> Result<Option<Trial>, StoreError> {
        const LOAD: &str = "SELECT trials.* FROM trials JOIN sweeps ON sweeps.number = trials.sweep \
                            WHERE sweeps.id = $1 AND trials.number = $2";
        let sweep = sweep.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let row = sqlx::query(LOAD).bind(sweep.as_str()).bind(number).fetch_optional(connection).await?;
                row.as_ref().map(read_trial).transpose()
            })
        })
        .await
    }

    /// The attempts of unfinished sweeps that `engine` was given and whose end is not known: all that wait or run, but for
    /// those whose submission is in the outbox and comes to the engine, for the first time or again.
    ///
    /// An attempt whose submission was given up is among them: only the engine's word that there is no such attempt
    /// brings its trial on.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn running_attempts(&self, engine: &EngineName) -> Result<Vec<AttemptId>, StoreError> {
        const RUNNING: &str = "SELECT sweeps.id, trials.number, trials.attempt FROM sweeps JOIN trials ON trials.sweep = sweeps.number \
             WHERE sweeps.state IN ('queued', 'running', 'stopping') AND sweeps.engine = $1 \
             AND trials.state IN ('waiting', 'running') \
             AND NOT EXISTS (SELECT 1 FROM effects \
                  WHERE effects.key = 'submit/' || sweeps.id || '-' || trials.number || '-' || trials.attempt \
                  AND effects.state IN ('ready', 'leased')) \
             ORDER BY sweeps.number, trials.number";
        let engine = engine.to_string();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(RUNNING).bind(engine);
                let rows: Vec<(String, u32, u32)> = query.fetch_all(connection).await?;
                rows.into_iter()
                    .map(|(sweep, trial, attempt)| Ok(AttemptId { sweep: name(&sweep)?, trial, attempt }))
                    .collect()
            })
        })
        .await
    }
}

/// A trial as columns.
pub(super) struct TrialImage {
    number: u32,
    attempt: u32,
    rank: u8,
    state: &'static str,
    lost_attempts: u32,
    earlier_time: i64,
    resume_step: Option<i64>,
    stopping: Option<String>,
    stopping_since: Option<i64>,
    progress: Option<(i64, i64)>,
    proposed_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    params: String,
    metrics: Option<String>,
    steps: Option<String>,
    held: Option<String>,
    reason: Option<String>,
    log_tail: Option<String>,
}

impl TrialImage {
    pub fn of(trial: &Trial) -> Result<Self, StoreError> {
        let (attempt, rank) = trial.advance();
        // Like metrics, a value that is not a finite number is written as null and read as NaN.
        let steps: Vec<(u64, Option<f64>)> =
            trial.steps.iter().map(|(step, value)| (*step, value.is_finite().then_some(*value))).collect();
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(Self {
            number: trial.number,
            attempt,
            rank,
            state: trial.state.name(),
            lost_attempts: trial.lost_attempts,
            earlier_time: i64::try_from(trial.earlier_time.as_micros()).unwrap_or(i64::MAX),
            resume_step: trial.resume_step.map(count),
            stopping: trial.stopping.as_ref().map(|reason| encode("a stop reason", reason)).transpose()?,
            stopping_since: trial.stopping_since.map(micros),
            progress: trial.progress.map(|(done, total)| (count(done), count(total))),
            proposed_at: micros(trial.proposed_at),
            started_at: trial.started_at.map(micros),
            ended_at: trial.ended_at.map(micros),
            params: encode("parameters", &trial.params)?,
            metrics: (!trial.metrics.0.is_empty()).then(|| encode("metrics", &trial.metrics)).transpose()?,
            steps: (!steps.is_empty()).then(|| encode("steps", &steps)).transpose()?,
            held: trial.held.clone(),
            reason: trial.reason.clone(),
            log_tail: trial.log_tail.clone(),
        })
    }
}

/// Writes the newest image of a trial, unless the stored one is ahead of it or has ended in another way.
pub(super) async fn upsert_trial(
    connection: &mut SqliteConnection,
    id: &SweepId,
    sweep: i64,
    trial: &TrialImage,
) -> Result<(), Fault> {
    const UPSERT: &str = "INSERT INTO trials (sweep, number, attempt, rank, state, lost_attempts, stopping, stopping_since, \
         progress_done, progress_total, proposed_at, started_at, ended_at, params, metrics, steps, reason, log_tail, held, resume_step, \
         earlier_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
         ON CONFLICT (sweep, number) DO UPDATE SET attempt = excluded.attempt, rank = excluded.rank, \
         state = excluded.state, lost_attempts = excluded.lost_attempts, stopping = excluded.stopping, \
         stopping_since = excluded.stopping_since, \
         progress_done = excluded.progress_done, progress_total = excluded.progress_total, \
         proposed_at = excluded.proposed_at, started_at = excluded.started_at, ended_at = excluded.ended_at, \
         params = excluded.params, metrics = excluded.metrics, steps = excluded.steps, reason = excluded.reason, \
         log_tail = excluded.log_tail, held = excluded.held, resume_step = excluded.resume_step, \
         earlier_time = excluded.earlier_time \
         WHERE excluded.attempt > trials.attempt OR (excluded.attempt = trials.attempt \
         AND (excluded.rank > trials.rank OR excluded.state = trials.state))";
    let written = sqlx::query(UPSERT)
        .bind(sweep)
        .bind(trial.number)
        .bind(trial.attempt)
        .bind(trial.rank)
        .bind(trial.state)
        .bind(trial.lost_attempts)
        .bind(&trial.stopping)
        .bind(trial.stopping_since)
        .bind(trial.progress.map(|(done, _)| done))
        .bind(trial.progress.map(|(_, total)| total))
        .bind(trial.proposed_at)
        .bind(trial.started_at)
        .bind(trial.ended_at)
        .bind(&trial.params)
        .bind(&trial.metrics)
        .bind(&trial.steps)
        .bind(&trial.reason)
        .bind(&trial.log_tail)
        .bind(&trial.held)
        .bind(trial.resume_step)
        .bind(trial.earlier_time)
        .execute(connection)
        .await?;
    if written.rows_affected() == 1 {
        return Ok(());
    }
    let TrialImage { number, attempt, state, .. } = trial;
    let reason = format!("trial {number} is further than `{state}` in attempt {attempt}");
    Err(StoreError::Conflict { sweep: id.clone(), reason }.into())
}

pub(super) fn read_trial(row: &SqliteRow) -> Result<Trial, Fault> {
    let number: u32 = row.try_get("number")?;
    let what = |part: &str| format!("{part} of trial {number}");
    let text = |column| row.try_get::<Option<String>, _>(column);
    let instant = |column| row.try_get::<Option<i64>, _>(column)?.map(timestamp).transpose();
    let steps: Vec<(u64, Option<f64>)> =
        text("steps")?.map_or(Ok(Vec::new()), |text| decode(&what("the steps"), &text))?;
    let done: Option<i64> = row.try_get("progress_done")?;
    let total: Option<i64> = row.try_get("progress_total")?;
    Ok(Trial {
        number,
        attempt: row.try_get("attempt")?,
        state: trial_state(row.try_get("state")?)?,
        params: decode(&what("the parameters"), row.try_get("params")?)?,
        metrics: text("metrics")?.map(|text| decode(&what("the metrics"), &text)).transpose()?.unwrap_or_default(),
        steps: steps.into_iter().map(|(step, value)| (step, value.unwrap_or(f64::NAN))).collect(),
        progress: done.zip(total).map(|(done, total)| (done.unsigned_abs(), total.unsigned_abs())),
        proposed_at: timestamp(row.try_get("proposed_at")?)?,
        started_at: instant("started_at")?,
        ended_at: instant("ended_at")?,
        stopping: text("stopping")?.map(|text| decode(&what("the stop reason"), &text)).transpose()?,
        stopping_since: instant("stopping_since")?,
        lost_attempts: row.try_get("lost_attempts")?,
        earlier_time: SignedDuration::from_micros(row.try_get("earlier_time")?),
        resume_step: row.try_get::<Option<i64>, _>("resume_step")?.map(i64::unsigned_abs),
        held: text("held")?,
        reason: text("reason")?,
        log_tail: text("log_tail")?,
    })
}
