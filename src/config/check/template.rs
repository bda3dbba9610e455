//! Placeholders: `{name}` in a word of a command, with `{{` and `}}` for the braces themselves.

use super::Checker;
use crate::config::nearest;
use crate::config::source::Place;

impl Checker<'_> {
    /// Every placeholder of `text` is one of `known`.
    pub(super) fn check_template(&mut self, place: &Place<'_>, text: &str, known: &[&str]) {
        match placeholders(text) {
            Ok(names) => {
                for name in names.into_iter().filter(|name| !known.contains(name)) {
                    let problem = place.problem(format!("the placeholder {{{name}}} stands for nothing"));
                    self.problems.push(problem.hint(nearest::hint(name, known.iter().copied())));
                }
            }
            Err(message) => self.problems.push(place.problem(message).hint("for braces themselves write {{ and }}")),
        }
    }
}

/// The names between single braces in `text`, in their order.
fn placeholders(text: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (brace, after) = (&rest[at..=at], &rest[at + 1..]);
        if let Some(after) = after.strip_prefix(brace) {
            rest = after;
            continue;
        }
        if brace == "}" {
            return Err("there is a } without its {".to_owned());
        }
        let Some(end) = after.find('}') else {
            return Err("there is a { without its }".to_owned());
        };
        let name = &after[..end];
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
            return Err(format!("{{{name}}} is not a placeholder"));
        }
        names.push(name);
        rest = &after[end + 1..];
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(placeholders("--lr={lr} --json={{\"x\": {x}}}"), Ok(vec!["lr", "x"]));
        assert_eq!(placeholders("plain"), Ok(vec![]));
    }

    #[test]
    fn braces_that_do_not_pair_are_refused() {
        for text in ["{", "}", "{a", "a}", "{}", "{a b}", "{{}", "{a}}"] {
            assert!(placeholders(text).is_err(), "{text}");
        }
    }
}
