//! tunebot is killed or stopped in the middle, and goes on where it was.

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};
use crate::support::fault::Gate;
use crate::support::slack::TUNING;

async fn with_held() -> Scene {
    Scene::open(|config| {
        config.tuning("quadratic", Tuning::held()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await
}

/// Kills tunebot while an answer is on its way to it, and starts it again.
async fn kill_at(scene: &mut Scene, gate: &Gate) {
    gate.reached().await;
    scene.tunebot.kill().await;
    gate.open();
    scene.tunebot.start_again().await;
}

#[tokio::test]
async fn killed_between_sending_a_message_and_noting_it_slack_has_it_once() {
    let mut scene = with_held().await;
    let gate = scene.slack.hold_after("chat.postMessage");
    scene.type_command("quadratic").await;
    kill_at(&mut scene, &gate).await;
    scene.tunebot.config().release_trials();
    scene.closed().await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.009715*
    | ```
    | x  0.20143
    | ```
    | 6 trials in [time]: 6 done
    | (`quadratic-uatv9w` for @mika · 2 at a time, random search, seed 7)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009715*
        @tunebot
        | How `quadratic-uatv9w` came to its best.
        | (picture quadratic-uatv9w-history.png, Optimisation history: quadratic-uatv9w: best loss 0.009715 (trial 1))
    ");
}

#[tokio::test]
async fn killed_between_sending_the_closing_line_and_noting_it_slack_has_it_once() {
    let mut scene = with_held().await;
    scene.type_command("quadratic").await;
    scene.slack.wait_for_text(TUNING, "2 running").await;
    let gate = scene.slack.hold_after("chat.postMessage");
    scene.tunebot.config().release_trials();
    kill_at(&mut scene, &gate).await;
    scene.outbox_is_empty().await;
    let channel = scene.closed().await;
    assert_eq!(channel.matches("@tunebot").count(), 3, "the message, its closing line, its charts: {channel}");
}

#[tokio::test]
async fn killed_between_writing_a_comment_and_noting_it_the_pull_request_has_it_once() {
    killed_on_pull_request("comments.create").await;
}

#[tokio::test]
async fn killed_between_making_a_check_run_and_noting_it_the_commit_has_it_once() {
    killed_on_pull_request("checks.create").await;
}

async fn killed_on_pull_request(operation: &str) {
    let mut scene = with_held().await;
    let gate = scene.github.hold_after(operation);
    let (pull, opened) = scene.github.repository(MODELS).open_pull_request("faster", "Train faster");
    let (number, head) = (pull.number, pull.head());
    scene.deliver(&opened).await;
    kill_at(&mut scene, &gate).await;
    scene.tunebot.config().release_trials();
    let models = scene.models();
    models.wait_for_check(&head, |run| run.status == "completed").await;
    scene.outbox_is_empty().await;
    let comments: Vec<String> = scene.github.read(|world| {
        let comments = world.repository(MODELS).comments.iter().filter(|comment| comment.pull_request == number);
        comments.map(|comment| comment.body().to_owned()).collect()
    });
    assert_eq!((comments.len(), models.checks(&head).len()), (1, 1), "{comments:#?}");
    assert!(comments[0].contains("6 trials in"), "{comments:#?}");
}

#[tokio::test]
async fn stopped_by_sigterm_it_ends_its_trials_and_resumes_the_sweep_after_the_restart() {
    let mut scene = with_held().await;
    scene.type_command("quadratic").await;
    let message = scene.slack.wait_for_text(TUNING, "2 running").await;
    scene.tunebot.stop().await;
    assert_eq!(scene.tunebot.processes_left(), Vec::<u32>::new());
    scene.tunebot.start_again().await;
    scene.tunebot.config().release_trials();
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.009715*
    | ```
    | x  0.20143
    | ```
    | 6 trials in [time]: 6 done
    | (`quadratic-uatv9w` for @mika · 2 at a time, random search, seed 7)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009715*
        @tunebot
        | How `quadratic-uatv9w` came to its best.
        | (picture quadratic-uatv9w-history.png, Optimisation history: quadratic-uatv9w: best loss 0.009715 (trial 1))
    ");
    assert_eq!(scene.slack.only_message(TUNING).ts, message.ts, "the message goes on in place");
    let attempts = scene.tunebot.config().started_attempts();
    assert_eq!(attempts.len(), 8, "two were ended with tunebot and tried again: {attempts:?}");
}

#[tokio::test]
async fn an_event_that_was_acknowledged_before_the_kill_is_worked_off_after_it() {
    let mut scene = with_held().await;
    let (pull, opened) = scene.github.repository(MODELS).open_pull_request("faster", "Train faster");
    let head = pull.head();
    scene.deliver(&opened).await;
    scene.tunebot.kill().await;
    scene.tunebot.config().release_trials();
    scene.tunebot.start_again().await;
    scene.models().wait_for_check(&head, |run| run.status == "completed").await;
    scene.tunebot.nothing_is_left_running().await;
}
