//! `/tune apply`: a pull request with the best parameters.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{ConfigFolder, Tuning, on_pull_request};
use crate::support::fault::Fault;
use crate::support::github::repo::Pull;
use crate::support::slack::{NOOR, TUNING};

const FILE: &str = "configs/quadratic.yaml";
const YAML: &str = "\
# What production uses.
model:
  name: quadratic   # not tuned
  params:           # tuned
    x: 0.5          # since the spring
";

fn configured(config: ConfigFolder, apply: serde_json::Value) -> ConfigFolder {
    config.tuning("quadratic", Tuning::quadratic().repository(MODELS).set("/apply", apply))
}

fn usual() -> serde_json::Value {
    json!({"file": FILE, "key": "model.params", "labels": ["tuning"], "reviewers": ["noor"]})
}

async fn scene(apply: serde_json::Value) -> Scene {
    let scene = Scene::open(|config| configured(config, apply)).await;
    scene.models().write_file("main", FILE, YAML);
    scene
}

/// Runs a sweep from Slack, and returns its name.
async fn swept(scene: &Scene, words: &str, count: usize) -> String {
    scene.type_command(&format!("quadratic {words}")).await;
    scene.closings(TUNING, count).await;
    scene.outbox_is_empty().await;
    let sweeps = scene.tunebot.get("/api/v1/sweeps").await.json();
    sweeps["sweeps"][0]["id"].as_str().expect("an id").to_owned()
}

/// What the bot said last in #tuning.
fn last_word(scene: &Scene) -> String {
    let channel = scene.channel(TUNING);
    let message = channel.rsplit("\n@tunebot\n").next().expect("a message");
    message.lines().map(|line| line.trim_start_matches("| ")).collect::<Vec<_>>().join("\n")
}

async fn apply(scene: &Scene, sweep: &str) -> String {
    let acknowledged = scene.type_command(&format!("apply {sweep}")).await;
    scene.slack.wait_for_text(TUNING, "with the best of").await;
    scene.outbox_is_empty().await;
    format!("> {}\n{}", scene.mask(&acknowledged), last_word(scene))
}

#[tokio::test]
async fn the_best_parameters_become_a_pull_request() {
    let scene = scene(usual()).await;
    let sweep = swept(&scene, "trials=4", 1).await;
    insta::assert_snapshot!(apply(&scene, &sweep).await, @r"
    > Writing the best of `quadratic-fbh5mz` into its repository, by a pull request.
    Opened acme/models#1 with the best of `quadratic-fbh5mz`: `x` 0.5 → 0.20143.
    https://github.example/acme/models/pull/1
    ");
    insta::assert_snapshot!(scene.mask(&scene.models().proposals()), @r"
    #1 Tune quadratic: loss 0.009715 (open, tunebot/quadratic into main)
    labels: tuning · reviewers: noor
    | <!-- tunebot:apply/quadratic/acme/models/main -->
    | The best of sweep `quadratic-fbh5mz` (trial 1) into `configs/quadratic.yaml`, asked for by @{200b}mika.
    |
    | | | `main` | now |
    | |---|---|---|
    | | `model.params.x` | `0.5` | **0.20143316497562402** |
    |
    | ### The sweep
    |
    | | | best (trial 1) |
    | |---|---|
    | | `loss` | **0.009715** |
    | | `x` | `0.20143` |
    |
    | | trial | `loss` | parameters |
    | |---|---|---|
    | | 1 | 0.009715 | `x 0.20143` |
    | | 0 | 0.17739 | `x 0.72118` |
    | | 3 | 0.21935 | `x 0.76835` |
    |
    | 4 trials in [time]: 4 done
    |
    | <details><summary>Best parameters, to copy</summary>
    |
    | ```text
    | x  0.20143
    | ```
    |
    | </details>
    |
    | <details><summary>How it is run</summary>
    |
    | - Sweep: `quadratic-fbh5mz` for @{200b}mika
    | - Trials: 4 asked for, 4 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `main` (15959ec)
    | - Commit: `15959ecac2da0cb45b68912b9889ec68421b1e4d`
    |
    | </details>
    |
    | `/tune apply SWEEP` brings this up to date with another sweep of `quadratic`; the branch is tunebot's own.
    ");
    insta::assert_snapshot!(scene.models().file("tunebot/quadratic", FILE).expect("the file"), @r"
    # What production uses.
    model:
      name: quadratic   # not tuned
      params:           # tuned
        x: 0.20143316497562402          # since the spring
    ");
    assert_eq!(scene.models().file("main", FILE).as_deref(), Some(YAML), "only a person merges");
}

#[tokio::test]
async fn another_sweep_brings_the_same_pull_request_up_to_date() {
    let scene = scene(json!({"file": FILE, "key": "model.params"})).await;
    let first = swept(&scene, "trials=4", 1).await;
    apply(&scene, &first).await;
    let second = swept(&scene, "trials=4 seed=8", 2).await;
    scene.type_command(&format!("apply {second}")).await;
    scene.slack.wait_for_text(TUNING, "Updated").await;
    // The same command in the same words would be the same delivery.
    scene.type_command(&format!("/tune apply {second}")).await;
    scene.slack.wait_for_text(TUNING, "Open already").await;
    insta::assert_snapshot!(last_word(&scene), @r"
    Open already: acme/models#1 with the best of `quadratic-rqcysr`: `x` 0.5 → 0.36681.
    https://github.example/acme/models/pull/1
    ");
    let pulls = scene.github.read(|world| world.repository(MODELS).pull_requests.len());
    assert_eq!(pulls, 1);
    assert!(scene.models().proposals().contains(&second));
}

#[tokio::test]
async fn what_cannot_be_applied_is_said_where_it_was_asked() {
    let scene = scene(json!({"file": FILE, "key": "model.parms"})).await;
    let sweep = swept(&scene, "trials=4", 1).await;
    let mut said = Vec::new();
    scene.type_command("apply quadratic-aaaaaa").await;
    scene.slack.wait_for_text(TUNING, "There is no sweep").await;
    said.push(last_word(&scene));
    scene.type_command(&format!("apply {sweep}")).await;
    scene.slack.wait_for_text(TUNING, "Did you mean").await;
    said.push(last_word(&scene));
    scene.github.revoke_permission("contents");
    scene.type_command(&format!("/tune apply {sweep}")).await;
    scene.slack.wait_for_text(TUNING, "needs write access").await;
    said.push(last_word(&scene));
    insta::assert_snapshot!(said.join("\n"), @r"
    There is no sweep `quadratic-aaaaaa`. `/tune status` shows those that run.
    `configs/quadratic.yaml` on `main`, line 3: there is no `model.parms`. Did you mean `model.params`? Nothing was changed.
    GitHub: cannot read the branch main of acme/models: HTTP 403 Forbidden: Resource not accessible by integration: give the App (or the token) write access to issues, pull requests and checks, and read access to contents. To apply, tunebot needs write access to contents and pull requests of the repository.
    ");
    assert_eq!(scene.github.read(|world| world.repository(MODELS).pull_requests.len()), 0);
}

#[tokio::test]
async fn a_branch_with_the_work_of_people_is_left_alone() {
    let scene = scene(usual()).await;
    let sweep = swept(&scene, "trials=4", 1).await;
    scene.models().push("tunebot/quadratic", &["src/train.py"]);
    scene.type_command(&format!("apply {sweep}")).await;
    scene.slack.wait_for_text(TUNING, "not tunebot's").await;
    insta::assert_snapshot!(last_word(&scene), @"The branch `tunebot/quadratic` of acme/models has commits that are not tunebot's: merge or delete it, or set `apply.branch`. Nothing was changed.");
}

/// Mika runs a sweep on a pull request.
async fn tuned_pull_request(scene: &Scene) -> (Pull<'_>, String) {
    let (pull, opened) = scene.models().open_pull_request("feature", "Better x");
    scene.deliver(&opened).await;
    let done = |text: &str| text.contains("How it is run") && text.contains("6 done");
    pull.wait_for_comment(|comment| done(comment.body())).await;
    scene.outbox_is_empty().await;
    let sweeps = scene.tunebot.get("/api/v1/sweeps").await.json();
    (pull, sweeps["sweeps"][0]["id"].as_str().expect("an id").to_owned())
}

#[tokio::test]
async fn on_a_pull_request_the_answer_is_a_comment() {
    let scene = Scene::open(|config| {
        configured(config, usual()).trigger("on-pull-request", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    scene.models().write_file("main", FILE, YAML);
    let (pull, sweep) = tuned_pull_request(&scene).await;
    scene.deliver(&pull.comment("mika", &format!("/tune apply {sweep}"))).await;
    let answer = pull.wait_for_comment(|comment| comment.body().contains("with the best of")).await;
    insta::assert_snapshot!(scene.mask(answer.body()), @r"
    <!-- tunebot:applied/github/00000000-0000-4000-8000-000000000004/quadratic-ynkyfr -->
    Opened acme/models#{200b}2 with the best of `quadratic-ynkyfr`: `x` 0.5 → 0.20143.
    https://github.example/acme/models/pull/2
    ");
}

/// The answer to each of the calls that change something is lost after its effect; the wish is carried out once all the
/// same.
#[tokio::test]
async fn apply_best_is_a_button_in_slack_and_of_a_check() {
    let scene = Scene::open(|config| {
        configured(config, usual()).trigger("on-pull-request", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    scene.models().write_file("main", FILE, YAML);
    swept(&scene, "trials=4", 1).await;
    let message = scene.slack.wait_for_text(TUNING, "4 trials in").await;
    let click = scene.slack.click((TUNING, &message.ts), "Apply best", NOOR);
    assert_eq!(scene.interact(&click).await, "", "any word would change the message");
    let whispered = scene.whispered("Writing the best").await;
    scene.slack.wait_for_text(TUNING, "with the best of").await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(format!("> {whispered}\n{}", last_word(&scene)), @"
    > Writing the best of `quadratic-fbh5mz` into its repository, by a pull request.
    Opened acme/models#1 with the best of `quadratic-fbh5mz`: `x` 0.5 → 0.20143.
    https://github.example/acme/models/pull/1
    @tunebot (only @noor sees it)
    Writing the best of `quadratic-fbh5mz` into its repository, by a pull request.
    ");

    let (pull, _) = tuned_pull_request(&scene).await;
    let run = scene.models().wait_for_check(&pull.head(), |run| run.status == "completed").await;
    let event = scene.deliver(&scene.models().press(run.id, "apply", "noor")).await;
    let answer = pull.wait_for_comment(|comment| comment.body().contains("with the best of")).await;
    insta::assert_snapshot!(format!("{}\n{}", scene.explain(event).await, scene.mask(answer.body())), @"
    4  [instant]  done  apply of the check of quadratic-ynkyfr on acme/models (cbbc400) by @noor
      /tune apply quadratic-ynkyfr: answered (quadratic-ynkyfr): its best goes into configs/quadratic.yaml of acme/models, branch main, by a pull request
    
    <!-- tunebot:applied/github/00000000-0000-4000-8000-000000000004/quadratic-ynkyfr -->
    Open already: acme/models#{200b}1 with the best of `quadratic-ynkyfr`: `x` 0.5 → 0.20143.
    https://github.example/acme/models/pull/1
    ");
}

#[tokio::test]
async fn whatever_is_lost_on_the_way_there_is_one_branch_and_one_pull_request() {
    let scene = scene(usual()).await;
    let sweep = swept(&scene, "trials=4", 1).await;
    for operation in ["refs.create", "contents.put", "pulls.create"] {
        scene.github.inject(operation, Fault::DropAfter);
    }
    scene.type_command(&format!("apply {sweep}")).await;
    scene.slack.wait_for_text(TUNING, "with the best of").await;
    scene.outbox_is_empty().await;
    assert_eq!(scene.github.faults_left(), 0);
    let (pulls, branches) = scene.github.read(|world| {
        let repository = world.repository(MODELS);
        (repository.pull_requests.len(), repository.branches.keys().cloned().collect::<Vec<_>>())
    });
    assert_eq!((pulls, branches), (1, vec!["main".to_owned(), "tunebot/quadratic".to_owned()]));
    assert!(scene.models().proposals().contains("labels: tuning · reviewers: noor"));
    let answers = scene.slack.render(TUNING).matches("with the best of").count();
    assert_eq!(answers, 1);
}
