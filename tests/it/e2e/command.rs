//! `/tune …` in Slack: an answer to the asker at once, then one message that is edited in place.

use serde_json::json;

use super::scene::Scene;
use crate::support::config::Tuning;
use crate::support::slack::{MIKA, NOOR, RANDOM, TUNING};
use crate::support::slack_client::SlashCommand;

async fn with_quadratic() -> Scene {
    Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await
}

#[tokio::test]
async fn a_command_is_acknowledged_and_its_message_becomes_the_summary() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::held())).await;
    let acknowledged = scene.type_command("quadratic trials=4 x=0.1..0.6").await;
    insta::assert_snapshot!(acknowledged, @"Starting *quadratic*: 4 trials, 2 at a time, random search, seed 7. `x` narrowed to 0.1..0.6.");
    scene.slack.wait_for_text(TUNING, "2 running").await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @tunebot (edited)
    | *quadratic* sweep `quadratic-9dsnu2` · running · @mika
    | `░░░░░░░░░░░░░░░░` 0/4 · no result yet
    | 2 running
    | (4 trials, 2 at a time, random search, seed 7 · `x` narrowed to 0.1..0.6)
    | [Stop] [Details]
    ");
    scene.tunebot.config().release_trials();
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.009857*
    | ```
    | x  0.20072
    | ```
    | 4 trials in [time]: 4 done
    | (`quadratic-9dsnu2` for @mika · 2 at a time, random search, seed 7 · `x` narrowed to 0.1..0.6)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009857*
        @tunebot
        | How `quadratic-9dsnu2` came to its best.
        | (picture quadratic-9dsnu2-history.png, Optimisation history: quadratic-9dsnu2: best loss 0.009857 (trial 1))
    ");
    let message = scene.slack.only_message(TUNING);
    let slots: Vec<_> = message.editions.iter().map(|edition| edition.metadata.clone()).collect();
    assert!(slots.iter().all(|slot| slot.is_some() && *slot == slots[0]), "one message, one mark: {slots:?}");
}

#[tokio::test]
async fn questions_are_answered_at_once_and_to_the_asker_only() {
    let scene = with_quadratic().await;
    scene.type_command("quadratic trials=4 seed=7").await;
    scene.closings(TUNING, 1).await;
    scene.type_command("quadratic trials=4 seed=8").await;
    scene.closings(TUNING, 2).await;
    let sweeps = scene.tunebot.get("/api/v1/sweeps").await.json();
    let id = |place: usize| sweeps["sweeps"][place]["id"].as_str().expect("an id").to_owned();
    let mut said = Vec::new();
    let questions = ["help", "list", "help quadratic", "status", "best quadratic"].map(str::to_owned);
    let about = [format!("status {}", id(1)), format!("best {}", id(0)), format!("compare {} {}", id(1), id(0))];
    for question in questions.into_iter().chain(about) {
        said.push(format!("> /tune {question}\n{}\n", scene.type_command(&question).await));
    }
    insta::assert_snapshot!(scene.mask(&said.concat()), @r"
    > /tune help
    ```
    /tune TUNING [key=value…]   start a sweep
    /tune list                  the tunings
    /tune help TUNING           what can be set
    /tune status [SWEEP]        how far it is
    /tune best TUNING|SWEEP     the best parameters
    /tune details SWEEP         all about one sweep
    /tune compare SWEEP SWEEP   two sweeps side by side
    /tune stop SWEEP            end it; its results stay
    /tune rerun SWEEP           the same once more
    /tune apply SWEEP           its best into the repository, by a pull request
    /tune approve [COMMIT]      on a fork's pull request: let it run
    ```
    Words: `trials=40` `parallel=8` `timeout=30m` (one trial) `deadline=6h` (all) `seed=7` `sampler=tpe` `ref=my-branch`, `lr=1e-3` fixes a parameter, `lr=1e-4..1e-2` and `optimizer=adam|sgd` narrow one.
    > /tune list
    1 tuning:
    ```
    quadratic  6 trials, 2 at a time  Minimises (x - 0.3)².
    ```
    `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    > /tune help quadratic
    *quadratic*: Minimises (x - 0.3)². 6 trials, 2 at a time, random search; minimises `loss`.
    ```
    x  0..1
    ```
    Start it with `/tune quadratic`. Narrow a parameter like `x=0..1`.
    > /tune status
    Nothing is running. `/tune list` shows what could.
    > /tune best quadratic
    *quadratic*: loss 0.004464, was 0.009715 before · trial 3 of `quadratic-rqcysr`
    ```
    x  0.3668098241150426  (was 0.20143316497562402)
    ```
    > /tune status quadratic-pcf5md
    ```
    quadratic-pcf5md  completed  4/4  best loss 0.009715  for @mika
    ```
    > /tune best quadratic-rqcysr
    *quadratic*: loss 0.004464, was 0.009715 before · trial 3 of `quadratic-rqcysr`
    ```
    x  0.3668098241150426  (was 0.20143316497562402)
    ```
    > /tune compare quadratic-pcf5md quadratic-rqcysr
    `quadratic-rqcysr` is better: loss 0.004464 against 0.009715.
    ```
            quadratic-pcf5md     quadratic-rqcysr
    state   completed            completed
    trials  4/4                  4/4
    code    –                    –
    loss    0.009715             0.004464
    x       0.20143316497562402  0.3668098241150426
    ```
    ");
}

#[tokio::test]
async fn a_sweep_is_run_again_with_the_same_words() {
    let scene = with_quadratic().await;
    scene.type_command("quadratic trials=4 x=0.1..0.6").await;
    scene.closings(TUNING, 1).await;
    let first = scene.tunebot.get("/api/v1/sweeps").await.json()["sweeps"][0]["id"].as_str().expect("an id").to_owned();
    let again = SlashCommand::new(&format!("rerun {first}")).by(NOOR, "noor");
    insta::assert_snapshot!(scene.send_command(&again).await, @"Running `quadratic-9dsnu2` again with the same words.");
    scene.closings(TUNING, 2).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.009857*
    | ```
    | x  0.20072
    | ```
    | 4 trials in [time]: 4 done
    | (`quadratic-9dsnu2` for @mika · 2 at a time, random search, seed 7 · `x` narrowed to 0.1..0.6)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009857*
        @tunebot
        | How `quadratic-9dsnu2` came to its best.
        | (picture quadratic-9dsnu2-history.png, Optimisation history: quadratic-9dsnu2: best loss 0.009857 (trial 1))
    @tunebot (edited)
    | *quadratic*: loss *0.009857*, was 0.009857 before (no change)
    | ```
    | x  0.20072
    | ```
    | 4 trials in [time]: 4 done
    | (`quadratic-93ap9q` for @noor · 2 at a time, random search, seed 7 · `x` narrowed to 0.1..0.6)
    | [Re-run] [Details]
        @tunebot
        | @noor *quadratic*: loss *0.009857*, was 0.009857 before (no change)
        @tunebot
        | How `quadratic-93ap9q` came to its best.
        | (picture quadratic-93ap9q-history.png, Optimisation history: quadratic-93ap9q: best loss 0.009857 (trial 1))
    ");
}

#[tokio::test]
async fn what_cannot_be_understood_is_answered_with_what_to_write_instead() {
    let scene = with_quadratic().await;
    let mut said = Vec::new();
    for text in [
        "quadrtic",
        "quadratic x=0.5..7",
        "quadratic x=high",
        "quadratic y=1",
        "quadratic trials=0",
        "quadratic lr",
        "stop everything",
        "best of quadratic",
        "status quadratic-zzzzzz",
    ] {
        said.push(format!("> /tune {text}\n{}\n", scene.type_command(text).await));
    }
    insta::assert_snapshot!(said.concat(), @"
    > /tune quadrtic
    I don't know a tuning called `quadrtic`. Did you mean *quadratic*? `/tune list` shows the one there is. Nothing was started.
    > /tune quadratic x=0.5..7
    `x=0.5..7` is outside *quadratic*'s range 0..1. Nothing was started.
    > /tune quadratic x=high
    `x` takes a number, not `high`. Nothing was started.
    > /tune quadratic y=1
    *quadratic* has no parameter `y`. `/tune help quadratic` shows what can be set. Nothing was started.
    > /tune quadratic trials=0
    `trials=0` must be a whole number from 1 to 100000. Nothing was started.
    > /tune quadratic lr
    `lr` is not a `key=value` word. Nothing was started.
    > /tune stop everything
    `everything` is not a sweep: a sweep is named like `resnet-k3f9q2`. `/tune status` shows those that run.
    > /tune best of quadratic
    Write `/tune best TUNING|SWEEP`.
    > /tune status quadratic-zzzzzz
    There is no sweep `quadratic-zzzzzz`. `/tune status` shows those that run.
    ");
    assert!(scene.slack.messages(TUNING).is_empty());
    assert_eq!(scene.tunebot.config().started_attempts(), Vec::<String>::new());
}

#[tokio::test]
async fn those_who_may_not_start_it_are_told_so() {
    let scene = Scene::open(|config| {
        let access = json!({"slack_users": [MIKA], "slack_channels": [TUNING]});
        config.tuning("quadratic", Tuning::quadratic().set("/access", access))
    })
    .await;
    let stranger = scene.send_command(&SlashCommand::new("quadratic").by(NOOR, "noor")).await;
    let elsewhere = scene.send_command(&SlashCommand::new("quadratic ").in_channel(RANDOM, "random")).await;
    insta::assert_snapshot!(format!("{stranger}\n{elsewhere}"), @"
    You may not start or stop *quadratic* from here: it is open to certain people, in Slack in certain channels. Nothing was changed.
    You may not start or stop *quadratic* from here: it is open to certain people, in Slack in certain channels. Nothing was changed.
    ");
    scene.type_command("quadratic  trials=2").await;
    scene.closed().await;
}

#[tokio::test]
async fn stopping_ends_running_trials_and_leaves_nothing_running() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::held())).await;
    scene.type_command("quadratic").await;
    let message = scene.slack.wait_for_text(TUNING, "2 running").await;
    let sweep = scene.tunebot.get("/api/v1/sweeps").await.json()["sweeps"][0]["id"].as_str().expect("an id").to_owned();
    let stop = SlashCommand::new(&format!("stop {sweep}")).by(NOOR, "noor");
    insta::assert_snapshot!(scene.send_command(&stop).await, @"Stopping `quadratic-uatv9w`, if it runs.");
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic* stopped by @noor
    | There is no result.
    | 2 of 6 trials in [time]: 2 stopped early
    | (`quadratic-uatv9w` for @mika · 2 at a time, random search, seed 7)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic* stopped by @noor
        | There is no result.
    ");
    assert_eq!(scene.slack.only_message(TUNING).ts, message.ts);
    scene.tunebot.nothing_is_left_running().await;
    let again = SlashCommand::new(&format!("stop {sweep}")).again(2);
    insta::assert_snapshot!(scene.send_command(&again).await, @"Stopping `quadratic-uatv9w`, if it runs.");
}
