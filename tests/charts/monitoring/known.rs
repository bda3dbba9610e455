//! Which metrics there are: lists taken from the sources of those who serve them, and what the rules of the charts record.

use std::collections::{BTreeMap, BTreeSet};

use super::{files, scrape};

/// What is known of one metric.
#[derive(Debug, Clone)]
pub struct Metric {
    /// `counter`, `gauge`, `histogram`, `summary`, `untyped`, or `recorded` by a rule of ours.
    pub kind: String,
    /// The labels that it may have; `label_*` stands for all that begin so.
    pub labels: BTreeSet<String>,
    /// Who serves it: the name of the list.
    pub source: String,
}

impl Metric {
    /// Whether its series may have a label, its own or one of Prometheus.
    pub fn may_have(&self, label: &str) -> bool {
        let fits = |known: &String| known.strip_suffix('*').map_or(known == label, |start| label.starts_with(start));
        self.kind == "recorded" || self.labels.iter().any(fits) || TARGET.contains(&label)
    }

    /// Whether it only grows, so that its rate means something.
    pub fn grows(&self) -> bool {
        matches!(self.kind.as_str(), "counter" | "histogram" | "untyped")
    }
}

/// Labels of targets that Prometheus adds, those of its operator included, and what becomes of a metric's own where both
/// have one and `honorLabels` is not set.
const TARGET: [&str; 10] = [
    "job",
    "instance",
    "namespace",
    "pod",
    "service",
    "container",
    "endpoint",
    "node",
    "exported_namespace",
    "exported_pod",
];

/// Every name that a query may ask for.
#[derive(Debug, Clone, Default)]
pub struct Known(pub BTreeMap<String, Metric>);

impl Known {
    /// The checked-in lists, what tunebot itself tells, and what the rules record.
    pub fn read() -> Self {
        let mut known = Self::default();
        for path in files::in_folder("tests/charts/monitoring/metrics", "txt") {
            let source = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a list");
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let mut words = line.split(' ');
                let (Some(name), Some(kind)) = (words.next(), words.next()) else { panic!("{source}: {line}") };
                known.add(name, kind, words.map(str::to_owned).collect(), &source);
            }
        }
        for scrape::Own { name, kind, labels } in scrape::own() {
            known.add(name, kind, labels.clone(), "tunebot");
        }
        for rule in files::all_rules() {
            if let Some(name) = rule.record() {
                known.add(name, "recorded", BTreeSet::new(), &rule.file);
            }
        }
        known
    }

    /// A metric under the names that its series have.
    pub fn add(&mut self, name: &str, kind: &str, labels: BTreeSet<String>, source: &str) {
        let metric = Metric { kind: kind.to_owned(), labels, source: source.to_owned() };
        let extra = match kind {
            "histogram" => Some(("_bucket", "le")),
            "summary" => Some(("", "quantile")),
            _ => None,
        };
        if let Some((suffix, label)) = extra {
            let mut series = metric.clone();
            series.labels.insert(label.to_owned());
            self.0.insert(format!("{name}{suffix}"), series);
            let parts = Metric { kind: "counter".to_owned(), ..metric };
            self.0.insert(format!("{name}_sum"), parts.clone());
            self.0.insert(format!("{name}_count"), parts);
        } else {
            self.0.insert(name.to_owned(), metric);
        }
    }
}

/// A list of which nobody can say where it comes from is an opinion.
#[test]
fn every_list_of_metrics_names_its_source_and_version() {
    for path in files::in_folder("tests/charts/monitoring/metrics", "txt") {
        let text = std::fs::read_to_string(&path).unwrap();
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(header.iter().any(|line| line.starts_with("# Source: ")), "{} has no source", files::short(&path));
        let names: Vec<&str> = text.lines().skip(header.len()).map(|line| line.split(' ').next().unwrap()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{} is not in order, or has a name twice", files::short(&path));
    }
}

#[test]
fn a_histogram_is_known_by_its_parts() {
    let mut known = Known::default();
    known.add("a_seconds", "histogram", BTreeSet::from(["queue".to_owned(), "label_*".to_owned()]), "here");
    let names: Vec<&str> = known.0.keys().map(String::as_str).collect();
    assert_eq!(names, ["a_seconds_bucket", "a_seconds_count", "a_seconds_sum"]);
    let bucket = &known.0["a_seconds_bucket"];
    assert!(bucket.may_have("le") && bucket.may_have("label_x") && bucket.may_have("job") && !bucket.may_have("x"));
}
