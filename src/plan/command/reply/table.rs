//! Aligned columns in a block of code.

use std::fmt;

/// Rows of cells; every column as wide as its widest cell.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Adds a row. What could end the block or break the line is taken out of the cells.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let clean = |cell: String| cell.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'");
        self.rows.push(cells.into_iter().map(clean).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        f.write_str("```\n")?;
        for row in &self.rows {
            let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
            let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
            writeln!(f, "{}", line.join("  ").trim_end())?;
        }
        f.write_str("```")
    }
}
