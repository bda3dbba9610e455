//! What others say about what we write: their own programs read it (`tests/judges`).
//!
//! Those in Python run where the variable TUNEBOT_TEST_PYTHON names a Python that has the packages of
//! `tests/oracles/requirements.txt`, those for Node where TUNEBOT_TEST_NODE_JUDGE names the folder into which the packages
//! of `tests/judges/github/package-lock.json` are installed.

mod github;
mod slack;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The judge by Slack's SDK, in Python. Without one a test is skipped, aloud.
fn slacks_own() -> Option<Command> {
    let missing = "TUNEBOT_TEST_PYTHON names no Python with the packages of tests/oracles/requirements.txt";
    let mut command = Command::new(named("TUNEBOT_TEST_PYTHON", missing)?);
    command.arg(script("slack.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// The judge by GitHub's description of its API, for Node. Without one a test is skipped, aloud.
fn githubs_own() -> Option<Command> {
    let missing = "TUNEBOT_TEST_NODE_JUDGE names no folder with the packages of tests/judges/github/package-lock.json";
    let folder = named("TUNEBOT_TEST_NODE_JUDGE", missing)?;
    let mut command = Command::new("node");
    command.arg(script("github/judge.mjs")).arg(folder);
    Some(command)
}

fn named(variable: &str, missing: &str) -> Option<OsString> {
    let value = std::env::var_os(variable);
    if value.is_none() {
        eprintln!("SKIPPED: {missing}");
    }
    value
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(name)
}

/// The faults that a judge finds in `input`, one a line.
fn judged(mut judge: Command, input: &str) -> Vec<String> {
    let mut child = judge.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A judge reads everything before it says anything that could fill a pipe, or dies, which its exit code tells.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let faults: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(i32::from(!faults.is_empty())), "{faults:?} {complaint}");
    faults
}
