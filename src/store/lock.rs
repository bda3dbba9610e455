//! The lock that keeps two servers from sharing one store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::StoreError;

/// How often, and how long apart, a held lock is tried again: a second in all.
const PAUSES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// An exclusive lock on `<store>.lock`, held as long as this value lives. The file itself stays: it holds the id of the
/// last process that had the lock, and a dead process holds no lock.
#[derive(Debug)]
pub(super) struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Takes the lock; if it is held, tries again for a moment: a server that was killed while it started a trial leaves
    /// a child that has the lock until it has become another program.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process, or another store of this one, has it; [`StoreError::Unwritable`].
    pub async fn take(store: &Path) -> Result<Self, StoreError> {
        let mut pauses = PAUSES;
        loop {
            match Self::try_take(store) {
                Err(StoreError::Locked { .. }) if pauses > 0 => pauses -= 1,
                taken => return taken,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn try_take(store: &Path) -> Result<Self, StoreError> {
        let path = lock_path(store);
        let unwritable =
            |error: std::io::Error| StoreError::Unwritable { path: path.clone(), reason: error.to_string() };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: store.to_owned(), pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        file.set_len(0).map_err(unwritable)?;
        writeln!(file, "{}", std::process::id()).map_err(unwritable)?;
        Ok(Self { _file: file })
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
