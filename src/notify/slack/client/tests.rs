use axum::response::{IntoResponse, Response};
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::super::pace::PaceLimits;
use super::*;
use crate::domain::effect::Notification;
use crate::notify::Supplement;
use crate::notify::fixtures;
use crate::notify::loopback::{Asked, Server, answer, nobody};

const SLOT: &str = "sweep/resnet-k3f9q2/slack/C1";

fn notification(content: Content, thread: Option<&str>) -> Notification {
    let destination = Destination::Slack {
        channel: "C1".to_owned(),
        thread: thread.map(str::to_owned),
        mention: Some("U0MIKA".to_owned()),
    };
    Notification { slot: SLOT.to_owned(), destination, content }
}

fn running() -> Notification {
    notification(Content::Sweep(Box::new(fixtures::running())), None)
}

fn closing() -> Notification {
    notification(Content::Closing(Box::new(fixtures::finished())), Some("100.1"))
}

fn receipt(ts: &str) -> Receipt {
    Receipt::Slack { channel: "C1".to_owned(), ts: ts.to_owned() }
}

fn notifier(api_url: &Url) -> SlackNotifier {
    let settings =
        SlackSettings { api_url: api_url.clone(), bot_token: "xoxb-test".into(), pace: PaceLimits::default() };
    SlackNotifier::new(settings, fixtures::all_links()).unwrap()
}

async fn deliver(
    server: &Server,
    notification: &Notification,
    receipt: Option<&Receipt>,
    perhaps_sent: bool,
) -> Result<Receipt, NotifyError> {
    notifier(&server.url)
        .deliver(Delivery { notification, receipt, perhaps_sent, supplement: Supplement::NOTHING })
        .await
}

fn ok(body: Value) -> Response {
    let mut body = body;
    body["ok"] = json!(true);
    answer(200, &[], body)
}

fn refusal(code: &str) -> Response {
    answer(200, &[], json!({ "ok": false, "error": code }))
}

/// A Slack that takes everything and has the message of our slot in its history, if `found`.
fn friendly(found: Option<&'static str>) -> impl Fn(&Asked) -> Response + Send + Sync {
    move |asked| {
        if asked.path.starts_with("/conversations.") && !asked.path.contains("cursor=next") {
            let foreign =
                json!({ "ts": "9.9", "metadata": { "event_type": "other", "event_payload": { "slot": [1] } } });
            return ok(
                json!({ "messages": [{ "ts": "8.8" }, foreign], "response_metadata": { "next_cursor": "next" } }),
            );
        }
        if asked.path.starts_with("/conversations.") {
            let ours =
                |ts| json!({ "ts": ts, "metadata": { "event_type": EVENT_TYPE, "event_payload": { "slot": SLOT } } });
            return ok(json!({ "messages": found.map(ours).into_iter().collect::<Vec<_>>() }));
        }
        ok(json!({ "channel": "C1", "ts": "200.2" }))
    }
}

#[tokio::test]
async fn a_new_message_is_posted_with_its_slot_and_nothing_is_unfurled() {
    let server = Server::start(friendly(None)).await;
    let taken = deliver(&server, &running(), None, false).await.unwrap();
    assert_eq!(taken, receipt("200.2"));
    let [asked] = server.asked().try_into().unwrap();
    assert!(asked.is("POST", "/chat.postMessage"));
    assert_eq!(asked.authorization, "Bearer xoxb-test");
    assert_eq!(asked.body["channel"], "C1");
    assert_eq!(asked.body["unfurl_links"], false);
    assert_eq!(asked.body["metadata"], json!({ "event_type": "tunebot_message", "event_payload": { "slot": SLOT } }));
    assert_eq!(asked.body["blocks"][0]["type"], "section");
    assert!(asked.body["text"].as_str().unwrap().contains("resnet"));
    assert!(asked.body.get("thread_ts").is_none());
}

#[tokio::test]
async fn a_message_that_was_taken_is_edited() {
    let server = Server::start(friendly(None)).await;
    let taken = deliver(&server, &running(), Some(&receipt("100.1")), false).await.unwrap();
    assert_eq!(taken, receipt("100.1"));
    let [asked] = server.asked().try_into().unwrap();
    assert!(asked.is("POST", "/chat.update"));
    assert_eq!((&asked.body["ts"], &asked.body["channel"]), (&json!("100.1"), &json!("C1")));
}

#[tokio::test]
async fn a_message_that_somebody_deleted_is_posted_anew() {
    for code in ["message_not_found", "cant_update_message", "edit_window_closed"] {
        let kind = friendly(None);
        let server = Server::start(
            move |asked: &Asked| {
                if asked.is("POST", "/chat.update") { refusal(code) } else { kind(asked) }
            },
        )
        .await;
        let taken = deliver(&server, &running(), Some(&receipt("100.1")), false).await.unwrap();
        assert_eq!(taken, receipt("200.2"), "{code}");
        assert_eq!(server.calls().last().unwrap(), "POST /chat.postMessage");
    }
}

#[tokio::test]
async fn a_message_whose_receipt_was_lost_is_found_and_edited() {
    let server = Server::start(friendly(Some("150.5"))).await;
    let taken = deliver(&server, &running(), None, true).await.unwrap();
    assert_eq!(taken, receipt("150.5"));
    assert_eq!(server.calls(), ["GET /conversations.history", "GET /conversations.history", "POST /chat.update"]);
    let first = &server.asked()[0].path;
    for part in ["channel=C1", "include_all_metadata=true", "oldest=1772441490.000000"] {
        assert!(first.contains(part), "{first}");
    }
}

#[tokio::test]
async fn a_message_that_was_never_sent_is_posted_after_the_search() {
    let server = Server::start(friendly(None)).await;
    assert_eq!(deliver(&server, &running(), None, true).await.unwrap(), receipt("200.2"));
    assert_eq!(server.calls().last().unwrap(), "POST /chat.postMessage");
}

#[tokio::test]
async fn the_closing_line_goes_to_the_thread_and_calls_the_asker() {
    let server = Server::start(friendly(None)).await;
    deliver(&server, &closing(), None, false).await.unwrap();
    let [asked] = server.asked().try_into().unwrap();
    assert_eq!(asked.body["thread_ts"], "100.1");
    assert!(asked.body["text"].as_str().unwrap().starts_with("<@U0MIKA> "));
}

#[tokio::test]
async fn the_closing_line_is_neither_edited_nor_repeated() {
    let server = Server::start(friendly(Some("150.5"))).await;
    assert_eq!(deliver(&server, &closing(), Some(&receipt("150.5")), false).await.unwrap(), receipt("150.5"));
    assert!(server.calls().is_empty());
    assert_eq!(deliver(&server, &closing(), None, true).await.unwrap(), receipt("150.5"));
    assert_eq!(server.calls(), ["GET /conversations.replies"; 2]);
    assert!(server.asked()[0].path.contains("ts=100.1"));
}

#[tokio::test]
async fn an_answer_goes_where_it_was_asked() {
    let server = Server::start(friendly(None)).await;
    let content = Content::Answer { text: "Nothing was started: `lr=5` is too large.".to_owned() };
    deliver(&server, &notification(content, Some("100.1")), None, false).await.unwrap();
    let [asked] = server.asked().try_into().unwrap();
    assert_eq!(asked.body["thread_ts"], "100.1");
    assert_eq!(asked.body["blocks"][0]["text"]["text"], "Nothing was started: `lr=5` is too large.");
}

/// What becomes of a new message when Slack answers like this.
async fn outcome(response: impl Fn() -> Response + Send + Sync + 'static) -> String {
    let server = Server::start(move |_: &Asked| response()).await;
    shown(deliver(&server, &running(), None, false).await)
}

fn shown(result: Result<Receipt, NotifyError>) -> String {
    match result {
        Ok(receipt) => format!("{receipt:?}"),
        Err(NotifyError::Transient { message, after }) => format!("again after {after:?}: {message}"),
        Err(NotifyError::NotYet { why, after }) => format!("its turn comes after {after:?}: {why}"),
        Err(NotifyError::Permanent { message }) => format!("never: {message}"),
    }
}

#[tokio::test]
async fn slack_being_unwell_is_waited_out() {
    let limited = || answer(429, &[("retry-after", "7")], json!({ "ok": false, "error": "ratelimited" }));
    let page = || ([("content-type", "text/html")], "<h1>hello</h1>").into_response();
    let broken = || ([("content-type", "application/json")], "{\"ok\":").into_response();
    let all = [
        outcome(limited).await,
        outcome(|| answer(503, &[], json!({}))).await,
        outcome(|| refusal("internal_error")).await,
        outcome(page).await,
        outcome(broken).await,
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    its turn comes after 7s: Slack takes no more chat.postMessage for the moment
    again after None: Slack answered chat.postMessage with HTTP 503 Service Unavailable
    again after None: Slack answered chat.postMessage with internal_error
    again after None: Slack took a message but did not say which one it is
    again after None: Slack's answer to chat.postMessage is not what was expected: EOF while parsing a value at line 1 column 6
    ");
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let scope = || {
        answer(
            200,
            &[],
            json!({ "ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "commands" }),
        )
    };
    let mut all = vec![outcome(scope).await, outcome(|| answer(404, &[], json!({}))).await];
    for code in ["channel_not_found", "not_in_channel", "is_archived", "invalid_auth", "msg_too_long", "some_new_code"]
    {
        all.push(outcome(move || refusal(code)).await);
    }
    insta::assert_snapshot!(all.join("\n"), @r"
    never: Slack refused chat.postMessage to C1 with missing_scope: give the app the scope chat:write and install it again
    never: Slack answered chat.postMessage with HTTP 404 Not Found: check slack.api_url in the configuration
    never: Slack refused chat.postMessage to C1 with channel_not_found: use the channel's id (C…), and invite the bot if the channel is private: /invite @tunebot
    never: Slack refused chat.postMessage to C1 with not_in_channel: invite the bot: /invite @tunebot
    never: Slack refused chat.postMessage to C1 with is_archived: the channel is archived; unarchive it or name another one in the configuration
    never: Slack refused chat.postMessage to C1 with invalid_auth: the bot token is not valid; install the app again and put its bot token (xoxb-…) into the configuration
    never: Slack refused chat.postMessage to C1 with msg_too_long: the message is malformed; this is a bug in tunebot, please report it
    never: Slack refused chat.postMessage to C1 with some_new_code: see the errors of https://api.slack.com/methods/chat.postMessage
    ");
}

#[tokio::test]
async fn a_search_without_its_scope_posts_nothing() {
    let server = Server::start(|_: &Asked| refusal("missing_scope")).await;
    insta::assert_snapshot!(shown(deliver(&server, &running(), None, true).await), @"never: Slack refused conversations.history to C1 with missing_scope: give the app the scope channels:history and, for private channels, groups:history and install it again");
    assert_eq!(server.calls(), ["GET /conversations.history"]);
}

#[tokio::test]
async fn a_slack_that_is_away_or_silent_is_tried_again() {
    let notification = running();
    let delivery = || Delivery {
        notification: &notification,
        receipt: None,
        perhaps_sent: false,
        supplement: Supplement::NOTHING,
    };
    let away = notifier(&nobody()).deliver(delivery()).await;
    assert!(
        matches!(&away, Err(NotifyError::Transient { message, .. }) if message.contains("could not be reached")),
        "{away:?}"
    );

    // Connections are taken by the operating system, but nobody reads them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut notifier = notifier(&format!("http://{}", silent.local_addr().unwrap()).parse().unwrap());
    notifier.api.call_timeout = Duration::from_millis(20);
    let silence = notifier.deliver(delivery()).await;
    assert!(
        matches!(&silence, Err(NotifyError::Transient { message, .. }) if message.contains("did not answer")),
        "{silence:?}"
    );
}
