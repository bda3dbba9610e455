//! Messages as a person reads them, as plain text for snapshots: entities, mentions and links are what they look like,
//! buttons are `[names]`, marks for bold and code stay so that a wrong one is seen.

use serde_json::Value;

use super::workspace::{Author, Channel, Edition, Message, Workspace};

pub fn render_all(workspace: &Workspace) -> String {
    workspace.channels.keys().map(|channel| render(workspace, channel)).collect::<Vec<_>>().join("\n")
}

/// The channel's name, then its messages, each with the replies in its thread under it.
pub fn render(workspace: &Workspace, channel: &str) -> String {
    let channel = workspace.channel(channel);
    let mut lines = vec![format!("#{}", channel.name)];
    for message in channel.messages.iter().filter(|message| message.thread_ts.is_none()) {
        lines.extend(lines_of(workspace, message));
        lines.extend(replies(workspace, channel, &message.ts));
    }
    for (user, shown) in &channel.ephemeral {
        lines.push(format!("@tunebot (only @{} sees it)", name(workspace, user)));
        lines.extend(shown.lines().map(|line| format!("| {line}")));
    }
    lines.join("\n")
}

fn replies(workspace: &Workspace, channel: &Channel, ts: &str) -> Vec<String> {
    let replies = channel.messages.iter().filter(|reply| reply.thread_ts.as_deref() == Some(ts));
    replies.flat_map(|reply| lines_of(workspace, reply)).map(|line| format!("    {line}")).collect()
}

fn lines_of(workspace: &Workspace, message: &Message) -> Vec<String> {
    let author = match &message.author {
        Author::App => "tunebot",
        Author::Person(user) => name(workspace, user),
    };
    let edited = if message.editions.len() > 1 { " (edited)" } else { "" };
    let mut lines = vec![format!("@{author}{edited}")];
    lines.extend(workspace.shown(message).lines().map(|line| format!("| {line}").trim_end().to_owned()));
    let word = |file: &Value, name: &str| file[name].as_str().unwrap_or_default().to_owned();
    lines.extend(
        message.files.iter().map(|file| {
            format!("| (picture {}, {}: {})", word(file, "name"), word(file, "title"), word(file, "alt_txt"))
        }),
    );
    lines
}

/// The blocks of an edition, or its text where it has none.
pub fn show(workspace: &Workspace, edition: &Edition) -> String {
    if edition.blocks.is_empty() {
        return read_mrkdwn(workspace, &edition.text);
    }
    edition.blocks.iter().map(|block| show_block(workspace, block)).collect::<Vec<_>>().join("\n")
}

fn show_block(workspace: &Workspace, block: &Value) -> String {
    let texts = |values: &Value| -> Vec<String> {
        values.as_array().into_iter().flatten().map(|value| show_element(workspace, value)).collect()
    };
    match block["type"].as_str().unwrap_or_default() {
        "section" => {
            let mut parts = Vec::new();
            if !block["text"].is_null() {
                parts.push(show_element(workspace, &block["text"]));
            }
            parts.extend(texts(&block["fields"]));
            if !block["accessory"].is_null() {
                parts.push(show_element(workspace, &block["accessory"]));
            }
            parts.join("\n")
        }
        "header" => format!("# {}", show_element(workspace, &block["text"])),
        "context" => format!("({})", texts(&block["elements"]).join(" ")),
        "actions" => texts(&block["elements"]).join(" "),
        "divider" => "----".to_owned(),
        "markdown" => block["text"].as_str().unwrap_or_default().to_owned(),
        "image" => show_element(workspace, block),
        other => format!("<{other} {block}>"),
    }
}

fn show_element(workspace: &Workspace, element: &Value) -> String {
    match element["type"].as_str().unwrap_or_default() {
        "mrkdwn" => read_mrkdwn(workspace, element["text"].as_str().unwrap_or_default()),
        "plain_text" => element["text"].as_str().unwrap_or_default().to_owned(),
        "button" => format!("[{}]", element["text"]["text"].as_str().unwrap_or_default()),
        "image" => format!("(picture: {})", element["alt_text"].as_str().unwrap_or_default()),
        other => format!("<{other}>"),
    }
}

/// Replaces `<…>` by what Slack shows for it, then entities by their characters.
fn read_mrkdwn(workspace: &Workspace, text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inside, tail)) = after.split_once('>') else { break };
        shown.push_str(before);
        shown.push_str(&read_reference(workspace, inside));
        rest = tail;
    }
    shown.push_str(rest);
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn read_reference(workspace: &Workspace, inside: &str) -> String {
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    match (target.chars().next(), label) {
        (Some('@'), _) => format!("@{}", name(workspace, &target[1..])),
        (Some('#'), _) => workspace
            .channels
            .get(&target[1..])
            .map_or_else(|| format!("#{}", label.unwrap_or(&target[1..])), |channel| format!("#{}", channel.name)),
        (Some('!'), Some(label)) => label.to_owned(),
        (Some('!'), None) => format!("@{}", &target[1..]),
        (_, Some(label)) => format!("{label} ({target})"),
        (_, None) => target.to_owned(),
    }
}

fn name<'a>(workspace: &'a Workspace, user: &'a str) -> &'a str {
    workspace.people.get(user).map_or(user, String::as_str)
}
