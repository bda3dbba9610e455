//! Wake-ups for the loops. They only shorten a wait: a lost one costs a tick, never a sweep.

use tokio::sync::watch;

/// Counters that grow after the commit that gives a loop something to do. A loop subscribes before it first looks into
/// the store; it then misses nothing, however many loops wait for the same.
#[derive(Debug)]
pub struct Wakes {
    /// An event is ready.
    pub inbox: watch::Sender<u64>,
    /// A signal was written, or a new sweep.
    pub signals: watch::Sender<u64>,
    /// An effect was written.
    pub outbox: watch::Sender<u64>,
    /// A sweep was committed; whoever shows progress subscribes.
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
        let counter = || watch::channel(0).0;
        Self { inbox: counter(), signals: counter(), outbox: counter(), committed: counter() }
    }

    pub(super) fn fire(&self, wake: Wake) {
        let counters = [
            (wake.inbox, &self.inbox),
            (wake.signals, &self.signals),
            (wake.outbox, &self.outbox),
            (wake.committed, &self.committed),
        ];
        for (_, counter) in counters.iter().filter(|(wanted, _)| *wanted) {
            counter.send_modify(|count| *count += 1);
        }
    }
}
