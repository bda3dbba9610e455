//! What schedules have done and are to do. Their names are those of the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::exposition::{Labels, NoLabels, write_gauge};
use super::seconds;
use crate::domain::ids::{RuleName, TuningName};

/// How far a schedule has come.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleFigures {
    pub schedule: RuleName,
    pub tuning: TuningName,
    pub paused: bool,
    /// Slots up to this one are done with, fired or not.
    pub last_slot: Timestamp,
    /// When the next slot is to be fired; none if there is none, or none because it is paused.
    pub next_due: Option<Timestamp>,
    /// Slots that came into the inbox in time just now.
    pub on_time: u64,
    /// Those that nobody was there to fire in time, and that were fired now.
    pub late: u64,
    /// Those that were let go, as far as they were looked at: at least one if any was.
    pub skipped: u64,
}

#[derive(Debug, Default)]
pub(super) struct Schedules {
    known: Mutex<BTreeMap<RuleName, Known>>,
}

#[derive(Debug)]
struct Known {
    figures: ScheduleFigures,
    last_run: Option<Timestamp>,
    last_missed: Option<Timestamp>,
}

impl Schedules {
    /// Adds what has happened now to what has happened before.
    pub fn note(&self, figures: ScheduleFigures, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.remove(&figures.schedule);
        let fired = figures.on_time + figures.late > 0;
        let missed = figures.late + figures.skipped > 0;
        let count = |of: fn(&ScheduleFigures) -> u64| before.as_ref().map_or(0, |before| of(&before.figures));
        let counted = ScheduleFigures {
            on_time: figures.on_time + count(|before| before.on_time),
            late: figures.late + count(|before| before.late),
            skipped: figures.skipped + count(|before| before.skipped),
            ..figures
        };
        let last_run = if fired { Some(now) } else { before.as_ref().and_then(|before| before.last_run) };
        let last_missed = if missed { Some(now) } else { before.as_ref().and_then(|before| before.last_missed) };
        known.insert(counted.schedule.clone(), Known { figures: counted, last_run, last_missed });
    }

    /// Forgets the schedules that are not in the configuration any longer.
    pub fn keep(&self, is_there: impl Fn(&RuleName) -> bool) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| is_there(name));
    }
}

impl Known {
    fn labels(&self) -> Labels<'_> {
        let ScheduleFigures { schedule, tuning, .. } = &self.figures;
        vec![("schedule", schedule.as_str().into()), ("tuning", tuning.as_str().into())]
    }
}

impl Collector for Schedules {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return Ok(());
        }
        let mut instants = |name: &str, help: &str, of: fn(&Known) -> Option<Timestamp>| {
            let series = known.values().filter_map(|known| Some((known.labels(), seconds(of(known)?))));
            write_gauge(&mut encoder, name, help, series)
        };
        let last_slot = "The schedule's slots up to this instant are done with, fired or not.";
        instants("tunebot_schedule_last_slot_timestamp_seconds", last_slot, |known| Some(known.figures.last_slot))?;
        let next_due = "When the schedule's next slot is to be fired.";
        instants("tunebot_schedule_next_due_timestamp_seconds", next_due, |known| known.figures.next_due)?;
        let last_run = "When the schedule last fired, since the start of the process.";
        instants("tunebot_schedule_last_run_timestamp_seconds", last_run, |known| known.last_run)?;
        let last_missed =
            "When it was last found that slots of the schedule were missed, since the start of the process.";
        instants("tunebot_schedule_last_missed_timestamp_seconds", last_missed, |known| known.last_missed)?;
        let paused = known.values().map(|known| (known.labels(), f64::from(u8::from(known.figures.paused))));
        write_gauge(&mut encoder, "tunebot_schedule_paused", "1 if the schedule is paused.", paused)?;
        let help = "Slots of the schedule since the start of the process, by what became of them.";
        let mut slots = encoder.encode_descriptor("tunebot_schedule_slots", help, None, MetricType::Counter)?;
        for known in known.values() {
            let ScheduleFigures { on_time, late, skipped, .. } = known.figures;
            for (result, count) in [("on_time", on_time), ("late", late), ("skipped", skipped)] {
                let labels: Labels<'_> = [known.labels(), vec![("result", result.into())]].concat();
                slots.encode_family(&labels)?.encode_counter::<NoLabels, _, u64>(&count, None)?;
            }
        }
        Ok(())
    }
}
