//! Wake-ups for the loops. They only shorten a wait: a lost one costs a tick, never a sweep.

use tokio::sync::{Notify, watch};

/// Fired after the commit that gives a loop something to do.
///
/// A loop that must miss nothing makes its `notified()` future first, then looks into the store, then awaits the
/// future. One that looks first loses nothing either as long as it is the only one that waits.
#[derive(Debug)]
pub struct Wakes {
    /// An event is ready.
    pub inbox: Notify,
    /// A signal was written, or a new sweep.
    pub signals: Notify,
    /// An effect was written.
    pub outbox: Notify,
    /// Counts the commits of sweeps; whoever shows progress subscribes.
    pub committed: watch::Sender<u64>,
}

/// Which wake-ups one write calls for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wake {
    pub inbox: bool,
    pub signals: bool,
    pub outbox: bool,
    pub committed: bool,
}

impl Wake {
    pub const NOBODY: Self = Self { inbox: false, signals: false, outbox: false, committed: false };
    pub const INBOX: Self = Self { inbox: true, ..Self::NOBODY };
    pub const SIGNALS: Self = Self { signals: true, ..Self::NOBODY };
    pub const OUTBOX: Self = Self { outbox: true, ..Self::NOBODY };

    pub fn and(self, other: Self) -> Self {
        Self {
            inbox: self.inbox || other.inbox,
            signals: self.signals || other.signals,
            outbox: self.outbox || other.outbox,
            committed: self.committed || other.committed,
        }
    }
}

impl Wakes {
    pub(super) fn new() -> Self {
        let (committed, _) = watch::channel(0);
        Self { inbox: Notify::new(), signals: Notify::new(), outbox: Notify::new(), committed }
    }

    pub(super) fn fire(&self, wake: Wake) {
        for (wanted, notify) in [(wake.inbox, &self.inbox), (wake.signals, &self.signals), (wake.outbox, &self.outbox)]
        {
            if wanted {
                // All that wait now; and whoever comes next, in case nobody waits at this moment.
                notify.notify_waiters();
                notify.notify_one();
            }
        }
        if wake.committed {
            self.committed.send_modify(|commits| *commits += 1);
        }
    }
}
