//! Every request to GitHub and every answer of the fake, by GitHub's own description of its REST API.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{githubs_own, judged};
use crate::e2e::scene::{MODELS, Scene};
use crate::support::config::{ConfigFolder, Tuning, on_pull_request, on_push};
use crate::support::github::FakeGithub;
use crate::support::github::world::CheckRun;
use crate::support::server::Tunebot;
use crate::support::slack::TUNING;

const FILE: &str = "configs/quadratic.yaml";

/// What must have been said, for the judge to have had something to judge.
const OPERATIONS: [&str; 26] = [
    "tokens.create",
    "installation.get",
    "hook.deliveries",
    "hook.redeliver",
    "hooks.list",
    "team.membership",
    "permission.get",
    "branches.list",
    "refs.get",
    "refs.create",
    "commits.compare",
    "contents.get",
    "contents.put",
    "pulls.list",
    "pulls.get",
    "pulls.files",
    "pulls.create",
    "pulls.update",
    "labels.add",
    "reviewers.add",
    "comments.create",
    "comments.list",
    "comments.update",
    "reactions.create",
    "checks.create",
    "checks.update",
];

fn lines(spoken: &[Value]) -> String {
    spoken.iter().map(|call| format!("{call}\n")).collect()
}

fn is_completed(run: &CheckRun) -> bool {
    run.status == "completed"
}

/// Its people are looked up in a team.
fn held() -> Tuning {
    let access = json!({"github_teams": ["acme/ml-platform"], "github_users": ["mika", "noor"]});
    Tuning::held().set("/access", access)
}

fn fast() -> Tuning {
    let apply = json!({"file": FILE, "key": "params", "labels": ["tuning"], "reviewers": ["noor"]});
    Tuning::quadratic().repository(MODELS).set("/apply", apply)
}

/// Nobody waits in a test.
fn pace() -> serde_json::Value {
    json!({"writes_per_minute": 8000, "writes_per_hour": 50000})
}

fn with_everything(config: ConfigFolder) -> ConfigFolder {
    let policy = json!({"repositories": ["acme/*"], "tunings": ["fast"], "max_trials": 4});
    config
        .set("/github/pace", pace())
        .tuning("quadratic", held())
        .tuning("fast", fast())
        .trigger("on-push", on_push(MODELS, "main", "fast"))
        .set("/triggers/0/paths", json!(["src/**"]))
        .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
        .set("/triggers/1/on/pull_request/forks", true)
        .set("/triggers/1/paths", json!(["src/**"]))
        .set("/github/forks", json!({"tunings": ["quadratic"]}))
        .set("/github/repository_config", policy)
}

/// A pull request whose check is stopped and run again by its buttons, and which is commanded by comments.
async fn on_a_pull_request(scene: &Scene) {
    let models = scene.models();
    models.write_file("main", FILE, "params:\n  x: 0.5\n");
    let push = models.push("main", &["src/train.py"]);
    scene.deliver(&push.delivery).await;
    models.wait_for_check(&push.sha, is_completed).await;
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    scene.deliver(&opened).await;
    let run = models.wait_for_check(&pull.head(), |run| run.status == "in_progress").await;
    scene.deliver(&models.press(run.id, "stop", "noor")).await;
    models.wait_for_check(&pull.head(), is_completed).await;
    scene.tunebot.config().release_trials();
    scene.deliver(&models.press(run.id, "rerun", "noor")).await;
    models.wait_for_check(&pull.head(), |again| again.id != run.id && is_completed(again)).await;
    for login in ["ada", "stranger"] {
        let event = scene.deliver(&pull.comment(login, "/tune quadratic trials=2")).await;
        scene.decided(event).await;
    }
    pull.wait_for_comment(|comment| comment.body().contains("@ada **quadratic**")).await;
    scene.outbox_is_empty().await;
}

/// The best of two sweeps is applied, the second one to the pull request that is there.
async fn apply(scene: &Scene) {
    for (count, words) in ["trials=4", "trials=4 seed=8"].into_iter().enumerate() {
        scene.type_command(&format!("fast {words}")).await;
        scene.closings(TUNING, count + 1).await;
        scene.outbox_is_empty().await;
        let sweeps = scene.tunebot.get("/api/v1/sweeps").await.json();
        let sweep = sweeps["sweeps"][0]["id"].as_str().expect("an id").to_owned();
        scene.type_command(&format!("apply {sweep}")).await;
        scene.slack.wait_for_text(TUNING, if count == 0 { "Opened" } else { "Updated" }).await;
    }
    scene.outbox_is_empty().await;
}

/// A fork waits and is allowed, and a pull request changes the repository's own rules.
async fn from_elsewhere(scene: &Scene) {
    let models = scene.models();
    let (fork, opened) = models.open_pull_request_from_fork("stranger", "gift", "Please train this");
    scene.deliver(&opened).await;
    let waits = |run: &CheckRun| run.conclusion.as_deref() == Some("action_required");
    models.wait_for_check(&fork.head(), waits).await;
    scene.deliver(&fork.comment("noor", &format!("/tune approve {}", fork.head()))).await;
    models.wait_for_check(&fork.head(), |run| run.conclusion.as_deref() == Some("neutral")).await;
    let rules = "triggers:\n  - {name: own, on: push, tuning: quadradic, with: {trials: 90}}\nschedules: []\n";
    models.write_file("rules", ".tunebot.yaml", rules);
    let (pull, opened) = models.open_pull_request("rules", "Rules of our own");
    scene.deliver(&opened).await;
    models.wait_for_check(&pull.head(), |run| run.name.contains("yaml") && is_completed(run)).await;
    scene.outbox_is_empty().await;
}

fn watchful(config: ConfigFolder) -> ConfigFolder {
    config
        .tuning("quadratic", Tuning::quadratic())
        .trigger("on-push", on_push(MODELS, "main", "quadratic"))
        .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
        .set("/github/catch_up", json!({"every": "1s", "grace": "0s"}))
        .set("/github/pace", pace())
}

/// What was not delivered, as the App; returns what was said.
async fn missed() -> FakeGithub {
    let Scene { github, mut tunebot, .. } = Scene::open(watchful).await;
    github.wait_for_calls("branches.list", 2).await;
    let models = github.repository(MODELS);
    let (pull, _) = models.open_pull_request("faster", "Train faster");
    models.push("main", &["src/train.py"]);
    // Comments are nothing that is found by comparing.
    github.deliver_in_vain(&pull.comment("noor", "/tune help"));
    github.wait_for_calls("hook.redeliver", 1).await;
    models.wait_for_check(&models.head("main"), is_completed).await;
    models.wait_for_check(&models.head("faster"), is_completed).await;
    tunebot.stop().await;
    github
}

/// The same by a personal token, which has statuses for checks.
async fn missed_by_token() -> FakeGithub {
    let github = FakeGithub::start().await;
    let models = github.repository(MODELS);
    models.promote("robot", "admin");
    let mut tunebot = Tunebot::start(watchful(ConfigFolder::new().github_by_token(&github))).await;
    github.point_webhook_to(tunebot.url());
    github.wait_for_calls("branches.list", 2).await;
    let (pull, _) = models.open_pull_request("faster", "Train faster");
    github.deliver_in_vain(&pull.comment("noor", "/tune help"));
    github.wait_for_calls("hook.redeliver", 1).await;
    github.wait_for_calls("statuses.create", 2).await;
    tunebot.stop().await;
    github
}

#[tokio::test]
async fn githubs_own_description_finds_no_fault_in_what_is_said() {
    let Some(judge) = githubs_own() else { return };
    let scene = Scene::open(with_everything).await;
    scene.github.team("acme/ml-platform", &["ada"]);
    on_a_pull_request(&scene).await;
    apply(&scene).await;
    from_elsewhere(&scene).await;
    let (by_app, by_token) = (missed().await, missed_by_token().await);
    let worlds = [&scene.github, &by_app, &by_token];
    let is_unsaid = |operation: &&&str| worlds.iter().all(|github| github.calls(operation) == 0);
    let unsaid: BTreeSet<&&str> = OPERATIONS.iter().filter(is_unsaid).collect();
    let spoken: Vec<Value> = worlds.into_iter().flat_map(FakeGithub::spoken).collect();
    let faults = judged(judge, &lines(&spoken));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(unsaid.is_empty(), "nothing was said of {unsaid:?}");
}

/// A call of a repository's that is answered as `status` with `answer`.
fn call(method: &str, path: &str, request: Value, (status, answer): (u16, Value)) -> Value {
    json!({"method": method, "path": format!("/repos/acme/models{path}"), "query": {}, "request": request,
           "status": status, "answer": answer})
}

#[test]
fn the_judge_finds_what_github_does_not_take_or_say() {
    let Some(judge) = githubs_own() else { return };
    let label = json!({"id": 1, "node_id": "L", "url": "https://github.example/l", "name": "tuning", "color": "d73a4a",
                       "default": false, "description": null});
    let labels = json!({"labels": ["tuning"]});
    let refused = json!({"message": "Not Found"});
    let mut asked_for_more = call("GET", "/issues/1/labels", Value::Null, (200, json!([label])));
    asked_for_more["query"] = json!({"per_page": "100", "sort": "name"});
    let (mut nameless, mut invented) = (label.clone(), label.clone());
    nameless["name"] = Value::Null;
    invented["emoji"] = json!("🔧");
    let run = json!({"name": "tunebot", "head_sha": "3f2a91c", "status": "completed", "conclusion": "fine",
                     "output": {"title": "t", "summary": "s", "colour": "red"}, "actions": [{"label": "Stop"}]});
    let calls = [
        call("POST", "/issues/1/labels", labels.clone(), (200, json!([label]))),
        call("POST", "/issues/1/labels", labels.clone(), (404, refused.clone())),
        call("POST", "/issues/1/labels", labels.clone(), (200, json!([nameless]))),
        call("POST", "/issues/1/labels", labels.clone(), (200, json!([invented]))),
        call("POST", "/issues/1/labels", labels.clone(), (201, json!([label]))),
        call("POST", "/issues/one/labels", labels, (404, json!({}))),
        asked_for_more,
        call("GET", "/issues/1/labels", json!({}), (200, json!([]))),
        call("PATCH", "/issues/1/labels", json!({}), (404, refused)),
        call("POST", "/issues/comments/7/reactions", json!({"content": "seen"}), (200, Value::Null)),
        call("POST", "/check-runs", run, (201, Value::Null)),
    ];
    insta::assert_snapshot!(judged(judge, &lines(&calls)).join("\n"), @"
    POST /repos/{owner}/{repo}/issues/{issue_number}/labels answer 200 /0/name: must be string
    POST /repos/{owner}/{repo}/issues/{issue_number}/labels answer 200 /0/emoji: GitHub knows no such field
    POST /repos/{owner}/{repo}/issues/{issue_number}/labels answer: GitHub does not answer 201 here
    POST /repos/{owner}/{repo}/issues/{issue_number}/labels path issue_number: it/value must be integer
    POST /repos/{owner}/{repo}/issues/{issue_number}/labels answer 404 /message: it is missing
    GET /repos/{owner}/{repo}/issues/{issue_number}/labels query sort: GitHub knows no such parameter
    GET /repos/{owner}/{repo}/issues/{issue_number}/labels request: GitHub takes no body here
    PATCH /repos/acme/models/issues/1/labels: GitHub has no such operation
    POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions request /content: must be equal to one of the allowed values (+1, -1, laugh, confused, heart, hooray, rocket, eyes)
    POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions answer 200 /: must be object
    POST /repos/{owner}/{repo}/check-runs request /conclusion: must be equal to one of the allowed values (action_required, cancelled, failure, neutral, success, skipped, stale, timed_out)
    POST /repos/{owner}/{repo}/check-runs request /actions/0: must have required property 'description'
    POST /repos/{owner}/{repo}/check-runs request /actions/0: must have required property 'identifier'
    POST /repos/{owner}/{repo}/check-runs request /output/colour: GitHub knows no such field
    POST /repos/{owner}/{repo}/check-runs answer 201 /: must be object
    ");
}
