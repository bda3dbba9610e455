//! A push starts a sweep; its check run says how it goes.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_push};
use crate::support::github::world::CheckRun;
use crate::support::slack::TUNING;

/// As the quadratic, and worse by what stands in the file `journal.offset`.
const DRIFTING: &str = r#"
offset=0
if [ -e "$JOURNAL.offset" ]; then offset=$(cat "$JOURNAL.offset"); fi
awk -v x="$1" -v offset="$offset" 'BEGIN { printf "{\"loss\": %.6f}\n", (x - 0.3) ^ 2 + offset }' > "$TUNEBOT_RESULT"
"#;

fn is_completed(run: &CheckRun) -> bool {
    run.status == "completed"
}

#[tokio::test]
async fn a_push_is_answered_by_a_check_run_that_goes_from_queued_to_the_best_parameters() {
    let scene = Scene::open(|config| {
        let dashboard = json!({"name": "training", "title": "Training", "uid": "ml-training",
                               "variables": {"sweep": "{sweep}", "branch": "{branch}"}});
        config
            .tuning("quadratic", Tuning::held().set("/dashboards", json!(["training"])))
            .trigger("on-main", on_push(MODELS, "main", "quadratic"))
            .set("/grafana", json!({"url": "https://grafana.example.com", "dashboards": [dashboard]}))
    })
    .await;
    let update = scene.models().push("main", &["src/train.py"]);
    let event = scene.deliver(&update.delivery).await;
    let running = |run: &CheckRun| run.status == "in_progress" && run.output.to_string().contains("2 running");
    scene.models().wait_for_check(&update.sha, running).await;
    insta::assert_snapshot!(scene.mask(&scene.models().render_checks(&update.sha)), @"
    check tunebot / quadratic: in_progress
    | running, 0 of 6 trials done, no result yet
    | `░░░░░░░░░░░░░░░░` 0/6 · no result yet
    |
    | 2 running
    |
    | [Training](https://grafana.example.com/d/ml-training?from=[ms]&to=now&var-branch=main&var-sweep=quadratic-zq6ern)
    | <details><summary>How it is run</summary>
    |
    | - Sweep: `quadratic-zq6ern` for @{200b}mika
    | - Trials: 6 asked for, 2 running
    | - Search: 2 at a time, random search, seed 7
    | - Code: `main` (6f95430)
    | - Commit: `6f954306bdda74c011af95c3cf5a68b9dd3da1a0`
    |
    | </details>
    ");
    scene.tunebot.config().release_trials();
    scene.models().wait_for_check(&update.sha, is_completed).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.mask(&scene.models().render_checks(&update.sha)), @"
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
    |
    | [Training](https://grafana.example.com/d/ml-training?from=[ms]&to=[ms]&var-branch=main&var-sweep=quadratic-zq6ern)
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
    | - Sweep: `quadratic-zq6ern` for @{200b}mika
    | - Trials: 6 asked for, 6 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `main` (6f95430)
    | - Commit: `6f954306bdda74c011af95c3cf5a68b9dd3da1a0`
    |
    | </details>
    ");
    insta::assert_snapshot!(scene.explain(event).await, @"
    1  [instant]  done  push to main of acme/models (6f95430), 1 changed path
      trigger on-main: started (quadratic-zq6ern): push of 6f95430 to main
    ");
    assert_eq!(scene.models().checks(&update.sha).len(), 1);
}

#[tokio::test]
async fn a_later_push_is_held_against_the_first_and_fails_the_check_when_it_is_worse_than_required() {
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::running(DRIFTING).set("/require", json!({"not_worse_than": "1%"})))
            .trigger("on-main", on_push(MODELS, "main", "quadratic"))
            .set("/notify/announce_channel", TUNING)
    })
    .await;
    let first = scene.models().push("main", &["src/train.py"]);
    scene.deliver(&first.delivery).await;
    let run = scene.models().wait_for_check(&first.sha, is_completed).await;
    assert_eq!(run.conclusion.as_deref(), Some("neutral"), "there is nothing to compare with");
    let second = scene.models().push("main", &["src/train.py"]);
    scene.deliver(&second.delivery).await;
    let run = scene.models().wait_for_check(&second.sha, is_completed).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"));
    std::fs::write(scene.tunebot.config().root().join("journal.offset"), "0.2").expect("a file");
    let third = scene.models().push("main", &["src/train.py"]);
    scene.deliver(&third.delivery).await;
    scene.models().wait_for_check(&third.sha, is_completed).await;
    insta::assert_snapshot!(scene.mask(&scene.models().render_checks(&third.sha)), @"
    check tunebot / quadratic: failure
    | worse by 2058.67 %: loss 0.2097, was 0.0097 on main
    | loss **0.2097**, was 0.0097 on `main` (+0.2000, 2059 % worse) · needs: loss not worse than on main by more than 1 %
    |
    | | | best (trial 1) | `main` |
    | |---|---|---|
    | | `loss` | **0.2097** | 0.0097 |
    |
    | | trial | `loss` | parameters |
    | |---|---|---|
    | | 1 | 0.20972 | `x 0.20143` |
    | | 5 | 0.22325 | `x 0.45249` |
    | | 4 | 0.22972 | `x 0.1276` |
    |
    | 6 trials in [time]: 6 done
    | <details><summary>All 6 trials</summary>
    |
    | | trial | how it ended | `loss` | parameters |
    | |---|---|---|---|
    | | 0 | done | 0.37739 | `x 0.72118` |
    | | 1 | done | 0.20972 | `x 0.20143` |
    | | 2 | done | 0.66988 | `x 0.98548` |
    | | 3 | done | 0.41935 | `x 0.76835` |
    | | 4 | done | 0.22972 | `x 0.1276` |
    | | 5 | done | 0.22325 | `x 0.45249` |
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
    | - Code: `main` (2652b1c)
    | - Commit: `2652b1ce83a09d4425fe48d364a44e29f5783999`
    | - Compared with: `quadratic-vt8akv`
    |
    | </details>
    ");
    scene.closings(TUNING, 3).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.channel(TUNING), @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *0.009715*
    | Check has nothing to decide: nothing to compare with on the base branch yet (needs: loss not worse than on the base branch by more than 1 %)
    | ```
    | x  0.20143
    | ```
    | 6 trials in [time]: 6 done
    | (`quadratic-zq6ern` for @mika · 2 at a time, random search, seed 7 · `main` (6f95430))
    | [Re-run] [Details]
        @tunebot
        | *quadratic*: loss *0.009715*
        @tunebot
        | How `quadratic-zq6ern` came to its best.
        | (picture quadratic-zq6ern-history.png, Optimisation history: quadratic-zq6ern: best loss 0.009715 (trial 1))
    @tunebot (edited)
    | *quadratic*: loss *0.009715*, was 0.009715 on `main` (no change)
    | Check passed: as good as before (needs: loss not worse than on main by more than 1 %)
    | ```
    | x  0.20143
    | ```
    | 6 trials in [time]: 6 done
    | (`quadratic-vt8akv` for @mika · 2 at a time, random search, seed 7 · `main` (6418aad))
    | [Re-run] [Details]
        @tunebot
        | *quadratic*: loss *0.009715*, was 0.009715 on `main` (no change)
        @tunebot
        | How `quadratic-vt8akv` came to its best.
        | (picture quadratic-vt8akv-history.png, Optimisation history: quadratic-vt8akv: best loss 0.009715 (trial 1))
    @tunebot (edited)
    | *quadratic*: loss *0.2097*, was 0.0097 on `main` (+0.2000, 2059 % worse)
    | Check did not pass: worse by 2058.67 % (needs: loss not worse than on main by more than 1 %)
    | ```
    | x  0.20143
    | ```
    | 6 trials in [time]: 6 done
    | (`quadratic-ynkyfr` for @mika · 2 at a time, random search, seed 7 · `main` (2652b1c))
    | [Re-run] [Details]
        @tunebot
        | *quadratic*: loss *0.2097*, was 0.0097 on `main` (+0.2000, 2059 % worse)
        @tunebot
        | How `quadratic-ynkyfr` came to its best.
        | (picture quadratic-ynkyfr-history.png, Optimisation history: quadratic-ynkyfr: best loss 0.2097 (trial 1))
    ");
}

#[tokio::test]
async fn pushes_that_no_trigger_wants_start_nothing_and_explain_says_why() {
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::quadratic())
            .trigger("on-main", on_push(MODELS, "main", "quadratic"))
            .set("/triggers/0/paths", json!(["src/**"]))
            .set("/triggers/0/ignore_authors", json!(["*[[]bot]"]))
    })
    .await;
    scene.github.repository("acme/website");
    let mut said = Vec::new();
    let deliveries = [
        scene.models().push("main", &["README.md"]).delivery,
        scene.models().push("feature", &["src/train.py"]).delivery,
        scene.models().push_commit("main", "renovate[bot]", "Update torch", &["src/train.py"]).delivery,
        scene.github.repository("acme/website").push("main", &["index.html"]).delivery,
        scene.github.ping(),
    ];
    for delivery in deliveries {
        let event = scene.deliver(&delivery).await;
        said.push(scene.explain(event).await);
    }
    insta::assert_snapshot!(said.concat(), @"
    1  [instant]  done  push to main of acme/models (6f95430), 1 changed path
      trigger on-main: ignored: the push changes no path that matches src/**
    2  [instant]  done  push to feature of acme/models (f6ef69b), 1 changed path
      trigger on-main: ignored: branch feature does not match main
    3  [instant]  done  push to main of acme/models (1a02b79), 1 changed path
      trigger on-main: ignored: author renovate[bot] is ignored
    4  [instant]  done  push to main of acme/website (a017c82), 1 changed path
      no trigger: ignored: no trigger for pushes names acme/website; one names other repositories
    5  [instant]  done  ping: Anything added dilutes everything else.
      ping: ignored: GitHub only says hello: the webhook is set up
    ");
    insta::assert_snapshot!(scene.read(&["status"]).await, @"no sweeps yet");
}

#[tokio::test]
async fn a_delivery_that_comes_twice_starts_one_sweep() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-main", on_push(MODELS, "main", "quadratic"))
    })
    .await;
    let update = scene.models().push("main", &["src/train.py"]);
    let event = scene.deliver(&update.delivery).await;
    let again = scene.github.deliver(scene.tunebot.url(), &update.delivery).await;
    insta::assert_snapshot!(format!("{} {}", again.status, again.body), @r#"200 {"event":1,"kind":"push","status":"repeated","understood":"push to main of acme/models (6f95430), 1 changed path"}"#);
    scene.models().wait_for_check(&update.sha, is_completed).await;
    let late = scene.github.deliver(scene.tunebot.url(), &update.delivery).await;
    assert_eq!((late.status, late.json()["event"].as_u64()), (200, Some(event)));
    scene.decided(event).await;
    assert_eq!(scene.tunebot.get("/api/v1/sweeps").await.json()["sweeps"].as_array().map(Vec::len), Some(1));
    assert_eq!(scene.tunebot.config().started_attempts().len(), 6);
}
