//! Faults that a test asks for, and the counts of requests.

use kube::api::{ListParams, PostParams};
use serde_json::json;

use super::{WORKFLOWS, create, object, post, refusal, workflow, workflows};
use crate::support::fault::Fault;
use crate::support::http_client;
use crate::support::kubernetes::{FakeCluster, TOKEN};

#[tokio::test]
async fn a_busy_server_says_when_to_come_back() {
    let cluster = FakeCluster::start().await;
    cluster.inject("create", "workflows", Fault::RateLimited { retry_after: 3 });
    let request = http_client().post(format!("{}{WORKFLOWS}", cluster.url())).bearer_auth(TOKEN);
    let answer = request.json(&workflow("a")).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"3".parse().expect("a value")));
    let status: serde_json::Value = answer.json().await.expect("a status");
    assert_eq!((&status["reason"], &status["details"]["retryAfterSeconds"]), (&json!("TooManyRequests"), &json!(3)));
    assert!(cluster.names("workflows").is_empty());
}

#[tokio::test]
async fn failures_come_as_often_as_asked_for_and_only_to_their_kind() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    cluster.inject_times(2, "create", "workflows", &Fault::Status(500));
    for code in [503, 504] {
        cluster.inject("create", "workflows", Fault::Status(code));
    }
    assert!(api.list(&ListParams::default()).await.is_ok());
    for code in [500, 500, 503, 504] {
        assert_eq!(refusal(api.create(&PostParams::default(), &object(workflow("a"))).await).code, code);
    }
    create(&api, workflow("a")).await;
    let counts =
        (cluster.requests("create", "workflows"), cluster.requests("list", "workflows"), cluster.faults_left());
    assert_eq!(counts, (5, 1, 0));
}

#[tokio::test]
async fn an_answer_is_lost_after_the_deed() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    cluster.inject("create", "workflows", Fault::DropBefore);
    cluster.inject("create", "workflows", Fault::DropAfter);
    for expected in [0, 1] {
        let lost = api.create(&PostParams::default(), &object(workflow("a"))).await.expect_err("no answer");
        assert!(!matches!(lost, kube::Error::Api(_)), "{lost:?}");
        assert_eq!(cluster.names("workflows").len(), expected);
    }
    assert!(refusal(api.create(&PostParams::default(), &object(workflow("a"))).await).is_already_exists());
}

#[tokio::test]
async fn a_request_is_held() {
    let cluster = FakeCluster::start().await;
    let (before, after) = (cluster.hold_before("create", "workflows"), cluster.hold_after("create", "workflows"));
    let test = async {
        before.reached().await;
        assert!(cluster.names("workflows").is_empty());
        before.open();
        after.reached().await;
        assert_eq!(cluster.names("workflows"), ["a", "b"]);
        after.open();
    };
    let calls =
        async { (post(&cluster, WORKFLOWS, workflow("a")).await.0, post(&cluster, WORKFLOWS, workflow("b")).await.0) };
    let ((), statuses) = tokio::join!(test, calls);
    assert_eq!(statuses, (201, 201));
}

#[tokio::test]
async fn the_address_stays_the_same_while_the_cluster_is_away() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    create(&api, workflow("a")).await;
    for _ in 0..3 {
        cluster.go_away().await;
        let error = api.get("a").await.expect_err("it is away");
        assert!(!matches!(error, kube::Error::Api(_)), "{error:?}");
        cluster.come_back();
        assert!(api.get("a").await.is_ok(), "nothing is lost");
    }
}
