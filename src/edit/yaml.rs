//! YAML: the places of its values. What they mean is read generously; `config` is where YAML means something.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle};

use super::EditError;
use super::scalar::read_plain;
use super::tree::{Content, Document, Entry, Layout, Map, Node, Scalar, Style};
use crate::domain::params::Value;

const MAX_DEPTH: usize = 100;

/// # Errors
/// It is no YAML, or not one document.
pub(super) fn read(text: &str) -> Result<Document, EditError> {
    let options = granit_parser::options! {
        emit_comments: false,
        block_scalar_eof_without_line_feed: true,
        block_nesting_limit: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
    };
    // The mark in front of the text is no part of it.
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let parser = Parser::new_from_str_with_options(&text[skipped..], options);
    let mut reader = Reader { parser, skipped, scalars: HashMap::new(), uses: Vec::new() };
    let Some(root) = reader.document()? else {
        return Err(EditError::new(None, "it is empty", "Write the parameters into it by hand once."));
    };
    let mut document = Document::new(text, root);
    for (anchor, at) in reader.uses {
        let line = document.line(at);
        document.aliases.entry(anchor).or_insert(line);
    }
    Ok(document)
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Bytes before what the parser sees.
    skipped: usize,
    /// Values that have an anchor.
    scalars: HashMap<usize, Scalar>,
    /// Where each alias stands.
    uses: Vec<(usize, usize)>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Option<Node>, EditError> {
        let mut root: Option<Node> = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if root.is_some() => {
                    return Err(EditError::new(
                        Some(span.start.line()),
                        "a second document begins there",
                        "Keep the parameters in a file with one document.",
                    ));
                }
                _ => root = Some(self.node(event, &span)?),
            }
        }
        let is_empty = |node: &Node| matches!(&node.content, Content::Scalar(scalar) if scalar.value == Value::Null);
        Ok(root.filter(|node| !is_empty(node)))
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, EditError> {
        self.parser.next_event().transpose().map_err(|error| not_yaml(&error))
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let bytes = span.byte_range().unwrap_or_default();
        bytes.start + self.skipped..bytes.end + self.skipped
    }

    fn node(&mut self, event: Event<'a>, span: &Span) -> Result<Node, EditError> {
        let bytes = self.bytes(span);
        let (content, anchor, tag, end) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = scalar(&text, style);
                if anchor != 0 {
                    self.scalars.insert(anchor, scalar.clone());
                }
                (Content::Scalar(scalar), anchor, tag, bytes.end)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let (items, end) = self.list()?;
                (Content::List(items), anchor, tag, end)
            }
            Event::MappingStart(style, anchor, tag) => {
                let map = self.map(style, bytes.start)?;
                let end = map.span.end;
                (Content::Map(map), anchor, tag, end)
            }
            Event::Alias(anchor) => {
                self.uses.push((anchor, bytes.start));
                let scalar = self.scalars.get(&anchor).cloned();
                return Ok(Node::new(bytes, Content::Alias(anchor, scalar)));
            }
            _ => return Err(EditError::new(Some(span.start.line()), "something is missing there", "Mend the file.")),
        };
        let tag = tag.map(|tag| tag.original().to_string());
        let anchor = (anchor != 0).then_some(anchor);
        Ok(Node { span: bytes.start..end.max(bytes.start), content, anchor, tag })
    }

    fn list(&mut self) -> Result<(Vec<Node>, usize), EditError> {
        let mut items = Vec::new();
        let mut end = 0;
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                end = self.bytes(&span).end;
                break;
            }
            items.push(self.node(event, &span)?);
        }
        Ok((items, end))
    }

    fn map(&mut self, style: StructureStyle, start: usize) -> Result<Map, EditError> {
        let layout = if style == StructureStyle::Flow { Layout::Flow } else { Layout::Block };
        let mut map = Map { span: start..start, layout, ..Map::default() };
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                map.span.end = self.bytes(&span).end.max(start);
                break;
            }
            let key = self.node(event, &span)?;
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, &span)?;
            let name = match key.content {
                Content::Scalar(scalar) if key.tag.is_none() => scalar.word,
                // No way leads through such a key, but it keeps its place.
                _ => format!("\0{}", key.span.start),
            };
            map.entries.push(Entry { key: name, key_span: key.span, value });
        }
        Ok(map)
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Scalar {
    let (value, style) = match style {
        ScalarStyle::Plain => (read_plain(text), Style::Plain),
        ScalarStyle::SingleQuoted => (Value::Text(text.to_owned()), Style::Single),
        ScalarStyle::DoubleQuoted => (Value::Text(text.to_owned()), Style::Double),
        _ => (Value::Text(text.to_owned()), Style::Block),
    };
    Scalar { value, style, word: text.to_owned() }
}

fn not_yaml(error: &ScanError) -> EditError {
    EditError::new(Some(error.marker().line()), format!("it is no YAML: {}", error.kind()), "Mend the file first.")
}
