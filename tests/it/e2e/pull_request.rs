//! A pull request starts a sweep; a comment and a check run say how it goes.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};
use crate::support::github::world::CheckRun;

fn is_completed(run: &CheckRun) -> bool {
    run.status == "completed"
}

#[tokio::test]
async fn a_pull_request_gets_one_comment_and_a_check_run() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    let models = scene.models();
    let (pull, delivery) = models.open_pull_request("faster", "Train faster");
    scene.deliver(&delivery).await;
    models.wait_for_check(&pull.head(), is_completed).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.mask(&pull.render()), @"
    acme/models#1 Train faster (open)
    @tunebot[bot] (edited)
    | <!-- tunebot:tuning/quadratic/comment/acme/models/1 -->
    | ### tunebot / quadratic: loss **0.009715**
    |
    | | | best (trial 1) |
    | |---|---|
    | | `loss` | **0.009715** |
    | | `x` | `0.20143` |
    |
    | | trial | `loss` | parameters |
    | |---|---|---|
    | | 1 | 0.009715 | `x 0.20143` |
    | | 5 | 0.023253 | `x 0.45249` |
    | | 4 | 0.02972 | `x 0.1276` |
    |
    | 6 trials in [time]: 6 done
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
    | - Sweep: `quadratic-vt8akv` for @{200b}mika
    | - Trials: 6 asked for, 6 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (e877536)
    | - Commit: `e877536b931e4934e830d12d64ea609bf506869b`
    |
    | </details>
    check tunebot / quadratic: neutral
    | loss 0.009715
    | | | best (trial 1) |
    | |---|---|
    | | `loss` | **0.009715** |
    | | `x` | `0.20143` |
    |
    | | trial | `loss` | parameters |
    | |---|---|---|
    | | 1 | 0.009715 | `x 0.20143` |
    | | 5 | 0.023253 | `x 0.45249` |
    | | 4 | 0.02972 | `x 0.1276` |
    |
    | 6 trials in [time]: 6 done
    | <details><summary>All 6 trials</summary>
    |
    | | trial | how it ended | `loss` | parameters |
    | |---|---|---|---|
    | | 0 | done | 0.17739 | `x 0.72118` |
    | | 1 | done | 0.009715 | `x 0.20143` |
    | | 2 | done | 0.46988 | `x 0.98548` |
    | | 3 | done | 0.21935 | `x 0.76835` |
    | | 4 | done | 0.02972 | `x 0.1276` |
    | | 5 | done | 0.023253 | `x 0.45249` |
    |
    | </details>
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
    | - Sweep: `quadratic-vt8akv` for @{200b}mika
    | - Trials: 6 asked for, 6 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (e877536)
    | - Commit: `e877536b931e4934e830d12d64ea609bf506869b`
    |
    | </details>
    ");
}

#[tokio::test]
async fn new_commits_cancel_the_older_sweep_which_says_so() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::held()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    let old_head = pull.head();
    scene.deliver(&opened).await;
    models.wait_for_check(&old_head, |run| run.output.to_string().contains("2 running")).await;
    let update = pull.push(&["src/train.py"]);
    let event = scene.deliver(&update.delivery).await;
    models.wait_for_check(&old_head, is_completed).await;
    scene.tunebot.config().release_trials();
    models.wait_for_check(&update.sha, is_completed).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.mask(&models.render_checks(&old_head)), @"
    check tunebot / quadratic: skipped
    | stopped
    | **quadratic** stopped: a newer event asked for `quadratic-ynkyfr`
    |
    | There is no result.
    |
    | 2 of 6 trials in [time]: 2 stopped early
    | <details><summary>All 2 trials</summary>
    |
    | | trial | how it ended | `loss` | parameters |
    | |---|---|---|---|
    | | 0 | stopped early |  | `x 0.72118` |
    | | 1 | stopped early |  | `x 0.20143` |
    |
    | </details>
    |
    | <details><summary>How it is run</summary>
    |
    | - Sweep: `quadratic-vt8akv` for @{200b}mika
    | - Trials: 6 asked for, 2 stopped early
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (e877536)
    | - Commit: `e877536b931e4934e830d12d64ea609bf506869b`
    |
    | </details>
    ");
    insta::assert_snapshot!(scene.mask(&pull.render()), @"
    acme/models#1 Train faster (open)
    @tunebot[bot] (edited)
    | <!-- tunebot:tuning/quadratic/comment/acme/models/1 -->
    | ### tunebot / quadratic: loss **0.009715**
    |
    | | | best (trial 1) |
    | |---|---|
    | | `loss` | **0.009715** |
    | | `x` | `0.20143` |
    |
    | | trial | `loss` | parameters |
    | |---|---|---|
    | | 1 | 0.009715 | `x 0.20143` |
    | | 5 | 0.023253 | `x 0.45249` |
    | | 4 | 0.02972 | `x 0.1276` |
    |
    | 6 trials in [time]: 6 done
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
    | - Sweep: `quadratic-ynkyfr` for @{200b}mika
    | - Trials: 6 asked for, 6 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (027c82f)
    | - Commit: `027c82f1f3889529c52c0586d7f010e7b106992b`
    |
    | </details>
    |
    | <details><summary>Before this: 1 sweep</summary>
    |
    | - `quadratic-vt8akv` on e877536: stopped
    |
    | </details>
    check tunebot / quadratic: neutral
    | loss 0.009715
    | | | best (trial 1) |
    | |---|---|
    | | `loss` | **0.009715** |
    | | `x` | `0.20143` |
    |
    | | trial | `loss` | parameters |
    | |---|---|---|
    | | 1 | 0.009715 | `x 0.20143` |
    | | 5 | 0.023253 | `x 0.45249` |
    | | 4 | 0.02972 | `x 0.1276` |
    |
    | 6 trials in [time]: 6 done
    | <details><summary>All 6 trials</summary>
    |
    | | trial | how it ended | `loss` | parameters |
    | |---|---|---|---|
    | | 0 | done | 0.17739 | `x 0.72118` |
    | | 1 | done | 0.009715 | `x 0.20143` |
    | | 2 | done | 0.46988 | `x 0.98548` |
    | | 3 | done | 0.21935 | `x 0.76835` |
    | | 4 | done | 0.02972 | `x 0.1276` |
    | | 5 | done | 0.023253 | `x 0.45249` |
    |
    | </details>
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
    | - Sweep: `quadratic-ynkyfr` for @{200b}mika
    | - Trials: 6 asked for, 6 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (027c82f)
    | - Commit: `027c82f1f3889529c52c0586d7f010e7b106992b`
    |
    | </details>
    ");
    insta::assert_snapshot!(scene.explain(event).await, @"
    2  [instant]  done  pull request #1 of acme/models synchronize at 027c82f
      trigger on-pr: started (quadratic-ynkyfr): pull request #1 synchronize at 027c82f; stops quadratic-vt8akv
    ");
}

#[tokio::test]
async fn new_commits_wait_for_the_older_sweep_where_the_trigger_says_queue() {
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::held())
            .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
            .set("/triggers/0/on_newer", "queue")
    })
    .await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    let old_head = pull.head();
    scene.deliver(&opened).await;
    models.wait_for_check(&old_head, |run| run.output.to_string().contains("2 running")).await;
    let update = pull.push(&["src/train.py"]);
    scene.deliver(&update.delivery).await;
    models.wait_for_check(&update.sha, |run| run.output.to_string().contains("which is older")).await;
    insta::assert_snapshot!(scene.mask(&models.render_checks(&update.sha)), @"
    check tunebot / quadratic: queued
    | queued
    | Waits for `quadratic-vt8akv`, which is older, to end
    | <details><summary>How it is run</summary>
    |
    | - Sweep: `quadratic-ynkyfr` for @{200b}mika
    | - Trials: 6 asked for, no trial yet
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (027c82f)
    | - Commit: `027c82f1f3889529c52c0586d7f010e7b106992b`
    |
    | </details>
    ");
    scene.tunebot.config().release_trials();
    let older = models.wait_for_check(&old_head, is_completed).await;
    let newer = models.wait_for_check(&update.sha, is_completed).await;
    assert_eq!((older.conclusion.as_deref(), newer.conclusion.as_deref()), (Some("neutral"), Some("neutral")));
    assert_eq!(scene.tunebot.config().started_attempts().len(), 12);
}

#[tokio::test]
async fn closing_the_pull_request_stops_its_sweep() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::held()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    scene.deliver(&opened).await;
    models.wait_for_check(&pull.head(), |run| run.output.to_string().contains("2 running")).await;
    let event = scene.deliver(&pull.close()).await;
    models.wait_for_check(&pull.head(), is_completed).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.mask(&pull.render()), @"
    acme/models#1 Train faster (closed)
    @tunebot[bot] (edited)
    | <!-- tunebot:tuning/quadratic/comment/acme/models/1 -->
    | ### tunebot / quadratic: stopped
    |
    | **quadratic** stopped: the pull request was closed
    |
    | There is no result.
    |
    | 2 of 6 trials in [time]: 2 stopped early
    |
    | <details><summary>How it is run</summary>
    |
    | - Sweep: `quadratic-vt8akv` for @{200b}mika
    | - Trials: 6 asked for, 2 stopped early
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (e877536)
    | - Commit: `e877536b931e4934e830d12d64ea609bf506869b`
    |
    | </details>
    check tunebot / quadratic: skipped
    | stopped
    | **quadratic** stopped: the pull request was closed
    |
    | There is no result.
    |
    | 2 of 6 trials in [time]: 2 stopped early
    | <details><summary>All 2 trials</summary>
    |
    | | trial | how it ended | `loss` | parameters |
    | |---|---|---|---|
    | | 0 | stopped early |  | `x 0.72118` |
    | | 1 | stopped early |  | `x 0.20143` |
    |
    | </details>
    |
    | <details><summary>How it is run</summary>
    |
    | - Sweep: `quadratic-vt8akv` for @{200b}mika
    | - Trials: 6 asked for, 2 stopped early
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (e877536)
    | - Commit: `e877536b931e4934e830d12d64ea609bf506869b`
    |
    | </details>
    ");
    insta::assert_snapshot!(scene.explain(event).await, @"
    2  [instant]  done  pull request #1 of acme/models closed at e877536
      pull request: stopped (quadratic-vt8akv): pull request #1 was closed
      trigger on-pr: ignored: action closed is not one of opened, ready_for_review, reopened, synchronize
    ");
    scene.tunebot.nothing_is_left_running().await;
}

#[tokio::test]
async fn pull_requests_that_the_filters_exclude_start_nothing_and_explain_says_why() {
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::quadratic())
            .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
            .set("/triggers/0/on/pull_request/labels", json!(["tune"]))
            .set("/triggers/0/on/pull_request/ignore_labels", json!(["wip"]))
            .set("/triggers/0/on/pull_request/actions", json!(["opened", "labeled", "converted_to_draft"]))
            .set("/triggers/0/paths", json!(["src/**"]))
    })
    .await;
    let models = scene.models();
    let (_, from_fork) = models.open_pull_request_from_fork("stranger", "gift", "Please train this");
    let (pull, unlabelled) = models.open_pull_request("faster", "Train faster");
    let not_an_action = pull.push(&["src/train.py"]).delivery;
    let draft = pull.convert_to_draft();
    models.push("docs", &["README.md"]);
    let (documented, _) = models.open_pull_request("readme", "Say more");
    let mut wip = documented.label("tune");
    wip.set("/pull_request/labels", json!([{"name": "tune"}, {"name": "wip"}]));
    let mut said = Vec::new();
    for delivery in [from_fork, unlabelled, not_an_action, draft, wip] {
        let event = scene.deliver(&delivery).await;
        said.push(scene.explain(event).await);
    }
    insta::assert_snapshot!(said.concat(), @"
    1  [instant]  done  pull request #1 of acme/models opened at 682269a
      trigger on-pr: ignored: the pull request comes from a fork
    2  [instant]  done  pull request #2 of acme/models opened at 027c82f
      trigger on-pr: ignored: the pull request has none of the labels tune
    3  [instant]  done  pull request #2 of acme/models synchronize at 490de40
      trigger on-pr: ignored: action synchronize is not one of converted_to_draft, labeled, opened
    4  [instant]  done  pull request #2 of acme/models converted_to_draft at 490de40
      trigger on-pr: ignored: the pull request is a draft
    5  [instant]  done  pull request #3 of acme/models labeled at 193a1c3
      trigger on-pr: ignored: the pull request has the label wip
    ");
    assert!(pull.comments().is_empty() && documented.comments().is_empty());
}
