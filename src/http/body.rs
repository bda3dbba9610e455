//! The raw bytes of a request, up to a limit. Signatures are checked on these.

use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;

use super::problem::Problem;

/// Reads the body whole.
///
/// # Errors
/// 413 when it is longer than `limit` bytes, 400 when it ends before its announced length.
pub(super) async fn read(mut request: Request, limit: usize) -> Result<Bytes, Problem> {
    // What announces that it is too long is not kept.
    if request.body().size_hint().lower() > limit as u64 {
        discard(request, 4 * limit).await;
        return Err(too_large(limit));
    }
    DefaultBodyLimit::max(limit).apply(&mut request);
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(limit),
        _ => Problem::malformed("The body ended before its announced length. Send it again whole."),
    })
}

/// How long is waited for somebody who goes on writing what is not wanted.
const DISCARD: Duration = Duration::from_secs(1);

/// Reads up to `most` bytes and keeps none: who still writes would not see the answer, but a broken connection.
async fn discard(request: Request, most: usize) {
    let mut stream = request.into_body().into_data_stream();
    let reading = async {
        let mut read = 0;
        while read < most
            && let Some(Ok(bytes)) = stream.next().await
        {
            read += bytes.len();
        }
    };
    // Who announces and sends nothing is not waited for any longer.
    let _ = tokio::time::timeout(DISCARD, reading).await;
}

/// The value of a header, if it is there once and is plain text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn too_large(limit: usize) -> Problem {
    let mebibytes = limit / (1024 * 1024);
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("The body is longer than the {mebibytes} MB that this address takes. Nothing was taken in."),
    )
}
