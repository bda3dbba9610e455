//! What happened on GitHub while tunebot was away, and what GitHub never told, is found and runs once.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{ConfigFolder, Tuning, on_pull_request, on_push};
use crate::support::github::FakeGithub;
use crate::support::github::world::CheckRun;
use crate::support::server::Tunebot;

/// A tunebot that looks for what was missed all the time.
fn watchful(config: ConfigFolder) -> ConfigFolder {
    config
        .tuning("quadratic", Tuning::quadratic())
        .trigger("on-push", on_push(MODELS, "main", "quadratic"))
        .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
        .set("/github/catch_up", json!({"every": "1s", "grace": "0s"}))
        .set("/github/pace", json!({"writes_per_minute": 8000, "writes_per_hour": 50000}))
}

async fn open() -> Scene {
    let scene = Scene::open(watchful).await;
    looked_again(&scene).await;
    scene
}

/// Waits until everything was looked at once more from now on.
async fn looked_again(scene: &Scene) {
    let looks = scene.github.calls("branches.list") + 2;
    scene.github.wait_for_calls("branches.list", looks).await;
}

fn is_completed(run: &CheckRun) -> bool {
    run.status == "completed"
}

/// `tunebot explain` of the newest event, without what is not the same twice.
async fn newest_event(scene: &Scene) -> String {
    let recent = scene.read(&["explain"]).await;
    let number = recent.split_whitespace().find_map(|word| word.trim_matches('#').parse::<u64>().ok());
    scene.explain(number.expect("an event in the list")).await
}

async fn sweeps(scene: &Scene) -> usize {
    scene.outbox_is_empty().await;
    scene.tunebot.get("/api/v1/sweeps").await.json()["sweeps"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn what_was_there_before_the_first_look_starts_nothing() {
    let scene = Scene::open(|config| watchful(config).set("/github/catch_up/every", "0s")).await;
    scene.models().open_pull_request("faster", "Train faster");
    let mut scene = scene;
    scene.tunebot.config_mut().change("/github/catch_up/every", "1s");
    scene.tunebot.stop().await;
    scene.tunebot.start_again().await;
    looked_again(&scene).await;
    assert_eq!(sweeps(&scene).await, 0);
}

#[tokio::test]
async fn a_delivery_that_failed_while_tunebot_was_away_is_asked_for_again() {
    let mut scene = open().await;
    scene.tunebot.stop().await;
    let push = scene.models().push("main", &["src/train.py"]);
    scene.github.deliver_in_vain(&push.delivery);
    scene.tunebot.start_again().await;
    scene.github.point_webhook_to(scene.tunebot.url());
    scene.models().wait_for_check(&push.sha, is_completed).await;
    let attempts: Vec<(u16, bool)> = scene.github.read(|world| {
        let ours = world.hooks.attempts.iter().filter(|attempt| attempt.delivery.id == push.delivery.id);
        ours.map(|attempt| (attempt.status, attempt.is_redelivery)).collect()
    });
    assert_eq!(attempts[0], (0, false));
    assert!(attempts[1..].iter().all(|(_, is_redelivery)| *is_redelivery), "{attempts:?}");
    looked_again(&scene).await;
    assert_eq!(sweeps(&scene).await, 1, "found by comparing as well, it is still one head");
}

#[tokio::test]
async fn a_push_that_nothing_was_told_of_is_found() {
    let scene = open().await;
    let push = scene.models().push("main", &["src/train.py"]);
    scene.models().wait_for_check(&push.sha, is_completed).await;
    insta::assert_snapshot!(newest_event(&scene).await, @r"
    1  [instant]  done  push to main of acme/models (6f95430), 1 changed path
      trigger on-push: started (quadratic-u3zqc0): push of 6f95430 to main
    ");
    // GitHub tells it after all.
    scene.decided(scene.deliver(&push.delivery).await).await;
    assert_eq!(sweeps(&scene).await, 1);
}

#[tokio::test]
async fn a_pull_request_that_was_opened_updated_and_closed_unheard_is_followed() {
    let scene = Scene::open(|config| watchful(config).tuning("quadratic", Tuning::held())).await;
    looked_again(&scene).await;
    let models = scene.models();
    let (pull, _) = models.open_pull_request("faster", "Train faster");
    models.wait_for_check(&pull.head(), |run| run.status == "in_progress").await;
    let before = pull.head();
    pull.push(&["src/model.py"]);
    models.wait_for_check(&pull.head(), |run| run.status == "in_progress").await;
    models.wait_for_check(&before, is_completed).await;
    pull.close();
    models.wait_for_check(&pull.head(), is_completed).await;
    insta::assert_snapshot!(newest_event(&scene).await, @r"
    3  [instant]  done  pull request #1 of acme/models closed at 027c82f
      pull request: stopped (quadratic-aj67q7): pull request #1 was closed
      trigger on-pr: ignored: action closed is not one of opened, ready_for_review, reopened, synchronize
    ");
    assert_eq!(sweeps(&scene).await, 2);
}

#[tokio::test]
async fn by_a_token_the_webhook_of_the_repository_is_looked_at() {
    let github = FakeGithub::start().await;
    let models = github.repository(MODELS);
    models.promote("robot", "admin");
    let mut tunebot = Tunebot::start(watchful(ConfigFolder::new().github_by_token(&github))).await;
    github.point_webhook_to(tunebot.url());
    github.wait_for_calls("branches.list", 1).await;
    github.deliver_in_vain(&models.push("main", &["src/train.py"]).delivery);
    github.wait_for_calls("hook.redeliver", 1).await;
    tunebot.stop().await;
}
