//! Opening a store: folder, lock, checks, migrations; afterwards it is ready for its loops.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::SecretBox;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};

use super::error::{Fault, StoreError};
use super::lock::StoreLock;
use super::wakes::Wakes;
use super::writer::Writer;
use super::{Inner, Store};

/// The schema, version by version. Published migrations never change; a new version is a new file.
/// Cargo does not see that a file was added: touch this one then (a test tells when it was forgotten).
pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Pages of the log (4 KiB each) after which it is brought into the file: 8 MiB.
const CHECKPOINT_PAGES: &str = "2000";
/// The log is cut back to this after a burst has made it longer.
const LOG_LIMIT_BYTES: &str = "67108864";
/// Connections for reading: enough for the loops and a few requests at a time, each costs up to 2 MiB of cache.
const READERS: u32 = 4;
/// Other connections hold the file for the moment of a checkpoint only.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the store at `path` for one server, and makes it if it is not there. Leases of an earlier process are void.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process serves from it; [`StoreError::NewerSchema`],
    /// [`StoreError::NotAStore`], [`StoreError::Corrupt`], [`StoreError::Unwritable`], [`StoreError::Full`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        make_folder(path)?;
        let lock = StoreLock::take(path).await?;
        check_header(path)?;
        make_private_file(path)?;
        let at = |fault: Fault| fault.at(path);
        let mut connection = writing(path).connect().await.map_err(|error| at(error.into()))?;
        upgrade(&mut connection, path).await?;
        void_leases(&mut connection).await.map_err(at)?;
        let key = load_or_make_key(&mut connection).await.map_err(at)?;
        let wakes = Arc::new(Wakes::new());
        let writer = Writer::start(connection, path.to_owned(), Arc::clone(&wakes), Some(lock));
        let inner = Inner { path: path.to_owned(), writer: Some(writer), readers: Some(readers(path)), key, wakes };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens the store at `path` for short writes beside a server that may use it: SQLite lets one after the other write.
    /// Nothing that the server has in its hands is touched, and what it holds in memory it must not be about.
    ///
    /// # Errors
    /// Those of [`Store::open_read_only`]: the schema has to be that of this version already.
    pub async fn open_beside(path: &Path) -> Result<Self, StoreError> {
        let reading = Self::open_read_only(path).await?;
        let connection = writing(path).create_if_missing(false).connect().await;
        let connection = connection.map_err(|error| Fault::from(error).at(path))?;
        let wakes = Arc::new(Wakes::new());
        let writer = Writer::start(connection, path.to_owned(), Arc::clone(&wakes), None);
        let key = load_key_of(&reading);
        let inner = Inner { path: path.to_owned(), writer: Some(writer), readers: Some(readers(path)), key, wakes };
        reading.close().await;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens the store at `path` for looking into it, also beside a server that uses it. Every write is answered with
    /// [`StoreError::ReadOnly`].
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::OlderSchema`], [`StoreError::NewerSchema`], [`StoreError::NotAStore`],
    /// [`StoreError::Corrupt`].
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        check_header(path)?;
        let at = |fault: Fault| fault.at(path);
        let readers = readers(path);
        let mut connection = readers.acquire().await.map_err(|error| at(error.into()))?;
        let found = check_schema(&mut connection, path).await?.unwrap_or(0);
        if found < latest() {
            return Err(StoreError::OlderSchema { path: path.to_owned(), found, known: latest() });
        }
        let key = load_key(&mut connection).await.map_err(at)?;
        let key = key.unwrap_or_else(|| SecretBox::new(Box::new([0; 32])));
        drop(connection);
        let wakes = Arc::new(Wakes::new());
        let inner = Inner { path: path.to_owned(), writer: None, readers: Some(readers), key, wakes };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A store that lives as long as its last clone.
    ///
    /// # Errors
    /// Only if SQLite itself does not work.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        let at = |fault: Fault| fault.at(&path);
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        let mut connection = options.connect().await.map_err(|error| at(error.into()))?;
        upgrade(&mut connection, &path).await?;
        let key = load_or_make_key(&mut connection).await.map_err(at)?;
        let wakes = Arc::new(Wakes::new());
        let writer = Writer::start(connection, path.clone(), Arc::clone(&wakes), None);
        Ok(Self { inner: Arc::new(Inner { path, writer: Some(writer), readers: None, key, wakes }) })
    }
}

fn writing(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_LIMIT_BYTES)
        .pragma("cache_size", "-8192")
}

/// Connections are made when they are needed.
fn readers(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
    SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).connect_lazy_with(options)
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Unwritable { path: path.to_owned(), reason: error.to_string() }),
        _ => Ok(()),
    }
}

/// Makes the file of a new store, for this user only: it holds the key that trial tokens are signed with. SQLite gives
/// its log the rights of the file. A file that is there keeps the rights that somebody gave it.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Unwritable { path: path.to_owned(), reason: error.to_string() }),
    }
}

/// Looks at the first bytes, so that a file of another kind is refused before SQLite touches it.
fn check_header(path: &Path) -> Result<(), StoreError> {
    use std::io::Read;
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    let unreadable =
        |error: std::io::Error| StoreError::Unwritable { path: path.to_owned(), reason: error.to_string() };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut header = Vec::with_capacity(MAGIC.len());
    file.take(MAGIC.len() as u64).read_to_end(&mut header).map_err(unreadable)?;
    // An empty file is a store that was just about to be made.
    if header.is_empty() || header == MAGIC {
        Ok(())
    } else {
        Err(StoreError::NotAStore { path: path.to_owned(), reason: "it is not an SQLite database".into() })
    }
}

fn latest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The schema's version; none in an empty database.
///
/// This is also the cheap check of the file: SQLite compares the length of the file with its header and parses the
/// whole schema. Damage further in is found when it is read.
async fn check_schema(connection: &mut SqliteConnection, path: &Path) -> Result<Option<i64>, StoreError> {
    let at = |error: sqlx::Error| Fault::from(error).at(path);
    let tables: Vec<(String,)> = sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await
        .map_err(at)?;
    if !tables.iter().any(|(name,)| name == "_sqlx_migrations") {
        return match tables.first() {
            None => Ok(None),
            Some((table,)) => {
                let reason = format!("it is another program's database (it has a table `{table}`)");
                Err(StoreError::NotAStore { path: path.to_owned(), reason })
            }
        };
    }
    let (found,): (Option<i64>,) =
        sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(connection).await.map_err(at)?;
    match found {
        Some(found) if found > latest() => {
            Err(StoreError::NewerSchema { path: path.to_owned(), found, known: latest() })
        }
        found => Ok(found),
    }
}

async fn upgrade(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let found = check_schema(connection, path).await?;
    if found == Some(latest()) {
        return Ok(());
    }
    MIGRATIONS.run(connection).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => {
            Fault::from(error).at(path)
        }
        other => StoreError::Failed { path: path.to_owned(), reason: other.to_string() },
    })
}

/// What an earlier process had in its hands is ready again. An effect may have been carried out.
async fn void_leases(connection: &mut SqliteConnection) -> Result<(), Fault> {
    sqlx::query("UPDATE events SET state = 'ready', due_at = received_at WHERE state = 'leased'")
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE effects SET state = 'ready', perhaps_done = 1, leased_until = NULL, leased_version = NULL \
         WHERE state = 'leased'",
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn load_key_of(store: &Store) -> SecretBox<[u8; 32]> {
    use secrecy::ExposeSecret;
    SecretBox::new(Box::new(*store.instance_key().expose_secret()))
}

async fn load_key(connection: &mut SqliteConnection) -> Result<Option<SecretBox<[u8; 32]>>, Fault> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT value FROM instance WHERE name = 'key'").fetch_optional(connection).await?;
    let Some((bytes,)) = row else { return Ok(None) };
    let length = bytes.len();
    let key: Box<[u8; 32]> = bytes.into_boxed_slice().try_into().map_err(|_| StoreError::Unreadable {
        what: "the instance key".into(),
        reason: format!("it has {length} bytes and not 32"),
    })?;
    Ok(Some(SecretBox::new(key)))
}

async fn load_or_make_key(connection: &mut SqliteConnection) -> Result<SecretBox<[u8; 32]>, Fault> {
    if let Some(key) = load_key(connection).await? {
        return Ok(key);
    }
    let mut key = Box::new([0; 32]);
    SysRng.try_fill_bytes(key.as_mut_slice()).map_err(|error| StoreError::Unreadable {
        what: "the system's source of random bytes, needed for the instance key,".into(),
        reason: error.to_string(),
    })?;
    sqlx::query("INSERT INTO instance (name, value) VALUES ('key', $1)").bind(key.to_vec()).execute(connection).await?;
    Ok(SecretBox::new(key))
}
