//! What an alert must say to the person whom it wakes, and the proof that it fires when it should and only then.

use std::collections::BTreeSet;

use serde_json::Value;

use super::files::{self, Rule, list, text};
use crate::support::folder;

const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];

fn all() -> Vec<Rule> {
    files::all_rules().into_iter().filter(|rule| rule.alert().is_some()).collect()
}

fn name(rule: &Rule) -> &str {
    rule.alert().unwrap_or_default()
}

#[test]
fn every_alert_says_how_bad_it_is_what_happened_and_what_to_do() {
    let runbook = std::fs::read_to_string(folder("docs/runbook.md")).unwrap_or_default();
    let headings: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut faults = Vec::new();
    for rule in all() {
        let (labels, annotations) = (&rule.json["labels"], &rule.json["annotations"]);
        let mut wants = |held: bool, fault: &str| {
            if !held {
                faults.push(format!("{}, {}: {fault}", rule.file, name(&rule)))
            }
        };
        wants(SEVERITIES.contains(&text(&labels["severity"])), "no severity, or an unusual one");
        wants(!text(&annotations["summary"]).is_empty(), "no summary");
        wants(text(&annotations["description"]).len() > 40, "no description of what to do");
        let link = format!("docs/runbook.md#{}", name(&rule).to_lowercase());
        let runbook = [&annotations["runbook"], &annotations["runbook_url"]].map(text).concat();
        wants(runbook.ends_with(&link), &format!("its runbook is not {link}"));
        wants(headings.contains(name(&rule)), "no section of that name in docs/runbook.md");
        wants(rule.json["for"].is_string(), "no `for`: a moment is not worth waking anybody");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is looked up at night must be an alert that exists.
#[test]
fn the_runbook_has_no_section_about_an_alert_that_is_gone() {
    let rules = all();
    let names: BTreeSet<&str> = rules.iter().map(name).collect();
    let runbook = std::fs::read_to_string(folder("docs/runbook.md")).unwrap_or_default();
    let is_alert = |heading: &&str| !heading.contains(' ') && heading.starts_with(|c: char| c.is_ascii_uppercase());
    for heading in runbook.lines().filter_map(|line| line.strip_prefix("## ")).filter(is_alert) {
        assert!(names.contains(heading), "docs/runbook.md has a section about {heading}, which is no alert");
    }
}

#[test]
fn no_two_alerts_have_one_name() {
    let rules = all();
    let names: BTreeSet<&str> = rules.iter().map(name).collect();
    assert_eq!(names.len(), rules.len());
}

/// The names of alerts in the tests of rules for which something is expected, or nothing.
fn tested(expected: bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in files::in_folder("tests/charts/monitoring/rules", "yaml") {
        let json = files::yaml(&path);
        let cases = list(&json["tests"]).iter().flat_map(|test| list(&test["alert_rule_test"]));
        let wanted = cases.filter(|case: &&Value| list(&case["exp_alerts"]).is_empty() != expected);
        names.extend(wanted.map(|case| text(&case["alertname"]).to_owned()));
    }
    names
}

#[test]
fn every_alert_has_series_that_fire_it_and_series_that_do_not() {
    let (firing, silent) = (tested(true), tested(false));
    let mut faults = Vec::new();
    for rule in all() {
        if !firing.contains(name(&rule)) {
            faults.push(format!("no test fires {}", name(&rule)));
        }
        if !silent.contains(name(&rule)) {
            faults.push(format!("no test shows when {} does not fire", name(&rule)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_recorded_series_is_shown_by_a_test_to_be_right() {
    let mut asked = String::new();
    for path in files::in_folder("tests/charts/monitoring/rules", "yaml") {
        let json = files::yaml(&path);
        let cases = list(&json["tests"]).iter().flat_map(|test| list(&test["promql_expr_test"]));
        asked.extend(cases.map(|case| format!("{}\n", text(&case["expr"]))));
    }
    for rule in files::all_rules() {
        let Some(name) = rule.record() else { continue };
        assert!(asked.contains(name), "{}: no test asks for {name}", rule.file);
    }
}
