//! Trials of earlier sweeps: which there are for a new one, and what it took of them.
//!
//! What a sweep starts from is copied when it is asked for, in the same transaction: the search goes on from the same
//! whatever happens to the sweeps that it came from.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{decode, encode, name, trial_state};
use super::trials::read_trial;
use crate::domain::earlier::{EarlierSweep, EarlierTrial};
use crate::domain::ids::{Repository, SweepId, TuningName};
use crate::domain::sweep::Sweep;
use crate::domain::trial::Trial;

/// Which finished sweeps a new one may start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierFilter {
    pub tuning: TuningName,
    /// `None`: those that belong to no repository.
    pub repository: Option<Repository>,
    /// Sweeps on one of these branches, not for a pull request.
    pub branches: [String; 2],
    /// Sweeps for this pull request too.
    pub pull_request: Option<u64>,
    pub limit: u32,
}

impl Store {
    /// Finished sweeps that went well, the newest first, with their complete and pruned trials. What was imported and
    /// belongs to no repository is among them, whatever the repository.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn earlier_sweeps(&self, filter: EarlierFilter) -> Result<Vec<EarlierSweep>, StoreError> {
        const LAST: &str = "SELECT number, id, body FROM sweeps WHERE tuning = $1 AND succeeded = 1 \
                            AND CASE WHEN repository IS NULL THEN $2 IS NULL OR outcome = 'imported' \
                            ELSE repository = $2 AND CASE WHEN pull_request IS NULL THEN branch IN ($3, $4) \
                            ELSE pull_request = $5 END END \
                            AND EXISTS (SELECT 1 FROM trials WHERE trials.sweep = sweeps.number \
                            AND trials.state IN ('complete', 'pruned')) \
                            ORDER BY ended_at DESC, number DESC LIMIT $6";
        const TRIALS: &str =
            "SELECT * FROM trials WHERE sweep = $1 AND state IN ('complete', 'pruned') ORDER BY number";
        let EarlierFilter { tuning, repository, branches: [branch, base], pull_request, limit } = filter;
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(LAST)
                    .bind(tuning.to_string())
                    .bind(repository.map(|repository| repository.to_string()))
                    .bind(branch)
                    .bind(base)
                    .bind(pull_request.map(u64::cast_signed))
                    .bind(limit);
                let rows: Vec<(i64, String, String)> = query.fetch_all(&mut *connection).await?;
                let mut sweeps = Vec::with_capacity(rows.len());
                for (number, id, body) in rows {
                    let sweep: Sweep = decode(&format!("sweep {id}"), &body)?;
                    let rows = sqlx::query(TRIALS).bind(number).fetch_all(&mut *connection).await?;
                    let trials = rows.iter().map(read_trial).collect::<Result<_, _>>()?;
                    sweeps.push(EarlierSweep { sweep, trials });
                }
                Ok(sweeps)
            })
        })
        .await
    }

    /// What the sweep starts from, in the order of its history.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn load_earlier(&self, sweep: &SweepId) -> Result<Vec<EarlierTrial>, StoreError> {
        const LOAD: &str = "SELECT earlier_trials.*, sweeps.created_at FROM earlier_trials \
                            JOIN sweeps ON sweeps.number = earlier_trials.sweep \
                            WHERE sweeps.id = $1 ORDER BY earlier_trials.place";
        let sweep = sweep.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let rows = sqlx::query(LOAD).bind(sweep.as_str()).fetch_all(connection).await?;
                rows.iter().map(read_earlier).collect()
            })
        })
        .await
    }
}

/// The trials that one sweep starts from, as columns.
pub(super) struct EarlierImage {
    sweep: SweepId,
    trials: Vec<Image>,
}

struct Image {
    source: String,
    number: u32,
    state: &'static str,
    params: String,
    metrics: String,
    steps: String,
}

impl EarlierImage {
    pub fn of((sweep, trials): &(SweepId, Vec<EarlierTrial>)) -> Result<Self, StoreError> {
        let image = |EarlierTrial { sweep, trial }: &EarlierTrial| -> Result<Image, StoreError> {
            let steps: Vec<(u64, Option<f64>)> =
                trial.steps.iter().map(|(step, value)| (*step, value.is_finite().then_some(*value))).collect();
            Ok(Image {
                source: sweep.to_string(),
                number: trial.number,
                state: trial.state.name(),
                params: encode("parameters", &trial.params)?,
                metrics: encode("metrics", &trial.metrics)?,
                steps: encode("steps", &steps)?,
            })
        };
        Ok(Self { sweep: sweep.clone(), trials: trials.iter().map(image).collect::<Result<_, _>>()? })
    }
}

/// Writes what a sweep starts from; the sweep is there already.
pub(super) async fn insert_earlier(connection: &mut SqliteConnection, image: &EarlierImage) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO earlier_trials (sweep, place, source, number, state, params, metrics, steps) \
                          SELECT number, $2, $3, $4, $5, $6, $7, $8 FROM sweeps WHERE id = $1";
    for (place, trial) in (0_u32..).zip(&image.trials) {
        sqlx::query(INSERT)
            .bind(image.sweep.as_str())
            .bind(place)
            .bind(&trial.source)
            .bind(trial.number)
            .bind(trial.state)
            .bind(&trial.params)
            .bind(&trial.metrics)
            .bind(&trial.steps)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn read_earlier(row: &SqliteRow) -> Result<EarlierTrial, Fault> {
    let number: u32 = row.try_get("number")?;
    let what = |part: &str| format!("{part} of earlier trial {number}");
    let text = |column| row.try_get::<Option<String>, _>(column);
    let steps: Vec<(u64, Option<f64>)> =
        text("steps")?.map_or(Ok(Vec::new()), |text| decode(&what("the steps"), &text))?;
    let at = super::rows::timestamp(row.try_get("created_at")?)?;
    let params = decode(&what("the parameters"), row.try_get("params")?)?;
    let trial = Trial {
        state: trial_state(row.try_get("state")?)?,
        metrics: text("metrics")?.map(|text| decode(&what("the metrics"), &text)).transpose()?.unwrap_or_default(),
        steps: steps.into_iter().map(|(step, value)| (step, value.unwrap_or(f64::NAN))).collect(),
        ..Trial::proposed(number, params, at)
    };
    Ok(EarlierTrial { sweep: name(row.try_get("source")?)?, trial })
}
