//! Text from people and programs, made fit to stand in a message before it is escaped for its medium: no control
//! characters, no invisible tricks with the direction of writing, no more than there is room for.

/// Ends a text that was cut.
const CUT: &str = "…";

/// A part of a text in which backticks mark code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    Words(&'a str),
    Code(&'a str),
}

/// Splits a text at its backticks. A last backtick without a partner is words.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, behind)) = after.split_once('`') else { break };
        push_words(&mut parts, before);
        if !code.trim().is_empty() {
            parts.push(Part::Code(code));
        }
        rest = behind;
    }
    push_words(&mut parts, rest);
    parts
}

/// The text on one line, at most `limit` characters.
pub fn line(text: &str, limit: usize) -> String {
    let shown = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(shows);
    // No more is read than can be shown, however long the text is.
    let start: String = shown.skip_while(|c| *c == ' ').take(limit.saturating_add(1)).collect();
    cut(start.trim_end(), limit)
}

/// The text with its line breaks, at most `limit` characters of its beginning.
pub fn lines(text: &str, limit: usize) -> String {
    cut(visible(text).trim(), limit)
}

/// The last lines of a log, at most `limit` characters: the end is where the reason stands.
pub fn tail(log: &str, limit: usize) -> String {
    let shown = visible(&without_terminal_codes(log));
    let shown = shown.trim_end();
    let length = shown.chars().count();
    if length <= limit {
        return shown.trim_start_matches('\n').to_owned();
    }
    let end: String = shown.chars().skip(length - limit.saturating_sub(1)).collect();
    // A whole first line reads better than half of one, if there is a line to begin with.
    match end.split_once('\n') {
        Some((_, whole)) if !whole.trim().is_empty() => format!("{CUT}\n{whole}"),
        _ => format!("{CUT}{end}"),
    }
}

/// At most `limit` characters of `text`, with a mark where it was cut.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}{CUT}", kept.trim_end())
}

fn push_words<'a>(parts: &mut Vec<Part<'a>>, words: &'a str) {
    if !words.is_empty() {
        parts.push(Part::Words(words));
    }
}

fn visible(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\t', "    ").chars().filter(|c| *c == '\n' || shows(c)).collect()
}

/// Not a control character, nor one that turns the direction of writing or hides between letters.
fn shows(c: &char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Drops colours and cursor movements (`ESC [ … letter`), which programs write into their logs.
fn without_terminal_codes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' && characters.peek() == Some(&'[') {
            characters.next();
            for code in characters.by_ref() {
                if ('@'..='~').contains(&code) {
                    break;
                }
            }
        } else {
            kept.push(c);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_mark_code_and_a_lonely_one_is_a_word() {
        assert_eq!(
            parts("`lr=5` is outside `lr`'s range `x"),
            [Part::Code("lr=5"), Part::Words(" is outside "), Part::Code("lr"), Part::Words("'s range `x")]
        );
        assert_eq!(parts("``"), []);
    }

    #[test]
    fn a_name_with_line_breaks_and_hidden_characters_becomes_one_plain_line() {
        assert_eq!(line(" a\nb\u{202e}c\u{200b}d\u{7} ", 40), "a bcd");
        assert_eq!(line("abcdefgh", 5), "abcd…");
    }

    #[test]
    fn a_long_log_keeps_its_end_without_colours() {
        let log = format!("{}\n\u{1b}[31mCUDA out of memory\u{1b}[0m\n", "step\n".repeat(500));
        let end = tail(&log, 40);
        assert!(end.ends_with("CUDA out of memory") && end.starts_with('…'), "{end}");
        assert!(end.chars().count() <= 41);
    }
}
