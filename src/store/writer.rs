//! Group commit: one task owns the only connection that writes, and everybody who writes at the same time shares one
//! transaction and one fsync.
//!
//! Whoever is answered `Ok` is on the disk. Nothing is awaited inside the transaction but the transaction itself; what
//! a caller does, or whether it still waits, cannot hold up the others.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::error::{Fault, StoreError};
use super::lock::StoreLock;
use super::wakes::{Wake, Wakes};

/// Jobs that may wait before callers have to.
const QUEUE: usize = 1024;
/// Jobs in one transaction: enough to make the fsync cheap, few enough that the first of them does not wait long.
const BATCH: usize = 256;

/// Work on a connection, under way.
pub(super) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>;

/// Does one write need protection against stopping half-way?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// At most one statement changes something: it happens or it does not.
    Single,
    /// Several do: they get a savepoint of their own within the shared transaction.
    Compound,
}

type Run = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, ()> + Send>;

struct Job {
    run: Run,
    shape: Shape,
    wake: Wake,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

enum Request {
    Run(Job),
    Close,
}

/// The callers' end of the writer.
pub(super) struct Writer {
    requests: mpsc::Sender<Request>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task; it ends when [`Writer::close`] is called or the last sender is gone, and then lets go of `lock`.
    pub fn start(connection: SqliteConnection, path: PathBuf, wakes: Arc<Wakes>, lock: Option<StoreLock>) -> Self {
        let (requests, receiver) = mpsc::channel(QUEUE);
        let task = Task { connection, path, wakes, lock };
        Self { requests, task: Mutex::new(Some(tokio::spawn(task.run(receiver)))) }
    }

    /// Runs `body` in the next transaction and returns its value once that is committed.
    ///
    /// # Errors
    /// What `body` failed with (then nothing of it is kept), or why the whole transaction failed.
    pub async fn write<T, F>(&self, shape: Shape, wake: Wake, body: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send + 'static,
    {
        // The value is handed over when it is known and counts when the answer says that it is committed.
        let (value, result) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let job = Job { run: hand_over(body, value), shape, wake, answer };
        self.requests.send(Request::Run(job)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)??;
        result.await.map_err(|_| StoreError::Closed)
    }

    /// Commits what is queued, then closes the connection. Later writes are answered with [`StoreError::Closed`].
    pub async fn close(&self) {
        let mut task = self.task.lock().await;
        // The task is gone already if this fails.
        let _ = self.requests.send(Request::Close).await;
        if let Some(task) = task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer of the store ended badly");
        }
    }
}

/// The same work, with its value sent to whoever waits for it.
fn hand_over<T, F>(body: F, value: oneshot::Sender<T>) -> Run
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send + 'static,
{
    Box::new(move |connection| {
        Box::pin(async move {
            let result = body(connection).await?;
            // A caller that went away wants no value; its write stays.
            let _ = value.send(result);
            Ok(())
        })
    })
}

struct Task {
    connection: SqliteConnection,
    path: PathBuf,
    wakes: Arc<Wakes>,
    /// Held until the connection is closed.
    lock: Option<StoreLock>,
}

impl Task {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut queued = Vec::with_capacity(BATCH);
        while requests.recv_many(&mut queued, BATCH).await > 0 {
            let mut jobs = Vec::with_capacity(queued.len());
            for request in queued.drain(..) {
                match request {
                    Request::Run(job) => jobs.push(job),
                    // What is in the channel still gets its turn; then the channel is empty and the loop ends.
                    Request::Close => requests.close(),
                }
            }
            commit_together(&mut self.connection, &self.path, &self.wakes, jobs).await;
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, store = %self.path.display(), "the store did not close cleanly; its log is replayed at the next start");
        }
        drop(self.lock);
    }
}

/// A job that has run, with what its caller will hear if the commit succeeds.
struct Ran {
    outcome: Result<Wake, StoreError>,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// Runs `jobs` in one transaction and answers each.
async fn commit_together(connection: &mut SqliteConnection, path: &Path, wakes: &Wakes, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    let mut jobs = jobs.into_iter();
    let mut ran = Vec::with_capacity(jobs.len());
    let committed = match control(connection, "BEGIN IMMEDIATE").await {
        Ok(()) => match run_each(connection, path, &mut jobs, &mut ran).await {
            Ok(()) => control(connection, "COMMIT").await,
            Err(fault) => Err(fault),
        },
        Err(fault) => Err(fault),
    };
    // Whoever went away needs no answer: hence the ignored results of `send`.
    match committed {
        Ok(()) => {
            let mut wake = Wake::NOBODY;
            for Ran { outcome, answer } in ran {
                wake = outcome.as_ref().map_or(wake, |own| wake.and(*own));
                let _ = answer.send(outcome.map(|_| ()));
            }
            wakes.fire(wake);
        }
        Err(fault) => {
            // SQLite may have rolled back by itself; then this fails, and that is as good.
            let _ = control(connection, "ROLLBACK").await;
            let error = fault.at(path);
            tracing::error!(%error, writes = ran.len() + jobs.len(), "a transaction of the store failed");
            for answer in ran.into_iter().map(|ran| ran.answer).chain(jobs.map(|job| job.answer)) {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

/// Runs `jobs` one after another and moves each to `ran`.
///
/// # Errors
/// A failure after which the transaction cannot go on.
async fn run_each(
    connection: &mut SqliteConnection,
    path: &Path,
    jobs: &mut std::vec::IntoIter<Job>,
    ran: &mut Vec<Ran>,
) -> Result<(), Fault> {
    for Job { run, shape, wake, answer } in jobs {
        let result = match shape {
            Shape::Single => run(connection).await,
            Shape::Compound => run_in_savepoint(connection, run).await,
        };
        let (outcome, end) = match result {
            Ok(()) => (Ok(wake), Ok(())),
            Err(fault) if fault.leaves_transaction() => (Err(fault.at(path)), Ok(())),
            Err(fault) => (Ok(Wake::NOBODY), Err(fault)),
        };
        ran.push(Ran { outcome, answer });
        end?;
    }
    Ok(())
}

async fn run_in_savepoint(connection: &mut SqliteConnection, run: Run) -> Result<(), Fault> {
    control(connection, "SAVEPOINT job").await?;
    let result = run(connection).await;
    match &result {
        Err(fault) if !fault.leaves_transaction() => return result,
        Err(_) => control(connection, "ROLLBACK TO job").await?,
        Ok(()) => {}
    }
    control(connection, "RELEASE job").await?;
    result
}

/// Executes a statement that steers the transaction. When one of these fails, the transaction cannot be trusted.
async fn control(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), Fault> {
    match sqlx::query(statement).execute(connection).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::Transaction { statement, error }),
    }
}
