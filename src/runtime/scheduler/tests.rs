use super::*;
use crate::domain::rules::{MissedRuns, Overlap};
use crate::telemetry::Exposition;

fn rules(change: impl FnOnce(&mut Schedule)) -> Rules {
    let mut schedule = Schedule {
        name: "nightly".parse().unwrap(),
        cron: "30 2 * * *".into(),
        time_zone: "Europe/Berlin".into(),
        tuning: "resnet".parse().unwrap(),
        overrides: Vec::new(),
        missed: MissedRuns::Last,
        overlap: Overlap::Skip,
        jitter: SignedDuration::ZERO,
        skip_unchanged: false,
        channel: None,
        paused: false,
    };
    change(&mut schedule);
    Rules { schedules: vec![schedule], ..Rules::default() }
}

fn scheduler(store: &Store) -> Scheduler {
    Scheduler::new(store.clone(), Arc::new(Metrics::new(Timestamp::UNIX_EPOCH, "test")))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The ticks in the inbox, oldest first.
async fn ticks(store: &Store) -> Vec<(String, bool)> {
    let mut events = store.recent_events(100).await.unwrap();
    events.reverse();
    let tick = |kind: EventKind| match kind {
        EventKind::Tick(tick) => Some((tick.slot.to_string(), tick.late)),
        _ => None,
    };
    events.into_iter().filter_map(|record| tick(record.event.kind)).collect()
}

#[tokio::test]
async fn a_new_schedule_waits_for_its_first_slot() {
    let store = Store::in_memory().await.unwrap();
    let wake = scheduler(&store).fire_due(&rules(|_| {}), at("2026-06-01T12:00:00Z")).await.unwrap();
    assert_eq!(wake, Some(at("2026-06-02T00:30:00Z")));
    assert_eq!(ticks(&store).await, []);
}

#[tokio::test]
async fn a_slot_fires_once_across_restarts() {
    let store = Store::in_memory().await.unwrap();
    let rules = rules(|_| {});
    scheduler(&store).fire_due(&rules, at("2026-06-01T12:00:00Z")).await.unwrap();
    for second in 0..5 {
        let now = at("2026-06-02T00:30:00Z") + SignedDuration::from_secs(second);
        scheduler(&store).fire_due(&rules, now).await.unwrap();
    }
    assert_eq!(ticks(&store).await, [("2026-06-02T00:30:00Z".to_owned(), false)]);
}

#[tokio::test]
async fn slots_that_were_missed_while_tunebot_was_away_follow_the_policy() {
    for (missed, expected) in [
        (MissedRuns::Skip, vec![]),
        (MissedRuns::Last, vec![("2026-06-05T00:30:00Z".to_owned(), true)]),
        (
            MissedRuns::All { cap: 2 },
            vec![("2026-06-04T00:30:00Z".to_owned(), true), ("2026-06-05T00:30:00Z".to_owned(), true)],
        ),
    ] {
        let store = Store::in_memory().await.unwrap();
        let rules = rules(|schedule| schedule.missed = missed);
        scheduler(&store).fire_due(&rules, at("2026-06-01T12:00:00Z")).await.unwrap();
        let back = at("2026-06-05T12:00:00Z");
        for _ in 0..2 {
            let wake = scheduler(&store).fire_due(&rules, back).await.unwrap();
            assert_eq!(wake, Some(at("2026-06-06T00:30:00Z")));
        }
        assert_eq!(ticks(&store).await, expected, "{missed:?}");
    }
}

#[tokio::test]
async fn a_paused_schedule_does_not_make_up_for_its_pause() {
    let store = Store::in_memory().await.unwrap();
    let (paused, awake) = (rules(|schedule| schedule.paused = true), rules(|_| {}));
    let mut scheduler = scheduler(&store);
    scheduler.fire_due(&awake, at("2026-06-01T12:00:00Z")).await.unwrap();
    scheduler.fire_due(&paused, at("2026-06-02T12:00:00Z")).await.unwrap();
    scheduler.fire_due(&awake, at("2026-06-02T13:00:00Z")).await.unwrap();
    assert_eq!(ticks(&store).await, []);
}

#[tokio::test]
async fn a_schedule_that_cannot_be_reckoned_with_does_not_hold_up_the_others() {
    let store = Store::in_memory().await.unwrap();
    let mut rules = rules(|schedule| schedule.time_zone = "Mars/Olympus".into());
    rules.schedules.extend(self::rules(|schedule| schedule.name = "other".parse().unwrap()).schedules);
    let wake = scheduler(&store).fire_due(&rules, at("2026-06-01T12:00:00Z")).await.unwrap();
    assert_eq!(wake, Some(at("2026-06-02T00:30:00Z")));
}

#[tokio::test]
async fn a_slot_that_nobody_was_there_for_is_told_as_missed() {
    let store = Store::in_memory().await.unwrap();
    let metrics = Arc::new(Metrics::new(Timestamp::UNIX_EPOCH, "test"));
    let mut scheduler = Scheduler::new(store.clone(), Arc::clone(&metrics));
    let told = |rules: &Rules| {
        let text = metrics.expose(None, Exposition::Text, Timestamp::UNIX_EPOCH);
        let name = rules.schedules[0].name.to_string();
        let is_told = |line: &&str| line.contains(&name) && line.contains("slots_total") && !line.ends_with(" 0");
        text.lines()
            .filter(is_told)
            .filter_map(|line| Some(line.split_once("result=")?.1.to_owned()))
            .collect::<Vec<_>>()
    };
    let made_up_for = rules(|_| {});
    for now in ["2026-06-01T12:00:00Z", "2026-06-02T00:30:01Z", "2026-06-03T09:00:00Z"] {
        scheduler.fire_due(&made_up_for, at(now)).await.unwrap();
    }
    assert_eq!(told(&made_up_for), [r#""on_time"} 1"#, r#""late"} 1"#]);
    let let_go = rules(|schedule| {
        schedule.missed = MissedRuns::Skip;
        schedule.name = "other".parse().unwrap();
    });
    for now in ["2026-06-01T12:00:00Z", "2026-06-03T09:00:00Z", "2026-06-03T09:00:20Z"] {
        scheduler.fire_due(&let_go, at(now)).await.unwrap();
    }
    assert_eq!(told(&let_go), [r#""skipped"} 1"#], "counted once");
}

#[tokio::test]
async fn the_clock_going_back_fires_no_slot_again() {
    let store = Store::in_memory().await.unwrap();
    let rules = rules(|_| {});
    let mut scheduler = scheduler(&store);
    for now in ["2026-06-01T12:00:00Z", "2026-06-02T00:30:01Z", "2026-06-01T23:00:00Z", "2026-06-02T00:30:01Z"] {
        scheduler.fire_due(&rules, at(now)).await.unwrap();
    }
    assert_eq!(ticks(&store).await.len(), 1);
}
