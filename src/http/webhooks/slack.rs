//! `POST /webhooks/slack/…`: slash commands, interactions and events.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use crate::domain::event::{EventKind, SlashCommand, Source};
use crate::http::body::{self, header};
use crate::http::lookup;
use crate::http::problem::Problem;
use crate::http::{BODY_BYTES, State};
use crate::ingress::slack;
use crate::plan::command::{Asker, acknowledge};

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
    let event = slack::parse_command(&bytes, now).map_err(|refusal| state.refuse(Source::Slack, refusal.into()))?;
    let accepted = state.accept(&event).await?;
    tracing::info!(event = ?accepted, kind = event.kind.name(), delivery = event.key.delivery, "slash command");
    let text = match &event.kind {
        EventKind::SlashCommand(command) => answer(&state, command).await,
        _ => "This request names no user or no channel. Nothing was started.".to_owned(),
    };
    Ok(Json(json!({"response_type": "ephemeral", "text": escape(&text)})).into_response())
}

async fn answer(state: &State, command: &SlashCommand) -> String {
    let rules = state.config().rules.clone();
    match lookup::answer(&state.store, &rules, &command.text).await {
        Some(Ok(text)) => text,
        // The command itself is committed; only its answer is missing.
        Some(Err(problem)) => problem.message().to_owned(),
        None => {
            let asker = Asker::Slack { user: &command.user, channel: &command.channel };
            acknowledge(&rules, &command.text, &asker)
        }
    }
}

/// Keeps the interaction. What buttons do is not decided here.
pub(in crate::http) async fn interaction(Extract(state): Extract<State>, signed: Signed) -> Result<Response, Problem> {
    let Signed::Body(bytes, now) = signed else { return Ok(StatusCode::OK.into_response()) };
    let event = slack::parse_interaction(&bytes, now).map_err(|refusal| state.refuse(Source::Slack, refusal.into()))?;
    state.accept(&event).await?;
    // Slack would read a body as a change of the message or the dialogue.
    Ok(StatusCode::OK.into_response())
}

/// Answers the check of the address; keeps everything else.
pub(in crate::http) async fn event(Extract(state): Extract<State>, signed: Signed) -> Result<Response, Problem> {
    let Signed::Body(bytes, now) = signed else { return Ok(StatusCode::OK.into_response()) };
    let request =
        slack::parse_events_request(&bytes, now).map_err(|refusal| state.refuse(Source::Slack, refusal.into()))?;
    match request {
        slack::EventsRequest::Challenge(challenge) => Ok(Json(json!({"challenge": challenge})).into_response()),
        slack::EventsRequest::Event(event) => {
            state.accept(&event).await?;
            Ok(StatusCode::OK.into_response())
        }
    }
}

/// The three characters that have a meaning in Slack's texts: without them nobody is mentioned and nothing is linked.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
