//! Tunings that start by the clock.

use std::collections::BTreeSet;

use serde_json::json;

use super::scene::{Scene, mask_ids};
use crate::support::config::Tuning;
use crate::support::slack::NIGHTLY;

async fn every_second() -> Scene {
    Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::held())
            .schedule("each-second", json!({"cron": "* * * * * *", "tuning": "quadratic", "channel": NIGHTLY}))
    })
    .await
}

/// Slots that the store knows, as `explain` lists them, newest first.
async fn slots(scene: &Scene) -> Vec<String> {
    let output = scene.tunebot.run(&["explain"]).await;
    let text = String::from_utf8(output.stdout).expect("text");
    // `  3  2026-01-01 00:00:00  done  slot 2026-01-01T00:00:00Z of schedule each-second`
    text.lines().filter_map(|line| line.split_once("slot ")).map(|(_, slot)| slot.to_owned()).collect()
}

#[tokio::test]
async fn a_schedule_tells_its_channel_and_skips_slots_while_the_last_run_goes_on() {
    let scene = every_second().await;
    scene.slack.wait_for_text(NIGHTLY, "2 running").await;
    insta::assert_snapshot!(mask_ids(&scene.channel(NIGHTLY), "quadratic"), @"
    #nightly
    @tunebot (edited)
    | *quadratic* sweep `quadratic-[id]` · running · schedule each-second
    | `░░░░░░░░░░░░░░░░` 0/6 · no result yet
    | 2 running
    | (6 trials, 2 at a time, random search, seed 7)
    | [Stop] [Details]
    ");
    scene.decided(3).await;
    let skipped = scene.explain(3).await;
    let shown: Vec<&str> = skipped.lines().skip(1).collect();
    assert!(skipped.contains("each-second"), "{skipped}");
    insta::assert_snapshot!(mask_ids(&shown.join("\n"), "quadratic"), @"  schedule each-second: ignored: sweep quadratic-[id] of the slot before has not ended");
    assert_eq!(scene.tunebot.config().started_attempts().len(), 2);
}

#[tokio::test]
async fn a_slot_fires_once_across_a_restart() {
    let mut scene = every_second().await;
    scene.decided(2).await;
    scene.tunebot.kill().await;
    scene.tunebot.start_again().await;
    scene.decided(4).await;
    let slots = slots(&scene).await;
    let different: BTreeSet<&String> = slots.iter().collect();
    assert!(slots.len() >= 4, "{slots:?}");
    assert_eq!(different.len(), slots.len(), "{slots:?}");
    scene.slack.only_message(NIGHTLY);
}
