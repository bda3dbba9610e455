//! Parameters into the text of a configuration file: only the values change; comments, order, layout, quotes and line
//! ends stay as they are.
//!
//! Pure: text in, text out. Each format is read into one kind of tree (`tree`) that knows where everything stands; the
//! bytes of a value are replaced by the bytes of the new one, and nothing else is touched. What comes out is read again
//! and has to be the old document with exactly those values: what cannot be changed safely is refused in words.

mod insert;
mod json;
mod locate;
mod scalar;
mod toml;
mod tree;
mod yaml;

use std::ops::Range;

use crate::domain::ids::ParamName;
use crate::domain::key_path::KeyPath;
use crate::domain::params::Value;
use crate::domain::tuning::Format;

use tree::Document;

/// A larger file is not one that people keep parameters in.
const MAX_BYTES: usize = 1024 * 1024;

/// One parameter, and where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    pub name: ParamName,
    pub path: KeyPath,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    pub text: String,
    /// What is another value than before, in the order of the assignments.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub name: ParamName,
    pub path: KeyPath,
    /// `None`: it was not there.
    pub from: Option<Value>,
    pub to: Value,
}

/// Why the file cannot be changed, for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EditError {
    /// From 1; what it is about, if that is one place.
    pub line: Option<usize>,
    /// What is not there or not right, as the end of a sentence: "there is no `model.parms`".
    pub message: String,
    /// What would be right, as a sentence.
    pub advice: String,
}

impl EditError {
    fn new(line: Option<usize>, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { line, message: message.into(), advice: advice.into() }
    }
}

/// The new text of `text` with all assignments carried out.
///
/// # Errors
/// The first of them that cannot be: then nothing is to be changed.
pub fn edit(format: Format, text: &str, assignments: &[Assignment]) -> Result<Edited, EditError> {
    if text.len() > MAX_BYTES {
        return Err(EditError::new(None, "it is larger than 1 MiB", "Keep the parameters in a file of their own."));
    }
    let mut edited = Edited { text: text.to_owned(), changes: Vec::new() };
    for assignment in assignments {
        let document = read(format, &edited.text)?;
        let Some(step) = step(format, &edited.text, &document, assignment)? else { continue };
        let text = splice(&edited.text, &step.pieces);
        let mut expected = document.data();
        expected.set(assignment.path.steps(), step.written);
        let after = read(format, &text).map(|document| document.data());
        if after.as_ref() != Ok(&expected) {
            return Err(EditError::new(
                step.line,
                format!("`{}` stands in a way that cannot be changed safely", assignment.path),
                "Write it as `key: value` on a line of its own, or change it by hand.",
            ));
        }
        edited.text = text;
        let Assignment { name, path, value } = assignment.clone();
        edited.changes.push(Change { name, path, from: step.from, to: value });
    }
    Ok(edited)
}

/// What one assignment does to the text.
struct Step {
    /// Bytes to replace and what by; from front to back, not overlapping.
    pieces: Vec<(Range<usize>, String)>,
    /// The value as it will be read back: one that was between quotes stays so.
    written: Value,
    from: Option<Value>,
    line: Option<usize>,
}

/// `None`: the value is there already.
fn step(format: Format, text: &str, document: &Document, assignment: &Assignment) -> Result<Option<Step>, EditError> {
    let Assignment { path, value, .. } = assignment;
    match locate::locate(format, text, document, path)? {
        locate::Place::Value { scalar, span, gap } => {
            if scalar::means(&scalar.value, value) {
                return Ok(None);
            }
            let (word, written) = scalar::write(format, value, Some(&scalar))?;
            let line = Some(document.line(span.start));
            let word = if gap { format!(" {word}") } else { word };
            Ok(Some(Step { pieces: vec![(span, word)], written, from: Some(scalar.value), line }))
        }
        locate::Place::Missing { map, key } => {
            let (word, written) = scalar::write(format, value, None)?;
            let entry = insert::Entry { key: &key, word: &word };
            let line = Some(document.line(map.span.start));
            let pieces = insert::insert(format, text, map, &entry).ok_or_else(|| {
                EditError::new(
                    line,
                    format!("there is no `{path}`, and no line of its kind to put it beside"),
                    "Add it by hand once; from then on its value is changed.",
                )
            })?;
            Ok(Some(Step { pieces, written, from: None, line }))
        }
    }
}

fn read(format: Format, text: &str) -> Result<Document, EditError> {
    match format {
        Format::Yaml => yaml::read(text),
        Format::Json => json::read(text),
        Format::Toml => toml::read(text),
    }
}

fn splice(text: &str, pieces: &[(Range<usize>, String)]) -> String {
    let mut spliced = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for (range, piece) in pieces {
        spliced.push_str(&text[from..range.start]);
        spliced.push_str(piece);
        from = range.end;
    }
    spliced.push_str(&text[from..]);
    spliced
}

#[cfg(test)]
mod tests;
