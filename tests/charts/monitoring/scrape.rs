//! tunebot's own metrics, from the real binary: a schedule starts a sweep on the local engine, and what `/metrics` says while
//! the sweep runs and after its end is put together. docs/monitoring.md describes exactly these.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::promtool::Promtool;
use crate::support::folder;

/// A metric that tunebot tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// As it is described: a counter's with `_total`, a histogram's without `_bucket`.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// All labels that its series were seen with, but for `le`.
    pub labels: BTreeSet<String>,
}

/// What cannot be seen without GitHub, or without having been away: the tests of `src/telemetry` show these.
const UNSEEN: [(&str, &[&str]); 4] = [
    ("tunebot_github_calls_limit", &["account"]),
    ("tunebot_github_calls_remaining", &["account"]),
    ("tunebot_github_calls_reset_timestamp_seconds", &["account"]),
    ("tunebot_schedule_last_missed_timestamp_seconds", &["schedule", "tuning"]),
];

/// The first two trials end at once, the others when the test lets them.
const TRIAL: &str = r#"while [ "$TUNEBOT_TRIAL" -gt 1 ] && [ ! -e "$RELEASE" ]; do sleep 0.02; done; echo '{{"loss": 0.5, "size": 3}}'"#;

/// What the text of a running sweep shows when there is nothing more to wait for, and that of one that has ended.
const WHILE_IT_RUNS: [&str; 3] =
    ["tunebot_sweep_expected_end_timestamp_seconds{", "tunebot_sweep_quiet_limit_seconds{", "tunebot_trial_objective{"];
const AFTER_ITS_END: [&str; 2] = ["tunebot_sweep_ended_timestamp_seconds{", "tunebot_effect_seconds_count{"];

const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Two texts of a live server: while a sweep runs, and after its end. The server is started once.
fn texts() -> &'static [String; 2] {
    static TEXTS: OnceLock<[String; 2]> = OnceLock::new();
    TEXTS.get_or_init(scrapes)
}

/// All metrics that tunebot tells, those that cannot be seen here included.
pub fn own() -> &'static [Own] {
    static OWN: OnceLock<Vec<Own>> = OnceLock::new();
    OWN.get_or_init(|| {
        let unseen = UNSEEN.iter().map(|(name, labels)| Own {
            name: (*name).to_owned(),
            kind: "gauge".to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        });
        read(&texts().concat()).into_iter().chain(unseen).collect()
    })
}

fn scrapes() -> [String; 2] {
    let home = tempfile::tempdir().expect("a temporary folder");
    let release = home.path().join("release");
    let config = serde_json::json!({
        "server": {"listen": "127.0.0.1:0", "public_url": "http://127.0.0.1:0"},
        "store": {"path": home.path().join("tunebot.db")},
        "engines": {"local": {"local": {"parallel": 4}}},
        "tunings": {"tiny": {
            "space": {"x": {"type": "float", "low": 0, "high": 1}},
            "objectives": [{"metric": "loss", "direction": "minimize"}, {"metric": "size", "direction": "minimize"}],
            "search": {"sampler": "random"},
            "limits": {"trials": 4, "parallel": 2, "trial_timeout": "5m"},
            "command": ["/bin/sh", "-c", TRIAL],
            "env": {"RELEASE": release},
            "inherit_env": ["PATH"],
        }},
        "schedules": [{"name": "always", "cron": "* * * * * *", "tuning": "tiny", "overlap": "skip"}],
    });
    std::fs::write(home.path().join("tunebot.yaml"), config.to_string()).expect("a configuration");
    let server = Server::start(home.path());
    let running = server.scrape_until(&WHILE_IT_RUNS);
    std::fs::write(&release, "").expect("the release of the trials");
    let ended = server.scrape_until(&AFTER_ITS_END);
    [running, ended]
}

/// `tunebot serve`; it ends with the value.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(home: &Path) -> Self {
        let address = home.join("address");
        let log = std::fs::File::create(home.join("log")).expect("a log");
        let mut process = Command::new(env!("CARGO_BIN_EXE_tunebot"))
            .args(["serve", "--config"])
            .arg(home.join("tunebot.yaml"))
            .arg("--address-file")
            .arg(&address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the tunebot binary starts");
        let address = wait_for("its address", || {
            let ended = process.try_wait().expect("the state of a child process");
            assert!(ended.is_none(), "{}", std::fs::read_to_string(home.join("log")).unwrap_or_default());
            std::fs::read_to_string(&address).ok()?.trim().parse().ok()
        });
        Self { process, address }
    }

    fn scrape_until(&self, wanted: &[&str]) -> String {
        wait_for(&wanted.join(" and "), || {
            let text = self.scrape()?;
            wanted.iter().all(|series| text.contains(series)).then_some(text)
        })
    }

    fn scrape(&self) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: tunebot\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer.split_once("\r\n\r\n")?.1.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The guards of its trials end with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(LOOK);
    }
}

/// The metrics of a text, in the order of their names.
fn read(text: &str) -> Vec<Own> {
    let mut found: BTreeMap<String, Own> = BTreeMap::new();
    let described = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    for (name, kind) in described {
        let (name, kind) = (name.to_owned(), kind.to_owned());
        found.entry(name.clone()).or_insert(Own { name, kind, labels: BTreeSet::new() });
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, labels)) = line.split_once('{') else { continue };
        let name = ["_bucket", "_count", "_sum"].iter().find_map(|part| series.strip_suffix(part)).unwrap_or(series);
        let metric = found.get_mut(name).or(None);
        if let Some(metric) = metric {
            let labels = labels.split("\",").filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()));
            metric.labels.extend(labels.filter(|label| label != "le"));
        }
    }
    found.into_values().collect()
}

/// The names that docs/monitoring.md has in the first column of its tables, with their labels as far as it lists them.
fn documented() -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder("docs/monitoring.md")).expect("docs/monitoring.md");
    let mut names = BTreeSet::new();
    for cell in
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('|').map(|(cell, _)| cell.to_owned()))
    {
        let mut before = String::new();
        for name in cell.split('`').filter(|piece| piece.contains('_')) {
            // `tunebot_github_calls_limit`, `_remaining`: the same but for the last word.
            let name = match name.strip_prefix('_') {
                Some(rest) => format!("{}_{rest}", before.rsplit_once('_').map_or("", |(start, _)| start)),
                None => name.to_owned(),
            };
            if before.is_empty() {
                before.clone_from(&name);
            }
            names.insert(name);
        }
    }
    names
}

#[test]
fn the_metrics_of_a_live_server_are_those_that_are_documented() {
    let told: BTreeSet<String> = own().iter().map(|metric| metric.name.clone()).collect();
    assert_eq!(told, documented());
}

#[test]
fn promtool_finds_nothing_unusual_in_the_text() {
    let Some(promtool) = Promtool::found() else { return };
    for text in texts() {
        assert_eq!(promtool.lint(text), "");
    }
}

#[test]
fn what_is_said_not_to_be_seen_is_not_seen() {
    let names: Vec<&str> = own().iter().map(|metric| metric.name.as_str()).collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "a metric of UNSEEN is seen: take it out of the list");
}

#[test]
fn sweeps_and_trials_are_told_by_name() {
    let labels = |name: &str| {
        let metric = own().iter().find(|metric| metric.name == name).unwrap();
        metric.labels.iter().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(labels("tunebot_sweep_info"), "direction engine objective sampler sweep tuning");
    assert_eq!(labels("tunebot_trial_objective"), "direction objective position sweep trial tuning");
    assert_eq!(labels("tunebot_event_seconds"), "source");
}
