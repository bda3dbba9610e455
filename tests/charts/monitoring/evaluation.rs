//! Every panel of every dashboard shows something on a plausible platform. Joins that match nothing are the usual fault of
//! dashboards, and neither a parser nor a list of metrics finds them.

use serde_json::{Value, json};

use super::dashboards::{self, Dashboard};
use super::files::{self, text};
use super::known::Known;
use super::promtool::Promtool;
use super::{relabel, series};

/// Two hours of series, so that a range of an hour is full.
const AT: &str = "2h";

/// The made-up series as Prometheus has them: without those that the chart's relabelling drops.
fn kept_series() -> Vec<Value> {
    let known = Known::read();
    series::all().into_iter().filter(|entry| relabel::keeps(&known, text(&entry["series"]))).collect()
}

/// A test for promtool: each question has an answer that is a number.
fn test_of(board: &Dashboard, series: &[Value]) -> Value {
    let asked = board.questions();
    let cases: Vec<Value> = asked
        .iter()
        .map(|question| {
            let expression = format!("count(({}) > -Inf) > bool 0", question.expression);
            json!({"expr": expression, "eval_time": AT, "exp_samples": [{"labels": "{}", "value": 1}]})
        })
        .collect();
    json!({
        "rule_files": files::rules(),
        "evaluation_interval": "1m",
        "tests": [{"name": board.uid(), "interval": "1m", "input_series": series, "promql_expr_test": cases}],
    })
}

/// What promtool says of a dashboard's panels that are empty.
fn empty_panels(promtool: &Promtool, board: &Dashboard, series: &[Value]) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dashboard.test.json");
    std::fs::write(&file, test_of(board, series).to_string()).expect("a test");
    promtool.test(&file).err()
}

#[test]
fn every_panel_of_every_dashboard_shows_something_on_a_plausible_platform() {
    let Some(promtool) = Promtool::found() else { return };
    let series = kept_series();
    let said = |board: &Dashboard| Some(format!("{}:\n{}", board.file, empty_panels(&promtool, board, &series)?));
    let faults: Vec<String> = dashboards::all().iter().filter_map(said).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_panel_whose_join_matches_nothing_is_found() {
    let Some(promtool) = Promtool::found() else { return };
    let panel = |expression: &str| json!({"id": 1, "targets": [{"refId": "A", "expr": expression}]});
    let board =
        |expression: &str| Dashboard { file: String::new(), json: json!({"uid": "a", "panels": [panel(expression)]}) };
    let found = |expression: &str| empty_panels(&promtool, &board(expression), &kept_series());
    let right = "kube_pod_created * on (namespace, pod) group_left (label_tunebot_tuning) kube_pod_labels";
    assert_eq!(found(right), None);
    assert!(found(&right.replace("label_tunebot_tuning", "tunebot_tuning").replace("pod)", "node)")).is_some());
    assert!(found("0 / (kube_pod_created * 0)").unwrap().contains("got"), "what is not a number shows nothing");
}
