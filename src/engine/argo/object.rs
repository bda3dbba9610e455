//! The Workflow object as the watch reads it: only what is used, and leniently. A workflow of a thousand pods is
//! hundreds of kilobytes, of which this keeps a few.

mod lenient;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::{Deserialize, Deserializer};

use crate::engine::argo::manifest::names::PREFIX;

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Workflow {
    /// Without managed fields and without annotations that are not tunebot's.
    #[serde(default, deserialize_with = "metadata")]
    pub metadata: ObjectMeta,
    #[serde(default, deserialize_with = "lenient::object")]
    pub spec: Spec,
    #[serde(default, deserialize_with = "lenient::object")]
    pub status: Status,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    #[serde(deserialize_with = "lenient::plain")]
    pub shutdown: String,
    #[serde(deserialize_with = "lenient::flag")]
    pub suspend: bool,
    #[serde(deserialize_with = "lenient::text")]
    pub active_deadline_seconds: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    #[serde(deserialize_with = "lenient::plain")]
    pub phase: String,
    #[serde(deserialize_with = "lenient::plain")]
    pub progress: String,
    #[serde(deserialize_with = "lenient::plain")]
    pub message: String,
    #[serde(deserialize_with = "lenient::instant")]
    pub started_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::instant")]
    pub finished_at: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::object")]
    pub outputs: Outputs,
    #[serde(deserialize_with = "lenient::object")]
    pub nodes: Nodes,
    /// The nodes in another form, when they would be too large.
    #[serde(deserialize_with = "lenient::plain")]
    pub compressed_nodes: String,
    /// Set when the nodes are in a database of the controller.
    #[serde(deserialize_with = "lenient::plain")]
    pub offload_node_status_version: String,
}

/// Nodes by id.
pub type Nodes = BTreeMap<String, Node>;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub kind: String,
    pub phase: String,
    pub message: String,
    pub finished_at: Option<Timestamp>,
    pub outputs: Outputs,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Outputs {
    #[serde(deserialize_with = "lenient::list")]
    pub parameters: Vec<OutputParameter>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputParameter {
    pub name: String,
    /// `None`: it never came to be.
    pub value: Option<String>,
}

/// Elements of maps and lists have no field to hang a rule on: they read themselves leniently.
macro_rules! read_leniently {
    ($type:ident { $($field:ident: $name:literal, $kind:ty, $rule:literal;)+ }) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Default, Deserialize)]
                #[serde(default)]
                struct Fields {
                    $(#[serde(rename = $name, deserialize_with = $rule)] $field: $kind,)+
                }
                let fields: Fields = lenient::object(deserializer)?;
                Ok(Self { $($field: fields.$field,)+ })
            }
        }
    };
}

read_leniently!(Node {
    id: "id", String, "lenient::plain";
    name: "name", String, "lenient::plain";
    display_name: "displayName", String, "lenient::plain";
    kind: "type", String, "lenient::plain";
    phase: "phase", String, "lenient::plain";
    message: "message", String, "lenient::plain";
    finished_at: "finishedAt", Option<Timestamp>, "lenient::instant";
    outputs: "outputs", Outputs, "lenient::object";
});

read_leniently!(OutputParameter {
    name: "name", String, "lenient::plain";
    value: "value", Option<String>, "lenient::text";
});

/// The part of the metadata that is used. What a cluster's bookkeeping adds is skipped, never built.
fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Fields {
        #[serde(deserialize_with = "lenient::text")]
        name: Option<String>,
        #[serde(deserialize_with = "lenient::text")]
        namespace: Option<String>,
        #[serde(deserialize_with = "lenient::text")]
        uid: Option<String>,
        #[serde(deserialize_with = "lenient::text")]
        resource_version: Option<String>,
        #[serde(deserialize_with = "lenient::instant")]
        creation_timestamp: Option<Timestamp>,
        #[serde(deserialize_with = "lenient::instant")]
        deletion_timestamp: Option<Timestamp>,
        #[serde(deserialize_with = "lenient::texts")]
        labels: BTreeMap<String, String>,
        #[serde(deserialize_with = "lenient::texts")]
        annotations: BTreeMap<String, String>,
    }
    let mut fields: Fields = lenient::object(deserializer)?;
    fields.annotations.retain(|key, _| key.starts_with(PREFIX));
    Ok(ObjectMeta {
        name: fields.name,
        namespace: fields.namespace,
        uid: fields.uid,
        resource_version: fields.resource_version,
        creation_timestamp: fields.creation_timestamp.map(Time),
        deletion_timestamp: fields.deletion_timestamp.map(Time),
        labels: Some(fields.labels),
        annotations: Some(fields.annotations),
        ..ObjectMeta::default()
    })
}

impl kube::Resource for Workflow {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Workflow".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "argoproj.io".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1alpha1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "workflows".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
