//! A pull request from a fork waits until somebody with write permission allows its head.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};
use crate::support::github::world::CheckRun;

async fn open() -> Scene {
    Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::quadratic())
            .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
            .set("/triggers/0/on/pull_request/forks", true)
            .set("/github/forks", json!({"tunings": ["quadratic"]}))
    })
    .await
}

fn waits(run: &CheckRun) -> bool {
    run.conclusion.as_deref() == Some("action_required")
}

#[tokio::test]
async fn nothing_of_a_fork_runs_until_its_head_is_allowed_and_the_next_push_waits_again() {
    let scene = open().await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request_from_fork("stranger", "gift", "Please train this");
    let first = pull.head();
    let event = scene.deliver(&opened).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    1  [instant]  done  pull request #1 of acme/models opened at 682269a
      trigger on-pr: refused: commit 682269a comes from a fork and waits for `/tune approve`
    ");
    models.wait_for_check(&first, waits).await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.mask(&pull.render()), @"
    acme/models#1 Please train this (open)
    @tunebot[bot]
    | <!-- tunebot:fork/comment/acme/models/1 -->
    | This PR comes from a fork. A maintainer can allow tuning of commit `682269a` with `/tune approve 682269a`; the next push needs it again.
    check tunebot / quadratic: action_required
    | waits for a maintainer
    | This PR comes from a fork. A maintainer can allow tuning of commit `682269a` with `/tune approve 682269a`; the next push needs it again.
    ");

    let by_stranger = scene.deliver(&pull.comment("stranger", &format!("/tune approve {first}"))).await;
    insta::assert_snapshot!(scene.explain(by_stranger).await, @"
    2  [instant]  done  comment created on #1 of acme/models
      comment on #1: refused: @stranger may not give commands here: they are for those who may write to acme/models. Nothing was started.
    ");
    assert_eq!(scene.tunebot.config().started_attempts(), Vec::<String>::new());

    let by_noor = scene.deliver(&pull.comment("noor", &format!("Fine.\n\n/tune approve {}", &first[..7]))).await;
    insta::assert_snapshot!(scene.explain(by_noor).await, @"
    3  [instant]  done  comment created on #1 of acme/models
      trigger on-pr: started (quadratic-ynkyfr): pull request #1 synchronize at 682269a, allowed by @noor
      /tune approve 682269a: answered: commit 682269a of the fork may be tuned
    ");
    models.wait_for_check(&first, |run| run.conclusion.as_deref() == Some("neutral")).await;
    scene.outbox_is_empty().await;
    let attempts = scene.tunebot.config().started_attempts().len();
    assert_eq!(attempts, 6);
    let notice = pull.comments().into_iter().find(|comment| comment.body().contains("fork/")).expect("the notice");
    insta::assert_snapshot!(scene.mask(notice.body()), @"
    <!-- tunebot:fork/comment/acme/models/1 -->
    This PR comes from a fork. @{200b}noor has allowed tuning of commit `682269a`; the next push needs it again.
    ");

    let update = pull.push(&["src/train.py"]);
    scene.deliver(&update.delivery).await;
    models.wait_for_check(&update.sha, waits).await;
    scene.outbox_is_empty().await;
    let notice = pull.comments().into_iter().find(|comment| comment.id == notice.id).expect("the same comment");
    insta::assert_snapshot!(scene.mask(notice.body()), @"
    <!-- tunebot:fork/comment/acme/models/1 -->
    This PR comes from a fork. A maintainer can allow tuning of commit `a78a2fd` with `/tune approve a78a2fd`; the next push needs it again.
    ");
    let late = scene.deliver(&pull.comment("noor", &format!("/tune approve {}", &first[..7]))).await;
    insta::assert_snapshot!(scene.explain(late).await, @"
    5  [instant]  done  comment created on #1 of acme/models
      /tune approve 682269a: refused: `682269a` is not the head of this pull request: that is `a78a2fd64f636b42b216c1c21a7cbe0e7d17ac07`. Have a look at it; `/tune approve a78a2fd64f636b42b216c1c21a7cbe0e7d17ac07` allows it. Nothing was started.
    ");
    assert_eq!(scene.tunebot.config().started_attempts().len(), attempts);
}

#[tokio::test]
async fn a_command_on_a_fork_needs_the_approval_too() {
    let scene = open().await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request_from_fork("stranger", "gift", "Please train this");
    scene.deliver(&opened).await;
    let event = scene.deliver(&pull.comment("noor", "/tune quadratic trials=2")).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    2  [instant]  done  comment created on #1 of acme/models
      /tune quadratic trials=2: refused: This pull request comes from a fork, and nobody has allowed its commit `682269a` to be tuned. Have a look at it; `/tune approve 682269a` allows it. Nothing was started.
    ");
    let both = format!("/tune approve {}\n/tune quadratic trials=2", pull.head());
    let event = scene.deliver(&pull.comment("noor", &both)).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    3  [instant]  done  comment created on #1 of acme/models
      trigger on-pr: started (quadratic-ynkyfr): pull request #1 synchronize at 682269a, allowed by @noor
      /tune approve 682269a83deb461bc66ec10acfb11cbba056f47f: answered: commit 682269a of the fork may be tuned
      /tune quadratic trials=2: started (quadratic-hv6bu0): asked for by @noor
    ");
}
