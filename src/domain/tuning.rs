//! A tuning: the configured workflow that a sweep runs. What is searched, towards what, within which limits, how one
//! trial runs, and who may ask for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::ids::{EngineName, MetricName, TuningName};
use super::metrics::Objectives;
use super::params::{Params, Space};

mod access;
mod apply;
mod cost;
mod pruner;

pub use access::Access;
pub use apply::{ApplySettings, Format};
pub use cost::{Confirm, Cost};
pub use pruner::{PrunerSettings, Rungs};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    pub name: TuningName,
    /// One line for `/tune list`; may be empty.
    pub description: String,
    pub space: Space,
    pub objectives: Objectives,
    pub search: Search,
    pub limits: Limits,
    pub engine: EngineName,
    pub trial: TrialTemplate,
    /// Does a trial that is started again go on from its last step, by what it kept?
    #[serde(default)]
    pub resumable: bool,
    /// Parameters in production today, if known: trial 0 of every sweep, and the baseline when there is no other.
    pub production: Option<Params>,
    pub access: Access,
    /// What a check run on a pull request asks of the result.
    pub requirement: Option<Requirement>,
    /// Names of the configured dashboards that messages link to.
    pub dashboards: Vec<String>,
    /// Where `/tune apply` writes the best parameters; without it there is no such command for the tuning.
    #[serde(default)]
    pub apply: Option<ApplySettings>,
    #[serde(default)]
    pub cost: Option<Cost>,
    #[serde(default)]
    pub confirm: Confirm,
}

impl Tuning {
    /// Who chooses the parameters, as sentences show it: "TPE".
    pub fn searcher(&self) -> &'static str {
        if self.trial.searches() { "its workflow searches by itself" } else { self.search.sampler.title() }
    }

    /// Are poor trials paused, so that the pruner may promote them later? Only successive halving does that.
    pub fn pauses(&self) -> bool {
        let halves = matches!(self.search.pruner, PrunerSettings::Asha(_) | PrunerSettings::Hyperband { .. });
        self.resumable && halves && !self.trial.searches()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    pub sampler: SamplerKind,
    /// Trials drawn at random before a model is trusted.
    pub startup_trials: u32,
    pub pruner: PrunerSettings,
    /// Fixes the seed of every sweep; without it each sweep has one of its own.
    pub seed: Option<u64>,
    /// Are trials that have not ended taken for poor ones, so that parallel trials keep apart? (TPE)
    #[serde(default = "yes")]
    pub constant_liar: bool,
    /// Points of one generation. `None`: the sampler's own number. (NSGA-II, NSGA-III, CMA-ES)
    #[serde(default)]
    pub population: Option<u32>,
    /// Does a sweep start from the trials of earlier ones? `None`: no.
    #[serde(default)]
    pub warm_start: Option<WarmStart>,
    /// Points that are tried first, right after production's parameters. What one leaves out is drawn at random.
    #[serde(default)]
    pub first: Vec<Params>,
}

/// How much of earlier sweeps a sweep starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmStart {
    /// The last so many.
    pub sweeps: u32,
    /// So many trials of them, all together.
    pub trials: u32,
}

fn yes() -> bool {
    true
}

impl Search {
    /// What `sampler` does if nothing else is said.
    pub fn new(sampler: SamplerKind) -> Self {
        Self {
            sampler,
            startup_trials: 10,
            pruner: PrunerSettings::None,
            seed: None,
            constant_liar: true,
            population: None,
            warm_start: None,
            first: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SamplerKind {
    /// Chooses among the others by what they foretold so far.
    Auto,
    /// Tree-structured Parzen estimators, joint over all parameters.
    Tpe,
    /// One Parzen estimator for each parameter.
    TpeIndependent,
    /// One joint Parzen estimator for each conditional branch.
    TpeGroup,
    /// A Gaussian process.
    Gp,
    /// Covariance matrix adaptation.
    Cmaes,
    Nsga2,
    Nsga3,
    Sobol,
    Random,
    Grid,
}

impl SamplerKind {
    pub const ALL: [Self; 11] = [
        Self::Auto,
        Self::Tpe,
        Self::TpeIndependent,
        Self::TpeGroup,
        Self::Gp,
        Self::Cmaes,
        Self::Nsga2,
        Self::Nsga3,
        Self::Sobol,
        Self::Random,
        Self::Grid,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tpe => "tpe",
            Self::TpeIndependent => "tpe-independent",
            Self::TpeGroup => "tpe-group",
            Self::Gp => "gp",
            Self::Cmaes => "cmaes",
            Self::Nsga2 => "nsga2",
            Self::Nsga3 => "nsga3",
            Self::Sobol => "sobol",
            Self::Random => "random",
            Self::Grid => "grid",
        }
    }

    /// Does it choose by the results of trials? The others would not notice earlier ones.
    pub fn learns(self) -> bool {
        !matches!(self, Self::Sobol | Self::Random | Self::Grid)
    }

    /// As sentences show it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Auto => "automatic search",
            Self::Tpe => "TPE",
            Self::TpeIndependent => "independent TPE",
            Self::TpeGroup => "grouped TPE",
            Self::Gp => "Gaussian process",
            Self::Cmaes => "CMA-ES",
            Self::Nsga2 => "NSGA-II",
            Self::Nsga3 => "NSGA-III",
            Self::Sobol => "Sobol sequence",
            Self::Random => "random search",
            Self::Grid => "grid search",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Trials of one sweep; at least 1.
    pub trials: u32,
    /// Trials at a time; at least 1.
    pub parallel: u32,
    /// This many failed trials end the sweep as failed.
    pub failed_trials: u32,
    pub trial_timeout: SignedDuration,
    /// The sweep ends, with what it has, this long after its first trial.
    pub deadline: Option<SignedDuration>,
    /// The sweep ends early when the best has not improved over this many finished trials.
    pub patience: Option<u32>,
    /// How often a trial that infrastructure lost is started again.
    pub retries: u32,
    /// How long a stopped trial may take to end by itself before it is killed.
    pub stop_grace: SignedDuration,
}

/// What one trial is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrialTemplate {
    /// A program with arguments. `{name}` in an argument or a value of `env` stands for a parameter; there is no shell.
    Command {
        argv: Vec<String>,
        env: BTreeMap<String, String>,
        /// Names of variables of tunebot's own environment that the trial may see.
        inherit_env: BTreeSet<String>,
        /// Folder of the trial's program, absolute; the trial itself runs in a folder of its own.
        source: Option<std::path::PathBuf>,
    },
    /// A workflow of Argo Workflows.
    Workflow(Box<WorkflowTrial>),
}

impl TrialTemplate {
    /// Does one workflow search by itself, for the whole sweep?
    pub fn searches(&self) -> bool {
        matches!(self, Self::Workflow(workflow) if workflow.searches.is_some())
    }
}

/// How a trial, or a sweep that searches by itself, runs as a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkflowTrial {
    pub source: WorkflowSource,
    /// Set if one workflow searches by itself for the whole sweep: the output parameters that hold what it found.
    pub searches: Option<SearchOutputs>,
    /// Further arguments, the same for every trial.
    pub arguments: BTreeMap<String, String>,
    /// What the pods run as. `None`: as the manifest or the namespace has it.
    pub service_account: Option<String>,
    /// Argo's priority among the workflows that wait; higher first.
    pub priority: Option<i32>,
    /// The Kubernetes priority class of the pods.
    pub pod_priority_class: Option<String>,
    /// How long the finished workflow is kept. `None`: as the manifest has it, else seven days.
    pub ttl: Option<SignedDuration>,
    /// When finished pods go. `None`: as the manifest has it.
    pub pod_gc: Option<PodGc>,
    pub node_selector: BTreeMap<String, String>,
    /// Kubernetes tolerations as they are written in a pod.
    pub tolerations: Vec<serde_json::Value>,
    /// Resources of the main container of every pod, as Kubernetes quantities: `{"nvidia.com/gpu": "1"}`.
    pub requests: BTreeMap<String, String>,
    pub limits: BTreeMap<String, String>,
}

impl WorkflowTrial {
    /// One workflow for each trial, with nothing asked for but what stands in `source`.
    pub fn new(source: WorkflowSource) -> Self {
        Self {
            source,
            searches: None,
            arguments: BTreeMap::new(),
            service_account: None,
            priority: None,
            pod_priority_class: None,
            ttl: None,
            pod_gc: None,
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            requests: BTreeMap::new(),
            limits: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum WorkflowSource {
    /// A WorkflowTemplate in the engine's namespace.
    Template {
        name: String,
    },
    ClusterTemplate {
        name: String,
    },
    /// A Workflow as it stands in `file`.
    Manifest {
        file: String,
        manifest: serde_json::Value,
    },
}

/// Names of the output parameters in which a workflow that searches by itself says what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchOutputs {
    /// A JSON object of the best parameters.
    pub best_parameters: String,
    /// The value of the first objective with them.
    pub objective: String,
    /// A JSON list of the trials: `[{"params": {…}, "metrics": {…}}, …]`; may be missing.
    pub trials: String,
}

/// When Argo removes the pods of a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum PodGc {
    OnPodCompletion,
    OnPodSuccess,
    OnWorkflowCompletion,
    OnWorkflowSuccess,
}

/// The result that a pull request must keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Requirement {
    pub metric: MetricName,
    /// Allowed loss against the base branch, in percent of the base value; 0 means "not worse at all".
    pub not_worse_than_percent: f64,
}

/// A small, valid tuning for tests of other modules.
#[cfg(test)]
pub fn fixture() -> Tuning {
    use super::metrics::{Direction, Objective};
    use super::params::{Domain, Parameter};
    let x = Parameter {
        name: "x".parse().expect("a valid name"),
        domain: Domain::Float { low: 0.0, high: 1.0, log: false, step: None },
        when: None,
    };
    Tuning {
        name: "resnet".parse().expect("a valid name"),
        description: "A small network".into(),
        space: Space::new(vec![x]).expect("a valid space"),
        objectives: Objectives::new(
            Objective { metric: "loss".parse().expect("a valid name"), direction: Direction::Minimize, goal: None },
            Vec::new(),
        ),
        search: Search::new(SamplerKind::Random),
        limits: Limits {
            trials: 10,
            parallel: 2,
            failed_trials: 5,
            trial_timeout: SignedDuration::from_hours(1),
            deadline: None,
            patience: None,
            retries: 3,
            stop_grace: SignedDuration::from_secs(10),
        },
        engine: "local".parse().expect("a valid name"),
        trial: TrialTemplate::Command {
            argv: vec!["./train".into(), "--x={x}".into()],
            env: BTreeMap::new(),
            inherit_env: BTreeSet::new(),
            source: None,
        },
        resumable: false,
        production: None,
        access: Access::default(),
        requirement: None,
        dashboards: Vec::new(),
        apply: None,
        cost: None,
        confirm: Confirm::OverBudget,
    }
}
