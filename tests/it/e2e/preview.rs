//! Asking back before a sweep starts: a preview that is confirmed, cancelled, or pressed by several people.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};
use crate::support::slack::{MIKA, NOOR, TUNING};
use crate::support::slack_client::SlashCommand;

async fn that_asks() -> Scene {
    Scene::open(|config| config.tuning("quadratic", Tuning::quadratic().set("/confirm", json!("always")))).await
}

impl Scene {
    /// The number of the one preview in #tuning.
    async fn preview(&self) -> String {
        let message = self.slack.wait_for_text(TUNING, "Start *quadratic*?").await;
        let slot = message.metadata("slot").expect("a slot").to_owned();
        slot.strip_prefix("preview/").expect("a preview").to_owned()
    }

    async fn noor_types(&self, text: &str) -> String {
        self.send_command(&SlashCommand::new(text).by(NOOR, "noor")).await
    }
}

#[tokio::test]
async fn a_tuning_that_asks_for_it_starts_once_somebody_says_yes() {
    let scene = that_asks().await;
    insta::assert_snapshot!(scene.type_command("quadratic trials=4 x=0.1..0.6").await, @"To be confirmed: *quadratic*: 4 trials, 2 at a time, random search, seed 7. `x` narrowed to 0.1..0.6.");
    let number = scene.preview().await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @tunebot
    | Start *quadratic*?
    | 4 trials, 2 at a time, random search · `x` narrowed to 0.1..0.6
    | No earlier sweep tells how long it takes.
    | [Start] [Cancel]
    | (Asked for by @mika. `/tune confirm 1` starts it, `/tune cancel 1` does not; after 24 hours it is void.)
    ");
    assert_eq!(scene.tunebot.config().started_attempts(), Vec::<String>::new());
    let acknowledged = scene.noor_types(&format!("confirm {number}")).await;
    insta::assert_snapshot!(acknowledged, @"Starting what waits under the number 1, if it still does.");
    scene.closings(TUNING, 1).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @tunebot (edited)
    | *quadratic* was started by @noor: `quadratic-gex4h0`
    @tunebot (edited)
    | *quadratic*: loss *0.009857*
    | ```
    | x  0.20072
    | ```
    | 4 trials in [time]: 4 done
    | (`quadratic-gex4h0` for @mika · 2 at a time, random search, seed 7 · `x` narrowed to 0.1..0.6)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009857*
        @tunebot
        | How `quadratic-gex4h0` came to its best.
        | (picture quadratic-gex4h0-history.png, Optimisation history: quadratic-gex4h0: best loss 0.009857 (trial 1))
    ");
}

#[tokio::test]
async fn however_many_say_yes_one_sweep_is_started() {
    let scene = that_asks().await;
    scene.type_command("quadratic trials=2").await;
    let number = scene.preview().await;
    let [mika, noor] =
        [(MIKA, "mika"), (NOOR, "noor")].map(|(id, name)| SlashCommand::new(&format!("confirm {number}")).by(id, name));
    let noor = noor.again(2);
    tokio::join!(scene.send_command(&mika), scene.send_command(&noor));
    scene.slack.wait_for_text(TUNING, "has started it already").await;
    scene.closings(TUNING, 1).await;
    scene.outbox_is_empty().await;
    let sweeps = scene.tunebot.get("/api/v1/sweeps").await.json();
    assert_eq!(sweeps["sweeps"].as_array().map(Vec::len), Some(1), "{sweeps}");
    scene.noor_types(&format!("cancel {number}")).await;
    scene.outbox_is_empty().await;
}

#[tokio::test]
async fn what_is_cancelled_is_not_started_any_more() {
    let scene = that_asks().await;
    scene.type_command("quadratic").await;
    let number = scene.preview().await;
    scene.noor_types(&format!("cancel {number}")).await;
    scene.slack.wait_for_text(TUNING, "was cancelled").await;
    scene.type_command(&format!("confirm {number}")).await;
    scene.slack.wait_for_text(TUNING, "has cancelled it already").await;
    scene.type_command("confirm 4711").await;
    scene.slack.wait_for_text(TUNING, "under the number 4711").await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @tunebot (edited)
    | *quadratic* was cancelled by @noor. Nothing was started.
    @tunebot
    | @noor has cancelled it already. Nothing was started. `/tune quadratic` asks again.
    @tunebot
    | Nothing waits for a confirmation under the number 4711. Nothing was started.
    ");
    assert_eq!(scene.tunebot.config().started_attempts(), Vec::<String>::new());
}

#[tokio::test]
async fn the_buttons_of_a_preview_are_pressed_by_whoever_is_there() {
    let scene = that_asks().await;
    let press = async |label: &str, trials: u32, waits: &str| {
        scene.type_command(&format!("quadratic trials={trials}")).await;
        let message = scene.slack.wait_for_text(TUNING, "Start *quadratic*?").await;
        let click = scene.slack.click((TUNING, &message.ts), label, NOOR);
        assert_eq!(scene.interact(&click).await, "", "any word would change the message");
        scene.slack.wait_for_text(TUNING, waits).await;
    };
    press("Cancel", 3, "was cancelled by").await;
    press("Start", 2, "was started by").await;
    scene.closings(TUNING, 1).await;
    scene.outbox_is_empty().await;
    let previews: Vec<String> =
        scene.channel(TUNING).lines().filter(|line| line.contains(" by @noor")).map(str::to_owned).collect();
    insta::assert_snapshot!(previews.join("\n"), @"
    | *quadratic* was cancelled by @noor. Nothing was started.
    | *quadratic* was started by @noor: `quadratic-gzpud0`
    ");
    let sweeps = scene.tunebot.get("/api/v1/sweeps").await.json();
    assert_eq!(sweeps["sweeps"].as_array().map(Vec::len), Some(1), "{sweeps}");
}

#[tokio::test]
async fn a_preview_on_a_pull_request_is_confirmed_by_a_comment() {
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::quadratic().set("/confirm", json!("always")))
            .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
            .set("/triggers/0/on/pull_request/labels", json!(["tune"]))
    })
    .await;
    let models = scene.models();
    let (pull, _) = models.open_pull_request("faster", "Train faster");
    let event = scene.deliver(&pull.comment("noor", "/tune quadratic trials=4")).await;
    let explained = scene.explain(event).await;
    assert!(explained.contains(&format!("waits for `/tune confirm {event}`")), "{explained}");
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.mask(&pull.render()), @"
    acme/models#1 Train faster (open)
    @noor
    | /tune quadratic trials=4
      eyes by @tunebot[bot]
    @tunebot[bot]
    | <!-- tunebot:preview/1 -->
    | Start **quadratic** on `faster` (e877536)?
    |
    | 4 trials, 2 at a time, random search
    |
    | No earlier sweep tells how long it takes.
    |
    | Asked for by @{200b}noor. `/tune confirm 1` starts it, `/tune cancel 1` does not; after 24 hours it is void.
    ");
    scene.deliver(&pull.comment("noor", &format!("/tune confirm {event}"))).await;
    models.wait_for_check(&pull.head(), |run| run.status == "completed").await;
    scene.outbox_is_empty().await;
    let rendered = scene.mask(&pull.render());
    assert!(rendered.contains("**quadratic** was started by @"), "{rendered}");
}
