//! Kubernetes knows every field that is rendered: read into its own types and written again, nothing is lost. A field with
//! a slip in its name, or at a wrong place, would be.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{TEAM, chart, switched, values};

/// The manifest as Kubernetes reads it.
fn read<T: DeserializeOwned + Serialize>(manifest: &Value) -> Value {
    let read: T = serde_json::from_value(manifest.clone()).unwrap_or_else(|error| panic!("{error}: {manifest}"));
    serde_json::to_value(read).expect("what was read can be written")
}

/// None: a kind that is not Kubernetes' own.
fn known(manifest: &Value) -> Option<Value> {
    let kind = format!("{}/{}", manifest["apiVersion"], manifest["kind"]).replace('"', "");
    Some(match kind.as_str() {
        "apps/v1/Deployment" => read::<Deployment>(manifest),
        "batch/v1/Job" => read::<Job>(manifest),
        "networking.k8s.io/v1/Ingress" => read::<Ingress>(manifest),
        "networking.k8s.io/v1/NetworkPolicy" => read::<NetworkPolicy>(manifest),
        "policy/v1/PodDisruptionBudget" => read::<PodDisruptionBudget>(manifest),
        "rbac.authorization.k8s.io/v1/ClusterRole" => read::<ClusterRole>(manifest),
        "rbac.authorization.k8s.io/v1/ClusterRoleBinding" => read::<ClusterRoleBinding>(manifest),
        "rbac.authorization.k8s.io/v1/Role" => read::<Role>(manifest),
        "rbac.authorization.k8s.io/v1/RoleBinding" => read::<RoleBinding>(manifest),
        "v1/ConfigMap" => read::<ConfigMap>(manifest),
        "v1/PersistentVolumeClaim" => read::<PersistentVolumeClaim>(manifest),
        "v1/Pod" => read::<Pod>(manifest),
        "v1/Service" => read::<Service>(manifest),
        "v1/ServiceAccount" => read::<ServiceAccount>(manifest),
        "gateway.networking.k8s.io/v1/HTTPRoute"
        | "monitoring.coreos.com/v1/PrometheusRule"
        | "monitoring.coreos.com/v1/ServiceMonitor" => return None,
        other => panic!("what is {other}?"),
    })
}

#[test]
fn kubernetes_knows_every_field_of_every_manifest() {
    let team = values(TEAM);
    let all = switched(|_| true).map(|all| {
        let source = json!({"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "monday"});
        all.set("service", json!({"type": "NodePort", "nodePort": 30080, "annotations": {"a": "b"}}))
            .set("persistence", json!({"storageClass": "gp3", "annotations": {"a": "b"}, "dataSource": source}))
            .set("image", json!({"pullSecrets": [{"name": "registry"}]}))
            .set("files", json!({"workflows/a.yaml": "kind: Workflow"}))
            .set("priorityClassName", "important")
    });
    let of_team = chart().map(|chart| chart.values(team.path()));
    for release in [all, of_team, chart()].into_iter().flatten() {
        for manifest in &release.render().0 {
            if let Some(known) = known(manifest) {
                assert_eq!(&known, manifest, "left: what Kubernetes knows of it");
            }
        }
    }
}

#[test]
fn a_slip_in_the_name_of_a_field_would_be_seen() {
    let slip =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}, "automountToken": false});
    assert_ne!(known(&slip), Some(slip.clone()));
}
