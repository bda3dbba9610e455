//! A trial, or a whole search, as a workflow of Argo Workflows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::domain::tuning::PodGc;

use super::text::Duration;

/// One trial is one workflow; or, with `searches`, one sweep is one workflow.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WorkflowEntry {
    /// A WorkflowTemplate in the engine's namespace. Either this, `cluster_template` or `file`.
    pub template: Option<String>,
    /// A ClusterWorkflowTemplate. Either this, `template` or `file`.
    pub cluster_template: Option<String>,
    /// A file with one Workflow, in YAML or JSON, read as `kubectl` reads it. Either this, `template` or `cluster_template`.
    pub file: Option<PathBuf>,
    /// One workflow searches by itself for the whole sweep: `true`, or the names of the output parameters in which it says
    /// what it found. What it declares of the parameters `trials`, `parallel`, `seed` and `space` (JSON) tells it what is
    /// wanted. Default: false, tunebot searches and each trial is a workflow.
    pub searches: Option<SearchesEntry>,
    /// Further arguments, the same for every trial. Parameters of the space are arguments by themselves.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
    /// What the pods run as. Default: what the workflow says, else the engine's.
    pub service_account: Option<String>,
    /// Argo's priority among workflows that wait for a place; higher first.
    pub priority: Option<i32>,
    /// The Kubernetes priority class of the pods.
    pub pod_priority_class: Option<String>,
    /// How long the finished workflow is kept. Default: what the workflow says, else `7d`.
    pub ttl: Option<Duration>,
    /// When finished pods go. Default: what the workflow says.
    pub pod_gc: Option<PodGc>,
    /// Labels that a node must have for the pods: `{karpenter.sh/nodepool: gpu}`.
    #[serde(default)]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the pods put up with.
    #[serde(default)]
    pub tolerations: Vec<TolerationEntry>,
    /// What the main container of every pod asks for. Not if the workflow has a `podSpecPatch` of its own.
    #[serde(default)]
    pub resources: ResourcesEntry,
}

/// A toleration, in the words of a pod.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::config) struct TolerationEntry {
    /// The key of the taint. Default: every taint, with `operator: Exists`.
    pub key: Option<String>,
    /// `Exists`, or `Equal` for taints with this `value`. Default: `Equal`.
    pub operator: Option<TolerationOperator>,
    /// The value of the taint.
    pub value: Option<String>,
    /// The effect of the taint. Default: each.
    pub effect: Option<TaintEffect>,
    /// How long a pod stays on a node that gets the taint. Only with `effect: NoExecute`. Default: for ever.
    pub toleration_seconds: Option<i64>,
}

/// What makes a taint one that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(in crate::config) enum TolerationOperator {
    Exists,
    Equal,
}

/// What a taint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub(in crate::config) enum TaintEffect {
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ResourcesEntry {
    /// What the node must have left, as Kubernetes quantities: `{cpu: 500m, memory: 4Gi}`.
    pub requests: BTreeMap<String, String>,
    /// What the container may use: `{nvidia.com/gpu: 1}`.
    pub limits: BTreeMap<String, String>,
}

/// Does the workflow search by itself?
#[derive(Debug)]
pub(in crate::config) enum SearchesEntry {
    No,
    Yes(SearchOutputsEntry),
}

/// Output parameters of a workflow that searches by itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct SearchOutputsEntry {
    /// Holds the best parameters, a JSON object. Default: `best-parameters`.
    pub best_parameters: Option<String>,
    /// Holds the value of the first objective with them. Default: `objective`.
    pub objective: Option<String>,
    /// Holds the trials, a JSON list: `[{"params": {…}, "metrics": {…}}, …]`; may be missing. Default: `trials`.
    pub trials: Option<String>,
}

struct SearchesVisitor;

impl<'de> Visitor<'de> for SearchesVisitor {
    type Value = SearchesEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or names of output parameters")
    }

    fn visit_bool<E>(self, searches: bool) -> Result<SearchesEntry, E> {
        Ok(if searches { SearchesEntry::Yes(SearchOutputsEntry::default()) } else { SearchesEntry::No })
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<SearchesEntry, A::Error> {
        SearchOutputsEntry::deserialize(MapAccessDeserializer::new(access)).map(SearchesEntry::Yes)
    }
}

impl<'de> Deserialize<'de> for SearchesEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SearchesVisitor)
    }
}

impl JsonSchema for SearchesEntry {
    fn schema_name() -> Cow<'static, str> {
        "SearchesEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let outputs = generator.subschema_for::<SearchOutputsEntry>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, outputs] })
    }
}
