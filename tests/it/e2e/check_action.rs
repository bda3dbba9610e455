//! Buttons of check runs on GitHub, and checks that are asked for again there.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request, on_push};
use crate::support::github::repo::Repo;
use crate::support::github::world::CheckRun;

/// Waits until the sweep of the commit's newest check run, the `count`th, has ended.
async fn ended(models: &Repo<'_>, sha: &str, count: usize) -> CheckRun {
    let mut seen = Vec::new();
    models
        .wait_for_check(sha, |run| {
            if !seen.contains(&run.id) {
                seen.push(run.id);
            }
            run.status == "completed" && seen.iter().position(|id| *id == run.id) == Some(count - 1)
        })
        .await
}

/// The commit's check runs, oldest first: whose they are, how they ended and what they offer.
fn overview(models: &Repo<'_>, sha: &str) -> String {
    let line = |run: &CheckRun| {
        let sweep = run.external_id.split('/').next().unwrap_or_default();
        let labels = run.actions.as_array().into_iter().flatten().filter_map(|action| action["label"].as_str());
        let buttons: Vec<String> = labels.map(|label| format!("[{label}]")).collect();
        let state = run.conclusion.as_deref().unwrap_or(&run.status);
        format!("{} of {sweep}: {state} {}", run.name, buttons.join(" "))
    };
    models.checks(sha).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_check_of_a_pull_request_is_stopped_and_run_again_by_its_buttons() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::held()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    let head = pull.head();
    scene.deliver(&opened).await;
    let first = models.wait_for_check(&head, |run| run.status == "in_progress").await;

    let stop = models.press(first.id, "stop", "noor");
    let event = scene.deliver(&stop).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    2  [instant]  done  stop of the check of quadratic-vt8akv on acme/models (e877536) by @noor
      /tune stop quadratic-vt8akv: stopped (quadratic-vt8akv): asked for by @noor
    ");
    let first = ended(&models, &head, 1).await;
    assert_eq!(scene.deliver(&stop).await, event, "GitHub delivers the same press again");

    scene.tunebot.config().release_trials();
    let rerun = scene.deliver(&models.press(first.id, "rerun", "noor")).await;
    insta::assert_snapshot!(scene.explain(rerun).await, @"
    4  [instant]  done  rerun of the check of quadratic-vt8akv on acme/models (e877536) by @noor
      /tune rerun quadratic-vt8akv: started (quadratic-v3hzu3): quadratic-vt8akv asked for again by @noor
    ");
    let second = ended(&models, &head, 2).await;
    let rerequested = scene.deliver(&models.rerequest(second.id, "mika")).await;
    insta::assert_snapshot!(scene.explain(rerequested).await, @"
    5  [instant]  done  rerun of the check of quadratic-v3hzu3 on acme/models (e877536) by @mika
      /tune rerun quadratic-v3hzu3: started (quadratic-ttve67): quadratic-v3hzu3 asked for again by @mika
    ");
    ended(&models, &head, 3).await;
    let all = scene.deliver(&models.rerequest_all(&head, "mika")).await;
    insta::assert_snapshot!(scene.explain(all).await, @"
    6  [instant]  done  rerun of all checks on acme/models (e877536) by @mika
      /tune rerun quadratic-ttve67: started (quadratic-zqrwc7): quadratic-ttve67 asked for again by @mika
    ");
    ended(&models, &head, 4).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(overview(&models, &head), @"
    tunebot / quadratic of quadratic-vt8akv: neutral [Re-run]
    tunebot / quadratic of quadratic-v3hzu3: neutral [Re-run]
    tunebot / quadratic of quadratic-ttve67: neutral [Re-run]
    tunebot / quadratic of quadratic-zqrwc7: neutral [Re-run]
    ");
    let said: Vec<String> = pull.comments().iter().map(|comment| comment.body().to_owned()).collect();
    let closing = said.iter().filter(|body| body.contains("/closing"));
    insta::assert_snapshot!(scene.mask(&closing.cloned().collect::<Vec<_>>().join("\n")), @"
    <!-- tunebot:quadratic-v3hzu3/comment/acme/models/1/closing -->
    @noor **quadratic**: loss **0.009715**
    <!-- tunebot:quadratic-ttve67/comment/acme/models/1/closing -->
    @mika **quadratic**: loss **0.009715**
    <!-- tunebot:quadratic-zqrwc7/comment/acme/models/1/closing -->
    @mika **quadratic**: loss **0.009715**
    ");
    assert_eq!(said.iter().filter(|body| body.contains("### tunebot")).count(), 1, "all share one comment: {said:?}");
}

#[tokio::test]
async fn a_press_of_somebody_who_may_not_is_refused_in_words_on_the_pull_request() {
    let scene = Scene::open(|config| {
        let tuning = Tuning::held().set("/access", json!({"github_users": ["mika"]}));
        config.tuning("quadratic", tuning).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    scene.deliver(&opened).await;
    let run = models.wait_for_check(&pull.head(), |run| run.status == "in_progress").await;
    let event = scene.deliver(&models.press(run.id, "stop", "noor")).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    2  [instant]  done  stop of the check of quadratic-vt8akv on acme/models (e877536) by @noor
      /tune stop quadratic-vt8akv: refused: You may not start or stop *quadratic* from here: it is open to @mika. Nothing was changed.
    ");
    let answer = pull.wait_for_comment(|comment| comment.body().contains("You may not")).await;
    insta::assert_snapshot!(scene.mask(answer.body()), @"
    <!-- tunebot:answer/github/00000000-0000-4000-8000-000000000003 -->
    You may not start or stop **quadratic** from here: it is open to @{200b}mika. Nothing was changed.
    ");

    let event = scene.deliver(&models.press(run.id, "stop", "mika")).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    3  [instant]  done  stop of the check of quadratic-vt8akv on acme/models (e877536) by @mika
      /tune stop quadratic-vt8akv: stopped (quadratic-vt8akv): asked for by @mika
    ");
    let run = ended(&models, &pull.head(), 1).await;
    let elsewhere = json!(format!("quadratic-zzzzzz/check/{MODELS}/{}", run.head_sha));
    let mut forged = models.rerequest(run.id, "mika");
    forged.set("/check_run/external_id", elsewhere);
    let event = scene.deliver(&forged).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    4  [instant]  done  rerun of the check of quadratic-zzzzzz on acme/models (e877536) by @mika
      /tune rerun quadratic-zzzzzz: refused: There is no sweep `quadratic-zzzzzz`. `/tune status` shows those that run.
    ");
}

#[tokio::test]
async fn a_check_of_a_push_is_run_again_where_there_is_no_pull_request() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-push", on_push(MODELS, "main", "quadratic"))
    })
    .await;
    let models = scene.models();
    let push = models.push("main", &["src/train.py"]);
    scene.deliver(&push.delivery).await;
    let first = ended(&models, &push.sha, 1).await;
    let event = scene.deliver(&models.press(first.id, "rerun", "noor")).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    2  [instant]  done  rerun of the check of quadratic-zq6ern on acme/models (6f95430) by @noor
      /tune rerun quadratic-zq6ern: started (quadratic-vt8akv): quadratic-zq6ern asked for again by @noor
    ");
    ended(&models, &push.sha, 2).await;
    let nothing = scene.deliver(&models.rerequest_all(&models.push("other", &[]).sha, "noor")).await;
    insta::assert_snapshot!(scene.explain(nothing).await, @"
    3  [instant]  done  rerun of all checks on acme/models (8570dd5) by @noor
      check on 8570dd5: ignored: no sweep has its check there
    ");
    insta::assert_snapshot!(overview(&models, &push.sha), @"
    tunebot / quadratic of quadratic-zq6ern: neutral [Re-run]
    tunebot / quadratic of quadratic-vt8akv: neutral [Re-run]
    ");
}
