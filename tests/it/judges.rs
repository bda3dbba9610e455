//! What others say about what we write: their own programs read it (`tests/judges`).
//!
//! Runs where the variable TUNEBOT_TEST_PYTHON names a Python that has the packages of `tests/oracles/requirements.txt`.

mod slack;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The Python to judge with. Without one a test is skipped, aloud.
fn python() -> Option<OsString> {
    let python = std::env::var_os("TUNEBOT_TEST_PYTHON");
    if python.is_none() {
        eprintln!("SKIPPED: TUNEBOT_TEST_PYTHON names no Python with the packages of tests/oracles/requirements.txt");
    }
    python
}

/// The faults that a judge finds in `input`, one a line.
fn judged(python: &OsString, judge: &str, input: &str) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/judges/{judge}.py"));
    let mut child = Command::new(python)
        .arg(script)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A judge reads everything before it says anything that could fill a pipe, or dies, which its exit code tells.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let faults: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(i32::from(!faults.is_empty())), "{faults:?} {complaint}");
    faults
}
