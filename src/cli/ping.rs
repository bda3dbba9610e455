//! `tunebot ping`: is a running server reached by what GitHub and Slack send it, under the secrets of this configuration?
//!
//! Nothing is started by it. The ping stands among the events of the server, as one of GitHub's own would.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tunebot::config::{Config, Purpose};
use tunebot::ingress::{github, slack};
use url::Url;

use super::ConfigOption;
use super::output::print;

/// Of one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at a server that is not ready.
const PAUSE: Duration = Duration::from_secs(1);
/// How much of an answer that is not ours is shown, in characters.
const EXCERPT: usize = 200;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    config: ConfigOption,
    /// Where the server is; without it, `server.public_url`
    #[arg(long)]
    url: Option<Url>,
    /// Wait so many seconds for a server that is not ready
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
}

/// What one question came to.
struct Finding {
    of: &'static str,
    /// What was answered, or what is wrong and how to mend it.
    said: Result<String, String>,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let config = options.config.load(Purpose::Serve)?.config;
    // A second call in one process finds the provider installed: that is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client can be made")?;
    let base = options.url.unwrap_or_else(|| config.server.public_url.clone());
    let server = Server { base: base.as_str().trim_end_matches('/').to_owned(), client };
    print(format_args!("{}", server.base))?;
    let ready = server.ready(Duration::from_secs(options.wait)).await;
    let is_there = ready.is_ok();
    let mut findings = vec![Finding { of: "server", said: ready }];
    if is_there {
        findings.extend(server.webhooks(&config).await);
    }
    for finding in &findings {
        let mark = if finding.said.is_ok() { "ok" } else { "FAILED" };
        let (Ok(said) | Err(said)) = &finding.said;
        print(format_args!("{mark:<7} {:<7} {said}", finding.of))?;
    }
    let is_well = findings.iter().all(|finding| finding.said.is_ok());
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Server {
    /// Without a slash at its end.
    base: String,
    client: Client,
}

impl Server {
    /// Asks until it is ready, at least once and at most so long.
    async fn ready(&self, patience: Duration) -> Result<String, String> {
        let deadline = Instant::now() + patience;
        loop {
            let answer = self.ready_now().await;
            if answer.is_ok() || Instant::now() + PAUSE > deadline {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ready_now(&self) -> Result<String, String> {
        match self.ask(self.client.get(format!("{}/readyz", self.base))).await {
            Ok((StatusCode::OK, body)) if body.contains(r#""status":"ok""#) => Ok("is ready".to_owned()),
            // What stands before a server lets probes through to nobody.
            Ok((StatusCode::NOT_FOUND | StatusCode::FORBIDDEN, _)) => {
                Ok("answers; whether it is ready is not to be seen from here".to_owned())
            }
            Ok((StatusCode::OK, body)) => Err(format!(
                "is something else than tunebot: /readyz says {}. Name tunebot's own address with --url.",
                excerpt(&body)
            )),
            Ok((status, body)) => Err(format!("is not ready, /readyz says {status}: {}", excerpt(&body))),
            Err(problem) => Err(format!("is not reached: {problem}")),
        }
    }

    async fn webhooks(&self, config: &Config) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(secret) = config.github.as_ref().and_then(|settings| settings.webhook_secrets.first()) {
            findings.push(Finding { of: "GitHub", said: self.github(secret).await });
        }
        match &config.slack {
            Some(settings) if settings.app_token.is_some() => {
                findings.push(Finding {
                    of: "Slack",
                    said: Ok("comes by Socket Mode: there is no webhook to try".to_owned()),
                });
            }
            Some(settings) => {
                if let Some(secret) = settings.signing_secrets.first() {
                    findings.push(Finding { of: "Slack", said: self.slack(secret).await });
                }
            }
            None => {}
        }
        findings
    }

    /// A signed ping is taken, one with another signature is not.
    async fn github(&self, secret: &SecretString) -> Result<String, String> {
        let body = json!({"zen": "tunebot ping", "hook_id": 0}).to_string();
        let delivery = format!("tunebot-ping-{}", Timestamp::now().as_nanosecond());
        let send = |signature: String| {
            let request = self.client.post(format!("{}/webhooks/github", self.base));
            let request = request.header("content-type", "application/json").header("x-github-event", "ping");
            let request = request.header("x-github-delivery", &delivery).header("x-hub-signature-256", signature);
            self.ask(request.body(body.clone()))
        };
        let forged = github::sign(&format!("not {}", secret.expose_secret()), body.as_bytes());
        match send(forged).await? {
            (StatusCode::UNAUTHORIZED, _) => {}
            (status, answer) => return Err(not_ours("/webhooks/github", "a wrong signature", status, &answer)),
        }
        match send(github::sign(secret.expose_secret(), body.as_bytes())).await? {
            (StatusCode::ACCEPTED, answer) => {
                let event = serde_json::from_str::<Value>(&answer).ok().and_then(|answer| answer["event"].as_u64());
                let event =
                    event.ok_or_else(|| not_ours("/webhooks/github", "a ping", StatusCode::ACCEPTED, &answer))?;
                Ok(format!(
                    "/webhooks/github took the signed ping as event {event}, and refused one with a wrong signature"
                ))
            }
            (StatusCode::UNAUTHORIZED, _) => Err(other_secret("/webhooks/github", "github.webhook_secrets")),
            (status, answer) => Err(not_ours("/webhooks/github", "a signed ping", status, &answer)),
        }
    }

    /// The challenge with which Slack tries an address comes back.
    async fn slack(&self, secret: &SecretString) -> Result<String, String> {
        let challenge = format!("tunebot-ping-{}", Timestamp::now().as_nanosecond());
        let body = json!({"type": "url_verification", "challenge": challenge}).to_string();
        let timestamp = Timestamp::now().as_second().to_string();
        let signature = slack::sign(secret.expose_secret(), &timestamp, body.as_bytes());
        let request = self.client.post(format!("{}/webhooks/slack/events", self.base));
        let request = request.header("content-type", "application/json").header("x-slack-request-timestamp", timestamp);
        match self.ask(request.header("x-slack-signature", signature).body(body)).await? {
            (StatusCode::OK, answer) if answer.contains(&challenge) => {
                Ok("/webhooks/slack/events answered the signed challenge".to_owned())
            }
            (StatusCode::UNAUTHORIZED, _) => Err(other_secret("/webhooks/slack/events", "slack.signing_secrets")),
            (status, answer) => Err(not_ours("/webhooks/slack/events", "a signed challenge", status, &answer)),
        }
    }

    async fn ask(&self, request: RequestBuilder) -> Result<(StatusCode, String), String> {
        let answered = async {
            let response = request.send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.text().await?))
        };
        // The address is said in the first line.
        answered.await.map_err(|error| format!("{:#}", anyhow::Error::from(error.without_url())))
    }
}

fn other_secret(path: &str, field: &str) -> String {
    format!(
        "{path} refuses the signature: the server runs with other {field} than this configuration has. Start it anew with these."
    )
}

/// Something answered, but not as tunebot does.
fn not_ours(path: &str, what: &str, status: StatusCode, answer: &str) -> String {
    format!(
        "{path} answers {what} with {status}: {}. Does what stands before tunebot pass this path on to it?",
        excerpt(answer)
    )
}

fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT) {
        _ if line.is_empty() => "(nothing)".to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
