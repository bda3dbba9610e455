//! Standard output of the commands. Whoever reads it may go away (`tunebot schema | head`): that ends the command, and
//! is no error.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

/// Prints a line.
///
/// # Errors
/// Standard output cannot be written, for another reason than that nobody reads it.
pub fn print(line: impl Display) -> Result<()> {
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.context("standard output cannot be written"),
    }
}
