//! What one person may ask for in a day, in Slack and on pull requests together.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::scene::{MODELS, Scene};
use crate::support::config::{Tuning, on_pull_request};
use crate::support::slack::{MIKA, NOOR, TUNING};
use crate::support::slack_client::SlashCommand;

/// The count begins anew at midnight: nothing here may begin before and end after it.
async fn keep_off_midnight() {
    const DAY: i64 = 86_400;
    const LONGEST: i64 = 120;
    while DAY - Timestamp::now().as_second().rem_euclid(DAY) < LONGEST {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn the_third_sweep_of_a_day_is_refused_wherever_it_is_asked_for() {
    keep_off_midnight().await;
    let scene = Scene::open(|config| {
        config
            .tuning("quadratic", Tuning::quadratic())
            .trigger("on-pr", on_pull_request(MODELS, "quadratic"))
            .set("/quotas", json!({"sweeps_per_day": 2}))
            .set("/people", json!([{"name": "mika", "slack": MIKA, "github": "mika"}]))
    })
    .await;
    let models = scene.models();
    let (pull, opened) = models.open_pull_request("faster", "Train faster");
    scene.deliver(&opened).await;
    scene.type_command("quadratic trials=2").await;
    scene.closings(TUNING, 1).await;
    let event = scene.deliver(&pull.comment("mika", "/tune quadratic trials=2 seed=2")).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    3  [instant]  done  comment created on #1 of acme/models
      /tune quadratic trials=2 seed=2: started (quadratic-ynkyfr): asked for by @mika
    ");

    scene.type_command("quadratic trials=2 seed=3").await;
    scene.slack.wait_for_text(TUNING, "a day is the limit").await;
    let event = scene.deliver(&pull.comment("mika", "/tune quadratic trials=2 seed=4")).await;
    insta::assert_snapshot!(scene.explain(event).await, @"
    5  [instant]  done  comment created on #1 of acme/models
      /tune quadratic trials=2 seed=4: refused: You have started 2 sweeps today, and 2 a day is the limit. It is free again at 00:00 UTC (in [time]). Nothing was started.
    ");
    pull.wait_for_comment(|comment| comment.body().contains("a day is the limit")).await;

    // Somebody else has a count of their own.
    scene.send_command(&SlashCommand::new("quadratic trials=2 seed=5").by(NOOR, "noor")).await;
    scene.closings(TUNING, 2).await;
    scene.outbox_is_empty().await;
    let channel = scene.channel(TUNING);
    let refusals: Vec<&str> = channel.lines().map(str::trim).filter(|line| line.contains("limit")).collect();
    insta::assert_snapshot!(refusals.join("\n"), @"| You have started 2 sweeps today, and 2 a day is the limit. It is free again at 00:00 UTC (in [time]). Nothing was started.");
}
