//! One tunebot between a Slack and a GitHub of its own, and texts without what differs from run to run.

use std::process::Output;

use crate::support::Answer;
use crate::support::config::ConfigFolder;
use crate::support::github::repo::Repo;
use crate::support::github::{Delivery, FakeGithub};
use crate::support::server::Tunebot;
use crate::support::slack::workspace::Message;
use crate::support::slack::{Author, FakeSlack, Limits, TUNING};
use crate::support::slack_client::{SlackClient, SlashCommand};
use crate::support::watched::PATIENCE;

pub const MODELS: &str = "acme/models";

pub struct Scene {
    pub slack: FakeSlack,
    pub github: FakeGithub,
    pub tunebot: Tunebot,
}

impl Scene {
    /// Starts all three; `configure` says what tunebot knows besides the two services.
    pub async fn open(configure: impl FnOnce(ConfigFolder) -> ConfigFolder) -> Self {
        let (slack, github) = (FakeSlack::start().await, FakeGithub::start().await);
        slack.set_limits(Limits::NONE);
        github.repository(MODELS);
        let config = configure(ConfigFolder::new().slack(&slack).github(&github));
        let tunebot = Tunebot::start(config).await;
        Self { slack, github, tunebot }
    }

    pub fn models(&self) -> Repo<'_> {
        self.github.repository(MODELS)
    }

    /// Slack tells of a click or of a form; returns what it is answered, which is nothing or what is wrong in the form.
    ///
    /// # Panics
    /// It is not acknowledged.
    pub async fn interact(&self, payload: &serde_json::Value) -> String {
        let answer = SlackClient::new().interact(self.tunebot.url(), payload).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Slack tells of a message.
    ///
    /// # Panics
    /// It is not acknowledged without a word.
    pub async fn tell(&self, event: &serde_json::Value) {
        let answer = SlackClient::new().tell(self.tunebot.url(), event).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }

    /// Waits for words that only one person sees in #tuning.
    pub async fn whispered(&self, part: &str) -> String {
        let what = format!("{part:?} for one person alone");
        let words = self.slack.wait_for(&what, |workspace| {
            let mut all = workspace.channel(TUNING).ephemeral.iter().map(|(_, words)| words.clone());
            all.find(|words| words.contains(part))
        });
        self.mask(&words.await)
    }

    /// Mika types `/tune …` in #tuning; returns what only she sees.
    pub async fn type_command(&self, text: &str) -> String {
        self.send_command(&SlashCommand::new(text)).await
    }

    /// # Panics
    /// The answer is not what Slack takes: 200 and an ephemeral text.
    pub async fn send_command(&self, command: &SlashCommand) -> String {
        let answer = SlackClient::new().send(self.tunebot.url(), command).await;
        assert_eq!((answer.status, answer.json()["response_type"].as_str()), (200, Some("ephemeral")), "{answer:?}");
        let text = answer.json()["text"].as_str().expect("a text").to_owned();
        // As Slack shows it.
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// GitHub sends a webhook; returns the number of its event.
    ///
    /// # Panics
    /// It is not acknowledged.
    pub async fn deliver(&self, delivery: &Delivery) -> u64 {
        let answer = self.github.deliver(self.tunebot.url(), delivery).await;
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        answer.json()["event"].as_u64().expect("the event's number")
    }

    /// Waits until something has been decided about the event, and returns what `tunebot explain` says.
    pub async fn explain(&self, event: u64) -> String {
        self.decided(event).await;
        self.read(&["explain", &event.to_string()]).await
    }

    /// Waits until something has been decided about the event, for good. If the store could not be written meanwhile, that
    /// is when the event's lease of two minutes is over.
    pub async fn decided(&self, event: u64) -> serde_json::Value {
        let path = format!("/api/v1/events/{event}");
        self.tunebot
            .wait_long_for("the outcome of an event", &path, 3 * PATIENCE, |answer| {
                Some(answer.json()).filter(|event| matches!(event["state"].as_str(), Some("done" | "dead")))
            })
            .await
    }

    /// What a subcommand prints.
    ///
    /// # Panics
    /// It does not succeed.
    pub async fn read(&self, arguments: &[&str]) -> String {
        let output = self.tunebot.run(arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.mask(&text(&output.stdout))
    }

    /// Waits until all is said about the one sweep of #tuning, and returns the channel.
    ///
    /// # Panics
    /// The bot has not exactly one message there.
    pub async fn closed(&self) -> String {
        self.closings(TUNING, 1).await;
        // The last edition may come after the closing line.
        self.outbox_is_empty().await;
        self.slack.only_message(TUNING);
        self.channel(TUNING)
    }

    /// Waits for so many closing lines in a channel.
    pub async fn closings(&self, channel: &str, count: usize) {
        let is_closing = |message: &&Message| {
            message.author == Author::App && message.metadata("slot").is_some_and(|slot| slot.ends_with("/closing"))
        };
        self.slack
            .wait_for(&format!("{count} closing lines"), |workspace| {
                (workspace.channel(channel).messages.iter().filter(is_closing).count() >= count).then_some(())
            })
            .await;
    }

    /// Waits until there is nothing left to say or to do outside.
    pub async fn outbox_is_empty(&self) {
        let is_empty = |answer: &Answer| {
            let depths = answer.body.lines().filter(|line| line.starts_with("tunebot_outbox_depth{"));
            depths.map(|line| line.rsplit(' ').next()).all(|depth| depth == Some("0")).then_some(())
        };
        self.tunebot.wait_for("an empty outbox", "/metrics", is_empty).await;
    }

    /// A channel as a person reads it.
    pub fn channel(&self, channel: &str) -> String {
        self.mask(&self.slack.render(channel))
    }

    pub fn mask(&self, text: &str) -> String {
        mask(&text.replace(&*self.tunebot.config().root().to_string_lossy(), "[folder]"))
    }
}

/// What a program printed, for a snapshot: its exit code, then both of its outputs.
pub fn printed(config: &ConfigFolder, output: &Output) -> String {
    let code = output.status.code().map_or_else(|| "none".to_owned(), |code| code.to_string());
    let all = format!("exit code {code}\n{}{}", text(&output.stdout), text(&output.stderr));
    mask(&all.replace(&*config.root().to_string_lossy(), "[folder]"))
}

/// An answer for a snapshot: its status, and the text for people in it.
pub fn said(answer: &Answer) -> String {
    let message = answer.json()["error"]["message"].as_str().map(str::to_owned);
    mask(&format!("{} {}", answer.status, message.unwrap_or_else(|| answer.body.clone())))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Puts `[time]` for durations, `[instant]` for dates with a time, `[ms]` for milliseconds since 1970 and `[port]` for
/// ports of loopback.
pub fn mask(text: &str) -> String {
    // A snapshot must show what is invisible: the space of no width that keeps a name from being a mention.
    let text = text.replace('\u{200b}', "{200b}");
    let mut masked = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let after_word = masked.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '.' | '-'));
        let number = &rest[..rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len())];
        let (mark, length) = if !first.is_ascii_digit() || after_word {
            ("", 0)
        } else if masked.ends_with("127.0.0.1:") {
            ("[port]", number.len())
        } else if is_instant(rest) {
            ("[instant]", "2026-01-01 00:00:00".len())
        } else if number.len() >= 13 && !number.contains('.') {
            ("[ms]", number.len())
        } else {
            unit(&rest[number.len()..]).map_or(("", 0), |unit| ("[time]", number.len() + unit))
        };
        if length == 0 {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            masked.push_str(mark);
            rest = &rest[length..];
        }
    }
    masked.replace("[time] [time]", "[time]")
}

/// Puts `[id]` for what follows the tuning's name in ids of its sweeps, where they come from the time of day.
pub fn mask_ids(text: &str, tuning: &str) -> String {
    let name = format!("{tuning}-");
    let mut parts = text.split(&name);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |masked, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        format!("{masked}{name}[id]{rest}")
    })
}

/// The length of a unit of time at the beginning of `text`.
fn unit(text: &str) -> Option<usize> {
    let units = [" ms", " s", " min", " h"];
    let ends = |unit: &str| !text[unit.len()..].starts_with(char::is_alphanumeric);
    units.iter().find(|unit| text.starts_with(*unit) && ends(unit)).map(|unit| unit.len())
}

fn is_instant(text: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-dd dd:dd:dd";
    let fits = |(c, shape): (u8, &u8)| if *shape == b'd' { c.is_ascii_digit() } else { c == *shape };
    text.len() >= SHAPE.len() && text.bytes().zip(SHAPE).all(fits)
}

#[test]
fn only_what_differs_from_run_to_run_is_masked() {
    let text = "6 trials in 0.4 s, about 1 min 5 s left, 3 steps, 0.5 x-2 s from=1763900000000 127.0.0.1:4711 2026-01-02 03:04:05";
    insta::assert_snapshot!(mask(text), @"6 trials in [time], about [time] left, 3 steps, 0.5 x-2 s from=[ms] 127.0.0.1:[port] [instant]");
}
