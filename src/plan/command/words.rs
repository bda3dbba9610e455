//! From a line as a chat or a phone sends it to the words that were meant.

/// Takes back what chat programs do to a typed line: Slack's links and escapes, typographic quotes, dashes and dots,
/// marks of code, invisible characters.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in unescape(&unlink(text)).chars() {
        match c {
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '«' | '»' => out.push('"'),
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => out.push('\''),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '…' => out.push_str(".."),
            '`' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            c => out.push(c),
        }
    }
    out
}

/// Slack writes `main.py` as `<http://main.py|main.py>` and `#general` as `<#C024|general>`: the label is what was typed.
fn unlink(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, link) = rest.split_at(start);
        out.push_str(before);
        match link[1..].split_once(['>', '<']) {
            Some((inner, after)) if link.as_bytes().get(inner.len() + 1) == Some(&b'>') => {
                out.push_str(&label(inner));
                rest = after;
            }
            _ => {
                out.push('<');
                rest = &link[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn label(link: &str) -> String {
    let (target, label) = link.split_once('|').map_or((link, None), |(target, label)| (target, Some(label)));
    let sign = target.chars().next().filter(|c| matches!(c, '@' | '#' | '!'));
    match (sign, label) {
        (Some(sign), Some(label)) => format!("{sign}{}", label.trim_start_matches(sign)),
        (_, Some(label)) => label.to_owned(),
        (_, None) => target.trim_start_matches("mailto:").to_owned(),
    }
}

/// Slack escapes exactly these three, once.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        match known.iter().find(|(escape, _)| rest.starts_with(escape)) {
            Some((escape, c)) => {
                out.push(*c);
                rest = &rest[escape.len()..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Splits a plain line at its spaces. Quotes of either kind keep spaces together and are taken off; one without a
/// partner is a character like any other. Spaces beside `=`, `|` and `..` do not split, so that `lr = 1e-4 .. 1e-2` is
/// one word.
pub(super) fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut open_end = false;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c.is_whitespace() {
            if !open_end && !begins_open(after.trim_start()) {
                words.extend(word.take());
            }
            rest = after;
            continue;
        }
        let current = word.get_or_insert_default();
        match quoted(c, after) {
            Some((inner, tail)) => {
                current.push_str(inner);
                open_end = false;
                rest = tail;
            }
            None => {
                current.push(c);
                open_end = ends_open(current);
                rest = after;
            }
        }
    }
    words.extend(word);
    words
}

/// The text between quotes and what follows, if `c` opens a quote that is closed.
fn quoted(c: char, after: &str) -> Option<(&str, &str)> {
    if matches!(c, '"' | '\'') { after.split_once(c) } else { None }
}

fn begins_open(text: &str) -> bool {
    text.starts_with(['=', '|']) || text.starts_with("..")
}

fn ends_open(text: &str) -> bool {
    text.ends_with(['=', '|']) || text.ends_with("..")
}

/// The word as it can be typed, so that [`split`] gives it back.
pub(super) fn quote(word: &str) -> String {
    let ordinary = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'');
    if !word.is_empty() && word.chars().all(ordinary) && !begins_open(word) && !ends_open(word) {
        return word.to_owned();
    }
    if word.is_empty() {
        return "\"\"".to_owned();
    }
    let parts = word.split('"').map(|part| if part.is_empty() { String::new() } else { format!("\"{part}\"") });
    parts.collect::<Vec<_>>().join("'\"'")
}
