//! A cluster that is busy, in trouble or away.

use jiff::SignedDuration;
use tunebot::engine::Engine;

use super::site::{OWNER, Watched, cluster, engine, engine_of, launch, transient};
use crate::support::fault::Fault;

const A: &str = "resnet-k3f9q2-0-1";

#[tokio::test]
async fn a_busy_cluster_is_left_alone_for_as_long_as_it_asks() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    cluster.inject("create", "workflows", Fault::RateLimited { retry_after: 7 });
    let (_, after) = transient(engine.submit(&launch(A)).await);
    assert_eq!(after, Some(SignedDuration::from_secs(7)));
    assert_eq!(cluster.requests("create", "workflows"), 1, "it is not pressed");
    engine.submit(&launch(A)).await.unwrap();
}

#[tokio::test]
async fn a_cluster_in_trouble_is_tried_again_later() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    for code in [500, 503, 504] {
        cluster.inject("create", "workflows", Fault::Status(code));
        let (message, after) = transient(engine.submit(&launch(A)).await);
        assert!(message.contains(&code.to_string()) && after.is_some(), "{message} {after:?}");
    }
    assert_eq!(cluster.requests("create", "workflows"), 3, "one request for each call");
    engine.submit(&launch(A)).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_away_is_told_of_once_and_so_is_its_return() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    watched.until(&format!("{A}: started")).await;
    cluster.go_away().await;
    let told = watched.until("away").await;
    assert_eq!(told.len(), 1, "{told:?}");
    transient(watched.engine.submit(&launch("resnet-k3f9q2-1-1")).await);
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    cluster.come_back();
    let told = watched.until("back").await;
    assert!(!told.iter().any(|told| told.starts_with("away")), "once: {told:?}");
    assert!(told.contains(&format!("{A}: succeeded: val_loss=0.3")), "before it is back: {told:?}");
    watched.submit("resnet-k3f9q2-1-1").await;
    watched.until("resnet-k3f9q2-1-1: started").await;
}

#[tokio::test]
async fn workflows_that_still_run_after_an_outage_are_touched_so_that_argo_looks_at_them() {
    let cluster = cluster().await;
    let ended = "resnet-k3f9q2-1-1";
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    watched.submit(ended).await;
    cluster.argo().succeed(ended, &[("val_loss", "0.3")]);
    watched.end_of(ended).await;
    cluster.go_away().await;
    watched.until("away").await;
    cluster.come_back();
    watched.until("back").await;
    let touched = |workflow: &serde_json::Value| workflow["metadata"]["annotations"].get("tunebot/nudged-at").is_some();
    cluster.wait_for("a touch", |world| world.workflow(A).filter(|workflow| touched(workflow)).map(drop)).await;
    assert!(!touched(&cluster.workflow(ended)), "it has ended");
    assert_eq!(cluster.requests("patch", "workflows"), 1);
}

#[tokio::test]
async fn a_cluster_that_has_just_come_back_may_not_know_its_rights_yet() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    engine.submit(&launch(A)).await.unwrap();
    cluster.go_away().await;
    transient(engine.submit(&launch("resnet-k3f9q2-1-1")).await);
    cluster.deny("create", "workflows");
    cluster.come_back();
    transient(engine.submit(&launch("resnet-k3f9q2-1-1")).await);
    cluster.allow("create", "workflows");
    engine.submit(&launch("resnet-k3f9q2-1-1")).await.unwrap();
}

#[tokio::test]
async fn an_engine_may_start_while_the_cluster_is_away() {
    let cluster = cluster().await;
    engine(&cluster).submit(&launch(A)).await.unwrap();
    cluster.go_away().await;
    let mut watched = Watched::start_knowing(&cluster, &[A]);
    assert!(watched.next().await.starts_with("away: "));
    cluster.come_back();
    let told = watched.until("back").await;
    assert!(told.contains(&format!("{A}: started")), "{told:?}");
    assert!(!told.iter().any(|told| told.contains("lost")), "{told:?}");
}

#[tokio::test]
async fn writes_keep_their_distance() {
    let cluster = cluster().await;
    let engine = engine_of(&cluster, OWNER, 4);
    let began = std::time::Instant::now();
    let launches: Vec<_> = (0..6).map(|trial| launch(&format!("resnet-k3f9q2-{trial}-1"))).collect();
    for launch in &launches {
        engine.submit(launch).await.unwrap();
    }
    let writes = cluster.requests("patch", "secrets")
        + cluster.requests("create", "secrets")
        + cluster.requests("create", "workflows");
    // A second's worth at once, then one in a quarter of a second: no busy machine makes that faster.
    let least = std::time::Duration::from_millis(250) * (u32::try_from(writes).unwrap() - 5);
    assert!(began.elapsed() >= least, "{writes} writes in {:?}", began.elapsed());
}

#[tokio::test]
async fn a_watch_that_fails_again_and_again_presses_nobody() {
    let cluster = cluster().await;
    cluster.inject_times(2, "watch", "workflows", &Fault::Status(500));
    let began = std::time::Instant::now();
    let mut watched = Watched::start_knowing(&cluster, &[]);
    cluster.wait_for_watches(1).await;
    assert_eq!(cluster.faults_left(), 0);
    assert!(began.elapsed() >= std::time::Duration::from_secs(2), "every time it lists all workflows anew");
    watched.submit(A).await;
    watched.until(&format!("{A}: started")).await;
}
