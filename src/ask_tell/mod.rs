//! The search alone, over lines of JSON: `tunebot ask-tell`. The protocol is on docs/ask-tell.md.
//!
//! A program in any language starts tunebot, writes requests to its standard input and reads one line of answer for each.
//! One study at a time, one thread. No request ends the program but `close` and the end of the input: what is wrong with
//! one is said in its answer, in words that tell what to do.
//!
//! `line` takes the input apart, `request` a line; `scalar`, `space` and `settings` make what is written checked values;
//! `study` is the study with its operations, `journal` the file that it may live in, `opening` how it begins or goes on;
//! `session` goes from a request to its answer. What is chosen, and by which rules, is not decided here but in `search`.

mod fault;
mod journal;
mod line;
mod memory;
mod opening;
mod pruner;
mod request;
mod scalar;
mod session;
mod settings;
mod space;
mod study;

use std::io::{self, BufRead, ErrorKind, Write};

use line::Line;
use session::Session;

/// Answers requests until one says `close` or the input ends. A reader that has gone away is an end, too.
///
/// # Errors
/// The input cannot be read, or the output not written for another reason than that nobody reads it.
pub fn serve(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut session = Session::default();
    let mut buffer = Vec::new();
    loop {
        let answer = match line::read(&mut input, &mut buffer)? {
            Line::End => return Ok(()),
            Line::Blank => continue,
            Line::TooLong => session::refuse_long_line(),
            Line::Request => session.answer(&buffer),
        };
        match output.write_all(&answer.line).and_then(|()| output.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        if answer.is_last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
