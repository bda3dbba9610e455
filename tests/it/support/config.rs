//! A config folder for the server under test, its store, and the programs of its trials, all in one temporary folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::github::{APP_ID, APP_KEY, FakeGithub, PLAIN_TOKEN, WEBHOOK_SECRET};
use super::slack::{APP_TOKEN, BOT_TOKEN, FakeSlack};
use super::slack_client::SIGNING_SECRET;
use super::watched::wait_until;

/// The bearer token of the HTTP API, given to `ci`.
pub const API_TOKEN: &str = "an API token for tests only";

/// What the server is started with. It is written anew before each start, so that a test can change it in between.
pub struct ConfigFolder {
    folder: tempfile::TempDir,
    settings: Value,
    /// Further files: name and text.
    files: BTreeMap<String, String>,
    /// Variables that the server sees.
    environment: BTreeMap<String, String>,
}

/// A tuning whose trials are small shell scripts; each takes about ten milliseconds.
#[derive(Debug, Clone)]
pub struct Tuning {
    settings: Value,
    script: &'static str,
}

/// Notes each attempt that starts, for [`ConfigFolder::started_attempts`]. Short lines appended to a file stay whole.
const NOTE_START: &str = r#"echo "$TUNEBOT_ATTEMPT" >> "$JOURNAL""#;

/// `loss` is (x - 0.3)², in the result file.
const QUADRATIC: &str = r#"
awk -v x="$1" 'BEGIN { printf "{\"loss\": %.6f}\n", (x - 0.3) ^ 2 }' > "$TUNEBOT_RESULT"
"#;

/// Five steps on standard output, falling to the same loss.
const STEPS: &str = r#"
awk -v x="$1" 'BEGIN {
  for (i = 1; i <= 5; i++) printf "{\"step\": %d, \"loss\": %.6f}\n", i, (x - 0.3) ^ 2 + 1 / i - 0.2
}'
"#;

/// Waits until the test lets trials go on; then as the quadratic.
const HELD: &str = r#"
while [ ! -e "$RELEASE" ]; do sleep 0.02; done
awk -v x="$1" 'BEGIN { printf "{\"loss\": %.6f}\n", (x - 0.3) ^ 2 }' > "$TUNEBOT_RESULT"
"#;

/// Fails in the same way each time.
const FAILING: &str = r#"
echo "CUDA out of memory at step 0" >&2
exit 3
"#;

impl Tuning {
    /// Minimises (x - 0.3)² over x from 0 to 1: 6 trials, 2 at a time, random with seed 7, so that it always goes alike.
    pub fn quadratic() -> Self {
        Self::running(QUADRATIC)
    }

    /// The same, reporting steps.
    pub fn stepwise() -> Self {
        Self::running(STEPS)
    }

    /// The same, but trials wait for [`ConfigFolder::release_trials`].
    pub fn held() -> Self {
        Self::running(HELD)
    }

    /// Every trial fails with exit code 3.
    pub fn failing() -> Self {
        Self::running(FAILING)
    }

    /// A script of the test's own, run by `/bin/sh -eu` with `x` as its only argument.
    pub fn running(script: &'static str) -> Self {
        let settings = json!({
            "description": "Minimises (x - 0.3)².",
            "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
            "objective": {"metric": "loss", "direction": "minimize"},
            "search": {"sampler": "random", "seed": 7},
            "limits": {"trials": 6, "parallel": 2, "stop_grace": "1s", "trial_timeout": "5m"},
        });
        Self { settings, script }
    }

    pub fn trials(self, trials: u32) -> Self {
        self.set("/limits/trials", trials)
    }

    pub fn parallel(self, parallel: u32) -> Self {
        self.set("/limits/parallel", parallel)
    }

    /// The repository that `/tune` in Slack and schedules mean.
    pub fn repository(self, full_name: &str) -> Self {
        self.set("/repository", full_name)
    }

    /// Sets a field of the tuning, named by a JSON pointer: `/search/sampler`.
    pub fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        set(&mut self.settings, pointer, value.into());
        self
    }
}

/// A trigger on pushes to `branch`.
pub fn on_push(repository: &str, branch: &str, tuning: &str) -> Value {
    json!({"on": {"push": {"branches": [branch]}}, "repositories": [repository], "tuning": tuning})
}

/// A trigger on pull requests, with GitHub's usual actions.
pub fn on_pull_request(repository: &str, tuning: &str) -> Value {
    json!({"on": {"pull_request": {}}, "repositories": [repository], "tuning": tuning})
}

impl ConfigFolder {
    /// One local engine with four places, an API token, and a store in the temporary folder. Listens on a free port.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // As the kernel shows it in /proc, where processes below it are looked for.
        let root = folder.path().canonicalize().expect("the temporary folder");
        let settings = json!({
            "server": {"listen": "127.0.0.1:0", "drain": "10s",
                       "log": {"filter": "info,tunebot=debug"},
                       "api_tokens": [{"name": "ci", "secret": {"env": "TUNEBOT_API_TOKEN"}}]},
            "store": {"path": root.join("store/tunebot.db")},
            "engines": {"local": {"local": {"parallel": 4, "work_dir": root.join("work")}}},
            "tunings": {}, "triggers": [], "schedules": [],
        });
        let environment = BTreeMap::from([("TUNEBOT_API_TOKEN".to_owned(), API_TOKEN.to_owned())]);
        for name in ["config", "store", "scripts"] {
            std::fs::create_dir(root.join(name)).expect("a folder in the temporary folder");
        }
        Self { folder, settings, files: BTreeMap::new(), environment }
    }

    pub fn slack(self, slack: &FakeSlack) -> Self {
        let section = json!({"api_url": slack.api_url(), "bot_token": {"env": "SLACK_BOT_TOKEN"},
                             "signing_secrets": [{"env": "SLACK_SIGNING_SECRET"}],
                             // The fake has no limits unless a test wants some; then it says at what pace it is called.
                             "pace": {"posts_per_second": 10_000, "edits_per_minute": 600_000,
                                      "uploads_per_minute": 600_000}});
        self.variable("SLACK_BOT_TOKEN", BOT_TOKEN)
            .variable("SLACK_SIGNING_SECRET", SIGNING_SECRET)
            .set("/slack", section)
    }

    /// By Socket Mode alone: nothing from Slack may come by HTTP.
    pub fn sockets(self, slack: &FakeSlack) -> Self {
        let section = json!({"api_url": slack.api_url(), "bot_token": {"env": "SLACK_BOT_TOKEN"},
                             "app_token": {"env": "SLACK_APP_TOKEN"}});
        self.variable("SLACK_BOT_TOKEN", BOT_TOKEN).variable("SLACK_APP_TOKEN", APP_TOKEN).set("/slack", section)
    }

    /// As the App. What was missed is not looked for: these calls would meet the faults that a test injects.
    pub fn github(self, github: &FakeGithub) -> Self {
        let key = self.root().join("app-key.pem");
        std::fs::write(&key, APP_KEY).expect("the App's key in the temporary folder");
        let section = json!({"api_url": github.api_url(), "app": {"id": APP_ID, "private_key": {"file": key}},
                             "webhook_secrets": [{"env": "GITHUB_WEBHOOK_SECRET"}],
                             "catch_up": {"every": "0s"}});
        self.variable("GITHUB_WEBHOOK_SECRET", WEBHOOK_SECRET).set("/github", section)
    }

    /// By the personal token of `robot`, which may not write checks.
    pub fn github_by_token(self, github: &FakeGithub) -> Self {
        let section = json!({"api_url": github.api_url(), "token": {"env": "GITHUB_TOKEN"},
                             "webhook_secrets": [{"env": "GITHUB_WEBHOOK_SECRET"}],
                             "catch_up": {"every": "0s"}});
        self.variable("GITHUB_TOKEN", PLAIN_TOKEN)
            .variable("GITHUB_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .set("/github", section)
    }

    pub fn tuning(mut self, name: &str, tuning: Tuning) -> Self {
        let script = self.root().join(format!("scripts/{name}.sh"));
        std::fs::write(&script, format!("{NOTE_START}\n{}", tuning.script)).expect("a script in the temporary folder");
        let mut settings = tuning.settings;
        settings["command"] = json!(["/bin/sh", "-eu", script, "{x}"]);
        settings["env"] = json!({"JOURNAL": self.root().join("journal"), "RELEASE": self.root().join("release")});
        self.settings["tunings"][name] = settings;
        self
    }

    /// Adds a trigger, as [`on_push`] or [`on_pull_request`] make them.
    pub fn trigger(self, name: &str, trigger: Value) -> Self {
        self.append("triggers", name, trigger)
    }

    /// Adds a schedule: `{"cron": "* * * * *", "tuning": …, "channel": …}`.
    pub fn schedule(self, name: &str, schedule: Value) -> Self {
        self.append("schedules", name, schedule)
    }

    fn append(mut self, list: &str, name: &str, mut entry: Value) -> Self {
        entry["name"] = name.into();
        self.settings[list].as_array_mut().expect("a list").push(entry);
        self
    }

    /// Sets a field, named by a JSON pointer: `/notify/announce_channel`. Null takes it away.
    pub fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.change(pointer, value);
        self
    }

    /// As [`Self::set`], between two starts.
    pub fn change(&mut self, pointer: &str, value: impl Into<Value>) {
        set(&mut self.settings, pointer, value.into());
    }

    /// Adds a file with a text of its own: broken YAML, for example.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Sets a variable of the server's environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes a variable away: a secret that somebody forgot.
    pub fn without_variable(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Writes the files and returns their folder, which `--config` takes.
    pub fn write(&self) -> PathBuf {
        let folder = self.root().join("config");
        // JSON is YAML too, and needs no rules for what to quote.
        let text = serde_json::to_string_pretty(&self.settings).expect("settings are JSON");
        std::fs::write(folder.join("tunebot.yaml"), text).expect("the config file");
        for (name, text) in &self.files {
            std::fs::write(folder.join(name), text).expect("a config file");
        }
        folder
    }

    pub fn settings(&self) -> &Value {
        &self.settings
    }

    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The temporary folder, without links in its path.
    pub fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the temporary folder")
    }

    pub fn store(&self) -> PathBuf {
        self.root().join("store/tunebot.db")
    }

    /// Lets all trials of held tunings go on, present and future ones.
    pub fn release_trials(&self) {
        std::fs::write(self.root().join("release"), "").expect("the release file");
    }

    /// Waits for a file in the temporary folder that a trial writes, and reads it.
    ///
    /// # Panics
    /// It does not come in [`PATIENCE`](super::watched::PATIENCE).
    pub async fn wait_for_file(&self, name: &str) -> String {
        let path = self.root().join(name);
        wait_until(&format!("{name} is there"), || path.exists()).await;
        read_if_there(&path)
    }

    /// Attempts whose program has started, in that order; one that is there twice ran twice.
    pub fn started_attempts(&self) -> Vec<String> {
        let journal = read_if_there(&self.root().join("journal"));
        journal.lines().map(str::to_owned).collect()
    }
}

fn read_if_there(path: &Path) -> String {
    match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

fn set(settings: &mut Value, pointer: &str, value: Value) {
    let (parent, field) = pointer.rsplit_once('/').expect("a JSON pointer begins with /");
    let mut place = settings;
    for name in parent.split('/').skip(1) {
        place = match place {
            Value::Array(list) => &mut list[name.parse::<usize>().expect("a place in a list")],
            object => &mut object[name],
        };
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
    }
    if let (true, Some(object)) = (value.is_null(), place.as_object_mut()) {
        object.remove(field);
    } else {
        place[field] = value;
    }
}
