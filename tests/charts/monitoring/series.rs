//! The made-up series of a plausible platform: two pools of nodes, a sweep that runs, one that waits, and a bad day.

use serde_json::Value;

use super::files::{self, list, text};
use super::known::Known;
use super::promql::mentions;

/// All series of `series/*.yaml`, as promtool takes them.
pub fn all() -> Vec<Value> {
    let files = files::in_folder("tests/charts/monitoring/series", "yaml");
    files.iter().flat_map(|path| list(&files::yaml(path)).to_vec()).collect()
}

/// Series of metrics or labels that nobody serves would prove nothing.
#[test]
fn the_made_up_series_are_of_metrics_and_labels_that_exist() {
    let known = Known::read();
    let mut faults = Vec::new();
    for series in all() {
        let series = text(&series["series"]);
        for mention in mentions(series) {
            match known.0.get(&mention.metric) {
                None => faults.push(format!("nobody serves {}", mention.metric)),
                Some(metric) => faults.extend(
                    mention
                        .labels
                        .iter()
                        .filter(|label| !metric.may_have(label))
                        .map(|label| format!("{series}: no {label}")),
                ),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
