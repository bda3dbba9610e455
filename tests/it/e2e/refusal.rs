//! Requests that are not what they should be: a clear error, nothing lost, and the server goes on.

use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::scene::{MODELS, Scene, said};
use crate::support::config::{Tuning, on_push};
use crate::support::github::{Delivery, WEBHOOK_SECRET};
use crate::support::slack_client::{SlackClient, SlashCommand};
use crate::support::watched::PATIENCE;
use crate::support::{Answer, http_client};

async fn with_trigger() -> Scene {
    Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-main", on_push(MODELS, "main", "quadratic"))
    })
    .await
}

/// It still works, and none of what was refused has become an event.
async fn assert_goes_on(scene: &Scene) {
    assert_goes_on_after(scene, 0).await;
}

/// It still works, and only so many events have been kept.
async fn assert_goes_on_after(scene: &Scene, kept: u64) {
    let update = scene.models().push("main", &["src/train.py"]);
    let event = scene.deliver(&update.delivery).await;
    assert_eq!(event, kept + 1, "what was refused is no event");
    scene.models().wait_for_check(&update.sha, |run| run.status == "completed").await;
}

fn with_body(delivery: &Delivery, body: impl Into<Vec<u8>>) -> Delivery {
    Delivery { body: body.into(), ..delivery.clone() }
}

#[tokio::test]
async fn deliveries_of_github_that_are_not_right_are_refused() {
    let scene = with_trigger().await;
    let good = scene.models().push("main", &["src/train.py"]).delivery;
    let url = scene.tunebot.url();
    let strange = Delivery { id: "another-shape".to_owned(), ..good.clone() };
    let half = with_body(&good, "{\"ref\": \"refs/he");
    let answers = [
        good.send_signed(url, None).await,
        good.send(url, "another secret").await,
        good.send_signed(url, Some("sha1=0123")).await,
        half.send_signed(url, Some(&good.signature(WEBHOOK_SECRET))).await,
        half.send(url, WEBHOOK_SECRET).await,
        with_body(&good, "ref=main").send(url, WEBHOOK_SECRET).await,
        with_body(&good, "[1, 2]").send(url, WEBHOOK_SECRET).await,
        with_body(&strange, "{\"ref\": 7}").send(url, WEBHOOK_SECRET).await,
    ];
    let mut answers: Vec<String> = answers.iter().map(said).collect();
    answers.push(announce_body(url, 26 << 20).await);
    insta::assert_snapshot!(answers.join("\n"), @r#"
    401 The header X-Hub-Signature-256 is missing. Set a secret in the webhook's settings on GitHub, the same as in github.webhook_secrets; a SHA-1 signature alone is not accepted.
    401 X-Hub-Signature-256 does not match the body under any of github.webhook_secrets. Check that the webhook's secret on GitHub is one of them, and that no proxy changes the body.
    401 X-Hub-Signature-256 does not match the body under any of github.webhook_secrets. Check that the webhook's secret on GitHub is one of them, and that no proxy changes the body.
    401 X-Hub-Signature-256 does not match the body under any of github.webhook_secrets. Check that the webhook's secret on GitHub is one of them, and that no proxy changes the body.
    400 The body is not JSON: EOF while parsing a string at line 1 column 16. Was it cut off on its way? Send it again whole.
    400 The body is not JSON: expected value at line 1 column 1. Was it cut off on its way? Send it again whole.
    202 {"event":1,"kind":"not_for_us","status":"accepted","understood":"not for us: push of an unexpected shape: invalid type: integer `1`, expected a string at line 1 column 2"}
    202 {"event":2,"kind":"not_for_us","status":"accepted","understood":"not for us: push of an unexpected shape: invalid type: integer `7`, expected a string at line 1 column 9"}
    HTTP/1.1 413 Payload Too Large
    "#);
    assert_goes_on_after(&scene, 2).await;
}

/// Announces a body of so many bytes and sends none of it; returns the status line of the answer.
async fn announce_body(url: &str, bytes: usize) -> String {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let signature = format!("x-hub-signature-256: sha256={}", "0".repeat(64));
    let head =
        format!("POST /webhooks/github HTTP/1.1\r\nhost: {address}\r\ncontent-length: {bytes}\r\n{signature}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("the head of a request");
    let mut lines = BufReader::new(stream).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("an answer before the body");
    line.expect("an answer").unwrap_or_default()
}

#[tokio::test]
async fn commands_of_slack_that_are_not_right_are_refused() {
    let scene = with_trigger().await;
    let command = SlashCommand::new("quadratic");
    let url = scene.tunebot.url();
    let long_ago = Timestamp::now() - SignedDuration::from_mins(10);
    let unsigned = http_client().post(format!("{url}/webhooks/slack/commands")).body(command.body());
    let answers = [
        Answer::read(unsigned.send().await.expect("the server answers")).await,
        SlackClient::with_secret("another secret").send(url, &command).await,
        SlackClient::new().send_at(url, &command, long_ago).await,
        SlackClient::new().send(url, &SlashCommand::new(&"x".repeat(2 << 20))).await,
    ];
    let answers: Vec<String> = answers.iter().map(said).collect();
    insta::assert_snapshot!(answers.join("\n"), @"
    401 The headers X-Slack-Request-Timestamp and X-Slack-Signature are missing: only Slack may call this address.
    401 X-Slack-Signature does not match the request under any of slack.signing_secrets. Copy the signing secret from the app's Basic Information page.
    401 The request was signed more than 5 minutes from now. If Slack sent it just now, the clock of this machine is wrong.
    413 The body is longer than the 1 MB that this address takes. Nothing was taken in.
    ");
    assert_goes_on(&scene).await;
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_of_a_body_harms_nobody() {
    let scene = with_trigger().await;
    let address = scene.tunebot.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let head = format!("POST /webhooks/github HTTP/1.1\r\nhost: {address}\r\ncontent-length: 1000\r\n");
    let rest = "x-github-event: push\r\nx-github-delivery: 1\r\nx-hub-signature-256: sha256=00\r\n\r\n{\"ref\":";
    stream.write_all(format!("{head}{rest}").as_bytes()).await.expect("half a request");
    drop(stream);
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    stream.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n").await.expect("noise");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the server closes a connection that speaks something else");
    assert_goes_on(&scene).await;
}
