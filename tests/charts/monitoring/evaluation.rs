//! Every panel of every dashboard shows something on a plausible platform. Joins that match nothing are the usual fault of
//! dashboards, and neither a parser nor a list of metrics finds them.

use serde_json::{Value, json};

use super::dashboards::{self, Dashboard};
use super::promtool::Promtool;
use super::{files, series};

/// Two hours of series, so that a range of an hour is full.
const AT: &str = "2h";

/// A test for promtool: each question has an answer that is a number.
fn test_of(board: &Dashboard) -> Value {
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
        "tests": [{"name": board.uid(), "interval": "1m", "input_series": series::all(), "promql_expr_test": cases}],
    })
}

#[test]
fn every_panel_of_every_dashboard_shows_something_on_a_plausible_platform() {
    let Some(promtool) = Promtool::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    for board in dashboards::all() {
        let file = folder.path().join(format!("{}.test.json", board.uid()));
        std::fs::write(&file, serde_json::to_string_pretty(&test_of(&board)).unwrap()).unwrap();
        if let Err(said) = promtool.test(&file) {
            faults.push(format!("{}:\n{said}", board.file));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
