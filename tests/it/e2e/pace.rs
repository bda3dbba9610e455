//! The pace at which Slack is called: no limit of its is broken, and a busy channel holds up nobody else.

use super::scene::Scene;
use crate::support::config::Tuning;
use crate::support::fault::{Fault, Rate};
use crate::support::slack::{Limits, NIGHTLY, NOOR, TUNING};
use crate::support::slack_client::SlashCommand;

/// Slack's limits, twenty times as fast, so that nobody has to wait long.
const FASTER: Limits = Limits {
    posts: Rate { burst: 8, per_minute: 1_200 },
    updates: Rate { burst: 8, per_minute: 1_000 },
    reads: Rate { burst: 8, per_minute: 1_000 },
    uploads: Rate { burst: 8, per_minute: 2_000 },
};

#[tokio::test]
async fn many_sweeps_in_few_channels_break_no_limit_and_all_is_said() {
    let scene = Scene::open(|config| {
        let pace = serde_json::json!({"posts_per_second": 20, "edits_per_minute": 1_000, "uploads_per_minute": 2_000});
        let quick = Tuning::quadratic().trials(2);
        config.tuning("quick", quick).set("/slack/pace", pace).set("/engines/local/local/parallel", 8)
    })
    .await;
    scene.slack.set_limits(FASTER);
    for seed in 0..24 {
        let channel = if seed % 4 == 0 { (NIGHTLY, "nightly") } else { (TUNING, "tuning") };
        let command = SlashCommand::new(&format!("quick seed={seed}")).in_channel(channel.0, channel.1);
        scene.send_command(&command).await;
    }
    scene.closings(TUNING, 18).await;
    scene.closings(NIGHTLY, 6).await;
    scene.outbox_is_empty().await;
    assert_eq!(scene.slack.violations(), 0, "Slack had to refuse nothing");
    for (channel, sweeps) in [(TUNING, 18), (NIGHTLY, 6)] {
        let messages = scene.slack.messages(channel);
        let with_pictures = messages.iter().filter(|message| !message.files.is_empty()).count();
        assert_eq!((messages.len(), with_pictures), (3 * sweeps, sweeps), "{}", scene.slack.render(channel));
    }
}

#[tokio::test]
async fn a_channel_that_slack_closes_for_an_hour_holds_up_no_other() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    scene.slack.inject("chat.postMessage", Fault::RateLimited { retry_after: 3600 });
    scene.type_command("quadratic").await;
    scene.tunebot.wait_for("the refusal", "/metrics", |_| (scene.slack.faults_left() == 0).then_some(())).await;
    let elsewhere = SlashCommand::new("quadratic seed=8").by(NOOR, "noor").in_channel(NIGHTLY, "nightly");
    scene.send_command(&elsewhere).await;
    scene.closings(NIGHTLY, 1).await;
    assert!(scene.slack.messages(TUNING).is_empty(), "{}", scene.slack.render(TUNING));
}
