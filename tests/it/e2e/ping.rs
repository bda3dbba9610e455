//! `tunebot ping`: what an operator, and `helm test`, learn of a running server.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;

use super::scene::{Scene, printed};
use crate::support::config::{ConfigFolder, Tuning};
use crate::support::github::FakeGithub;
use crate::support::server::{Tunebot, run};
use crate::support::slack::FakeSlack;

fn with_quadratic(config: ConfigFolder) -> ConfigFolder {
    config.tuning("quadratic", Tuning::quadratic())
}

/// What is printed by one who has this configuration about the server at `url`.
async fn ping(config: &ConfigFolder, url: &str) -> String {
    printed(config, &run(config, &["ping", "--url", url]).await)
}

#[tokio::test]
async fn a_server_that_is_reached_says_so_and_explain_knows_the_ping() {
    let scene = Scene::open(with_quadratic).await;
    let config = with_quadratic(ConfigFolder::new().slack(&scene.slack).github(&scene.github));
    insta::assert_snapshot!(ping(&config, scene.tunebot.url()).await, @"
    exit code 0
    http://127.0.0.1:[port]
    ok      server  is ready
    ok      GitHub  /webhooks/github took the signed ping as event 1, and refused one with a wrong signature
    ok      Slack   /webhooks/slack/events answered the signed challenge
    ");
    let explained = scene.tunebot.run(&["explain", "1"]).await;
    insta::assert_snapshot!(printed(&config, &explained), @"
    exit code 0
    1  [instant]  done  ping: tunebot ping
      ping: ignored: GitHub only says hello: the webhook is set up
    ");
}

#[tokio::test]
async fn other_secrets_than_the_servers_are_told() {
    let scene = Scene::open(with_quadratic).await;
    let config = with_quadratic(ConfigFolder::new().slack(&scene.slack).github(&scene.github))
        .variable("SLACK_SIGNING_SECRET", "another")
        .variable("GITHUB_WEBHOOK_SECRET", "another");
    insta::assert_snapshot!(ping(&config, scene.tunebot.url()).await, @"
    exit code 1
    http://127.0.0.1:[port]
    ok      server  is ready
    FAILED  GitHub  /webhooks/github refuses the signature: the server runs with other github.webhook_secrets than this configuration has. Start it anew with these.
    FAILED  Slack   /webhooks/slack/events refuses the signature: the server runs with other slack.signing_secrets than this configuration has. Start it anew with these.
    ");
}

#[tokio::test]
async fn with_socket_mode_there_is_no_webhook_of_slack_to_try() {
    let slack = FakeSlack::start().await;
    let config = || with_quadratic(ConfigFolder::new().sockets(&slack));
    let tunebot = Tunebot::start(config()).await;
    insta::assert_snapshot!(ping(&config(), tunebot.url()).await, @"
    exit code 0
    http://127.0.0.1:[port]
    ok      server  is ready
    ok      Slack   comes by Socket Mode: there is no webhook to try
    ");
}

#[tokio::test]
async fn something_else_that_answers_and_nothing_that_answers() {
    let (slack, github) = (FakeSlack::start().await, FakeGithub::start().await);
    let config = with_quadratic(ConfigFolder::new().slack(&slack).github(&github));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let welcome = || async { "<html>\n  Welcome\n</html>" };
    let welcome = Router::new().route("/readyz", any(StatusCode::NOT_FOUND)).fallback(welcome);
    let other = tokio::spawn(async move { axum::serve(listener, welcome).await });
    insta::assert_snapshot!(ping(&config, &format!("http://{address}")).await, @"
    exit code 1
    http://127.0.0.1:[port]
    ok      server  answers; whether it is ready is not to be seen from here
    FAILED  GitHub  /webhooks/github answers a wrong signature with 200 OK: <html> Welcome </html>. Does what stands before tunebot pass this path on to it?
    FAILED  Slack   /webhooks/slack/events answers a signed challenge with 200 OK: <html> Welcome </html>. Does what stands before tunebot pass this path on to it?
    ");
    insta::assert_snapshot!(ping(&config, &format!("http://{address}/elsewhere/")).await, @"
    exit code 1
    http://127.0.0.1:[port]/elsewhere
    FAILED  server  is something else than tunebot: /readyz says <html> Welcome </html>. Name tunebot's own address with --url.
    ");
    other.abort();
    assert!(other.await.is_err(), "it serves until it is stopped");
    insta::assert_snapshot!(ping(&config, &format!("http://{address}")).await, @"
    exit code 1
    http://127.0.0.1:[port]
    FAILED  server  is not reached: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    ");
}
