//! A copy of the chart with something under `charts/`: stand-ins, or the real packages.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Release, Rendered, folder};

pub const CHART: &str = "charts/tuning-platform";
pub const ARGO: (&str, &str) = ("argo-workflows", "1.0.18");
pub const MONITORING: (&str, &str) = ("kube-prometheus-stack", "88.5.3");

/// One ConfigMap with the values as they arrive, and Grafana's settings as its chart would read them: strings are templates.
const STAND_IN: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: values-of-{{ .Chart.Name }}
data:
  values: {{ toJson .Values | toJson }}
  {{- range $section, $entries := dig "grafana" "grafana.ini" dict (omit .Values "global") }}
  {{- range $name, $value := $entries }}
  {{ $section }}/{{ $name }}: {{ tpl (toString $value) $ | toJson }}
  {{- end }}
  {{- end }}
"#;

#[derive(Debug)]
pub struct Stage {
    // The folder goes with it.
    folder: TempDir,
}

impl Stage {
    /// With stand-ins for Argo and the monitoring; tunebot is the real one.
    ///
    /// # Panics
    /// When the chart cannot be copied.
    pub fn with_stand_ins() -> Self {
        let stage = Self::bare();
        for (name, version) in [ARGO, MONITORING] {
            let chart = stage.chart().join("charts").join(name);
            std::fs::create_dir_all(chart.join("templates")).expect("a folder");
            let about = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
            std::fs::write(chart.join("Chart.yaml"), about).expect("Chart.yaml");
            std::fs::write(chart.join("templates/values.yaml"), STAND_IN).expect("a template");
        }
        stage
    }

    /// With the real packages. None, and a line that says so, where there are none.
    ///
    /// # Panics
    /// When the chart cannot be copied.
    pub fn with_real_charts() -> Option<Self> {
        let packages = packages()?;
        let stage = Self::bare();
        for (name, version) in [ARGO, MONITORING] {
            let package = format!("{name}-{version}.tgz");
            let there = stage.chart().join("charts").join(&package);
            std::fs::copy(packages.join(&package), there).unwrap_or_else(|error| panic!("{package}: {error}"));
        }
        Some(stage)
    }

    fn bare() -> Self {
        let stage = Self { folder: tempfile::tempdir().expect("a folder") };
        copy(&folder(CHART), &stage.chart());
        copy(&folder("charts/tunebot"), &stage.chart().join("charts/tunebot"));
        stage
    }

    fn chart(&self) -> PathBuf {
        self.folder.path().join("tuning-platform")
    }

    /// A release `platform` in the namespace `tuning`, of the chart with files of values that lie in it.
    pub fn release(&self, values: &[&str]) -> Option<Release> {
        let release = Release::of(self.chart())?.named("platform");
        Some(values.iter().fold(release, |release, file| release.values(&self.chart().join(file))))
    }
}

/// The folder of real packages.
pub fn packages() -> Option<PathBuf> {
    let named = std::env::var_os("TUNEBOT_TEST_CHARTS").map(PathBuf::from);
    if named.is_none() {
        eprintln!("SKIPPED: TUNEBOT_TEST_CHARTS names no folder with the packages of the real charts");
    }
    named
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        let there = to.join(entry.file_name());
        match entry.file_type().expect("its kind").is_dir() {
            // What `helm dependency build` left there.
            true if entry.file_name() == "charts" => {}
            true => copy(&entry.path(), &there),
            false => drop(std::fs::copy(entry.path(), there).expect("a copy")),
        }
    }
}

/// The values that a stand-in was given.
pub fn values_of(rendered: &Rendered, chart: &str) -> Value {
    let map = rendered.named("ConfigMap", &format!("values-of-{chart}"));
    serde_json::from_str(map["data"]["values"].as_str().expect("a text")).expect("JSON")
}

/// Is it what stands for another chart, and not what our own renders?
pub fn is_stand_in(manifest: &Value) -> bool {
    manifest["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("values-of-"))
}

/// The files of values in the chart, each with those that it is to be laid over.
pub const SETUPS: [&[&str]; 12] = [
    &[],
    &["values-local.yaml"],
    &["values-eks.yaml"],
    &["values-existing-argo.yaml"],
    &["values-eks.yaml", "options/irsa.yaml"],
    &["values-eks.yaml", "options/s3-keys.yaml"],
    &["values-eks.yaml", "options/archive-postgres.yaml"],
    &["values-eks.yaml", "options/ingress-nginx.yaml"],
    &["values-eks.yaml", "options/cluster-autoscaler.yaml"],
    &["values-eks.yaml", "options/alerts-slack.yaml"],
    &["values-existing-argo.yaml", "options/monitoring-there.yaml"],
    &[
        "values-eks.yaml",
        "options/irsa.yaml",
        "options/s3-keys.yaml",
        "options/archive-postgres.yaml",
        "options/ingress-nginx.yaml",
        "options/cluster-autoscaler.yaml",
    ],
];
