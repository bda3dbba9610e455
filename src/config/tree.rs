//! A YAML file as a tree in which every node knows where it stands.
//!
//! One fault must not hide the next one, and a fault that is found late (a name that exists nowhere) must still be shown
//! where it was written. So files are read into this tree first, and everything else is read out of it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Spanned};

/// A place in a file. Lines and columns count from 1, in characters; `offset` and `length` are bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub line: usize,
    pub column: usize,
    pub offset: usize,
    pub length: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub at: Position,
    pub kind: Kind,
    /// It had a fault that has been reported: it is not read again.
    pub hidden: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    /// A number or a boolean, with the text that stands in the file: `1.10` as a text is not `1.1`.
    Bool(bool, String),
    Int(i64, String),
    Unsigned(u64, String),
    Float(f64, String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub key_at: Position,
    pub value: Node,
}

/// One step from a node to a node in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Key(String),
    Index(usize),
}

/// Why a text is not a tree.
#[derive(Debug)]
pub(super) struct SyntaxFault {
    pub at: Position,
    pub message: String,
}

impl Node {
    /// Reads one document. Keys that are there twice are faults; the first one stays.
    ///
    /// # Errors
    /// The first place at which `text` is not YAML.
    pub fn parse(text: &str, faults: &mut Vec<SyntaxFault>) -> Result<Self, SyntaxFault> {
        let options = serde_yaml::options! {
            // `on`, `no`, `012` and `1_000` mean what they look like.
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            // Ranges are checked later, where an infinite one gets a message with its place.
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            with_snippet: false,
        };
        match serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options) {
            Ok(raw) => Ok(located(raw, text, faults)),
            Err(error) => {
                let at = error.location().map(|location| position(&location)).unwrap_or_default();
                let message = error.without_snippet().to_string();
                Err(SyntaxFault { at, message: plain(&message) })
            }
        }
    }

    pub fn empty() -> Self {
        Self { at: Position { line: 1, column: 1, offset: 0, length: 0 }, kind: Kind::Map(Vec::new()), hidden: false }
    }

    /// The node that `segment` leads to, hidden or not.
    pub fn child(&self, segment: &Segment) -> Option<&Self> {
        match (&self.kind, segment) {
            (Kind::Map(entries), Segment::Key(key)) => entries.iter().find(|e| e.key == *key).map(|e| &e.value),
            (Kind::List(items), Segment::Index(index)) => items.get(*index),
            _ => None,
        }
    }

    pub fn find(&self, path: &[Segment]) -> Option<&Self> {
        path.iter().try_fold(self, |node, segment| node.child(segment))
    }

    /// Takes the node at `path` out of every later reading.
    pub fn hide(&mut self, path: &[Segment]) {
        let mut node = self;
        for segment in path {
            let next = match (&mut node.kind, segment) {
                (Kind::Map(entries), Segment::Key(key)) => {
                    entries.iter_mut().find(|e| e.key == *key).map(|e| &mut e.value)
                }
                (Kind::List(items), Segment::Index(index)) => items.get_mut(*index),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return,
            }
        }
        node.hidden = true;
    }

    /// Where a message about `path` points: at the value if it is one word, at its key if it spans lines, and at the
    /// innermost thing around it that is there if it is missing. `on_key` points at the key in any case.
    pub fn position(&self, path: &[Segment], on_key: bool) -> Position {
        let mut node = self;
        let mut at = self.at;
        for (depth, segment) in path.iter().enumerate() {
            let Some(next) = node.child(segment) else { return at };
            let key_at = match (&node.kind, segment) {
                (Kind::Map(entries), Segment::Key(key)) => entries.iter().find(|e| e.key == *key).map(|e| e.key_at),
                _ => None,
            };
            let on_key = on_key && depth + 1 == path.len();
            at = match (key_at, &next.kind) {
                (Some(key_at), _) if on_key => key_at,
                (Some(key_at), Kind::Map(_) | Kind::List(_) | Kind::Null) => key_at,
                _ => next.at,
            };
            node = next;
        }
        at
    }
}

/// The parser's message without the place, which is shown in front of every message, and without advice to programmers.
fn plain(message: &str) -> String {
    if message.starts_with("multiple YAML documents") {
        return "a second document begins here, but a file holds only one".to_owned();
    }
    let message = message.split(" at line ").next().unwrap_or_default();
    message.split("; use ").next().unwrap_or_default().to_owned()
}

/// What the parser gives, before the source text is at hand.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn position(location: &serde_yaml::Location) -> Position {
    let number = |value: u64| usize::try_from(value).unwrap_or(0);
    let span = location.span();
    Position {
        line: number(location.line()),
        column: number(location.column()),
        offset: number(span.byte_offset().unwrap_or(0)),
        length: number(span.byte_len().unwrap_or(0)),
    }
}

fn located(raw: Spanned<Raw>, source: &str, faults: &mut Vec<SyntaxFault>) -> Node {
    // What an alias or a merge brings is shown where it was written.
    let at = position(&raw.defined);
    let written = || source.get(at.offset..at.offset + at.length).unwrap_or_default().to_owned();
    let kind = match raw.value {
        Raw::Null => Kind::Null,
        Raw::Bool(value) => Kind::Bool(value, written()),
        Raw::Int(value) => Kind::Int(value, written()),
        Raw::Unsigned(value) => Kind::Unsigned(value, written()),
        Raw::Float(value) => Kind::Float(value, written()),
        Raw::Text(text) => Kind::Text(text),
        Raw::List(items) => Kind::List(items.into_iter().map(|item| located(item, source, faults)).collect()),
        Raw::Map(entries) => Kind::Map(located_entries(entries, source, faults)),
    };
    Node { at, kind, hidden: false }
}

fn located_entries(
    raw: Vec<(Spanned<String>, Spanned<Raw>)>,
    source: &str,
    faults: &mut Vec<SyntaxFault>,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(raw.len());
    for (key, value) in raw {
        let merged = key.referenced != key.defined;
        let key_at = position(&key.defined);
        match entries.iter().find(|entry| entry.key == key.value) {
            // `<<` gives way to what is written beside it.
            Some(_) if merged => {}
            Some(first) => faults.push(SyntaxFault {
                at: key_at,
                message: format!("`{}` is here twice, first in line {}", key.value, first.key_at.line),
            }),
            None => entries.push(Entry { key: key.value, key_at, value: located(value, source, faults) }),
        }
    }
    entries
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or(Raw::Unsigned(value), Raw::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
