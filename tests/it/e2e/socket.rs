//! Socket Mode: Slack without a way in. The same commands, forms and messages, over connections that tunebot opens.

use serde_json::{Value, json};

use crate::support::config::{ConfigFolder, Tuning};
use crate::support::fault::Fault;
use crate::support::server::Tunebot;
use crate::support::slack::{BOT_USER, FakeSlack, Limits, MIKA, TEAM, TUNING, interactive};

async fn open() -> (FakeSlack, Tunebot) {
    let slack = FakeSlack::start().await;
    slack.set_limits(Limits::NONE);
    let tunebot = Tunebot::start(configured(&slack)).await;
    slack.sockets().wait_until_open(2).await;
    (slack, tunebot)
}

fn configured(slack: &FakeSlack) -> ConfigFolder {
    ConfigFolder::new().sockets(slack).tuning("quadratic", Tuning::quadratic())
}

/// A slash command as it comes over a connection.
fn command(slack: &FakeSlack, text: &str) -> Value {
    let command = slack.command(text);
    json!({"command": "/tune", "text": text, "team_id": TEAM, "channel_id": TUNING, "channel_name": "tuning",
           "user_id": MIKA, "user_name": "mika", "trigger_id": command.trigger_id,
           "response_url": command.response_url, "api_app_id": "A0TUNEBOT1"})
}

fn events(metrics: &str) -> Vec<&str> {
    let is_told = |line: &&str| line.starts_with("tunebot_deliveries_total") && !line.ends_with("} 0");
    let mut lines: Vec<&str> = metrics.lines().filter(is_told).collect();
    // The series of one metric come in no order.
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn commands_forms_and_mentions_come_over_connections_and_are_acknowledged_with_their_answers() {
    let (slack, mut tunebot) = open().await;
    let acknowledged = slack.sockets().send("slash_commands", &command(&slack, "list")).await;
    insta::assert_snapshot!(acknowledged["payload"]["text"].as_str().expect("a text"), @"
    1 tuning:
    ```
    quadratic  6 trials, 2 at a time  Minimises (x - 0.3)².
    ```
    `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    ");

    let acknowledged = slack.sockets().send("slash_commands", &command(&slack, "")).await;
    assert_eq!(acknowledged.get("payload"), None);
    let form = slack.form("Trials").await;
    let wrong = slack.send(&form, &[("x", &["9"])]);
    let acknowledged = slack.sockets().send("interactive", &wrong).await;
    insta::assert_snapshot!(acknowledged["payload"], @r#"{"errors":{"field/x":"x=9 is outside quadratic's range 0..1."},"response_action":"errors"}"#);
    assert!(interactive::render(&form).contains("x: __0..1__"));

    let mention = slack.mention(TUNING, MIKA, None, &format!("<@{BOT_USER}> quadratic trials=3"));
    let acknowledged = slack.sockets().send("events_api", &mention).await;
    assert_eq!(acknowledged.get("payload"), None);
    slack.wait_for_text(TUNING, "3 trials in").await;
    let metrics = tunebot.get("/metrics").await.body;
    assert!(metrics.contains("tunebot_slack_sockets 2\n"), "{metrics}");
    tunebot.stop().await;
    slack.sockets().wait_until_open(0).await;
}

#[tokio::test]
async fn the_same_event_on_two_connections_is_one_event() {
    let (slack, tunebot) = open().await;
    slack.sockets().send_by_all("slash_commands", &command(&slack, "quadratic trials=3")).await;
    slack.wait_for_text(TUNING, "3 trials in").await;
    let metrics = tunebot.get("/metrics").await.body;
    insta::assert_snapshot!(events(&metrics).join("\n"), @r#"
    tunebot_deliveries_total{source="slack",result="new"} 1
    tunebot_deliveries_total{source="slack",result="repeated"} 1
    "#);
    slack.only_message(TUNING);
}

#[tokio::test]
async fn a_connection_is_replaced_before_it_goes_and_a_broken_one_after() {
    let (slack, _tunebot) = open().await;
    slack.sockets().renew_one().await;
    slack.sockets().wait_until_open(2).await;
    slack.sockets().break_all();
    slack.sockets().wait_until_open(2).await;
    slack.sockets().send("slash_commands", &command(&slack, "list")).await;
}

#[tokio::test]
async fn what_comes_while_no_connection_is_there_is_sent_again_and_taken_in_once() {
    let slack = FakeSlack::start().await;
    slack.set_limits(Limits::NONE);
    slack.inject("apps.connections.open", Fault::Status(500));
    let mention = slack.mention(TUNING, MIKA, None, &format!("<@{BOT_USER}> quadratic trials=3"));
    let early = slack.sockets().post("events_api", &mention, 0);
    assert!(early.starts_with("envelope"));
    let _tunebot = Tunebot::start(configured(&slack)).await;
    slack.wait_for_text(TUNING, "3 trials in").await;
    assert_eq!(slack.sockets().times(&mention), 2, "once for nobody, once for us");
}
