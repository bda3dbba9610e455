//! Lines of the input, none of them longer than the protocol allows.

use std::io::{self, BufRead};

/// The most bytes of a request, without its line break.
pub(super) const LONGEST: usize = 16 << 20;
/// A buffer larger than this is given back after its line.
const KEPT: usize = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It is in the buffer, without its line break.
    Request,
    /// Nothing but white space.
    Blank,
    /// Longer than [`LONGEST`]; it was read over, and the next line can be read.
    TooLong,
    End,
}

/// Reads the next line into `buffer`. What the input ends with counts as a line, with or without a line break.
///
/// Memory: at most [`LONGEST`] and what `input` buffers, however long the line is.
pub(super) fn read(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<Line> {
    buffer.clear();
    buffer.shrink_to(KEPT);
    let (mut too_long, mut any) = (false, false);
    loop {
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        if chunk.is_empty() && !any {
            return Ok(Line::End);
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        too_long |= buffer.len() + part.len() > LONGEST;
        if too_long {
            buffer.clear();
        } else {
            buffer.extend_from_slice(part);
        }
        let (used, is_last) = (end.map_or(chunk.len(), |end| end + 1), end.is_some() || chunk.is_empty());
        input.consume(used);
        if is_last {
            break;
        }
    }
    Ok(match buffer.iter().all(u8::is_ascii_whitespace) {
        _ if too_long => Line::TooLong,
        true => Line::Blank,
        false => Line::Request,
    })
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(input: &[u8], capacity: usize) -> Vec<(Line, Vec<u8>)> {
        let (mut input, mut buffer, mut lines) = (BufReader::with_capacity(capacity, input), Vec::new(), Vec::new());
        loop {
            match read(&mut input, &mut buffer).unwrap() {
                Line::End => return lines,
                line => lines.push((line, buffer.clone())),
            }
        }
    }

    #[test]
    fn lines_end_at_breaks_and_at_the_end_of_the_input() {
        for capacity in [1, 2, 3, 100] {
            let all = lines(b"{1}\n\n \t\r\n{2}\r\n{3}", capacity);
            let texts: Vec<(&Line, &[u8])> = all.iter().map(|(line, text)| (line, text.as_slice())).collect();
            let expected: [(&Line, &[u8]); 5] = [
                (&Line::Request, b"{1}"),
                (&Line::Blank, b""),
                (&Line::Blank, b" \t\r"),
                (&Line::Request, b"{2}\r"),
                (&Line::Request, b"{3}"),
            ];
            assert_eq!(texts, expected);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_read_over_and_takes_no_memory() {
        let mut input = vec![b'x'; LONGEST];
        input.extend_from_slice(b"\n");
        input.extend(vec![b'x'; LONGEST + 1]);
        input.extend_from_slice(b"\nnext\n");
        let found: Vec<(Line, usize)> =
            lines(&input, 8192).into_iter().map(|(line, text)| (line, text.len())).collect();
        assert_eq!(found, [(Line::Request, LONGEST), (Line::TooLong, 0), (Line::Request, 4)]);
    }
}
