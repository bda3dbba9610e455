//! What Grafana and its readers need of a dashboard, and no schema checks.

use std::collections::BTreeSet;

use serde_json::Value;

use super::dashboards::{self, Dashboard};
use super::files::{list, text};

/// Grafana's width, in the units of `gridPos`.
const COLUMNS: u64 = 24;

/// The version of the format that Grafana 12 writes; an older one is converted on each load.
const SCHEMA: u64 = 41;

fn assert_no_faults(check: impl Fn(&Dashboard) -> Vec<String>) {
    let faults: Vec<String> = dashboards::all()
        .iter()
        .flat_map(|board| check(board).into_iter().map(|fault| format!("{}: {fault}", board.file)).collect::<Vec<_>>())
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn is_row(panel: &Value) -> bool {
    panel["type"] == "row"
}

fn named(panel: &Value) -> String {
    format!("panel {} ({})", panel["id"], text(&panel["title"]))
}

/// The address of a dashboard is part of every link to it, those in tunebot's messages too.
#[test]
fn the_addresses_of_the_dashboards_are_the_agreed_ones() {
    let expected = [
        ("charts/tunebot/dashboards/sweep.json", "tunebot-sweep"),
        ("charts/tunebot/dashboards/tunebot.json", "tunebot"),
        ("charts/tuning-platform/dashboards/argo-controller.json", "argo-controller"),
        ("charts/tuning-platform/dashboards/cluster.json", "tuning-cluster"),
    ];
    for board in dashboards::all() {
        assert!(expected.contains(&(board.file.as_str(), board.uid())), "{} has the uid {}", board.file, board.uid());
    }
}

#[test]
fn every_dashboard_says_what_it_is_and_can_be_provisioned() {
    assert_no_faults(|board| {
        let json = &board.json;
        let mut faults = Vec::new();
        let mut wants = |held: bool, fault: &str| {
            if !held {
                faults.push(fault.to_owned())
            }
        };
        wants(!text(&json["title"]).is_empty(), "no title");
        wants(!text(&json["description"]).is_empty(), "no description");
        wants(json["id"].is_null(), "an id is of one Grafana only: it must be null");
        wants(json["schemaVersion"].as_u64() >= Some(SCHEMA), "an old schemaVersion");
        wants(list(&json["tags"]).iter().any(|tag| tag == "tunebot"), "not tagged `tunebot`");
        wants(json["time"]["from"].is_string() && json["refresh"].is_string(), "no time range, or no refresh");
        wants(json["graphTooltip"] == 1, "no shared crosshair (graphTooltip: 1)");
        faults
    });
}

#[test]
fn every_panel_has_a_title_a_description_a_unit_and_the_chosen_source() {
    assert_no_faults(|board| {
        let mut faults = Vec::new();
        for panel in board.panels().into_iter().filter(|panel| !is_row(panel)) {
            let mut wants = |held: bool, fault: &str| {
                if !held {
                    faults.push(format!("{}: {fault}", named(panel)))
                }
            };
            wants(!text(&panel["title"]).is_empty(), "no title");
            wants(!text(&panel["description"]).is_empty(), "no description");
            if panel["type"] == "text" {
                continue;
            }
            wants(!text(&panel["fieldConfig"]["defaults"]["unit"]).is_empty(), "no unit");
            wants(panel["datasource"]["uid"] == "${datasource}", "not of ${datasource}");
            wants(!list(&panel["targets"]).is_empty(), "asks for nothing");
            let ids: BTreeSet<&str> = list(&panel["targets"]).iter().map(|target| text(&target["refId"])).collect();
            wants(ids.len() == list(&panel["targets"]).len(), "two questions have one refId");
            for target in list(&panel["targets"]) {
                wants(target["datasource"]["uid"] == "${datasource}", "a question is not of ${datasource}");
            }
        }
        faults
    });
}

#[test]
fn panels_have_ids_of_their_own_and_do_not_lie_on_each_other() {
    assert_no_faults(|board| {
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        let mut cells = BTreeSet::new();
        for panel in board.panels() {
            if !panel["id"].as_u64().is_some_and(|id| ids.insert(id)) {
                faults.push(format!("{} has no id, or that of another", named(panel)));
            }
            let place = |key: &str| panel["gridPos"][key].as_u64().unwrap_or(0);
            if place("w") == 0 || place("h") == 0 || place("x") + place("w") > COLUMNS {
                faults.push(format!("{} is not on the page", named(panel)));
            }
            for y in place("y")..place("y") + place("h") {
                for x in place("x")..place("x") + place("w") {
                    if !cells.insert((x, y)) {
                        faults.push(format!("{} lies on another at {x}, {y}", named(panel)));
                    }
                }
            }
        }
        faults
    });
}

/// A variable that nobody uses is a question to the reader without an answer; one that is not defined fails in `questions`.
#[test]
fn every_variable_is_used() {
    assert_no_faults(|board| {
        let whole = board.json.to_string();
        let name = |variable: &Value| text(&variable["name"]).to_owned();
        let used =
            |name: &String| [format!("${name}"), format!("${{{name}")].iter().any(|use_| whole.contains(use_.as_str()));
        let unused = board.variables().iter().map(name).filter(|name| !used(name));
        unused.map(|name| format!("nothing uses the variable {name}")).collect()
    });
}

/// Every `/d/UID` in links of the dashboard, of panels and of their data.
#[test]
fn links_lead_to_dashboards_that_exist() {
    let boards = dashboards::all();
    let known: BTreeSet<&str> = ["tunebot-sweep", "tunebot", "tuning-cluster", "argo-controller"].into();
    for board in &boards {
        let whole = board.json.to_string();
        let targets: Vec<&str> = whole
            .split("/d/")
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap())
            .collect();
        assert!(!targets.is_empty(), "{} links to no other dashboard", board.file);
        for target in targets {
            assert!(known.contains(target), "{} links to {target}, which is none of ours", board.file);
        }
    }
}
