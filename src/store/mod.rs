//! The store: everything that must survive, in embedded SQLite.
//!
//! Three parts: the inbox (events, each with what became of it), the sweeps (with their trials, and the signals that
//! are not folded in yet) and the outbox (effects to be carried out). All that belongs together is written in one
//! transaction, and `Ok` from a write means that it is on the disk. Writes go through one task that commits many of
//! them together; reads go past it, to connections that cannot write, and see every acknowledged write.
//!
//! The store decides nothing: it knows no rules, no clock and no service. SQL is kept portable, because Postgres is to
//! come behind the same methods; statements are constant texts with bound values.

mod approvals;
mod earlier;
mod error;
mod heads;
mod imports;
mod inbox;
mod lock;
mod open;
mod outbox;
mod previews;
mod retention;
mod rows;
mod schedules;
mod shared_messages;
mod signals;
mod sweeps;
mod trials;
mod triggered;
mod usage;
mod views;
mod wakes;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretBox;
use sqlx::{SqliteConnection, SqlitePool};

pub use earlier::EarlierFilter;
pub use error::StoreError;
pub use imports::{Import, Imported};
pub use inbox::{Accepted, EventRecord, EventResult, EventState, LeasedEvent};
pub use outbox::{EffectId, LeasedEffect};
pub use retention::Forgotten;
pub use shared_messages::Sharer;
pub use signals::SignalId;
pub use sweeps::{StoredSweep, SweepCommit};
pub use triggered::SweepOrigin;
pub use views::{ActiveSweep, Counts, EventCount, LaneDepth, SweepFilter, SweepRow};
pub use wakes::Wakes;

use error::Fault;
use wakes::Wake;
use writer::{Shape, Work, Writer};

/// A handle on the store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// For error texts.
    path: PathBuf,
    /// None when the store is opened for reading only.
    writer: Option<Writer>,
    /// None when the store is in memory: then reads go through the writer's connection, the only one there is.
    readers: Option<SqlitePool>,
    key: SecretBox<[u8; 32]>,
    wakes: Arc<Wakes>,
}

impl Store {
    /// The file of the store; `:memory:` for one in memory.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// 32 random bytes, made when the store was made and kept in it. Trial tokens are signed with it.
    pub fn instance_key(&self) -> &SecretBox<[u8; 32]> {
        &self.inner.key
    }

    pub fn wakes(&self) -> &Wakes {
        &self.inner.wakes
    }

    /// Writes and reads: the store works, and its disk takes what it is given.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        const BEAT: &str = "INSERT INTO instance (name, value) VALUES ('heartbeat', 1) \
                            ON CONFLICT (name) DO UPDATE SET value = instance.value + 1";
        self.write(Shape::Single, Wake::NOBODY, |connection| {
            Box::pin(async move {
                sqlx::query(BEAT).execute(connection).await?;
                Ok(())
            })
        })
        .await?;
        self.read(|connection| {
            Box::pin(async move {
                sqlx::query("SELECT value FROM instance WHERE name = 'heartbeat'").fetch_one(connection).await?;
                Ok(())
            })
        })
        .await
    }

    /// Commits what is under way, brings the log into the file and lets go of the lock. Later calls on any clone are
    /// answered with [`StoreError::Closed`].
    pub async fn close(&self) {
        // Readers first: the last connection that closes brings the log into the file, and it must be able to write.
        if let Some(readers) = &self.inner.readers {
            readers.close().await;
        }
        if let Some(writer) = &self.inner.writer {
            writer.close().await;
        }
    }

    async fn write<T, F>(&self, shape: Shape, wake: Wake, body: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.write(shape, wake, body).await,
            None => Err(StoreError::ReadOnly),
        }
    }

    async fn read<T, F>(&self, body: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send + 'static,
    {
        let Some(readers) = &self.inner.readers else {
            return self.write(Shape::Single, Wake::NOBODY, body).await;
        };
        let mut connection = readers.acquire().await.map_err(|error| Fault::from(error).at(&self.inner.path))?;
        body(&mut connection).await.map_err(|fault| fault.at(&self.inner.path))
    }
}
