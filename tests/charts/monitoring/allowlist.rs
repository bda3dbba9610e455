//! Samples cost money: of each source Prometheus keeps what rules and dashboards ask for, and nothing more.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::OnceLock;

use serde_json::Value;

use super::files::{self, list, text};
use super::known::Known;
use super::usage;
use crate::support::folder;

/// What is scraped under the values of `charts/tuning-platform`, and where its relabellings stand there.
const SOURCES: [(&str, &str); 8] = [
    ("cadvisor", "/kube-prometheus-stack/kubelet/serviceMonitor/cAdvisorMetricRelabelings"),
    ("kubelet", "/kube-prometheus-stack/kubelet/serviceMonitor/metricRelabelings"),
    ("kube-state-metrics", "/kube-prometheus-stack/kube-state-metrics/prometheus/monitor/http/metricRelabelings"),
    ("node-exporter", "/kube-prometheus-stack/prometheus-node-exporter/prometheus/monitor/metricRelabelings"),
    ("argo-controller", "/argo-workflows/controller/metricsConfig/metricRelabelings"),
    ("karpenter", "/monitors/karpenter/metricRelabelings"),
    ("cluster-autoscaler", "/monitors/cluster-autoscaler/metricRelabelings"),
    ("dcgm-exporter", "/monitors/dcgm-exporter/metricRelabelings"),
];

/// Prometheus, its operator and Alertmanager are asked by the alerts that kube-prometheus-stack brings: `default-rules.txt`.
const OF_THEMSELVES: [(&str, &[&str]); 3] = [
    ("/kube-prometheus-stack/alertmanager/serviceMonitor/metricRelabelings", &["alertmanager", "process", "reloader"]),
    ("/kube-prometheus-stack/prometheusOperator/serviceMonitor/metricRelabelings", &["prometheus_operator"]),
    ("/kube-prometheus-stack/prometheus/serviceMonitor/metricRelabelings", &["prometheus", "reloader"]),
];

fn values() -> &'static Value {
    static VALUES: OnceLock<Value> = OnceLock::new();
    VALUES.get_or_init(|| files::yaml(&folder("charts/tuning-platform/values.yaml")))
}

fn at(path: &str) -> &'static [Value] {
    values().pointer(path).map_or(&[], list)
}

fn default_rules() -> String {
    std::fs::read_to_string(folder("tests/charts/monitoring/default-rules.txt")).expect("a list")
}

/// The relabellings of a source; none where the values do not mention it (tunebot itself, whose samples are all kept).
pub fn relabelings(source: &str) -> &'static [Value] {
    SOURCES.iter().find(|(name, _)| *name == source).map_or(&[], |(_, path)| at(path))
}

fn is_keep_by_name(rule: &&Value) -> bool {
    rule["action"] == "keep" && rule["sourceLabels"] == serde_json::json!(["__name__"])
}

/// The regular expression as it is to stand in the values: a name a line, joined by YAML without a space.
fn to_paste(names: &BTreeSet<String>) -> String {
    let mut lines = "regex: \"".to_owned();
    for (number, name) in names.iter().enumerate() {
        let _ = write!(lines, "{}{name}", if number == 0 { "\\\n  " } else { "|\\\n  " });
    }
    lines + "\""
}

/// What the relabellings at a path keep by name, if it is not what is wanted.
fn difference(path: &str, wanted: &BTreeSet<String>) -> Option<String> {
    let kept = at(path).iter().find(is_keep_by_name).map_or("", |rule| text(&rule["regex"]));
    let kept: BTreeSet<String> = kept.split('|').map(str::to_owned).collect();
    let names = |names: Vec<&String>| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    (kept != *wanted).then(|| {
        format!(
            "{path}\nasked for and not kept: {}\nkept and not asked for: {}\n{}\n",
            names(wanted.difference(&kept).collect()),
            names(kept.difference(wanted).collect()),
            to_paste(wanted),
        )
    })
}

fn assert_none(faults: &[String]) {
    assert!(
        faults.is_empty(),
        "charts/tuning-platform/values.yaml keeps other metrics than are used:\n{}",
        faults.join("\n")
    );
}

#[test]
fn prometheus_keeps_what_rules_and_dashboards_ask_for_and_nothing_more() {
    let used = usage::used(&Known::read());
    let of = |(source, path): &(&str, &str)| difference(path, &used.get(*source).cloned().unwrap_or_default());
    assert_none(&SOURCES.iter().filter_map(of).collect::<Vec<_>>());
}

#[test]
fn of_prometheus_itself_it_keeps_what_the_alerts_of_its_chart_ask_for() {
    let rules = default_rules();
    let names: Vec<&str> = rules.lines().filter(|line| !line.starts_with('#')).collect();
    // The longest prefix says whose it is: the operator's begin with `prometheus` too.
    let operator = |name: &str| name.starts_with("prometheus_operator");
    let of = |(path, prefixes): &(&str, &[&str])| {
        let theirs = |name: &&&str| {
            prefixes.iter().any(|prefix| name.starts_with(prefix)) && operator(name) == operator(prefixes[0])
        };
        difference(path, &names.iter().filter(theirs).map(|name| (*name).to_owned()).collect())
    };
    assert_none(&OF_THEMSELVES.iter().filter_map(of).collect::<Vec<_>>());
}

/// An alert over series that are not kept never fires; one that is off is not missed by surprise.
#[test]
fn the_alerts_that_come_with_prometheus_are_those_whose_series_are_kept() {
    let rules = default_rules();
    let on = rules.lines().find_map(|line| line.strip_prefix("# On: ")).unwrap();
    let ours = values().pointer("/kube-prometheus-stack/defaultRules/rules").unwrap().as_object().unwrap();
    assert!(on.split(' ').all(|group| !ours.contains_key(group)), "they are on by default");
    assert!(ours.values().all(|value| *value == false), "nothing is to be switched on: {ours:?}");
    let theirs = folder("../shared/monitoring/kube-prometheus-stack-values-88.5.3.yaml");
    if !theirs.exists() {
        eprintln!("SKIPPED: the values of kube-prometheus-stack are not beside the checkout");
        return;
    }
    let theirs = files::yaml(&theirs);
    let groups = theirs.pointer("/defaultRules/rules").unwrap().as_object().unwrap();
    let left: Vec<&str> = groups.keys().map(String::as_str).filter(|group| !ours.contains_key(*group)).collect();
    assert_eq!(left.join(" "), on);
}

/// Series of nodes are joined by `node`, which Prometheus does not give to the node exporter's by itself.
#[test]
fn series_of_the_node_exporter_say_which_node_they_are_of() {
    let path = "/kube-prometheus-stack/prometheus-node-exporter/prometheus/monitor/relabelings";
    let names_it = |rule: &Value| {
        rule["targetLabel"] == "node" && rule["sourceLabels"] == serde_json::json!(["__meta_kubernetes_pod_node_name"])
    };
    assert!(at(path).iter().any(names_it), "{path} sets no label `node` from __meta_kubernetes_pod_node_name");
}

/// What joins pods and nodes to tunings and pools are labels, which kube-state-metrics tells only if it is told to.
#[test]
fn kube_state_metrics_tells_the_labels_that_are_asked_for() {
    let told: BTreeSet<String> = at("/kube-prometheus-stack/kube-state-metrics/metricLabelsAllowlist")
        .iter()
        .flat_map(|line| text(line).split_once("=[").map_or("", |(_, labels)| labels).trim_end_matches(']').split(','))
        .map(as_kube_state_metrics_writes)
        .collect();
    for (place, expression) in usage::expressions() {
        for label in
            expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("label_"))
        {
            let function = matches!(label, "label_replace" | "label_join");
            assert!(function || told.contains(label), "{place}: kube-state-metrics does not tell {label}");
        }
    }
}

/// `eks.amazonaws.com/capacityType` is told as `label_eks_amazonaws_com_capacity_type`.
fn as_kube_state_metrics_writes(label: &str) -> String {
    let mut name = "label_".to_owned();
    let mut before = '_';
    for c in label.chars() {
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            name.push('_');
        }
        name.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
        before = c;
    }
    name
}

#[test]
fn labels_are_written_as_kube_state_metrics_writes_them() {
    assert_eq!(as_kube_state_metrics_writes("tunebot/sweep"), "label_tunebot_sweep");
    assert_eq!(as_kube_state_metrics_writes("eks.amazonaws.com/capacityType"), "label_eks_amazonaws_com_capacity_type");
}
