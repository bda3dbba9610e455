//! Signals: what happened to a sweep, kept until a commit of the sweep has folded it in.

use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{decode, encode, name};
use super::wakes::Wake;
use super::writer::Shape;
use crate::domain::ids::SweepId;
use crate::domain::signal::Signal;

/// The row number of a signal; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub i64);

impl Store {
    /// Writes signals down, all of them or none; the ids come in the same order. A signal for a sweep that has finished,
    /// or is not in the store, has nothing to be folded into: it is dropped and counts as folded.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn append_signals(&self, signals: Vec<Signal>) -> Result<Vec<SignalId>, StoreError> {
        let signals = signals.iter().map(EncodedSignal::of).collect::<Result<Vec<_>, _>>()?;
        self.write(Shape::Compound, Wake::SIGNALS, move |connection| {
            Box::pin(async move {
                let mut ids = Vec::with_capacity(signals.len());
                for signal in &signals {
                    ids.push(insert_signal(connection, signal).await?);
                }
                Ok(ids)
            })
        })
        .await
    }

    /// The signals of a sweep that are not folded in, in the order of their arrival.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn signals(&self, sweep: &SweepId) -> Result<Vec<(SignalId, Signal)>, StoreError> {
        const LOAD: &str = "SELECT signals.id, signals.body FROM signals JOIN sweeps ON sweeps.number = signals.sweep \
                            WHERE sweeps.id = $1 ORDER BY signals.id";
        let sweep = sweep.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(LOAD).bind(sweep.as_str());
                let rows: Vec<(i64, String)> = query.fetch_all(connection).await?;
                rows.iter()
                    .map(|(id, body)| Ok((SignalId(*id), decode(&format!("signal {id} of sweep {sweep}"), body)?)))
                    .collect()
            })
        })
        .await
    }

    /// Those that have waited longest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn sweeps_with_signals(&self) -> Result<Vec<SweepId>, StoreError> {
        const WAITING: &str = "SELECT sweeps.id FROM sweeps JOIN (SELECT sweep, MIN(id) AS oldest FROM signals \
                               GROUP BY sweep) AS waiting ON waiting.sweep = sweeps.number ORDER BY waiting.oldest";
        self.read(|connection| {
            Box::pin(async move {
                let rows: Vec<(String,)> = sqlx::query_as(WAITING).fetch_all(connection).await?;
                rows.iter().map(|(id,)| name(id)).collect()
            })
        })
        .await
    }

    /// Has a commit of its sweep taken the signal into account?
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_folded(&self, signal: SignalId) -> Result<bool, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("SELECT id FROM signals WHERE id = $1").bind(signal.0);
                Ok(query.fetch_optional(connection).await?.is_none())
            })
        })
        .await
    }
}

pub(super) struct EncodedSignal {
    sweep: SweepId,
    body: String,
}

impl EncodedSignal {
    pub fn of(signal: &Signal) -> Result<Self, StoreError> {
        Ok(Self { sweep: signal.sweep.clone(), body: encode("a signal", signal)? })
    }
}

pub(super) async fn insert_signal(
    connection: &mut SqliteConnection,
    signal: &EncodedSignal,
) -> Result<SignalId, Fault> {
    const INSERT: &str = "INSERT INTO signals (sweep, body) SELECT number, $2 FROM sweeps \
                          WHERE id = $1 AND state <> 'finished' RETURNING id";
    let query = sqlx::query_scalar(INSERT).bind(signal.sweep.as_str()).bind(&signal.body);
    Ok(SignalId(query.fetch_optional(connection).await?.unwrap_or(0)))
}

/// Drops what came too late for the last commit of a sweep.
pub(super) async fn drop_signals(connection: &mut SqliteConnection, sweep: i64) -> Result<(), Fault> {
    sqlx::query("DELETE FROM signals WHERE sweep = $1").bind(sweep).execute(connection).await?;
    Ok(())
}
