//! The scripts in `config/examples` by which trials report their steps, against a server that answers as tunebot does.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread::JoinHandle;
use std::time::Duration;

use super::*;

/// What a trial that hangs is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples").join(name)
}

/// Says loudly that a program is not there, so that nothing was tested with it.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: there is no {program} on this machine, so its example was not run");
    }
    found
}

/// A server that gives `answers`, one to each request, and then has the requests that it got.
struct Server {
    url: String,
    requests: JoinHandle<Vec<String>>,
}

fn server(answers: &'static [(u16, &'static str)]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v1/trials/t-1-1/report", listener.local_addr().unwrap());
    let answer_all = move || answers.iter().map(|(status, body)| answer(&listener, *status, body)).collect();
    Server { url, requests: std::thread::spawn(answer_all) }
}

fn answer(listener: &TcpListener, status: u16, body: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut request, mut part) = (String::new(), [0; 4096]);
    loop {
        let whole = request.split_once("\r\n\r\n").is_some_and(|(head, body)| body.len() >= content_length(head));
        if whole {
            break;
        }
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "the request ended too early: {request}");
        request.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    request
}

fn content_length(head: &str) -> usize {
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.unwrap_or("0").trim().parse().unwrap()
}

fn assert_report(request: &str, body: serde_json::Value) {
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/v1/trials/t-1-1/report "), "{head}");
    let lower = head.to_ascii_lowercase();
    assert!(lower.contains("\r\nauthorization: bearer a.b.c\r\n"), "{head}");
    assert!(format!("{lower}\r\n").contains("\r\ncontent-type: application/json\r\n"), "{head}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(sent).unwrap(), body);
}

fn python(url: &str) -> Output {
    let program = "import math, report\n\
                   print(report.report(1, {'loss': 0.5}), report.report(2, {'loss': math.nan, 'acc': 1}), report.report(3, {}))\n";
    run(Command::new("python3").args(["-c", program]), url)
}

fn shell(url: &str, step: &str) -> Output {
    run(Command::new("sh").arg(example("report.sh")).args([step, r#"{"loss": 0.5}"#]), url)
}

/// Without proxies: the server is on this machine.
fn run(command: &mut Command, url: &str) -> Output {
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.current_dir(example("")).env("TUNEBOT_REPORT_URL", url).env("TUNEBOT_TOKEN", "a.b.c");
    command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Nothing listens at the port of a service that has been gone for decades.
const NOBODY: &str = "http://127.0.0.1:1/report";

const CONTINUE: &str = r#"{"decision":"continue"}"#;
const STOP: &str = r#"{"decision":"stop"}"#;

#[test]
fn the_function_in_python_reports_steps_and_says_whether_to_go_on() {
    if !is_there("python3") {
        return;
    }
    let server = server(&[(200, CONTINUE), (200, STOP), (503, "{}")]);
    let output = python(&server.url);
    let lines = text(&output);
    assert_eq!(lines.lines().last(), Some("True False True"), "{output:?}");
    assert!(lines.contains("step 3 was not reported: HTTP Error 503"), "{lines}");
    let requests = server.requests.join().unwrap();
    assert_report(&requests[0], serde_json::json!({"step": 1, "metrics": {"loss": 0.5}}));
    assert_report(&requests[1], serde_json::json!({"step": 2, "metrics": {"loss": null, "acc": 1.0}}));
}

#[test]
fn the_function_in_python_goes_on_when_nobody_answers() {
    if !is_there("python3") {
        return;
    }
    let output = python(NOBODY);
    assert_eq!(text(&output).lines().last(), Some("True True True"), "{output:?}");
    let output = run(Command::new("python3").args(["-c", "import report; print(report.report(1, object()))"]), "");
    assert_eq!(text(&output).lines().last(), Some("True"), "{output:?}");
}

#[test]
fn the_script_for_curl_reports_a_step_and_says_whether_to_go_on() {
    if !is_there("curl") {
        return;
    }
    let server = server(&[(200, CONTINUE), (200, STOP), (401, "{}")]);
    for (step, said, code) in [("1", "continue\n", 0), ("2", "stop\n", 1), ("3", "continue\n", 0)] {
        let output = shell(&server.url, step);
        assert_eq!((text(&output).as_str(), output.status.code()), (said, Some(code)), "{output:?}");
    }
    let requests = server.requests.join().unwrap();
    assert_report(&requests[0], serde_json::json!({"step": 1, "metrics": {"loss": 0.5}}));
    assert_report(&requests[1], serde_json::json!({"step": 2, "metrics": {"loss": 0.5}}));
}

#[test]
fn the_script_for_curl_goes_on_when_nobody_answers() {
    if !is_there("curl") {
        return;
    }
    for url in [NOBODY, ""] {
        let output = shell(url, "1");
        assert_eq!((text(&output).as_str(), output.status.code()), ("continue\n", Some(0)), "{output:?}");
        assert!(!output.stderr.is_empty(), "the reason is told");
    }
}
