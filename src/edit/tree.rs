//! A document with the place of everything in it, the same for all formats.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::domain::key_path::Step;
use crate::domain::params::Value;

#[derive(Debug)]
pub(super) struct Document {
    pub root: Node,
    /// YAML: what is used again by an alias, and the first line where.
    pub aliases: HashMap<usize, usize>,
    /// Where each line begins.
    lines: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub span: Range<usize>,
    pub content: Content,
    /// YAML: what its anchor is known by, if it has one.
    pub anchor: Option<usize>,
    /// YAML: the tag in front of it.
    pub tag: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Scalar(Scalar),
    Map(Map),
    List(Vec<Node>),
    /// YAML: what stands at an anchor; the value, if it is one.
    Alias(usize, Option<Scalar>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalar {
    pub value: Value,
    pub style: Style,
    /// As it is written, without quotes.
    pub word: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    /// A text over several lines.
    Block,
    /// A form of its format that no parameter has: a date.
    Other,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Map {
    pub span: Range<usize>,
    pub entries: Vec<Entry>,
    pub layout: Layout,
    /// TOML: the end of the line that opens the table.
    pub opening: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Layout {
    /// Between braces.
    Flow,
    /// A line for each entry.
    #[default]
    Block,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub value: Node,
}

/// What a document says, without how and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Leaf(String),
    Map(BTreeMap<String, Data>),
    List(Vec<Data>),
}

impl Document {
    pub fn new(text: &str, root: Node) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { root, aliases: HashMap::new(), lines: std::iter::once(0).chain(breaks).collect() }
    }

    /// The number of the line, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    pub fn data(&self) -> Data {
        self.root.data()
    }
}

impl Node {
    pub fn new(span: Range<usize>, content: Content) -> Self {
        Self { span, content, anchor: None, tag: None }
    }

    fn data(&self) -> Data {
        let data = match &self.content {
            Content::Scalar(scalar) => scalar.data(),
            Content::Alias(anchor, _) => Data::Leaf(format!("alias {anchor}")),
            Content::List(items) => Data::List(items.iter().map(Self::data).collect()),
            Content::Map(map) => {
                // A key that is there twice must not hide that one of them was changed.
                let mut seen: HashMap<&str, usize> = HashMap::new();
                let mut entries = BTreeMap::new();
                for entry in &map.entries {
                    let count = seen.entry(&entry.key).and_modify(|count| *count += 1).or_insert(0);
                    let key = if *count == 0 { entry.key.clone() } else { format!("{}\0{count}", entry.key) };
                    entries.insert(key, entry.value.data());
                }
                Data::Map(entries)
            }
        };
        match &self.tag {
            Some(tag) => Data::List(vec![Data::Leaf(format!("tag {tag}")), data]),
            None => data,
        }
    }
}

impl Scalar {
    fn data(&self) -> Data {
        match self.style {
            Style::Other => Data::Leaf(format!("other {}", self.word)),
            _ => Data::of(&self.value),
        }
    }
}

impl Data {
    pub fn of(value: &Value) -> Self {
        Self::Leaf(format!("{value:?}"))
    }

    /// Puts a value where `steps` lead.
    pub fn set(&mut self, steps: &[Step], value: Value) {
        let Some((first, rest)) = steps.split_first() else {
            *self = Self::of(&value);
            return;
        };
        let inner = match (self, first) {
            (Self::Map(entries), Step::Key(key)) => {
                Some(entries.entry(key.clone()).or_insert_with(|| Self::Leaf(String::new())))
            }
            (Self::List(items), Step::Item(number)) => items.get_mut(*number),
            (Self::List(items), Step::Key(key)) => key.parse().ok().and_then(|at: usize| items.get_mut(at)),
            _ => None,
        };
        if let Some(inner) = inner {
            inner.set(rest, value);
        }
    }
}
