//! JSON, with the comments and the commas at the end that editors allow in it: the places of its values.

use std::ops::Range;

use super::EditError;
use super::scalar::read_number;
use super::tree::{Content, Document, Entry, Layout, Map, Node, Scalar, Style};
use crate::domain::params::Value;

const MAX_DEPTH: usize = 100;

/// # Errors
/// It is no JSON.
pub(super) fn read(text: &str) -> Result<Document, EditError> {
    let mut scanner = Scanner { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 }, depth: 0 };
    let parsed = scanner.node().and_then(|root| {
        scanner.space()?;
        if scanner.at < text.len() { Err("something follows its end") } else { Ok(root) }
    });
    parsed.map(|root| Document::new(text, root)).map_err(|fault| {
        let line = text.as_bytes()[..scanner.at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
        EditError::new(Some(line), format!("it is no JSON: {fault}"), "Mend the file first.")
    })
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Scanned<T> = Result<T, &'static str>;

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over white space and comments.
    fn space(&mut self) -> Scanned<()> {
        loop {
            let trimmed = self.rest().trim_start_matches([' ', '\t', '\r', '\n']);
            self.at = self.text.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += trimmed.find("*/").ok_or("a comment is not closed")? + 2;
            } else {
                return Ok(());
            }
        }
    }

    /// Takes `c`, if it comes next.
    fn take(&mut self, c: char) -> Scanned<bool> {
        self.space()?;
        let is_next = self.rest().starts_with(c);
        self.at += if is_next { c.len_utf8() } else { 0 };
        Ok(is_next)
    }

    fn node(&mut self) -> Scanned<Node> {
        self.space()?;
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it goes too deep");
        }
        let content = match self.rest().chars().next() {
            Some('{') => self.map(start)?,
            Some('[') => self.list()?,
            Some('"') => {
                let (text, _) = self.string()?;
                Content::Scalar(Scalar { word: text.clone(), value: Value::Text(text), style: Style::Double })
            }
            Some(_) => self.word()?,
            None => return Err("a value is missing at its end"),
        };
        self.depth -= 1;
        Ok(Node::new(start..self.at, content))
    }

    fn map(&mut self, start: usize) -> Scanned<Content> {
        self.at += 1;
        let mut entries = Vec::new();
        while !self.take('}')? {
            self.space()?;
            if !self.rest().starts_with('"') {
                return Err("a key between double quotes is missing");
            }
            let (key, key_span) = self.string()?;
            if !self.take(':')? {
                return Err("a colon is missing");
            }
            entries.push(Entry { key, key_span, value: self.node()? });
            if !self.take(',')? && !self.next_is('}')? {
                return Err("a comma or a closing brace is missing");
            }
        }
        Ok(Content::Map(Map { span: start..self.at, entries, layout: Layout::Flow, opening: None }))
    }

    fn list(&mut self) -> Scanned<Content> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(']')? {
            items.push(self.node()?);
            if !self.take(',')? && !self.next_is(']')? {
                return Err("a comma or a closing bracket is missing");
            }
        }
        Ok(Content::List(items))
    }

    fn next_is(&mut self, c: char) -> Scanned<bool> {
        self.space()?;
        Ok(self.rest().starts_with(c))
    }

    /// A text between double quotes, and where it stands.
    fn string(&mut self) -> Scanned<(String, Range<usize>)> {
        let start = self.at;
        let mut escaped = false;
        let inner = self.rest().char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let end = start + inner.ok_or("a text is not closed")?.0 + 1;
        let text =
            serde_json::from_str(&self.text[start..end]).map_err(|_| "a text has an escape that JSON does not know")?;
        self.at = end;
        Ok((text, start..end))
    }

    /// A number, a truth value or null.
    fn word(&mut self) -> Scanned<Content> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
        let end = self.rest().find(|c: char| !is_word(c)).unwrap_or(self.rest().len());
        let word = &self.rest()[..end];
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ if serde_json::from_str::<serde_json::Number>(word).is_ok() => {
                read_number(word).ok_or("a number is out of range")?
            }
            _ => return Err("a value is missing, or is none"),
        };
        self.at += end;
        Ok(Content::Scalar(Scalar { value, style: Style::Plain, word: word.to_owned() }))
    }
}
