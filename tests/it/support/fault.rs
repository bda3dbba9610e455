//! Faults: ways in which a service fails, queued for the calls that are to fail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::response::Response;
use tokio::sync::watch;

use super::watched::PATIENCE;
use super::wire::Wire;

/// What happens to one call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The service breaks with this HTTP status before it does anything.
    Status(u16),
    /// The service asks to come back after so many seconds, and does nothing.
    RateLimited { retry_after: u32 },
    /// GitHub's primary limit: nothing is left until so many seconds from now. Slack has no such thing.
    Exhausted { reset_after: u32 },
    /// The connection breaks and nothing has happened.
    DropBefore,
    /// It has happened, and the connection breaks before the answer: the caller cannot know.
    DropAfter,
    /// The answer takes this long; the effect comes at its end.
    Delay(Duration),
    /// The call waits at the gate, its effect not done yet.
    HoldBefore(Gate),
    /// The effect is done and the answer waits at the gate.
    HoldAfter(Gate),
    /// The call waits at the gate, and then the connection breaks and nothing has happened: the service was away.
    HoldAndDrop(Gate),
}

/// A gate that holds a call until the test lets it go: what may happen meanwhile is the test's choice.
#[derive(Debug, Clone)]
pub struct Gate {
    /// (a call has reached it, it is open)
    state: Arc<watch::Sender<(bool, bool)>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { state: Arc::new(watch::Sender::new((false, false))) }
    }
}

impl Gate {
    /// Waits until a call stands at the gate.
    ///
    /// # Panics
    /// None came in [`PATIENCE`].
    pub async fn reached(&self) {
        let mut state = self.state.subscribe();
        let reached = tokio::time::timeout(PATIENCE, state.wait_for(|(reached, _)| *reached)).await;
        assert!(reached.is_ok(), "no call reached the gate in {PATIENCE:?}");
    }

    pub fn open(&self) {
        self.state.send_modify(|(_, open)| *open = true);
    }

    async fn pass(&self) {
        self.state.send_modify(|(reached, _)| *reached = true);
        let mut state = self.state.subscribe();
        // The sender lives in `self`, so the wait ends by the gate's opening only.
        let _ = state.wait_for(|(_, open)| *open).await;
    }
}

/// The faults in store, and the calls that were made.
#[derive(Default)]
pub struct Faults {
    queue: Mutex<VecDeque<(String, Fault)>>,
    calls: Mutex<Vec<String>>,
}

impl Faults {
    pub fn add(&self, call: &str, fault: Fault) {
        lock(&self.queue).push_back((call.to_owned(), fault));
    }

    /// Notes a call and gives the oldest fault that is meant for it; `*` is meant for any.
    pub fn meet(&self, call: &str) -> Option<Fault> {
        lock(&self.calls).push(call.to_owned());
        let mut queue = lock(&self.queue);
        let place = queue.iter().position(|(wanted, _)| wanted == call || wanted == "*")?;
        queue.remove(place).map(|(_, fault)| fault)
    }

    /// Faults that have not happened yet: a test that meant them to happen asserts 0.
    pub fn left(&self) -> usize {
        lock(&self.queue).len()
    }

    /// How often `call` was made, failed ones too.
    pub fn count(&self, call: &str) -> usize {
        lock(&self.calls).iter().filter(|made| *made == call).count()
    }
}

/// Lets a fault play out around `act`. `refuse` says a refusal in the words of the service.
pub async fn perform(
    fault: Option<Fault>,
    wire: &Wire,
    refuse: impl FnOnce(&Fault) -> Response,
    act: impl FnOnce() -> Response,
) -> Response {
    match fault {
        None => act(),
        Some(Fault::DropBefore) => {
            wire.cut();
            Response::default()
        }
        Some(Fault::DropAfter) => {
            let answer = act();
            wire.cut();
            answer
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            act()
        }
        Some(Fault::HoldBefore(gate)) => {
            gate.pass().await;
            act()
        }
        Some(Fault::HoldAndDrop(gate)) => {
            gate.pass().await;
            wire.cut();
            Response::default()
        }
        Some(Fault::HoldAfter(gate)) => {
            let answer = act();
            gate.pass().await;
            answer
        }
        Some(fault @ (Fault::Status(_) | Fault::RateLimited { .. } | Fault::Exhausted { .. })) => refuse(&fault),
    }
}

/// How often something may be done: `burst` at once, `per_minute` in the long run.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub burst: u32,
    pub per_minute: u32,
}

impl Rate {
    pub const UNLIMITED: Self = Self { burst: u32::MAX, per_minute: u32::MAX };
}

/// A bucket of tokens that fills at a [`Rate`].
#[derive(Debug, Default)]
pub struct Bucket {
    /// Tokens taken and not filled in again yet, as of the instant.
    used: Option<(f64, Instant)>,
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    /// There is none: the whole seconds until the next one, at least 1.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), u32> {
        let per_second = f64::from(rate.per_minute) / 60.0;
        let used = self
            .used
            .map_or(0.0, |(used, at)| (used - now.saturating_duration_since(at).as_secs_f64() * per_second).max(0.0));
        if used + 1.0 > f64::from(rate.burst) {
            let missing = used + 1.0 - f64::from(rate.burst);
            return Err((missing / per_second).ceil().max(1.0) as u32);
        }
        self.used = Some((used + 1.0, now));
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
