use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use std::time::Duration;

use super::{Answer, Server};
use crate::domain::ids::AttemptId;
use crate::domain::signal::{AttemptNews, SignalKind};
use crate::domain::trial::{StopReason, TrialState};
use crate::http::router;
use crate::ingress::TrialTokens;

const ATTEMPT: &str = "resnet-k3f9q2-0-1";
const STEP: &str = r#"{"step":3,"metrics":{"val_acc":0.91}}"#;

fn token(attempt: &str, key: u8, lifetime: SignedDuration) -> String {
    let attempt: AttemptId = attempt.parse().unwrap();
    let token = TrialTokens::new(&[key; 32]).issue(&attempt, Timestamp::now(), lifetime).unwrap();
    token.expose_secret().to_owned()
}

async fn report(server: &Server, attempt: &str, token: &str, body: &str) -> Answer {
    let request = Request::post(format!("/api/v1/trials/{attempt}/report"))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.to_owned()))
        .unwrap();
    server.send(request).await
}

fn good_token() -> String {
    token(ATTEMPT, 7, SignedDuration::from_hours(1))
}

/// A server that gives the verdict on reports no time at all.
async fn hasty_server() -> Server {
    let mut server = Server::start().await;
    server.state.patience.report = Duration::ZERO;
    server.router = router(server.state.clone());
    server
}

#[tokio::test]
async fn a_report_is_written_down_and_the_trial_goes_on_when_nobody_judges_it_in_time() {
    let server = hasty_server().await;
    let (sweep, _) = server.running_sweep().await;
    let answer = report(&server, ATTEMPT, &good_token(), STEP).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"decision":"continue"}"#));
    let signals = server.state.store.signals(&sweep.id).await.unwrap();
    let SignalKind::Attempt { attempt, news: AttemptNews::Reported { step, metrics } } = &signals[0].1.kind else {
        panic!()
    };
    assert_eq!((attempt.to_string().as_str(), *step), (ATTEMPT, 3));
    assert_eq!(metrics.get(&"val_acc".parse().unwrap()), Some(0.91));
}

#[tokio::test]
async fn the_answer_carries_the_verdict_on_this_very_report() {
    for (stopping, expected) in [(None, "continue"), (Some(StopReason::Pruned), "stop")] {
        let server = Server::start().await;
        let (sweep, mut trial) = server.running_sweep().await;
        trial.stopping = stopping;
        let judge = async {
            // The judge comes to it as soon as it is there.
            let signals = loop {
                let signals = server.state.store.signals(&sweep.id).await.unwrap();
                if !signals.is_empty() {
                    break signals;
                }
                tokio::task::yield_now().await;
            };
            server.commit(&sweep, &trial, signals.into_iter().map(|(id, _)| id).collect()).await;
        };
        let token = good_token();
        let (answer, ()) = tokio::join!(report(&server, ATTEMPT, &token, STEP), judge);
        assert_eq!(answer.json()["decision"], expected);
    }
}

#[tokio::test]
async fn a_trial_that_is_over_is_told_to_stop() {
    let server = hasty_server().await;
    let (sweep, mut trial) = server.running_sweep().await;
    let unknown = "resnet-k3f9q2-5-1";
    let unknown = report(&server, unknown, &token(unknown, 7, SignedDuration::from_hours(1)), STEP).await;
    assert_eq!(unknown.json()["decision"], "stop");
    trial.state = TrialState::Failed;
    server.commit(&sweep, &trial, Vec::new()).await;
    assert_eq!(report(&server, ATTEMPT, &good_token(), STEP).await.json()["decision"], "stop");
    trial.state = TrialState::Running;
    trial.attempt = 2;
    server.commit(&sweep, &trial, Vec::new()).await;
    assert_eq!(report(&server, ATTEMPT, &good_token(), STEP).await.json()["decision"], "stop");
    assert!(server.state.store.signals(&sweep.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_the_token_of_this_trial_is_accepted() {
    let server = hasty_server().await;
    let (sweep, _) = server.running_sweep().await;
    let hour = SignedDuration::from_hours(1);
    insta::assert_snapshot!(report(&server, ATTEMPT, &token("resnet-k3f9q2-1-1", 7, hour), STEP).await, @r#"
    403
    {"error":{"code":"another_trial","message":"This token is good for resnet-k3f9q2-1-1 only. Report to TUNEBOT_REPORT_URL, unchanged."}}
    "#);
    insta::assert_snapshot!(report(&server, ATTEMPT, &token(ATTEMPT, 8, hour), STEP).await, @r#"
    401
    {"error":{"code":"wrong_token","message":"The token is not one that this server has given to a trial. Send TUNEBOT_TOKEN unchanged."}}
    "#);
    insta::assert_snapshot!(report(&server, ATTEMPT, &token(ATTEMPT, 7, -hour), STEP).await, @r#"
    401
    {"error":{"code":"wrong_token","message":"The token has expired: the trial has run for longer than its time-out allows."}}
    "#);
    // {"alg":"none","typ":"JWT"} before the right claims, without a signature.
    let claims = good_token().split('.').nth(1).unwrap().to_owned();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    assert_eq!(report(&server, ATTEMPT, &unsigned, STEP).await.code(), (401, "wrong_token".into()));
    let none = Request::post(format!("/api/v1/trials/{ATTEMPT}/report")).body(Body::from(STEP)).unwrap();
    insta::assert_snapshot!(server.send(none).await, @r#"
    401
    {"error":{"code":"unsigned","message":"Send the header `Authorization: Bearer $TUNEBOT_TOKEN`."}}
    "#);
    assert!(server.state.store.signals(&sweep.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_report_that_cannot_be_read_says_what_to_send() {
    let server = hasty_server().await;
    server.running_sweep().await;
    let token = good_token();
    let mut answers = Vec::new();
    for body in [
        r#"{"step":1,"metrics":{"loss":NaN}}"#,
        r#"{"step":0,"metrics":{"loss":1}}"#,
        r#"{"step":-1,"metrics":{"loss":1}}"#,
        r#"{"step":1,"metrics":{}}"#,
        r#"{"step":1,"metrics":{"a b":1}}"#,
        r#"{"step":1,"metric":{"loss":1}}"#,
    ] {
        answers.push(report(&server, ATTEMPT, &token, body).await.to_string());
    }
    insta::assert_snapshot!(answers.join("\n"), @r#"
    400
    {"error":{"code":"malformed","message":"The report cannot be read: expected value at line 1 column 29. Send JSON like {\"step\": 3, \"metrics\": {\"val_acc\": 0.91}}; JSON has no NaN, so write null for it."}}
    400
    {"error":{"code":"malformed","message":"`step` is counted from 1."}}
    400
    {"error":{"code":"malformed","message":"The report cannot be read: invalid value: integer `-1`, expected u64 at line 1 column 10. Send JSON like {\"step\": 3, \"metrics\": {\"val_acc\": 0.91}}; JSON has no NaN, so write null for it."}}
    400
    {"error":{"code":"malformed","message":"`metrics` has 1 to 100 values by name, like {\"step\": 3, \"metrics\": {\"val_acc\": 0.91}}."}}
    400
    {"error":{"code":"malformed","message":"The report cannot be read: `a b` is not a valid metric name: use 1 to 60 of letters, digits, _ . and -, beginning with a letter at line 1 column 26. Send JSON like {\"step\": 3, \"metrics\": {\"val_acc\": 0.91}}; JSON has no NaN, so write null for it."}}
    400
    {"error":{"code":"malformed","message":"The report cannot be read: unknown field `metric`, expected `step` or `metrics` at line 1 column 18. Send JSON like {\"step\": 3, \"metrics\": {\"val_acc\": 0.91}}; JSON has no NaN, so write null for it."}}
    "#);
    let null = report(&server, ATTEMPT, &token, r#"{"step":1,"metrics":{"loss":null}}"#).await;
    assert_eq!(null.status, 200);
}

#[tokio::test]
async fn a_store_that_is_away_asks_the_trial_to_come_again() {
    let server = hasty_server().await;
    server.running_sweep().await;
    server.state.store.close().await;
    assert_eq!(report(&server, ATTEMPT, &good_token(), STEP).await.code(), (503, "unavailable".into()));
}
