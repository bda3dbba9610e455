//! The fake Slack.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fault::{Fault, Rate};
use crate::support::http_client;
use crate::support::slack::{BOT_TOKEN, FakeSlack, Limits, MIKA, NOOR, RANDOM, SECRET, TUNING};
use crate::support::slack_client::signature;

/// The parsed answer to a POST of JSON with the bot's token.
async fn call(slack: &FakeSlack, method: &str, arguments: Value) -> Value {
    call_as(slack, Some(BOT_TOKEN), method, arguments).await
}

async fn call_as(slack: &FakeSlack, token: Option<&str>, method: &str, arguments: Value) -> Value {
    let mut request = http_client().post(format!("{}/{method}", slack.api_url())).json(&arguments);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200, "Slack says its errors with status 200");
    response.json().await.expect("JSON")
}

async fn post(slack: &FakeSlack, arguments: Value) -> Value {
    call(slack, "chat.postMessage", arguments).await
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

#[tokio::test]
async fn a_call_without_the_right_token_or_scope_is_refused() {
    let slack = FakeSlack::start().await;
    assert_eq!(call_as(&slack, None, "auth.test", json!({})).await["error"], "not_authed");
    assert_eq!(call_as(&slack, Some("xoxb-wrong"), "auth.test", json!({})).await["error"], "invalid_auth");
    assert_eq!(call(&slack, "auth.test", json!({})).await["ok"], true);

    slack.revoke_scope("chat:write");
    let refused = post(&slack, json!({"channel": TUNING, "text": "hello"})).await;
    assert_eq!((&refused["error"], &refused["needed"]), (&json!("missing_scope"), &json!("chat:write")));

    slack.revoke_token();
    assert_eq!(call(&slack, "auth.test", json!({})).await["error"], "invalid_auth");
}

#[tokio::test]
async fn a_message_goes_only_where_the_bot_is() {
    let slack = FakeSlack::start().await;
    let stranger = post(&slack, json!({"channel": RANDOM, "text": "hello"})).await;
    assert_eq!(stranger["ok"], true, "with chat:write.public to every public channel: {stranger}");
    slack.revoke_scope("chat:write.public");
    slack.archive("C0NIGHTLY1");
    let refusals = [
        ("C0NOWHERE1", "channel_not_found"),
        (RANDOM, "not_in_channel"),
        (SECRET, "channel_not_found"),
        ("C0NIGHTLY1", "is_archived"),
    ];
    for (channel, error) in refusals {
        assert_eq!(post(&slack, json!({"channel": channel, "text": "hello"})).await["error"], error, "{channel}");
    }
    assert_eq!(post(&slack, json!({"channel": TUNING, "text": "hello"})).await["ok"], true);
    assert_eq!(slack.only_message(TUNING).now().text, "hello");
}

#[tokio::test]
async fn blocks_that_break_a_rule_are_refused_with_the_place() {
    let slack = FakeSlack::start().await;
    let long = "x".repeat(3_001);
    let button = |text: &str| json!({"type": "button", "text": {"type": "plain_text", "text": text}});
    let header = |kind: &str, text: &str| json!({"type": "header", "text": {"type": kind, "text": text}});
    let cases = [
        (json!(vec![section("x"); 51]), "no more than 50 items allowed [json-pointer:/blocks]"),
        (json!([section(&long)]), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (json!([section("")]), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (
            json!([header("plain_text", &long[..151])]),
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (json!([header("mrkdwn", "x")]), "must be one of plain_text [json-pointer:/blocks/0/text/type]"),
        (
            json!([{"type": "actions", "elements": [button(&long[..76])]}]),
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            json!([{"type": "actions", "elements": []}]),
            "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (json!([{"type": "marquee"}]), "unsupported type: marquee [json-pointer:/blocks/0]"),
        (
            json!([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]),
            "`block_id` already exists [json-pointer:/blocks/1]",
        ),
    ];
    for (blocks, breach) in cases {
        let refused = post(&slack, json!({"channel": TUNING, "text": "x", "blocks": blocks})).await;
        assert_eq!((&refused["error"], &refused["errors"][0]), (&json!("invalid_blocks"), &json!(breach)));
    }
    let many = vec![section(&"x".repeat(3_000)); 5];
    assert_eq!(post(&slack, json!({"channel": TUNING, "blocks": many})).await["error"], "msg_blocks_too_long");
    assert!(slack.messages(TUNING).is_empty());
}

#[tokio::test]
async fn text_is_needed_and_has_an_end() {
    let slack = FakeSlack::start().await;
    assert_eq!(post(&slack, json!({"channel": TUNING})).await["error"], "no_text");
    let long = "x".repeat(40_001);
    assert_eq!(post(&slack, json!({"channel": TUNING, "text": long})).await["error"], "msg_too_long");
    let ts = post(&slack, json!({"channel": TUNING, "text": "x"})).await["ts"].clone();
    let update = json!({"channel": TUNING, "ts": ts, "text": long[..4_001]});
    assert_eq!(call(&slack, "chat.update", update).await["error"], "msg_too_long");
}

#[tokio::test]
async fn only_its_own_messages_can_be_edited() {
    let slack = FakeSlack::start().await;
    let theirs = slack.say(TUNING, MIKA, None, "mine");
    let edit = |ts: &str| json!({"channel": TUNING, "ts": ts, "text": "changed"});
    assert_eq!(call(&slack, "chat.update", edit(&theirs)).await["error"], "cant_update_message");
    assert_eq!(call(&slack, "chat.update", edit("1.000001")).await["error"], "message_not_found");

    let posted = post(&slack, json!({"channel": TUNING, "text": "first"})).await;
    let ts = posted["ts"].as_str().expect("a ts");
    let edited = call(&slack, "chat.update", edit(ts)).await;
    assert_eq!((&edited["ok"], &edited["ts"]), (&json!(true), &posted["ts"]));
    let texts: Vec<_> = slack.only_message(TUNING).editions.iter().map(|edition| edition.text.clone()).collect();
    assert_eq!(texts, ["first", "changed"]);

    slack.delete(TUNING, ts);
    assert_eq!(call(&slack, "chat.update", edit(ts)).await["error"], "message_not_found");
}

#[tokio::test]
async fn a_reply_needs_its_thread() {
    let slack = FakeSlack::start().await;
    let reply = |thread: &str| json!({"channel": TUNING, "text": "reply", "thread_ts": thread});
    assert_eq!(post(&slack, reply("1.000001")).await["error"], "thread_not_found");
    let parent = slack.say(TUNING, MIKA, None, "a question");
    let first = post(&slack, reply(&parent)).await["ts"].clone();
    let nested = post(&slack, reply(first.as_str().expect("a ts"))).await;
    assert_eq!(nested["error"], "cannot_reply_to_message");

    let thread = call(&slack, "conversations.replies", json!({"channel": TUNING, "ts": parent})).await;
    let texts: Vec<&Value> = thread["messages"].as_array().expect("messages").iter().map(|m| &m["text"]).collect();
    assert_eq!(texts, ["a question", "reply"]);
    let history = call(&slack, "conversations.history", json!({"channel": TUNING})).await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(1), "replies are not in the history");
}

#[tokio::test]
async fn a_message_is_found_again_by_its_metadata() {
    let slack = FakeSlack::start().await;
    let metadata = |key: &str| json!({"event_type": "tunebot_message", "event_payload": {"key": key}});
    for key in ["a", "b", "c"] {
        let message = json!({"channel": TUNING, "text": key, "metadata": metadata(key)});
        assert_eq!(post(&slack, message).await["ok"], true);
    }
    let ts = slack.messages(TUNING)[1].ts.clone();
    call(&slack, "chat.update", json!({"channel": TUNING, "ts": ts, "text": "edited"})).await;

    // By GET, page by page, as a client looks for it.
    let page = async |cursor: &str| -> Value {
        let query = [("channel", TUNING), ("limit", "2"), ("include_all_metadata", "true"), ("cursor", cursor)];
        let request = http_client().get(format!("{}/conversations.history", slack.api_url())).query(&query);
        request.bearer_auth(BOT_TOKEN).send().await.expect("an answer").json().await.expect("JSON")
    };
    let first = page("").await;
    assert_eq!(first["messages"][0]["metadata"]["event_payload"]["key"], "c", "newest first");
    assert_eq!(first["messages"][1]["metadata"]["event_payload"]["key"], "b", "an edit keeps the metadata");
    assert_eq!((&first["messages"][1]["ts"], &first["has_more"]), (&json!(ts), &json!(true)));
    let second = page(first["response_metadata"]["next_cursor"].as_str().expect("a cursor")).await;
    assert_eq!(second["messages"][0]["metadata"]["event_payload"]["key"], "a");
    assert_eq!(second["has_more"], false);

    let plain = call(&slack, "conversations.history", json!({"channel": TUNING, "oldest": ts})).await;
    assert_eq!(plain["messages"].as_array().map(Vec::len), Some(1), "what is newer than the second");
    assert_eq!(plain["messages"][0]["metadata"], Value::Null, "metadata is there only when asked for");
}

#[tokio::test]
async fn metadata_of_another_shape_is_refused() {
    let slack = FakeSlack::start().await;
    let cases = [
        (json!("x"), "invalid_metadata_format"),
        (json!({"event_type": "a b", "event_payload": {}}), "invalid_metadata_format"),
        (json!({"event_type": "a"}), "invalid_metadata_format"),
        (json!({"event_type": "a", "event_payload": {"key": null}}), "invalid_metadata_schema"),
        (json!({"event_type": "a", "event_payload": {"key": "x".repeat(9_000)}}), "metadata_too_large"),
    ];
    for (metadata, error) in cases {
        let refused = post(&slack, json!({"channel": TUNING, "text": "x", "metadata": metadata})).await;
        assert_eq!(refused["error"], error, "{metadata}");
    }
}

#[tokio::test]
async fn a_form_is_as_good_as_json_and_other_bodies_are_refused() {
    let slack = FakeSlack::start().await;
    let url = format!("{}/chat.postMessage", slack.api_url());
    let request = http_client().post(&url).bearer_auth(BOT_TOKEN);
    let blocks = json!([section("from a form")]).to_string();
    let form = [("channel", TUNING), ("blocks", &blocks), ("text", "fallback")];
    let answer: Value = request.form(&form).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["message"]["blocks"][0]["text"]["text"], "from a form");

    for (kind, body, error) in [
        ("application/json", "{", "invalid_json"),
        ("application/json", "[]", "json_not_object"),
        ("text/plain", "hello", "invalid_post_type"),
        ("application/x-www-form-urlencoded", "channel=C0TUNING01&blocks=%5B", "invalid_blocks_format"),
    ] {
        let request = http_client().post(&url).bearer_auth(BOT_TOKEN).header("content-type", kind).body(body);
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["error"], error, "{body}");
    }
}

#[tokio::test]
async fn too_many_messages_in_one_channel_are_put_off() {
    let slack = FakeSlack::start().await;
    slack.set_limits(Limits { posts: Rate { burst: 2, per_minute: 1 }, ..Limits::NONE });
    let send = async |channel: &str| {
        let request = http_client().post(format!("{}/chat.postMessage", slack.api_url())).bearer_auth(BOT_TOKEN);
        request.json(&json!({"channel": channel, "text": "x"})).send().await.expect("an answer")
    };
    assert_eq!(
        (send(TUNING).await.status(), send(TUNING).await.status()),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    let put_off = send(TUNING).await;
    assert_eq!(put_off.status(), 429);
    let wait: u64 = put_off.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(send("C0NIGHTLY1").await.status(), 200, "the limit is each channel's own");
    assert_eq!(slack.messages(TUNING).len(), 2);
}

#[tokio::test]
async fn a_channel_reads_as_it_does_on_the_screen() {
    let slack = FakeSlack::start().await;
    let blocks = json!([
        section("*resnet* is done, <@U0MIKA0001>: a &lt; b &amp; c <https://grafana.example/d/x|Grafana>"),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "40 trials"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Stop"}}]},
    ]);
    let posted = post(&slack, json!({"channel": TUNING, "text": "fallback", "blocks": blocks})).await;
    let ts = posted["ts"].as_str().expect("a ts");
    slack.say(TUNING, NOOR, None, "Nice!");
    slack.say(TUNING, MIKA, Some(ts), "Thank you.");
    call(&slack, "chat.update", json!({"channel": TUNING, "ts": ts, "text": "fallback", "blocks": blocks})).await;
    call(&slack, "chat.postEphemeral", json!({"channel": TUNING, "user": NOOR, "text": "Psst."})).await;
    insta::assert_snapshot!(slack.render(TUNING), @r"
    #tuning
    @tunebot (edited)
    | *resnet* is done, @mika: a < b & c Grafana (https://grafana.example/d/x)
    | (40 trials)
    | [Stop]
        @mika
        | Thank you.
    @noor
    | Nice!
    @tunebot (only @noor sees it)
    | Psst.
    ");
}

#[tokio::test]
async fn slacks_own_example_of_a_signature_is_met() {
    // From Slack's page on verifying requests.
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signed = signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body);
    assert_eq!(signed, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
}

#[tokio::test]
async fn injected_failures_come_in_order_and_once() {
    let slack = FakeSlack::start().await;
    slack.inject("chat.postMessage", Fault::Status(500));
    slack.inject("chat.postMessage", Fault::RateLimited { retry_after: 3 });
    slack.inject("auth.test", Fault::Delay(Duration::from_millis(1)));
    let send = async || {
        let request = http_client().post(format!("{}/chat.postMessage", slack.api_url())).bearer_auth(BOT_TOKEN);
        request.json(&json!({"channel": TUNING, "text": "x"})).send().await.expect("an answer")
    };
    assert_eq!(send().await.status(), 500);
    let limited = send().await;
    assert_eq!((limited.status().as_u16(), &limited.headers()["retry-after"]), (429, &"3".parse().expect("a value")));
    assert_eq!(send().await.status(), 200);
    assert_eq!((slack.faults_left(), slack.calls("chat.postMessage"), slack.messages(TUNING).len()), (1, 3, 1));
}

#[tokio::test]
async fn the_client_that_tunebot_uses_understands_the_answers() {
    use slack_morphism::prelude::*;

    let slack = FakeSlack::start().await;
    let http = hyper_util::client::legacy::connect::HttpConnector::new();
    let connector = SlackClientHyperConnector::with_connector(http).with_slack_api_url(&slack.api_url());
    let client = SlackClient::new(connector);
    let token = SlackApiToken::new(BOT_TOKEN.into());
    let session = client.open_session(&token);
    session.auth_test().await.expect("the token is right");

    let payload = std::collections::HashMap::from([("key".to_owned(), "k".to_owned())]);
    let metadata = SlackMessageMetadata::new("tunebot_message".to_owned()).with_event_payload(payload);
    let content = SlackMessageContent::new().with_text("first".to_owned()).with_metadata(metadata);
    let request = SlackApiChatPostMessageRequest::new(TUNING.into(), content);
    let posted = session.chat_post_message(&request).await.expect("posted");
    let content = SlackMessageContent::new().with_text("second".to_owned());
    let request = SlackApiChatUpdateRequest::new(TUNING.into(), content, posted.ts.clone());
    session.chat_update(&request).await.expect("edited");
    let request =
        SlackApiConversationsHistoryRequest::new().with_channel(TUNING.into()).with_include_all_metadata(true);
    let history = session.conversations_history(&request).await.expect("history");
    assert_eq!(
        (&history.messages[0].origin.ts, history.messages[0].content.text.as_deref()),
        (&posted.ts, Some("second"))
    );

    let content = SlackMessageContent::new().with_text("x".to_owned());
    slack.revoke_scope("chat:write.public");
    let request = SlackApiChatPostMessageRequest::new(RANDOM.into(), content);
    let refused = session.chat_post_message(&request).await.expect_err("the bot is not there");
    assert!(refused.to_string().contains("not_in_channel"), "{refused}");
}
