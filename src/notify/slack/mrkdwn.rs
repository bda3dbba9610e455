//! Slack's markup language: phrases set in it, and text from people made harmless in it.
//!
//! mrkdwn has no escape for its own marks, only for `&`, `<` and `>`. A mark that could begin formatting is replaced by
//! its look-alike instead; a name that must stay copyable stands in a code span, where nothing but the backtick counts.

use crate::notify::phrases::{Phrase, Span};
use crate::notify::prose;

/// Words at which everybody's phone rings.
const CALLS: [&str; 3] = ["channel", "here", "everyone"];

pub fn phrase(phrase: &Phrase) -> String {
    phrase.spans().iter().fold(String::new(), |mut text, span| {
        match span {
            Span::Words(span) => text.push_str(&words(span)),
            Span::Strong(span) => text.push_str(&format!("*{}*", words(span).replace('*', "∗"))),
            Span::Code(span) => text.push_str(&code(span)),
            Span::Block(span) => text.push_str(&format!("\n{}", code_block(span))),
        }
        text
    })
}

/// Text that is shown as it was written, and calls nobody.
pub fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            // Inside a word a mark formats nothing; `weight_decay` stays what it is.
            '*' | '_' | '~' if before.is_alphanumeric() => shown.push(c),
            '*' => shown.push('∗'),
            '_' => shown.push('ˍ'),
            '~' => shown.push('∼'),
            '`' => shown.push('\''),
            '@' if CALLS.iter().any(|call| begins_with(&text[at + 1..], call)) => shown.push_str("@\u{2060}"),
            _ => push_escaped(&mut shown, c),
        }
        before = c;
    }
    shown
}

/// A code span.
pub fn code(text: &str) -> String {
    let line = prose::line(text, 200).replace('`', "'");
    if line.is_empty() { String::new() } else { format!("`{}`", escaped(&line)) }
}

/// A code block.
pub fn code_block(text: &str) -> String {
    format!("```\n{}\n```", escaped(&text.replace('`', "'")))
}

/// `<address|title>`.
pub fn link(url: &str, title: &str) -> String {
    let url = url.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E");
    format!("<{}|{}>", escaped(&url), words(title).replace('|', "/"))
}

/// How many characters `text` takes once escaped.
pub fn escaped_length(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if c == '&' {
                5
            } else if matches!(c, '<' | '>') {
                4
            } else {
                1
            }
        })
        .sum()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        push_escaped(&mut shown, c);
        shown
    })
}

fn push_escaped(shown: &mut String, c: char) {
    match c {
        '&' => shown.push_str("&amp;"),
        '<' => shown.push_str("&lt;"),
        '>' => shown.push_str("&gt;"),
        _ => shown.push(c),
    }
}

fn begins_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_and_nothing_is_formatted() {
        assert_eq!(
            words("<!channel> <@U1> @here *b* _i_ ~s~ `c` a & b weight_decay"),
            "&lt;!channel&gt; &lt;@U1&gt; @\u{2060}here ∗b* ˍi_ ∼s~ 'c' a &amp; b weight_decay"
        );
    }

    #[test]
    fn a_code_block_cannot_be_left() {
        assert_eq!(code_block("a ``` <b>"), "```\na ''' &lt;b&gt;\n```");
    }

    #[test]
    fn a_link_cannot_be_left() {
        assert_eq!(link("https://a.test/x|y?a=1&b=>", "t|> <"), "<https://a.test/x%7Cy?a=1&amp;b=%3E|t/&gt; &lt;>");
    }
}
