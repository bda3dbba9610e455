//! Requests for workflows.

use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams};
use serde_json::Value;

use super::connection::{Connected, Connection};
use super::fault::Fault;
use super::object::Workflow;
use crate::domain::ids::AttemptId;

/// # Errors
/// [`Fault`]; [`Fault::Refused`] also for what is no Kubernetes object at all.
pub async fn create(connection: &Connection, manifest: Value) -> Result<(), Fault> {
    let object: DynamicObject = serde_json::from_value(manifest).map_err(|error| Fault::Refused(error.to_string()))?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Workflow"));
    let request = |to: Connected| async move {
        let workflows: Api<DynamicObject> = Api::namespaced_with(to.client, &to.namespace, &resource);
        workflows.create(&PostParams::default(), &object).await.map(drop)
    };
    connection.write(request).await
}

/// # Errors
/// [`Fault`]
pub async fn get(connection: &Connection, attempt: &AttemptId) -> Result<Workflow, Fault> {
    let name = attempt.to_string();
    connection.read(|to: Connected| async move { api(to).get(&name).await }).await
}

/// A merge patch (RFC 7386).
///
/// # Errors
/// [`Fault`]
pub async fn patch(connection: &Connection, attempt: &AttemptId, patch: &Value) -> Result<(), Fault> {
    let name = attempt.to_string();
    let request = |to: Connected| async move {
        api(to).patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
    };
    connection.write(request).await
}

/// # Errors
/// [`Fault`]
pub async fn list(connection: &Connection, labels: &str) -> Result<Vec<Workflow>, Fault> {
    let of = ListParams::default().labels(labels);
    connection.read(|to: Connected| async move { api(to).list(&of).await.map(|list| list.items) }).await
}

pub fn api(to: Connected) -> Api<Workflow> {
    Api::namespaced(to.client, &to.namespace)
}
