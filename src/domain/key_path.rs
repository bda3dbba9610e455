//! The way to a value within a document: `models.resnet.params`, `layers[0].lr`, `"a.b".c`.
//!
//! Only the way as people write it. What stands at its end is a matter of the document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Keys of mappings and places of lists, from the top of the document down. Empty: the document itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Key(String),
    /// From 0.
    Item(usize),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a key path: {fault}")]
pub struct InvalidKeyPath {
    text: String,
    fault: &'static str,
}

impl KeyPath {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect())
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This way, and then `key`.
    pub fn key(&self, key: &str) -> Self {
        Self(self.0.iter().cloned().chain([Step::Key(key.to_owned())]).collect())
    }

    /// This way, and then `rest`.
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    /// The first `count` steps of it.
    pub fn first(&self, count: usize) -> Self {
        Self(self.0.iter().take(count).cloned().collect())
    }
}

/// A key that needs no quotes to be read back as itself.
fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && !key.contains(|c: char| matches!(c, '.' | '"' | '[' | ']') || c.is_whitespace() || c.is_control())
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(number) => write!(f, "[{number}]")?,
                Step::Key(key) => {
                    let dot = if index == 0 { "" } else { "." };
                    if is_plain(key) {
                        write!(f, "{dot}{key}")?;
                    } else {
                        write!(f, "{dot}\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl From<KeyPath> for String {
    fn from(path: KeyPath) -> Self {
        path.to_string()
    }
}

impl TryFrom<String> for KeyPath {
    type Error = InvalidKeyPath;
    fn try_from(text: String) -> Result<Self, InvalidKeyPath> {
        text.parse()
    }
}

impl FromStr for KeyPath {
    type Err = InvalidKeyPath;

    fn from_str(text: &str) -> Result<Self, InvalidKeyPath> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if !steps.is_empty() && !rest.starts_with('[') {
                rest = rest.strip_prefix('.').ok_or_else(|| invalid(text, "write a dot between its keys"))?;
            }
            let (step, after) = step(rest).map_err(|fault| invalid(text, fault))?;
            steps.push(step);
            rest = after;
        }
        Ok(Self(steps))
    }
}

fn invalid(text: &str, fault: &'static str) -> InvalidKeyPath {
    InvalidKeyPath { text: text.chars().take(80).collect(), fault }
}

/// The first step of `text`, and what follows it.
fn step(text: &str) -> Result<(Step, &str), &'static str> {
    if let Some(inner) = text.strip_prefix('[') {
        let (number, after) = inner.split_once(']').ok_or("the bracket is not closed")?;
        let number = number.parse().map_err(|_| "in brackets stands the place in a list, from 0")?;
        return Ok((Step::Item(number), after));
    }
    if let Some(inner) = text.strip_prefix('"') {
        return quoted(inner);
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, after) = text.split_at(end);
    if is_plain(key) {
        Ok((Step::Key(key.to_owned()), after))
    } else if key.is_empty() {
        Err("a key is missing beside a dot")
    } else {
        Err("put a key with spaces, quotes or brackets between double quotes")
    }
}

fn quoted(inner: &str) -> Result<(Step, &str), &'static str> {
    let mut key = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Step::Key(key), &inner[at + 1..])),
            '\\' => key.push(chars.next().ok_or("the double quote is not closed")?.1),
            _ => key.push(c),
        }
    }
    Err("the double quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> KeyPath {
        text.parse().unwrap()
    }

    #[test]
    fn a_path_is_keys_between_dots_and_places_in_brackets() {
        let key = |name: &str| Step::Key(name.to_owned());
        assert_eq!(parse("models.resnet").steps(), [key("models"), key("resnet")]);
        assert_eq!(parse("layers[0].lr").steps(), [key("layers"), Step::Item(0), key("lr")]);
        assert_eq!(parse("[1][2]").steps(), [Step::Item(1), Step::Item(2)]);
        assert_eq!(parse("\"a.b\".c d-e".replace(" d", "d").as_str()).steps(), [key("a.b"), key("cd-e")]);
        assert!(parse("").is_empty());
    }

    #[test]
    fn a_path_survives_its_text_form() {
        for text in ["a", "a.b.c", "a[0][1].b", "\"a.b\".c", "\"say \\\"hi\\\"\"", "\"\"", "über.größe"] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [".a", "a.", "a..b", "a[", "a[x]", "\"a", "a b", "a]b", "\"a\"b"] {
            assert!(text.parse::<KeyPath>().is_err(), "{text:?}");
        }
    }
}
