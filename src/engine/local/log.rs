//! The log of one stream of a trial: a file with a cap, and the last lines for whoever reads about a failure.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Bytes of the end of a log that are kept when the middle is left out.
const TAIL_BYTES: usize = 8 * 1024;

/// Writes the first `limit` bytes of a stream to a file and remembers the last [`TAIL_BYTES`].
///
/// A full disk costs log, never the trial: after a failed write the rest is only remembered.
#[derive(Debug)]
pub(super) struct CappedLog {
    file: Option<File>,
    /// Bytes that the file may still take.
    room: u64,
    /// Bytes that came when there was no room.
    beyond: u64,
    tail: Vec<u8>,
}

impl CappedLog {
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path, limit: u64) -> io::Result<Self> {
        Ok(Self { file: Some(File::create(path)?), room: limit, beyond: 0, tail: Vec::new() })
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let fitting = usize::try_from(self.room).unwrap_or(usize::MAX).min(bytes.len());
        self.write(&bytes[..fitting]);
        self.room -= fitting as u64;
        self.beyond += (bytes.len() - fitting) as u64;
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL_BYTES {
            self.tail.drain(..self.tail.len() - TAIL_BYTES);
        }
    }

    /// Says in the file what was left out, adds the end of the stream, and returns that end.
    pub fn finish(mut self) -> Vec<u8> {
        let start = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..start);
        if self.beyond > 0 {
            let shown = usize::try_from(self.beyond).unwrap_or(usize::MAX).min(self.tail.len());
            let left_out = self.beyond - shown as u64;
            let end = self.tail[self.tail.len() - shown..].to_vec();
            self.write(format!("\n[tunebot: the log is full; {left_out} bytes are left out here]\n").as_bytes());
            self.write(&end);
        }
        self.tail
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(file) = &mut self.file
            && file.write_all(bytes).is_err()
        {
            self.file = None;
        }
    }
}

/// The end of `log` as text of at most `limit` bytes, from the beginning of a line where there is one.
pub(super) fn last_lines(log: &[u8], limit: usize) -> Option<String> {
    let text = String::from_utf8_lossy(log);
    let text = text.trim_end();
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let mut end = &text[start..];
    if start > 0
        && let Some((_, lines)) = end.split_once('\n')
    {
        end = lines;
    }
    (!end.trim().is_empty()).then(|| end.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_log_says_what_is_left_out_and_keeps_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stdout.log");
        let mut log = CappedLog::create(&path, 10).unwrap();
        log.push(b"0123456789");
        log.push(&vec![b'x'; 100_000]);
        log.push(b"the end\n");
        assert!(log.finish().ends_with(b"xxthe end\n"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("0123456789\n[tunebot: the log is full; 91816 bytes are left out here]\nxxx"),
            "{text}"
        );
        assert!(text.ends_with("xxthe end\n"));
        assert!(text.len() < 10 + TAIL_BYTES + 100);
    }

    #[test]
    fn a_log_within_its_limit_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stdout.log");
        let mut log = CappedLog::create(&path, 10).unwrap();
        log.push(b"0123456789");
        log.finish();
        assert_eq!(std::fs::read(&path).unwrap(), b"0123456789");
    }

    #[test]
    fn the_excerpt_begins_with_a_whole_line() {
        assert_eq!(last_lines(b"first line\nsecond\nthird\n\n", 14).as_deref(), Some("second\nthird"));
        assert_eq!(last_lines(b" \n", 10), None);
    }

    proptest! {
        #[test]
        fn an_excerpt_is_never_longer_than_asked(text in "[a\u{e9}\u{1f600}\n]{0,40}", limit in 0usize..40) {
            prop_assert!(last_lines(text.as_bytes(), limit).is_none_or(|end| end.len() <= limit));
        }
    }
}
