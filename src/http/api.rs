//! `/api/v1/sweeps` and `/api/v1/events`, for programs with a bearer token.

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, Request, State as Extract};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::body::{self, header};
use super::problem::Problem;
use super::views::{EventView, SweepDetail, SweepSummary};
use super::{BODY_BYTES, State};
use crate::domain::event::{Event, EventKind, Source};
use crate::domain::ids::{EventId, SweepId, TuningName};
use crate::domain::rules::Rules;
use crate::domain::sweep::SweepState;
use crate::ingress::api;
use crate::plan::command::{self, Asker, Command};
use crate::store::{Accepted, SweepFilter};

const DEFAULT_LIMIT: u32 = 50;
const MAXIMAL_LIMIT: u32 = 500;

/// The name of the API token that a request carries.
pub(super) struct Caller(String);

impl FromRequestParts<State> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let config = state.config();
        let tokens = config.server.api_tokens.iter().map(|token| (token.name.as_str(), &token.secret));
        let caller = api::authenticate(tokens, header(&parts.headers, AUTHORIZATION.as_str()));
        caller.map(Self).map_err(|refusal| state.refuse(Source::Api, refusal.into()))
    }
}

/// Asks for a sweep. 202 with the event; 200 with the same event when the idempotency key was used before; 422 when the
/// command would be refused, and then nothing is kept.
pub(super) async fn start(
    Extract(state): Extract<State>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, Problem> {
    let key = header(request.headers(), "idempotency-key").map(str::to_owned);
    let bytes = body::read(request, BODY_BYTES).await.map_err(|problem| state.refuse(Source::Api, problem))?;
    let event = api::parse_request(&caller, key.as_deref(), &bytes, Timestamp::now())
        .map_err(|refusal| state.refuse(Source::Api, refusal.into()))?;
    let understood = check(&state.config().rules, &event)?;
    acknowledge(&state, &event, &understood).await
}

/// What the command would start.
fn check(rules: &Rules, event: &Event) -> Result<String, Problem> {
    let refused = |text: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", text);
    let EventKind::Request(request) = &event.kind else {
        return Err(refused("This is not a request for a sweep. Nothing was started.".to_owned()));
    };
    let asker = Asker::Api { caller: &request.caller };
    match command::parse(&request.command).map_err(|error| refused(error.0))? {
        Command::Start { tuning, words } => {
            let order = command::resolve(rules, &tuning, &words).map_err(|error| refused(error.0))?;
            command::permitted(rules, &order.tuning, &asker).map_err(|error| refused(error.0))?;
            Ok(command::acknowledge(rules, &request.command, &asker))
        }
        Command::Rerun { .. } => Ok(command::acknowledge(rules, &request.command, &asker)),
        _ => Err(refused(
            "Only sweeps are started here. GET /api/v1/sweeps lists them, POST /api/v1/sweeps/ID/stop stops one. Nothing \
             was started."
                .to_owned(),
        )),
    }
}

async fn acknowledge(state: &State, event: &Event, understood: &str) -> Result<Response, Problem> {
    let (status, id) = match state.accept(event).await? {
        Accepted::New(id) => (StatusCode::ACCEPTED, id),
        Accepted::Again { id, .. } => (StatusCode::OK, id),
    };
    tracing::info!(event = %id, delivery = event.key.delivery, new = status == StatusCode::ACCEPTED, "API request");
    let location = format!("/api/v1/events/{id}");
    let answer = json!({"event": id, "understood": understood, "outcome": location});
    Ok((status, [(LOCATION, location)], Json(answer)).into_response())
}

#[derive(Deserialize)]
pub(super) struct Filter {
    tuning: Option<TuningName>,
    state: Option<SweepState>,
    limit: Option<u32>,
}

/// The newest sweeps first.
pub(super) async fn list(
    Extract(state): Extract<State>,
    _caller: Caller,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<serde_json::Value>, Problem> {
    let Query(filter) = filter.map_err(|rejection| {
        Problem::malformed(format!(
            "{}. Use ?tuning=NAME&state=queued|running|stopping|finished&limit=1..{MAXIMAL_LIMIT}.",
            rejection.body_text()
        ))
    })?;
    let limit = filter.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAXIMAL_LIMIT);
    let filter = SweepFilter { tuning: filter.tuning, state: filter.state, limit };
    let rows = state.store.list_sweeps(filter).await.map_err(Problem::from_store)?;
    let sweeps: Vec<SweepSummary> = rows.into_iter().map(SweepSummary::from).collect();
    Ok(Json(json!({"sweeps": sweeps})))
}

/// One sweep with its report and its trials.
pub(super) async fn sweep(
    Extract(state): Extract<State>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SweepDetail>, Problem> {
    let id = sweep_id(&id)?;
    let stored = state.store.load_sweep(&id).await.map_err(Problem::from_store)?.ok_or_else(|| no_sweep(&id))?;
    let trials = state.store.load_trials(&id).await.map_err(Problem::from_store)?;
    Ok(Json(SweepDetail::new(stored, trials)))
}

/// Asks for the end of a sweep. Its results stay.
pub(super) async fn stop(
    Extract(state): Extract<State>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = sweep_id(&id)?;
    let stored = state.store.load_sweep(&id).await.map_err(Problem::from_store)?.ok_or_else(|| no_sweep(&id))?;
    if stored.sweep.state == SweepState::Finished {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "finished",
            format!("{id} has ended already. There is nothing to stop."),
        ));
    }
    let event = api::stop_request(&caller, &id, Timestamp::now());
    acknowledge(&state, &event, &format!("Stopping {id}. Running trials end within seconds; results stay.")).await
}

/// Why an event did or did not start something.
pub(super) async fn event(
    Extract(state): Extract<State>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EventView>, Problem> {
    let number = id.parse().map_err(|_| Problem::malformed("Events are numbered: GET /api/v1/events/17."))?;
    let record = state.store.event(EventId(number)).await.map_err(Problem::from_store)?;
    record.map(|record| Json(EventView::from(record))).ok_or_else(|| {
        Problem::not_found(format!(
            "There is no event {number}. Events that are done are forgotten after store.keep_events."
        ))
    })
}

pub(super) fn sweep_id(text: &str) -> Result<SweepId, Problem> {
    text.parse().map_err(|error| Problem::malformed(format!("{error}.")))
}

pub(super) fn no_sweep(id: &SweepId) -> Problem {
    Problem::not_found(format!("There is no sweep {id}. GET /api/v1/sweeps lists the newest."))
}
