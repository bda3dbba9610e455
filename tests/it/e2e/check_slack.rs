//! `tunebot check --slack`: all that is missing in the workspace at once, each with how to mend it.

use serde_json::json;

use super::scene::printed;
use crate::support::config::{ConfigFolder, Tuning, on_push};
use crate::support::fault::Fault;
use crate::support::github::FakeGithub;
use crate::support::server::run;
use crate::support::slack::{DIRECT, FakeSlack, MIKA, NIGHTLY, RANDOM, SECRET, TUNING};

/// Names channels in every place that can, and a user group.
fn configured(slack: &FakeSlack) -> ConfigFolder {
    let access = json!({"slack_users": [MIKA], "slack_channels": [TUNING, DIRECT], "slack_groups": ["S0MLTEAM01"]});
    let nightly = json!({"cron": "0 3 * * *", "tuning": "quadratic", "channel": NIGHTLY});
    ConfigFolder::new()
        .slack(slack)
        .tuning("quadratic", Tuning::quadratic().set("/access", access))
        .schedule("nightly", nightly)
        .set("/notify/announce_channel", TUNING)
}

async fn check(config: &ConfigFolder) -> String {
    printed(config, &run(config, &["check", "--slack"]).await)
}

#[tokio::test]
async fn a_workspace_that_has_everything() {
    let slack = FakeSlack::start().await;
    // It takes its time.
    slack.inject("conversations.info", Fault::RateLimited { retry_after: 0 });
    insta::assert_snapshot!(check(&configured(&slack)).await, @"
    exit code 0
    1 file in [folder]/config: 1 tuning, 0 triggers, 1 schedule, no errors
    Slack: tunebot in Acme (https://acme.slack.com/)
    Slack gives all that is needed
    ");
    assert_eq!(slack.faults_left(), 0);
    assert!(slack.sent().iter().all(|(method, _)| !method.starts_with("chat.")), "nothing is posted");
}

#[tokio::test]
async fn by_socket_mode_the_app_token_is_tried_too() {
    let slack = FakeSlack::start().await;
    let config = ConfigFolder::new().sockets(&slack).tuning("quadratic", Tuning::quadratic());
    let good = check(&config).await;
    let bad = check(&config.variable("SLACK_APP_TOKEN", "xapp-1-wrong")).await;
    insta::assert_snapshot!(format!("{good}\n{bad}"), @"
    exit code 0
    1 file in [folder]/config: 1 tuning, 0 triggers, 0 schedules, no errors
    Slack: tunebot in Acme (https://acme.slack.com/)
    Slack gives all that is needed

    exit code 1
    1 file in [folder]/config: 1 tuning, 0 triggers, 0 schedules, no errors
    Slack: tunebot in Acme (https://acme.slack.com/)
    slack.app_token: Slack refuses it with invalid_auth: make an app-level token (xapp-…) with the scope connections:write at https://api.slack.com/apps, Basic Information, and enable Socket Mode
    1 problem in Slack
    ");
}

#[tokio::test]
async fn missing_scopes_are_named_with_what_will_not_work() {
    let slack = FakeSlack::start().await;
    for scope in ["files:write", "channels:read", "usergroups:read", "im:history"] {
        slack.revoke_scope(scope);
    }
    insta::assert_snapshot!(check(&configured(&slack)).await, @"
    exit code 1
    1 file in [folder]/config: 1 tuning, 0 triggers, 1 schedule, no errors
    Slack: tunebot in Acme (https://acme.slack.com/)
    the app lacks the scope files:write: the thread of a finished sweep has no charts
    the app lacks the scope im:history: direct messages to the bot are not heard
    the app lacks the scope channels:read: `tunebot check --slack` cannot look at public channels
    the app lacks the scope usergroups:read: nobody is let in by `access.slack_groups`
      add what is missing to the Bot Token Scopes at https://api.slack.com/apps, OAuth & Permissions, and install the app again
    4 problems in Slack
    ");
    // Who names no channel and no group needs no right to look at them.
    let config = ConfigFolder::new().slack(&slack).tuning("quadratic", Tuning::quadratic());
    insta::assert_snapshot!(check(&config).await, @"
    exit code 1
    1 file in [folder]/config: 1 tuning, 0 triggers, 0 schedules, no errors
    Slack: tunebot in Acme (https://acme.slack.com/)
    the app lacks the scope files:write: the thread of a finished sweep has no charts
    the app lacks the scope im:history: direct messages to the bot are not heard
      add what is missing to the Bot Token Scopes at https://api.slack.com/apps, OAuth & Permissions, and install the app again
    2 problems in Slack
    ");
}

#[tokio::test]
async fn channels_and_groups_that_are_not_as_they_should_be() {
    let (slack, github) = (FakeSlack::start().await, FakeGithub::start().await);
    slack.archive(NIGHTLY);
    let access = json!({"slack_channels": [RANDOM, SECRET], "slack_groups": ["S0MLTEAM01", "S0NOBODY01"]});
    let (mut on_main, mut on_next) =
        (on_push("acme/models", "main", "quadratic"), on_push("acme/models", "next", "quadratic"));
    on_main["channel"] = "C0NOWHERE1".into();
    on_next["channel"] = RANDOM.into();
    let config = configured(&slack)
        .github(&github)
        .set("/tunings/quadratic/access", access)
        .trigger("on-main", on_main)
        .trigger("on-next", on_next);
    insta::assert_snapshot!(check(&config).await, @"
    exit code 1
    1 file in [folder]/config: 1 tuning, 2 triggers, 1 schedule, no errors
    Slack: tunebot in Acme (https://acme.slack.com/)
    channel C0NIGHTLY1 #nightly (schedule nightly): it is archived: unarchive it, or name another one
    channel C0NOWHERE1 (trigger on-main): it does not exist, or it is private and the bot is not in it: check the id, or type `/invite @tunebot` there
    channel C0RANDOM01 #random (access to quadratic, trigger on-next): the bot is not in it: type `/invite @tunebot` there
    channel G0SECRET01 (access to quadratic): it does not exist, or it is private and the bot is not in it: check the id, or type `/invite @tunebot` there
    user group S0NOBODY01 (access to quadratic): it does not exist, or it is disabled: check the id
    5 problems in Slack
    ");
}

#[tokio::test]
async fn a_bot_token_that_is_refused() {
    let slack = FakeSlack::start().await;
    slack.revoke_token();
    insta::assert_snapshot!(check(&configured(&slack)).await, @"
    exit code 1
    1 file in [folder]/config: 1 tuning, 0 triggers, 1 schedule, no errors
    slack.bot_token: Slack refuses it with invalid_auth: install the app again at https://api.slack.com/apps and take its bot token (xoxb-…)
    1 problem in Slack
    ");
}

#[tokio::test]
async fn a_slack_that_cannot_be_reached_and_none_at_all() {
    let slack = FakeSlack::start().await;
    slack.inject("auth.test", Fault::Status(503));
    let unwell = check(&configured(&slack)).await;
    // A port that nobody listens at.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = configured(&slack).set("/slack/api_url", format!("http://127.0.0.1:{port}/api"));
    let away = check(&config).await;
    let none = ConfigFolder::new().tuning("quadratic", Tuning::quadratic());
    let none = check(&none).await;
    insta::assert_snapshot!(format!("{unwell}\n{away}\n{none}"), @"
    exit code 1
    1 file in [folder]/config: 1 tuning, 0 triggers, 1 schedule, no errors
    Slack could not be reached for auth.test: HTTP 503: is Slack well, and may this machine reach slack.api_url?
    1 problem in Slack

    exit code 1
    1 file in [folder]/config: 1 tuning, 0 triggers, 1 schedule, no errors
    Slack could not be reached for auth.test: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111): is Slack well, and may this machine reach slack.api_url?
    1 problem in Slack

    exit code 0
    1 file in [folder]/config: 1 tuning, 0 triggers, 0 schedules, no errors
    Slack is not configured: there is nothing to ask
    ");
}
