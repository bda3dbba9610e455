use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::domain::rules::Overlap;

fn schedule(cron: &str, time_zone: &str) -> Schedule {
    Schedule {
        name: "nightly".parse().unwrap(),
        cron: cron.into(),
        time_zone: time_zone.into(),
        tuning: "resnet".parse().unwrap(),
        overrides: Vec::new(),
        missed: MissedRuns::Skip,
        overlap: Overlap::Skip,
        jitter: SignedDuration::ZERO,
        skip_unchanged: false,
        channel: None,
        paused: false,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What is fired from `start` to `end` by somebody who looks exactly when told to, in local time.
fn fired(schedule: &Schedule, start: &str, end: &str) -> String {
    let zone = TimeZone::get(&schedule.time_zone).unwrap();
    let (mut now, end) = (at(start), at(end));
    let mut last = due(schedule, None, now).unwrap();
    let mut lines = Vec::new();
    while let Some(wake) = last.wake_at.filter(|wake| *wake <= end) {
        assert!(wake > now, "time goes on");
        now = wake;
        last = due(schedule, Some(last.last_slot), now).unwrap();
        for slot in &last.fire {
            assert!(!slot.late);
            lines.push(slot.at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string());
        }
    }
    lines.join("\n")
}

#[test]
fn a_night_without_half_past_two_fires_right_after_the_gap() {
    let berlin = schedule("30 2 * * *", "Europe/Berlin");
    assert_snapshot!(fired(&berlin, "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z"), @"
    Sat 2026-03-28 02:30 CET
    Sun 2026-03-29 03:00 CEST
    Mon 2026-03-30 02:30 CEST
    ");
    let new_york = schedule("30 2 * * *", "America/New_York");
    assert_snapshot!(fired(&new_york, "2026-03-07T06:00:00Z", "2026-03-09T12:00:00Z"), @"
    Sat 2026-03-07 02:30 EST
    Sun 2026-03-08 03:00 EDT
    Mon 2026-03-09 02:30 EDT
    ");
}

#[test]
fn a_night_with_two_half_past_ones_fires_once() {
    let berlin = schedule("30 2 * * *", "Europe/Berlin");
    assert_snapshot!(fired(&berlin, "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z"), @"
    Sat 2026-10-24 02:30 CEST
    Sun 2026-10-25 02:30 CEST
    Mon 2026-10-26 02:30 CET
    ");
    let new_york = schedule("30 1 * * *", "America/New_York");
    assert_snapshot!(fired(&new_york, "2026-10-31T04:00:00Z", "2026-11-03T00:00:00Z"), @"
    Sat 2026-10-31 01:30 EDT
    Sun 2026-11-01 01:30 EDT
    Mon 2026-11-02 01:30 EST
    ");
}

#[test]
fn a_job_of_every_half_hour_follows_the_clock_on_the_wall() {
    let berlin = schedule("*/30 * * * *", "Europe/Berlin");
    assert_snapshot!(fired(&berlin, "2026-03-29T00:20:00Z", "2026-03-29T01:31:00Z"), @"
    Sun 2026-03-29 01:30 CET
    Sun 2026-03-29 03:00 CEST
    Sun 2026-03-29 03:30 CEST
    ");
    assert_snapshot!(fired(&berlin, "2026-10-24T23:50:00Z", "2026-10-25T02:01:00Z"), @"
    Sun 2026-10-25 02:00 CEST
    Sun 2026-10-25 02:30 CEST
    Sun 2026-10-25 02:00 CET
    Sun 2026-10-25 02:30 CET
    Sun 2026-10-25 03:00 CET
    ");
}

#[test]
fn the_29th_of_february_and_the_last_of_a_month_are_found() {
    assert_snapshot!(fired(&schedule("0 6 29 2 *", "UTC"), "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z"), @"
    Tue 2028-02-29 06:00 UTC
    Sun 2032-02-29 06:00 UTC
    ");
    assert_snapshot!(fired(&schedule("0 6 L * *", "UTC"), "2027-01-01T00:00:00Z", "2027-05-01T00:00:00Z"), @"
    Sun 2027-01-31 06:00 UTC
    Sun 2027-02-28 06:00 UTC
    Wed 2027-03-31 06:00 UTC
    Fri 2027-04-30 06:00 UTC
    ");
    assert_snapshot!(fired(&schedule("0 6 31 * *", "UTC"), "2027-01-01T00:00:00Z", "2027-08-01T00:00:00Z"), @"
    Sun 2027-01-31 06:00 UTC
    Wed 2027-03-31 06:00 UTC
    Mon 2027-05-31 06:00 UTC
    Sat 2027-07-31 06:00 UTC
    ");
}

#[test]
fn a_day_that_never_comes_is_never_due() {
    let never = due(&schedule("0 6 30 2 *", "UTC"), Some(at("2026-01-01T00:00:00Z")), at("2027-01-01T00:00:00Z"));
    let never = never.unwrap();
    assert_eq!((never.fire, never.wake_at), (Vec::new(), None));
}

#[test]
fn a_new_schedule_fires_nothing_of_the_past() {
    let now = at("2026-06-01T12:00:00.5Z");
    let mut hourly = schedule("0 * * * *", "UTC");
    hourly.missed = MissedRuns::All { cap: 10 };
    let first = due(&hourly, None, now).unwrap();
    assert_eq!(first, Due { fire: Vec::new(), skipped: 0, last_slot: now, wake_at: Some(at("2026-06-01T13:00:00Z")) });
    assert_eq!(due(&hourly, Some(now), now).unwrap().fire, Vec::new());
}

/// Hours of the slots that are fired when tunebot comes back at `now` after 08:00, `*` for late ones.
fn made_up_for(missed: MissedRuns, now: &str) -> (String, Timestamp) {
    let mut hourly = schedule("0 * * * *", "UTC");
    hourly.missed = missed;
    let due = due(&hourly, Some(at("2026-06-01T08:00:00Z")), at(now)).unwrap();
    let hour = |slot: &Slot| format!("{}{}", slot.at.strftime("%H"), if slot.late { "*" } else { "" });
    (due.fire.iter().map(hour).collect::<Vec<_>>().join(" "), due.last_slot)
}

#[test]
fn missed_runs_follow_their_policy() {
    let eleven = at("2026-06-01T11:00:00Z");
    assert_eq!(made_up_for(MissedRuns::Skip, "2026-06-01T11:30:00Z"), ("".into(), eleven));
    assert_eq!(made_up_for(MissedRuns::Last, "2026-06-01T11:30:00Z"), ("11*".into(), eleven));
    assert_eq!(made_up_for(MissedRuns::All { cap: 2 }, "2026-06-01T11:30:00Z"), ("10* 11*".into(), eleven));
    assert_eq!(made_up_for(MissedRuns::All { cap: 9 }, "2026-06-01T11:30:00Z"), ("09* 10* 11*".into(), eleven));
}

#[test]
fn a_slot_that_is_in_time_stands_for_the_missed_ones_where_only_the_last_is_wanted() {
    let eleven = at("2026-06-01T11:00:00Z");
    assert_eq!(made_up_for(MissedRuns::Skip, "2026-06-01T11:00:20Z"), ("11".into(), eleven));
    assert_eq!(made_up_for(MissedRuns::Last, "2026-06-01T11:00:20Z"), ("11".into(), eleven));
    assert_eq!(made_up_for(MissedRuns::All { cap: 1 }, "2026-06-01T11:00:20Z"), ("10* 11".into(), eleven));
}

#[test]
fn a_long_absence_is_made_up_for_with_the_newest_slots() {
    let mut every_second = schedule("* * * * * *", "Europe/Berlin");
    every_second.missed = MissedRuns::All { cap: 3 };
    let due = due(&every_second, Some(at("1990-01-01T00:00:00Z")), at("2026-06-01T00:00:00Z")).unwrap();
    assert_eq!(due.fire.iter().filter(|slot| slot.late).count(), 3);
    assert_eq!(due.last_slot, at("2026-06-01T00:00:00Z"));
}

#[test]
fn a_paused_schedule_lets_its_slots_go() {
    let mut paused = schedule("0 * * * *", "UTC");
    paused.paused = true;
    paused.missed = MissedRuns::Last;
    let due = due(&paused, Some(at("2026-06-01T08:00:00Z")), at("2026-06-01T11:00:00Z")).unwrap();
    assert_eq!((due.fire.len(), due.last_slot), (0, at("2026-06-01T11:00:00Z")));
}

#[test]
fn jitter_is_the_same_every_time_and_different_for_different_slots() {
    let mut hourly = schedule("0 * * * *", "UTC");
    hourly.jitter = SignedDuration::from_mins(10);
    let delays = |schedule: &Schedule| -> Vec<i64> {
        let timetable = Timetable::new(schedule).unwrap();
        let slots = timetable.between(at("2026-06-01T00:00:00Z"), at("2026-06-01T08:00:00Z"));
        slots.map(|slot| timetable.fire_at(slot).duration_since(slot).as_secs()).collect()
    };
    let first = delays(&hourly);
    assert_eq!(first, delays(&hourly));
    assert!(first.iter().all(|delay| (0..600).contains(delay)) && first.windows(2).any(|pair| pair[0] != pair[1]));
    hourly.name = "other".parse().unwrap();
    assert_ne!(first, delays(&hourly));
}

#[test]
fn a_slot_waits_for_its_jitter_and_is_not_late_for_it() {
    let mut hourly = schedule("0 * * * *", "UTC");
    hourly.jitter = SignedDuration::from_mins(30);
    let slot = at("2026-06-01T09:00:00Z");
    let fire_at = Timetable::new(&hourly).unwrap().fire_at(slot);
    let before = due(&hourly, Some(at("2026-06-01T08:00:00Z")), fire_at - SignedDuration::from_millis(1)).unwrap();
    assert_eq!((before.fire.len(), before.wake_at), (0, Some(fire_at)));
    let then = due(&hourly, Some(before.last_slot), fire_at).unwrap();
    assert_eq!(then.fire, [Slot { at: slot, late: false }]);
}

#[test]
fn a_clock_that_goes_back_repeats_nothing() {
    let hourly = schedule("0 * * * *", "UTC");
    let back = due(&hourly, Some(at("2026-06-01T12:00:00Z")), at("2026-06-01T09:30:00Z")).unwrap();
    assert_eq!(back.fire, []);
    assert_eq!(back.wake_at, Some(at("2026-06-01T13:00:00Z")));
}

#[test]
fn what_is_not_a_schedule_says_why() {
    let error = |cron: &str, zone: &str| due(&schedule(cron, zone), None, at("2026-06-01T09:30:00Z")).unwrap_err();
    assert!(error("61 * * * *", "UTC").to_string().starts_with("`61 * * * *` is not a cron expression"));
    assert!(error("0 * * * *", "Mars/Olympus").to_string().starts_with("`Mars/Olympus` is not a time zone"));
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let crons = ["30 2 * * *", "*/15 * * * *", "0 0 1 * *", "0 6 * * 1-5", "30 1 * * 0", "0 */2 * * *", "59 23 L * *"];
    let zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
    let missed =
        prop_oneof![Just(MissedRuns::Skip), Just(MissedRuns::Last), (0u32..4).prop_map(|cap| MissedRuns::All { cap })];
    (0..crons.len(), 0..zones.len(), missed, 0i64..7200).prop_map(move |(cron, zone, missed, jitter)| {
        let jitter = SignedDuration::from_secs(jitter);
        Schedule { missed, jitter, ..schedule(crons[cron], zones[zone]) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// `steps` are the seconds between looks: small ones are a loop at work, big ones an absence, negative ones a clock
    /// that was set back. A restart is nothing else than one more look, for only the last slot is remembered.
    #[test]
    fn a_slot_is_fired_at_most_once_and_in_order(
        schedule in any_schedule(),
        start in 1_770_000_000i64..1_800_000_000,
        steps in prop::collection::vec(prop_oneof![0i64..120, 0i64..100_000, 0i64..3_000_000, -4000i64..0], 1..60),
    ) {
        let mut now = Timestamp::from_second(start).unwrap();
        let mut last = None;
        let mut fired: Vec<Timestamp> = Vec::new();
        let mut first_look = None;
        for step in steps {
            now += SignedDuration::from_secs(step);
            let begun = *first_look.get_or_insert(now);
            let due = due(&schedule, last, now).unwrap();
            for slot in &due.fire {
                prop_assert!(fired.last().is_none_or(|earlier| *earlier < slot.at), "{slot:?} after {fired:?}");
                prop_assert!(slot.at <= now && slot.at >= begun);
                fired.push(slot.at);
            }
            prop_assert!(last.is_none_or(|last| last <= due.last_slot));
            prop_assert!(due.wake_at.is_none_or(|wake| wake > due.last_slot));
            last = Some(due.last_slot);
        }
    }

    /// Nobody is away: every slot is fired, whenever the looks happen to fall.
    #[test]
    fn no_slot_is_lost_while_somebody_looks(
        schedule in any_schedule(),
        start in 1_770_000_000i64..1_800_000_000,
        steps in prop::collection::vec(1i64..59, 200),
    ) {
        let begin = Timestamp::from_second(start).unwrap();
        let (mut now, mut last) = (begin, due(&schedule, None, begin).unwrap().last_slot);
        let mut fired = Vec::new();
        for step in steps {
            now += SignedDuration::from_secs(step);
            let due = due(&schedule, Some(last), now).unwrap();
            fired.extend(due.fire.iter().map(|slot| slot.at));
            last = due.last_slot;
        }
        let timetable = Timetable::new(&schedule).unwrap();
        let expected: Vec<Timestamp> = timetable.between(begin, now).filter(|slot| timetable.fire_at(*slot) <= now).collect();
        prop_assert_eq!(fired, expected);
    }

    #[test]
    fn the_slots_do_not_depend_on_where_one_begins_to_look(
        schedule in any_schedule(),
        start in 1_770_000_000i64..1_800_000_000,
        offset in 0i64..900_000,
    ) {
        let timetable = Timetable::new(&schedule).unwrap();
        let begin = Timestamp::from_second(start).unwrap();
        let middle = begin + SignedDuration::from_secs(offset);
        let end = begin + SignedDuration::from_secs(1_000_000);
        let whole: Vec<Timestamp> = timetable.between(begin, end).filter(|slot| *slot > middle).collect();
        prop_assert_eq!(timetable.between(middle, end).collect::<Vec<_>>(), whole);
    }
}
