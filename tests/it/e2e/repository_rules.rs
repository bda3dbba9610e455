//! `.tunebot.yaml`: rules that a repository sets for itself.

use serde_json::json;

use super::scene::{MODELS, Scene, printed};
use crate::support::config::{ConfigFolder, Tuning};

const FILE: &str = ".tunebot.yaml";
const RULES: &str = "\
tunings:
  quadratic: {with: {trials: 2}}
triggers:
  - name: own
    on: push
    paths: [src/**]
    tuning: quadratic
";

fn with_policy(config: ConfigFolder) -> ConfigFolder {
    let policy = json!({"repositories": ["acme/*"], "tunings": ["quadratic"], "max_trials": 4});
    config.tuning("quadratic", Tuning::quadratic().repository(MODELS)).set("/github/repository_config", policy)
}

#[tokio::test]
async fn a_repository_starts_sweeps_by_its_own_rules() {
    let scene = Scene::open(with_policy).await;
    scene.models().write_file("main", FILE, RULES);
    let update = scene.models().push("main", &["src/train.py"]);
    let event = scene.deliver(&update.delivery).await;
    insta::assert_snapshot!(scene.explain(event).await, @r"
    1  [instant]  done  push to main of acme/models (6418aad), 1 changed path
      trigger own: started (quadratic-vt8akv): push of 6418aad to main
    ");
    let run = scene.models().wait_for_check(&update.sha, |run| run.status == "completed").await;
    assert!(run.output["summary"].as_str().is_some_and(|text| text.contains("2 trials")), "{:?}", run.output);
}

#[tokio::test]
async fn a_branch_does_not_bring_its_own_rules() {
    let scene = Scene::open(with_policy).await;
    scene.models().write_file("feature", FILE, RULES);
    let update = scene.models().push("feature", &["src/train.py"]);
    let event = scene.deliver(&update.delivery).await;
    insta::assert_snapshot!(scene.explain(event).await, @r"
    1  [instant]  done  push to feature of acme/models (f6ef69b), 1 changed path
      no trigger: ignored: no trigger is for pushes
    ");
}

#[tokio::test]
async fn a_faulty_file_leaves_the_rules_of_the_server() {
    let scene = Scene::open(with_policy).await;
    scene.models().write_file(
        "main",
        FILE,
        "triggers:\n  - {name: own, on: push, tuning: quadratic, with: {trials: 90}}\n",
    );
    let update = scene.models().push("main", &["src/train.py"]);
    let event = scene.deliver(&update.delivery).await;
    insta::assert_snapshot!(scene.explain(event).await, @r"
    1  [instant]  done  push to main of acme/models (6418aad), 1 changed path
      .tunebot.yaml: ignored: as it stands on main it does not count: line 2: triggers[0].with: `trials` would be 90: here it may be at most 4
    ");
}

#[tokio::test]
async fn the_pull_request_that_changes_the_file_says_what_it_comes_to() {
    let scene = Scene::open(with_policy).await;
    let faulty =
        "triggers:\n  - {name: own, on: push, tuning: quadradic, with: {trials: 90}}\n  - name: x\nschedules: []\n";
    scene.models().write_file("rules", FILE, faulty);
    let (pull, opened) = scene.models().open_pull_request("rules", "Rules of our own");
    scene.deliver(&opened).await;
    scene.models().wait_for_check(&pull.head(), |run| run.status == "completed").await;
    insta::assert_snapshot!(scene.mask(&scene.models().render_checks(&pull.head())), @r"
    check tunebot / .tunebot.yaml: failure
    | 3 errors: it would not count
    | While it is like this, only the server's rules count.
    |
    | - line 2: triggers\[0\].tuning: there is no tuning \`quadradic\` (did you mean \`quadratic\`?)
    | - line 3: triggers\[1\]: \`on\` is missing
    | - line 4: schedules: \`schedules\` is not a field here (known: triggers, tunings)
    .tunebot.yaml:2 triggers[0].tuning: there is no tuning `quadradic` (did you mean `quadratic`?)
    .tunebot.yaml:3 triggers[1]: `on` is missing
    .tunebot.yaml:4 schedules: `schedules` is not a field here (known: triggers, tunings)
    ");
    scene.models().write_file("rules", FILE, RULES);
    let update = pull.push(&["docs/x.md"]);
    scene.deliver(&update.delivery).await;
    let run = scene.models().wait_for_check(&update.sha, |run| run.status == "completed").await;
    insta::assert_snapshot!(scene.mask(&scene.models().render_checks(&update.sha)), @r"
    check tunebot / .tunebot.yaml: success
    | right: it counts once it is merged
    | Beside the server's rules:
    |
    | - quadratic: every sweep begins with trials=2
    | - own: pushes start quadratic with trials=2
    ");
    assert_eq!(run.conclusion.as_deref(), Some("success"));
}

#[tokio::test]
async fn a_file_is_checked_by_hand_before_it_is_merged() {
    let scene = Scene::open(with_policy).await;
    let path = scene.tunebot.config().root().join(FILE);
    let path = path.to_str().expect("a path of plain letters");
    let mut said = Vec::new();
    for text in [RULES, "triggers:\n  - {name: own, on: push, tuning: quadradic}\nschedules: []\n"] {
        std::fs::write(path, text).expect("the file");
        let output = scene.tunebot.run(&["check", "--repository", path]).await;
        said.push(printed(scene.tunebot.config(), &output));
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    exit code 0
    [folder]/.tunebot.yaml: 1 trigger, no errors
      quadratic: every sweep begins with trials=2
      own: pushes start quadratic with trials=2

    exit code 1
    .tunebot.yaml:2:35  triggers[0].tuning: there is no tuning `quadradic`
        2 |   - {name: own, on: push, tuning: quadradic}
          |                                   ^^^^^^^^^ did you mean `quadratic`?
    .tunebot.yaml:3:1  schedules: `schedules` is not a field here
        3 | schedules: []
          | ^^^^^^^^^ known: triggers, tunings
    2 errors, nothing was changed
    ");
    assert!(scene.read(&["schema", "--repository"]).await.contains("tunebot configuration of a repository"));
}
