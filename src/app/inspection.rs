//! Looks over the clusters, so that what is wrong there is known before the first launch; and over GitHub and Slack, when
//! asked to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::adapters::{self, ArgoEngines};
use crate::config::{Config, EngineSettings};
use crate::domain::ids::EngineName;
use crate::domain::rules::Rules;
use crate::domain::tuning::Tuning;
use crate::engine::argo::{ArgoEngine, Finding};
use crate::notify::github::Wanted;
use crate::notify::slack;

/// Pause before a cluster that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(60);

/// Looks at the start and whenever the configuration has changed, and writes what it finds into the log.
pub(super) async fn run(engines: ArgoEngines, mut config: watch::Receiver<Arc<Config>>, cancel: CancellationToken) {
    if engines.is_empty() {
        return cancel.cancelled().await;
    }
    loop {
        let current = Arc::clone(&config.borrow_and_update());
        let looking = async {
            let mut unknown = false;
            for (name, engine) in &engines {
                unknown |= log(name, &inspect(engine, name, &current).await);
            }
            unknown
        };
        let Some(unknown) = cancel.run_until_cancelled(looking).await else {
            return;
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = config.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(RETRY), if unknown => {}
        }
    }
}

/// What is wrong in the clusters of `config`: for `tunebot check --cluster`.
pub async fn inspect_all(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, settings) in &config.engines {
        if let EngineSettings::Argo(settings) = settings {
            // Nothing is launched: whose it would be does not matter.
            let engine = adapters::argo_engine(name, settings, "check");
            findings.extend(inspect(&engine, name, config).await);
        }
    }
    findings
}

/// What is missing on GitHub: for `tunebot check --github`. None where GitHub is not configured.
///
/// # Errors
/// The key of the App cannot be read, or the address of the webhook cannot be made.
pub async fn inspect_github(config: &Config) -> anyhow::Result<Option<Vec<String>>> {
    let Some(github) = adapters::github(config)? else { return Ok(None) };
    let rules = &config.rules;
    let named = rules.triggers.iter().flat_map(|trigger| trigger.repositories.patterns());
    let named = named.filter_map(|name| name.parse().ok());
    let homes = rules.default_code.values().map(|code| code.repository.clone());
    let repositories = named.chain(homes).chain(rules.command_repositories.iter().cloned()).collect();
    let mut webhook = config.server.public_url.clone();
    match webhook.path_segments_mut() {
        Ok(mut path) => path.pop_if_empty().extend(["webhooks", "github"]),
        Err(()) => anyhow::bail!("server.public_url cannot have a path"),
    };
    let applies = rules.tunings.values().any(|tuning| tuning.apply.is_some());
    Ok(Some(github.inspect(&Wanted { repositories, webhook, applies }).await))
}

/// What is missing in Slack: for `tunebot check --slack`. None where Slack is not configured.
///
/// # Errors
/// A client cannot be made.
pub async fn inspect_slack(config: &Config) -> anyhow::Result<Option<slack::Inspection>> {
    let Some(web) = adapters::slack_web(config)? else { return Ok(None) };
    let mut wanted = asked_of_slack(&config.rules);
    wanted.app_token = config.slack.as_ref().and_then(|slack| slack.app_token.clone());
    Ok(Some(web.inspect(&wanted).await))
}

/// The channels and user groups that the rules name, each with where they do.
fn asked_of_slack(rules: &Rules) -> slack::Wanted {
    let mut channels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for trigger in &rules.triggers {
        note(&mut channels, &trigger.channel, || format!("trigger {}", trigger.name));
    }
    for schedule in &rules.schedules {
        note(&mut channels, &schedule.channel, || format!("schedule {}", schedule.name));
    }
    note(&mut channels, &rules.announce_channel, || "notify.announce_channel".to_owned());
    for (name, tuning) in &rules.tunings {
        note(&mut channels, &tuning.access.slack_channels, || format!("access to {name}"));
        note(&mut groups, &tuning.access.slack_groups, || format!("access to {name}"));
    }
    slack::Wanted { channels, groups, app_token: None }
}

fn note<'a>(
    noted: &mut BTreeMap<String, BTreeSet<String>>,
    ids: impl IntoIterator<Item = &'a String>,
    place: impl Fn() -> String,
) {
    for id in ids {
        noted.entry(id.clone()).or_default().insert(place());
    }
}

async fn inspect(engine: &ArgoEngine, name: &EngineName, config: &Config) -> Vec<Finding> {
    let tunings: Vec<&Tuning> =
        config.rules.tunings.values().map(AsRef::as_ref).filter(|tuning: &&Tuning| tuning.engine == *name).collect();
    engine.inspect(&tunings).await
}

/// Returns whether something could not be known.
fn log(engine: &EngineName, findings: &[Finding]) -> bool {
    if findings.is_empty() {
        info!(%engine, "the cluster has all that the tunings need");
    }
    for finding in findings {
        match finding {
            Finding::Wrong(text) => error!(%engine, "{text}"),
            Finding::Unknown(text) => warn!(%engine, "{text}"),
        }
    }
    findings.iter().any(|finding| matches!(finding, Finding::Unknown(_)))
}
