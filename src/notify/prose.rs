//! Text from people and programs, made fit to stand in a message before it is escaped for its medium: no control
//! characters, no invisible tricks with the direction of writing, no more than there is room for.

/// Ends a text that was cut.
const CUT: &str = "…";

/// A part of a text in which backticks mark code, three of them a block of it, and stars a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    Words(&'a str),
    /// `*resnet*`: nothing but a name can be strong.
    Strong(&'a str),
    Code(&'a str),
    /// Lines, without the line breaks around them.
    Block(&'a str),
}

/// What begins a block of code.
const FENCE: &str = "```\n";
/// What ends it.
const FENCE_END: &str = "\n```";

/// Splits a text at its marks. A mark without a partner is words.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut rest, mut words) = (text, 0);
    while let Some(found) = rest[words..].find(['`', '*']) {
        let place = words + found;
        let Some((part, length)) = marked(&rest[place..]) else {
            words = place + 1;
            continue;
        };
        let before = &rest[..place];
        push_words(&mut parts, if matches!(part, Part::Block(_)) { before.trim_end() } else { before });
        if !matches!(part, Part::Code(code) if code.trim().is_empty()) {
            parts.push(part);
        }
        (rest, words) = (&rest[place + length..], 0);
    }
    push_words(&mut parts, rest);
    parts
}

/// The part that begins with the mark at the beginning of `text`, and how long it is with its marks.
fn marked(text: &str) -> Option<(Part<'_>, usize)> {
    if let Some((block, _)) = text.strip_prefix(FENCE).and_then(|inside| inside.split_once(FENCE_END)) {
        return Some((Part::Block(block), FENCE.len() + block.len() + FENCE_END.len()));
    }
    let mark = text.chars().next()?;
    let (inside, _) = text[1..].split_once(mark)?;
    let is_name = !inside.is_empty() && inside.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match mark {
        '`' => Some((Part::Code(inside), inside.len() + 2)),
        _ if is_name => Some((Part::Strong(inside), inside.len() + 2)),
        _ => None,
    }
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
    fn stars_mark_a_name_and_nothing_else() {
        let text = "Did you mean *res-net*?";
        assert_eq!(parts(text), [Part::Words("Did you mean "), Part::Strong("res-net"), Part::Words("?")]);
        assert_eq!(parts("2 * 3 * 4 and **"), [Part::Words("2 * 3 * 4 and **")]);
    }

    #[test]
    fn three_backticks_mark_a_block_and_its_lines_stay() {
        let text = "1 tuning:\n```\na  *b*\n   `c`\n```\n`/tune a` starts it.";
        let expected = [
            Part::Words("1 tuning:"),
            Part::Block("a  *b*\n   `c`"),
            Part::Words("\n"),
            Part::Code("/tune a"),
            Part::Words(" starts it."),
        ];
        assert_eq!(parts(text), expected);
        assert_eq!(parts("```\nnot closed"), [Part::Words("`\nnot closed")]);
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
