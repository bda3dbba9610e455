//! The files of the charts that have to do with monitoring, and what stands in them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::folder;

/// The charts that bring dashboards and rules.
pub const CHARTS: [&str; 2] = ["charts/tunebot", "charts/tuning-platform"];

/// The files of one extension in a folder of the checkout, by name. None where there is no such folder.
pub fn in_folder(name: &str, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder(name)) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// All files of rules.
pub fn rules() -> Vec<PathBuf> {
    CHARTS.iter().flat_map(|chart| in_folder(&format!("{chart}/rules"), "yaml")).collect()
}

/// What a YAML file says.
pub fn yaml(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A path as it is in the checkout.
pub fn short(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display().to_string()
}

/// The list in a value, empty where there is none.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text in a value, empty where there is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// One rule of one file, an alert or a recorded series.
#[derive(Debug, Clone)]
pub struct Rule {
    pub file: String,
    pub json: Value,
}

impl Rule {
    pub fn alert(&self) -> Option<&str> {
        self.json["alert"].as_str()
    }

    pub fn record(&self) -> Option<&str> {
        self.json["record"].as_str()
    }

    pub fn expression(&self) -> &str {
        text(&self.json["expr"])
    }
}

/// The rules of all files.
pub fn all_rules() -> Vec<Rule> {
    let mut found = Vec::new();
    for path in rules() {
        let file = short(&path);
        for group in list(&yaml(&path)["groups"]) {
            found.extend(list(&group["rules"]).iter().map(|rule| Rule { file: file.clone(), json: rule.clone() }));
        }
    }
    found
}
