//! Trials as processes of this machine.
//!
//! Each attempt has a folder (`folder`) and a guard ([`guard`]), a process between tunebot and the trial. The folder is
//! the mark that an attempt was started; the guard sees to it that the trial ends, at the latest with tunebot, and writes
//! the outcome into the folder. So a tunebot that comes back reads from the folders what happened while it was away.
//!
//! What a trial gets:
//! - its command (`placeholder`), started without a shell in an empty folder of its own, where `source` is a link to
//!   the tuning's source folder if it has one; a relative program (`./train`) is one of that folder;
//! - an environment with nothing but the variables that the tuning declares or lets it inherit, `PATH` (the system's
//!   folders unless declared), `HOME` (its working folder unless declared), and
//!   `TUNEBOT_SWEEP`, `TUNEBOT_TRIAL` (number), `TUNEBOT_ATTEMPT` (`<sweep>-<trial>-<attempt>`), `TUNEBOT_PARAMS` (JSON),
//!   `TUNEBOT_REPORT_URL`, `TUNEBOT_TOKEN`, `TUNEBOT_RESULT` (where a result file may be written), `TUNEBOT_CHECKPOINT`
//!   (a folder of the trial for all its attempts), `TUNEBOT_RESUME_STEP` (where it goes on), `TUNEBOT_SOURCE`, and with code
//!   `TUNEBOT_REPOSITORY`, `TUNEBOT_REF`, `TUNEBOT_COMMIT`;
//! - an empty standard input; what it says on standard output is read (`output`) and passed on at a bearable pace
//!   (`pace`).
//!
//! When the trial's program ends, everything that it started is killed, however it was detached.

mod folder;
mod follow;
pub mod guard;
mod judge;
mod log;
mod order;
mod output;
mod pace;
mod placeholder;
mod processes;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::folder::{AttemptFolder, Outcome};
use self::order::{Command, LaunchOrder};
use super::{Engine, EngineError, Launch, Observation};
use crate::domain::ids::{AttemptId, SweepId};
use crate::domain::signal::AttemptNews;

/// What a local engine needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalEngineOptions {
    /// Folders of attempts live here. Two engines must not share it.
    pub work_dir: PathBuf,
    /// Bytes of each of a trial's two logs; what comes beyond is dropped, all but the end.
    pub log_limit_bytes: u64,
    /// Working folders stay when an attempt is forgotten, and checkpoints when the sweep has ended.
    pub keep_work: bool,
    /// The program that is started as a guard: tunebot itself.
    pub guard_program: PathBuf,
}

impl LocalEngineOptions {
    /// This very program as the guard; on Linux also after its file was replaced by an upgrade.
    ///
    /// # Errors
    /// The system does not say which program this is.
    pub fn own_program() -> io::Result<PathBuf> {
        if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
    }
}

/// The engine whose trials are processes. When it is dropped, its trials are killed.
#[derive(Debug)]
pub struct LocalEngine {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    _abandon: DropGuard,
}

/// What the engine and the tasks that follow its attempts share.
#[derive(Debug)]
struct Shared {
    options: LocalEngineOptions,
    attempts: Mutex<HashMap<AttemptId, Attempt>>,
    watcher: Mutex<Option<mpsc::Sender<Observation>>>,
    abandoned: CancellationToken,
    stopping: CancellationToken,
}

/// An attempt that this engine has started or judged and not yet forgotten.
#[derive(Debug)]
enum Attempt {
    /// A guard is at work or about to be; commands reach it through the channel.
    Live {
        commands: mpsc::UnboundedSender<Command>,
        started_at: Option<Timestamp>,
    },
    /// It is being found out how it ended.
    InQuestion,
    Ended(Outcome),
}

impl LocalEngine {
    /// # Errors
    /// `work_dir` cannot be made.
    pub fn new(mut options: LocalEngineOptions) -> io::Result<Self> {
        folder::make_private(&options.work_dir)?;
        // Without links and dots, for the kernel names folders of processes like that.
        options.work_dir = options.work_dir.canonicalize()?;
        let abandoned = CancellationToken::new();
        let shared = Shared {
            options,
            attempts: Mutex::default(),
            watcher: Mutex::default(),
            abandoned: abandoned.clone(),
            stopping: CancellationToken::new(),
        };
        Ok(Self { shared: Arc::new(shared), tasks: TaskTracker::new(), _abandon: abandoned.drop_guard() })
    }

    /// The sweeps that have a folder here, in no order.
    ///
    /// # Errors
    /// The working folder cannot be read.
    pub async fn sweeps(&self) -> io::Result<Vec<SweepId>> {
        let shared = self.shared.clone();
        blocking(move || folder::sweeps(&shared.options.work_dir)).await
    }

    /// Removes the folder of a sweep, logs and all, unless one of its attempts is still to be forgotten. Returns
    /// whether it did.
    ///
    /// # Errors
    /// The folder cannot be removed, or not as a whole.
    pub async fn prune(&self, sweep: &SweepId) -> io::Result<bool> {
        if self.shared.attempts().keys().any(|attempt| attempt.sweep == *sweep) {
            return Ok(false);
        }
        let (shared, sweep) = (self.shared.clone(), sweep.clone());
        blocking(move || folder::remove_sweep(&shared.options.work_dir, &sweep)).await
    }

    /// The folder with the logs of an attempt. It may not be there.
    pub fn folder(&self, attempt: &AttemptId) -> PathBuf {
        self.shared.folder(attempt).path().to_owned()
    }

    /// Finds out how the attempts ended that an earlier tunebot started.
    fn judge_unknown(&self, known: Vec<AttemptId>) {
        for attempt in known {
            let is_unknown = !self.shared.attempts().contains_key(&attempt);
            if is_unknown {
                judge_attempt(self.shared.clone(), &self.tasks, attempt);
            }
        }
    }
}

#[async_trait]
impl Engine for LocalEngine {
    async fn submit(&self, launch: &Launch) -> Result<(), EngineError> {
        // A task of its own: a caller that loses patience must not leave an attempt half started.
        let starting = start(self.shared.clone(), self.tasks.clone(), launch.clone());
        joined(self.tasks.spawn(starting)).await
    }

    async fn stop(&self, attempt: &AttemptId, grace: SignedDuration) -> Result<(), EngineError> {
        let grace = Duration::try_from(grace).unwrap_or(Duration::ZERO);
        if let Some(Attempt::Live { commands, .. }) = self.shared.attempts().get(attempt) {
            // Whoever does not listen any longer has ended.
            let _ = commands.send(Command::Stop { grace });
        }
        Ok(())
    }

    /// Of several watchers at a time the latest gets the news.
    async fn watch(
        &self,
        known: Vec<AttemptId>,
        news: mpsc::Sender<Observation>,
        cancel: CancellationToken,
    ) -> Result<(), EngineError> {
        *lock(&self.shared.watcher) = Some(news.clone());
        let watched = async {
            self.shared.repeat_news(&news).await;
            self.judge_unknown(known);
            news.closed().await;
        };
        tokio::select! {
            () = watched => {}
            () = cancel.cancelled() => {}
        }
        let mut watcher = lock(&self.shared.watcher);
        if watcher.as_ref().is_some_and(|current| current.same_channel(&news)) {
            *watcher = None;
        }
        Ok(())
    }

    async fn forget(&self, attempt: &AttemptId) {
        {
            let mut attempts = self.shared.attempts();
            if matches!(attempts.get(attempt), Some(Attempt::Live { .. } | Attempt::InQuestion)) {
                tracing::warn!(%attempt, "an attempt that has not ended cannot be forgotten");
                return;
            }
            attempts.remove(attempt);
        }
        let (folder, keep_work) = (self.shared.folder(attempt), self.shared.options.keep_work);
        blocking(move || folder.tidy(keep_work)).await;
    }

    /// No trial of the sweep goes on any more. What else is left of it goes with the folders of its trials, when the store
    /// forgets them.
    async fn release(&self, sweep: &SweepId) -> Result<(), EngineError> {
        if self.shared.options.keep_work {
            return Ok(());
        }
        let (shared, of) = (self.shared.clone(), sweep.clone());
        let removed = blocking(move || folder::remove_checkpoints(&shared.options.work_dir, &of)).await;
        removed
            .map_err(|error| EngineError::transient(format!("the checkpoints of {sweep} cannot be removed: {error}")))
    }

    /// Returns once all attempts have ended, each after its grace at the latest.
    async fn shutdown(&self) {
        self.shared.stopping.cancel();
        for attempt in self.shared.attempts().values() {
            if let Attempt::Live { commands, .. } = attempt {
                let _ = commands.send(Command::Shutdown);
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Shared {
    fn attempts(&self) -> MutexGuard<'_, HashMap<AttemptId, Attempt>> {
        lock(&self.attempts)
    }

    fn folder(&self, attempt: &AttemptId) -> AttemptFolder {
        AttemptFolder::of(&self.options.work_dir, attempt)
    }

    /// Sends to whoever watches; without a watcher the news is dropped, for [`Engine::watch`] begins with what counts.
    async fn publish(&self, attempt: &AttemptId, at: Timestamp, news: AttemptNews) {
        let watcher = lock(&self.watcher).clone();
        if let Some(watcher) = watcher {
            let _ = watcher.send(Observation::Attempt { attempt: attempt.clone(), at, news }).await;
        }
    }

    /// What a watcher must hear of the attempts of this engine: that they were started, or how they ended.
    async fn repeat_news(&self, news: &mpsc::Sender<Observation>) {
        let known: Vec<Observation> = self
            .attempts()
            .iter()
            .filter_map(|(attempt, state)| {
                let (at, news) = match state {
                    Attempt::Live { started_at, .. } => ((*started_at)?, AttemptNews::Started),
                    Attempt::InQuestion => return None,
                    Attempt::Ended(outcome) => (outcome.at, AttemptNews::Ended { end: outcome.end.clone() }),
                };
                Some(Observation::Attempt { attempt: attempt.clone(), at, news })
            })
            .collect();
        for observation in known {
            if news.send(observation).await.is_err() {
                return;
            }
        }
    }
}

/// Starts an attempt, unless that was done before: then finds out how it ended.
async fn start(shared: Arc<Shared>, tasks: TaskTracker, launch: Launch) -> Result<(), EngineError> {
    let (commands, orders) = mpsc::unbounded_channel();
    {
        let mut attempts = shared.attempts();
        // Asked under the lock, so that `shutdown` finds every attempt that gets through here.
        if shared.stopping.is_cancelled() {
            return Err(EngineError::transient("tunebot is stopping and starts no trials"));
        }
        if attempts.contains_key(&launch.attempt) {
            return Ok(());
        }
        attempts.insert(launch.attempt.clone(), Attempt::Live { commands, started_at: None });
    }
    match start_guard(&shared.options, &launch, &shared.folder(&launch.attempt)).await {
        Ok(Some(guard)) => {
            tasks.spawn(follow::follow(shared, launch.attempt, guard, orders));
            Ok(())
        }
        Ok(None) => {
            judge_attempt(shared, &tasks, launch.attempt);
            Ok(())
        }
        Err(error) => {
            shared.attempts().remove(&launch.attempt);
            Err(error)
        }
    }
}

fn judge_attempt(shared: Arc<Shared>, tasks: &TaskTracker, attempt: AttemptId) {
    shared.attempts().insert(attempt.clone(), Attempt::InQuestion);
    tasks.spawn(async move { follow::settle(&shared, &attempt, true).await });
}

/// Marks the attempt as started and starts its guard; `None` when the mark was there.
async fn start_guard(
    options: &LocalEngineOptions,
    launch: &Launch,
    folder: &AttemptFolder,
) -> Result<Option<follow::Guard>, EngineError> {
    if folder.exists() {
        return Ok(None);
    }
    let order = LaunchOrder::new(launch, folder, options.log_limit_bytes)?;
    let failed = |what: &str, error: io::Error| EngineError::transient(format!("{what}: {error}"));
    let marked = folder.clone();
    let is_new = blocking(move || marked.create())
        .await
        .map_err(|error| failed(&format!("the folder {} cannot be made", folder.path().display()), error))?;
    if !is_new {
        return Ok(None);
    }
    match follow::Guard::spawn(&options.guard_program, folder, &order) {
        Ok(guard) => Ok(Some(guard)),
        Err(error) => {
            if let Err(error) = folder.remove() {
                tracing::warn!(attempt = %launch.attempt, %error, "the mark of an attempt that did not start stays");
            }
            Err(failed("no guard process can be started for the trial", error))
        }
    }
}

/// Runs what waits for the disk or for processes where waiting is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    joined(tokio::task::spawn_blocking(work)).await
}

/// What a task that nobody aborts gives; its panic goes on.
async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// What these locks hold is whole between any two statements, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
