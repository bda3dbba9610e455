//! Lists, and what is selected by labels.

use kube::api::{Api, DeleteParams, DynamicObject, ListParams};
use serde_json::json;

use super::{SECRETS, WORKFLOWS, client, create, get, names, patch, post, refusal, workflow, workflows};
use crate::support::kubernetes::FakeCluster;

async fn labelled(api: &Api<DynamicObject>, name: &str, labels: serde_json::Value) {
    let mut workflow = workflow(name);
    workflow["metadata"]["labels"] = labels;
    create(api, workflow).await;
}

#[tokio::test]
async fn labels_select() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    labelled(&api, "a", json!({"tunebot/instance": "1", "tunebot/sweep": "s1"})).await;
    labelled(&api, "b", json!({"tunebot/instance": "1", "tunebot/recorded": "true"})).await;
    labelled(&api, "c", json!({"tunebot/instance": "2", "tunebot/sweep": "s2"})).await;
    labelled(&api, "d", json!({})).await;
    let cases: [(&str, &[&str]); 9] = [
        ("tunebot/instance=1", &["a", "b"]),
        ("tunebot/instance=1,!tunebot/recorded", &["a"]),
        ("tunebot/instance==2", &["c"]),
        ("tunebot/instance!=1", &["c", "d"]),
        ("tunebot/instance", &["a", "b", "c"]),
        ("tunebot/sweep in (s1, s2)", &["a", "c"]),
        ("tunebot/sweep notin (s1),tunebot/instance", &["b", "c"]),
        ("tunebot/instance in (1),tunebot/sweep in (s1,s2)", &["a"]),
        ("", &["a", "b", "c", "d"]),
    ];
    for (selector, expected) in cases {
        let found = api.list(&ListParams::default().labels(selector)).await.expect("a list");
        assert_eq!(names(&found.items), expected, "{selector}");
    }
    let found = api.list(&ListParams::default().fields("metadata.name=c")).await.expect("a list");
    assert_eq!(names(&found.items), ["c"]);
    for wrong in ["a b", "a=b=c", "a in b", "/a", "a=@mika"] {
        let status = refusal(api.list(&ListParams::default().labels(wrong)).await);
        assert_eq!((status.code, status.reason.as_str()), (400, "BadRequest"), "{wrong}");
    }
    let status = refusal(api.list(&ListParams::default().fields("status.phase=Running")).await);
    assert_eq!(status.message, "field label not supported: status.phase");
}

#[tokio::test]
async fn pages_are_of_one_moment() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    for name in ["a", "b", "c", "d", "e"] {
        create(&api, workflow(name)).await;
    }
    let first = api.list(&ListParams::default().limit(2)).await.expect("a list");
    assert_eq!((names(&first.items), first.metadata.remaining_item_count), (vec!["a", "b"], Some(3)));
    api.delete("c", &DeleteParams::default()).await.expect("deleted");
    create(&api, workflow("dd")).await;
    patch(&api, "d", json!({"spec": {"shutdown": "Stop"}})).await.expect("patched");
    let token = first.metadata.continue_.clone().expect("there is more");
    let next = ListParams::default().limit(9).continue_token(&token);
    let second = api.list(&next).await.expect("a list");
    assert_eq!(names(&second.items), ["c", "d", "e"], "as they were");
    assert_eq!(second.items[1].data["spec"]["shutdown"], json!(null));
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
    assert_eq!(second.metadata.continue_.as_deref(), Some(""), "as the real server writes it");
    let selected = api.list(&ListParams::default().limit(1).labels("tunebot/instance")).await.expect("a list");
    assert_eq!(selected.metadata.remaining_item_count, None, "it is not counted for selectors");
    assert_eq!(api.list(&ListParams::default().match_any()).await.expect("a list").items.len(), 5);

    cluster.expire_watch_window();
    let status = refusal(api.list(&next).await);
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    let status = refusal(api.list(&ListParams::default().continue_token("nonsense")).await);
    assert_eq!(status.code, 400);
}

#[tokio::test]
async fn a_list_may_be_of_a_version() {
    let cluster = FakeCluster::start().await;
    post(&cluster, WORKFLOWS, workflow("a")).await;
    let version = get(&cluster, WORKFLOWS).await.1["metadata"]["resourceVersion"].as_str().expect("one").to_owned();
    post(&cluster, WORKFLOWS, workflow("b")).await;
    let count = async |query: &str| {
        let (status, answer) = get(&cluster, &format!("{WORKFLOWS}?{query}")).await;
        (status, answer["items"].as_array().map(Vec::len))
    };
    assert_eq!(count(&format!("resourceVersion={version}&resourceVersionMatch=Exact")).await, (200, Some(1)));
    assert_eq!(count(&format!("resourceVersion={version}&resourceVersionMatch=NotOlderThan")).await, (200, Some(2)));
    assert_eq!(count("resourceVersion=0&limit=1").await, (200, Some(2)), "the cache has no pages");
    assert_eq!(count("resourceVersionMatch=Exact").await, (422, None));
    assert_eq!(count("resourceVersion=abc").await, (400, None));
    assert_eq!(count("resourceVersion=999999").await, (504, None));
    cluster.expire_watch_window();
    assert_eq!(count(&format!("resourceVersion={version}&resourceVersionMatch=Exact")).await, (410, None));
}

#[tokio::test]
async fn all_that_is_selected_is_deleted_at_once() {
    let cluster = FakeCluster::start().await;
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(client(&cluster).await, "ml");
    for (name, sweep) in [("a", "s1"), ("b", "s2"), ("c", "s1")] {
        let metadata = json!({"name": name, "labels": {"tunebot/sweep": sweep}});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
        assert_eq!(post(&cluster, SECRETS, secret).await.0, 201);
    }
    let selected = ListParams::default().labels("tunebot/sweep=s1");
    secrets.delete_collection(&DeleteParams::default(), &selected).await.expect("deleted");
    assert_eq!(cluster.names("secrets"), ["b"]);
    let left = secrets.list(&ListParams::default()).await.expect("a list");
    assert_eq!(left.items[0].metadata.name.as_deref(), Some("b"));
    assert_eq!(get(&cluster, SECRETS).await.1["items"][0]["kind"], json!(null), "the list says it once");
}
