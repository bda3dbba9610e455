//! What people type in a terminal, and what they read there.

use serde_json::json;

use super::scene::{MODELS, Scene, mask, mask_ids, printed};
use crate::support::config::{ConfigFolder, Tuning, on_push};
use crate::support::github::FakeGithub;
use crate::support::server::run;

fn quadratic() -> ConfigFolder {
    ConfigFolder::new().tuning("quadratic", Tuning::quadratic())
}

async fn say(config: &ConfigFolder, arguments: &[&str]) -> String {
    let printed = printed(config, &run(config, arguments).await);
    // These sweeps take their ids from the time of day.
    ["quadratic", "broken"].iter().fold(printed, |text, tuning| mask_ids(&text, tuning))
}

#[tokio::test]
async fn run_does_one_sweep_and_leaves_a_store_to_look_into() {
    let config = quadratic().set("/server/log/filter", "warn");
    insta::assert_snapshot!(say(&config, &["run", "quadratic", "trials=4", "x=0.1..0.6"]).await, @"
    exit code 0
    quadratic: loss 0.009857
    4 trials in [time]: 4 done

      x  0.20072

    The best 4 trials:
      trial 1  0.009857  x 0.20072
      trial 0  0.025789  x 0.46059
      trial 3  0.03392   x 0.48417
      trial 2  0.085696  x 0.59274

    Stored in [folder]/store/tunebot.db. Again: tunebot status quadratic-[id] --store [folder]/store/tunebot.db
    ");
    insta::assert_snapshot!(say(&config, &["best", "quadratic"]).await, @"
    exit code 0
    quadratic-[id]  2 at a time, random search, seed 7  x narrowed to 0.1..0.6
      [################] 4/4  best loss 0.009857 (trial 1)
      x  0.20072
    ");
    insta::assert_snapshot!(say(&config, &["status"]).await, @"
    exit code 0
    quadratic-[id]  2 at a time, random search, seed 7  x narrowed to 0.1..0.6
      [################] 4/4  best loss 0.009857 (trial 1)
    ");
    let folder = config.root().join("pictures");
    let out = folder.to_str().expect("a path of UTF-8");
    insta::assert_snapshot!(say(&config, &["chart", "quadratic", "--out", out]).await, @"
    exit code 0
    [folder]/pictures/quadratic-[id]-history.svg  quadratic-[id]: best loss 0.009857 (trial 1)
    [folder]/pictures/quadratic-[id]-slices.svg  quadratic-[id]: loss by parameter
    [folder]/pictures/quadratic-[id]-parallel.svg  quadratic-[id]: where the best trials lie
    ");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 3);
    let file = folder.join("one.png");
    let one = ["chart", "quadratic", "--kind", "history", "--out", file.to_str().expect("a path of UTF-8")];
    insta::assert_snapshot!(say(&config, &one).await, @"
    exit code 0
    [folder]/pictures/one.png  quadratic-[id]: best loss 0.009857 (trial 1)
    ");
    assert!(std::fs::read(&file).expect("a picture").starts_with(b"\x89PNG"));
    insta::assert_snapshot!(say(&config, &["chart", "quadratic", "--out", "all.svg"]).await, @"
    exit code 1
    tunebot: all.svg has room for one chart: say which with --kind, or name a folder
    ");
    insta::assert_snapshot!(say(&config, &["explain"]).await, @"
    exit code 0
    1  [instant]  done  API request of terminal: quadratic trials=4 x=0.1..0.6
    ");
    insta::assert_snapshot!(say(&config, &["explain", "1"]).await, @"
    exit code 0
    1  [instant]  done  API request of terminal: quadratic trials=4 x=0.1..0.6
      /tune quadratic trials=4 x=0.1..0.6: started (quadratic-[id]): asked for by API (terminal)
    ");
    insta::assert_snapshot!(say(&config, &["explain", "7"]).await, @"
    exit code 1
    tunebot: there is no event 7 in this store: `tunebot explain` lists the last ones
    ");
    insta::assert_snapshot!(say(&config, &["status", "quadratic-zzzzzz"]).await, @"
    exit code 1
    tunebot: there is no sweep quadratic-[id] in this store: `tunebot status` lists them
    ");
    insta::assert_snapshot!(say(&config, &["best", "cubic"]).await, @"
    exit code 1
    tunebot: no sweep of cubic in this store has a result yet
    ");
}

#[tokio::test]
async fn run_of_trials_that_fail_ends_with_an_exit_code_and_their_log() {
    let tuning = Tuning::failing().parallel(1).set("/limits/failed_trials", 2);
    let config = ConfigFolder::new().tuning("broken", tuning).set("/server/log/filter", "error");
    insta::assert_snapshot!(say(&config, &["run", "broken"]).await, @"
    exit code 1
    broken gave up: 2 of the first 2 trials failed, which is the limit
    There is no result.
    2 of 6 trials in [time]: 2 failed

    All failed the same way: the program exited with code 3
    Log of trial 0:
      | CUDA out of memory at step 0

    Stored in [folder]/store/tunebot.db. Again: tunebot status broken-[id] --store [folder]/store/tunebot.db
    ");
    insta::assert_snapshot!(say(&config, &["run", "broke"]).await, @"
    exit code 1
    tunebot: I don't know a tuning called `broke`. Did you mean *broken*? `/tune list` shows the one there is. Nothing was started.
    ");
}

#[tokio::test]
async fn commands_without_a_store_or_a_configuration_say_what_to_do() {
    insta::assert_snapshot!(say(&quadratic(), &["status"]).await, @"
    exit code 1
    tunebot: [folder]/store/tunebot.db cannot be read: there is no store at [folder]/store/tunebot.db; `tunebot serve` and `tunebot run` make one
    ");
    insta::assert_snapshot!(say(&quadratic(), &["status", "--config", "elsewhere.yaml"]).await, @"
    exit code 1
    tunebot: there is no configuration at elsewhere.yaml: name it with --config
    ");
}

#[tokio::test]
async fn check_counts_what_is_there_or_lists_every_error() {
    let github = FakeGithub::start().await;
    let config = quadratic().github(&github).trigger("on-main", on_push(MODELS, "main", "quadratic"));
    insta::assert_snapshot!(say(&config, &["check"]).await, @"
    exit code 0
    1 file in [folder]/config: 1 tuning, 1 trigger, 0 schedules, no errors
    ");
    let broken = quadratic()
        .github(&github)
        .trigger("on-main", on_push(MODELS, "main", "quadratc"))
        .set("/tunings/quadratic/space/x/hihg", 3)
        .set("/tunings/quadratic/objective/direction", "smaller")
        .file("more.yaml", "tunings: [\n");
    insta::assert_snapshot!(say(&broken, &["check"]).await, @r#"
    exit code 1
    [folder]/config/more.yaml:1:10  unclosed bracket '['
        1 | tunings: [
          |          ^
    [folder]/config/tunebot.yaml:59:17  triggers[0].tuning: there is no tuning `quadratc`
        59 |       "tuning": "quadratc"
           |                 ^^^^^^^^^^ did you mean `quadratic`?
    [folder]/config/tunebot.yaml:82:22  tunings.quadratic.objective.direction: `smaller` is not known here
        82 |         "direction": "smaller",
           |                      ^^^^^^^^^ known: maximize, minimize
    [folder]/config/tunebot.yaml:92:11  tunings.quadratic.space.x.hihg: `hihg` is not a field here
        92 |           "hihg": 3,
           |           ^^^^^^ did you mean `high`?
    4 errors, nothing was changed
    "#);
}

#[tokio::test]
async fn schema_is_a_json_schema_with_a_description_for_editors() {
    let output = run(&quadratic(), &["schema"]).await;
    assert_eq!(output.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let sections: Vec<&String> = schema["properties"].as_object().expect("sections").keys().collect();
    insta::assert_snapshot!(format!("{} {sections:?}", schema["$schema"]), @r#""https://json-schema.org/draft/2020-12/schema" ["engines", "github", "grafana", "notify", "people", "quotas", "schedules", "server", "slack", "store", "triggers", "tunings"]"#);
}

#[tokio::test]
async fn replay_predicts_what_an_event_would_start() {
    let github = FakeGithub::start().await;
    let models = github.repository(MODELS);
    // It needs no secret.
    let config = quadratic()
        .github(&github)
        .without_variable("GITHUB_WEBHOOK_SECRET")
        .trigger("on-main", on_push(MODELS, "main", "quadratic"))
        .set("/triggers/0/paths", json!(["src/**"]));
    let mut said = Vec::new();
    for paths in [["src/train.py"], ["README.md"]] {
        let file = config.root().join("push.json");
        std::fs::write(&file, models.push("main", &paths).delivery.body).expect("a file");
        said.push(say(&config, &["replay", &file.to_string_lossy()]).await);
    }
    let file = config.root().join("command");
    let command = crate::support::slack_client::SlashCommand::new("quadratic trials=4");
    std::fs::write(&file, command.body()).expect("a file");
    said.push(say(&config, &["replay", &file.to_string_lossy()]).await);
    std::fs::write(&file, "neither").expect("a file");
    said.push(say(&config, &["replay", &file.to_string_lossy()]).await);
    insta::assert_snapshot!(said.join("\n"), @"
    exit code 0
    push to main of acme/models (6f95430), 1 changed path
      trigger on-main: would be started: push of 6f95430 to main; assuming that it was not tuned before and that no older sweep of it is running

    exit code 0
    push to main of acme/models (6418aad), 1 changed path
      trigger on-main: would be ignored: the push changes no path that matches src/**

    exit code 0
    /tune quadratic trials=4
      /tune quadratic trials=4: would be started: asked for by @mika

    exit code 1
    tunebot: The file is neither JSON (expected ident at line 1 column 2) nor the form of a slash command. Give it a payload as GitHub sends it, or a body like team_id=T1&channel_id=C1&user_id=U1&text=resnet.
    ");
}

#[tokio::test]
async fn the_demonstration_runs_two_sweeps_and_shows_what_slack_and_github_show() {
    let config = quadratic();
    let output = run(&config, &["demo", "--dir", "demo"]).await;
    let text = mask(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in ["/tune", "Slack", "GitHub", "Both sweeps are over"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let store = config.root().join("demo/store.db");
    let status = run(&config, &["status", "--store", &store.to_string_lossy()]).await;
    assert_eq!(status.status.code(), Some(0), "{}", String::from_utf8_lossy(&status.stderr));
}

#[tokio::test]
async fn status_and_best_look_into_the_store_of_a_running_server() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::held())).await;
    scene.type_command("quadratic").await;
    scene.slack.wait_for_text(crate::support::slack::TUNING, "2 running").await;
    insta::assert_snapshot!(scene.read(&["status"]).await, @"
    quadratic-uatv9w  2 at a time, random search, seed 7
      [----------------] 0/6  no result yet
    ");
    let best = scene.tunebot.run(&["best", "quadratic"]).await;
    insta::assert_snapshot!(printed(scene.tunebot.config(), &best), @"
    exit code 1
    tunebot: no sweep of quadratic in this store has a result yet
    ");
}
