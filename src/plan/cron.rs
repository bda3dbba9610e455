//! Arithmetic of slots: when a schedule is due, and what becomes of the slots that nobody was there to fire.
//!
//! Pure: the schedule, its last slot and the time decide. A slot is the instant that the cron expression names in the
//! schedule's time zone. On days when clocks change:
//!
//! - A job at a fixed time (`30 2 * * *`) whose time is skipped runs right after the gap; one whose time comes twice
//!   runs once, the first time.
//! - A job with `*` or `/` in its minutes or hours (`*/15 * * * *`) follows the clock on the wall: nothing for the hour that is
//!   skipped, and again in the hour that is repeated.

use croner::Cron;
use croner::parser::{CronParser, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::domain::ids::RuleName;
use crate::domain::rules::{MissedRuns, Schedule};

/// A slot that is fired sooner than this after its time counts as fired in time.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// No more missed slots than this are made up for, whatever the configured cap.
const MOST_MISSED: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub at: Timestamp,
    /// Nobody was there to fire it in time.
    pub late: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// To be fired now, oldest first.
    pub fire: Vec<Slot>,
    /// Slots that are let go because nobody was there to fire them in time, as far as they were looked at: at least one if
    /// there was any.
    pub skipped: u64,
    /// Slots up to this one are done with, fired or not.
    pub last_slot: Timestamp,
    /// When the next slot is to be fired, jitter included; none if the expression names no instant to come.
    pub wake_at: Option<Timestamp>,
}

/// The schedule cannot be reckoned with. The configuration is checked, so this does not happen to a schedule of its.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("`{0}` is not a cron expression: {1}")]
    Cron(String, croner::errors::CronError),
    #[error("`{0}` is not a time zone: {1}")]
    TimeZone(String, jiff::Error),
}

/// What is due `now`, when the slots up to `last_slot` are done with.
///
/// A schedule without a last slot is new: it begins now and fires nothing of the past. A paused one lets its slots go.
/// One whose last slot lies ahead, because the clock was set back, goes on after it: a slot fires once.
/// Jitter never carries a slot beyond the next one, so slots are fired in their order. Cost: linear in the slots of the
/// last minute and jitter, and in the number of missed slots that are made up for.
///
/// # Errors
/// [`ScheduleError`]
pub fn due(schedule: &Schedule, last_slot: Option<Timestamp>, now: Timestamp) -> Result<Due, ScheduleError> {
    let timetable = Timetable::new(schedule)?;
    let Some(last) = last_slot else {
        return Ok(Due { fire: Vec::new(), skipped: 0, last_slot: now, wake_at: timetable.wake_after(now) });
    };
    let recent = last.max(back(now, GRACE + schedule.jitter));
    let mut slots = timetable.newest(last, recent, missed_allowed(schedule.missed).max(1));
    slots.extend(timetable.between(recent, now));
    let mut passed: Vec<Slot> = Vec::new();
    for at in slots {
        let since_due = now.duration_since(timetable.fire_at(at));
        if !since_due.is_negative() {
            passed.push(Slot { at, late: since_due >= GRACE });
        }
    }
    let last_slot = passed.last().map_or(last, |slot| slot.at);
    let passed_count = passed.len();
    let fire = if schedule.paused { Vec::new() } else { wanted(passed, schedule.missed) };
    let skipped = if schedule.paused { 0 } else { (passed_count - fire.len()) as u64 };
    Ok(Due { fire, skipped, last_slot, wake_at: timetable.wake_after(last_slot) })
}

fn missed_allowed(missed: MissedRuns) -> usize {
    match missed {
        MissedRuns::Skip => 0,
        MissedRuns::Last => 1,
        MissedRuns::All { cap } => usize::try_from(cap).unwrap_or(MOST_MISSED).min(MOST_MISSED),
    }
}

/// All slots that are in time, and of the late ones those that the policy makes up for. The last missed one is made up
/// for by one that is in time.
fn wanted(passed: Vec<Slot>, missed: MissedRuns) -> Vec<Slot> {
    let (late, in_time): (Vec<Slot>, Vec<Slot>) = passed.into_iter().partition(|slot| slot.late);
    let allowed = match missed {
        MissedRuns::Last if !in_time.is_empty() => 0,
        missed => missed_allowed(missed),
    };
    late.iter().skip(late.len().saturating_sub(allowed)).copied().chain(in_time).collect()
}

/// The instants that an expression names.
struct Timetable<'a> {
    name: &'a RuleName,
    cron: Cron,
    zone: TimeZone,
    jitter: SignedDuration,
}

impl<'a> Timetable<'a> {
    fn new(schedule: &'a Schedule) -> Result<Self, ScheduleError> {
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron = parser.parse(&schedule.cron).map_err(|error| ScheduleError::Cron(schedule.cron.clone(), error))?;
        let zone = TimeZone::get(&schedule.time_zone);
        let zone = zone.map_err(|error| ScheduleError::TimeZone(schedule.time_zone.clone(), error))?;
        Ok(Self { name: &schedule.name, cron, zone, jitter: schedule.jitter.max(SignedDuration::ZERO) })
    }

    /// The first slot after `instant`.
    fn next(&self, instant: Timestamp) -> Option<Timestamp> {
        let whole_second = Timestamp::from_second(instant.as_second()).unwrap_or(instant).min(instant);
        let mut from = whole_second.to_zoned(self.zone.clone());
        loop {
            // Not found within some thousand years is never.
            let next = self.cron.find_next_occurrence(&from, false).ok()?;
            if next.timestamp() > instant {
                return Some(next.timestamp());
            }
            from = (next.timestamp() > from.timestamp()).then_some(next)?;
        }
    }

    /// The slots after `after`, up to and with `until`, oldest first.
    fn between(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next(after), |slot| self.next(*slot)).take_while(move |slot| *slot <= until)
    }

    /// The newest `count` slots after `after`, up to and with `until`, oldest first.
    ///
    /// Looks back over longer and longer times, so that a year of absence of a job of every minute costs no more than
    /// an hour of it.
    fn newest(&self, after: Timestamp, until: Timestamp, count: usize) -> Vec<Timestamp> {
        const LOOK_BACK_HOURS: [i64; 5] = [1, 24, 8 * 24, 35 * 24, 367 * 24];
        let starts = LOOK_BACK_HOURS.map(|hours| back(until, SignedDuration::from_hours(hours)).max(after));
        let mut slots = Vec::new();
        for from in starts.into_iter().chain([after]) {
            slots = self.between(from, until).collect();
            if slots.len() >= count || from == after {
                break;
            }
        }
        slots.split_off(slots.len().saturating_sub(count))
    }

    /// When the slot is to be fired: later by an amount that depends on the name and the slot only.
    fn fire_at(&self, slot: Timestamp) -> Timestamp {
        let to_next = self.next(slot).map_or(self.jitter, |next| next.duration_since(slot));
        let widest = u64::try_from(self.jitter.min(to_next).as_millis()).unwrap_or(0);
        if widest == 0 {
            return slot;
        }
        let digest = Sha256::digest(format!("{}\n{slot}", self.name).as_bytes());
        let number = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        let delay = SignedDuration::from_millis(i64::try_from(number % widest).unwrap_or(0));
        slot.checked_add(delay).unwrap_or(slot)
    }

    fn wake_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.next(instant).map(|slot| self.fire_at(slot))
    }
}

fn back(instant: Timestamp, duration: SignedDuration) -> Timestamp {
    instant.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests;
