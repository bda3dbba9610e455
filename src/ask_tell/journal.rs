//! The file that a study lives in: a line of JSON for each change, after a line that says what the study is.
//!
//! The lines are requests of the protocol, a whole `ask`, `tell`, `report` or `import` each (an `ask` with the trials that
//! were answered), so that a file is read by doing again what was done. What has been answered is in the file: a line is
//! written and synced before its answer, but for a `report`, which is written before its answer and synced with whatever is
//! synced next. A crash of the program loses nothing of either; a crash of the machine may lose the last reports, which cost a
//! running trial some advice, and no result.
//!
//! A line that a crash has torn is cut off when the file is opened. The file is locked while it is open.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::{Code, Fault};
use super::request::Request;

/// What every file begins with.
const MAGIC: &str = r#"{"tunebot_study":"#;
/// How often, and how long apart, a held lock is tried again: a second in all. A client that has just been killed, or has
/// just killed its tunebot, may start another before the first is gone.
const PAUSES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// An open and locked file.
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

/// What is in a file.
pub(super) enum Found {
    /// Nothing yet: the first line is still to be written.
    Nothing,
    /// A first line, and the position at which the changes begin.
    Study { header: String, changes: u64 },
}

impl Journal {
    /// Opens the file, which is made if it is not there.
    ///
    /// # Errors
    /// `bad_request`: it is no file for a study, it is locked, or the system refuses it.
    pub fn open(path: &Path) -> Result<(Self, Found), Fault> {
        let refused = |error: io::Error| bad_storage(path, &error.to_string());
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(refused)?;
        if !file.metadata().map_err(refused)?.is_file() {
            return Err(bad_storage(path, "it is not a plain file"));
        }
        lock(&file, path)?;
        let mut journal = Self { file, path: path.to_owned() };
        let found = journal.find().map_err(refused)?;
        found.map(|found| (journal, found)).ok_or_else(|| {
            bad_storage(path, "there is something else in it than a study of tunebot; name another file")
        })
    }

    /// The first line; `None` if the file holds something else.
    fn find(&mut self) -> io::Result<Option<Found>> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new(&self.file);
        let mut start = Vec::new();
        reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start)?;
        if !MAGIC.as_bytes().starts_with(&start) {
            return Ok(None);
        }
        let mut line = start;
        reader.read_until(b'\n', &mut line)?;
        let changes = line.len() as u64;
        Ok(match String::from_utf8(line) {
            Ok(header) if header.ends_with('\n') => Some(Found::Study { header, changes }),
            // Torn: the study was never answered for.
            _ => Some(Found::Nothing),
        })
    }

    /// Writes the first line of a new file, and sees to it that the file itself is not lost.
    ///
    /// # Errors
    /// `internal`: the system does not write.
    pub fn begin(&mut self, header: &str) -> Result<(), Fault> {
        let write = |journal: &mut Self| {
            journal.file.set_len(0)?;
            journal.file.seek(SeekFrom::Start(0))?;
            journal.file.write_all(header.as_bytes())?;
            journal.file.sync_all()?;
            let folder = journal.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        write(self).map_err(|error| self.unwritable(&error))
    }

    /// Hands each change to `apply`, and cuts off what a crash has left unfinished.
    ///
    /// # Errors
    /// `bad_request`: a line in the middle cannot be read or does not fit what is before it.
    pub fn replay(&mut self, from: u64, mut apply: impl FnMut(&Request) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut sound = from;
        let mut fault: Option<(u64, String)> = None;
        let unreadable = |error: io::Error| bad_storage(&self.path, &error.to_string());
        self.file.seek(SeekFrom::Start(from)).map_err(unreadable)?;
        let mut reader = BufReader::with_capacity(1 << 16, &self.file);
        let (mut line, mut number) = (Vec::new(), 1_u64);
        loop {
            line.clear();
            number += 1;
            let length = reader.read_until(b'\n', &mut line).map_err(unreadable)?;
            if length == 0 {
                break;
            }
            let request = complete(&line);
            match (&fault, request) {
                (None, Ok(request)) => {
                    apply(&request).map_err(|fault| bad_storage(&self.path, &format!("line {number}: {fault}")))?;
                    sound += length as u64;
                }
                (None, Err(problem)) => fault = Some((number, problem)),
                // Reports alone may stand behind a line that was lost: everything else was synced with what is before it.
                (Some(_), Ok(request)) if is_report(&request) => {}
                (Some((number, problem)), Ok(_)) => {
                    let text = format!(
                        "line {number} is damaged ({problem}), and whole lines follow it; restore the file from a copy"
                    );
                    return Err(bad_storage(&self.path, &text));
                }
                (Some(_), Err(_)) => {}
            }
        }
        self.file.set_len(sound).and_then(|()| self.file.seek(SeekFrom::End(0))).map_err(unreadable)?;
        Ok(())
    }

    /// Writes a change, which has its line break.
    ///
    /// # Errors
    /// `internal`: the system does not write. The file may end with a part of the line, which the next opening cuts off.
    pub fn append(&mut self, line: &str, sync: bool) -> Result<(), Fault> {
        let written = self.file.write_all(line.as_bytes());
        let synced = written.and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        synced.map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &io::Error) -> Fault {
        Fault::new(Code::Internal, format!("{} cannot be written: {error}", self.path.display()))
    }
}

/// A line that ends as one and can be read.
fn complete(line: &[u8]) -> Result<Request<'_>, String> {
    let line = line.strip_suffix(b"\n").ok_or("it does not end")?;
    Request::read(line).map_err(|fault| fault.message)
}

fn is_report(request: &Request) -> bool {
    request.op.given().is_some_and(|op| op.get() == r#""report""#)
}

fn lock(file: &File, path: &Path) -> Result<(), Fault> {
    let mut pauses = PAUSES;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if pauses > 0 => pauses -= 1,
            Err(TryLockError::WouldBlock) => {
                return Err(bad_storage(path, "another process has it open; end that one first, or name another file"));
            }
            Err(TryLockError::Error(error)) => return Err(bad_storage(path, &error.to_string())),
        }
        std::thread::sleep(PAUSE);
    }
}

/// `bad_request`: what is wrong with the file that `storage` names.
pub(super) fn bad_storage(path: &Path, problem: &str) -> Fault {
    Fault::bad_request(format!("the storage {} cannot be used: {problem}", path.display()))
}
