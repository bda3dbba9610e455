//! Where a path leads: to a value, or to a mapping that lacks the last key of it.

use std::ops::Range;

use crate::domain::key_path::{KeyPath, Step};
use crate::domain::nearest::nearest;
use crate::domain::tuning::Format;

use super::EditError;
use super::tree::{Content, Document, Entry, Map, Node, Scalar, Style};

pub(super) enum Place<'a> {
    Value {
        scalar: Scalar,
        /// The bytes to replace.
        span: Range<usize>,
        /// There is nothing yet, not even a space after the colon.
        gap: bool,
    },
    Missing {
        map: &'a Map,
        key: String,
    },
}

/// # Errors
/// Something on the way is not there, is no mapping, or is shared with another place.
pub(super) fn locate<'a>(
    format: Format,
    text: &str,
    document: &'a Document,
    path: &KeyPath,
) -> Result<Place<'a>, EditError> {
    let way = Way { document, path };
    let mut node = &document.root;
    let mut entry: Option<&Entry> = None;
    for (done, step) in path.steps().iter().enumerate() {
        way.check_own(node, done)?;
        let is_last = done + 1 == path.steps().len();
        match (&node.content, step) {
            (Content::Map(map), Step::Key(key)) => match way.find(map, key, done)? {
                Some(found) => (node, entry) = (&found.value, Some(found)),
                None if is_last => return Ok(Place::Missing { map, key: key.clone() }),
                None => return Err(way.missing(map, node, key, done)),
            },
            (Content::List(items), _) => {
                let number = match step {
                    Step::Item(number) => Some(*number),
                    Step::Key(key) => key.parse().ok(),
                };
                node = number.and_then(|number| items.get(number)).ok_or_else(|| way.not_in_list(items, node, done))?;
                entry = None;
            }
            _ => return Err(way.no_mapping(node, done)),
        }
    }
    way.value(format, text, node, entry)
}

struct Way<'a> {
    document: &'a Document,
    path: &'a KeyPath,
}

impl Way<'_> {
    fn line(&self, node: &Node) -> Option<usize> {
        Some(self.document.line(node.span.start))
    }

    /// The way so far, as messages show it.
    fn name(&self, steps: usize) -> String {
        match steps {
            0 => "the top of the file".to_owned(),
            _ => format!("`{}`", self.path.first(steps)),
        }
    }

    /// What an alias repeats elsewhere would change there, too.
    fn check_own(&self, node: &Node, steps: usize) -> Result<(), EditError> {
        if let Some(used) = node.anchor.and_then(|anchor| self.document.aliases.get(&anchor)) {
            return Err(EditError::new(
                self.line(node),
                format!("{} is used in line {used}, too, by an alias", self.name(steps)),
                "A change would reach both places: write them out one by one.",
            ));
        }
        if matches!(node.content, Content::Alias(_, None)) {
            return Err(EditError::new(
                self.line(node),
                format!("{} is an alias of what stands elsewhere", self.name(steps)),
                "A change would reach both places: write it out.",
            ));
        }
        Ok(())
    }

    fn find<'m>(&self, map: &'m Map, key: &str, done: usize) -> Result<Option<&'m Entry>, EditError> {
        let mut found = map.entries.iter().filter(|entry| entry.key == key);
        let first = found.next();
        if let Some(second) = found.next() {
            return Err(EditError::new(
                Some(self.document.line(second.key_span.start)),
                format!("{} is there twice", self.name(done + 1)),
                "Take one of them out.",
            ));
        }
        Ok(first)
    }

    fn missing(&self, map: &Map, node: &Node, key: &str, done: usize) -> EditError {
        let keys: Vec<&str> = map.entries.iter().map(|entry| entry.key.as_str()).collect();
        let advice = match (nearest(key, keys.iter().copied()), keys.as_slice()) {
            (Some(near), _) => format!("Did you mean `{}`?", self.path.first(done).key(near)),
            (None, []) => format!("{} is empty.", capitalised(&self.name(done))),
            (None, keys) => format!("{} has {}.", capitalised(&self.name(done)), list(keys)),
        };
        let line = if done == 0 { None } else { self.line(node) };
        EditError::new(line, format!("there is no `{}`", self.path.first(done + 1)), advice)
    }

    fn not_in_list(&self, items: &[Node], node: &Node, done: usize) -> EditError {
        let name = self.name(done);
        let advice = match items.len() {
            0 => format!("{} is an empty list.", capitalised(&name)),
            1 => format!("{} is a list of one: write [0].", capitalised(&name)),
            count => format!("{} is a list of {count}: write [0] to [{}].", capitalised(&name), count - 1),
        };
        EditError::new(self.line(node), format!("there is no `{}`", self.path.first(done + 1)), advice)
    }

    fn no_mapping(&self, node: &Node, done: usize) -> EditError {
        let what = match &node.content {
            Content::Map(_) => "a mapping, not a list",
            _ => "a value, not a mapping",
        };
        EditError::new(
            self.line(node),
            format!("{} is {what}, so there is no `{}`", self.name(done), self.path),
            "Set `apply.key` or `apply.keys` of the tuning to where the parameters stand.",
        )
    }

    fn value<'a>(
        &self,
        format: Format,
        text: &str,
        node: &'a Node,
        entry: Option<&Entry>,
    ) -> Result<Place<'a>, EditError> {
        let steps = self.path.steps().len();
        self.check_own(node, steps)?;
        let refuse = |what: &str| {
            let advice = "Write one value there, on one line.";
            Err(EditError::new(self.line(node), format!("{} {what}", self.name(steps)), advice))
        };
        let (Content::Scalar(scalar) | Content::Alias(_, Some(scalar))) = &node.content else {
            return refuse("holds several values, not one");
        };
        if let Some(tag) = &node.tag {
            return refuse(&format!("has the tag `{tag}`"));
        }
        let is_long = scalar.style == Style::Block || text[node.span.clone()].contains('\n');
        if is_long {
            return refuse("is a text over several lines");
        }
        if scalar.style == Style::Other {
            return refuse("is a date, which no parameter is");
        }
        let (span, gap) = if node.span.is_empty() && format == Format::Yaml {
            match entry.and_then(|entry| after_colon(text, entry.key_span.end)) {
                Some(at) if node.anchor.is_none() => (at..at, true),
                _ => return refuse("is empty"),
            }
        } else {
            (node.span.clone(), false)
        };
        Ok(Place::Value { scalar: scalar.clone(), span, gap })
    }
}

/// The place right after the colon that follows a key.
fn after_colon(text: &str, key_end: usize) -> Option<usize> {
    let rest = &text[key_end..];
    let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest[spaces..].starts_with(':').then_some(key_end + spaces + 1)
}

fn list(keys: &[&str]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = keys.iter().take(MOST).map(|key| format!("`{key}`")).collect();
    let more = if keys.len() > MOST { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
