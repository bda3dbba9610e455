//! A tuning: its search space, its objective, its limits, and what one trial is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::access::RepositoryPermission;
use crate::domain::ids::{MetricName, ParamName};
use crate::domain::metrics::Direction;
use crate::domain::tuning::{Confirm, SamplerKind};

use super::apply::ApplyEntry;
use super::cost::CostEntry;
use super::pruner::PrunerEntry;
use super::quota::QuotaEntry;
use super::text::{Duration, Number, Percent, Scalar, Scalars};
use super::warm_start::WarmStartEntry;
use super::workflow::WorkflowEntry;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct TuningEntry {
    /// One line for `/tune list`.
    #[serde(default)]
    pub description: String,
    /// The repository (`owner/name`) whose code is tuned when a command or a schedule names none.
    pub repository: Option<String>,
    /// The branch that goes with `repository`. Default: `main`.
    pub branch: Option<String>,
    /// What is searched: parameters by name. A name is 1 to 60 of letters, digits, `_`, `.` and `-`; a workflow takes no
    /// `.`. May be empty only for a workflow that searches by itself.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ParameterEntry>")]
    pub space: BTreeMap<ParamName, ParameterEntry>,
    /// What is optimised. Either this or `objectives`.
    pub objective: Option<ObjectiveEntry>,
    /// Several things to optimise; the first one decides what "best" means. Either this or `objective`.
    pub objectives: Option<Vec<ObjectiveEntry>>,
    /// How parameters are chosen and poor trials stopped. A workflow that searches by itself takes the `seed` only.
    #[serde(default)]
    pub search: SearchEntry,
    /// How much of everything one sweep may use.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// The engine that runs the trials: a `local` one for a `command`, an `argo` one for a `workflow`. Default: the only
    /// one of its kind, or `local`.
    pub engine: Option<String>,
    /// The program of one trial and its arguments. `{name}` stands for a parameter, `{{` and `}}` for braces. There is
    /// no shell. An argument that names a parameter which is not active in a trial is left out, and so is a flag right
    /// before it. Either this or `workflow`.
    #[serde(default)]
    pub command: Vec<String>,
    /// The workflow of one trial, on an `argo` engine. Either this or `command`.
    pub workflow: Option<WorkflowEntry>,
    /// A trial that is started again goes on from its last step, by what it keeps in TUNEBOT_CHECKPOINT. Then `asha` and
    /// `hyperband` pause poor trials, and let them go on if they turn out to be among the best. Default: false.
    pub resumable: Option<bool>,
    /// Environment variables of the command; placeholders as in it.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Names of variables of tunebot's own environment that the trial may see; it sees no others. `PATH` and `HOME` are
    /// plain ones unless they are named here or in `env`.
    #[serde(default)]
    pub inherit_env: BTreeSet<String>,
    /// The folder of the trial's program. The trial itself runs in a folder of its own, with a link `source` to this.
    pub source: Option<PathBuf>,
    /// Parameters in production today: the first trial of every sweep.
    #[schemars(with = "Option<BTreeMap<String, Scalar>>")]
    pub production: Option<BTreeMap<ParamName, Scalar>>,
    /// Who may start, stop and re-run it. Default: everybody in Slack, and on GitHub whoever may write to the repository.
    #[serde(default)]
    pub access: AccessEntry,
    /// What the check on a pull request asks of the result. Default: nothing, the check only informs.
    pub require: Option<RequirementEntry>,
    /// Names of Grafana dashboards that messages link to.
    #[serde(default)]
    pub dashboards: Vec<String>,
    /// Where `/tune apply` writes the best parameters: a pull request changes a file of the tuning's repository. Default: there
    /// is no such command for the tuning.
    pub apply: Option<ApplyEntry>,
    /// What trials cost. Default: messages say nothing of it.
    pub cost: Option<CostEntry>,
    /// Is whoever asks for a sweep in Slack or on a pull request shown what will run, and asked, before it starts? `always`,
    /// `never`, or `over_budget`: if it will probably cost more than the `budget`. Default: `over_budget`.
    pub confirm: Option<Confirm>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ParameterEntry {
    /// `float` and `int` have `low` and `high`, `categorical` has `choices`, `bool` has nothing more.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// The least value, itself included.
    pub low: Option<Number>,
    /// The greatest value, itself included.
    pub high: Option<Number>,
    /// Search on a logarithmic scale: for values that span orders of magnitude. Default: false.
    pub log: Option<bool>,
    /// Only `low`, `low + step`, `low + 2 step`, … are tried. Not together with `log`.
    pub step: Option<Number>,
    /// The values to choose from, in no order: texts, numbers, true, false or null.
    pub choices: Option<Vec<Scalar>>,
    /// The parameter is there only if another one, categorical or bool, has one of these values:
    /// `{optimizer: sgd}` or `{optimizer: [sgd, rmsprop]}`.
    #[schemars(with = "Option<BTreeMap<String, Scalars>>")]
    pub when: Option<BTreeMap<ParamName, Scalars>>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum ParameterKind {
    Float,
    Int,
    Categorical,
    Bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ObjectiveEntry {
    /// The metric that trials report.
    #[schemars(with = "String")]
    pub metric: MetricName,
    /// `minimize` or `maximize`.
    #[schemars(with = "DirectionName")]
    pub direction: Direction,
    /// The sweep stops early once a finished trial is this good.
    pub goal: Option<f64>,
}

/// Which way is better.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "the form of Direction for the JSON Schema")]
enum DirectionName {
    Minimize,
    Maximize,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct SearchEntry {
    /// Who proposes parameters. `auto` chooses among the next three by what they foretold so far; `tpe`, `gp` (a Gaussian
    /// process, for some hundred trials) and `cmaes` (for many trials of numbers) learn from the trials before, as do
    /// `tpe-independent` and `tpe-group`; `nsga2` and `nsga3` breed, for several objectives; `sobol` is an even spread, `random`
    /// and `grid` are what they say. Default: `auto`.
    pub sampler: Option<SamplerKind>,
    /// Trials that are spread before a model is trusted. Default: 10.
    pub startup_trials: Option<u32>,
    /// Points of one generation of `cmaes`, `nsga2` and `nsga3`; at least 2. Default: the sampler's own number.
    pub population: Option<u32>,
    /// How poor trials are stopped early; they have to report steps for that. Default: `none`.
    pub pruner: Option<PrunerEntry>,
    /// Fixes the seed: every sweep tries the same. Default: each sweep has a seed of its own.
    pub seed: Option<u64>,
    /// Start from the trials of the last finished sweeps: `true`, or `{sweeps: 3, trials: 200}`. Those count that ran on the
    /// same branch of the repository, on the base branch of a pull request, or for the pull request itself, and that had the
    /// same objectives; and of them the trials that are within the space. Only for samplers that learn. Default: false.
    pub warm_start: Option<WarmStartEntry>,
    /// Points that are tried first, right after `production`: `[{lr: 0.01, optimizer: sgd}, …]`. What a point leaves out is
    /// drawn at random.
    #[serde(default)]
    #[schemars(with = "Vec<BTreeMap<String, Scalar>>")]
    pub first: Vec<BTreeMap<ParamName, Scalar>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct LimitsEntry {
    /// Trials of one sweep. Default: 50.
    pub trials: Option<u32>,
    /// Trials at a time. Default: 4.
    pub parallel: Option<u32>,
    /// This many failed trials end the sweep as failed. Default: 5.
    pub failed_trials: Option<u32>,
    /// A trial that takes longer is stopped and counts as failed. Default: `1h`.
    pub trial_timeout: Option<Duration>,
    /// The sweep ends, with what it has, this long after its first trial. Default: no deadline.
    pub deadline: Option<Duration>,
    /// The sweep ends early when the best has not improved over this many finished trials. Default: it goes on.
    pub patience: Option<u32>,
    /// How often a trial that was lost through no fault of its own is started again. Default: 2.
    pub retries: Option<u32>,
    /// How long a stopped trial may take to end by itself before it is killed. Default: `10s`.
    pub stop_grace: Option<Duration>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct AccessEntry {
    /// Slack user ids (`U…`).
    pub slack_users: BTreeSet<String>,
    /// Slack channel ids (`C…`).
    pub slack_channels: BTreeSet<String>,
    /// GitHub logins.
    pub github_users: BTreeSet<String>,
    /// Slack user groups by id (`S…`).
    pub slack_groups: BTreeSet<String>,
    /// GitHub teams, as `org/team`.
    pub github_teams: BTreeSet<String>,
    /// On pull requests, those with this permission on the repository: `read`, `triage`, `write`, `maintain` or `admin`.
    /// Default: `write` if nobody is named here, else those only who are named.
    pub github_permission: Option<RepositoryPermission>,
    /// What each person may ask for of this tuning in a day, besides `quotas`. Default: no limit.
    pub quota: QuotaEntry,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RequirementEntry {
    /// The metric that is held against the base branch: the first objective, which it need not repeat.
    pub metric: Option<String>,
    /// The loss that is allowed, in percent of the base branch's value. Default: `0%`, not worse at all.
    pub not_worse_than: Option<Percent>,
}
