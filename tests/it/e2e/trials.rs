//! Trials that fail, and sweeps that wait for a place.

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::Answer;
use crate::support::config::Tuning;
use crate::support::slack::TUNING;
use crate::support::slack_client::SlashCommand;

/// The second trial finds no number, and the third none at all.
const SOMETIMES: &str = r#"
case "$TUNEBOT_TRIAL" in
  1) echo '{"loss": NaN}' > "$TUNEBOT_RESULT" ;;
  2) echo 'done' ;;
  *) awk -v x="$1" 'BEGIN { printf "{\"loss\": %.6f}\n", (x - 0.3) ^ 2 }' > "$TUNEBOT_RESULT" ;;
esac
"#;

/// The first attempt of the first trial loses what watches over it, as it would with its machine.
const LOST: &str = r#"
if [ "$TUNEBOT_TRIAL.$TUNEBOT_ATTEMPT" = "0.${TUNEBOT_SWEEP}-0-1" ]; then kill -9 "$PPID"; sleep 60; fi
awk -v x="$1" 'BEGIN { printf "{\"loss\": %.6f}\n", (x - 0.3) ^ 2 }' > "$TUNEBOT_RESULT"
"#;

/// Two steps, each kept before it is told, and each until the test lets the trial go on. The first trial fails after one.
const RESUMING: &str = r#"
step=$(cat "$TUNEBOT_CHECKPOINT/step" 2>/dev/null || echo 0)
echo "trial $TUNEBOT_TRIAL begins after step $step, told ${TUNEBOT_RESUME_STEP-nothing}" >> "$JOURNAL.steps"
case "$TUNEBOT_TRIAL" in 0) loss=0.1 ;; 1) loss=0.9 ;; *) loss=0.2 ;; esac
while [ "$step" -lt 2 ]; do
  step=$((step + 1))
  echo "$step" > "$TUNEBOT_CHECKPOINT/step"
  echo "trial $TUNEBOT_TRIAL runs step $step" >> "$JOURNAL.steps"
  echo "{\"step\": $step, \"loss\": $loss}"
  while [ ! -e "$JOURNAL.past$step.$TUNEBOT_TRIAL" ]; do sleep 0.02; done
  if [ "$TUNEBOT_TRIAL" = 0 ]; then exit 1; fi
done
"#;

impl Scene {
    /// Waits until each trial of the only sweep is in this state and has told so many steps.
    async fn trials_are(&self, wanted: &[(&str, usize)]) {
        let list = self.tunebot.get("/api/v1/sweeps").await.json();
        let path = format!("/api/v1/sweeps/{}", list["sweeps"][0]["id"].as_str().expect("an id"));
        let are = |answer: &Answer| {
            let trials = answer.json()["trials"].as_array().cloned().unwrap_or_default();
            let steps = |trial: &Value| trial["steps"].as_array().map_or(0, Vec::len);
            let found: Vec<_> =
                trials.iter().map(|trial| (trial["state"].as_str().unwrap_or(""), steps(trial))).collect();
            (found == wanted).then_some(())
        };
        self.tunebot.wait_for(&format!("the trials {wanted:?}"), &path, are).await;
    }

    /// Lets a trial go on that [`RESUMING`] describes.
    fn let_past(&self, trial: u32, step: u32) {
        let file = self.tunebot.config().root().join(format!("journal.past{step}.{trial}"));
        std::fs::write(file, "").expect("a file of the test");
    }
}

#[tokio::test]
async fn a_paused_trial_is_promoted_when_a_better_one_falls_away_and_repeats_no_step() {
    let asha = json!({"asha": {"min_steps": 1, "max_steps": 2, "eta": 4}});
    let tuning = Tuning::running(RESUMING).trials(3).set("/resumable", true).set("/search/pruner", asha);
    let scene = Scene::open(|config| config.tuning("quadratic", tuning)).await;
    scene.type_command("quadratic").await;
    scene.slack.wait_for_text(TUNING, "2 running").await;
    scene.trials_are(&[("running", 1), ("running", 1)]).await;
    scene.let_past(1, 1);
    scene.let_past(1, 2);
    // The third comes to the rung behind the first, and one that is not among the best has gone on already.
    scene.trials_are(&[("running", 1), ("complete", 2), ("paused", 1)]).await;
    scene.slack.wait_for_text(TUNING, "1 done · 1 paused · 1 running").await;
    scene.let_past(2, 2);
    scene.let_past(0, 1);
    let channel = scene.closed().await;
    assert!(channel.contains("*quadratic*: loss *0.2*") && channel.contains("2 done, 1 failed"), "{channel}");
    scene.trials_are(&[("failed", 1), ("complete", 2), ("complete", 2)]).await;
    let steps = scene.tunebot.config().wait_for_file("journal.steps").await;
    let of_third: Vec<&str> = steps.lines().filter(|line| line.starts_with("trial 2 ")).collect();
    assert_eq!(
        of_third,
        [
            "trial 2 begins after step 0, told nothing",
            "trial 2 runs step 1",
            "trial 2 begins after step 1, told 1",
            "trial 2 runs step 2",
        ]
    );
    scene.tunebot.nothing_is_left_running().await;
}

#[tokio::test]
async fn a_sweep_whose_trials_all_fail_gives_up_and_shows_the_reason_and_the_log() {
    let tuning = Tuning::failing().parallel(1).set("/limits/failed_trials", 5);
    let scene = Scene::open(|config| config.tuning("broken", tuning)).await;
    scene.type_command("broken").await;
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *broken* gave up: 5 of the first 5 trials failed, which is the limit
    | All failed the same way: the program exited with code 3
    | Log of trial 0:
    | ```
    | CUDA out of memory at step 0
    | ```
    | There is no result.
    | 5 of 6 trials in [time]: 5 failed
    | (`broken-k0a54r` for @mika · 1 at a time, random search, seed 7)
    | [Re-run] [Details]
        @tunebot
        | @mika *broken* gave up: 5 of the first 5 trials failed, which is the limit
        | All failed the same way: the program exited with code 3
    ");
    assert_eq!(scene.tunebot.config().started_attempts().len(), 5);
}

#[tokio::test]
async fn a_metric_that_is_no_number_or_missing_fails_its_trial_and_not_the_sweep() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::running(SOMETIMES).parallel(1))).await;
    scene.type_command("quadratic trials=4").await;
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.17739*
    | 1 of 2 failed trials: it gave loss = NaN, which is not a number to compare
    | ```
    | x  0.72118
    | ```
    | 4 trials in [time]: 2 done, 2 failed
    | (`quadratic-fbh5mz` for @mika · 1 at a time, random search, seed 7)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.17739*
        @tunebot
        | How `quadratic-fbh5mz` came to its best.
        | (picture quadratic-fbh5mz-history.png, Optimisation history: quadratic-fbh5mz: best loss 0.1774 (trial 0))
    ");
}

#[tokio::test]
async fn a_trial_that_was_lost_is_tried_again() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::running(LOST).parallel(1))).await;
    scene.type_command("quadratic trials=3").await;
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.009715*
    | ```
    | x  0.20143
    | ```
    | 3 trials in [time]: 3 done
    | (`quadratic-k7krkt` for @mika · 1 at a time, random search, seed 7)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *0.009715*
        @tunebot
        | How `quadratic-k7krkt` came to its best.
        | (picture quadratic-k7krkt-history.png, Optimisation history: quadratic-k7krkt: best loss 0.009715 (trial 1))
    ");
    let attempts = scene.tunebot.config().started_attempts();
    let ends: Vec<&str> = attempts.iter().map(|attempt| &attempt[attempt.len() - 4..]).collect();
    assert_eq!(ends, ["-0-1", "-0-2", "-1-1", "-2-1"]);
    scene.tunebot.nothing_is_left_running().await;
}

#[tokio::test]
async fn a_sweep_waits_while_the_engine_is_full_and_says_what_for() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::held().parallel(4))).await;
    scene.type_command("quadratic").await;
    scene.slack.wait_for_text(TUNING, "4 running").await;
    scene.send_command(&SlashCommand::new("quadratic").again(2)).await;
    scene.slack.wait_for_text(TUNING, "taken").await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @tunebot (edited)
    | *quadratic* sweep `quadratic-uatv9w` · running · @mika
    | `░░░░░░░░░░░░░░░░` 0/6 · no result yet
    | 4 running
    | (6 trials, 4 at a time, random search, seed 7)
    | [Stop] [Details]
    @tunebot (edited)
    | *quadratic* sweep `quadratic-d4zexy` · queued · @mika
    | Waits for a place on engine local: all 4 are taken
    | (6 trials, 4 at a time, random search, seed 7)
    | [Stop]
    ");
    scene.tunebot.config().release_trials();
    scene.closings(TUNING, 2).await;
    assert_eq!(scene.tunebot.config().started_attempts().len(), 12);
}
