//! Prometheus's relabelling, as far as the values of the charts use it: which series of a scrape are kept.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::allowlist;
use super::files::{list, text};
use super::known::Known;

/// The labels of `name{a="b"}`, its name among them as `__name__`.
fn labels(series: &str) -> BTreeMap<String, String> {
    let (name, rest) = series.split_once('{').unwrap_or((series, ""));
    let mut labels = BTreeMap::from([("__name__".to_owned(), name.trim().to_owned())]);
    for pair in rest.trim_end().trim_end_matches('}').split("\", ") {
        if let Some((label, value)) = pair.trim_end_matches('"').split_once("=\"") {
            labels.insert(label.trim().to_owned(), value.to_owned());
        }
    }
    labels
}

fn passes(rule: &Value, labels: &BTreeMap<String, String>) -> bool {
    let sources = list(&rule["sourceLabels"]).iter().map(|label| labels.get(text(label)).map_or("", String::as_str));
    let value = sources.collect::<Vec<_>>().join(";");
    let matches =
        Regex::new(&format!("^(?:{})$", text(&rule["regex"]))).expect("a regular expression").is_match(&value);
    match text(&rule["action"]) {
        "keep" => matches,
        "drop" => !matches,
        other => panic!("the action {other} is not understood here"),
    }
}

/// Whether the values of `charts/tuning-platform` keep a series.
pub fn keeps(known: &Known, series: &str) -> bool {
    let labels = labels(series);
    let source = known.0.get(&labels["__name__"]).map_or("", |metric| metric.source.as_str());
    allowlist::relabelings(source).iter().all(|rule| passes(rule, &labels))
}

#[test]
fn a_series_is_kept_if_every_rule_lets_it_pass() {
    let series = labels(r#"kube_pod_status_phase{namespace="ml", phase="Failed"}"#);
    let passes = |rule: Value| passes(&rule, &series);
    assert!(passes(
        serde_json::json!({"action": "keep", "sourceLabels": ["__name__"], "regex": "up|kube_pod_status_phase"})
    ));
    assert!(!passes(serde_json::json!({"action": "keep", "sourceLabels": ["__name__"], "regex": "kube_pod"})));
    let drop = |regex| serde_json::json!({"action": "drop", "sourceLabels": ["phase", "node"], "regex": regex});
    assert!(!passes(drop("Failed;")) && passes(drop("Failed;.+")));
}
