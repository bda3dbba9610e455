//! `/api/v1/sweeps/ID/charts/KIND.svg` and `.png`: pictures of a sweep as it stands.

use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};

use super::State;
use super::api::{Caller, no_sweep, sweep_id};
use super::problem::Problem;
use crate::charts::{self, Format, Kind, RenderError};
use crate::domain::sweep::{Sweep, SweepState};
use crate::domain::trial::Trial;
use crate::plan::importance;

pub(super) async fn chart(
    Extract(state): Extract<State>,
    _caller: Caller,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (kind, format) = wanted(&file)?;
    let id = sweep_id(&id)?;
    let stored = state.store.load_sweep(&id).await.map_err(Problem::from_store)?.ok_or_else(|| no_sweep(&id))?;
    let trials = state.store.load_trials(&id).await.map_err(Problem::from_store)?;
    let finished = stored.sweep.state == SweepState::Finished;
    // Thousands of trials take a while to draw.
    let drawing = tokio::task::spawn_blocking(move || draw(kind, format, &stored.sweep, trials));
    let bytes = match drawing.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(fault(&error)),
        Err(error) => return Err(fault(&error)),
    };
    let headers = [
        (CONTENT_TYPE, format.media_type()),
        (CACHE_CONTROL, if finished { "private, max-age=3600" } else { "no-store" }),
        // Opened by itself, a picture is a document: it may do nothing but be seen.
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}

fn wanted(file: &str) -> Result<(Kind, Format), Problem> {
    let parts = file.rsplit_once('.');
    let known = parts.and_then(|(kind, format)| Some((Kind::named(kind)?, Format::named(format)?)));
    known.ok_or_else(|| {
        let kinds = Kind::ALL.map(Kind::name).join(", ");
        Problem::not_found(format!("There is no such chart. There are {kinds}, each as .svg and .png."))
    })
}

fn draw(kind: Kind, format: Format, sweep: &Sweep, trials: Vec<Trial>) -> Result<Vec<u8>, RenderError> {
    let importances = importance::of_trials(sweep, trials.clone());
    let sweep = charts::Sweep {
        name: sweep.id.as_str(),
        objectives: &sweep.tuning.objectives,
        space: &sweep.tuning.space,
        trials: &trials,
        importances: &importances,
    };
    charts::render(&charts::draw(kind, &sweep), format)
}

fn fault(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a chart could not be drawn");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "The chart could not be drawn. The reason is in the log under the request id of this answer.",
    )
}
