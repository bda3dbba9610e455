//! Connections that break, and calls that are held.

use serde_json::json;

use crate::support::fault::Fault;
use crate::support::http_client;
use crate::support::slack::{BOT_TOKEN, FakeSlack, TUNING};

async fn send(slack: &FakeSlack, text: &str) -> Result<reqwest::StatusCode, reqwest::Error> {
    let request = http_client().post(format!("{}/chat.postMessage", slack.api_url())).bearer_auth(BOT_TOKEN);
    request.json(&json!({"channel": TUNING, "text": text})).send().await.map(|response| response.status())
}

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_effect() {
    let slack = FakeSlack::start().await;
    slack.inject("chat.postMessage", Fault::DropBefore);
    assert!(send(&slack, "lost").await.is_err());
    assert!(slack.messages(TUNING).is_empty());
    slack.inject("chat.postMessage", Fault::DropAfter);
    assert!(send(&slack, "posted").await.is_err());
    assert_eq!(slack.only_message(TUNING).now().text, "posted");
    assert!(send(&slack, "another").await.is_ok(), "the next connection is whole");
}

#[tokio::test]
async fn a_held_call_waits_at_its_gate() {
    let slack = FakeSlack::start().await;
    let before = slack.hold_before("chat.postMessage");
    let after = slack.hold_after("chat.postMessage");
    let test = async {
        before.reached().await;
        assert!(slack.messages(TUNING).is_empty(), "held before its effect");
        before.open();
        after.reached().await;
        assert_eq!(slack.messages(TUNING).len(), 2, "held after its effect");
        after.open();
    };
    let calls = async { (send(&slack, "first").await, send(&slack, "second").await) };
    let ((), (first, second)) = tokio::join!(test, calls);
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn waiting_for_a_state_ends_with_its_change() {
    let slack = FakeSlack::start().await;
    let waiting = slack.wait_for_text(TUNING, "here");
    let (message, sent) = tokio::join!(waiting, send(&slack, "here I am"));
    assert!(sent.is_ok());
    assert_eq!(message.now().text, "here I am");
}
