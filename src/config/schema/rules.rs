//! What starts a tuning: triggers and schedules; and who is told.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::rules::{OnNewer, Overlap};

use super::json::bare_names_too;
use super::text::{Duration, Words};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct TriggerEntry {
    /// The trigger's name in explanations.
    pub name: String,
    /// What it reacts to.
    pub on: TriggerSourceEntry,
    /// Repositories, as `owner/name` or globs of it. At least one.
    pub repositories: Vec<String>,
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
    /// A Slack channel (`C…`) that is told as well.
    pub channel: Option<String>,
}

/// The kind of event as the only key, with its filters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = bare_names_too)]
pub(in crate::config) enum TriggerSourceEntry {
    /// A push to a branch or of a tag.
    Push(PushFilter),
    /// An event of a pull request.
    PullRequest(PullRequestFilter),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct PushFilter {
    /// Globs of branches. Default: any branch if no `tags` are named.
    pub branches: Vec<String>,
    /// Globs of tags. Default: none.
    pub tags: Vec<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct PullRequestFilter {
    /// Globs of base branches. Default: any.
    pub branches: Vec<String>,
    /// GitHub's names of what happened. Default: opened, synchronize, reopened, ready_for_review, and labeled if there are
    /// `labels`.
    pub actions: Option<Vec<String>>,
    /// At least one of these labels has to be there. Default: none is needed.
    pub labels: Vec<String>,
    /// None of these labels may be there.
    pub ignore_labels: Vec<String>,
    /// Also drafts. Default: false.
    pub drafts: bool,
    /// Also pull requests from forks: the tuning has to be one of `github.forks.tunings`, and each commit waits until somebody
    /// with write permission allows it with `/tune approve`. Default: false.
    pub forks: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ScheduleEntry {
    /// The schedule's name in messages.
    pub name: String,
    /// Minute, hour, day of month, month, day of week; or six fields with seconds first: `30 2 * * MON-FRI`.
    pub cron: String,
    /// An IANA time zone such as `Europe/Berlin`. Default: `UTC`.
    pub time_zone: Option<String>,
    /// The tuning that is started.
    pub tuning: String,
    /// Overrides, as after `/tune`: `{trials: 20, lr: 1e-4..1e-2}` or `[trials=20, lr=1e-4..1e-2]`.
    #[serde(default)]
    pub with: Words,
    /// What becomes of runs that came while tunebot was away: `skip` them, run the `last` one, or `{all: 5}` for all of
    /// them up to the newest five. Default: `last`.
    pub missed: Option<MissedEntry>,
    /// What becomes of a run when the one before it still goes on: `skip`, `queue`, `allow` (both run) or `cancel`
    /// (the older one is stopped). Default: `skip`.
    pub overlap: Option<Overlap>,
    /// Each run starts up to this much later, always by the same amount. Default: `0s`.
    pub jitter: Option<Duration>,
    /// Start nothing when the branch has not changed since this schedule's last sweep. Needs the tuning's
    /// `repository`. Default: false.
    #[serde(default)]
    pub skip_unchanged: bool,
    /// The Slack channel (`C…`) that is told.
    pub channel: Option<String>,
    /// Start nothing for now. Default: false.
    #[serde(default)]
    pub paused: bool,
}

/// What becomes of missed runs.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum MissedEntry {
    /// None is made up for.
    Skip,
    /// The newest one is made up for.
    Last,
    /// All are made up for, the newest ones up to this number.
    All(u32),
}

/// One person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PersonEntry {
    /// As messages call them.
    pub name: String,
    /// The Slack user id (`U…`).
    pub slack: Option<String>,
    /// The GitHub login.
    pub github: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct NotifySection {
    /// The Slack channel (`C…`) that is told of sweeps that pushes and pull requests start. Default: GitHub only.
    pub announce_channel: Option<String>,
}
