//! The clock as a source of events: a slot of a schedule becomes one event, however often it is found to be due.

use jiff::Timestamp;

use crate::domain::event::{Event, EventKey, EventKind, Source, Tick};
use crate::domain::ids::RuleName;

/// The event of one slot. The same schedule and slot give the same key, so a slot fires once.
///
/// `late` says that nothing was there to fire it in time.
pub fn tick(schedule: &RuleName, slot: Timestamp, late: bool, now: Timestamp) -> Event {
    Event {
        key: EventKey { source: Source::Schedule, delivery: format!("{schedule}/{slot}") },
        received_at: now,
        kind: EventKind::Tick(Tick { schedule: schedule.clone(), slot, late }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_one_key_whenever_it_is_fired() {
        let nightly: RuleName = "nightly".parse().unwrap();
        let slot: Timestamp = "2026-03-29T00:30:00Z".parse().unwrap();
        let on_time = tick(&nightly, slot, false, slot);
        let late = tick(&nightly, slot, true, "2026-03-29T09:00:00Z".parse().unwrap());
        assert_eq!(on_time.key, late.key);
        assert_eq!(on_time.key.delivery, "nightly/2026-03-29T00:30:00Z");
    }
}
