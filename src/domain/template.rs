//! Templates: texts with placeholders, `{name}`, in commands, variables and links. `{{` and `}}` are the braces themselves.
//!
//! The one grammar, for the check of the configuration and for everything that fills a template in. What a name stands
//! for is its reader's to say.

/// A stretch of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Stands for itself.
    Text(&'a str),
    /// The name between the braces: one or more of letters, digits, `_`, `.` and `-`.
    Placeholder(&'a str),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("there is a {{ without its }}")]
    Unclosed,
    #[error("there is a }} without its {{")]
    Unopened,
    #[error("{{{0}}} is not a placeholder")]
    NotAName(String),
}

/// The pieces of `text` in their order.
///
/// # Errors
/// [`TemplateError`] for the first brace that belongs to nothing.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from_brace) = rest.split_at(at);
        pieces.push(Piece::Text(before));
        let (brace, after) = from_brace.split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            pieces.push(Piece::Text(brace));
            rest = after;
            continue;
        }
        if brace == "}" {
            return Err(TemplateError::Unopened);
        }
        let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
            return Err(TemplateError::NotAName(name.to_owned()));
        }
        pieces.push(Piece::Placeholder(name));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Piece::{Placeholder, Text};
    use super::*;

    #[test]
    fn doubled_braces_are_braces() {
        let json = [Text("--json="), Text("{"), Text("\"x\": "), Placeholder("x"), Text("}")];
        assert_eq!(pieces("--json={{\"x\": {x}}}").unwrap(), json);
        assert_eq!(pieces("{lr}").unwrap(), [Placeholder("lr")]);
        assert_eq!(pieces("plain").unwrap(), [Text("plain")]);
    }

    #[test]
    fn braces_that_do_not_pair_are_refused() {
        for text in ["{", "}", "{a", "a}", "{}", "{a b}", "{{}", "{a}}"] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_with_doubled_braces_comes_back(text in ".*") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            let shown: String = pieces(&escaped).unwrap().iter().map(|piece| match piece {
                Text(text) => *text,
                Placeholder(name) => panic!("{name}"),
            }).collect();
            prop_assert_eq!(shown, text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[{}a-z\\-\u{e9}]*") {
            let _ = pieces(&text);
        }
    }
}
