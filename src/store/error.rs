//! What can go wrong in the store, sorted by what the caller or the person at the machine can do about it.

use std::path::{Path, PathBuf};

use crate::domain::ids::{EventId, SweepId};

/// An error of the store. The texts say what happened, to which file, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the store {} is in use by another tunebot{}; stop it first, or give this one a store of its own",
        path.display(),
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    Locked { path: PathBuf, pid: Option<u32> },

    #[error(
        "the store {} has schema version {found}, and this tunebot knows versions up to {known}; run the newer tunebot \
         that wrote it, or go back to a backup made before the upgrade",
        path.display()
    )]
    NewerSchema { path: PathBuf, found: i64, known: i64 },

    #[error(
        "the store {} has schema version {found}, and reading it takes version {known}; start `tunebot serve` once, \
         which upgrades it",
        path.display()
    )]
    OlderSchema { path: PathBuf, found: i64, known: i64 },

    #[error("there is no store at {}; `tunebot serve` and `tunebot run` make one", path.display())]
    Missing { path: PathBuf },

    #[error(
        "{} is not a store of tunebot: {reason}; name another file in `store.path`, or move this one away",
        path.display()
    )]
    NotAStore { path: PathBuf, reason: String },

    #[error(
        "the store {path} is damaged: {reason}; stop tunebot, keep a copy of {path} with its -wal file, then restore a \
         backup, or save what is left with `sqlite3 {path} .recover | sqlite3 recovered.db`",
        path = path.display()
    )]
    Corrupt { path: PathBuf, reason: String },

    #[error(
        "the store {} cannot be written: {reason}; check that this user owns the folder and that it is not mounted \
         read-only",
        path.display()
    )]
    Unwritable { path: PathBuf, reason: String },

    #[error(
        "no room left for the store {}: nothing of this request was kept; free space on its disk, then send it again",
        path.display()
    )]
    Full { path: PathBuf },

    /// Somebody else committed in between, or a trial would move backwards: load again and decide again.
    #[error("sweep {sweep} has changed since it was loaded: {reason}")]
    Conflict { sweep: SweepId, reason: String },

    /// Nothing was written; the caller derives another id.
    #[error("the sweep id {0} is taken")]
    SweepIdTaken(SweepId),

    /// Somebody else has answered the preview in between: look again and decide again.
    #[error("the preview of event {0} is answered already")]
    PreviewSettled(EventId),

    /// A row that this program cannot read: written by hand or by another version.
    #[error("{what} in the store cannot be read: {reason}")]
    Unreadable { what: String, reason: String },

    #[error("the store is opened for reading only")]
    ReadOnly,

    #[error("the store is closed: tunebot is stopping")]
    Closed,

    #[error("the store {} failed: {reason}", path.display())]
    Failed { path: PathBuf, reason: String },
}

/// A failure inside the store, before it is known which file it is told about.
#[derive(Debug)]
pub(super) enum Fault {
    Database(sqlx::Error),
    /// A statement failed that begins, divides or ends a transaction.
    Transaction {
        statement: &'static str,
        error: sqlx::Error,
    },
    Refused(StoreError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// SQLite's primary result codes, <https://sqlite.org/rescode.html>.
mod code {
    pub const ERROR: i32 = 1;
    pub const PERM: i32 = 3;
    pub const READONLY: i32 = 8;
    pub const CORRUPT: i32 = 11;
    pub const FULL: i32 = 13;
    pub const CANTOPEN: i32 = 14;
    pub const TOOBIG: i32 = 18;
    pub const CONSTRAINT: i32 = 19;
    pub const MISMATCH: i32 = 20;
    pub const RANGE: i32 = 25;
    pub const NOTADB: i32 = 26;
}

impl Fault {
    /// Is only the statement at fault, so that the transaction around it can go on?
    ///
    /// After any other failure SQLite may have rolled the transaction back by itself: one more statement would then be
    /// committed alone. So the list names what is harmless, and everything else ends the transaction.
    pub fn leaves_transaction(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Transaction { .. } => false,
            Self::Database(sqlx::Error::Database(error)) => matches!(
                primary_code(error.as_ref()),
                Some(code::ERROR | code::TOOBIG | code::CONSTRAINT | code::MISMATCH | code::RANGE)
            ),
            Self::Database(error) => matches!(
                error,
                sqlx::Error::RowNotFound
                    | sqlx::Error::ColumnNotFound(_)
                    | sqlx::Error::ColumnDecode { .. }
                    | sqlx::Error::Decode(_)
                    | sqlx::Error::Encode(_)
            ),
        }
    }

    /// The error to hand out, told of the file at `path`.
    pub fn at(self, path: &Path) -> StoreError {
        let (reason, error) = match self {
            Self::Refused(error) => return error,
            Self::Database(error) => (error.to_string(), error),
            Self::Transaction { statement, error } => (format!("{statement}: {error}"), error),
        };
        let path = path.to_owned();
        match &error {
            sqlx::Error::PoolClosed => StoreError::Closed,
            sqlx::Error::Database(database) => match primary_code(database.as_ref()) {
                Some(code::FULL) => StoreError::Full { path },
                Some(code::CORRUPT) => StoreError::Corrupt { path, reason },
                Some(code::NOTADB) => StoreError::NotAStore { path, reason: "it is not an SQLite database".into() },
                Some(code::PERM | code::READONLY | code::CANTOPEN) => StoreError::Unwritable { path, reason },
                _ => StoreError::Failed { path, reason },
            },
            sqlx::Error::ColumnDecode { index, source } => {
                StoreError::Unreadable { what: format!("column {index}"), reason: source.to_string() }
            }
            _ => StoreError::Failed { path, reason },
        }
    }
}

/// The lower byte of an extended result code.
fn primary_code(error: &dyn sqlx::error::DatabaseError) -> Option<i32> {
    error.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff)
}
