use axum::body::Body;
use axum::http::Request;

use super::{Answer, Server, noon};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::EventKind;
use crate::domain::ids::EventId;
use crate::domain::sweep::{Outcome, SweepState};
use crate::store::EventResult;

async fn post(server: &Server, path: &str, token: &str, key: Option<&str>, body: &str) -> Answer {
    let mut request = Request::post(path).header("authorization", format!("Bearer {token}"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    server.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn ask(server: &Server, body: &str) -> Answer {
    post(server, "/api/v1/sweeps", "ci-token", None, body).await
}

#[tokio::test]
async fn a_request_is_committed_and_says_where_its_outcome_will_be() {
    let server = Server::start().await;
    let answer = ask(&server, r#"{"tuning":"resnet","parameters":{"trials":20,"lr":"1e-4..1e-2"}}"#).await;
    insta::assert_snapshot!(answer, @r#"
    202
    {"event":1,"outcome":"/api/v1/events/1","understood":"Starting *resnet*: 20 trials, 8 at a time, TPE. `lr` narrowed to 1e-4..1e-2."}
    "#);
    assert_eq!(answer.headers["location"], "/api/v1/events/1");
    let EventKind::Request(request) = server.event(1).await.event.kind else { panic!() };
    assert_eq!((request.caller.as_str(), request.command.as_str()), ("ci", "resnet lr=1e-4..1e-2 trials=20"));
}

#[tokio::test]
async fn the_same_idempotency_key_of_the_same_caller_is_the_same_request() {
    let server = Server::start().await;
    let body = r#"{"command":"resnet"}"#;
    let first = post(&server, "/api/v1/sweeps", "ci-token", Some("build-7"), body).await;
    let again = post(&server, "/api/v1/sweeps", "ci-token", Some("build-7"), body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(first.headers["location"], again.headers["location"]);
    let other = post(&server, "/api/v1/sweeps", "ops-token", Some("build-7"), body).await;
    assert_eq!(other.status, 202);
    let in_body = ask(&server, r#"{"command":"resnet","idempotency_key":"build-7"}"#).await;
    assert_eq!(in_body.status, 200);
    assert_eq!(server.events().await.len(), 2);
}

#[tokio::test]
async fn calls_without_a_key_are_separate_requests() {
    let server = Server::start().await;
    ask(&server, r#"{"command":"resnet"}"#).await;
    ask(&server, r#"{"command":"resnet"}"#).await;
    assert_eq!(server.events().await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_and_not_kept() {
    let server = Server::start().await;
    insta::assert_snapshot!(ask(&server, r#"{"tuning":"resnt"}"#).await, @r#"
    422
    {"error":{"code":"refused","message":"I don't know a tuning called `resnt`. Did you mean *resnet*? `/tune list` shows the one there is. Nothing was started."}}
    "#);
    insta::assert_snapshot!(ask(&server, r#"{"command":"resnet lr=5"}"#).await, @r#"
    422
    {"error":{"code":"refused","message":"`lr=5` is outside *resnet*'s range 1e-5..0.1. Nothing was started."}}
    "#);
    insta::assert_snapshot!(ask(&server, r#"{"command":"list"}"#).await, @r#"
    422
    {"error":{"code":"refused","message":"Only sweeps are started here. GET /api/v1/sweeps lists them, POST /api/v1/sweeps/ID/stop stops one. Nothing was started."}}
    "#);
    insta::assert_snapshot!(ask(&server, r#"{"command":"#).await, @r#"
    400
    {"error":{"code":"malformed","message":"The body cannot be read: EOF while parsing a value at line 1 column 11. Send JSON like {\"tuning\": \"resnet\", \"parameters\": {\"trials\": 40}} or {\"command\": \"resnet trials=40\"}."}}
    "#);
    let long = format!(r#"{{"command":"{}"}}"#, "x".repeat(1024 * 1024));
    assert_eq!(ask(&server, &long).await.code(), (413, "too_large".into()));
    assert!(server.events().await.is_empty());
}

#[tokio::test]
async fn every_route_wants_a_token() {
    let server = Server::start().await;
    let unsigned = Request::get("/api/v1/sweeps").body(Body::empty()).unwrap();
    insta::assert_snapshot!(server.send(unsigned).await, @r#"
    401
    {"error":{"code":"unsigned","message":"Send the header `Authorization: Bearer TOKEN` with a token of server.api_tokens."}}
    "#);
    insta::assert_snapshot!(post(&server, "/api/v1/sweeps", "guessed", None, "{}").await, @r#"
    401
    {"error":{"code":"wrong_signature","message":"The bearer token is none of server.api_tokens."}}
    "#);
    for path in ["/api/v1/sweeps", "/api/v1/sweeps/resnet-k3f9q2", "/api/v1/events/1"] {
        let request = Request::get(path).header("authorization", "Bearer guessed").body(Body::empty()).unwrap();
        assert_eq!(server.send(request).await.status, 401, "{path}");
    }
    assert_eq!(post(&server, "/api/v1/sweeps/resnet-k3f9q2/stop", "guessed", None, "").await.status, 401);
}

#[tokio::test]
async fn a_sweep_is_shown_with_its_trials() {
    let server = Server::start().await;
    server.running_sweep().await;
    insta::assert_snapshot!(server.get("/api/v1/sweeps/resnet-k3f9q2").await, @r#"
    200
    {"id":"resnet-k3f9q2","tuning":"resnet","state":"running","outcome":null,"event":1,"asked_by":"schedule nightly","overrides":["trials=40"],"seed":7,"code":null,"created_at":"2026-03-01T12:00:00Z","started_at":"2026-03-01T12:00:00Z","ended_at":null,"report":null,"trials":[{"number":0,"attempt":1,"state":"running","params":{"lr":0.01},"metrics":{},"steps":[],"progress":null,"started_at":null,"ended_at":null,"reason":null}]}
    "#);
    insta::assert_snapshot!(server.get("/api/v1/sweeps?tuning=resnet&state=running").await, @r#"
    200
    {"sweeps":[{"best":null,"created_at":"2026-03-01T12:00:00Z","ended_at":null,"id":"resnet-k3f9q2","outcome":null,"state":"running","tuning":"resnet"}]}
    "#);
    assert_eq!(server.get("/api/v1/sweeps?state=finished").await.body, r#"{"sweeps":[]}"#);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let server = Server::start().await;
    insta::assert_snapshot!(server.get("/api/v1/sweeps/resnet-k3f9q2").await, @r#"
    404
    {"error":{"code":"not_found","message":"There is no sweep resnet-k3f9q2. GET /api/v1/sweeps lists the newest."}}
    "#);
    insta::assert_snapshot!(server.get("/api/v1/sweeps/nothing").await, @r#"
    400
    {"error":{"code":"malformed","message":"`nothing` is not a valid sweep id: a sweep is named like resnet-k3f9q2."}}
    "#);
    insta::assert_snapshot!(server.get("/api/v1/sweeps?state=done").await, @r#"
    400
    {"error":{"code":"malformed","message":"Failed to deserialize query string: state: unknown variant `done`, expected one of `queued`, `running`, `stopping`, `finished`. Use ?tuning=NAME&state=queued|running|stopping|finished&limit=1..500."}}
    "#);
    insta::assert_snapshot!(server.get("/api/v1/events/17").await, @r#"
    404
    {"error":{"code":"not_found","message":"There is no event 17. Events that are done are forgotten after store.keep_events."}}
    "#);
    assert_eq!(server.get("/api/v1/events/abc").await.code(), (400, "malformed".into()));
}

#[tokio::test]
async fn a_running_sweep_is_stopped_once() {
    let server = Server::start().await;
    let (mut sweep, trial) = server.running_sweep().await;
    let path = "/api/v1/sweeps/resnet-k3f9q2/stop";
    let first = post(&server, path, "ci-token", None, "").await;
    insta::assert_snapshot!(first, @r#"
    202
    {"event":2,"outcome":"/api/v1/events/2","understood":"Stopping resnet-k3f9q2. Running trials end within seconds; results stay."}
    "#);
    assert_eq!(post(&server, path, "ci-token", None, "").await.status, 200);
    let EventKind::Request(request) = server.event(2).await.event.kind else { panic!() };
    assert_eq!(request.command, "stop resnet-k3f9q2");
    sweep.state = SweepState::Finished;
    sweep.outcome = Some(Outcome::Completed);
    sweep.ended_at = Some(noon());
    server.commit(&sweep, &trial, Vec::new()).await;
    insta::assert_snapshot!(post(&server, path, "ci-token", None, "").await, @r#"
    409
    {"error":{"code":"finished","message":"resnet-k3f9q2 has ended already. There is nothing to stop."}}
    "#);
    assert_eq!(post(&server, "/api/v1/sweeps/resnet-zzzzzz/stop", "ci-token", None, "").await.status, 404);
}

#[tokio::test]
async fn an_event_is_explained() {
    let server = Server::start().await;
    ask(&server, r#"{"command":"resnet","idempotency_key":"k"}"#).await;
    let decision = Decision {
        by: "API (ci)".into(),
        verdict: Verdict::Refused,
        reason: "the engine local is full".into(),
        sweep: None,
    };
    let result = EventResult { decisions: vec![decision], ..EventResult::default() };
    server.state.store.finish_event(EventId(1), result).await.unwrap();
    let mut explained = server.get("/api/v1/events/1").await.json();
    explained["received_at"] = "now".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&explained).unwrap(), @r#"
    {
      "attempts": 0,
      "decisions": [
        {
          "by": "API (ci)",
          "reason": "the engine local is full",
          "sweep": null,
          "verdict": "refused"
        }
      ],
      "delivery": "ci/k",
      "error": null,
      "id": 1,
      "kind": "request",
      "received_at": "now",
      "source": "api",
      "state": "done",
      "understood": "API request of ci: resnet"
    }
    "#);
}
