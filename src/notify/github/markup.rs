//! GitHub's Markdown: phrases set in it, and text from people made harmless in it.

use crate::notify::phrases::{Phrase, Span};
use crate::notify::prose;

/// Shows nothing and breaks what GitHub would link: `@name` and `#12`.
const BREAK: char = '\u{200b}';

pub fn phrase(phrase: &Phrase) -> String {
    phrase.spans().iter().fold(String::new(), |mut text, span| {
        match span {
            Span::Words(span) => text.push_str(&words(span)),
            Span::Strong(span) => text.push_str(&format!("**{}**", words(span))),
            Span::Code(span) => text.push_str(&code(span)),
            // A fence stands on lines of its own.
            Span::Block(span) => text.push_str(&format!("\n\n{}", code_block(span))),
        }
        text
    })
}

/// Text that is shown as it was written: no formatting, no HTML, no mention, no reference to an issue.
pub fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '@' => shown.extend(['@', BREAK]),
            '#' if next.is_ascii_digit() => shown.extend(['#', BREAK]),
            // Inside a word an underscore formats nothing; `weight_decay` stays what it is.
            '_' if before.is_alphanumeric() && next.is_alphanumeric() => shown.push('_'),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '|' | '!' | '#' | '$' => shown.extend(['\\', c]),
            // At the beginning of a line these would begin a list or a rule.
            '-' | '+' | '=' if before == '\n' => shown.extend(['\\', c]),
            _ => shown.push(c),
        }
        before = c;
    }
    shown
}

/// `@login`, by which GitHub tells that person; none if it cannot be a login.
pub fn mention(login: &str) -> Option<String> {
    let is_login =
        !login.is_empty() && login.len() <= 39 && login.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_login.then(|| format!("@{login}"))
}

/// Code in a line, also in a cell of a table.
pub fn code(text: &str) -> String {
    let line = prose::line(text, 200);
    if line.is_empty() {
        return String::new();
    }
    if !line.contains(['`', '|', '\\']) {
        return format!("`{line}`");
    }
    let escaped = line.chars().fold(String::new(), |mut shown, c| {
        if c.is_alphanumeric() || c == ' ' {
            shown.push(c)
        } else {
            shown.push_str(&format!("&#{};", u32::from(c)))
        }
        shown
    });
    format!("<code>{escaped}</code>")
}

/// A code block with a fence that its content does not close.
pub fn code_block(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

pub fn link(url: &str, title: &str) -> String {
    format!("[{}]({})", words(title), address(url))
}

/// A picture; `title` for whoever does not see it.
pub fn image(url: &str, title: &str) -> String {
    format!("!{}", link(url, title))
}

fn address(url: &str) -> String {
    url.chars()
        .map(|c| match c {
            '(' => "%28".to_owned(),
            ')' => "%29".to_owned(),
            '<' => "%3C".to_owned(),
            '>' => "%3E".to_owned(),
            '|' => "%7C".to_owned(),
            ' ' => "%20".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

/// A part that is folded until somebody opens it.
pub fn folded(title: &str, body: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{body}\n\n</details>")
}

/// The hidden first line by which a comment is found again.
pub fn marker(slot: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b':');
    let encoded = slot.bytes().fold(String::new(), |mut text, b| {
        if plain(b) {
            text.push(char::from(b))
        } else {
            text.push_str(&format!("%{b:02X}"))
        }
        text
    });
    // Names are full of single hyphens, which are harmless; two of them could end the comment.
    format!("<!-- tunebot:{} -->", encoded.replace("%2D", "-").replace("--", "-%2D"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_mentioned_and_nothing_is_formatted() {
        assert_eq!(
            words("@octocat fixes #12 *b* _i_ weight_decay [x](y) <b> & a|b `c`"),
            "@\u{200b}octocat fixes #\u{200b}12 \\*b\\* \\_i\\_ weight_decay \\[x\\](y) &lt;b&gt; &amp; a\\|b \\`c\\`"
        );
    }

    #[test]
    fn code_cannot_be_left_even_in_a_table() {
        assert_eq!(code("a<b>@c"), "`a<b>@c`");
        assert_eq!(code("a`|b"), "<code>a&#96;&#124;b</code>");
        assert_eq!(code_block("```\nx\n`````"), "``````text\n```\nx\n`````\n``````");
    }

    #[test]
    fn a_marker_cannot_be_left_and_differs_for_different_slots() {
        assert_eq!(marker("sweep/big-net-k3f9q2/acme/vision"), "<!-- tunebot:sweep/big-net-k3f9q2/acme/vision -->");
        assert_eq!(marker("a-->b"), "<!-- tunebot:a-%2D%3Eb -->");
        assert_ne!(marker("a--b"), marker("a-%2Db"));
    }
}
