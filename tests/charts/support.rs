//! The real Helm, called as people call it, and what it renders as data.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The program that a variable names, or the one of that name on the path. Where there is none, says so.
pub fn tool(variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: there is no {name}, and {variable} names none: tests/charts/tools installs it");
    }
    found
}

/// A folder of the checkout, `charts/tunebot` for instance.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// One call of Helm for one release, `tunebot` in the namespace `tuning` if nothing else is said.
#[derive(Debug, Clone)]
pub struct Release {
    helm: PathBuf,
    chart: PathBuf,
    name: String,
    namespace: String,
    arguments: Vec<String>,
}

impl Release {
    /// None, and a line that says so, where there is no Helm.
    pub fn of(chart: impl Into<PathBuf>) -> Option<Self> {
        let helm = tool("TUNEBOT_TEST_HELM", "helm")?;
        let (name, namespace) = ("tunebot".to_owned(), "tuning".to_owned());
        Some(Self { helm, chart: chart.into(), name, namespace, arguments: Vec::new() })
    }

    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub fn in_namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.namespace);
        self
    }

    /// A file of values.
    pub fn values(mut self, file: &Path) -> Self {
        self.arguments.extend(["--values".to_owned(), file.display().to_string()]);
        self
    }

    /// One value, as JSON: `.set("ingress", json!({"enabled": true}))`.
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        self.arguments.extend(["--set-json".to_owned(), format!("{path}={}", value.into())]);
        self
    }

    /// A group of resources that the cluster has, `monitoring.coreos.com/v1` for instance.
    pub fn with_api(mut self, version: &str) -> Self {
        self.arguments.extend(["--api-versions".to_owned(), version.to_owned()]);
        self
    }

    /// Everything that is rendered, the tests of `helm test` too, in the order of the files.
    ///
    /// # Panics
    /// When Helm refuses.
    pub fn render(&self) -> Rendered {
        let output = self.template(&[]);
        assert!(output.status.success(), "helm template: {}", String::from_utf8_lossy(&output.stderr));
        Rendered::read(&String::from_utf8_lossy(&output.stdout))
    }

    /// One file of templates, as it stands: for those that are no resources (`templates/NOTES.txt` is not among them).
    pub fn render_text(&self, template: &str) -> String {
        let output = self.template(&["--show-only", template]);
        assert!(output.status.success(), "helm template: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What is said to people after an installation.
    pub fn notes(&self) -> String {
        let arguments = ["install", &self.name, "--dry-run=client", "--namespace", &self.namespace];
        let output = self.call(&arguments);
        assert!(output.status.success(), "helm install: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_once("\nNOTES:\n").map(|(_, notes)| notes.to_owned()).expect("a section NOTES")
    }

    /// What Helm says when it refuses, without the path of this checkout.
    ///
    /// # Panics
    /// When it renders.
    pub fn refusal(&self) -> String {
        let output = self.template(&[]);
        assert!(!output.status.success(), "helm renders what it should refuse: {:?}", self.arguments);
        String::from_utf8_lossy(&output.stderr)
            .replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "")
            .trim()
            .to_owned()
    }

    /// `helm lint --strict`.
    ///
    /// # Panics
    /// When there is anything to say.
    pub fn lint(&self) {
        let output = self.call(&["lint", "--strict"]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "helm lint: {said}{}", String::from_utf8_lossy(&output.stderr));
    }

    fn template(&self, more: &[&str]) -> Output {
        let mut arguments = vec!["template", self.name.as_str(), "--namespace", self.namespace.as_str()];
        arguments.extend(more);
        self.call(&arguments)
    }

    /// Nothing of the person's own Helm (repositories, plugins) takes part.
    fn call(&self, arguments: &[&str]) -> Output {
        let home = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(&self.helm);
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(variable, home.path());
        }
        command.env("KUBECONFIG", home.path().join("none"));
        command.args(arguments).arg(&self.chart).args(&self.arguments);
        command.output().expect("Helm can be started")
    }
}

/// The manifests of one rendering.
#[derive(Debug, Clone)]
pub struct Rendered(pub Vec<Value>);

impl Rendered {
    fn read(text: &str) -> Self {
        let documents = text.split("\n---").map(|document| document.trim_start_matches("---"));
        let parsed = documents.map(|document| {
            serde_yaml::from_str::<Value>(document).unwrap_or_else(|error| panic!("{error}\n{document}"))
        });
        Self(parsed.filter(|document| !document.is_null()).collect())
    }

    /// All of one kind.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|manifest| manifest["kind"] == kind).collect()
    }

    /// The only one of its kind.
    ///
    /// # Panics
    /// When there is none, or several.
    pub fn one(&self, kind: &str) -> &Value {
        match self.all(kind).as_slice() {
            [only] => only,
            other => panic!("{} of the kind {kind}: {:?}", other.len(), self.list()),
        }
    }

    /// The one of its kind and name.
    ///
    /// # Panics
    /// When there is none.
    pub fn named(&self, kind: &str, name: &str) -> &Value {
        let found = self.0.iter().find(|manifest| manifest["kind"] == kind && manifest["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}: {:?}", self.list()))
    }

    /// `KIND NAME`, or `KIND NAMESPACE/NAME` where the manifest names its namespace.
    pub fn list(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let line = |manifest: &Value| {
            let (kind, metadata) = (text(&manifest["kind"]), &manifest["metadata"]);
            match metadata["namespace"].as_str() {
                Some(namespace) => format!("{kind} {namespace}/{}", text(&metadata["name"])),
                None => format!("{kind} {}", text(&metadata["name"])),
            }
        };
        self.0.iter().map(line).collect()
    }
}
