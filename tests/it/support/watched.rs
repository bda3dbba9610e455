//! State that a test can wait on. Waiting wakes on every change: no sleeping, no polling.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// How long a wait may take before the test fails. Long, because a busy machine is no fault of the program.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Watched<S> {
    state: Mutex<S>,
    changes: watch::Sender<u64>,
}

impl<S> Watched<S> {
    pub fn new(state: S) -> Self {
        Self { state: Mutex::new(state), changes: watch::Sender::new(0) }
    }

    pub fn read<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the state and wakes whoever waits.
    pub fn write<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        let result = change(&mut self.lock());
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Waits until `find` finds something.
    ///
    /// # Panics
    /// Nothing was found in [`PATIENCE`]; the panic shows the state through `show`.
    pub async fn wait_for<R>(
        &self,
        what: &str,
        mut find: impl FnMut(&S) -> Option<R>,
        show: impl FnOnce(&S) -> String,
    ) -> R {
        let mut changes = self.changes.subscribe();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            changes.borrow_and_update();
            if let Some(found) = self.read(&mut find) {
                return found;
            }
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                panic!("waited {PATIENCE:?} in vain for {what}; the state is\n{}", self.read(show));
            }
        }
    }

    /// A panicking assertion of one test thread must not hide the state from the report of it.
    fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often [`wait_until`] looks.
const LOOK: Duration = Duration::from_millis(5);

/// Waits for what announces itself to nobody: a file, a process that has gone. For a state that can be watched there is
/// [`Watched`].
///
/// # Panics
/// It has not come in [`PATIENCE`].
pub async fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "waited in vain until {what}");
}
