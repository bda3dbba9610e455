use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::{Server, github};
use crate::domain::event::EventKind;

const SECRET: &str = "new-secret";

fn push() -> String {
    json!({
        "ref": "refs/heads/main", "after": "3f2a91c0f3b5c7e1d2a4968877665544332211ff",
        "commits": [{"added": ["src/a.py"], "removed": [], "modified": []}],
        "head_commit": {"message": "Train longer"},
        "repository": {"full_name": "octo/vision", "default_branch": "main"}, "sender": {"login": "mika"},
    })
    .to_string()
}

#[tokio::test]
async fn a_signed_push_is_committed_before_it_is_acknowledged() {
    let server = Server::start().await;
    let answer = server.send(github("push", "72d3162e", push(), SECRET)).await;
    insta::assert_snapshot!(answer, @r#"
    202
    {"event":1,"kind":"push","status":"accepted","understood":"push to main of octo/vision (3f2a91c), 1 changed path"}
    "#);
    let stored = server.event(1).await;
    assert!(matches!(stored.event.kind, EventKind::Push(_)));
    assert_eq!(stored.event.key.delivery, "72d3162e");
}

#[tokio::test]
async fn any_of_several_secrets_is_accepted() {
    let server = Server::start().await;
    assert_eq!(server.send(github("push", "a", push(), "old-secret")).await.status, 202);
    assert_eq!(server.send(github("push", "b", push(), "new-secret")).await.status, 202);
}

#[tokio::test]
async fn a_redelivery_is_the_same_event() {
    let server = Server::start().await;
    server.send(github("push", "72d3162e", push(), SECRET)).await;
    let again = server.send(github("push", "72d3162e", push(), SECRET)).await;
    insta::assert_snapshot!(again, @r#"
    200
    {"event":1,"kind":"push","status":"repeated","understood":"push to main of octo/vision (3f2a91c), 1 changed path"}
    "#);
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn what_is_not_signed_by_us_is_refused_and_not_kept() {
    let server = Server::start().await;
    let unsigned = Request::post("/webhooks/github")
        .header("x-github-event", "push")
        .header("x-github-delivery", "a")
        .header("x-hub-signature", "sha1=5d61605c3feea9799210ddcb71307d4ba264225f")
        .body(Body::from(push()))
        .unwrap();
    insta::assert_snapshot!(server.send(unsigned).await, @r#"
    401
    {"error":{"code":"unsigned","message":"The header X-Hub-Signature-256 is missing. Set a secret in the webhook's settings on GitHub, the same as in github.webhook_secrets; a SHA-1 signature alone is not accepted."}}
    "#);
    insta::assert_snapshot!(server.send(github("push", "a", push(), "guessed")).await, @r#"
    401
    {"error":{"code":"wrong_signature","message":"X-Hub-Signature-256 does not match the body under any of github.webhook_secrets. Check that the webhook's secret on GitHub is one of them, and that no proxy changes the body."}}
    "#);
    assert!(server.events().await.is_empty());
}

#[tokio::test]
async fn a_body_that_was_changed_on_its_way_is_refused() {
    let server = Server::start().await;
    let (parts, _) = github("push", "a", push(), SECRET).into_parts();
    let changed = Request::from_parts(parts, Body::from(push().replace("main", "evil")));
    assert_eq!(server.send(changed).await.code(), (401, "wrong_signature".into()));
}

#[tokio::test]
async fn truncated_and_not_json_are_malformed() {
    let server = Server::start().await;
    let truncated = &push()[..100];
    insta::assert_snapshot!(server.send(github("push", "a", truncated, SECRET)).await, @r#"
    400
    {"error":{"code":"malformed","message":"The body is not JSON: EOF while parsing a string at line 1 column 100. Was it cut off on its way? Send it again whole."}}
    "#);
    assert_eq!(server.send(github("push", "b", "hello", SECRET)).await.code(), (400, "malformed".into()));
    assert_eq!(server.send(github("push", "", push(), SECRET)).await.code(), (400, "malformed".into()));
    assert!(server.events().await.is_empty());
}

#[tokio::test]
async fn json_of_another_shape_is_kept_with_the_reason() {
    let server = Server::start().await;
    let answer = server.send(github("push", "a", r#"{"ref":["x"]}"#, SECRET)).await;
    insta::assert_snapshot!(answer, @r#"
    202
    {"event":1,"kind":"not_for_us","status":"accepted","understood":"not for us: push of an unexpected shape: invalid type: sequence, expected a string at line 1 column 7"}
    "#);
    assert!(matches!(server.event(1).await.event.kind, EventKind::NotForUs { .. }));
}

#[tokio::test]
async fn a_body_beyond_25_megabytes_is_refused_by_its_length_and_by_its_bytes() {
    let server = Server::start().await;
    let long = vec![b' '; 25 * 1024 * 1024 + 1];
    insta::assert_snapshot!(server.send(github("push", "a", long.clone(), SECRET)).await, @r#"
    413
    {"error":{"code":"too_large","message":"The body is longer than the 25 MB that this address takes. Nothing was taken in."}}
    "#);
    // Without an announced length, the bytes are counted as they come.
    let (parts, _) = github("push", "a", long.clone(), SECRET).into_parts();
    let stream = Body::from_stream(Body::from(long).into_data_stream());
    assert_eq!(server.send(Request::from_parts(parts, stream)).await.code(), (413, "too_large".into()));
    assert!(server.events().await.is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_asks_the_sender_to_come_again() {
    let server = Server::start().await;
    server.state.store.close().await;
    let answer = server.send(github("push", "a", push(), SECRET)).await;
    assert_eq!(answer.headers["retry-after"], "5");
    insta::assert_snapshot!(answer, @r#"
    503
    {"error":{"code":"unavailable","message":"The store cannot be reached right now. Nothing was changed; send it again in a few seconds."}}
    "#);
}

#[tokio::test]
async fn without_github_in_the_configuration_the_address_says_so() {
    let server = Server::with(|config| config.github = None).await;
    insta::assert_snapshot!(server.send(github("push", "a", push(), SECRET)).await, @r#"
    404
    {"error":{"code":"not_found","message":"GitHub is not configured here: add `github` with its webhook_secrets."}}
    "#);
}
