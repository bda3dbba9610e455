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
    insta::assert_snapshot!(interactive::render(&chooser), @"
    # Start a sweep
    Which tuning should run? <cubic: Minimises (x - 0.3)². | quadratic: Minimises (x - 0.3)².>
    [Cancel]
    ");
    assert_eq!(scene.interact(&scene.slack.choose(&chooser, "quadratic")).await, "");
    let form = scene.slack.form("Trials").await;
    insta::assert_snapshot!(interactive::render(&form), @"
    # Start a sweep
    (quadratic: Minimises (x - 0.3)². What is left empty stays as configured.)
    Trials: __6__
    At a time: __2__
    Time limit of a trial: __5m__  (Like 30m or 1h30m.)
    Time limit of the sweep: __none__  (Like 6h.)
    Sampler: __random search__ <automatic search | TPE | independent TPE | grouped TPE | Gaussian process | CMA-ES | NSGA-II | NSGA-III | Sobol sequence | random search | grid search>
    Seed: __7__
    x: __0..1__  (One value, or a part of the range like a..b.)
    [Cancel] [Start]
    ");

    let wrong = scene.interact(&scene.slack.send(&form, &[("trials", &["4"]), ("x", &["0.1..7"])])).await;
    insta::assert_snapshot!(wrong, @r#"{"errors":{"field/x":"x=0.1..7 is outside quadratic's range 0..1."},"response_action":"errors"}"#);
    let right = scene.slack.send(&form, &[("trials", &["4"]), ("x", &["0.1..0.6"]), ("seed", &["7"])]);
    assert_eq!(scene.interact(&right).await, "", "the form closes");
    assert_eq!(scene.interact(&right).await, "", "it was told twice");
    insta::assert_snapshot!(scene.whispered("Starting").await, @"Starting *quadratic*: 4 trials, 2 at a time, random search, seed 7. `x` narrowed to 0.1..0.6.");
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.009857*
    | ```
    | x  0.20072
    | ```
    | 4 trials in [time]: 4 done
    | (`quadratic-h74tp7` for @mika · 2 at a time, random search, seed 7 · `x` narrowed to 0.1..0.6)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009857*
        @tunebot
        | How `quadratic-h74tp7` came to its best.
        | (picture quadratic-h74tp7-history.png, Optimisation history: quadratic-h74tp7: best loss 0.009857 (trial 1))
    @tunebot (only @mika sees it)
    | Starting *quadratic*: 4 trials, 2 at a time, random search, seed 7. `x` narrowed to 0.1..0.6.
    ");
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
