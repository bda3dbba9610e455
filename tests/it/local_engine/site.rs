//! A place for trials in a temporary folder, an engine in it that is watched, and a look at the processes of both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::watched::wait_until;
use jiff::SignedDuration;
use rustix::process::{Pid, Signal};
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tunebot::domain::ids::AttemptId;
use tunebot::domain::metrics::{Direction, Metrics, Objective};
use tunebot::domain::params::{Params, Space};
use tunebot::domain::signal::{AttemptEnd, AttemptNews};
use tunebot::domain::tuning::TrialTemplate;
use tunebot::engine::local::{LocalEngine, LocalEngineOptions};
use tunebot::engine::{Engine, Launch, Observation, SearchOrder};

/// Far longer than anything here takes: a test that gets here has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Site {
    work_dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

/// An engine and the news that it sends.
pub struct Watched {
    pub engine: std::sync::Arc<LocalEngine>,
    news: mpsc::Receiver<Observation>,
    cancel: CancellationToken,
    watching: JoinHandle<()>,
}

impl Site {
    pub fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self { work_dir: temporary.path().canonicalize().unwrap(), _temporary: Some(temporary) }
    }

    /// In the folder of somebody else's site.
    pub fn at(work_dir: PathBuf) -> Self {
        Self { work_dir, _temporary: None }
    }

    pub fn work_dir(&self) -> &Path {
        &self.work_dir
    }

    /// The folder of [`attempt`].
    pub fn folder(&self) -> PathBuf {
        self.work_dir.join("quick-k3f9q2").join("0-1")
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap()
    }

    pub fn start(&self) -> Watched {
        self.start_knowing(vec![])
    }

    pub fn start_knowing(&self, known: Vec<AttemptId>) -> Watched {
        Watched::new(self.options(), known)
    }

    pub fn start_with(&self, change: impl FnOnce(&mut LocalEngineOptions)) -> Watched {
        let mut options = self.options();
        change(&mut options);
        Watched::new(options, vec![])
    }

    fn options(&self) -> LocalEngineOptions {
        LocalEngineOptions {
            work_dir: self.work_dir.clone(),
            log_limit_bytes: 1_000_000,
            keep_work: false,
            guard_program: env!("CARGO_BIN_EXE_tunebot").into(),
        }
    }

    /// `script` after it has started three processes: one in the background, one in a session of its own whose parent
    /// is gone, and one like that without any environment. Each names the site in its arguments.
    pub fn detaching(&self, script: &str) -> String {
        let name = self.work_dir.display();
        let endless = format!("sh -c 'trap \"\" TERM HUP; while :; do sleep 0.05; done' {name}");
        format!("{endless} & (setsid {endless} &) ; (env -i PATH=$PATH setsid {endless} &) ; {script}")
    }

    /// Processes that name this site in their arguments or environment: guards, trials and what these started.
    pub fn running(&self) -> Vec<i32> {
        let name = self.work_dir.to_str().unwrap().as_bytes();
        let names = |file: PathBuf| {
            fs::read(file).is_ok_and(|content| content.windows(name.len()).any(|window| window == name))
        };
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| *pid != i32::try_from(std::process::id()).unwrap())
            .filter(|pid| names(format!("/proc/{pid}/cmdline").into()) || names(format!("/proc/{pid}/environ").into()))
            .collect()
    }

    /// The guard of [`attempt`].
    pub fn guard(&self) -> i32 {
        let guard: serde_json::Value = serde_json::from_str(&self.read("guard.json")).unwrap();
        i32::try_from(guard["pid"].as_i64().unwrap()).unwrap()
    }

    /// This test binary again, as a tunebot of its own that runs `test` here; returns when its trial runs.
    pub async fn run_victim(&self, variable: &str, test: &str) -> Child {
        let victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(variable, &self.work_dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the trial of the other tunebot runs", || self.work_dir.join("ready").exists()).await;
        victim
    }
}

impl Watched {
    fn new(options: LocalEngineOptions, known: Vec<AttemptId>) -> Self {
        let engine = std::sync::Arc::new(LocalEngine::new(options).unwrap());
        let (news, cancel, watching) = watch(&engine, known);
        Self { engine, news, cancel, watching }
    }

    pub async fn submit(&self, launch: &Launch) {
        self.engine.submit(launch).await.unwrap();
    }

    pub async fn next(&mut self) -> AttemptNews {
        let observation = tokio::time::timeout(PATIENCE, self.news.recv()).await.expect("no news").expect("no watch");
        let Observation::Attempt { attempt: of, news, .. } = observation else {
            panic!("not of an attempt: {observation:?}");
        };
        assert_eq!(of, attempt());
        news
    }

    /// All news up to the end.
    pub async fn until_end(&mut self) -> Vec<AttemptNews> {
        let mut all = Vec::new();
        loop {
            all.push(self.next().await);
            if let Some(AttemptNews::Ended { .. }) = all.last() {
                return all;
            }
        }
    }

    pub async fn until_step(&mut self) {
        while !matches!(self.next().await, AttemptNews::Reported { .. }) {}
    }

    pub async fn end(&mut self) -> AttemptEnd {
        match self.until_end().await.pop() {
            Some(AttemptNews::Ended { end }) => end,
            other => panic!("{other:?}"),
        }
    }

    pub async fn unwatch(&mut self) {
        self.cancel.cancel();
        while !self.watching.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    pub async fn watch_again(&mut self, known: Vec<AttemptId>) {
        self.unwatch().await;
        (self.news, self.cancel, self.watching) = watch(&self.engine, known);
    }

    pub async fn drop(mut self) {
        self.unwatch().await;
    }
}

fn watch(
    engine: &std::sync::Arc<LocalEngine>,
    known: Vec<AttemptId>,
) -> (mpsc::Receiver<Observation>, CancellationToken, JoinHandle<()>) {
    let (sender, news) = mpsc::channel(16);
    let cancel = CancellationToken::new();
    let (engine, cancelled) = (engine.clone(), cancel.clone());
    let watching = tokio::spawn(async move { engine.watch(known, sender, cancelled).await.unwrap() });
    (news, cancel, watching)
}

pub fn attempt() -> AttemptId {
    "quick-k3f9q2-0-1".parse().unwrap()
}

/// A launch of [`attempt`] without parameters.
pub fn launch(argv: &[&str]) -> Launch {
    Launch {
        attempt: attempt(),
        tuning: "quick".parse().unwrap(),
        asked_by: "@mika".into(),
        params: Params::default(),
        resume_step: None,
        template: TrialTemplate::Command {
            argv: argv.iter().map(|&argument| argument.to_owned()).collect(),
            env: BTreeMap::new(),
            inherit_env: BTreeSet::new(),
            source: None,
        },
        code: None,
        timeout: SignedDuration::from_secs(300),
        stop_grace: SignedDuration::from_millis(200),
        report_url: "http://127.0.0.1:1/report".into(),
        token: SecretString::from("secret-token"),
        search: SearchOrder {
            space: Space::new(Vec::new()).expect("an empty space"),
            objective: Objective { metric: "loss".parse().unwrap(), direction: Direction::Minimize, goal: None },
            trials: 1,
            parallel: 1,
            seed: 7,
        },
    }
}

/// A launch of [`attempt`] as a shell script, which stands for the program of a user.
pub fn script(text: &str) -> Launch {
    launch(&["/bin/sh", "-c", &text.replace('{', "{{").replace('}', "}}")])
}

/// The program itself, without input.
pub fn tunebot() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tunebot"));
    command.stdin(Stdio::null());
    command
}

pub fn metrics(items: &[(&str, f64)]) -> Metrics {
    items.iter().map(|(name, value)| (name.parse().unwrap(), *value)).collect()
}

/// An end in words, so that NaN can be compared.
pub fn shown(news: Option<&AttemptNews>) -> String {
    match news {
        Some(AttemptNews::Ended { end: AttemptEnd::Succeeded { metrics } }) => {
            let metrics: Vec<String> = metrics.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("succeeded: {}", metrics.join(" "))
        }
        other => format!("{other:?}"),
    }
}

pub fn failure(end: AttemptEnd) -> (String, Option<String>) {
    match end {
        AttemptEnd::Failed { reason, log_tail } => (reason, log_tail),
        other => panic!("not a failure: {other:?}"),
    }
}

pub async fn wait_until_gone(site: &Site) {
    wait_until("nothing is left", || site.running().is_empty()).await;
}

pub fn kill(pid: i32) {
    send(pid, Signal::KILL);
}

pub fn terminate(pid: i32) {
    send(pid, Signal::TERM);
}

pub fn freeze(pid: i32) {
    send(pid, Signal::STOP);
}

fn send(pid: i32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}
