use super::*;

fn metrics() -> Metrics {
    Metrics::new(Timestamp::from_second(1_772_366_400).unwrap(), "0.1.0")
}

/// The memory of the test process is not the same twice, nor is the order of the series of one metric.
fn stable(text: &str) -> String {
    let mut lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("process_resident_memory_bytes ")).collect();
    lines.chunk_by_mut(|a, b| !a.starts_with('#') && !b.starts_with('#')).for_each(<[&str]>::sort_unstable);
    lines.join("\n")
}

#[test]
fn what_happened_is_counted_by_closed_sets_of_labels() {
    let metrics = metrics();
    metrics.event_ended(Source::Github, "started");
    metrics.event_ended(Source::Github, "started");
    metrics.delivery_received(Source::Slack, "stale");
    metrics.delivery_failed(Service::Slack, "transient");
    metrics.config_reloaded(false);
    let snapshot = Snapshot {
        sweeps: vec![(SweepState::Running, 2)],
        trials: vec![(TrialState::Complete, 40)],
        outbox: vec![LaneDepth { lane: "slack".into(), depth: 3, dead: 1, oldest_seconds: 1.5 }],
    };
    insta::assert_snapshot!(stable(&metrics.expose(Some(&snapshot), Exposition::Text)), @r#"
    # HELP tunebot_build_info The version that runs; always 1.
    # TYPE tunebot_build_info gauge
    tunebot_build_info{version="0.1.0"} 1
    # HELP tunebot_events_total Events by what became of them.
    # TYPE tunebot_events_total counter
    tunebot_events_total{source="github",outcome="started"} 2
    # HELP tunebot_deliveries_total Deliveries from outside by how they were received.
    # TYPE tunebot_deliveries_total counter
    tunebot_deliveries_total{source="slack",result="stale"} 1
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
    # HELP tunebot_slack_sockets Open connections of Slack's Socket Mode.
    # TYPE tunebot_slack_sockets gauge
    tunebot_slack_sockets 0
    # HELP tunebot_delivery_errors_total Messages that a service did not take.
    # TYPE tunebot_delivery_errors_total counter
    tunebot_delivery_errors_total{service="slack",kind="transient"} 1
    # HELP tunebot_config_reloads_total Attempts to read the configuration again.
    # TYPE tunebot_config_reloads_total counter
    tunebot_config_reloads_total{result="failure"} 1
    # HELP process_resident_memory_bytes Resident memory size.
    # TYPE process_resident_memory_bytes gauge
    # HELP process_start_time_seconds Start of the process since the Unix epoch.
    # TYPE process_start_time_seconds gauge
    process_start_time_seconds 1772366400.0
    "#);
}

#[test]
fn open_metrics_ends_with_its_mark_and_the_older_text_does_not() {
    let metrics = metrics();
    metrics.sampler_asked("tpe", Duration::from_millis(3));
    assert!(metrics.expose(None, Exposition::OpenMetrics).ends_with("# EOF\n"));
    let text = metrics.expose(None, Exposition::Text);
    assert!(!text.contains("# EOF") && text.contains("tunebot_ask_seconds_count{sampler=\"tpe\"} 1"), "{text}");
}

#[test]
fn a_lane_that_is_gone_from_the_outbox_is_gone_from_the_metrics() {
    let metrics = metrics();
    let lane = LaneDepth { lane: "engine/local".into(), depth: 1, dead: 1, oldest_seconds: 0.0 };
    metrics.expose(Some(&Snapshot { outbox: vec![lane], ..Snapshot::default() }), Exposition::Text);
    assert!(!metrics.expose(Some(&Snapshot::default()), Exposition::Text).contains("engine/local"));
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    insta::assert_snapshot!(parse_filter("tunebot=loud").unwrap_err(), @r#"`tunebot=loud` is not a log filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5. Write it like `info` or `info,tunebot=debug`."#);
}
