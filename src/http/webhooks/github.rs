//! `POST /webhooks/github`.

use axum::Json;
use axum::extract::{FromRequest, Request, State as Extract};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::event::{Event, Source};
use crate::http::body::{self, header};
use crate::http::problem::Problem;
use crate::http::{GITHUB_BODY_BYTES, State};
use crate::ingress::{describe, github};
use crate::store::Accepted;

/// A delivery whose signature is right.
pub(in crate::http) struct Delivery(Event);

impl FromRequest<State> for Delivery {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        read(request, state).await.map(Self).map_err(|problem| state.refuse(Source::Github, problem))
    }
}

async fn read(request: Request, state: &State) -> Result<Event, Problem> {
    let config = state.config();
    let Some(settings) = &config.github else {
        return Err(Problem::not_found("GitHub is not configured here: add `github` with its webhook_secrets."));
    };
    let headers = request.headers().clone();
    let signature = header(&headers, "x-hub-signature-256");
    if signature.is_none() {
        // Up to 25 MB are not worth reading when nothing vouches for them.
        github::verify(&settings.webhook_secrets, None, b"")?;
    }
    let bytes = body::read(request, GITHUB_BODY_BYTES).await?;
    github::verify(&settings.webhook_secrets, signature, &bytes)?;
    let named = github::Headers {
        event: header(&headers, "x-github-event").unwrap_or_default(),
        delivery: header(&headers, "x-github-delivery").unwrap_or_default(),
    };
    Ok(github::parse(named, &bytes, Timestamp::now())?)
}

/// Commits the delivery; 202 when it is new, 200 when it was here before.
pub(in crate::http) async fn receive(
    Extract(state): Extract<State>,
    Delivery(event): Delivery,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let accepted = state.accept(&event).await?;
    let (status, word, id) = match accepted {
        Accepted::New(id) => (StatusCode::ACCEPTED, "accepted", id),
        Accepted::Again { id, .. } => (StatusCode::OK, "repeated", id),
    };
    tracing::info!(event = %id, kind = event.kind.name(), delivery = event.key.delivery, word, "GitHub delivery");
    let answer = json!({"status": word, "event": id, "kind": event.kind.name(), "understood": describe(&event.kind)});
    Ok((status, Json(answer)))
}
