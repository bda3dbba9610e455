use super::*;
use crate::domain::sweep::SweepState;
use crate::domain::trial::TrialState;

const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0);

fn metrics() -> Metrics {
    Metrics::new(NOW, "0.1.0")
}

/// The memory of the test process is not the same twice, nor is the order of the series of one metric. Buckets, and what
/// did not happen, are left out.
fn stable(text: &str) -> String {
    let is_left_out = |line: &str| line.contains("_bucket{") || (line.contains("_total{") && line.ends_with(" 0"));
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("process_resident_memory_bytes "))
        .filter(|line| !is_left_out(line))
        .collect();
    lines.chunk_by_mut(|a, b| !a.starts_with('#') && !b.starts_with('#')).for_each(<[&str]>::sort_unstable);
    lines.join("\n")
}

#[test]
fn what_happened_is_counted_by_closed_sets_of_labels() {
    let metrics = metrics();
    metrics.event_ended(Source::Github, "started", SignedDuration::from_millis(40));
    metrics.event_ended(Source::Github, "started", SignedDuration::from_millis(40));
    metrics.delivery_received(Source::Slack, "stale");
    metrics.delivery_failed(Service::Slack, "transient");
    metrics.config_reloaded(false);
    let snapshot = Snapshot {
        sweeps: vec![(SweepState::Running, 2)],
        trials: vec![(TrialState::Complete, 40)],
        outbox: vec![LaneDepth { lane: "slack".into(), depth: 3, dead: 1, oldest_seconds: 1.5 }],
        bytes: 4096,
    };
    insta::assert_snapshot!(stable(&metrics.expose(Some(&snapshot), Exposition::Text, NOW)), @r#"
    # HELP tunebot_build_info The version that runs; always 1.
    # TYPE tunebot_build_info gauge
    tunebot_build_info{version="0.1.0"} 1
    # HELP tunebot_events_total Events by what became of them.
    # TYPE tunebot_events_total counter
    tunebot_events_total{source="github",outcome="started"} 2
    # HELP tunebot_event_seconds Time from the receipt of an event to the decision on it.
    # TYPE tunebot_event_seconds histogram
    tunebot_event_seconds_count{source="github"} 2
    tunebot_event_seconds_sum{source="github"} 0.08
    # HELP tunebot_deliveries_total Deliveries from outside by how they were received.
    # TYPE tunebot_deliveries_total counter
    tunebot_deliveries_total{source="slack",result="stale"} 1
    # HELP tunebot_effects_total Attempts to carry out effects, by what became of them.
    # TYPE tunebot_effects_total counter
    # HELP tunebot_delivery_errors_total Messages that a service did not take.
    # TYPE tunebot_delivery_errors_total counter
    tunebot_delivery_errors_total{service="slack",kind="transient"} 1
    # HELP tunebot_sweeps Sweeps in the store by state.
    # TYPE tunebot_sweeps gauge
    tunebot_sweeps{state="finished"} 0
    tunebot_sweeps{state="queued"} 0
    tunebot_sweeps{state="running"} 2
    tunebot_sweeps{state="stopping"} 0
    # HELP tunebot_trials Trials in the store by state.
    # TYPE tunebot_trials gauge
    tunebot_trials{state="complete"} 40
    tunebot_trials{state="failed"} 0
    tunebot_trials{state="paused"} 0
    tunebot_trials{state="pruned"} 0
    tunebot_trials{state="running"} 0
    tunebot_trials{state="waiting"} 0
    # HELP tunebot_outbox_depth Effects that are written down and not done.
    # TYPE tunebot_outbox_depth gauge
    tunebot_outbox_depth{lane="slack"} 3
    # HELP tunebot_outbox_oldest_seconds Time since the oldest effect that is not done was due.
    # TYPE tunebot_outbox_oldest_seconds gauge
    tunebot_outbox_oldest_seconds{lane="slack"} 1.5
    # HELP tunebot_outbox_dead Effects that were given up.
    # TYPE tunebot_outbox_dead gauge
    tunebot_outbox_dead{lane="slack"} 1
    # HELP tunebot_store_bytes Size of the store's files; 0 if it is in memory.
    # TYPE tunebot_store_bytes gauge
    tunebot_store_bytes 4096
    # HELP tunebot_slack_sockets Open connections of Slack's Socket Mode.
    # TYPE tunebot_slack_sockets gauge
    tunebot_slack_sockets 0
    # HELP tunebot_slack_sockets_wanted Connections of Slack's Socket Mode that are to be open; 0 where Slack comes by HTTP or not at all.
    # TYPE tunebot_slack_sockets_wanted gauge
    tunebot_slack_sockets_wanted 0
    # HELP tunebot_config_reloads_total Attempts to read the configuration again.
    # TYPE tunebot_config_reloads_total counter
    tunebot_config_reloads_total{result="failure"} 1
    # HELP tunebot_config_last_reload_successful 1 if the configuration in force is the one in the files, 0 if those have errors.
    # TYPE tunebot_config_last_reload_successful gauge
    tunebot_config_last_reload_successful 0
    # HELP tunebot_missed_total What was missed and found: failed deliveries asked for again, heads that moved without a word.
    # TYPE tunebot_missed_total counter
    # HELP process_resident_memory_bytes Resident memory size.
    # TYPE process_resident_memory_bytes gauge
    # HELP process_start_time_seconds Start of the process since the Unix epoch.
    # TYPE process_start_time_seconds gauge
    process_start_time_seconds 1772366400.0
    # HELP tunebot_sweeps_hidden Sweeps that are not shown one by one, because there are too many.
    # TYPE tunebot_sweeps_hidden gauge
    tunebot_sweeps_hidden 0.0
    # HELP tunebot_trials_cut_short_total Trials that were not shown for their full time, because too many ended at once.
    # TYPE tunebot_trials_cut_short_total counter
    tunebot_trials_cut_short_total 0
    "#);
}

#[test]
fn what_did_not_happen_yet_is_there_at_zero_so_that_its_first_time_is_an_increase() {
    let text = metrics().expose(None, Exposition::Text, NOW);
    for line in [
        r#"tunebot_events_total{source="schedule",outcome="dead"} 0"#,
        r#"tunebot_deliveries_total{source="github",result="wrong_signature"} 0"#,
        r#"tunebot_delivery_errors_total{service="slack",kind="permanent"} 0"#,
        r#"tunebot_effects_total{kind="engine",result="given_up"} 0"#,
        r#"tunebot_config_reloads_total{result="failure"} 0"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_lane_that_is_served_is_shown_also_when_it_is_empty() {
    let metrics = metrics();
    metrics.lane_served(&Lane::Service(Service::Slack));
    let text = metrics.expose(Some(&Snapshot::default()), Exposition::Text, NOW);
    assert!(text.contains("tunebot_outbox_depth{lane=\"slack\"} 0"), "{text}");
}

#[test]
fn what_github_still_allows_is_asked_at_each_scrape() {
    let metrics = metrics();
    let account = |account: &str, remaining| Allowance { account: account.into(), limit: 5000, remaining, reset: NOW };
    metrics.ask_github_calls(move || vec![account("octo", 4321), account("acme", 12)]);
    let text = metrics.expose(None, Exposition::Text, NOW);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("tunebot_github_calls_remaining")).collect();
    assert_eq!(
        lines,
        [
            r#"tunebot_github_calls_remaining{account="acme"} 12.0"#,
            r#"tunebot_github_calls_remaining{account="octo"} 4321.0"#,
        ]
    );
}

fn slots(on_time: u64, late: u64, skipped: u64) -> ScheduleFigures {
    let (schedule, tuning) = ("nightly".parse().unwrap(), "resnet".parse().unwrap());
    let next_due = Some(NOW + SignedDuration::from_hours(24));
    ScheduleFigures { schedule, tuning, paused: false, last_slot: NOW, next_due, on_time, late, skipped }
}

#[test]
fn a_schedule_is_told_with_its_slots_and_what_became_of_them() {
    let metrics = metrics();
    metrics.schedule_seen(slots(1, 0, 0), NOW);
    metrics.schedule_seen(slots(0, 1, 2), NOW + SignedDuration::from_secs(60));
    metrics.schedule_seen(slots(0, 0, 0), NOW + SignedDuration::from_secs(90));
    let told = |text: String| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("tunebot_schedule")).map(str::to_owned).collect()
    };
    insta::assert_snapshot!(told(metrics.expose(None, Exposition::Text, NOW)).join("\n"), @r#"
    tunebot_schedule_last_slot_timestamp_seconds{schedule="nightly",tuning="resnet"} 1772366400.0
    tunebot_schedule_next_due_timestamp_seconds{schedule="nightly",tuning="resnet"} 1772452800.0
    tunebot_schedule_last_run_timestamp_seconds{schedule="nightly",tuning="resnet"} 1772366460.0
    tunebot_schedule_last_missed_timestamp_seconds{schedule="nightly",tuning="resnet"} 1772366460.0
    tunebot_schedule_paused{schedule="nightly",tuning="resnet"} 0.0
    tunebot_schedule_slots_total{schedule="nightly",tuning="resnet",result="on_time"} 1
    tunebot_schedule_slots_total{schedule="nightly",tuning="resnet",result="late"} 1
    tunebot_schedule_slots_total{schedule="nightly",tuning="resnet",result="skipped"} 2
    "#);
    metrics.schedules_are(|name| name.as_str() != "nightly");
    assert!(told(metrics.expose(None, Exposition::Text, NOW)).is_empty(), "it is not in the configuration any longer");
}

#[test]
fn open_metrics_ends_with_its_mark_and_the_older_text_does_not() {
    let metrics = metrics();
    metrics.sampler_asked("tpe", Duration::from_millis(3));
    assert!(metrics.expose(None, Exposition::OpenMetrics, NOW).ends_with("# EOF\n"));
    let text = metrics.expose(None, Exposition::Text, NOW);
    assert!(!text.contains("# EOF") && text.contains("tunebot_ask_seconds_count{sampler=\"tpe\"} 1"), "{text}");
}

#[test]
fn a_lane_that_is_gone_from_the_outbox_is_gone_from_the_metrics() {
    let metrics = metrics();
    let lane = LaneDepth { lane: "engine/local".into(), depth: 1, dead: 1, oldest_seconds: 0.0 };
    metrics.expose(Some(&Snapshot { outbox: vec![lane], ..Snapshot::default() }), Exposition::Text, NOW);
    assert!(!metrics.expose(Some(&Snapshot::default()), Exposition::Text, NOW).contains("engine/local"));
}
