//! Views: questions that people, metrics and rules ask. Each is answered by an index, however many trials there are.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::inbox::EventState;
use super::rows::{self, decode, name, sweep_state, timestamp, trial_state, unknown};
use crate::domain::decision::Verdict;
use crate::domain::effect::Lane;
use crate::domain::event::Source;
use crate::domain::ids::{CommitSha, Repository, SweepId, TuningName};
use crate::domain::report::Report;
use crate::domain::sweep::{Against, Baseline, SweepState};
use crate::domain::trial::TrialState;

/// Which sweeps a list shows; `None` means any.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepFilter {
    pub tuning: Option<TuningName>,
    pub state: Option<SweepState>,
    pub limit: u32,
}

impl Default for SweepFilter {
    fn default() -> Self {
        Self { tuning: None, state: None, limit: 20 }
    }
}

/// A sweep as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRow {
    pub id: SweepId,
    pub tuning: TuningName,
    pub state: SweepState,
    /// The outcome's name, once the end is decided.
    pub outcome: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub report: Option<Report>,
}

/// An unfinished sweep of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveSweep {
    pub id: SweepId,
    pub state: SweepState,
    /// The commit that it runs, if it is known.
    pub sha: Option<CommitSha>,
}

/// How much there is of everything that is stored. What retention has taken away is not counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    pub events: Vec<EventCount>,
    pub sweeps: Vec<(SweepState, u64)>,
    pub trials: Vec<(TrialState, u64)>,
    pub outbox: Vec<LaneDepth>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCount {
    pub source: Source,
    pub state: EventState,
    /// The verdict that mattered most, once the event is done.
    pub outcome: Option<Verdict>,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneDepth {
    pub lane: Lane,
    /// Effects that wait or are under way.
    pub depth: u64,
    /// Effects that were given up.
    pub dead: u64,
    /// When the first of those that wait or are under way fell, or falls, due.
    pub oldest_due: Option<Timestamp>,
}

impl Store {
    /// The newest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list_sweeps(&self, filter: SweepFilter) -> Result<Vec<SweepRow>, StoreError> {
        const LIST: &str = "SELECT sweeps.id, sweeps.tuning, sweeps.state, sweeps.outcome, sweeps.created_at, \
                            sweeps.ended_at, reports.body FROM sweeps \
                            LEFT JOIN reports ON reports.sweep = sweeps.number \
                            WHERE ($1 IS NULL OR sweeps.tuning = $1) AND ($2 IS NULL OR sweeps.state = $2) \
                            ORDER BY sweeps.number DESC LIMIT $3";
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(LIST)
                    .bind(filter.tuning.map(String::from))
                    .bind(filter.state.map(SweepState::name))
                    .bind(filter.limit);
                let rows: Vec<ListRow> = query.fetch_all(connection).await?;
                rows.into_iter().map(read_sweep_row).collect()
            })
        })
        .await
    }

    /// The last sweep of `tuning` that ran to its end on `branch` itself (not for a pull request) and has a best.
    /// Without a repository, of any repository.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn baseline(
        &self,
        tuning: &TuningName,
        repository: Option<&Repository>,
        branch: &str,
    ) -> Result<Option<Baseline>, StoreError> {
        const LAST: &str = "SELECT reports.body FROM sweeps JOIN reports ON reports.sweep = sweeps.number \
                            WHERE sweeps.tuning = $1 AND COALESCE(sweeps.branch, '') = $2 AND sweeps.succeeded = 1 \
                            AND sweeps.pull_request IS NULL AND ($3 IS NULL OR sweeps.repository = $3) \
                            AND reports.best IS NOT NULL ORDER BY sweeps.ended_at DESC, sweeps.number DESC LIMIT 1";
        let tuning = tuning.to_string();
        let repository = repository.map(ToString::to_string);
        let branch = branch.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar(LAST).bind(tuning).bind(&branch).bind(repository);
                let body: Option<String> = query.fetch_optional(connection).await?;
                let Some(body) = body else { return Ok(None) };
                let mut report: Report = decode("the report of a baseline", &body)?;
                let best = (!report.top.is_empty()).then(|| report.top.swap_remove(0));
                let against = if branch.is_empty() { Against::Earlier } else { Against::Branch { name: branch } };
                let metric = report.objective.metric;
                Ok(best.map(|best| Baseline {
                    against,
                    sweep: report.sweep,
                    value: best.value,
                    spread: best.metrics.spread(&metric),
                    params: best.params,
                }))
            })
        })
        .await
    }

    /// The unfinished sweeps of a group, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn active_in_group(&self, group: &str) -> Result<Vec<ActiveSweep>, StoreError> {
        const ACTIVE: &str = "SELECT id, state, sha FROM sweeps WHERE state IN ('queued', 'running', 'stopping') \
                              AND group_name = $1 ORDER BY number";
        let group = group.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(ACTIVE).bind(group);
                let rows: Vec<(String, String, Option<String>)> = query.fetch_all(connection).await?;
                rows.into_iter()
                    .map(|(id, state, sha)| {
                        let sha = sha.as_deref().map(name).transpose()?;
                        Ok(ActiveSweep { id: name(&id)?, state: sweep_state(&state)?, sha })
                    })
                    .collect()
            })
        })
        .await
    }

    /// The unfinished sweeps of a pull request, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn active_for_pull_request(
        &self,
        repository: &Repository,
        number: u64,
    ) -> Result<Vec<SweepId>, StoreError> {
        const ACTIVE: &str = "SELECT id FROM sweeps WHERE state IN ('queued', 'running', 'stopping') \
                              AND repository = $1 AND pull_request = $2 ORDER BY number";
        let repository = repository.to_string();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(ACTIVE).bind(repository).bind(number.cast_signed());
                let rows: Vec<(String,)> = query.fetch_all(connection).await?;
                rows.iter().map(|(id,)| name(id)).collect()
            })
        })
        .await
    }

    /// Counts by scanning the narrow indexes on the states: about 5 ms for 100,000 trials, on a reader's connection.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|connection| {
            Box::pin(async move {
                Ok(Counts {
                    events: count_events(connection).await?,
                    sweeps: count_by_state(
                        connection,
                        "SELECT state, COUNT(*) FROM sweeps GROUP BY state",
                        sweep_state,
                    )
                    .await?,
                    trials: count_by_state(
                        connection,
                        "SELECT state, COUNT(*) FROM trials GROUP BY state",
                        trial_state,
                    )
                    .await?,
                    outbox: measure_outbox(connection).await?,
                })
            })
        })
        .await
    }
}

type ListRow = (String, String, String, Option<String>, i64, Option<i64>, Option<String>);

fn read_sweep_row((id, tuning, state, outcome, created_at, ended_at, report): ListRow) -> Result<SweepRow, Fault> {
    let report = report.map(|text| decode(&format!("the report of sweep {id}"), &text)).transpose()?;
    Ok(SweepRow {
        id: name(&id)?,
        tuning: name(&tuning)?,
        state: sweep_state(&state)?,
        outcome,
        created_at: timestamp(created_at)?,
        ended_at: ended_at.map(timestamp).transpose()?,
        report,
    })
}

async fn count_events(connection: &mut SqliteConnection) -> Result<Vec<EventCount>, Fault> {
    const COUNT: &str = "SELECT source, state, outcome, COUNT(*) FROM events GROUP BY source, state, outcome";
    let rows: Vec<(String, String, Option<String>, i64)> = sqlx::query_as(COUNT).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(source, state, outcome, count)| {
            Ok(EventCount {
                source: rows::source(&source)?,
                state: EventState::read(&state)?,
                outcome: outcome.as_deref().map(verdict).transpose()?,
                count: count.unsigned_abs(),
            })
        })
        .collect()
}

fn verdict(text: &str) -> Result<Verdict, Fault> {
    [Verdict::Started, Verdict::Stopped, Verdict::Answered, Verdict::Ignored, Verdict::Refused]
        .into_iter()
        .find(|verdict| verdict.name() == text)
        .ok_or_else(|| unknown("verdict", text))
}

async fn count_by_state<S>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    state: fn(&str) -> Result<S, Fault>,
) -> Result<Vec<(S, u64)>, Fault> {
    let rows: Vec<(String, i64)> = sqlx::query_as(statement).fetch_all(connection).await?;
    rows.into_iter().map(|(text, count)| Ok((state(&text)?, count.unsigned_abs()))).collect()
}

async fn measure_outbox(connection: &mut SqliteConnection) -> Result<Vec<LaneDepth>, Fault> {
    const MEASURE: &str = "SELECT lane, SUM(CASE WHEN state <> 'dead' THEN 1 ELSE 0 END), \
                           SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), \
                           MIN(CASE WHEN state <> 'dead' THEN due_at END) FROM effects GROUP BY lane ORDER BY lane";
    let rows: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(MEASURE).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(lane, depth, dead, oldest_due)| {
            Ok(LaneDepth {
                lane: rows::lane(&lane)?,
                depth: depth.unsigned_abs(),
                dead: dead.unsigned_abs(),
                oldest_due: oldest_due.map(timestamp).transpose()?,
            })
        })
        .collect()
}
