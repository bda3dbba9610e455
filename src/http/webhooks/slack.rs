//! `POST /webhooks/slack/…`: slash commands, interactions and events, verified here and handed to the front desk.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::chat::Reply;
use crate::domain::event::Source;
use crate::http::body::{self, header};
use crate::http::problem::Problem;
use crate::http::{BODY_BYTES, State};
use crate::ingress::slack;
use crate::store::StoreError;

/// A body whose signature is right, and when it was checked.
pub(in crate::http) enum Signed {
    Body(Bytes, Timestamp),
    /// Slack checks the certificate of this address. It starts nothing, so it may come without a signature.
    SslCheck,
}

impl FromRequest<State> for Signed {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        read(request, state).await.map_err(|problem| state.refuse(Source::Slack, problem))
    }
}

async fn read(request: Request, state: &State) -> Result<Signed, Problem> {
    let config = state.config();
    let Some(settings) = &config.slack else {
        return Err(Problem::not_found("Slack is not configured here: add `slack` with its signing_secrets."));
    };
    if settings.signing_secrets.is_empty() {
        return Err(Problem::not_found(
            "Slack comes here by Socket Mode: add slack.signing_secrets to take it by HTTP too.",
        ));
    }
    let headers = request.headers().clone();
    let bytes = body::read(request, BODY_BYTES).await?;
    if slack::is_ssl_check(&bytes) {
        return Ok(Signed::SslCheck);
    }
    let given = slack::Headers {
        timestamp: header(&headers, "x-slack-request-timestamp"),
        signature: header(&headers, "x-slack-signature"),
    };
    let now = Timestamp::now();
    slack::verify(&settings.signing_secrets, given, &bytes, now)?;
    if let Some(number) = header(&headers, "x-slack-retry-num") {
        tracing::info!(number, reason = header(&headers, "x-slack-retry-reason"), "Slack sends a request again");
    }
    Ok(Signed::Body(bytes, now))
}

/// Commits the command, then says what was understood, to the asker only.
pub(in crate::http) async fn command(Extract(state): Extract<State>, signed: Signed) -> Result<Response, Problem> {
    let Signed::Body(bytes, now) = signed else { return Ok(StatusCode::OK.into_response()) };
    let call = slack::parse_command(&bytes, now).map_err(|refusal| state.refuse(Source::Slack, refusal.into()))?;
    answered(state.desk.command(call).await)
}

/// Commits a click or a form, or says what is wrong in the form.
pub(in crate::http) async fn interaction(Extract(state): Extract<State>, signed: Signed) -> Result<Response, Problem> {
    let Signed::Body(bytes, now) = signed else { return Ok(StatusCode::OK.into_response()) };
    let interaction =
        slack::parse_interaction(&bytes, now).map_err(|refusal| state.refuse(Source::Slack, refusal.into()))?;
    answered(state.desk.interaction(interaction).await)
}

/// Answers the check of the address; commits messages for the app.
pub(in crate::http) async fn event(Extract(state): Extract<State>, signed: Signed) -> Result<Response, Problem> {
    let Signed::Body(bytes, now) = signed else { return Ok(StatusCode::OK.into_response()) };
    let request =
        slack::parse_events_request(&bytes, now).map_err(|refusal| state.refuse(Source::Slack, refusal.into()))?;
    answered(state.desk.event(request).await)
}

fn answered(reply: Result<Reply, StoreError>) -> Result<Response, Problem> {
    match reply.map_err(Problem::from_store)? {
        Reply::Nothing => Ok(StatusCode::OK.into_response()),
        Reply::Body(body) => Ok(Json(body).into_response()),
    }
}
