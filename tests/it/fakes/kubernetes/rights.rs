//! Tokens, rights, and reviews of them.

use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use kube::Api;
use kube::api::{ListParams, PostParams};
use reqwest::Method;
use serde_json::{Value, json};

use super::{WORKFLOWS, call, client, create, get, object, patch, post, refusal, workflow, workflows};
use crate::support::http_client;
use crate::support::kubernetes::FakeCluster;

#[tokio::test]
async fn a_token_is_needed() {
    let cluster = FakeCluster::start().await;
    for token in [None, Some("another")] {
        let mut request = http_client().get(format!("{}{WORKFLOWS}", cluster.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 401);
        let status: Value = response.json().await.expect("a status");
        assert_eq!((&status["kind"], &status["reason"]), (&json!("Status"), &json!("Unauthorized")));
    }
    let api = workflows(&cluster).await;
    assert!(api.list(&ListParams::default()).await.is_ok());
    cluster.revoke_token();
    assert_eq!(refusal(api.list(&ListParams::default()).await).code, 401);
}

#[tokio::test]
async fn a_right_that_is_missing_is_named() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    create(&api, workflow("a")).await;
    cluster.deny("create", "workflows");
    cluster.deny("patch", "workflows");
    let refused = refusal(api.create(&PostParams::default(), &object(workflow("b"))).await);
    assert!(refused.is_forbidden());
    assert_eq!(
        refused.message,
        "workflows.argoproj.io is forbidden: User \"system:serviceaccount:tunebot:tunebot\" cannot create resource \
         \"workflows\" in API group \"argoproj.io\" in the namespace \"ml\""
    );
    let refused = refusal(patch(&api, "a", json!({})).await);
    assert_eq!(
        refused.message,
        "workflows.argoproj.io \"a\" is forbidden: User \"system:serviceaccount:tunebot:tunebot\" cannot patch resource \
         \"workflows\" in API group \"argoproj.io\" in the namespace \"ml\""
    );
    cluster.allow("create", "workflows");
    create(&api, workflow("b")).await;
}

#[tokio::test]
async fn rights_end_with_the_namespace() {
    let cluster = FakeCluster::start().await;
    let (status, answer) = get(&cluster, "/apis/argoproj.io/v1alpha1/workflows").await;
    assert_eq!(status, 403);
    assert!(answer["message"].as_str().expect("text").ends_with("at the cluster scope"), "{answer}");
    let elsewhere = WORKFLOWS.replace("/ml/", "/other/");
    assert_eq!(get(&cluster, &elsewhere).await.0, 403);
    cluster.add_namespace("other");
    assert_eq!(post(&cluster, &elsewhere, workflow("a")).await.0, 201);
    assert_eq!(get(&cluster, WORKFLOWS).await.1["items"], json!([]));
    let (status, _) =
        call(&cluster, Method::GET, "/apis/argoproj.io/v1alpha1/clusterworkflowtemplates", Value::Null).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_review_tells_what_is_allowed() {
    let cluster = FakeCluster::start().await;
    cluster.deny("delete", "secrets");
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client(&cluster).await);
    let allowed = async |verb: &str, group: &str, resource: &str, namespace: &str| {
        let asked = json!({"verb": verb, "group": group, "resource": resource, "namespace": namespace});
        let review = json!({"spec": {"resourceAttributes": asked}});
        let review = serde_json::from_value(review).expect("a review");
        reviews.create(&PostParams::default(), &review).await.expect("an answer").status.expect("a status").allowed
    };
    assert!(allowed("create", "argoproj.io", "workflows", "ml").await);
    assert!(!allowed("create", "", "workflows", "ml").await, "another group");
    assert!(!allowed("create", "argoproj.io", "workflows", "other").await);
    assert!(!allowed("list", "argoproj.io", "workflows", "").await, "in all namespaces");
    assert!(allowed("get", "argoproj.io", "clusterworkflowtemplates", "").await);
    assert!(allowed("create", "", "secrets", "ml").await && !allowed("delete", "", "secrets", "ml").await);
}
