//! What a repository may set for itself: the server's side of it, and the file in the repository.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::ids::TuningName;
use crate::domain::rules::OnNewer;

use super::rules::{TriggerEntry, TriggerSourceEntry};
use super::text::Words;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RepositoryConfigEntry {
    /// Repositories, as `owner/name` or globs of it, whose `.tunebot.yaml` counts. At least one.
    pub repositories: Vec<String>,
    /// The tunings that they may use. At least one.
    pub tunings: Vec<String>,
    /// Trials of one sweep, at most. Default: no more than the tuning itself has.
    pub max_trials: Option<u32>,
    /// Trials at a time, at most. Default: no more than the tuning itself has.
    pub max_parallel: Option<u32>,
}

/// `.tunebot.yaml`: the rules that a repository sets for itself, within what the server's configuration allows.
///
/// It counts as it stands on the base branch of a pull request, and for pushes on the default branch. Unknown fields are
/// errors.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "tunebot configuration of a repository")]
pub(in crate::config) struct RepositoryFile {
    /// Pushes and pull requests of this repository that start a tuning.
    pub triggers: Vec<RepositoryTriggerEntry>,
    /// What is different here, by tuning.
    #[schemars(with = "BTreeMap<String, RepositoryTuningEntry>")]
    pub tunings: BTreeMap<TuningName, RepositoryTuningEntry>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RepositoryTuningEntry {
    /// Overrides, as after `/tune`, of every sweep of it that a push or a pull request starts here:
    /// `{trials: 20, lr: 1e-4..1e-2}` or `[trials=20, lr=1e-4..1e-2]`.
    pub with: Words,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RepositoryTriggerEntry {
    /// The trigger's name in explanations.
    pub name: String,
    /// What it reacts to. Pull requests from forks are for the server's configuration.
    pub on: TriggerSourceEntry,
    /// Globs of changed paths; one that begins with `!` takes away again. Default: any.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Globs of paths that alone start nothing: `docs/**`, `**/*.md`.
    #[serde(default)]
    pub ignore_paths: Vec<String>,
    /// GitHub logins, or globs of them, whose events count. Default: any.
    #[serde(default)]
    pub authors: Vec<String>,
    /// GitHub logins, or globs of them, whose events do not count.
    #[serde(default)]
    pub ignore_authors: Vec<String>,
    /// A CEL expression over `event` that has to be true: `event.title.contains('[tune]')`.
    #[serde(rename = "if")]
    pub expression: Option<String>,
    /// The tuning that is started.
    pub tuning: String,
    /// Overrides, as after `/tune`: `{trials: 20, lr: 1e-4..1e-2}` or `[trials=20, lr=1e-4..1e-2]`.
    #[serde(default)]
    pub with: Words,
    /// What happens to an older sweep of the same branch or pull request: `queue` lets it end first, `keep` lets both
    /// run, `cancel` stops it. Default: `cancel` for pull requests, `queue` for pushes.
    pub on_newer: Option<OnNewer>,
}

impl RepositoryTriggerEntry {
    /// The same as a trigger of the server's, for `repository` alone.
    pub fn into_trigger(self, repository: &str) -> TriggerEntry {
        TriggerEntry {
            name: self.name,
            on: self.on,
            repositories: vec![repository.to_owned()],
            paths: self.paths,
            ignore_paths: self.ignore_paths,
            authors: self.authors,
            ignore_authors: self.ignore_authors,
            expression: self.expression,
            tuning: self.tuning,
            with: self.with,
            on_newer: self.on_newer,
            channel: None,
        }
    }
}
