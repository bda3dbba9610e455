//! What is wrong with a configuration, where, and what to write instead.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use super::tree::Position;

/// One fault of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    /// From 1; 0 when the fault is in no line (a file that cannot be read).
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// `tunings.resnet.space.lr.low`; empty when the file as a whole is meant.
    pub path: String,
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The line of the file, with secrets made unreadable.
    pub(super) source: String,
    /// How many characters of it are meant.
    pub(super) width: usize,
}

impl Problem {
    /// A fault of a file, or of the configuration as a whole, that no line stands for.
    pub(super) fn of_file(file: impl Into<PathBuf>, message: impl Into<String>, hint: Option<&str>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
            path: String::new(),
            message: message.into(),
            hint: hint.map(str::to_owned),
            source: String::new(),
            width: 0,
        }
    }

    /// A fault at a place in `text`.
    pub(super) fn at(file: impl Into<PathBuf>, text: &str, at: Position, message: impl Into<String>) -> Self {
        let source = text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
        let after = source.chars().count().saturating_sub(at.column.saturating_sub(1));
        let meant = text.get(at.offset..at.offset + at.length).unwrap_or_default();
        let meant = meant.lines().next().unwrap_or_default().chars().count();
        Self {
            line: at.line,
            column: at.column,
            source: source.replace('\t', " "),
            width: meant.clamp(1, after.max(1)),
            ..Self::of_file(file, message, None)
        }
    }
}

/// All faults of all files, in the order of files and lines; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    problems: Vec<Problem>,
    watched: Vec<PathBuf>,
    fingerprint: String,
}

impl Problems {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| {
            let key = |p: &Problem| (p.file.clone(), p.line, p.column, p.path.clone());
            key(a).cmp(&key(b))
        });
        problems.dedup();
        Self { problems, watched: Vec::new(), fingerprint: String::new() }
    }

    /// With what is to be watched for a change that may mend them, and its fingerprint.
    pub(super) fn watching(self, watched: Vec<PathBuf>, fingerprint: String) -> Self {
        Self { watched, fingerprint, ..self }
    }

    /// The files of the configuration and the files that it names: what may be mended.
    pub fn watched(&self) -> &[PathBuf] {
        &self.watched
    }

    /// The fingerprint of what is watched, of the time when the faults were found.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    pub fn len(&self) -> usize {
        self.problems.len()
    }

    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(self))
    }
}

/// The faults as a terminal shows them: place, path, message, then the line with what is meant underlined.
pub fn render(problems: &Problems) -> String {
    let mut text = String::new();
    for problem in problems.iter() {
        // Writing to a String does not fail.
        let _ = write_problem(&mut text, problem);
    }
    let count = problems.len();
    let _ = write!(text, "{count} error{}", if count == 1 { "" } else { "s" });
    text
}

/// A line is shown this far around what is meant.
const MAX_SHOWN: usize = 140;

fn write_problem(text: &mut String, problem: &Problem) -> fmt::Result {
    write!(text, "{}", problem.file.display())?;
    if problem.line > 0 {
        write!(text, ":{}:{}", problem.line, problem.column)?;
    }
    let separator = if problem.path.is_empty() { "" } else { ": " };
    writeln!(text, "  {}{separator}{}", problem.path, problem.message)?;
    if problem.line == 0 || problem.source.trim().is_empty() {
        if let Some(hint) = &problem.hint {
            writeln!(text, "    {hint}")?;
        }
        return Ok(());
    }
    let number = problem.line.to_string();
    let gutter = " ".repeat(number.len());
    let start = problem.column.saturating_sub(1);
    // A long line is cut on the left so that what is meant is in view.
    let skipped = if start + problem.width > MAX_SHOWN { start.saturating_sub(MAX_SHOWN / 2) } else { 0 };
    let shown: String = problem.source.chars().skip(skipped).take(MAX_SHOWN).collect();
    let carets = "^".repeat(problem.width.min(MAX_SHOWN.saturating_sub(start - skipped)).max(1));
    writeln!(text, "    {number} | {shown}")?;
    write!(text, "    {gutter} | {}{carets}", " ".repeat(start - skipped))?;
    match &problem.hint {
        Some(hint) => writeln!(text, " {hint}"),
        None => writeln!(text),
    }
}
