//! TOML: the places of its values.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value as TomlValue};

use super::EditError;
use super::tree::{Content, Document, Entry, Layout, Map, Node, Scalar, Style};
use crate::domain::params::Value;

/// # Errors
/// It is no TOML.
pub(super) fn read(text: &str) -> Result<Document, EditError> {
    let parsed = toml_edit::Document::parse(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        EditError::new(line, format!("it is no TOML: {}", error.message()), "Mend the file first.")
    })?;
    let table = parsed.as_table();
    let map = Map { span: 0..text.len(), entries: entries(text, table), layout: Layout::Block, opening: Some(0) };
    Ok(Document::new(text, Node::new(0..text.len(), Content::Map(map))))
}

fn entries(text: &str, table: &dyn TableLike) -> Vec<Entry> {
    let entry = |(name, item): (&str, &Item)| {
        let key = table.key(name)?;
        Some(Entry { key: name.to_owned(), key_span: key.span()?, value: item_node(text, item)? })
    };
    table.iter().filter_map(entry).collect()
}

fn item_node(text: &str, item: &Item) -> Option<Node> {
    match item {
        Item::None => None,
        Item::Value(value) => value_node(text, value),
        Item::Table(table) => {
            let span = table.span().unwrap_or_default();
            // What only its children name, and what dotted keys make, has no line that opens it.
            let opening = (!table.is_implicit() && !table.is_dotted()).then_some(span.end);
            Some(block(span, entries(text, table), opening))
        }
        Item::ArrayOfTables(tables) => {
            let node = |table: &toml_edit::Table| {
                let span = table.span().unwrap_or_default();
                block(span.clone(), entries(text, table), Some(span.end))
            };
            let span = tables.span().unwrap_or_default();
            Some(Node::new(span, Content::List(tables.iter().map(node).collect())))
        }
    }
}

fn block(span: Range<usize>, entries: Vec<Entry>, opening: Option<usize>) -> Node {
    let map = Map { span: span.clone(), entries, layout: Layout::Block, opening };
    Node::new(span, Content::Map(map))
}

fn value_node(text: &str, value: &TomlValue) -> Option<Node> {
    let span = value.span().unwrap_or_default();
    let word = text.get(span.clone())?;
    let scalar = |value: Value, style: Style| Content::Scalar(Scalar { value, style, word: word.to_owned() });
    let content = match value {
        TomlValue::String(text) => scalar(Value::Text(text.value().clone()), style(word)),
        TomlValue::Integer(number) => scalar(Value::Int(*number.value()), Style::Plain),
        TomlValue::Float(number) => scalar(Value::Float(*number.value()), Style::Plain),
        TomlValue::Boolean(value) => scalar(Value::Bool(*value.value()), Style::Plain),
        TomlValue::Datetime(_) => scalar(Value::Text(word.to_owned()), Style::Other),
        TomlValue::Array(items) => Content::List(items.iter().filter_map(|item| value_node(text, item)).collect()),
        TomlValue::InlineTable(table) => {
            let layout = if table.is_dotted() { Layout::Block } else { Layout::Flow };
            Content::Map(Map { span: span.clone(), entries: entries(text, table), layout, opening: None })
        }
    };
    Some(Node::new(span, content))
}

fn style(word: &str) -> Style {
    match word {
        _ if word.starts_with("\"\"\"") || word.starts_with("'''") => Style::Block,
        _ if word.starts_with('\'') => Style::Single,
        _ => Style::Double,
    }
}
