//! Sweeps that come from a file: written as a whole, finished, with the event that says so.

use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::inbox::{NewEvent, insert_done_event};
use super::rows::{decode, encode, name};
use super::sweeps::{ReportImage, SweepImage, insert_sweep, write_report};
use super::trials::{TrialImage, upsert_trial};
use super::wakes::Wake;
use super::writer::Shape;
use crate::domain::decision::Decision;
use crate::domain::event::Event;
use crate::domain::ids::{EventId, SweepId};
use crate::domain::report::Report;
use crate::domain::sweep::{Origin, Sweep};
use crate::domain::trial::Trial;

/// A finished sweep from elsewhere, and what there is to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub event: Event,
    pub decision: Decision,
    /// Its event is put in once it is known.
    pub sweep: Sweep,
    pub trials: Vec<Trial>,
    pub report: Report,
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    New,
    /// The same content is there already, as this sweep.
    Already(SweepId),
}

impl Store {
    /// Writes all of it or nothing. The same content a second time changes nothing, also after its event is forgotten.
    ///
    /// # Errors
    /// [`StoreError::SweepIdTaken`]: by another sweep; derive another id and call again.
    pub async fn import(&self, import: Import) -> Result<Imported, StoreError> {
        self.write(Shape::Compound, Wake::NOBODY, |connection| Box::pin(write(connection, import))).await
    }
}

async fn write(connection: &mut SqliteConnection, import: Import) -> Result<Imported, Fault> {
    let Import { event, decision, mut sweep, trials, report } = import;
    if let Some(known) = known(connection, &sweep).await? {
        return Ok(Imported::Already(known));
    }
    let event = NewEvent::of(&event)?;
    let decisions = encode("a decision", &[&decision])?;
    let number = insert_done_event(connection, event, decision.verdict, &decisions).await?;
    sweep.event = EventId(number);
    let image = SweepImage::of(&sweep)?;
    insert_sweep(connection, &image).await?;
    let query = sqlx::query_scalar("SELECT number FROM sweeps WHERE id = $1").bind(sweep.id.as_str());
    let number: i64 = query.fetch_one(&mut *connection).await?;
    for trial in &trials {
        upsert_trial(connection, &sweep.id, number, &TrialImage::of(trial)?).await?;
    }
    write_report(connection, number, &ReportImage::of(&report)?).await?;
    Ok(Imported::New)
}

/// The sweep that has the same content, whatever id it was given.
async fn known(connection: &mut SqliteConnection, sweep: &Sweep) -> Result<Option<SweepId>, Fault> {
    const IMPORTS: &str = "SELECT id, body FROM sweeps WHERE tuning = $1 AND outcome = 'imported'";
    let query = sqlx::query_as(IMPORTS).bind(sweep.tuning.name.as_str());
    let rows: Vec<(String, String)> = query.fetch_all(connection).await?;
    for (id, body) in rows {
        let other: Sweep = decode(&format!("sweep {id}"), &body)?;
        let same = match (&other.origin, &sweep.origin) {
            (Origin::Import { content: known, .. }, Origin::Import { content, .. }) => known == content,
            _ => false,
        };
        if same && other.code == sweep.code {
            return name(&id).map(Some);
        }
    }
    Ok(None)
}
