//! The server, its store, the services it talks to, and the engines.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::settings::LogFormat;

use super::json::bare_names_too;
use super::repository::RepositoryConfigEntry;
use super::text::{ByteSize, Duration, SecretReference};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ServerSection {
    /// Address and port to listen at. Default: `127.0.0.1:8080`.
    pub listen: Option<String>,
    /// The address under which GitHub, Slack and trials reach this server, beginning with http:// or https://.
    /// Default: http:// and `listen`.
    pub public_url: Option<String>,
    /// How long a graceful stop may take. Default: `30s`.
    pub drain: Option<Duration>,
    /// The log, on standard error.
    pub log: LogEntry,
    /// Bearer tokens for `POST /api/v1/sweeps`.
    pub api_tokens: Vec<ApiTokenEntry>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct LogEntry {
    /// `text` for people, `json` for a log store. Default: `text`.
    pub format: Option<LogFormat>,
    /// What is logged, as a `tracing` filter: `info`, or `info,tunebot=debug`. Default: `info`.
    pub filter: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ApiTokenEntry {
    /// Who the token was given to; shown as the asker of its sweeps.
    pub name: String,
    /// Where the token is kept.
    pub secret: SecretReference,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct StoreSection {
    /// The database file; it is made when it is not there. Default: `.tunebot/tunebot.db` in the current folder.
    pub path: Option<PathBuf>,
    /// Events that are done are forgotten after this long. Default: `30d`.
    pub keep_events: Option<Duration>,
    /// Trials are forgotten this long after their sweep ended; the sweep and its report stay. Default: `180d`.
    pub keep_trials: Option<Duration>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct GithubSection {
    /// A GitHub App: it writes check runs and comments. Either this or `token`.
    pub app: Option<GithubAppEntry>,
    /// A personal access token: comments and commit statuses only. Either this or `app`.
    pub token: Option<SecretReference>,
    /// Secrets that webhook deliveries may be signed with; several while one is replaced by the next.
    #[serde(default)]
    pub webhook_secrets: Vec<SecretReference>,
    /// The API, for GitHub Enterprise `https://HOST/api/v3`. Default: `https://api.github.com`.
    pub api_url: Option<String>,
    /// Show pictures of sweeps on pull requests. GitHub fetches them from `server.public_url`, at addresses with a key that
    /// opens that picture only. Default: true where `server.public_url` begins with https://.
    pub charts: Option<bool>,
    /// How much may be written, for each installation of the App by itself.
    #[serde(default)]
    pub pace: GithubPaceSection,
    /// Repositories (`owner/name`) whose pull request comments may carry `/tune` commands. Default: every repository
    /// that a trigger names.
    #[serde(default)]
    pub command_repositories: Vec<String>,
    /// Whose `.tunebot.yaml` counts, and how far it may go. Default: nobody's.
    pub repository_config: Option<RepositoryConfigEntry>,
    /// How what was missed while tunebot was away is found.
    #[serde(default)]
    pub catch_up: CatchUpEntry,
    /// What may run for pull requests from forks, whose code is a stranger's.
    #[serde(default)]
    pub forks: ForksEntry,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct CatchUpEntry {
    /// Deliveries that failed are asked for again, and branches and pull requests compared with what is known, at the start
    /// and this often; `0s` is never. Default: `5m`.
    pub every: Option<Duration>,
    /// A difference that is younger counts as on its way. Default: `1m`.
    pub grace: Option<Duration>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ForksEntry {
    /// Tunings that may run the code of a fork, each commit only after somebody with write permission has allowed it with
    /// `/tune approve`. Default: none.
    pub tunings: Vec<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct GithubPaceSection {
    /// Comments, check runs and reactions written or edited in a minute. Default: 80, which is what GitHub allows.
    pub writes_per_minute: Option<u32>,
    /// The same in an hour. Default: 500, which is what GitHub allows.
    pub writes_per_hour: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct GithubAppEntry {
    /// The App ID on the App's page.
    pub id: u64,
    /// The App's private key in PEM form.
    pub private_key: SecretReference,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SlackSection {
    /// The bot token of the Slack app (`xoxb-…`).
    pub bot_token: SecretReference,
    /// Signing secrets that requests may be signed with; several while one is replaced by the next. Needed unless there is
    /// an `app_token`.
    #[serde(default)]
    pub signing_secrets: Vec<SecretReference>,
    /// The app-level token (`xapp-…`, scope `connections:write`): Slack is then reached by Socket Mode, and needs no way in
    /// from outside. Default: none, Slack calls `/webhooks/slack/…`.
    pub app_token: Option<SecretReference>,
    /// Connections of Socket Mode at a time, 1 to 10; while one is renewed, another one serves. Default: 2.
    pub sockets: Option<u32>,
    /// The API. Default: `https://slack.com/api`.
    pub api_url: Option<String>,
    /// How often Slack is called. Default: as often as Slack allows every app.
    #[serde(default)]
    pub pace: SlackPaceEntry,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct SlackPaceEntry {
    /// New messages a second, in each channel. Default: 1.
    pub posts_per_second: Option<u32>,
    /// Edits a minute. Default: 50.
    pub edits_per_minute: Option<u32>,
    /// Files a minute. Default: 100.
    pub uploads_per_minute: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct GrafanaSection {
    /// Where people open Grafana, beginning with http:// or https://.
    pub url: Option<String>,
    /// Dashboards that tunings may name.
    pub dashboards: Vec<DashboardEntry>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct DashboardEntry {
    /// What tunings call it.
    pub name: String,
    /// What the link says. Default: the name.
    pub title: Option<String>,
    /// The dashboard's uid, the part of its address after `/d/`.
    pub uid: String,
    /// Values of dashboard variables; `{sweep}`, `{tuning}`, `{sha}` and `{branch}` are filled in.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// One engine: its kind as the only key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = bare_names_too)]
pub(in crate::config) enum EngineEntry {
    /// Trials are processes on this machine.
    Local(LocalEngineEntry),
    /// Trials are workflows of Argo Workflows on a Kubernetes cluster.
    Argo(ArgoEngineEntry),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct LocalEngineEntry {
    /// Trials at a time, over all sweeps. Default: the number of processors.
    pub parallel: Option<u32>,
    /// Where working folders and logs of trials live. Default: `work/NAME` beside the store.
    pub work_dir: Option<PathBuf>,
    /// What is written beyond this of one trial's log is dropped. Default: `10MiB`.
    pub log_limit: Option<ByteSize>,
    /// Keep the working folders of finished trials. Default: false.
    pub keep_work: bool,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ArgoEngineEntry {
    /// Workflows at a time, over all sweeps. Default: 20.
    pub parallel: Option<u32>,
    /// The kubeconfig file of the cluster. Default: as `kubectl` finds it, else the cluster that tunebot itself runs in.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig file. Default: its current one.
    pub context: Option<String>,
    /// The namespace of the workflows. Default: that of the context, or of tunebot's own pod.
    pub namespace: Option<String>,
    /// What the pods run as unless the tuning says otherwise. Default: what the workflow or the namespace says.
    pub service_account: Option<String>,
    /// The instance id of the workflow controller that takes the workflows. Default: the controller without one.
    pub controller_instance: Option<String>,
    /// The address under which trials on this engine reach tunebot, beginning with http:// or https://: inside their cluster
    /// that of a Service. Default: `server.public_url`.
    pub report_url: Option<String>,
    /// Where people open Argo's pages, beginning with http:// or https://. Default: messages have no links to them.
    pub ui_url: Option<String>,
    /// Requests a second, at most, that change something in the cluster. Default: 50.
    pub writes_per_second: Option<u32>,
}
