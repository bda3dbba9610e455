//! promtool, called as people call it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::files;
use crate::support::tool;

/// The program that reads rules and expressions as Prometheus itself does.
#[derive(Debug, Clone)]
pub struct Promtool(PathBuf);

impl Promtool {
    /// None, and a line that says so, where there is none.
    pub fn found() -> Option<Self> {
        tool("TUNEBOT_TEST_PROMTOOL", "promtool").map(Self)
    }

    fn call(&self, arguments: &[&str], files: &[&Path]) -> Result<(), String> {
        let output = Command::new(&self.0).args(arguments).args(files).output().expect("promtool can be started");
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat();
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    /// `promtool check rules`.
    pub fn check(&self, file: &Path) -> Result<(), String> {
        self.call(&["check", "rules"], &[file])
    }

    /// `promtool test rules`.
    pub fn test(&self, file: &Path) -> Result<(), String> {
        self.call(&["test", "rules"], &[file])
    }
}

impl Promtool {
    /// `promtool check metrics`: what is wrong with a text of metrics, and what is unusual.
    pub fn lint(&self, metrics: &str) -> String {
        let mut command = Command::new(&self.0);
        command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("promtool can be started");
        child.stdin.take().expect("a pipe").write_all(metrics.as_bytes()).expect("promtool reads");
        let output = child.wait_with_output().expect("promtool ends");
        [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat()
    }
}

/// A mistake that only promtool sees would otherwise be seen by nobody.
#[test]
fn promtool_reads_every_file_of_rules() {
    let Some(promtool) = Promtool::found() else { return };
    let faults: Vec<String> = files::rules().iter().filter_map(|file| promtool.check(file).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_rules_do_what_their_tests_say() {
    let Some(promtool) = Promtool::found() else { return };
    let tests = files::in_folder("tests/charts/monitoring/rules", "yaml");
    assert!(!tests.is_empty(), "there is no test of rules");
    let faults: Vec<String> = tests.iter().filter_map(|file| promtool.test(file).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_expression_that_is_none_is_refused() {
    let Some(promtool) = Promtool::found() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, r#"{"groups": [{"name": "a", "rules": [{"record": "a:b", "expr": "sum(up"}]}]}"#).unwrap();
    assert!(promtool.check(&file).unwrap_err().contains("unclosed left parenthesis"));
}
