//! From settings to engines and notifiers.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::config::{self, ArgoEngineSettings, Cluster, Config, EngineSettings, LocalEngineSettings};
use crate::domain::chart_key::ChartKeys;
use crate::domain::ids::EngineName;
use crate::domain::sweep::Service;
use crate::engine::Engine;
use crate::engine::argo::{Access, ArgoEngine, ArgoEngineOptions};
use crate::engine::local::{LocalEngine, LocalEngineOptions};
use crate::notify::Notifier;
use crate::notify::github::{Github, GithubAuth, GithubNotifier, GithubPace, GithubSettings};
use crate::notify::grafana::{Dashboard, Dashboards};
use crate::notify::links::{ArgoPages, ChartPages, Links};
use crate::notify::slack::{PaceLimits, SlackNotifier, SlackSettings, SlackWeb};
use crate::runtime::{Engines, Notifiers};
use crate::telemetry::{Allowance, Metrics};

/// Every service that messages may go to, configured or not: effects for one that is gone must still be settled.
pub(super) const SERVICES: [Service; 2] = [Service::Slack, Service::Github];

/// The engines that run trials on this machine.
pub(super) type LocalEngines = BTreeMap<EngineName, Arc<LocalEngine>>;

/// The engines that run trials as workflows in clusters.
pub(super) type ArgoEngines = BTreeMap<EngineName, Arc<ArgoEngine>>;

/// All engines by kind.
#[derive(Default)]
pub(super) struct Built {
    pub local: LocalEngines,
    pub argo: ArgoEngines,
}

impl Built {
    /// All engines, whatever their kind.
    pub fn all(&self) -> Engines {
        let local = self.local.iter().map(|(name, engine)| (name.clone(), Arc::clone(engine) as Arc<dyn Engine>));
        let argo = self.argo.iter().map(|(name, engine)| (name.clone(), Arc::clone(engine) as Arc<dyn Engine>));
        Arc::new(local.chain(argo).collect())
    }
}

/// `owner` tells this tunebot from others in a cluster: see [`owner_of`].
///
/// # Errors
/// An engine cannot be set up, for a reason that names it.
pub(super) fn engines(config: &Config, owner: &str) -> Result<Built> {
    let mut built = Built::default();
    for (name, settings) in &config.engines {
        match settings {
            EngineSettings::Local(settings) => {
                let engine = local_engine(settings).with_context(|| format!("engine {name} cannot be set up"))?;
                built.local.insert(name.clone(), Arc::new(engine));
            }
            EngineSettings::Argo(settings) => {
                built.argo.insert(name.clone(), Arc::new(argo_engine(name, settings, owner)));
            }
        }
    }
    Ok(built)
}

/// Lets the metrics ask what GitHub still allows.
pub(super) fn tell_calls(github: &Arc<Github>, metrics: &Metrics) {
    let github = Arc::clone(github);
    metrics.ask_github_calls(move || {
        let known = github.calls_left().into_iter();
        let allowance = |(account, [limit, remaining, reset]): (String, [i64; 3])| {
            let reset = Timestamp::from_second(reset).ok()?;
            Some(Allowance { account, limit, remaining, reset })
        };
        known.filter_map(allowance).collect()
    });
}

/// What workflows in a cluster are marked with: the same for one store, another one for another. It gives nothing of the
/// key away.
pub(super) fn owner_of(instance_key: &[u8; 32]) -> String {
    let digest = Sha256::digest([b"owner of workflows\n".as_slice(), instance_key].concat());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn argo_engine(name: &EngineName, settings: &ArgoEngineSettings, owner: &str) -> ArgoEngine {
    let access = match &settings.cluster {
        Cluster::Ambient => Access::Ambient,
        Cluster::Kubeconfig { path, context } => Access::Kubeconfig { path: path.clone(), context: context.clone() },
    };
    ArgoEngine::new(ArgoEngineOptions {
        name: name.clone(),
        access,
        namespace: settings.namespace.clone(),
        service_account: settings.service_account.clone(),
        controller_instance: settings.controller_instance.clone(),
        writes_per_second: settings.writes_per_second,
        owner: owner.to_owned(),
    })
}

fn local_engine(settings: &LocalEngineSettings) -> Result<LocalEngine> {
    let options = LocalEngineOptions {
        work_dir: settings.work_dir.clone(),
        log_limit_bytes: settings.log_limit_bytes,
        keep_work: settings.keep_work,
        guard_program: LocalEngineOptions::own_program().context("the program's own path is not known")?,
    };
    LocalEngine::new(options).with_context(|| format!("{} cannot be used", settings.work_dir.display()))
}

/// # Errors
/// The key of the App cannot be read.
pub(super) fn github(config: &Config) -> Result<Option<Arc<Github>>> {
    let Some(settings) = &config.github else {
        return Ok(None);
    };
    let auth = match &settings.auth {
        config::GithubAuth::App { id, private_key } => GithubAuth::App { id: *id, private_key: private_key.clone() },
        config::GithubAuth::Token(token) => GithubAuth::Token(token.clone()),
    };
    let config::GithubPace { writes_per_minute, writes_per_hour } = settings.pace;
    let pace = GithubPace { writes_per_minute, writes_per_hour };
    let github = Github::new(GithubSettings { api_url: settings.api_url.clone(), auth, pace })?;
    Ok(Some(Arc::new(github)))
}

/// What answers people in Slack at once; none where Slack is not configured.
///
fn slack_settings(slack: &config::Slack) -> SlackSettings {
    let pace = PaceLimits {
        posts_per_second: slack.pace.posts_per_second,
        edits_per_minute: slack.pace.edits_per_minute,
        uploads_per_minute: slack.pace.uploads_per_minute,
    };
    SlackSettings { api_url: slack.api_url.clone(), bot_token: slack.bot_token.clone(), pace }
}

/// # Errors
/// A client cannot be made.
pub(super) fn slack_web(config: &Config) -> Result<Option<SlackWeb>> {
    let Some(slack) = &config.slack else { return Ok(None) };
    Ok(Some(SlackWeb::new(slack_settings(slack)).context("no client for Slack can be made")?))
}

/// Where messages lead to.
pub(super) async fn links(config: &Config, engines: &ArgoEngines) -> Links {
    Links { dashboards: config.grafana.as_ref().map(dashboards), argo: argo_pages(config, engines).await, charts: None }
}

/// # Errors
/// A client cannot be made.
pub(super) fn notifiers(
    config: &Config,
    github: Option<&Arc<Github>>,
    links: &Links,
    keys: ChartKeys,
) -> Result<Notifiers> {
    let mut notifiers: BTreeMap<Service, Arc<dyn Notifier>> = BTreeMap::new();
    if let Some(slack) = &config.slack {
        notifiers.insert(Service::Slack, Arc::new(SlackNotifier::new(slack_settings(slack), links.clone())?));
    }
    if let Some(github) = github {
        let links = Links { charts: chart_pages(config, keys), ..links.clone() };
        notifiers.insert(Service::Github, Arc::new(GithubNotifier::new(Arc::clone(github), links)));
    }
    Ok(Arc::new(notifiers))
}

/// Where GitHub fetches pictures; its proxy takes nothing but https.
fn chart_pages(config: &Config, keys: ChartKeys) -> Option<ChartPages> {
    let url = config.server.public_url.clone();
    let are_wanted = config.github.as_ref().is_some_and(|github| github.charts);
    (are_wanted && url.scheme() == "https").then_some(ChartPages { url, keys })
}

/// Argo's pages of each engine that has some. Without a namespace of its own in the configuration an engine has that of
/// its kubeconfig or pod; where that is not to be had now, messages go without the link.
async fn argo_pages(config: &Config, engines: &ArgoEngines) -> BTreeMap<EngineName, ArgoPages> {
    let mut pages = BTreeMap::new();
    for (name, engine) in engines {
        let Some(EngineSettings::Argo(ArgoEngineSettings { ui_url: Some(url), .. })) = config.engines.get(name) else {
            continue;
        };
        match engine.namespace().await {
            Ok(namespace) => drop(pages.insert(name.clone(), ArgoPages { url: url.clone(), namespace })),
            Err(error) => warn!(engine = %name, error, "messages go without links to Argo's pages"),
        }
    }
    pages
}

fn dashboards(grafana: &config::Grafana) -> Dashboards {
    let dashboard = |dashboard: &config::Dashboard| Dashboard {
        name: dashboard.name.clone(),
        title: dashboard.title.clone(),
        uid: dashboard.uid.clone(),
        variables: dashboard.variables.clone(),
    };
    Dashboards { url: grafana.url.clone(), dashboards: grafana.dashboards.iter().map(dashboard).collect() }
}
