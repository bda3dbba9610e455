//! The checked configuration, as the rest of the program sees it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use crate::domain::ids::EngineName;
use crate::domain::rules::Rules;

#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    pub store: StoreSettings,
    pub github: Option<Github>,
    pub slack: Option<Slack>,
    pub grafana: Option<Grafana>,
    pub engines: BTreeMap<EngineName, EngineSettings>,
    pub rules: Arc<Rules>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    /// The address under which trials and people reach this server; without a trailing slash.
    pub public_url: Url,
    /// How long a graceful stop may take.
    pub drain: SignedDuration,
    pub log: Log,
    pub api_tokens: Vec<ApiToken>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub format: LogFormat,
    /// A `tracing` filter: `info,tunebot=debug`.
    pub filter: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// A bearer token of the HTTP API.
#[derive(Debug, Clone)]
pub struct ApiToken {
    /// Who it was given to; shown as the asker.
    pub name: String,
    pub secret: SecretString,
}

impl PartialEq for ApiToken {
    fn eq(&self, other: &Self) -> bool {
        use secrecy::ExposeSecret;
        self.name == other.name && self.secret.expose_secret() == other.secret.expose_secret()
    }
}
impl Eq for ApiToken {}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    pub path: PathBuf,
    /// Events that are done are forgotten after this long.
    pub keep_events: SignedDuration,
    /// Trials of sweeps that ended longer ago are forgotten; the sweep and its report stay.
    pub keep_trials: SignedDuration,
}

#[derive(Debug, Clone)]
pub struct Github {
    pub api_url: Url,
    pub auth: GithubAuth,
    pub pace: GithubPace,
    /// Pictures of sweeps are shown, behind addresses that whoever has them may open.
    pub charts: bool,
    /// Any of them may have signed a delivery; at least one.
    pub webhook_secrets: Vec<SecretString>,
    pub catch_up: CatchUp,
}

/// How what was missed is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// Zero is never.
    pub every: SignedDuration,
    /// A difference that is younger counts as on its way.
    pub grace: SignedDuration,
}

impl Default for CatchUp {
    fn default() -> Self {
        Self { every: SignedDuration::from_mins(5), grace: SignedDuration::from_mins(1) }
    }
}

#[derive(Debug, Clone)]
pub enum GithubAuth {
    App {
        id: u64,
        private_key: SecretString,
    },
    /// A personal token: comments and commit statuses only, for GitHub lets nobody but an App write checks.
    Token(SecretString),
}

/// How much may be written to one installation of the App, or with the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GithubPace {
    pub writes_per_minute: u32,
    pub writes_per_hour: u32,
}

#[derive(Debug, Clone)]
pub struct Slack {
    pub api_url: Url,
    pub bot_token: SecretString,
    /// Any of them may have signed a request; at least one, unless there is an app token.
    pub signing_secrets: Vec<SecretString>,
    /// Slack is reached by Socket Mode.
    pub app_token: Option<SecretString>,
    /// Connections of Socket Mode at a time.
    pub sockets: u32,
    pub pace: SlackPace,
}

/// How often Slack is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlackPace {
    /// New messages, in each channel.
    pub posts_per_second: u32,
    pub edits_per_minute: u32,
    pub uploads_per_minute: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grafana {
    pub url: Url,
    pub dashboards: Vec<Dashboard>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboard {
    /// What tunings refer to.
    pub name: String,
    /// What the link says.
    pub title: String,
    pub uid: String,
    /// Dashboard variables; `{sweep}`, `{tuning}`, `{sha}` and `{branch}` in a value are filled in.
    pub variables: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a configuration has a handful of engines, and they stay where they are")]
pub enum EngineSettings {
    Local(LocalEngineSettings),
    Argo(ArgoEngineSettings),
}

impl EngineSettings {
    /// Trials that may run at a time, over all sweeps.
    pub fn capacity(&self) -> u32 {
        match self {
            Self::Local(local) => local.capacity,
            Self::Argo(argo) => argo.capacity,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalEngineSettings {
    pub capacity: u32,
    /// Working folders and logs of trials live here.
    pub work_dir: PathBuf,
    /// What is written beyond this many bytes of a trial's log is dropped.
    pub log_limit_bytes: u64,
    /// Working folders of finished trials are removed, all but their logs, unless this is set.
    pub keep_work: bool,
}

/// Argo Workflows in one namespace of one Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgoEngineSettings {
    pub capacity: u32,
    pub cluster: Cluster,
    /// The namespace of the workflows. `None`: that of the kubeconfig's context, or of tunebot's own pod.
    pub namespace: Option<String>,
    /// What the pods run as unless the tuning says otherwise.
    pub service_account: Option<String>,
    /// The instance id of the workflow controller that is to take the workflows, if it has one.
    pub controller_instance: Option<String>,
    /// The address under which its trials reach this server; without a trailing slash. `None`: the public one.
    pub report_url: Option<Url>,
    /// Where people open Argo's pages; without a trailing slash.
    pub ui_url: Option<Url>,
    /// Requests a second that change something in the cluster.
    pub writes_per_second: u32,
}

/// How the cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// As `kubectl` would, by $KUBECONFIG or ~/.kube/config; without those as the pod that tunebot runs in.
    Ambient,
    Kubeconfig {
        /// `None`: as `kubectl` would find it.
        path: Option<PathBuf>,
        /// `None`: the current context.
        context: Option<String>,
    },
}
