//! `/tune …` in a comment on a pull request.

use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};

#[tokio::test]
async fn a_command_in_a_comment_is_answered_on_the_pull_request() {
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::quadratic())
            .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
            .set("/triggers/0/on/pull_request/labels", json!(["tune"]))
    })
    .await;
    let models = scene.models();
    let (pull, _) = models.open_pull_request("faster", "Train faster");
    let event = scene.deliver(&pull.comment("noor", "Looks good. Let's see:\n\n/tune quadratic trials=4")).await;
    models.wait_for_check(&pull.head(), |run| run.status == "completed").await;
    scene.outbox_is_empty().await;
    insta::assert_snapshot!(scene.mask(&pull.render()), @"
    acme/models#1 Train faster (open)
    @noor
    | Looks good. Let's see:
    |
    | /tune quadratic trials=4
      eyes by @tunebot[bot]
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
    | - Sweep: `quadratic-ynkyfr` for @{200b}noor
    | - Trials: 4 asked for, 4 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (e877536)
    | - Commit: `e877536b931e4934e830d12d64ea609bf506869b`
    |
    | </details>
    @tunebot[bot]
    | <!-- tunebot:quadratic-ynkyfr/comment/acme/models/1/closing -->
    | @noor **quadratic**: loss **0.009715**
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
    | | 0 | 0.17739 | `x 0.72118` |
    | | 3 | 0.21935 | `x 0.76835` |
    |
    | 4 trials in [time]: 4 done
    | <details><summary>All 4 trials</summary>
    |
    | | trial | how it ended | `loss` | parameters |
    | |---|---|---|---|
    | | 0 | done | 0.17739 | `x 0.72118` |
    | | 1 | done | 0.009715 | `x 0.20143` |
    | | 2 | done | 0.46988 | `x 0.98548` |
    | | 3 | done | 0.21935 | `x 0.76835` |
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
    | - Sweep: `quadratic-ynkyfr` for @{200b}noor
    | - Trials: 4 asked for, 4 done
    | - Search: 2 at a time, random search, seed 7
    | - Code: `faster` (e877536)
    | - Commit: `e877536b931e4934e830d12d64ea609bf506869b`
    |
    | </details>
    ");
    insta::assert_snapshot!(scene.explain(event).await, @"
    1  [instant]  done  comment created on #1 of acme/models
      /tune quadratic trials=4: started (quadratic-ynkyfr): asked for by @noor
    ");
}

#[tokio::test]
async fn strangers_code_blocks_and_the_bot_itself_start_nothing_from_comments() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-pr", on_pull_request(MODELS, "quadratic"))
    })
    .await;
    let models = scene.models();
    let (pull, _) = models.open_pull_request("faster", "Train faster");
    let comments = [
        pull.comment("stranger", "/tune quadratic"),
        pull.comment("noor", "It would be\n\n```\n/tune quadratic\n```\n\n> /tune quadratic"),
        pull.comment("tunebot[bot]", "/tune quadratic"),
        pull.comment("noor", "/tune quadrtic\n/tune list"),
    ];
    let mut said = Vec::new();
    for comment in &comments {
        let event = scene.deliver(comment).await;
        said.push(scene.explain(event).await);
    }
    insta::assert_snapshot!(said.concat(), @"
    1  [instant]  done  comment created on #1 of acme/models
      comment on #1: refused: @stranger may not give commands here: they are for those who may write to acme/models. Nothing was started.
    2  [instant]  done  comment created on #1 of acme/models
      comment on #1: ignored: no line of the comment begins with /tune
    3  [instant]  done  comment created on #1 of acme/models
      comment on #1: ignored: the comment was written by a program
    4  [instant]  done  comment created on #1 of acme/models
      /tune quadrtic: refused: I don't know a tuning called `quadrtic`. Did you mean *quadratic*? `/tune list` shows the one there is. Nothing was started.
      /tune list: answered: a question
    ");
    pull.wait_for_comment(|comment| comment.body().contains("I don't know")).await;
    insta::assert_snapshot!(scene.mask(&pull.render()), @"
    acme/models#1 Train faster (open)
    @stranger
    | /tune quadratic
      confused by @tunebot[bot]
    @noor
    | It would be
    |
    | ```
    | /tune quadratic
    | ```
    |
    | > /tune quadratic
    @tunebot[bot]
    | /tune quadratic
    @noor
    | /tune quadrtic
    | /tune list
      eyes by @tunebot[bot]
    @tunebot[bot]
    | <!-- tunebot:answer/github/00000000-0000-4000-8000-000000000003 -->
    | @{200b}stranger may not give commands here: they are for those who may write to acme/models. Nothing was started.
    @tunebot[bot]
    | <!-- tunebot:answer/github/00000000-0000-4000-8000-000000000006 -->
    | I don't know a tuning called `quadrtic`. Did you mean **quadratic**? `/tune list` shows the one there is. Nothing was started.
    |
    | 1 tuning:
    |
    | ```text
    | quadratic  6 trials, 2 at a time  Minimises (x - 0.3)².
    | ```
    | `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    ");
    assert_eq!(scene.tunebot.config().started_attempts(), Vec::<String>::new());
}
