//! Rows and cells of a table, as RFC 4180 has them.

use crate::exchange::error::ExchangeError;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it begins, from 1.
    pub line: usize,
    pub cells: Vec<String>,
}

/// Adds a row; a cell with a comma, a quotation mark or a line's end in it is quoted.
pub(super) fn push_row(text: &mut String, cells: impl IntoIterator<Item = String>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push_str("\r\n");
}

/// The rows of a table. Lines may end with LF alone; empty lines are passed over.
///
/// # Errors
/// A quotation that is not closed, or that something follows.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, ExchangeError> {
    let mut rows = Vec::new();
    let mut chars = text.chars().peekable();
    let mut line = 1;
    while chars.peek().is_some() {
        let mut row = Row { line, cells: Vec::new() };
        loop {
            let (cell, end) = cell(&mut chars, &mut line)?;
            row.cells.push(cell);
            if end {
                break;
            }
        }
        if row.cells != [""] {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The next cell, and whether its row ends with it.
fn cell(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    line: &mut usize,
) -> Result<(String, bool), ExchangeError> {
    let begin = *line;
    let fault = |problem: &str| ExchangeError::Line { line: begin, problem: problem.to_owned() };
    let mut cell = String::new();
    if chars.next_if_eq(&'"').is_some() {
        loop {
            match chars.next() {
                Some('"') if chars.next_if_eq(&'"').is_some() => cell.push('"'),
                Some('"') => break,
                Some(other) => {
                    *line += usize::from(other == '\n');
                    cell.push(other);
                }
                None => return Err(fault("a quotation mark is not closed")),
            }
        }
        if chars.peek().is_some_and(|next| !matches!(next, ',' | '\r' | '\n')) {
            return Err(fault("something follows a closing quotation mark: write \"\" for one inside a cell"));
        }
    }
    loop {
        match chars.next() {
            None => return Ok((cell, true)),
            Some(',') => return Ok((cell, false)),
            Some('\r') if chars.peek() == Some(&'\n') => {}
            Some('\n') => {
                *line += 1;
                return Ok((cell, true));
            }
            Some(other) => cell.push(other),
        }
    }
}
