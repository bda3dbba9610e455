//! The pictures of a sweep that has ended, drawn from its trials in the store.

use tokio::task;
use tracing::error;

use crate::charts::{self, Format, Kind};
use crate::domain::report::Report;
use crate::domain::sweep::Sweep;
use crate::domain::trial::Trial;
use crate::notify::Picture;
use crate::store::{Store, StoreError};

/// What there is to see of the sweep; nothing if its trials were forgotten or gave no value.
pub(super) async fn draw(store: &Store, report: &Report) -> Result<Vec<Picture>, StoreError> {
    let Some(stored) = store.load_sweep(&report.sweep).await? else {
        return Ok(Vec::new());
    };
    let trials = store.load_trials(&report.sweep).await?;
    let report = report.clone();
    // Thousands of trials take a while to draw.
    let drawing = task::spawn_blocking(move || pictures(&stored.sweep, &trials, &report));
    Ok(drawing.await.unwrap_or_else(|error| {
        error!(%error, "the charts of a sweep could not be drawn");
        Vec::new()
    }))
}

fn pictures(sweep: &Sweep, trials: &[Trial], report: &Report) -> Vec<Picture> {
    let drawn = charts::draw_for_phone(&charts::Sweep {
        name: sweep.id.as_str(),
        objectives: &sweep.tuning.objectives,
        space: &sweep.tuning.space,
        trials,
        importances: &report.importances,
    });
    let picture = |(kind, drawn): (Kind, charts::Picture)| match charts::render(&drawn, Format::Png) {
        Ok(bytes) => Some(Picture {
            file_name: format!("{}-{}.png", sweep.id, kind.name()),
            title: title(kind).to_owned(),
            description: drawn.title().to_owned(),
            bytes,
        }),
        Err(error) => {
            error!(sweep = %sweep.id, %error, "a chart could not be drawn");
            None
        }
    };
    drawn.into_iter().filter_map(picture).collect()
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Importance => "What mattered",
        _ => "Optimisation history",
    }
}
