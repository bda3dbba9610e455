//! Sweeps and their commits: one transaction for everything that one decision changes.

use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::outbox::{EncodedEffect, write_effect};
use super::rows::{decode, encode, micros, name};
use super::shared_messages::shared_messages;
use super::signals::{SignalId, drop_signals};
use super::trials::{TrialImage, upsert_trial};
use super::wakes::Wake;
use super::writer::Shape;
use crate::domain::effect::Effect;
use crate::domain::ids::SweepId;
use crate::domain::report::Report;
use crate::domain::sweep::{Origin, Sweep, SweepState};
use crate::domain::trial::Trial;

/// A sweep as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSweep {
    pub sweep: Sweep,
    /// Counts the commits; the next one names it.
    pub revision: i64,
    /// The newest report that was committed.
    pub report: Option<Report>,
}

/// Everything that one decision about a sweep changes.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepCommit {
    pub sweep: Sweep,
    /// The revision that the decision was made on.
    pub expected_revision: i64,
    /// The trials that changed, new ones included.
    pub trials: Vec<Trial>,
    pub effects: Vec<Effect>,
    /// The signals that the decision took into account; they are deleted.
    pub folded: Vec<SignalId>,
    /// Replaces the stored report.
    pub report: Option<Report>,
}

impl Store {
    /// # Errors
    /// [`StoreError`]
    pub async fn load_sweep(&self, id: &SweepId) -> Result<Option<StoredSweep>, StoreError> {
        const LOAD: &str = "SELECT sweeps.body, sweeps.revision, reports.body FROM sweeps \
                            LEFT JOIN reports ON reports.sweep = sweeps.number WHERE sweeps.id = $1";
        let id = id.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(LOAD).bind(id.as_str());
                let row: Option<(String, i64, Option<String>)> = query.fetch_optional(connection).await?;
                let Some((body, revision, report)) = row else { return Ok(None) };
                let report = report.map(|text| decode(&format!("the report of sweep {id}"), &text)).transpose()?;
                Ok(Some(StoredSweep { sweep: decode(&format!("sweep {id}"), &body)?, revision, report }))
            })
        })
        .await
    }

    /// The oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn unfinished_sweeps(&self) -> Result<Vec<SweepId>, StoreError> {
        const UNFINISHED: &str =
            "SELECT id FROM sweeps WHERE state IN ('queued', 'running', 'stopping') ORDER BY number";
        self.read(|connection| {
            Box::pin(async move {
                let rows: Vec<(String,)> = sqlx::query_as(UNFINISHED).fetch_all(connection).await?;
                rows.iter().map(|(id,)| name(id)).collect()
            })
        })
        .await
    }

    /// Writes what one decision changes, all of it or nothing, and returns the new revision. When the sweep has finished,
    /// signals that came too late for the decision are dropped with it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the sweep has another revision than expected, or a trial would move backwards. Nothing
    /// is written; load the sweep again and decide again.
    pub async fn commit_sweep(&self, commit: SweepCommit) -> Result<i64, StoreError> {
        let SweepCommit { sweep, expected_revision, trials, effects, folded, report } = commit;
        let wake = Wake { outbox: !effects.is_empty(), committed: true, ..Wake::NOBODY };
        let finished = sweep.state == SweepState::Finished;
        let image = SweepImage::of(&sweep)?;
        let trials = trials.iter().map(TrialImage::of).collect::<Result<Vec<_>, _>>()?;
        let effects = effects.iter().map(EncodedEffect::of).collect::<Result<Vec<_>, _>>()?;
        let report = report.as_ref().map(ReportImage::of).transpose()?;
        self.write(Shape::Compound, wake, move |connection| {
            Box::pin(async move {
                let (number, revision) = update_sweep(connection, &image, expected_revision).await?;
                for trial in &trials {
                    upsert_trial(connection, &image.id, number, trial).await?;
                }
                for effect in &effects {
                    write_effect(connection, effect).await?;
                }
                for signal in &folded {
                    sqlx::query("DELETE FROM signals WHERE id = $1").bind(signal.0).execute(&mut *connection).await?;
                }
                if finished {
                    drop_signals(connection, number).await?;
                }
                if let Some(report) = &report {
                    write_report(connection, number, report).await?;
                }
                Ok(revision)
            })
        })
        .await
    }
}

/// A sweep as columns.
pub(super) struct SweepImage {
    pub(super) id: SweepId,
    state: &'static str,
    outcome: Option<&'static str>,
    /// It may serve as a baseline: finished, and as far as it was meant to.
    succeeded: bool,
    tuning: String,
    engine: String,
    group: Option<String>,
    schedule: Option<String>,
    trigger: Option<String>,
    asker: Option<String>,
    trials: u32,
    repository: Option<String>,
    branch: Option<String>,
    sha: Option<String>,
    pull_request: Option<i64>,
    created_at: i64,
    ended_at: Option<i64>,
    /// The messages that it shares with other sweeps.
    pub(super) shared: Vec<String>,
    body: String,
}

impl SweepImage {
    pub fn of(sweep: &Sweep) -> Result<Self, StoreError> {
        let code = sweep.code.as_ref();
        Ok(Self {
            id: sweep.id.clone(),
            state: sweep.state.name(),
            outcome: sweep.outcome.as_ref().map(|outcome| outcome.name()),
            succeeded: sweep.state == SweepState::Finished
                && sweep.outcome.as_ref().is_some_and(|outcome| outcome.is_success()),
            tuning: sweep.tuning.name.to_string(),
            engine: sweep.tuning.engine.to_string(),
            group: sweep.group.clone(),
            schedule: match &sweep.origin {
                Origin::Schedule { name } => Some(name.to_string()),
                _ => None,
            },
            trigger: sweep.trigger.as_ref().map(ToString::to_string),
            asker: sweep.account().map(|account| account.key()),
            trials: sweep.tuning.limits.trials,
            repository: code.map(|code| code.repository.to_string()),
            branch: code.map(|code| code.reference.clone()),
            sha: code.and_then(|code| code.sha.as_ref()).map(ToString::to_string),
            pull_request: code.and_then(|code| code.pull_request).map(u64::cast_signed),
            created_at: micros(sweep.created_at),
            ended_at: sweep.ended_at.map(micros),
            shared: shared_messages(sweep),
            body: encode("a sweep", sweep)?,
        })
    }
}

pub(super) struct ReportImage {
    best: Option<f64>,
    body: String,
}

impl ReportImage {
    pub fn of(report: &Report) -> Result<Self, StoreError> {
        Ok(Self { best: report.best().map(|best| best.value), body: encode("a report", report)? })
    }
}

/// Writes a new sweep, with revision 1.
pub(super) async fn insert_sweep(connection: &mut SqliteConnection, sweep: &SweepImage) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO sweeps (id, state, outcome, succeeded, tuning, engine, group_name, schedule, \
                          repository, branch, sha, pull_request, created_at, ended_at, body, trigger_name, \
                          asker, trial_limit) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
                          ON CONFLICT (id) DO NOTHING";
    let inserted = sqlx::query(INSERT)
        .bind(sweep.id.as_str())
        .bind(sweep.state)
        .bind(sweep.outcome)
        .bind(i64::from(sweep.succeeded))
        .bind(&sweep.tuning)
        .bind(&sweep.engine)
        .bind(&sweep.group)
        .bind(&sweep.schedule)
        .bind(&sweep.repository)
        .bind(&sweep.branch)
        .bind(&sweep.sha)
        .bind(sweep.pull_request)
        .bind(sweep.created_at)
        .bind(sweep.ended_at)
        .bind(&sweep.body)
        .bind(&sweep.trigger)
        .bind(&sweep.asker)
        .bind(sweep.trials)
        .execute(connection)
        .await?;
    if inserted.rows_affected() == 1 { Ok(()) } else { Err(StoreError::SweepIdTaken(sweep.id.clone()).into()) }
}

/// Returns the sweep's row number and its new revision.
async fn update_sweep(
    connection: &mut SqliteConnection,
    sweep: &SweepImage,
    expected_revision: i64,
) -> Result<(i64, i64), Fault> {
    const UPDATE: &str = "UPDATE sweeps SET revision = revision + 1, state = $3, outcome = $4, succeeded = $5, \
                          sha = $6, ended_at = $7, body = $8 WHERE id = $1 AND revision = $2 \
                          RETURNING number, revision";
    let query = sqlx::query_as(UPDATE)
        .bind(sweep.id.as_str())
        .bind(expected_revision)
        .bind(sweep.state)
        .bind(sweep.outcome)
        .bind(i64::from(sweep.succeeded))
        .bind(&sweep.sha)
        .bind(sweep.ended_at)
        .bind(&sweep.body);
    let row: Option<(i64, i64)> = query.fetch_optional(connection).await?;
    row.ok_or_else(|| {
        let reason = format!("it is not at revision {expected_revision} any longer");
        StoreError::Conflict { sweep: sweep.id.clone(), reason }.into()
    })
}

pub(super) async fn write_report(
    connection: &mut SqliteConnection,
    sweep: i64,
    report: &ReportImage,
) -> Result<(), Fault> {
    const WRITE: &str = "INSERT INTO reports (sweep, best, body) VALUES ($1, $2, $3) \
                         ON CONFLICT (sweep) DO UPDATE SET best = excluded.best, body = excluded.body";
    sqlx::query(WRITE).bind(sweep).bind(report.best).bind(&report.body).execute(connection).await?;
    Ok(())
}
