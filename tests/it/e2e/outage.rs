//! Slack and GitHub fail, and nothing is said twice or not at all.

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};
use crate::support::fault::{Fault, Gate};
use crate::support::github::repo::Pull;
use crate::support::slack::TUNING;

async fn with_quadratic() -> Scene {
    Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await
}

async fn with_held() -> Scene {
    Scene::open(|config| {
        config.tuning("quadratic", Tuning::held()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await
}

/// One message with the summary, one line and one message with pictures in its thread.
async fn assert_said_once(scene: &Scene) {
    scene.outbox_is_empty().await;
    assert_eq!(scene.slack.faults_left(), 0, "every fault has happened");
    let channel = scene.channel(TUNING);
    assert_eq!(channel.matches("@tunebot").count(), 3, "{channel}");
    assert_eq!(channel.matches("6 trials in [time]: 6 done").count(), 1, "{channel}");
    scene.slack.only_message(TUNING);
}

/// One comment with the summary, and one completed check run.
async fn assert_commented_once(scene: &Scene, pull: &Pull<'_>) {
    scene.outbox_is_empty().await;
    assert_eq!(scene.github.faults_left(), 0, "every fault has happened");
    let shown = scene.mask(&pull.render());
    assert_eq!(pull.comments().len(), 1, "{shown}");
    assert!(pull.comments()[0].body().contains("6 done"), "{shown}");
    let runs = pull.repo().checks(&pull.head());
    assert_eq!(runs.iter().map(|run| run.status.as_str()).collect::<Vec<_>>(), ["completed"], "{shown}");
}

#[tokio::test]
async fn slack_asks_to_wait_and_breaks_and_everything_is_said_once() {
    let scene = with_quadratic().await;
    scene.slack.inject("chat.postMessage", Fault::RateLimited { retry_after: 1 });
    scene.slack.inject("chat.postMessage", Fault::Status(500));
    scene.type_command("quadratic").await;
    scene.closed().await;
    assert_said_once(&scene).await;
}

#[tokio::test]
async fn slack_refuses_edits_for_a_while_and_the_last_one_comes_through() {
    let scene = with_held().await;
    scene.type_command("quadratic").await;
    scene.slack.wait_for_text(TUNING, "2 running").await;
    scene.slack.inject("chat.update", Fault::RateLimited { retry_after: 1 });
    scene.slack.inject("chat.update", Fault::Status(503));
    scene.tunebot.config().release_trials();
    scene.closed().await;
    assert_said_once(&scene).await;
}

#[tokio::test]
async fn slack_takes_a_message_and_drops_the_connection_and_it_is_there_once() {
    let scene = with_held().await;
    scene.slack.inject("chat.postMessage", Fault::DropAfter);
    scene.type_command("quadratic").await;
    scene.slack.wait_for_text(TUNING, "2 running").await;
    scene.slack.inject("chat.update", Fault::DropAfter);
    scene.tunebot.config().release_trials();
    scene.closed().await;
    assert_said_once(&scene).await;
}

#[tokio::test]
async fn slack_drops_the_connection_after_the_closing_line_and_it_is_there_once() {
    let scene = with_held().await;
    scene.type_command("quadratic").await;
    scene.slack.wait_for_text(TUNING, "2 running").await;
    scene.slack.inject("chat.postMessage", Fault::DropAfter);
    scene.tunebot.config().release_trials();
    scene.closed().await;
    assert_said_once(&scene).await;
}

#[tokio::test]
async fn slack_is_away_for_the_whole_sweep_and_hears_the_result_once_it_is_back() {
    let scene = with_quadratic().await;
    let away = Gate::default();
    scene.slack.inject("chat.postMessage", Fault::HoldAndDrop(away.clone()));
    scene.type_command("quadratic").await;
    away.reached().await;
    scene
        .tunebot
        .wait_for("the end", "/api/v1/sweeps?state=finished", |answer| {
            answer.json()["sweeps"][0]["id"].as_str().map(drop)
        })
        .await;
    away.open();
    scene.closed().await;
    assert_said_once(&scene).await;
    assert_eq!(scene.slack.only_message(TUNING).editions.len(), 1, "it was the summary from the beginning");
}

#[tokio::test]
async fn github_limits_content_and_breaks_and_everything_is_there_once() {
    let scene = with_held().await;
    scene.github.inject("comments.create", Fault::RateLimited { retry_after: 1 });
    scene.github.inject("comments.create", Fault::Status(502));
    scene.github.inject("checks.create", Fault::Exhausted { reset_after: 1 });
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    scene.deliver(&opened).await;
    pull.wait_for_comment(|comment| comment.body().contains("2 running")).await;
    models.wait_for_check(&pull.head(), |run| run.output.to_string().contains("2 running")).await;
    scene.github.inject("checks.update", Fault::DropBefore);
    scene.tunebot.config().release_trials();
    models.wait_for_check(&pull.head(), |run| run.status == "completed").await;
    assert_commented_once(&scene, &pull).await;
}

#[tokio::test]
async fn github_takes_a_comment_and_a_check_run_and_drops_the_connection_and_they_are_there_once() {
    let scene = with_held().await;
    scene.github.inject("comments.create", Fault::DropAfter);
    scene.github.inject("checks.create", Fault::DropAfter);
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    scene.deliver(&opened).await;
    pull.wait_for_comment(|comment| comment.body().contains("2 running")).await;
    models.wait_for_check(&pull.head(), |run| run.output.to_string().contains("2 running")).await;
    scene.github.inject("comments.update", Fault::DropAfter);
    scene.tunebot.config().release_trials();
    models.wait_for_check(&pull.head(), |run| run.status == "completed").await;
    assert_commented_once(&scene, &pull).await;
}

#[tokio::test]
async fn a_look_up_that_github_fails_is_made_again() {
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::quadratic())
            .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
            .set("/triggers/0/paths", serde_json::json!(["src/**"]))
    })
    .await;
    scene.github.inject("pulls.files", Fault::Status(500));
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    let event = scene.deliver(&opened).await;
    models.wait_for_check(&pull.head(), |run| run.status == "completed").await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    1  [instant]  done  pull request #1 of acme/models opened at e877536
      trigger on-pr: started (quadratic-vt8akv): pull request #1 opened at e877536
    ");
    assert_commented_once(&scene, &pull).await;
}
