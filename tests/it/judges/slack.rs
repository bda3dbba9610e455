//! Every message and every form, by the models of Slack's own Python SDK.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{judged, slacks_own};
use crate::e2e::scene::Scene;
use crate::support::config::Tuning;
use crate::support::slack::{BOT_USER, MIKA, NOOR, TUNING};
use crate::support::slack_client::SlackClient;

/// As long as a name of a tuning gets.
const LONG: &str = "image-classifier-on-all-pictures-we-have";

fn lines(calls: &[(String, Value)]) -> String {
    let line =
        |(method, arguments): &(String, Value)| format!("{}\n", json!({"method": method, "arguments": arguments}));
    calls.iter().map(line).collect()
}

/// With more parameters than anybody wants to read, of all kinds, and names as long as they get.
fn wide() -> Tuning {
    let mut space = json!({"x": {"type": "float", "low": 0.0, "high": 1.0}});
    for number in 0..40 {
        let name = format!("p{number:0>58}");
        space[name] = match number % 3 {
            0 => json!({"type": "float", "low": 1e-6, "high": 0.1, "log": true}),
            1 => json!({"type": "int", "low": 1, "high": 512}),
            _ => json!({"type": "categorical", "choices": ["<adam> & *eve*".repeat(7), "sgd", true, 0.5]}),
        };
    }
    Tuning::quadratic().set("/space", space).set("/description", "One & <all> of *them*. ".repeat(9))
}

async fn open() -> Scene {
    Scene::open(|config| {
        config
            .tuning(LONG, wide())
            .tuning("failing", Tuning::failing().set("/limits/failed_trials", 2))
            .tuning("held", Tuning::held())
            .tuning("asks", Tuning::quadratic().set("/confirm", json!("always")))
    })
    .await
}

/// Sweeps that end well, by failures and by a button, with details.
async fn run_sweeps(scene: &Scene) {
    scene.type_command(LONG).await;
    scene.closings(TUNING, 1).await;
    scene.type_command("failing").await;
    scene.closings(TUNING, 2).await;
    scene.type_command("held").await;
    let message = scene.slack.wait_for_text(TUNING, "2 running").await;
    let place = (TUNING, message.ts.as_str());
    scene.interact(&scene.slack.click(place, "Details", NOOR)).await;
    scene.interact(&scene.slack.click(place, "Stop", NOOR)).await;
    scene.closings(TUNING, 3).await;
}

/// Previews answered by their buttons, the form of the widest tuning, and questions in threads.
async fn talk(scene: &Scene) {
    for label in ["Cancel", "Start"] {
        scene.type_command(&format!("asks trials={}", label.len())).await;
        let message = scene.slack.wait_for_text(TUNING, "Start *asks*?").await;
        scene.interact(&scene.slack.click((TUNING, message.ts.as_str()), label, NOOR)).await;
        scene.slack.wait_for_text(TUNING, if label == "Start" { "was started" } else { "was cancelled" }).await;
    }
    scene.closings(TUNING, 4).await;
    let answer = SlackClient::new().send(scene.tunebot.url(), &scene.slack.command("")).await;
    assert_eq!(answer.status, 200);
    let chooser = scene.slack.form("Which tuning").await;
    scene.interact(&scene.slack.choose(&chooser, LONG)).await;
    scene.slack.form("Trials").await;
    for (question, part) in [("help", "start a sweep"), ("list", "4 tunings"), ("best quadratc", "know a tuning")] {
        let asked = format!("<@{BOT_USER}> {question}");
        scene.tell(&scene.slack.mention(TUNING, MIKA, None, &asked)).await;
        scene.slack.wait_for_text(TUNING, part).await;
    }
    scene.outbox_is_empty().await;
}

#[tokio::test]
async fn slacks_own_models_find_no_fault_in_what_is_sent() {
    let Some(judge) = slacks_own() else { return };
    let scene = open().await;
    run_sweeps(&scene).await;
    talk(&scene).await;
    let sent = scene.slack.sent();
    let methods: BTreeSet<&str> = sent.iter().map(|(method, _)| method.as_str()).collect();
    for method in ["chat.postMessage", "chat.update", "views.open", "views.update", "files.completeUploadExternal"] {
        assert!(methods.contains(method), "{method} is not among {methods:?}");
    }
    let faults = judged(judge, &lines(&sent));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn posted(blocks: &Value) -> (String, Value) {
    ("chat.postMessage".to_owned(), json!({"channel": TUNING, "text": "A sweep", "blocks": blocks}))
}

fn button(label: &str) -> Value {
    json!({"type": "button", "action_id": "command/stop", "text": {"type": "plain_text", "text": label}})
}

#[test]
fn the_judge_finds_what_slack_does_not_take() {
    let Some(judge) = slacks_own() else { return };
    let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "fine"}});
    let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "A title beyond its limit."},
                      "blocks": [section]});
    let calls = [
        posted(&json!([section, {"type": "actions", "elements": [button("Stop")]}])),
        posted(&json!(vec![&section; 51])),
        posted(&json!([{"type": "actions", "elements": [button(&"S".repeat(76))]}])),
        posted(&json!([{"type": "actions", "elements": [button("Stop"), button("Stop")]}])),
        posted(&json!([{"type": "section"}])),
        posted(&json!([{"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(3001)}}])),
        posted(&json!([{"type": "heading", "text": {"type": "plain_text", "text": "no such block"}}])),
        posted(&json!([{"type": "section", "text": {"type": "mrkdwn", "text": "fine"}, "colour": "red"}])),
        ("chat.update".to_owned(), json!({"text": "", "blocks": [section]})),
        ("views.open".to_owned(), json!({"view": view})),
    ];
    insta::assert_snapshot!(judged(judge, &lines(&calls)).join("\n"), @r#"
    2 chat.postMessage blocks: 51 blocks, and Slack takes 50
    3 chat.postMessage blocks[0]: text attribute cannot exceed 75 characters
    4 chat.postMessage blocks[0]: two elements are called command/stop
    5 chat.postMessage blocks[0]: text or fields attribute must be specified
    6 chat.postMessage blocks[0]: text attribute cannot exceed 3000 characters
    7 chat.postMessage blocks[0]: the SDK does not know a heading
    8 chat.postMessage blocks[0].colour: the SDK does not know it, or it is empty: "red"
    9 chat.update text: notifications and screen readers have nothing to say
    10 views.open view: title must be between 1 and 24 characters
    "#);
}
