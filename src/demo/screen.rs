//! What Slack and GitHub would show, on a terminal: each message has its place and is redrawn when it is edited.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

/// A terminal redraws a message in place; anything else gets every edition, one after the other.
pub(super) struct Screen {
    terminal: Option<MultiProgress>,
    messages: Mutex<HashMap<String, Message>>,
}

#[derive(Default)]
struct Message {
    bar: Option<ProgressBar>,
    text: String,
}

impl Screen {
    pub(super) fn new() -> Self {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
        let terminal = is_terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stdout()));
        Self { terminal, messages: Mutex::default() }
    }

    /// A line of the story, above the messages.
    pub(super) fn say(&self, line: &str) {
        match &self.terminal {
            Some(terminal) => drop(terminal.println(line)),
            None => println!("{line}"),
        }
    }

    /// Shows the newest edition of the message `key`.
    pub(super) fn show(&self, key: &str, text: &str) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let message = messages.entry(key.to_owned()).or_default();
        if message.text == text {
            return;
        }
        text.clone_into(&mut message.text);
        let framed: String = text.lines().map(|line| format!("  \u{2502} {line}\n")).collect();
        match &self.terminal {
            None => println!("\n{framed}"),
            Some(terminal) => {
                let bar = message.bar.get_or_insert_with(|| terminal.add(blank_bar()));
                bar.set_message(format!("\n{framed}"));
                bar.tick();
            }
        }
    }

    /// Leaves the messages on the terminal as they are.
    pub(super) fn close(&self) {
        for message in self.messages.lock().unwrap_or_else(PoisonError::into_inner).values() {
            if let Some(bar) = &message.bar {
                bar.abandon();
            }
        }
    }
}

fn blank_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(1).with_style(style)
}

/// The text of a Slack message: its blocks from top to bottom, else its plain text.
pub(super) fn slack_text(message: &Value) -> String {
    let channel = message["channel"].as_str().unwrap_or("?");
    let place = if message["thread_ts"].is_string() { "Slack, in the thread" } else { "Slack" };
    let blocks = message["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines: Vec<String> = blocks.iter().flat_map(block_texts).collect();
    if lines.is_empty() {
        lines.extend(message["text"].as_str().map(str::to_owned));
    }
    format!("{place}, {channel}\n{}", plain(&lines.join("\n")))
}

fn block_texts(block: &Value) -> Vec<String> {
    let text = |value: &Value| value["text"].as_str().map(str::to_owned);
    let mut texts: Vec<String> = text(&block["text"]).into_iter().collect();
    for list in [&block["elements"], &block["fields"]] {
        texts.extend(
            list.as_array().into_iter().flatten().filter_map(|element| {
                text(element).or_else(|| text(&element["text"]).map(|label| format!("[{label}]")))
            }),
        );
    }
    texts
}

/// Slack's markup without its escapes and with links written out.
fn plain(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(start) = rest.find('<') {
        let Some(length) = rest[start..].find('>') else {
            break;
        };
        text.push_str(&rest[..start]);
        let inner = &rest[start + 1..start + length];
        text.push_str(&match inner.split_once('|') {
            Some((address, label)) => format!("{label} ({address})"),
            None => inner.to_owned(),
        });
        rest = &rest[start + length + 1..];
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A check run as the page of a commit shows it.
pub(super) fn check_run_text(run: &Value) -> String {
    let field = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = match run["conclusion"].as_str() {
        Some(conclusion) => conclusion.to_owned(),
        None => field(&run["status"]),
    };
    let output = &run["output"];
    format!(
        "GitHub, check {} ({state})\n{}\n{}",
        field(&run["name"]),
        field(&output["title"]),
        field(&output["summary"])
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_slack_message_is_read_from_its_blocks() {
        let message = json!({"channel": "C1", "text": "fallback", "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*wine* 3 &lt; 4 <https://grafana/d|Grafana>"}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "seed 7"}]},
            {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Stop"}}]},
        ]});
        assert_eq!(slack_text(&message), "Slack, C1\n*wine* 3 < 4 Grafana (https://grafana/d)\nseed 7\n[Stop]");
    }

    #[test]
    fn markup_that_never_closes_is_shown_as_it_is() {
        assert_eq!(plain("a < b"), "a < b");
    }
}
