//! Commands in a comment on a pull request.

/// What follows `/tune` on each line that begins with it, in order.
///
/// Lines that GitHub shows as code, as a quotation or not at all are no commands: fenced and indented code, `>` with
/// the lines that continue it, and HTML comments.
pub fn commands_in_comment(body: &str) -> Vec<String> {
    let mut place = Place::Text;
    let mut commands = Vec::new();
    for line in body.lines() {
        let (next, visible) = place.read(line);
        place = next;
        commands.extend(visible.as_deref().and_then(command));
    }
    commands
}

fn command(line: &str) -> Option<String> {
    let rest = unindented(line)?.strip_prefix("/tune")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim().to_owned())
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Text,
    /// After a line of a quotation: what follows without an empty line belongs to it.
    Quote,
    /// In code that ends at a line of at least `length` of `mark`.
    Fence {
        mark: char,
        length: usize,
    },
    HtmlComment,
}

impl Place {
    /// The place of the next line, and what of this line is ordinary text.
    fn read(self, line: &str) -> (Self, Option<String>) {
        match self {
            Self::Fence { mark, length } => {
                let closes = fence(line).is_some_and(|(m, n, info)| m == mark && n >= length && info.trim().is_empty());
                (if closes { Self::Text } else { self }, None)
            }
            Self::HtmlComment => match line.split_once("-->") {
                // What follows on the line that ends a comment is not the beginning of a line.
                Some((_, rest)) => (without_html_comments(rest).1, None),
                None => (self, None),
            },
            Self::Text | Self::Quote if unindented(line).is_some_and(|line| line.starts_with('>')) => {
                (Self::Quote, None)
            }
            Self::Text | Self::Quote => match fence(line) {
                Some((mark, length, _)) => (Self::Fence { mark, length }, None),
                None if line.trim().is_empty() => (Self::Text, None),
                None if self == Self::Quote => (self, None),
                None => {
                    let (visible, next) = without_html_comments(line);
                    (next, Some(visible))
                }
            },
        }
    }
}

/// The line's visible part, and where the next line stands.
fn without_html_comments(line: &str) -> (String, Place) {
    let mut visible = String::new();
    let mut rest = line;
    while let Some((before, inside)) = rest.split_once("<!--") {
        visible.push_str(before);
        match inside.split_once("-->") {
            Some((_, after)) => rest = after,
            None => return (visible, Place::HtmlComment),
        }
    }
    visible.push_str(rest);
    (visible, Place::Text)
}

/// The fence that the line opens or closes: its mark, its length and what follows it.
fn fence(line: &str) -> Option<(char, usize, &str)> {
    let line = unindented(line)?;
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    // "```x```" on one line is code within text, not a fence.
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length, info))
}

/// The line without up to three spaces before it; none when it is indented as code is.
fn unindented(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len() < 4 && !rest.starts_with('\t')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::commands_in_comment;

    #[test]
    fn a_line_that_begins_with_tune_is_a_command() {
        assert_eq!(commands_in_comment("Let us see.\r\n\r\n/tune resnet trials=5\r\n"), ["resnet trials=5"]);
        assert_eq!(
            commands_in_comment("/tune resnet\n  /tune stop resnet-k3f9q2\n/tune"),
            ["resnet", "stop resnet-k3f9q2", ""]
        );
    }

    #[test]
    fn talking_about_it_is_not_a_command() {
        for body in
            ["Try /tune resnet", "`/tune resnet`", "/tuner resnet", "- /tune resnet", "/ tune resnet", "\t/tune resnet"]
        {
            assert!(commands_in_comment(body).is_empty(), "{body:?}");
        }
    }

    #[test]
    fn code_is_not_a_command() {
        for body in [
            "```\n/tune a\n```",
            "```sh\n/tune a",
            "~~~\n```\n/tune a\n~~~",
            "````\n```\n/tune a\n````",
            "text\n\n    /tune a",
            "   ```\n/tune a\n   ```",
            "```\n/tune a\n``` not the end\n/tune b",
        ] {
            assert!(commands_in_comment(body).is_empty(), "{body:?}");
        }
        assert_eq!(commands_in_comment("```\n/tune a\n```\n/tune b"), ["b"]);
        assert_eq!(commands_in_comment("```one line```\n/tune b"), ["b"]);
    }

    #[test]
    fn a_quotation_is_not_a_command() {
        assert!(commands_in_comment("> /tune a").is_empty());
        assert!(commands_in_comment("> so\n/tune a").is_empty(), "GitHub shows this line inside the quotation");
        assert_eq!(commands_in_comment("> /tune a\n\n/tune b"), ["b"]);
        assert_eq!(commands_in_comment("> ```\n\n/tune b"), ["b"]);
    }

    #[test]
    fn a_hidden_comment_is_not_a_command() {
        assert!(commands_in_comment("<!--\n/tune a\n-->").is_empty());
        assert!(commands_in_comment("<!-- never closed\n/tune a").is_empty());
        assert_eq!(commands_in_comment("<!-- template -->\n/tune a <!-- because -->"), ["a"]);
        assert_eq!(commands_in_comment("```\n<!--\n```\n/tune b"), ["b"]);
    }
}
