//! The configuration as people write it, one file of it. Every field is documented: the comments become the
//! descriptions of the JSON Schema that editors show.
//!
//! Nothing here is checked beyond its type; `check` does that, over all files together.

mod apply;
mod cost;
mod json;
mod pruner;
mod quota;
mod repository;
mod rules;
mod server;
mod text;
mod tuning;
mod warm_start;
mod workflow;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::ids::{EngineName, TuningName};

pub(super) use apply::*;
pub(super) use pruner::*;
pub(super) use quota::*;
pub(super) use repository::*;
pub(super) use rules::*;
pub(super) use server::*;
pub(super) use text::*;
pub(super) use tuning::*;
pub(super) use warm_start::*;
pub(super) use workflow::*;

/// A configuration file of tunebot.
///
/// A configuration may be split over several files. The entries of `engines`, `grafana.dashboards`, `tunings`,
/// `triggers` and `schedules` are put together; every other section stands in one file only. Unknown fields are errors.
/// Durations are written like `90s`, `15m` or `2h 30m`; relative paths start from the folder of the file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "tunebot configuration")]
pub(super) struct ConfigFile {
    /// How people, services and trials reach this server, and how it logs.
    pub server: Option<ServerSection>,
    /// Where events, sweeps and trials are kept.
    pub store: Option<StoreSection>,
    /// The way to and from GitHub. Needed by triggers, and for answers on pull requests.
    pub github: Option<GithubSection>,
    /// The way to and from Slack. Needed for `/tune` and for answers in channels.
    pub slack: Option<SlackSection>,
    /// Dashboards that messages link to.
    pub grafana: Option<GrafanaSection>,
    /// Where trials run, by name. Without one for commands there is one named `local`: processes on this machine.
    #[schemars(with = "BTreeMap<String, EngineEntry>")]
    pub engines: BTreeMap<EngineName, EngineEntry>,
    /// What can be tuned, by the name that people type: 1 to 40 of a-z, 0-9 and -, beginning with a letter.
    #[schemars(with = "BTreeMap<String, TuningEntry>")]
    pub tunings: BTreeMap<TuningName, TuningEntry>,
    /// Pushes and pull requests that start a tuning.
    pub triggers: Vec<TriggerEntry>,
    /// Tunings that start by the clock.
    pub schedules: Vec<ScheduleEntry>,
    /// People who are known on both services: a list that names them for one names them for the other.
    pub people: Vec<PersonEntry>,
    /// What each person may ask for in a day, over all tunings, by commands, forms, buttons and comments; what triggers,
    /// schedules and programs start does not count. Default: no limit.
    pub quotas: Option<QuotaEntry>,
    /// Who is told besides those who asked.
    pub notify: Option<NotifySection>,
}
