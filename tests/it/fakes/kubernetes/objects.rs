//! Create, get, patch and delete.

use kube::api::{DeleteParams, PostParams, Preconditions};
use reqwest::Method;
use serde_json::{Value, json};

use super::{SECRETS, WORKFLOWS, call, create, get, object, patch, post, refusal, workflow, workflows};
use crate::support::http_client;
use crate::support::kubernetes::{FakeCluster, TOKEN};

#[tokio::test]
async fn an_object_is_made_once_and_found_by_its_name() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    let made = create(&api, workflow("resnet-1-1")).await;
    assert!(made.metadata.uid.is_some() && made.metadata.creation_timestamp.is_some());
    assert_eq!((made.metadata.generation, made.metadata.namespace.as_deref()), (Some(1), Some("ml")));
    let again = refusal(api.create(&PostParams::default(), &object(workflow("resnet-1-1"))).await);
    assert!(again.is_already_exists());
    assert_eq!(api.get("resnet-1-1").await.expect("it is there").metadata.uid, made.metadata.uid);
    let missing = refusal(api.get("resnet-2-1").await);
    assert!(missing.is_not_found());
    assert_eq!(missing.message, r#"workflows.argoproj.io "resnet-2-1" not found"#);
}

#[tokio::test]
async fn a_refusal_is_a_whole_status() {
    let cluster = FakeCluster::start().await;
    post(&cluster, WORKFLOWS, workflow("a")).await;
    assert_eq!(
        post(&cluster, WORKFLOWS, workflow("a")).await,
        (
            409,
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "workflows.argoproj.io \"a\" already exists", "reason": "AlreadyExists",
                "details": {"name": "a", "group": "argoproj.io", "kind": "workflows"}, "code": 409,
            })
        )
    );
}

#[tokio::test]
async fn what_is_not_right_is_not_stored() {
    let cluster = FakeCluster::start().await;
    let changed = |path: &str, value: Value| {
        let mut workflow = workflow("a");
        *workflow.pointer_mut(path).expect("a field") = value;
        workflow
    };
    let cases = [
        (
            changed("/kind", json!("Job")),
            422,
            "Job.argoproj.io \"a\" is invalid: kind: Invalid value: \"Job\": must be Workflow",
        ),
        (changed("/apiVersion", json!("argoproj.io/v1")), 400, "does not match the expected API version"),
        (changed("/kind", Value::Null), 400, "Object 'Kind' is missing"),
        (changed("/metadata/name", json!("")), 422, "metadata.name: Required value: name or generateName is required"),
        (changed("/metadata/name", json!("Resnet_1")), 422, "a lowercase RFC 1123 subdomain must consist of"),
        (changed("/metadata/name", json!("-a")), 422, "metadata.name: Invalid value: \"-a\""),
        (changed("/metadata/name", json!("a".repeat(254))), 422, "must be no more than 253 characters"),
        (changed("/metadata/labels", json!({"a": "x".repeat(64)})), 422, "must be no more than 63 characters"),
        (
            changed("/metadata/labels", json!({"a": "@mika"})),
            422,
            "a valid label must be an empty string or consist of",
        ),
        (changed("/metadata/labels", json!({"a/b/c": "x"})), 422, "metadata.labels: Invalid value: \"a/b/c\""),
        (changed("/metadata/labels", json!({"a": 1})), 400, "cannot unmarshal number into Go struct field"),
        (
            changed("/metadata", json!({"name": "a", "annotations": {"a": "x".repeat(270_000)}})),
            422,
            "metadata.annotations: Too long",
        ),
        (changed("/metadata", json!({"name": "a", "namespace": "other"})), 400, "does not match the namespace sent"),
        (changed("/metadata", json!({"name": "a", "resourceVersion": "7"})), 500, "resourceVersion should not be set"),
        (changed("/spec", Value::Null), 422, "spec: Required value"),
        (changed("/spec", json!({"x": "x".repeat(1_600_000)})), 500, "etcdserver: request is too large"),
        (changed("/spec", json!({"x": "x".repeat(3_200_000)})), 413, "Request entity too large"),
    ];
    for (wrong, code, part) in cases {
        let (status, answer) = post(&cluster, WORKFLOWS, wrong).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(status == code && message.contains(part), "{part}: {status} {message}");
        assert_eq!((&answer["kind"], &answer["code"]), (&json!("Status"), &json!(code)));
    }
    assert!(cluster.names("workflows").is_empty());
    let longest = changed("/metadata/name", json!("a".repeat(253)));
    assert_eq!(post(&cluster, WORKFLOWS, longest).await.0, 201);
}

#[tokio::test]
async fn an_address_or_a_namespace_that_is_not_there_is_not_found() {
    let cluster = FakeCluster::start().await;
    for path in ["/apis/argoproj.io/v1alpha1/namespaces/ml/cronworkflows", "/apis/batch/v1/namespaces/ml/jobs", "/x"] {
        assert_eq!(get(&cluster, path).await, (404, Value::Null), "the page is no JSON");
    }
    let (status, answer) = call(&cluster, Method::PUT, &format!("{WORKFLOWS}/a"), workflow("a")).await;
    assert_eq!((status, &answer["reason"]), (405, &json!("MethodNotAllowed")));
}

#[tokio::test]
async fn a_name_can_be_generated_and_a_dry_run_leaves_nothing() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    let mut nameless = workflow("");
    nameless["metadata"] = json!({"generateName": "resnet-"});
    let mut dry = PostParams { dry_run: true, ..PostParams::default() };
    let made = api.create(&dry, &object(nameless.clone())).await.expect("right");
    assert!(made.metadata.name.expect("a name").starts_with("resnet-"));
    assert!(cluster.names("workflows").is_empty());
    dry.dry_run = false;
    for _ in 0..2 {
        api.create(&dry, &object(nameless.clone())).await.expect("made");
    }
    assert_eq!(cluster.names("workflows").len(), 2);
}

#[tokio::test]
async fn a_merge_patch_changes_what_it_names() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    let made = create(&api, workflow("a")).await;
    let change = json!({"spec": {"shutdown": "Stop", "entrypoint": null}, "metadata": {"annotations": {"b": "c"}}});
    let patched = patch(&api, "a", change.clone()).await.expect("patched");
    assert_eq!(
        (&patched.data["spec"]["shutdown"], &patched.data["spec"]["entrypoint"]),
        (&json!("Stop"), &Value::Null)
    );
    assert_eq!(patched.data["spec"]["templates"], workflow("a")["spec"]["templates"]);
    assert_eq!(patched.metadata.generation, Some(2));
    assert!(patched.metadata.resource_version > made.metadata.resource_version);
    let same = patch(&api, "a", change).await.expect("patched");
    assert_eq!(same.metadata.resource_version, patched.metadata.resource_version, "nothing has changed");
    let labelled = patch(&api, "a", json!({"metadata": {"labels": {"x": "y"}}})).await.expect("patched");
    assert_eq!(labelled.metadata.generation, Some(2), "metadata has no generation");
}

#[tokio::test]
async fn a_patch_that_cannot_be_is_refused() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    create(&api, workflow("a")).await;
    assert!(refusal(patch(&api, "b", json!({})).await).is_not_found());
    let stale = refusal(patch(&api, "a", json!({"metadata": {"resourceVersion": "7"}, "spec": {"x": 1}})).await);
    assert!(stale.is_conflict() && !stale.is_already_exists());
    assert_eq!(
        stale.message,
        "Operation cannot be fulfilled on workflows.argoproj.io \"a\": the object has been modified; please apply your \
         changes to the latest version and try again"
    );
    let cases = [
        (json!({"metadata": {"name": "b"}}), 400, "does not match the name on the URL (a)"),
        (json!({"metadata": {"namespace": "b"}}), 400, "does not match the namespace sent on the request"),
        (json!({"metadata": {"uid": "b"}}), 422, "metadata.uid: Invalid value: \"b\": field is immutable"),
        (json!({"metadata": {"resourceVersion": null}}), 422, "must be specified for an update"),
        (json!({"metadata": {"labels": {"a": "@mika"}}}), 422, "a valid label must be"),
        (json!({"metadata": {"labels": {"a": 1}}}), 422, "patch: Invalid value"),
        (json!({"kind": "Job"}), 422, "must be Workflow"),
    ];
    for (change, code, part) in cases {
        let status = refusal(patch(&api, "a", change).await);
        assert!(status.code == code && status.message.contains(part), "{part}: {status:?}");
    }
    for kind in
        ["application/json-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"]
    {
        let request = http_client().patch(format!("{}{WORKFLOWS}/a", cluster.url())).bearer_auth(TOKEN);
        let answer = request.header("content-type", kind).body("{}").send().await.expect("an answer");
        assert_eq!(answer.status(), 415, "{kind}");
    }
}

#[tokio::test]
async fn a_deletion_may_be_meant_for_one_object_only() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    let made = create(&api, workflow("a")).await;
    let of_uid = |uid: Option<String>| DeleteParams {
        preconditions: Some(Preconditions { uid, resource_version: None }),
        ..DeleteParams::background()
    };
    let other = refusal(api.delete("a", &of_uid(Some("another".to_owned()))).await);
    assert!(other.is_conflict(), "{other:?}");
    let status = api.delete("a", &of_uid(made.metadata.uid)).await.expect("deleted").right().expect("a status");
    assert_eq!(status.details.expect("details").kind, "workflows");
    assert!(refusal(api.delete("a", &DeleteParams::default()).await).is_not_found());
}

#[tokio::test]
async fn a_finalizer_holds_a_deletion_back() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    create(&api, workflow("a")).await;
    patch(&api, "a", json!({"metadata": {"finalizers": ["example.com/wait"]}})).await.expect("patched");
    let marked = api.delete("a", &DeleteParams::default()).await.expect("marked").left().expect("an object");
    assert!(marked.metadata.deletion_timestamp.is_some());
    patch(&api, "a", json!({"metadata": {"finalizers": null}})).await.expect("patched");
    assert!(cluster.names("workflows").is_empty());
}

#[tokio::test]
async fn secrets_have_rules_of_their_own() {
    let cluster = FakeCluster::start().await;
    let secret = |data: Value, strings: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data, "stringData": strings});
    let cases = [
        (secret(json!({"a": "not base64"}), json!({})), 400, "illegal base64"),
        (secret(json!({}), json!({"a b": "x"})), 422, "a valid config key must consist of"),
        (
            secret(json!({}), json!({"a": "x".repeat(1_100_000)})),
            422,
            "data: Too long: may not be more than 1048576 bytes",
        ),
        (json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "s"}}), 400, "cannot be handled as a Secret"),
    ];
    for (wrong, code, part) in cases {
        let (status, answer) = post(&cluster, SECRETS, wrong).await;
        assert!(status == code && answer["message"].as_str().unwrap_or_default().contains(part), "{answer}");
    }
    let (_, made) = post(&cluster, SECRETS, secret(json!({"a": "YQ=="}), json!({"resnet-1-1": "token"}))).await;
    assert_eq!((&made["data"], &made["type"]), (&json!({"a": "YQ==", "resnet-1-1": "dG9rZW4="}), &json!("Opaque")));
    assert_eq!(made["stringData"], Value::Null, "it is written only");
    let path = format!("{SECRETS}/s");
    let request = http_client().patch(format!("{}{path}", cluster.url())).bearer_auth(TOKEN);
    let request = request.header("content-type", "application/merge-patch+json");
    let answer = request.body(json!({"stringData": {"b": "b"}, "immutable": true}).to_string()).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    assert_eq!(get(&cluster, &path).await.1["data"]["b"], "Yg==");
}
