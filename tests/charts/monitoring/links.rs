//! Links from tunebot's messages to the dashboard of a sweep: what the chart configures must be what the dashboard has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::dashboards::{self, Dashboard};
use super::files::{list, text};
use crate::support::Release;

/// What tunebot may write into a variable.
const PLACEHOLDERS: [&str; 4] = ["{sweep}", "{tuning}", "{sha}", "{branch}"];

fn board(uid: &str) -> Dashboard {
    dashboards::all().into_iter().find(|board| board.uid() == uid).unwrap_or_else(|| panic!("no dashboard {uid}"))
}

/// The dashboards in the configuration that the chart makes when it is told where Grafana is.
fn configured() -> Option<Vec<Value>> {
    let release = Release::of("charts/tunebot")?.set("grafana", json!({"url": "https://grafana.example.com"}));
    let rendered = release.render();
    let config: Value =
        serde_yaml::from_str(text(&rendered.named("ConfigMap", "tunebot")["data"]["tunebot.yaml"])).expect("YAML");
    assert_eq!(config["grafana"]["url"], "https://grafana.example.com");
    Some(list(&config["grafana"]["dashboards"]).to_vec())
}

#[test]
fn the_chart_links_to_the_dashboard_of_a_sweep_by_variables_that_it_has() {
    let Some(configured) = configured() else { return };
    let [sweep] = configured.as_slice() else { panic!("{configured:?}") };
    let board = board(text(&sweep["uid"]));
    assert_eq!(board.uid(), "tunebot-sweep");
    let has: BTreeSet<&str> = board.variables().iter().map(|variable| text(&variable["name"])).collect();
    let variables = sweep["variables"].as_object().unwrap();
    for (name, value) in variables {
        assert!(has.contains(name.as_str()), "the dashboard has no variable {name}");
        assert!(PLACEHOLDERS.contains(&text(value)), "{value} is nothing that tunebot fills in");
    }
    let given: Vec<&String> = variables.keys().collect();
    assert_eq!(given, ["sweep", "tuning"], "without both of them the screen is not that of the sweep");
}

/// A value of the address that is not among the choices is thrown away, so these must be what tunebot fills in.
#[test]
fn the_variables_of_the_dashboard_choose_by_what_tunebot_fills_in() {
    let board = board("tunebot-sweep");
    let asked = |name: &str| {
        let variable = board.variables().iter().find(|variable| variable["name"] == name).unwrap();
        (text(&variable["query"]["query"]).to_owned(), text(&variable["regex"]).to_owned())
    };
    assert_eq!(asked("tuning"), ("label_values(tunebot_sweep_info, tuning)".to_owned(), String::new()));
    let (query, regex) = asked("sweep");
    assert!(query.contains("by (sweep)") && regex.contains(r#"sweep="([^"]+)""#), "{query} {regex}");
}
