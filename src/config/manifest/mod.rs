//! Kubernetes manifests: YAML or JSON as `kubectl` reads it, with the place of every word.
//!
//! Not read as a configuration is: there `on`, `012` and `1_000` mean what they look like. Here they mean what they mean to
//! `kubectl`, so that a workflow is the same whoever submits it; [`scalar`] has the rules. In three things this reader
//! is stricter, because there readers disagree or lose what was written: a key that is there twice is a fault, also `<<` and
//! a key that a `<<` behind it brings once more; so is a key that is neither text, a whole number nor a boolean; so is a tag other
//! than YAML's own (`!!str` and its like).

mod scalar;

use std::collections::HashMap;
use std::path::Path;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::Value;

use super::problem::Problem;
use super::source::Source;
use super::tree::{Entry, Kind, Node, Position, SyntaxFault};

/// A Kubernetes API server takes no larger object.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// Words, lists and mappings of a file with its aliases spelt out: an alias of aliases of aliases grows without bounds.
const MAX_NODES: usize = 200_000;

/// Levels of a file; more is an attack, or a slip.
const MAX_DEPTH: usize = 100;

/// Reads the documents of `content`; empty ones are left out.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(path: &Path, content: Vec<u8>) -> Result<Vec<Source>, Vec<Problem>> {
    if content.len() > MAX_FILE_BYTES {
        let message = format!("is too large for Kubernetes: {} bytes, at most {MAX_FILE_BYTES}", content.len());
        return Err(vec![Problem::of_file(path, message, None)]);
    }
    let text = String::from_utf8(content).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        vec![Problem::of_file(path, format!("is not UTF-8 text: see byte {at}"), None)]
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match documents(text) {
        Ok(trees) => Ok(trees.into_iter().map(|tree| Source::of_tree(path, text, tree)).collect()),
        Err(faults) => Err(faults.into_iter().map(|fault| Problem::at(path, text, fault.at, fault.message)).collect()),
    }
}

/// The JSON that goes to Kubernetes.
pub(super) fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value, _) => (*value).into(),
        Kind::Int(value, _) => (*value).into(),
        Kind::Unsigned(value, _) => (*value).into(),
        Kind::Float(value, _) => (*value).into(),
        Kind::Text(text) => text.as_str().into(),
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect(),
    }
}

/// The documents of `text` that are not empty.
fn documents(text: &str) -> Result<Vec<Node>, Vec<SyntaxFault>> {
    let options = granit_parser::options! {
        emit_comments: false,
        block_scalar_eof_without_line_feed: true,
        block_nesting_limit: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer { parser, anchors: HashMap::new(), nodes: 0, faults: Vec::new() };
    let composed = composer.documents();
    let mut faults = composer.faults;
    match composed {
        Ok(nodes) if faults.is_empty() => Ok(nodes),
        Ok(_) => Err(faults),
        Err(last) => {
            faults.push(last);
            Err(faults)
        }
    }
}

/// From the parser's events to trees.
struct Composer<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Nodes with an anchor, once they are complete: an alias within its own node finds nothing.
    anchors: HashMap<usize, Node>,
    nodes: usize,
    /// Faults after which reading goes on.
    faults: Vec<SyntaxFault>,
}

/// What stands in a mapping so far.
#[derive(Default)]
struct Mapping {
    entries: Vec<Entry>,
    positions: HashMap<String, usize>,
    /// Of each entry: it came by `<<`.
    merged: Vec<bool>,
    has_merge: bool,
}

impl<'a> Composer<'a> {
    fn documents(&mut self) -> Result<Vec<Node>, SyntaxFault> {
        let mut found = Vec::new();
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) | Event::StreamStart | Event::StreamEnd => {}
                // Anchors do not reach into the next document.
                Event::DocumentEnd => self.anchors.clear(),
                _ => {
                    let node = self.node(event, span)?;
                    if !matches!(node.kind, Kind::Null) {
                        found.push(node);
                    }
                }
            }
        }
        Ok(found)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, SyntaxFault> {
        self.parser.next_event().transpose().map_err(|error| syntax_fault(&error))
    }

    /// The node that `event` is or begins.
    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, SyntaxFault> {
        let at = position(&span);
        self.count(1, at)?;
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, self.scalar(&text, style, tag.as_deref(), at)),
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", at);
                (anchor, Kind::List(self.list()?))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", at);
                (anchor, Kind::Map(self.mapping()?))
            }
            Event::Alias(anchor) => return self.alias(anchor, at),
            _ => return Err(SyntaxFault { at, message: "something is missing here".to_owned() }),
        };
        let node = Node { at, kind, hidden: false };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), SyntaxFault> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(SyntaxFault { at, message: "the aliases of this file make it too large".to_owned() })
    }

    /// A copy of the node with the anchor, which keeps the places where it was written.
    fn alias(&mut self, anchor: usize, at: Position) -> Result<Node, SyntaxFault> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(SyntaxFault { at, message: "this alias stands within what it names".to_owned() });
        };
        let node = node.clone();
        self.count(size(&node), at)?;
        Ok(node)
    }

    fn list(&mut self) -> Result<Vec<Node>, SyntaxFault> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            items.push(self.node(event, span)?);
        }
        Ok(items)
    }

    fn mapping(&mut self) -> Result<Vec<Entry>, SyntaxFault> {
        let mut mapping = Mapping::default();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let merges = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, 0, None) if text == "<<");
            let key = self.node(event, span)?;
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, span)?;
            if merges {
                self.merge(&mut mapping, &key, value);
            } else if let Some(text) = self.key(&key) {
                self.put(&mut mapping, Entry { key: text, key_at: key.at, value }, None);
            }
        }
        Ok(mapping.entries)
    }

    fn key(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Int(value, _) => Some(value.to_string()),
            Kind::Bool(value, _) => Some(value.to_string()),
            _ => {
                let message = "a key has to be text: write it in quotes".to_owned();
                self.faults.push(SyntaxFault { at: node.at, message });
                None
            }
        }
    }

    /// Adds an entry; `merge` is the place of the `<<` that brings it.
    fn put(&mut self, mapping: &mut Mapping, entry: Entry, merge: Option<Position>) {
        let Some(&index) = mapping.positions.get(&entry.key) else {
            mapping.positions.insert(entry.key.clone(), mapping.entries.len());
            mapping.entries.push(entry);
            return mapping.merged.push(merge.is_some());
        };
        let first = mapping.entries[index].key_at.line;
        match (merge, mapping.merged[index]) {
            // What is written gives way to nothing; of what is merged the first stays.
            (None, true) => {
                mapping.entries[index] = entry;
                mapping.merged[index] = false;
            }
            (Some(_), true) => {}
            (None, false) => {
                let message = format!("`{}` is here twice, first in line {first}", entry.key);
                self.faults.push(SyntaxFault { at: entry.key_at, message });
            }
            (Some(at), false) => {
                let message = format!("`<<` brings `{}`, which stands before it: put `<<` first", entry.key);
                self.faults.push(SyntaxFault { at, message });
            }
        }
    }

    /// `<<: {…}`, `<<: [{…}, {…}]`; of several the earlier ones win.
    fn merge(&mut self, mapping: &mut Mapping, key: &Node, value: Node) {
        if std::mem::replace(&mut mapping.has_merge, true) {
            let message = "`<<` is here twice: write one, with a list of mappings".to_owned();
            return self.faults.push(SyntaxFault { at: key.at, message });
        }
        let sources = match value.kind {
            Kind::List(items) => items,
            _ => vec![value],
        };
        for source in sources {
            match source.kind {
                Kind::Map(entries) => {
                    entries.into_iter().for_each(|entry| self.put(mapping, entry, Some(key.at)));
                }
                _ => {
                    let message = "`<<` takes a mapping or a list of mappings".to_owned();
                    self.faults.push(SyntaxFault { at: key.at, message });
                }
            }
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Kind {
        let quoted = style != ScalarStyle::Plain;
        let wanted = tag.map(|tag| tag.core_suffix().unwrap_or_default());
        if wanted == Some("str") || quoted && wanted.is_none() {
            return Kind::Text(text.to_owned());
        }
        let Some(kind) = scalar::resolve(text) else {
            self.faults.push(SyntaxFault { at, message: format!("JSON has no number `{text}`") });
            return Kind::Null;
        };
        let fits = match (wanted, &kind) {
            (None, _) | (Some("bool"), Kind::Bool(..)) | (Some("null"), Kind::Null) => true,
            (Some("int"), Kind::Int(..) | Kind::Unsigned(..)) => true,
            (Some("float"), Kind::Int(..) | Kind::Unsigned(..) | Kind::Float(..)) => true,
            (Some("int" | "float" | "bool" | "null"), _) => {
                let message = format!("`{text}` is not what the tag in front of it says");
                self.faults.push(SyntaxFault { at, message });
                return Kind::Null;
            }
            _ => false,
        };
        if !fits {
            self.check_tag(tag, "str", at);
        }
        kind
    }

    fn check_tag(&mut self, tag: Option<&Tag>, expected: &str, at: Position) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(expected)) {
            let message =
                format!("the tag `{}` means nothing to Kubernetes: write the value without it", tag.original());
            self.faults.push(SyntaxFault { at, message });
        }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
        _ => 0,
    }
}

fn position(span: &Span) -> Position {
    let bytes = span.byte_range().unwrap_or_default();
    Position { line: span.start.line(), column: span.start.col() + 1, offset: bytes.start, length: bytes.len() }
}

fn syntax_fault(error: &ScanError) -> SyntaxFault {
    let mark = error.marker();
    let at = Position { line: mark.line(), column: mark.col() + 1, offset: mark.byte_offset().unwrap_or(0), length: 0 };
    SyntaxFault { at, message: error.kind().to_string() }
}
