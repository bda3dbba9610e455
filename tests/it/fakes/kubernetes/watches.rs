//! Watches, by the watcher that tunebot uses, and event by event where that one hides something.

use std::future::poll_fn;
use std::pin::{Pin, pin};

use kube::api::{DynamicObject, WatchEvent, WatchParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::{Value, json};

use super::{WORKFLOWS, create, patch, workflow, workflows};
use crate::support::fault::Fault;
use crate::support::http_client;
use crate::support::kubernetes::{FakeCluster, TOKEN};
use crate::support::watched::PATIENCE;

/// The next item of a stream.
async fn next<S: WatchStreamExt>(mut stream: Pin<&mut S>) -> S::Item {
    let next = poll_fn(|context| stream.as_mut().poll_next(context));
    tokio::time::timeout(PATIENCE, next).await.expect("no event").expect("the stream has ended")
}

/// Events of a watcher in words, errors among them, as far as `last`.
async fn told<S>(mut stream: Pin<&mut S>, last: &str) -> Vec<String>
where
    S: WatchStreamExt<Item = watcher::Result<Event<DynamicObject>>>,
{
    let name = |object: DynamicObject| object.metadata.name.unwrap_or_default();
    let mut told = Vec::new();
    while told.last().is_none_or(|told: &String| !told.starts_with(last)) {
        told.push(match next(stream.as_mut()).await {
            Ok(Event::Init) => "init".to_owned(),
            Ok(Event::InitApply(object)) => format!("listed {}", name(object)),
            Ok(Event::InitDone) => "done".to_owned(),
            Ok(Event::Apply(object)) => format!("apply {}", name(object)),
            Ok(Event::Delete(object)) => format!("delete {}", name(object)),
            Err(watcher::Error::WatchError(status)) => format!("error {} {}", status.code, status.reason),
            Err(watcher::Error::WatchStartFailed(kube::Error::Api(status))) => format!("refused {}", status.code),
            Err(_) => "broken".to_owned(),
        });
    }
    // A cluster that is away is tried again and again.
    told.dedup();
    told
}

fn selected() -> watcher::Config {
    watcher::Config::default().labels("tunebot/instance=00ff,!tunebot/recorded")
}

#[tokio::test]
async fn a_watcher_sees_what_is_there_and_what_comes() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    create(&api, workflow("a")).await;
    let mut stream = pin!(watcher(api.clone(), selected()));
    assert_eq!(told(stream.as_mut(), "done").await, ["init", "listed a", "done"]);
    create(&api, workflow("b")).await;
    assert_eq!(told(stream.as_mut(), "apply b").await, ["apply b"]);
    cluster.argo().start("a");
    assert_eq!(told(stream.as_mut(), "apply a").await, ["apply a"]);
    cluster.argo().delete("a");
    assert_eq!(told(stream.as_mut(), "delete a").await, ["delete a"]);
    let mut other = workflow("of-another");
    other["metadata"]["labels"] = json!({"tunebot/instance": "ffff"});
    cluster.put(other);
    patch(&api, "of-another", json!({"metadata": {"labels": {"tunebot/instance": "00ff"}}})).await.expect("patched");
    assert_eq!(told(stream.as_mut(), "apply").await, ["apply of-another"], "it begins to be selected");
    patch(&api, "b", json!({"metadata": {"labels": {"tunebot/recorded": "true"}}})).await.expect("patched");
    assert_eq!(told(stream.as_mut(), "delete").await, ["delete b"], "it ends to be selected");
}

#[tokio::test]
async fn a_watcher_goes_on_where_it_was() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    let mut stream = pin!(watcher(api.clone(), selected()));
    assert_eq!(told(stream.as_mut(), "done").await, ["init", "done"]);
    cluster.put(workflow("a"));
    assert_eq!(told(stream.as_mut(), "apply a").await, ["apply a"]);
    cluster.close_watches();
    cluster.put(workflow("b"));
    assert_eq!(told(stream.as_mut(), "apply b").await, ["apply b"]);
    cluster.break_connections();
    cluster.argo().delete("a");
    assert_eq!(told(stream.as_mut(), "delete a").await.last().map(String::as_str), Some("delete a"));
    assert_eq!(cluster.requests("list", "workflows"), 1, "nothing was listed again");
}

#[tokio::test]
async fn a_watcher_lists_again_when_it_is_too_late() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    cluster.put(workflow("a"));
    cluster.put(workflow("b"));
    let mut stream = pin!(watcher(api.clone(), selected()));
    told(stream.as_mut(), "done").await;
    cluster.go_away().await;
    cluster.argo().delete("a");
    cluster.put(workflow("c"));
    cluster.expire_watch_window();
    cluster.come_back();
    let told = told(stream.as_mut(), "done").await;
    let rest: Vec<&str> = told.iter().map(String::as_str).filter(|told| *told != "broken").collect();
    assert_eq!(rest, ["error 410 Expired", "init", "listed b", "listed c", "done"], "{told:?}");
}

#[tokio::test]
async fn a_watch_is_refused_while_the_cluster_is_away_and_goes_on_afterwards() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    let mut stream = pin!(watcher(api.clone(), selected()));
    told(stream.as_mut(), "done").await;
    cluster.put(workflow("before"));
    assert_eq!(told(stream.as_mut(), "apply").await, ["apply before"]);
    assert_eq!(cluster.read(|world| world.watches), 1);
    cluster.go_away().await;
    cluster.wait_for_watches(0).await;
    assert_eq!(told(stream.as_mut(), "broken").await.last().map(String::as_str), Some("broken"));
    assert!(http_client().get(cluster.url()).send().await.expect_err("nobody listens").is_connect());
    cluster.come_back();
    cluster.put(workflow("a"));
    assert_eq!(told(stream.as_mut(), "apply").await.last().map(String::as_str), Some("apply a"));
    cluster.wait_for_watches(1).await;
}

#[tokio::test]
async fn a_watch_may_be_refused_outright() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    cluster.inject("watch", "workflows", Fault::Status(410));
    let mut stream = pin!(watcher(api.clone(), selected()));
    assert_eq!(told(stream.as_mut(), "refused").await, ["init", "done", "refused 410"]);
    cluster.deny("watch", "workflows");
    assert_eq!(told(stream.as_mut(), "refused 403").await, ["refused 403"]);
}

#[tokio::test]
async fn a_streaming_list_ends_with_a_mark() {
    let cluster = FakeCluster::start().await;
    cluster.put(workflow("a"));
    let mut stream = pin!(watcher(workflows(&cluster).await, selected().streaming_lists()));
    assert_eq!(told(stream.as_mut(), "done").await, ["init", "listed a", "done"]);
    cluster.put(workflow("b"));
    assert_eq!(told(stream.as_mut(), "apply b").await, ["apply b"]);
    assert_eq!(cluster.requests("list", "workflows"), 0);
}

/// The lines of a watch that ends by itself.
async fn lines(cluster: &FakeCluster, query: &str) -> Vec<Value> {
    let request = http_client().get(format!("{}{WORKFLOWS}?watch=true&{query}", cluster.url())).bearer_auth(TOKEN);
    let text = request.send().await.expect("an answer").text().await.expect("lines");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn the_log_is_replayed_from_a_version() {
    let cluster = FakeCluster::start().await;
    let version = cluster.read(|world| world.version);
    cluster.put(workflow("a"));
    cluster.argo().start("a");
    cluster.argo().delete("a");
    let mut events =
        lines(&cluster, &format!("resourceVersion={version}&timeoutSeconds=1&allowWatchBookmarks=true")).await;
    let mark = events.pop().expect("a bookmark");
    assert_eq!((&mark["type"], &mark["object"]["kind"]), (&json!("BOOKMARK"), &json!("Workflow")));
    assert_eq!(mark["object"]["metadata"]["resourceVersion"], (version + 3).to_string());
    let kinds: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["ADDED", "MODIFIED", "DELETED"]);
    for (number, event) in (1..).zip(&events) {
        assert_eq!(event["object"]["metadata"]["resourceVersion"], (version + number).to_string());
    }
    assert_eq!(events[2]["object"]["status"]["phase"], "Running", "as it was before its end");
    cluster.expire_watch_window();
    let events = lines(&cluster, &format!("resourceVersion={version}")).await;
    let [expired] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((&expired["type"], &expired["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert!(expired["object"]["message"].as_str().expect("text").starts_with("too old resource version: "));
}

#[tokio::test]
async fn bookmarks_carry_a_watch_past_what_is_forgotten() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    let version = cluster.read(|world| world.version);
    let mut stream = pin!(api.watch(&WatchParams::default(), &version.to_string()).await.expect("a watch"));
    cluster.expire_watch_window();
    cluster.send_bookmarks();
    let WatchEvent::Bookmark(mark) = next_event(stream.as_mut()).await else { panic!("no bookmark") };
    cluster.put(workflow("a"));
    let WatchEvent::Added(_) = next_event(stream.as_mut()).await else { panic!("a watch that is open goes on") };
    let again = api.watch(&WatchParams::default(), &mark.metadata.resource_version).await.expect("a watch");
    let WatchEvent::Added(added) = next_event(pin!(again)).await else { panic!("it is not too old") };
    assert_eq!(added.metadata.name.as_deref(), Some("a"));
}

async fn next_event<S>(stream: Pin<&mut S>) -> WatchEvent<DynamicObject>
where
    S: WatchStreamExt<Item = kube::Result<WatchEvent<DynamicObject>>>,
{
    next(stream).await.expect("an event")
}
