//! What rules and dashboards ask of Prometheus: it must be readable, and there must be an answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::known::Known;
use super::promql::{Mention, mentions};
use super::promtool::Promtool;
use super::{dashboards, files};

/// Every expression, and where it stands.
pub fn expressions() -> Vec<(String, String)> {
    let rules = files::all_rules().into_iter().map(|rule| {
        let name = rule.alert().or(rule.record()).unwrap_or_default();
        (format!("{}, {name}", rule.file), rule.expression().to_owned())
    });
    let asked = dashboards::all().into_iter().flat_map(|dashboard| dashboard.questions());
    rules.chain(asked.map(|question| (question.place, question.expression))).collect()
}

/// Every mention of a metric, and where it stands.
fn all_mentions() -> Vec<(String, Mention)> {
    let of = |(place, expression): (String, String)| mentions(&expression).into_iter().map(move |m| (place.clone(), m));
    expressions().into_iter().flat_map(of).collect()
}

/// The metrics that are asked for, by who serves them.
pub fn used(known: &Known) -> BTreeMap<String, BTreeSet<String>> {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, mention) in all_mentions() {
        if let Some(metric) = known.0.get(&mention.metric) {
            used.entry(metric.source.clone()).or_default().insert(mention.metric);
        }
    }
    used
}

fn assert_none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn promtool_reads_every_expression_of_every_dashboard() {
    let Some(promtool) = Promtool::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("questions.yaml");
    let mut faults = Vec::new();
    for dashboard in dashboards::all() {
        let questions = dashboard.questions();
        let rule =
            |number: usize, expression: &str| json!({"record": format!("question:{number}"), "expr": expression});
        let check = |rules: Vec<serde_json::Value>| {
            std::fs::write(&file, json!({"groups": [{"name": "questions", "rules": rules}]}).to_string()).unwrap();
            promtool.check(&file)
        };
        let all = questions.iter().enumerate().map(|(number, question)| rule(number, &question.expression));
        if check(all.collect()).is_ok() {
            continue;
        }
        // Which one it was; a call for each takes a moment.
        for question in &questions {
            if let Err(said) = check(vec![rule(0, &question.expression)]) {
                faults.push(format!("{}: {}\n{said}", question.place, question.expression));
            }
        }
    }
    assert_none("not PromQL", &faults);
}

#[test]
fn every_metric_that_is_asked_for_exists() {
    let known = Known::read();
    let mut faults = Vec::new();
    for (place, mention) in all_mentions() {
        if !known.0.contains_key(&mention.metric) {
            faults.push(format!("{place}: nobody serves {}", mention.metric));
        }
    }
    assert_none("metrics that do not exist", &faults);
}

#[test]
fn series_are_selected_by_labels_that_they_have() {
    let known = Known::read();
    let mut faults = Vec::new();
    for (place, mention) in all_mentions() {
        let Some(metric) = known.0.get(&mention.metric) else { continue };
        for label in mention.labels.iter().filter(|label| !metric.may_have(label)) {
            faults.push(format!("{place}: {} has no label {label}", mention.metric));
        }
    }
    assert_none("labels that do not exist", &faults);
}

/// The rate of a gauge is nonsense, and Prometheus does not say so.
#[test]
fn only_what_grows_has_a_rate() {
    let known = Known::read();
    let mut faults = Vec::new();
    for (place, mention) in all_mentions() {
        let rated = mention.under.iter().any(|function| matches!(function.as_str(), "rate" | "irate" | "increase"));
        if rated && known.0.get(&mention.metric).is_some_and(|metric| !metric.grows()) {
            faults.push(format!("{place}: {} does not only grow", mention.metric));
        }
    }
    assert_none("rates of gauges", &faults);
}
