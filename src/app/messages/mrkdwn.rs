//! Slack's messages as Markdown, for the page.

use serde_json::Value;

use crate::notify::slack::blocks::Message;

pub(super) fn shown(message: &Message) -> String {
    if message.blocks.is_empty() {
        return markdown(&message.text);
    }
    let json = serde_json::to_value(&message.blocks).unwrap();
    json.as_array().unwrap().iter().map(block).collect::<Vec<_>>().join("\n\n")
}

fn block(block: &Value) -> String {
    match block["type"].as_str().unwrap() {
        "section" => markdown(block["text"]["text"].as_str().unwrap()),
        "context" => format!("<sub>{}</sub>", markdown(block["elements"][0]["text"].as_str().unwrap())),
        "actions" => {
            let buttons = block["elements"].as_array().unwrap().iter();
            buttons
                .map(|button| format!("`[{}]`", button["text"]["text"].as_str().unwrap()))
                .collect::<Vec<_>>()
                .join(" ")
        }
        other => panic!("no {other} yet"),
    }
}

/// Alternately text and blocks of code.
fn markdown(text: &str) -> String {
    let part = |(number, part): (usize, &str)| {
        let part = part.trim_matches('\n');
        match (number % 2, part) {
            (_, "") => None,
            (1, code) => Some(format!("```text\n{}\n```", plain(code))),
            (_, text) => Some(text.lines().map(spans).collect::<Vec<_>>().join("\\\n")),
        }
    };
    text.split("```").enumerate().filter_map(part).collect::<Vec<_>>().join("\n")
}

/// Alternately text and code of one line.
fn spans(line: &str) -> String {
    let span = |(number, span): (usize, &str)| if number % 2 == 1 { format!("`{}`", plain(span)) } else { words(span) };
    line.split('`').enumerate().map(span).collect()
}

fn words(text: &str) -> String {
    let mut parts = text.split('<');
    let mut shown = parts.next().unwrap().replace('*', "**");
    for part in parts {
        let (inside, rest) = part.split_once('>').unwrap();
        match inside.split_once('|') {
            Some((url, title)) => shown.push_str(&format!("[{title}]({url})")),
            None if inside.starts_with('@') => shown.push_str("@mika"),
            None => shown.push_str(inside),
        }
        shown.push_str(&rest.replace('*', "**"));
    }
    shown
}

fn plain(code: &str) -> String {
    code.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
