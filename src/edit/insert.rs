//! A new entry in a mapping that is there, in the manner of those beside it.

use std::ops::Range;

use crate::domain::tuning::Format;

use super::scalar;
use super::tree::{Content, Entry as Sibling, Layout, Map, Style};

pub(super) struct Entry<'a> {
    pub key: &'a str,
    /// The value as it is written.
    pub word: &'a str,
}

type Pieces = Vec<(Range<usize>, String)>;

/// The bytes to put in and where; `None` if there is nothing to take as a pattern.
pub(super) fn insert(format: Format, text: &str, map: &Map, entry: &Entry<'_>) -> Option<Pieces> {
    match map.layout {
        Layout::Flow => flow(format, text, map, entry),
        Layout::Block => block(format, text, map, entry),
    }
}

/// After the last entry that stands on a line of its own; before the first one, if none does.
fn block(format: Format, text: &str, map: &Map, entry: &Entry<'_>) -> Option<Pieces> {
    let key = key(format, entry.key);
    let line_break = line_break(text);
    if let Some(sibling) = map.entries.iter().rev().find(|sibling| is_on_one_line(text, sibling)) {
        let start = text[..sibling.key_span.start].rfind('\n').map_or(0, |at| at + 1);
        let before = &text[start..sibling.key_span.start];
        // Beside a `- ` of YAML stand spaces; before a key of TOML the keys that lead to it.
        let before = match format {
            Format::Yaml => before.chars().map(|c| if c == '\t' { c } else { ' ' }).collect(),
            _ => before.to_owned(),
        };
        let end = line_end(text, sibling.value.span.end);
        let between = between(format, text, Some(sibling));
        return Some(vec![(end..end, format!("{line_break}{before}{key}{between}{}", entry.word))]);
    }
    if format == Format::Toml {
        let opening = map.opening?;
        let between = between(format, text, None);
        return Some(if opening == 0 {
            vec![(0..0, format!("{key}{between}{}{line_break}", entry.word))]
        } else {
            let end = line_end(text, opening);
            vec![(end..end, format!("{line_break}{key}{between}{}", entry.word))]
        });
    }
    let first = map.entries.first()?.key_span.start;
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let indent: String = text[start..first].chars().map(|_| ' ').collect();
    Some(vec![(first..first, format!("{key}: {}{line_break}{indent}", entry.word))])
}

fn is_on_one_line(text: &str, sibling: &Sibling) -> bool {
    let simple = match &sibling.value.content {
        Content::Scalar(scalar) => scalar.style != Style::Block,
        Content::Alias(..) => true,
        Content::Map(map) => map.layout == Layout::Flow,
        Content::List(_) => text[sibling.value.span.clone()].starts_with('['),
    };
    let end = sibling.value.span.end;
    simple && end >= sibling.key_span.end && !text[sibling.key_span.start..end].contains('\n')
}

/// Between braces: after the last entry, on a line of its own if the others have one.
fn flow(format: Format, text: &str, map: &Map, entry: &Entry<'_>) -> Option<Pieces> {
    let close = map.span.end.checked_sub(1)?;
    let key = key(format, entry.key);
    let Some(last) = map.entries.last() else {
        let between = between(format, text, None);
        let written = format!("{key}{between}{}", entry.word);
        let inside = &text[map.span.start + 1..close];
        return inside.trim().is_empty().then(|| vec![(map.span.start + 1..close, written)]);
    };
    let end = last.value.span.end.max(last.key_span.end);
    let written = format!("{key}{}{}", between(format, text, Some(last)), entry.word);
    let comma = comma(format, &text[..close], end);
    let start = text[..last.key_span.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = &text[start..last.key_span.start];
    let line = line_end(text, comma.map_or(end, |at| at + 1));
    if start > map.span.start && indent.trim().is_empty() && line <= close {
        let trailing = if comma.is_some() { "," } else { "" };
        let new_line = (line..line, format!("{}{indent}{written}{trailing}", line_break(text)));
        return Some(match comma {
            Some(_) => vec![new_line],
            None if line == end => vec![(end..end, format!(",{}", new_line.1))],
            None => vec![(end..end, ",".to_owned()), new_line],
        });
    }
    let space = if text[map.span.clone()].contains(", ") || map.entries.len() == 1 { " " } else { "" };
    Some(match comma {
        Some(at) => vec![(at + 1..at + 1, format!("{space}{written},"))],
        None => vec![(end..end, format!(",{space}{written}"))],
    })
}

/// The comma that follows, with nothing but space and comments before it.
fn comma(format: Format, text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = &text[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with(',') {
            return Some(at);
        } else if trimmed.starts_with('#') && format != Format::Json
            || trimmed.starts_with("//") && format == Format::Json
        {
            at += trimmed.find('\n')?;
        } else if trimmed.starts_with("/*") && format == Format::Json {
            at += trimmed.find("*/")? + 2;
        } else {
            return None;
        }
    }
}

/// What stands between a key and its value.
fn between(format: Format, text: &str, sibling: Option<&Sibling>) -> String {
    let written = sibling.and_then(|sibling| text.get(sibling.key_span.end..sibling.value.span.start));
    match format {
        Format::Yaml => ": ".to_owned(),
        Format::Toml if written == Some("=") => "=".to_owned(),
        Format::Toml => " = ".to_owned(),
        Format::Json => match written {
            Some(written) if written.trim() == ":" && !written.contains('\n') => written.to_owned(),
            _ => ": ".to_owned(),
        },
    }
}

fn key(format: Format, key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let bare = match format {
        Format::Yaml => scalar::is_plain(key),
        Format::Json => false,
        Format::Toml => !key.is_empty() && key.chars().all(is_bare),
    };
    if bare { key.to_owned() } else { scalar::quoted(format, key, None) }
}

/// The end of the line, before its line break.
fn line_end(text: &str, from: usize) -> usize {
    let end = text[from..].find('\n').map_or(text.len(), |at| from + at);
    if text[from..end].ends_with('\r') { end - 1 } else { end }
}

/// As the first line of the file ends.
fn line_break(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}
