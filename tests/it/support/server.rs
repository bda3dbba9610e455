//! The real binary: started, stopped, killed and started again, and never left behind.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::process::{Child, Command};

use super::config::{API_TOKEN, ConfigFolder};
use super::watched::PATIENCE;
use super::{Answer, http_client};

/// Between two looks at a server that is starting.
const LOOK: Duration = Duration::from_millis(10);

/// `tunebot serve`, from a config folder of its own. What it logs goes to a file and is printed when the test fails.
pub struct Tunebot {
    config: ConfigFolder,
    /// None while it does not run.
    process: Option<Child>,
    url: String,
}

impl Tunebot {
    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// It ends, or is not ready in [`PATIENCE`]; the panic shows its log.
    pub async fn start(config: ConfigFolder) -> Self {
        let mut tunebot = Self { config, process: None, url: String::new() };
        tunebot.start_again().await;
        tunebot
    }

    /// Starts it after [`Self::stop`] or [`Self::kill`], with the same store. It has another address from now on.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_again(&mut self) {
        self.launch();
        self.url = self.wait_for_address().await;
        self.wait_until_ready().await;
    }

    /// Starts it and does not wait: to be killed before it is ready.
    ///
    /// # Panics
    /// It runs already.
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "tunebot runs already");
        let config = self.config.write();
        let address_file = self.address_file();
        remove_if_there(&address_file);
        let log = std::fs::File::options().create(true).append(true).open(self.log_file()).expect("the log file");
        let mut command = command(&self.config);
        command.args(["serve", "--config"]).arg(&config).arg("--address-file").arg(&address_file);
        command.stdout(log.try_clone().expect("the log file")).stderr(log);
        self.process = Some(command.spawn().expect("the tunebot binary starts"));
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn config(&self) -> &ConfigFolder {
        &self.config
    }

    /// For changes of the configuration; they are written by [`Self::reload`] and at the next start.
    pub fn config_mut(&mut self) -> &mut ConfigFolder {
        &mut self.config
    }

    /// Writes the configuration and sends SIGHUP.
    pub fn reload(&self) {
        self.config.write();
        self.signal(Signal::HUP);
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = http_client().get(format!("{}{path}", self.url)).bearer_auth(API_TOKEN);
        Answer::read(request.send().await.expect("the server answers")).await
    }

    /// Posts JSON with the API token of `ci`.
    pub async fn post(&self, path: &str, json: &serde_json::Value) -> Answer {
        let request = http_client().post(format!("{}{path}", self.url)).bearer_auth(API_TOKEN).json(json);
        Answer::read(request.send().await.expect("the server answers")).await
    }

    /// Runs another subcommand on the same configuration: `explain`, `check`.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        run(&self.config, arguments).await
    }

    /// Sends SIGTERM, as an operator stops it, and waits for the end.
    ///
    /// # Panics
    /// It does not end in time, or not with exit code 0.
    pub async fn stop(&mut self) {
        self.terminate();
        let status = self.wait_for_end().await;
        assert_eq!(status.code(), Some(0), "tunebot stopped with {status}; its log:\n{}", self.log());
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits until it says that it is not ready, or does not answer any more.
    ///
    /// # Panics
    /// It is ready all along, for [`PATIENCE`].
    pub async fn wait_until_not_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        let ready = format!("{}/readyz", self.url);
        while http_client().get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(Instant::now() < deadline, "it is ready all along; its log:\n{}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Sends SIGKILL: it has no chance to do anything more.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait_for_end().await;
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// It does not, in [`PATIENCE`].
    pub async fn wait_for_end(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("tunebot runs");
        match tokio::time::timeout(PATIENCE, process.wait()).await {
            Ok(status) => status.expect("the end of a child process"),
            Err(_) => {
                self.process = Some(process);
                panic!("tunebot did not end in {PATIENCE:?}; its log:\n{}", self.log());
            }
        }
    }

    /// Everything that it has logged, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read(self.log_file()).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    /// Processes that it has started and that are still there: its children, and whatever works in its folder.
    pub fn processes_left(&self) -> Vec<u32> {
        processes_of(self.process.as_ref().and_then(Child::id), &self.config.root())
    }

    /// Waits until no process that it has started is there any more.
    ///
    /// # Panics
    /// Some are, after [`PATIENCE`].
    pub async fn nothing_is_left_running(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.processes_left().is_empty() {
            assert!(Instant::now() < deadline, "{:?} are left running", self.processes_left());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Asks for `path` until `find` finds something in the answer.
    ///
    /// # Panics
    /// In vain; the panic shows the last answer.
    pub async fn wait_for<R>(&self, what: &str, path: &str, find: impl FnMut(&Answer) -> Option<R>) -> R {
        self.wait_long_for(what, path, PATIENCE, find).await
    }

    /// Asks for `path` until `find` finds something in the answer, but not longer than `patience`.
    ///
    /// # Panics
    /// In vain; the panic shows the last answer.
    pub async fn wait_long_for<R>(
        &self,
        what: &str,
        path: &str,
        patience: Duration,
        mut find: impl FnMut(&Answer) -> Option<R>,
    ) -> R {
        let deadline = Instant::now() + patience;
        loop {
            let answer = self.get(path).await;
            if let Some(found) = find(&answer) {
                return found;
            }
            assert!(Instant::now() < deadline, "waited {patience:?} in vain for {what}; {path} says {answer:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Limits the size of every file that it writes, as a full disk does; `None` takes the limit away.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let id = self.process.as_ref().and_then(Child::id).expect("tunebot runs");
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(pid(id)), Resource::Fsize, limit).expect("a limit for tunebot");
    }

    fn signal(&self, signal: Signal) {
        let id = self.process.as_ref().and_then(Child::id).expect("tunebot runs");
        kill_process(pid(id), signal).expect("a signal to tunebot");
    }

    async fn wait_for_address(&mut self) -> String {
        let file = self.address_file();
        let address = self.retry("its address", async || {
            let text = std::fs::read_to_string(&file).ok()?;
            text.trim().parse::<std::net::SocketAddr>().ok()
        });
        format!("http://{}", address.await)
    }

    async fn wait_until_ready(&mut self) {
        let client = http_client();
        let ready = format!("{}/readyz", self.url);
        self.retry("readiness", async || {
            let answer = client.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// Looks until `look` finds something or the process ends.
    async fn retry<T>(&mut self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            let process = self.process.as_mut().expect("tunebot was launched");
            if let Some(status) = process.try_wait().expect("the state of a child process") {
                panic!("waiting for {what}, tunebot ended with {status}; its log:\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}; the log:\n{}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    fn address_file(&self) -> PathBuf {
        self.config.root().join("address")
    }

    fn log_file(&self) -> PathBuf {
        self.config.root().join("tunebot.log")
    }
}

impl Drop for Tunebot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- log of tunebot ----\n{}---- end ----", self.log());
        }
        // Its children first: once it is gone, nobody knows whose they are.
        let left = self.processes_left();
        if let Some(id) = self.process.take().and_then(|process| process.id()) {
            let _ = kill_process(pid(id), Signal::KILL);
        }
        for id in left {
            let _ = kill_process(pid(id), Signal::KILL);
        }
    }
}

/// Runs a subcommand to its end, with the files and the variables of `config`.
pub async fn run(config: &ConfigFolder, arguments: &[&str]) -> Output {
    let folder = config.write();
    let mut command = command(config);
    command.args(arguments).env("TUNEBOT_CONFIG", folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    output.unwrap_or_else(|_| panic!("tunebot {arguments:?} did not end in {PATIENCE:?}")).expect("tunebot runs")
}

fn command(config: &ConfigFolder) -> Command {
    // A limit of file sizes shall look like a full disk to it, and not kill it.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_tunebot")]);
    command.env_clear().envs(config.environment()).env("RUST_BACKTRACE", "1").env("NO_COLOR", "1");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.current_dir(config.root()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn remove_if_there(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", path.display()),
        _ => {}
    }
}

fn pid(id: u32) -> Pid {
    i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id")
}

/// Descendants of `parent`, and processes that work in `folder` wherever they hang by now. Empty where there is no
/// `/proc`. The processes themselves are not asked, so one that ends meanwhile is no error.
fn processes_of(parent: Option<u32>, folder: &Path) -> Vec<u32> {
    let mut parents = Vec::new();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // `id (name) state parent …`, where the name may hold anything.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let is_gone = matches!(fields.next(), None | Some("Z" | "X"));
        if is_gone || Some(id) == parent {
            continue;
        }
        parents.push((id, fields.next().and_then(|field| field.parse::<u32>().ok())));
        if std::fs::read_link(entry.path().join("cwd")).is_ok_and(|place| place.starts_with(folder)) {
            found.push(id);
        }
    }
    let mut generation: Vec<u32> = parent.into_iter().collect();
    while !generation.is_empty() {
        let is_child = |of: &Option<u32>| of.is_some_and(|of| generation.contains(&of));
        generation = parents.iter().filter(|(_, of)| is_child(of)).map(|(id, _)| *id).collect();
        found.extend(&generation);
    }
    found.sort_unstable();
    found.dedup();
    found
}
