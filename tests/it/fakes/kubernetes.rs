//! The fake Kubernetes, seen by the client that tunebot uses, and by plain HTTP where that client says too little.

mod argo;
mod faults;
mod lists;
mod objects;
mod rights;
mod watches;

use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http_client;
use crate::support::kubernetes::{FakeCluster, NAMESPACE, TOKEN};

const WORKFLOWS: &str = "/apis/argoproj.io/v1alpha1/namespaces/ml/workflows";
const SECRETS: &str = "/api/v1/namespaces/ml/secrets";

fn workflow(name: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": name, "labels": {"tunebot/instance": "00ff"}},
        "spec": {
            "entrypoint": "train",
            "arguments": {"parameters": [{"name": "lr", "value": "0.1"}]},
            "templates": [{"name": "train", "container": {"image": "train:1", "command": ["train"]}}],
        },
    })
}

/// A client by the fake's kubeconfig. It repeats nothing by itself, so that a test sees each answer.
async fn client(cluster: &FakeCluster) -> Client {
    let kubeconfig = Kubeconfig::read_from(cluster.kubeconfig()).expect("a kubeconfig");
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
    config.default_retry = false;
    Client::try_from(config).expect("a client")
}

async fn workflows(cluster: &FakeCluster) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Workflow");
    Api::namespaced_with(client(cluster).await, NAMESPACE, &ApiResource::from_gvk_with_plural(&kind, "workflows"))
}

fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).expect("an object")
}

async fn create(api: &Api<DynamicObject>, value: Value) -> DynamicObject {
    api.create(&PostParams::default(), &object(value)).await.expect("created")
}

async fn patch(api: &Api<DynamicObject>, name: &str, change: Value) -> kube::Result<DynamicObject> {
    api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await
}

/// The `Status` that a call was refused with.
fn refusal<T: std::fmt::Debug>(result: kube::Result<T>) -> kube::core::Status {
    match result.expect_err("a refusal") {
        kube::Error::Api(status) => *status,
        other => panic!("{other:?}"),
    }
}

/// Status and parsed answer of a call with the right token.
async fn call(cluster: &FakeCluster, method: Method, path: &str, body: Value) -> (u16, Value) {
    let mut request = http_client().request(method, format!("{}{path}", cluster.url())).bearer_auth(TOKEN);
    if !body.is_null() {
        request = request.json(&body);
    }
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn post(cluster: &FakeCluster, path: &str, body: Value) -> (u16, Value) {
    call(cluster, Method::POST, path, body).await
}

async fn get(cluster: &FakeCluster, path: &str) -> (u16, Value) {
    call(cluster, Method::GET, path, Value::Null).await
}

fn names(items: &[DynamicObject]) -> Vec<&str> {
    items.iter().map(|item| item.metadata.name.as_deref().expect("a name")).collect()
}
