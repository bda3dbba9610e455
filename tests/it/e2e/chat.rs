//! Mentions, direct messages and buttons: other ways to give a command, each answered where it was given.

use super::scene::{Scene, mask_ids};
use crate::support::config::Tuning;
use crate::support::slack::{BOT_USER, DIRECT, MIKA, NOOR, TUNING};

async fn with_quadratic() -> Scene {
    Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await
}

fn to_bot(text: &str) -> String {
    format!("<@{BOT_USER}> {text}")
}

#[tokio::test]
async fn a_mention_in_a_thread_starts_a_sweep_in_that_thread() {
    let scene = with_quadratic().await;
    let thread = scene.slack.say(TUNING, NOOR, None, "Is the new loss any better?");
    let mention = scene.slack.mention(TUNING, MIKA, Some(&thread), &to_bot("quadratic trials=4 x=0.1..0.6"));
    scene.tell(&mention).await;
    // Slack did not see the answer in time.
    scene.tell(&mention).await;
    scene.slack.wait_for_text(TUNING, "4 trials in").await;
    scene.slack.wait_for_text(TUNING, "@mika *quadratic*").await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(mask_ids(&scene.channel(TUNING), "quadratic"), @"
    #tuning
    @noor
    | Is the new loss any better?
        @mika
        | @tunebot quadratic trials=4 x=0.1..0.6
        @tunebot (edited)
        | *quadratic*: loss *0.009857*
        | ```
        | x  0.20072
        | ```
        | 4 trials in [time]: 4 done
        | (`quadratic-[id]` for @mika · 2 at a time, random search, seed 7 · `x` narrowed to 0.1..0.6)
        | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009857*
        @tunebot
        | How `quadratic-[id]` came to its best.
        | (picture quadratic-[id]-history.png, Optimisation history: quadratic-[id]: best loss 0.009857 (trial 1))
    ");
}

#[tokio::test]
async fn what_a_mention_asks_is_answered_in_its_thread() {
    let scene = with_quadratic().await;
    scene.tell(&scene.slack.mention(TUNING, MIKA, None, &to_bot("help quadratic"))).await;
    scene.slack.wait_for_text(TUNING, "minimises").await;
    scene.tell(&scene.slack.mention(TUNING, NOOR, None, &to_bot("quadratc"))).await;
    scene.slack.wait_for_text(TUNING, "Did you mean").await;
    scene.tell(&scene.slack.mention(TUNING, NOOR, None, &format!("I like <@{BOT_USER}> a lot"))).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @mika
    | @tunebot help quadratic
        @tunebot
        | *quadratic*: Minimises (x - 0.3)². 6 trials, 2 at a time, random search; minimises `loss`.
        | ```
        | x  0..1
        | ```
        | Start it with `/tune quadratic`. Narrow a parameter like `x=0..1`.
    @noor
    | @tunebot quadratc
        @tunebot
        | I don't know a tuning called `quadratc`. Did you mean *quadratic*? `/tune list` shows the one there is. Nothing was started.
    @noor
    | I like @tunebot a lot
    ");
}

#[tokio::test]
async fn a_message_to_the_bot_alone_is_a_command_and_one_event_with_its_mention() {
    let scene = with_quadratic().await;
    let direct = scene.slack.direct(DIRECT, MIKA, &to_bot("list"));
    let mut mention = direct.clone();
    mention["event"]["type"] = "app_mention".into();
    mention["event_id"] = "Ev0SECOND".into();
    scene.tell(&direct).await;
    scene.tell(&mention).await;
    scene.slack.wait_for_text(DIRECT, "1 tuning").await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.channel(DIRECT), @"
    #mika and tunebot
    @mika
    | @tunebot list
    @tunebot
    | 1 tuning:
    | ```
    | quadratic  6 trials, 2 at a time  Minimises (x - 0.3)².
    | ```
    | `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    ");
}

#[tokio::test]
async fn buttons_are_commands_of_whoever_presses_them() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::held())).await;
    scene.type_command("quadratic trials=4").await;
    let message = scene.slack.wait_for_text(TUNING, "2 running").await;
    let place = (TUNING, message.ts.as_str());
    let details = scene.slack.click(place, "Details", NOOR);
    assert_eq!(scene.interact(&details).await, "", "any word would change the message");
    let details = scene.whispered("of 4 trials").await;
    insta::assert_snapshot!(details, @"
    *quadratic* sweep `quadratic-fbh5mz`: running · @mika
    0 of 4 trials: 2 running
    No trial has a result yet.
    Run with random search · seed 7 · 2 at a time.
    ");
    let stop = scene.slack.click(place, "Stop", NOOR);
    assert_eq!(scene.interact(&stop).await, "");
    assert_eq!(scene.interact(&stop).await, "", "the same click, told twice");
    insta::assert_snapshot!(scene.whispered("Stopping").await, @"Stopping `quadratic-fbh5mz`, if it runs.");
    scene.slack.wait_for_text(TUNING, "stopped by @noor").await;
    scene.outbox_is_empty().await;
    let whispers = scene.slack.read(|workspace| workspace.channel(TUNING).ephemeral.len());
    assert_eq!(whispers, 2, "each click was answered once");
}
