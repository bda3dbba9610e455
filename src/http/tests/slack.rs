use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use super::{Answer, Server, slack};
use crate::domain::event::EventKind;

const COMMANDS: &str = "/webhooks/slack/commands";
const SECRET: &str = "new-signing";

fn form(text: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("team_id", "T1"), ("channel_id", "C1"), ("user_id", "U1"), ("user_name", "mika")])
        .extend_pairs([("command", "/tune"), ("trigger_id", "13.37"), ("text", text)])
        .finish()
}

async fn tune(server: &Server, text: &str) -> Answer {
    server.send(slack(COMMANDS, &form(text), SECRET, 0)).await
}

/// The text that the asker sees.
fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer}");
    let json = answer.json();
    assert_eq!(json["response_type"], "ephemeral");
    json["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_command_is_committed_and_answered_with_what_was_understood() {
    let server = Server::start().await;
    let answer = tune(&server, "resnet trials=20 lr=1e-4..1e-2").await;
    insta::assert_snapshot!(text(&answer), @"Starting *resnet*: 20 trials, 8 at a time, TPE. `lr` narrowed to 1e-4..1e-2.");
    let EventKind::SlashCommand(command) = server.event(1).await.event.kind else { panic!() };
    assert_eq!(command.text, "resnet trials=20 lr=1e-4..1e-2");
}

#[tokio::test]
async fn what_is_wrong_with_a_command_is_said_at_once() {
    let server = Server::start().await;
    insta::assert_snapshot!(text(&tune(&server, "resnt").await), @"I don't know a tuning called `resnt`. Did you mean *resnet*? `/tune list` shows the one there is. Nothing was started.");
    insta::assert_snapshot!(text(&tune(&server, "resnet lr=5").await), @"`lr=5` is outside *resnet*'s range 1e-5..0.1. Nothing was started.");
    insta::assert_snapshot!(text(&tune(&server, "resnet <!channel>").await), @"`!channel` is not a `key=value` word. Nothing was started.");
}

#[tokio::test]
async fn questions_are_answered_from_the_store() {
    let server = Server::start().await;
    insta::assert_snapshot!(text(&tune(&server, "list").await), @"
    1 tuning:
    ```
    resnet  40 trials, 8 at a time  Image classifier
    ```
    `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    ");
    insta::assert_snapshot!(text(&tune(&server, "status").await), @"Nothing is running. `/tune list` shows what could.");
    insta::assert_snapshot!(text(&tune(&server, "best resnet").await), @"No sweep of *resnet* has a result yet. `/tune resnet` starts one.");
    insta::assert_snapshot!(text(&tune(&server, "best resnet-zzzzzz").await), @"There is no sweep `resnet-zzzzzz`. `/tune status` shows those that run.");
    insta::assert_snapshot!(text(&tune(&server, "compare resnet-zzzzzz resnet-yyyyyy").await), @"There is no sweep `resnet-zzzzzz`. `/tune status` shows those that run.");
    server.running_sweep().await;
    insta::assert_snapshot!(text(&tune(&server, "status resnet-k3f9q2").await), @"`resnet-k3f9q2` was written down a moment ago and has nothing to show yet.");
}

#[tokio::test]
async fn a_retry_of_slack_is_the_same_event_and_gets_the_same_answer() {
    let server = Server::start().await;
    let first = tune(&server, "resnet").await;
    let mut retry = slack(COMMANDS, &form("resnet"), SECRET, 3);
    retry.headers_mut().insert("x-slack-retry-num", 1.into());
    let second = server.send(retry).await;
    assert_eq!(text(&first), text(&second));
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn unsigned_wrongly_signed_and_old_requests_are_refused() {
    let server = Server::start().await;
    let unsigned = Request::post(COMMANDS).body(Body::from(form("resnet"))).unwrap();
    insta::assert_snapshot!(server.send(unsigned).await, @r#"
    401
    {"error":{"code":"unsigned","message":"The headers X-Slack-Request-Timestamp and X-Slack-Signature are missing: only Slack may call this address."}}
    "#);
    insta::assert_snapshot!(server.send(slack(COMMANDS, &form("resnet"), "guessed", 0)).await, @r#"
    401
    {"error":{"code":"wrong_signature","message":"X-Slack-Signature does not match the request under any of slack.signing_secrets. Copy the signing secret from the app's Basic Information page."}}
    "#);
    insta::assert_snapshot!(server.send(slack(COMMANDS, &form("resnet"), SECRET, 400)).await, @r#"
    401
    {"error":{"code":"stale","message":"The request was signed more than 5 minutes from now. If Slack sent it just now, the clock of this machine is wrong."}}
    "#);
    assert_eq!(server.send(slack(COMMANDS, &form("resnet"), SECRET, -400)).await.code(), (401, "stale".into()));
    assert_eq!(server.send(slack(COMMANDS, &form("resnet"), "old-signing", 200)).await.status, 200);
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn a_body_beyond_a_megabyte_or_without_fields_is_refused() {
    let server = Server::start().await;
    let long = form(&"x".repeat(1024 * 1024));
    insta::assert_snapshot!(server.send(slack(COMMANDS, &long, SECRET, 0)).await, @r#"
    413
    {"error":{"code":"too_large","message":"The body is longer than the 1 MB that this address takes. Nothing was taken in."}}
    "#);
    insta::assert_snapshot!(server.send(slack(COMMANDS, "hello", SECRET, 0)).await, @r#"
    400
    {"error":{"code":"malformed","message":"The body is not a form: Slack sends slash commands as application/x-www-form-urlencoded."}}
    "#);
    let nobody = server.send(slack(COMMANDS, "text=resnet", SECRET, 0)).await;
    insta::assert_snapshot!(text(&nobody), @"This request names no user or no channel. Nothing was started.");
}

#[tokio::test]
async fn a_check_of_the_certificate_starts_nothing() {
    let server = Server::start().await;
    let check = Request::post(COMMANDS).body(Body::from("ssl_check=1&token=x")).unwrap();
    let answer = server.send(check).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert!(server.events().await.is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_is_not_acknowledged() {
    let server = Server::start().await;
    server.state.store.close().await;
    assert_eq!(tune(&server, "resnet").await.code(), (503, "unavailable".into()));
}

#[tokio::test]
async fn a_message_and_a_click_are_commands_and_are_acknowledged_without_a_word() {
    let server = Server::start().await;
    let mention = r#"{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"app_mention","channel":"C1",
        "user":"U1","ts":"100.1","text":"<@UBOT> resnet trials=2"}}"#;
    let click = r#"{"type":"block_actions","team":{"id":"T1"},"user":{"id":"U1","username":"mika"},"channel":{"id":"C1"},
        "actions":[{"action_id":"command/rerun","action_ts":"1.2","value":"rerun resnet-k3f9q2"}]}"#;
    let click = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", click).finish();
    for (path, body) in [("events", mention), ("events", mention), ("interactions", &click), ("interactions", &click)] {
        let answer = server.send(slack(&format!("/webhooks/slack/{path}"), body, SECRET, 0)).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    }
    let mut kept: Vec<_> =
        server.events().await.into_iter().map(|record| crate::ingress::describe(&record.event.kind)).collect();
    kept.sort();
    assert_eq!(kept, ["/tune rerun resnet-k3f9q2", "/tune resnet trials=2"]);
}

#[tokio::test]
async fn what_programs_write_is_acknowledged_and_not_kept() {
    let server = Server::start().await;
    let own = r#"{"type":"event_callback","event":{"type":"message","channel_type":"im","channel":"D1","bot_id":"B1",
        "ts":"100.1","text":"resnet"}}"#;
    let answer = server.send(slack("/webhooks/slack/events", own, SECRET, 0)).await;
    assert_eq!((answer.status.as_u16(), server.events().await.len()), (200, 0));
}

#[tokio::test]
async fn without_signing_secrets_slack_comes_by_socket_mode() {
    let server = Server::with(|config| config.slack.as_mut().unwrap().signing_secrets.clear()).await;
    insta::assert_snapshot!(tune(&server, "resnet").await, @r#"
    404
    {"error":{"code":"not_found","message":"Slack comes here by Socket Mode: add slack.signing_secrets to take it by HTTP too."}}
    "#);
}

#[tokio::test]
async fn events_and_interactions_are_kept_for_explanation() {
    let server = Server::start().await;
    let mention = r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"app_home_opened","text":"hi"}}"#;
    let click = "payload=%7B%22type%22%3A%22block_actions%22%2C%22trigger_id%22%3A%221.2%22%7D";
    for (path, body) in [("events", mention), ("events", mention), ("interactions", click)] {
        let answer = server.send(slack(&format!("/webhooks/slack/{path}"), body, SECRET, 0)).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    }
    let kept: Vec<_> = server.events().await.into_iter().map(|record| record.event.kind).collect();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|kind| matches!(kind, EventKind::NotForUs { .. })));
}

#[tokio::test]
async fn the_address_check_is_answered_only_when_signed() {
    let server = Server::start().await;
    let body = r#"{"type":"url_verification","challenge":"3eZbrw1a"}"#;
    let answer = server.send(slack("/webhooks/slack/events", body, SECRET, 0)).await;
    assert_eq!(answer.json()["challenge"], Value::from("3eZbrw1a"));
    assert_eq!(server.send(slack("/webhooks/slack/events", body, "guessed", 0)).await.status, 401);
    assert!(server.events().await.is_empty());
}
