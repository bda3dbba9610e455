//! The page docs/messages.md: what people see, made from typical sweeps by the code that writes messages, so that it shows
//! nothing else than what is sent.

mod form;
mod github;
mod mrkdwn;
mod scenes;
mod slack;

use std::path::Path;

/// Set, the page is made anew.
const UPDATE: &str = "TUNEBOT_UPDATE_DOCS";

const BEGINNING: &str = "\
# What people see

Each message below is what tunebot sends, made by the code that sends it; a test holds this page to it. `[Stop]` is a button.

<img src=\"messages/phone.png\" width=\"375\" alt=\"A finished sweep, its closing line and a failed one, on a phone\">
";

/// One message, and when it is seen.
struct Shown {
    when: String,
    /// As Markdown.
    message: String,
}

impl Shown {
    fn new(when: &str, message: &str) -> Self {
        Self { when: when.to_owned(), message: message.to_owned() }
    }

    fn quoted(&self) -> String {
        let quoted: String =
            self.message.lines().map(|line| format!("> {line}").trim_end().to_owned() + "\n").collect();
        format!("{}\n\n{quoted}", self.when)
    }
}

fn chapter(title: &str, messages: &[Shown]) -> String {
    let messages: Vec<String> = messages.iter().map(Shown::quoted).collect();
    format!("## {title}\n\n{}", messages.join("\n"))
}

fn page() -> String {
    let chapters = [
        ("In Slack: asking", slack::asking()),
        ("In Slack: a sweep", slack::sweep()),
        ("In Slack: when something is wrong", slack::trouble()),
        ("On a pull request", github::pull_request()),
        ("The pull request of `/tune apply`", github::proposal()),
    ];
    let chapters: Vec<String> = chapters.iter().map(|(title, messages)| chapter(title, messages)).collect();
    format!("{BEGINNING}\n{}", chapters.join("\n"))
}

#[test]
fn the_page_of_messages_shows_what_is_sent() {
    let page = page();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let shown = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(shown == page, "{} is not what is sent: set {UPDATE}=1 to make it anew", file.display());
}
