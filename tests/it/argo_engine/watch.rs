//! What is heard of workflows, whatever happens to the connection.

use tunebot::engine::Engine;

use super::site::{Watched, attempt, cluster};
use crate::support::fault::Fault;

const A: &str = "resnet-k3f9q2-0-1";
const B: &str = "resnet-k3f9q2-1-1";
const GONE: &str = "lost: its workflow resnet-k3f9q2-0-1 is not in the cluster any longer: somebody, or a clean-up job, \
     deleted it before it ended";

#[tokio::test]
async fn a_trial_is_followed_to_its_end() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    assert_eq!(watched.next_of(A).await, "started");
    let why = "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.";
    cluster.argo().hold(A, why);
    let held = watched.until(&format!("{A}: held")).await.pop().unwrap_or_default();
    assert!(held.contains("0/1 nodes are available: 1 Insufficient cpu."), "{held}");
    cluster.argo().start(A);
    assert_eq!(watched.next_of(A).await, "held no longer");
    cluster.argo().progress(A, "3/10");
    assert_eq!(watched.next_of(A).await, "progress 3/10");
    cluster.argo().progress(A, "4/12");
    assert_eq!(watched.next_of(A).await, "progress 4/12");
    cluster.argo().succeed(A, &[("val_loss", "0.3"), ("model", "s3://models/1")]);
    assert_eq!(watched.next_of(A).await, "succeeded: val_loss=0.3");
}

#[tokio::test]
async fn outputs_are_found_wherever_argo_puts_them() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    let outputs = [("val_loss", "0.25")];
    watched.submit(A).await;
    cluster.argo().global_outputs().succeed(A, &outputs);
    assert_eq!(watched.end_of(A).await, "succeeded: val_loss=0.25");
    watched.submit(B).await;
    cluster.argo().compressed_nodes().succeed(B, &outputs);
    assert_eq!(watched.end_of(B).await, "succeeded: val_loss=0.25");
}

#[tokio::test]
async fn a_failure_of_the_trial_is_told_from_one_of_the_cluster() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    cluster.argo().fail(A, "main: Error (exit code 3)");
    let end = watched.end_of(A).await;
    assert!(end.starts_with("failed: ") && end.contains("exit code 3"), "{end}");
    watched.submit(B).await;
    cluster.argo().error(B, "pod deleted");
    let end = watched.end_of(B).await;
    assert!(end.starts_with("lost: ") && end.contains("pod deleted"), "{end}");
}

#[tokio::test]
async fn a_workflow_that_is_deleted_while_it_runs_is_lost() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    cluster.argo().start(A);
    cluster.argo().delete(A);
    assert_eq!(watched.end_of(A).await, GONE);
}

#[tokio::test]
async fn a_workflow_that_is_deleted_after_its_end_has_ended_once() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    assert_eq!(watched.end_of(A).await, "succeeded: val_loss=0.3");
    cluster.argo().delete(A);
    cluster.close_watches();
    watched.submit(B).await;
    assert_eq!(watched.until(&format!("{B}: started")).await.iter().filter(|told| told.starts_with(A)).count(), 0);
}

#[tokio::test]
async fn nothing_is_lost_when_the_watch_is_closed_or_broken() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    watched.submit(B).await;
    cluster.close_watches();
    cluster.argo().start(A);
    cluster.argo().progress(A, "1/2");
    watched.until(&format!("{A}: progress 1/2")).await;
    cluster.break_connections();
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    cluster.argo().delete(B);
    let mut ends = [watched_end(&mut watched).await, watched_end(&mut watched).await];
    ends.sort();
    assert_eq!(ends[0], format!("{A}: succeeded: val_loss=0.3"));
    assert!(ends[1].starts_with(&format!("{B}: lost: ")), "{ends:?}");
}

/// The next end of any attempt.
async fn watched_end(watched: &mut Watched) -> String {
    loop {
        let told = watched.next().await;
        if ["succeeded", "lost", "failed", "stopped"].iter().any(|word| told.contains(&format!(": {word}"))) {
            return told;
        }
    }
}

#[tokio::test]
async fn what_happened_beyond_the_watch_window_is_found_in_a_new_list() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    watched.submit(B).await;
    watched.until(&format!("{B}: started")).await;
    let watch = cluster.hold_before("watch", "workflows");
    cluster.close_watches();
    watch.reached().await;
    cluster.argo().delete(A);
    cluster.argo().succeed(B, &[("val_loss", "0.3")]);
    cluster.expire_watch_window();
    watch.open();
    let told = watched.until("back").await;
    assert!(told.contains(&format!("{B}: succeeded: val_loss=0.3")), "{told:?}");
    assert!(told.contains(&format!("{A}: {GONE}")), "absence from a whole list is a fact: {told:?}");
}

#[tokio::test]
async fn a_watch_that_is_refused_as_too_old_begins_again_with_a_list() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    watched.until(&format!("{A}: started")).await;
    cluster.inject("watch", "workflows", Fault::Status(410));
    cluster.close_watches();
    watched.until("back").await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    assert_eq!(watched.end_of(A).await, "succeeded: val_loss=0.3");
    assert_eq!(cluster.faults_left(), 0);
}

#[tokio::test]
async fn an_end_that_is_written_down_is_watched_no_longer() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    watched.end_of(A).await;
    watched.engine.forget(&attempt(A)).await;
    let recorded = |world: &crate::support::kubernetes::world::World| {
        (world.workflow(A)?["metadata"]["labels"]["tunebot/recorded"] == "true").then_some(())
    };
    cluster.wait_for("the mark", recorded).await;
    cluster.argo().delete(A);
    watched.submit(B).await;
    assert_eq!(watched.next().await, format!("{B}: started"), "nothing more is told of the first");
}

#[tokio::test]
async fn a_workflow_whose_launch_was_never_answered_is_heard_of() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    let answer = cluster.hold_after("create", "workflows");
    let launch = super::site::launch(A);
    let engine = watched.engine.clone();
    let submitting = tokio::spawn(async move { engine.submit(&launch).await });
    answer.reached().await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    assert_eq!(watched.end_of(A).await, "succeeded: val_loss=0.3");
    answer.open();
    submitting.await.unwrap().unwrap();
}
