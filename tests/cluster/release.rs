//! A release of `charts/tunebot` on the cluster, by the real Helm, between a Slack and a GitHub that pods reach.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::helm::{folder, tool};
use crate::scene::MODELS;
use crate::support::config::API_TOKEN;
use crate::support::github::world::CheckRun;
use crate::support::github::{APP_ID, APP_KEY, FakeGithub, WEBHOOK_SECRET};
use crate::support::http_client;
use crate::support::slack::{BOT_TOKEN, FakeSlack, Limits, TUNING};
use crate::support::slack_client::{SIGNING_SECRET, SlackClient, SlashCommand};

/// The Secret with all that tunebot must keep to itself.
const SECRET: &str = "tunebot-secrets";

/// An installation in a namespace of its own, whose workflows run in the cluster's namespace for trials.
pub struct Release {
    pub cluster: Cluster,
    pub slack: FakeSlack,
    github: FakeGithub,
    helm: PathBuf,
    values: Value,
    files: tempfile::TempDir,
}

impl Release {
    /// Everything that has to be there before `helm install`. None, and a line that says so, where it cannot be.
    pub async fn prepare() -> Option<Self> {
        let helm = tool("TUNEBOT_TEST_HELM", "helm")?;
        if !cluster::has_parts() {
            return None;
        }
        load_image();
        let cluster = Cluster::open_with(Vec::new()).await;
        let host: Ipv4Addr = cluster.host_address().parse().expect("an address");
        let (slack, github) = (FakeSlack::start_on(host).await, FakeGithub::start_on(host).await);
        slack.set_limits(Limits::NONE);
        github.repository(MODELS);
        let files = tempfile::tempdir().expect("a folder");
        let values = values(&cluster, &slack, &github);
        let release = Self { cluster, slack, github, helm, values, files };
        release.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": release.namespace()}}));
        release.apply(release.secret());
        release.apply(release.volume());
        Some(release)
    }

    /// Also the name of the volume.
    pub fn name(&self) -> &str {
        &self.cluster.name
    }

    /// The release is alone in it.
    pub fn namespace(&self) -> &str {
        self.name()
    }

    /// What the chart calls its objects.
    pub fn fullname(&self) -> String {
        format!("{}-tunebot", self.name())
    }

    /// Sets a value of the chart, named by a JSON pointer; objects on the way are made.
    pub fn set(&mut self, pointer: &str, value: impl Into<Value>) {
        let mut place = &mut self.values;
        for key in pointer.split('/').skip(1) {
            place = &mut place[key];
        }
        *place = value.into();
    }

    pub fn tuning(&mut self, tuning: &Value) {
        self.set(&format!("/config/tunings/{}", self.name()), tuning.clone());
    }

    /// # Panics
    /// Helm refuses, or tunebot does not get ready.
    pub fn install(&self) {
        let output = self.helm_with_chart("install");
        assert!(output.status.success(), "{}{}", stderr(&output), self.state());
    }

    /// `helm upgrade` with the values as they are now; as Helm says it if it refuses.
    pub fn upgrade(&self) -> Result<(), String> {
        let output = self.helm_with_chart("upgrade");
        if output.status.success() { Ok(()) } else { Err(stdout(&output) + &stderr(&output)) }
    }

    /// `helm test`; what the pods said.
    ///
    /// # Panics
    /// The test fails.
    pub fn test(&self) -> String {
        let output = self.helm(&["test", self.name(), "--namespace", self.namespace(), "--timeout", "120s", "--logs"]);
        assert!(output.status.success(), "{}{}{}", stdout(&output), stderr(&output), self.state());
        stdout(&output)
    }

    fn helm_with_chart(&self, verb: &str) -> Output {
        let file = self.files.path().join("values.yaml");
        std::fs::write(&file, self.values.to_string()).expect("the values");
        let (chart, values) = (folder("charts/tunebot").display().to_string(), file.display().to_string());
        let namespace = self.namespace();
        let arguments = [verb, self.name(), &chart, "--namespace", namespace, "--values", &values];
        self.helm(&[&arguments[..], &["--wait", "--timeout", "180s"]].concat())
    }

    fn helm(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.helm);
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(variable, self.files.path());
        }
        command.args(arguments).env("NO_PROXY", "*").output().expect("Helm can be started")
    }

    /// `kubectl`, which prints.
    ///
    /// # Panics
    /// It fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let output = kubectl(arguments, None);
        assert!(output.status.success(), "kubectl {arguments:?}: {}", stderr(&output));
        stdout(&output).trim().to_owned()
    }

    /// One field of an object in the release's namespace.
    pub fn field(&self, object: &str, path: &str) -> String {
        self.kubectl(&["get", object, "--namespace", self.namespace(), "--output", &format!("jsonpath={{{path}}}")])
    }

    /// May the account of the release do this?
    pub async fn may(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        let account = format!("system:serviceaccount:{}:{}", self.namespace(), self.fullname());
        self.cluster.may(&account, verb, resource, namespace).await
    }

    /// The only pod of the server, once there is one.
    pub async fn pod(&self) -> String {
        let selector = "app.kubernetes.io/component=server";
        let list = ["get", "pods", "--namespace", self.namespace(), "--selector", selector, "--output", "name"];
        let only = async || match self.kubectl(&list).lines().collect::<Vec<_>>().as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        };
        cluster::wait_for("one pod of tunebot", only, async || self.state()).await
    }

    /// Where the Service is reached, also from this machine; once it is.
    pub async fn url(&self) -> String {
        let url = format!("http://{}:8080", self.field(&format!("service/{}", self.fullname()), ".spec.clusterIP"));
        let ready = async || {
            let answer = http_client().get(format!("{url}/readyz")).send().await;
            answer.is_ok_and(|answer| answer.status().is_success()).then_some(())
        };
        cluster::wait_for("an answer of the Service", ready, async || self.state()).await;
        url
    }

    /// Somebody pushes to main of [`MODELS`]; returns the commit.
    ///
    /// # Panics
    /// The webhook is not acknowledged.
    pub async fn push(&self) -> String {
        let update = self.github.repository(MODELS).push("main", &["src/train.py"]);
        let answer = self.github.deliver(&self.url().await, &update.delivery).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        update.sha
    }

    /// Waits until the check run of a commit is completed; returns it as a person reads it.
    pub async fn checked(&self, commit: &str) -> String {
        let models = self.github.repository(MODELS);
        let is_completed = async || {
            let completed = |check: &CheckRun| check.status == "completed";
            models.checks(commit).iter().any(completed).then_some(())
        };
        let shown = async || models.render_checks(commit) + &self.state();
        cluster::wait_for("a completed check run", is_completed, shown).await;
        models.render_checks(commit)
    }

    /// Mika types `/tune …` in #tuning; returns what only she sees.
    ///
    /// # Panics
    /// It is not understood.
    pub async fn type_command(&self, text: &str) -> String {
        let answer = SlackClient::new().send(&self.url().await, &SlashCommand::new(text)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["text"].as_str().expect("a text").to_owned()
    }

    /// Waits for the closing line of the only sweep; returns the channel as a person reads it.
    pub async fn closed(&self) -> String {
        let is_closing = async || {
            let messages = self.slack.messages(TUNING);
            let slots = messages.iter().filter_map(|message| message.metadata("slot"));
            slots.into_iter().any(|slot| slot.ends_with("/closing")).then_some(())
        };
        cluster::wait_for("the closing line", is_closing, async || self.slack.render(TUNING) + &self.state()).await;
        self.slack.render(TUNING)
    }

    /// Ends the server's program at once, as the kernel does it that lacks memory, and takes its pod away.
    pub fn kill(&self, pod: &str) {
        let id = self.field(pod, ".status.containerStatuses[0].containerID");
        let id = id.strip_prefix("containerd://").expect("a container of containerd");
        let ctr = ["ctr", "--namespace", "k8s.io", "task", "kill", "--signal", "SIGKILL", id];
        run(Command::new(script("enter")).args(ctr));
        let namespace = self.namespace();
        self.kubectl(&["delete", pod, "--namespace", namespace, "--force", "--grace-period=0", "--wait=false"]);
    }

    /// What is there, for a test that fails.
    pub fn state(&self) -> String {
        let objects = kubectl(&["get", "pods,jobs,pvc,events", "--namespace", self.namespace()], None);
        let selector = "app.kubernetes.io/name=tunebot";
        let logs = kubectl(
            &["logs", "--namespace", self.namespace(), "--selector", selector, "--tail=40", "--ignore-errors"],
            None,
        );
        format!("\n{}\n{}{}", stdout(&objects), stdout(&logs), stderr(&logs))
    }

    fn apply(&self, object: Value) {
        let output = kubectl(&["apply", "--filename", "-"], Some(&object.to_string()));
        assert!(output.status.success(), "{}", stderr(&output));
    }

    fn secret(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": self.namespace()},
            "stringData": {
                "github-app.pem": APP_KEY, "github-webhook": WEBHOOK_SECRET, "slack-bot": BOT_TOKEN,
                "slack-signing": SIGNING_SECRET, "api": API_TOKEN,
            },
        })
    }

    /// A folder of the node, since nobody provides volumes here. Its owner becomes the pod's group.
    fn volume(&self) -> Value {
        let path = PathBuf::from(std::env::var_os("TUNEBOT_CLUSTER_DIR").expect("has_parts"))
            .join("volumes")
            .join(self.name());
        std::fs::create_dir_all(&path).expect("a folder for the volume");
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": self.name()},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": self.name(),
                "local": {"path": path},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]}]}},
            },
        })
    }
}

/// Nothing of it stays, also when the test fails.
impl Drop for Release {
    fn drop(&mut self) {
        let _ = self.helm(&["uninstall", self.name(), "--namespace", self.namespace(), "--ignore-not-found"]);
        kubectl(&["delete", "namespace", self.namespace(), "--ignore-not-found"], None);
        let gone = kubectl(&["delete", "persistentvolume", self.name(), "--ignore-not-found"], None);
        if !gone.status.success() {
            eprintln!("{} may have left something: {}", self.name(), stderr(&gone));
        }
    }
}

/// What a team writes: its own names and secrets, and one tuning.
fn values(cluster: &Cluster, slack: &FakeSlack, github: &FakeGithub) -> Value {
    let secret = |key: &str| json!({"file": format!("secrets/{key}")});
    json!({
        "image": {"repository": "tunebot.test/tunebot", "tag": "1", "pullPolicy": "Never"},
        "publicUrl": "https://tunebot.example.com",
        "expose": {"elsewhere": true},
        "existingSecret": SECRET,
        "argo": {"namespace": cluster.namespace, "parallel": 4},
        "persistence": {"storageClass": cluster.name, "size": "1Gi", "keep": false},
        "config": {
            "server": {"api_tokens": [{"name": "ci", "secret": secret("api")}]},
            "github": {
                "api_url": github.api_url(),
                "app": {"id": APP_ID, "private_key": secret("github-app.pem")},
                "webhook_secrets": [secret("github-webhook")],
                "catch_up": {"every": "0s"},
            },
            "slack": {
                "api_url": slack.api_url(),
                "bot_token": secret("slack-bot"),
                "signing_secrets": [secret("slack-signing")],
            },
            "tunings": {},
            "triggers": [],
        },
    })
}

/// Once for all tests: an image with the program that was just built, or with the one that TUNEBOT_CLUSTER_BINARY names.
fn load_image() {
    static LOADED: OnceLock<()> = OnceLock::new();
    let named = std::env::var_os("TUNEBOT_CLUSTER_BINARY");
    let binary = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_tunebot").into());
    LOADED.get_or_init(|| run(Command::new(script("load-tunebot")).arg(binary)));
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster").join(name)
}

fn run(command: &mut Command) {
    let output = command.output().expect("a script of the cluster");
    assert!(output.status.success(), "{command:?}: {}", stderr(&output));
}

fn kubectl(arguments: &[&str], input: Option<&str>) -> Output {
    let program = std::env::var_os("TUNEBOT_CLUSTER_KUBECTL").expect("TUNEBOT_CLUSTER_KUBECTL is set");
    let mut command = Command::new(program);
    command.args(arguments).env("NO_PROXY", "*").env("no_proxy", "*");
    let mut child = command
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl can be started");
    if let Some((mut stdin, input)) = child.stdin.take().zip(input) {
        stdin.write_all(input.as_bytes()).expect("kubectl reads");
    }
    child.wait_with_output().expect("kubectl ends")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
