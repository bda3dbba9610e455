//! `/tune` without words: a form that is a way to write a command.

use super::scene::Scene;
use crate::support::config::Tuning;
use crate::support::slack::{FakeSlack, TUNING, interactive};
use crate::support::slack_client::SlackClient;

/// Mika types `/tune` alone: nothing is said, a form opens.
async fn ask_for_a_form(scene: &Scene) {
    let command = scene.slack.command("");
    let answer = SlackClient::new().send(scene.tunebot.url(), &command).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[tokio::test]
async fn a_form_asks_which_tuning_shows_its_ranges_and_starts_it() {
    let scene =
        Scene::open(|config| config.tuning("quadratic", Tuning::quadratic()).tuning("cubic", Tuning::quadratic()))
            .await;
    ask_for_a_form(&scene).await;
    let chooser = scene.slack.form("Which tuning").await;
    insta::assert_snapshot!(interactive::render(&chooser), @"");
    assert_eq!(scene.interact(&scene.slack.choose(&chooser, "quadratic")).await, "");
    let form = scene.slack.form("Trials").await;
    insta::assert_snapshot!(interactive::render(&form), @"");

    let wrong = scene.interact(&scene.slack.send(&form, &[("trials", &["4"]), ("x", &["0.1..7"])])).await;
    insta::assert_snapshot!(wrong, @"");
    let right = scene.slack.send(&form, &[("trials", &["4"]), ("x", &["0.1..0.6"]), ("seed", &["7"])]);
    assert_eq!(scene.interact(&right).await, "", "the form closes");
    assert_eq!(scene.interact(&right).await, "", "it was told twice");
    insta::assert_snapshot!(scene.whispered("Starting").await, @"");
    insta::assert_snapshot!(scene.closed().await, @"");
}

#[tokio::test]
async fn a_form_that_cannot_be_shown_any_more_is_replaced_by_words() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    let command = scene.slack.command("");
    scene.slack.let_triggers_expire();
    let answer = SlackClient::new().send(scene.tunebot.url(), &command).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert!(scene.whispered("/tune TUNING").await.contains("start a sweep"));
}

#[tokio::test]
async fn the_fake_opens_one_form_for_a_trigger() {
    let slack = FakeSlack::start().await;
    let view = serde_json::json!({"type": "modal", "title": {"type": "plain_text", "text": "x"},
        "close": {"type": "plain_text", "text": "x"},
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "x"}}]});
    let open = async |trigger: &str| -> serde_json::Value {
        let request = crate::support::http_client().post(format!("{}/views.open", slack.api_url()));
        let arguments = serde_json::json!({"trigger_id": trigger, "view": view});
        let request = request.bearer_auth(crate::support::slack::BOT_TOKEN).json(&arguments);
        request.send().await.expect("an answer").json().await.expect("JSON")
    };
    assert_eq!(open("made up").await["error"], "invalid_trigger_id");
    let trigger = slack.command("").trigger_id;
    assert_eq!(open(&trigger).await["ok"], true);
    assert_eq!(open(&trigger).await["error"], "exchanged_trigger_id");
    let old = slack.command("").trigger_id;
    slack.let_triggers_expire();
    assert_eq!(open(&old).await["error"], "expired_trigger_id");
    assert!(slack.messages(TUNING).is_empty());
}
