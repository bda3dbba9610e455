//! `/api/v1/sweeps/ID/charts/KIND.svg` and `.png`: pictures of a sweep as it stands. `/charts/ID/KIND.png?key=…` is the same
//! for GitHub's image proxy, which has no token: the key opens that one picture.

use axum::extract::{Path, Query, State as Extract};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::State;
use super::api::{Caller, no_sweep, sweep_id};
use super::problem::Problem;
use crate::charts::{self, Format, Kind, RenderError};
use crate::domain::chart_key::ChartKeys;
use crate::domain::ids::SweepId;
use crate::domain::sweep::{Sweep, SweepState};
use crate::domain::trial::Trial;
use crate::plan::importance;

pub(super) async fn chart(
    Extract(state): Extract<State>,
    _caller: Caller,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let drawn = drawn(&state, &sweep_id(&id)?, &file).await?;
    let caching = if drawn.finished { "private, max-age=3600" } else { "no-store" };
    Ok(drawn.answer(caching))
}

#[derive(Deserialize)]
pub(super) struct Opening {
    #[serde(default)]
    key: String,
}

/// Whoever has no right key learns nothing, not even whether there is such a sweep.
pub(super) async fn chart_by_key(
    Extract(state): Extract<State>,
    Path((id, file)): Path<(String, String)>,
    Query(opening): Query<Opening>,
) -> Result<Response, Problem> {
    let keys = ChartKeys::new(state.store.instance_key().expose_secret());
    let hidden = || Problem::not_found("There is no such chart.".to_owned());
    let id = sweep_id(&id).map_err(|_| hidden())?;
    if !keys.opens(&id, &file, &opening.key) {
        return Err(hidden());
    }
    let drawn = drawn(&state, &id, &file).await?;
    let caching = if drawn.finished { "public, max-age=86400" } else { "no-cache" };
    Ok(drawn.answer(caching))
}

struct Drawn {
    format: Format,
    finished: bool,
    bytes: Vec<u8>,
}

impl Drawn {
    fn answer(self, caching: &'static str) -> Response {
        let headers = [
            (CONTENT_TYPE, self.format.media_type()),
            (CACHE_CONTROL, caching),
            // Opened by itself, a picture is a document: it may do nothing but be seen.
            (CONTENT_SECURITY_POLICY, "default-src 'none'"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, self.bytes).into_response()
    }
}

async fn drawn(state: &State, id: &SweepId, file: &str) -> Result<Drawn, Problem> {
    let (kind, format) = wanted(file)?;
    let stored = state.store.load_sweep(id).await.map_err(Problem::from_store)?.ok_or_else(|| no_sweep(id))?;
    let trials = state.store.load_trials(id).await.map_err(Problem::from_store)?;
    let finished = stored.sweep.state == SweepState::Finished;
    // Thousands of trials take a while to draw.
    let drawing = tokio::task::spawn_blocking(move || draw(kind, format, &stored.sweep, trials));
    match drawing.await {
        Ok(Ok(bytes)) => Ok(Drawn { format, finished, bytes }),
        Ok(Err(error)) => Err(fault(&error)),
        Err(error) => Err(fault(&error)),
    }
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
