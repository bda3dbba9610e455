//! Standard input and output, as a program meets them.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use super::program::{Program, command};

const MIB: u64 = 1 << 20;

#[test]
fn a_study_needs_no_configuration_and_ends_with_status_0() {
    let mut program = Program::start();
    let created =
        program.call(&json!({"op": "create", "space": {"x": {"type": "int", "low": 3, "high": 3}}, "seed": 1}));
    assert_eq!(created["impl"], "tunebot");
    assert_eq!(created["impl_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(program.call(&json!({"op": "ask"})), json!({"ok": true, "trials": [{"id": 0, "params": {"x": 3}}]}));
    assert_eq!(program.call(&json!({"op": "close"})), json!({"ok": true}));
    assert_eq!(program.receive(), None);
    assert_eq!(program.end().code(), Some(0));
    assert_eq!(Program::start().end().code(), Some(0), "the end of the input is a close");
}

#[test]
fn a_line_of_any_length_is_refused_without_being_held() {
    let mut program = Program::start();
    let small = program.call(&json!({"op": "create", "space": {}}));
    assert_eq!(small["ok"], true);
    program.send(&vec![b'x'; 64 << 20]).expect("tunebot reads");
    let refused = program.receive().expect("tunebot answers");
    assert_eq!(refused["error"]["code"], "bad_request");
    assert_eq!(refused["error"]["message"], "the line is longer than 16 MiB: send trials in several imports");
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.process_id()));
    if let Some(most) = status.ok().and_then(|status| kilobytes(&status, "VmHWM:")) {
        assert!(most * 1024 < 60 * MIB, "{most} kB");
    }
    assert_eq!(program.call(&json!({"op": "stats"}))["total"], 0);
}

/// The figures of a release build are in docs/benchmarks.md. What is resident of a build without optimisation is its own
/// code, nearly all of it, which grows with every feature; what it takes besides is the same in both.
#[test]
fn little_memory_is_taken_before_there_are_trials() {
    let mut program = Program::start();
    program.call(&json!({"op": "create", "space": {"x": {"type": "float", "low": 0, "high": 1}}}));
    let resident = program.call(&json!({"op": "stats"}))["rss_bytes"].as_u64();
    assert!(resident.is_none_or(|bytes| bytes < 60 * MIB), "{resident:?} bytes");
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.process_id()));
    if let Some(own) = status.ok().and_then(|status| kilobytes(&status, "RssAnon:")) {
        assert!(own * 1024 < 8 * MIB, "{own} kB");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let mut child = command().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    // Whether the second line is still read is a race.
    let _ = input.write_all(b"{\"op\":\"stats\"}\n{\"op\":\"stats\"}\n");
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn help_says_what_to_write() {
    let output = command().arg("--help").output().unwrap();
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r#"
    The search alone, for programs: requests and answers as lines of JSON

    Reads requests from standard input, one JSON object a line, and answers each with one line.

    Usage: tunebot ask-tell

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    A study of one parameter:
      {"op":"create","space":{"x":{"type":"float","low":0,"high":1}},"sampler":"auto","seed":1}
      {"op":"ask"}
      {"op":"tell","id":0,"values":[0.31]}
      {"op":"best"}

    Operations: create, ask, tell, report, import, best, stats, close. docs/ask-tell.md has them all,
    with an example in Python. Needs no configuration. With "storage":"FILE" in create, a study
    survives the program.
    "#);
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
