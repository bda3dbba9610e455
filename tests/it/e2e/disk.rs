//! The disk is full for a while.

use super::scene::{MODELS, Scene, said};
use crate::support::config::{Tuning, on_push};

/// Bytes that a file may have: the store's log of writes reaches it after some events.
const ROOM: u64 = 1 << 20;

#[tokio::test]
async fn while_the_disk_is_full_nothing_is_acknowledged_and_afterwards_it_goes_on() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-main", on_push(MODELS, "release", "quadratic"))
    })
    .await;
    scene.tunebot.limit_files(Some(ROOM));
    let mut kept = Vec::new();
    let (refused, answer) = loop {
        let mut delivery = scene.models().push("main", &["README.md"]).delivery;
        let paths: Vec<String> = (0..2_000).map(|file| format!("data/a-long-name-of-a-file-{file:060}")).collect();
        delivery.set("/commits/0/modified", paths);
        let answer = scene.github.deliver(scene.tunebot.url(), &delivery).await;
        if answer.status != 202 {
            break (delivery, answer);
        }
        kept.push(answer.json()["event"].as_u64().expect("the event's number"));
        assert!(kept.len() < 100, "the limit is never reached");
    };
    insta::assert_snapshot!(said(&answer), @"503 The store cannot be reached right now. Nothing was changed; send it again in a few seconds.");
    scene.tunebot.limit_files(None);
    let event = scene.deliver(&refused).await;
    for event in kept.into_iter().chain([event]) {
        scene.decided(event).await;
    }
    let update = scene.models().push("release", &["src/train.py"]);
    scene.deliver(&update.delivery).await;
    scene.models().wait_for_check(&update.sha, |run| run.status == "completed").await;
}
