//! The configuration changes while tunebot runs.

use serde_json::json;

use super::scene::Scene;
use crate::support::config::Tuning;
use crate::support::slack::TUNING;
use crate::support::slack_client::{SlackClient, SlashCommand};

/// Waits until tunebot has read its configuration so often, well or badly.
async fn read_again(scene: &Scene, result: &str, times: u32) {
    let line = format!("tunebot_config_reloads_total{{result=\"{result}\"}} {times}");
    scene
        .tunebot
        .wait_for("a reload", "/metrics", |answer| answer.body.lines().any(|have| have == line).then_some(()))
        .await;
}

#[tokio::test]
async fn a_tuning_that_is_added_can_be_used_after_sighup() {
    let mut scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    assert!(scene.type_command("cubic trials=2").await.contains("I don't know"));
    let tuning = scene.tunebot.config().settings()["tunings"]["quadratic"].clone();
    scene.tunebot.config_mut().change("/tunings/cubic", tuning);
    scene.tunebot.reload();
    read_again(&scene, "success", 1).await;
    let again = SlashCommand::new("cubic trials=2").again(2);
    insta::assert_snapshot!(scene.send_command(&again).await, @"Starting *cubic*: 2 trials, 2 at a time, random search, seed 7.");
    assert!(scene.closed().await.contains("2 done"));
}

#[tokio::test]
async fn a_changed_file_is_read_without_being_asked() {
    let mut scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    scene.tunebot.config_mut().change("/tunings/quadratic/limits/trials", 3);
    scene.tunebot.config().write();
    read_again(&scene, "success", 1).await;
    insta::assert_snapshot!(scene.type_command("quadratic").await, @"Starting *quadratic*: 3 trials, 2 at a time, random search, seed 7.");
}

#[tokio::test]
async fn a_bad_configuration_changes_nothing_and_the_log_says_what_is_wrong() {
    let mut scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    scene.tunebot.config_mut().change("/tunings/quadratic/limits/trails", 3);
    scene.tunebot.config_mut().change("/tunings/quadratic/space/x/low", 7.0);
    scene.tunebot.reload();
    read_again(&scene, "failure", 1).await;
    let log = scene.tunebot.log();
    let (_, complaint) = log.split_once("ERROR").expect("an error in the log");
    let complaint: Vec<&str> = complaint.lines().take_while(|line| !line.contains("DEBUG")).collect();
    insta::assert_snapshot!(scene.mask(&complaint.join("\n")), @r#"
     the changed configuration has errors; the old one stays in force
    [folder]/config/tunebot.yaml:79:9  tunings.quadratic.limits.trails: `trails` is not a field here
        79 |         "trails": 3,
           |         ^^^^^^^^ did you mean `trials`?
    [folder]/config/tunebot.yaml:94:18  tunings.quadratic.space.x.low: 7.0 is above high 1.0
        94 |           "low": 7.0,
           |                  ^^^ swap the two
    2 errors
    "#);
    scene.type_command("quadratic trials=2").await;
    scene.closed().await;
}

#[tokio::test]
async fn a_secret_is_replaced_by_a_reload() {
    let mut scene = Scene::open(|config| {
        let secret = config.root().join("signing-secret");
        std::fs::write(&secret, "the old secret\n").expect("a file");
        config.tuning("quadratic", Tuning::quadratic()).set("/slack/signing_secrets", json!([{"file": secret}]))
    })
    .await;
    let (old, new) = (SlackClient::with_secret("the old secret"), SlackClient::with_secret("the new secret"));
    let question = SlashCommand::new("status");
    let url = scene.tunebot.url().to_owned();
    assert_eq!((old.send(&url, &question).await.status, new.send(&url, &question).await.status), (200, 401));
    let files = ["signing-secret", "next-secret"].map(|name| scene.tunebot.config().root().join(name));
    std::fs::write(&files[1], "the new secret\n").expect("a file");
    let both = json!([{"file": files[0]}, {"file": files[1]}]);
    scene.tunebot.config_mut().change("/slack/signing_secrets", both);
    scene.tunebot.reload();
    read_again(&scene, "success", 1).await;
    assert_eq!((old.send(&url, &question).await.status, new.send(&url, &question).await.status), (200, 200));
    scene.tunebot.config_mut().change("/slack/signing_secrets", json!([{"file": files[1]}]));
    scene.tunebot.reload();
    read_again(&scene, "success", 2).await;
    assert_eq!((old.send(&url, &question).await.status, new.send(&url, &question).await.status), (401, 200));
    assert!(scene.slack.messages(TUNING).is_empty());
}
