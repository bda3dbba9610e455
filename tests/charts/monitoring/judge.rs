//! Grafana's own types say what is wrong with the dashboards (`tests/judges/grafana`), where TUNEBOT_TEST_GRAFANA_JUDGE names
//! the folder into which the packages of its `package-lock.json` are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::dashboards::{self, Dashboard};
use crate::support::folder;

/// The faults that are found in these files, one a line. None, and a line that says so, where the packages are missing.
fn judged(files: &[PathBuf]) -> Option<Vec<String>> {
    let Some(packages) = std::env::var_os("TUNEBOT_TEST_GRAFANA_JUDGE") else {
        eprintln!("SKIPPED: TUNEBOT_TEST_GRAFANA_JUDGE names no folder with the packages of tests/judges/grafana");
        return None;
    };
    let judge = folder("tests/judges/grafana/judge.mjs");
    let output = Command::new("node").arg(judge).arg(packages).args(files).output().expect("node runs");
    let faults: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(i32::from(!faults.is_empty())), "{faults:?} {complaint}");
    Some(faults)
}

#[test]
fn grafanas_own_types_find_no_fault_with_the_dashboards() {
    let files: Vec<PathBuf> = dashboards::all().iter().map(|board| folder(&board.file)).collect();
    let Some(faults) = judged(&files) else { return };
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The dashboard of a sweep, with one thing changed.
fn spoiled(folder: &Path, name: &str, spoil: impl FnOnce(&mut Value)) -> PathBuf {
    let boards = dashboards::all();
    let mut json =
        boards.into_iter().find(|board: &Dashboard| board.uid() == "tunebot-sweep").expect("a dashboard").json;
    spoil(&mut json);
    let file = folder.join(format!("{name}.json"));
    std::fs::write(&file, json.to_string()).expect("a temporary file");
    file
}

/// A judge that finds nothing anywhere proves nothing.
#[test]
fn faults_that_are_put_in_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let panel = |json: &mut Value, kind: &str, pointer: &str, value: Value| {
        let panels = json["panels"].as_array_mut().unwrap();
        let panel = panels.iter_mut().find(|panel| panel["type"] == kind).unwrap();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        panel.pointer_mut(parent).unwrap()[field] = value;
    };
    let files = [
        spoiled(folder.path(), "misspelt", |json| panel(json, "stat", "/options/colourMode", json!("value"))),
        spoiled(folder.path(), "unknown-word", |json| {
            panel(json, "timeseries", "/options/legend/placement", json!("left"))
        }),
        spoiled(folder.path(), "wrong-kind", |json| panel(json, "timeseries", "/fieldConfig/defaults/min", json!("0"))),
        spoiled(folder.path(), "of-another-plugin", |json| panel(json, "table", "/options/graphMode", json!("area"))),
        spoiled(folder.path(), "no-such-plugin", |json| panel(json, "stat", "/type", json!("singlestat"))),
        spoiled(folder.path(), "tooltip", |json| json["graphTooltip"] = json!(7)),
    ];
    let Some(faults) = judged(&files) else { return };
    for name in ["misspelt", "unknown-word", "wrong-kind", "of-another-plugin", "no-such-plugin", "tooltip"] {
        let found = faults.iter().filter(|fault| fault.starts_with(&format!("{name}.json"))).count();
        assert_eq!(found, 1, "{name}: {faults:#?}");
    }
}
