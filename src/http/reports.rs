//! `POST /api/v1/trials/{attempt}/report`: a running trial tells how far it is and hears whether to go on.

use axum::Json;
use axum::extract::{Path, Request, State as Extract};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::body::{self, header};
use super::problem::Problem;
use super::{BODY_BYTES, State};
use crate::domain::ids::AttemptId;
use crate::domain::metrics::Metrics;
use crate::domain::signal::{AttemptNews, Signal, SignalKind};
use crate::domain::trial::Trial;
use crate::ingress::api::bearer;
use crate::store::SignalId;

/// A report may name no more metrics than this.
const METRICS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    /// Counted from 1.
    step: u64,
    metrics: Metrics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Continue,
    Stop,
}

#[derive(Serialize)]
pub(super) struct Answer {
    decision: Decision,
}

/// Writes the report down, waits a moment until it has been judged, and answers with the judgement. A trial whose report
/// is not judged in time goes on: the next report, or the stop of its process, will tell it.
pub(super) async fn report(
    Extract(state): Extract<State>,
    Path(path): Path<String>,
    request: Request,
) -> Result<Json<Answer>, Problem> {
    let now = Timestamp::now();
    let attempt = authorize(&state, &path, header(request.headers(), AUTHORIZATION.as_str()), now)?;
    let bytes = body::read(request, BODY_BYTES).await?;
    let report = parse(&bytes)?;
    if !is_current(&state, &attempt).await? {
        return Ok(Json(Answer { decision: Decision::Stop }));
    }
    // Subscribed before the report is there, so that its commit cannot be missed.
    let commits = state.store.wakes().committed.subscribe();
    let news = AttemptNews::Reported { step: report.step, metrics: report.metrics };
    let kind = SignalKind::Attempt { attempt: attempt.clone(), news };
    let signal = Signal { sweep: attempt.sweep.clone(), at: now, kind };
    let written = state.store.append_signals(vec![signal]).await.map_err(Problem::from_store)?;
    for id in written {
        let judged = tokio::time::timeout(state.patience.report, folded(&state, id, commits.clone())).await;
        if let Ok(Err(problem)) = judged {
            tracing::warn!(problem = problem.message(), %attempt, "a report is written down but not judged");
        }
    }
    let decision = if is_current(&state, &attempt).await? { Decision::Continue } else { Decision::Stop };
    tracing::debug!(%attempt, step = report.step, ?decision, "trial report");
    Ok(Json(Answer { decision }))
}

/// The attempt that the path names, if the token is good for exactly that one.
fn authorize(state: &State, path: &str, authorization: Option<&str>, now: Timestamp) -> Result<AttemptId, Problem> {
    let unauthorized = |code, text: String| Problem::new(StatusCode::UNAUTHORIZED, code, text);
    let token = bearer(authorization).ok_or_else(|| {
        unauthorized("unsigned", "Send the header `Authorization: Bearer $TUNEBOT_TOKEN`.".to_owned())
    })?;
    let attempt = state.tokens.verify(token, now).map_err(|error| unauthorized("wrong_token", error.to_string()))?;
    if attempt.to_string() != path {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "another_trial",
            format!("This token is good for {attempt} only. Report to TUNEBOT_REPORT_URL, unchanged."),
        ));
    }
    Ok(attempt)
}

fn parse(bytes: &[u8]) -> Result<Report, Problem> {
    const EXAMPLE: &str = r#"{"step": 3, "metrics": {"val_acc": 0.91}}"#;
    let report: Report = serde_json::from_slice(bytes).map_err(|error| {
        Problem::malformed(format!(
            "The report cannot be read: {error}. Send JSON like {EXAMPLE}; JSON has no NaN, so write null for it."
        ))
    })?;
    if report.step == 0 {
        return Err(Problem::malformed("`step` is counted from 1."));
    }
    if report.metrics.0.is_empty() || report.metrics.0.len() > METRICS {
        return Err(Problem::malformed(format!("`metrics` has 1 to {METRICS} values by name, like {EXAMPLE}.")));
    }
    Ok(report)
}

/// Is the attempt the trial's present one, and meant to go on?
async fn is_current(state: &State, attempt: &AttemptId) -> Result<bool, Problem> {
    let trial = state.store.trial(&attempt.sweep, attempt.trial).await.map_err(Problem::from_store)?;
    Ok(trial.is_some_and(|trial: Trial| {
        trial.attempt == attempt.attempt && trial.state.is_open() && trial.stopping.is_none()
    }))
}

/// Returns once the signal has been folded into its sweep.
async fn folded(state: &State, id: SignalId, mut commits: tokio::sync::watch::Receiver<u64>) -> Result<(), Problem> {
    while !state.store.is_folded(id).await.map_err(Problem::from_store)? {
        if commits.changed().await.is_err() {
            // The store is gone: nothing will be folded any more.
            return Ok(());
        }
    }
    Ok(())
}
