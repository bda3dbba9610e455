//! Every panel of every dashboard shows something on a plausible platform. Joins that match nothing are the usual fault of
//! dashboards, and neither a parser nor a list of metrics finds them.

use serde_json::{Value, json};

use super::dashboards::{self, Dashboard, Question};
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

/// A test for promtool: these expressions have these values.
fn test_of(series: &[Value], expected: impl Iterator<Item = (String, f64)>) -> Value {
    let case = |(expression, value)| json!({"expr": expression, "eval_time": AT, "exp_samples": [{"labels": "{}", "value": value}]});
    json!({
        "rule_files": files::rules(),
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": expected.map(case).collect::<Vec<_>>()}],
    })
}

fn run(promtool: &Promtool, test: &Value) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dashboard.test.json");
    std::fs::write(&file, test.to_string()).expect("a test");
    promtool.test(&file)
}

/// What promtool says of a dashboard's panels that are empty. What is not a number is not greater than anything.
fn empty_panels(promtool: &Promtool, board: &Dashboard, series: &[Value]) -> Option<String> {
    let some = |question: Question| (format!("count(({}) > -Inf) > bool 0", question.expression), 1.0);
    run(promtool, &test_of(series, board.questions().into_iter().map(some))).err()
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

/// By hand, from `series/platform.yaml`: what is shown is not only something.
#[test]
fn the_figures_of_the_cluster_are_right() {
    let Some(promtool) = Promtool::found() else { return };
    let boards = dashboards::all();
    let questions = boards.iter().find(|board| board.uid() == "tuning-cluster").unwrap().questions();
    let of = |place: &str, value: f64| {
        let found = questions.iter().find(|question| question.place.ends_with(place));
        let found = found.unwrap_or_else(|| panic!("there is no {place}"));
        (format!("round({}, 0.001)", found.expression), value)
    };
    let expected = [
        of("(Nodes), A", 3.0),
        of("(Trial pods running), A", 2.0),
        of("(Pods without a node), A", 1.0),
        // Created at 5400 s, looked at after 7200 s.
        of("(Longest wait), A", 1800.0),
        // 0.9 of 2, 16 and 4 cores; 3, 4 and 2 of them are requested by pods that have a node and are not done.
        of("(CPU), A", 19.8),
        of("(CPU), B", 9.0),
        of("(CPU requested), A", 0.455),
        // 90 s and 1 s in a minute of two trials, 6 s of the controller.
        of("(CPU), C", 3.133),
        of("(GPUs), C", 0.84),
        // Only cpu-1 is younger than ten minutes.
        of("(New nodes), A", 1.0),
        // 1.006 by Karpenter; 2 vCPUs and 8 GiB; 16 and 64 at 0.35 of that.
        of("(Cost now), A", 1.374),
        of("(Time until a pod has a node), A", 1500.0),
    ];
    let summed = expected.into_iter().map(|(expression, value)| (format!("sum({expression})"), value));
    run(&promtool, &test_of(&kept_series(), summed)).unwrap_or_else(|said| panic!("{said}"));
}

/// A join may lose the label by which a panel names its series: then there is a line without a name.
#[test]
fn the_series_of_a_panel_have_the_labels_that_name_them() {
    let Some(promtool) = Promtool::found() else { return };
    let series = kept_series();
    // How many groups there are without the label: none. `nameless` marks the others, too, by being empty.
    let nameless = |expression: &str, label: &str| {
        let marked = format!("label_replace({expression}, \"nameless\", \"yes\", \"{label}\", \"\")");
        (format!("count(group by (nameless) ({marked}) unless on (nameless) vector(1)) or vector(0)"), 0.0)
    };
    let said = |board: &Dashboard| {
        let questions = board.questions();
        let cases: Vec<_> = questions
            .iter()
            .flat_map(|question| question.named_by.iter().map(|label| nameless(&question.expression, label)))
            .collect();
        let said = run(&promtool, &test_of(&series, cases.into_iter())).err()?;
        Some(format!("{}: series without the label that names them\n{said}", board.file))
    };
    let faults: Vec<String> = dashboards::all().iter().filter_map(said).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
