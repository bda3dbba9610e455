//! What is heard of workflows, whatever happens to the connection.

use serde_json::{Value, json};
use tunebot::domain::tuning::{SearchOutputs, TrialTemplate, WorkflowSource, WorkflowTrial};
use tunebot::engine::Engine;

use super::site::{Watched, attempt, cluster, engine, launch};
use crate::support::fault::Fault;
use crate::support::kubernetes::FakeCluster;
use crate::support::kubernetes::world::World;

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
    assert!(held.contains("0/1 nodes are available: 1 Insufficient cpu"), "{held}");
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
    assert_eq!(end, "failed: the program exited with code 3");
    watched.submit(B).await;
    cluster.argo().error(B, "pod deleted");
    assert_eq!(watched.end_of(B).await, "lost: its pod was deleted");
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
    cluster.inject("patch", "workflows", Fault::Status(503));
    watched.engine.forget(&attempt(A)).await;
    let recorded =
        |world: &World| (world.workflow(A)?["metadata"]["labels"]["tunebot/recorded"] == "true").then_some(());
    cluster.wait_for("the mark", recorded).await;
    assert_eq!(cluster.requests("patch", "workflows"), 2, "the first time it failed");
    cluster.argo().delete(A);
    watched.submit(B).await;
    assert_eq!(watched.next().await, format!("{B}: started"), "nothing more is told of the first");
}

#[tokio::test]
async fn a_workflow_whose_launch_was_never_answered_is_heard_of() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    let answer = cluster.hold_after("create", "workflows");
    let launch = launch(A);
    let engine = watched.engine.clone();
    let submitting = tokio::spawn(async move { engine.submit(&launch).await });
    answer.reached().await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    assert_eq!(watched.end_of(A).await, "succeeded: val_loss=0.3");
    answer.open();
    submitting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_workflow_that_searches_by_itself_tells_its_trials() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    let mut launch = launch(A);
    let mut searching = WorkflowTrial::new(WorkflowSource::Template { name: "resnet".into() });
    let names = ["best", "objective", "trials"].map(str::to_owned);
    let [best_parameters, objective, trials] = names;
    searching.searches = Some(SearchOutputs { best_parameters, objective, trials });
    searching.arguments.insert("lr".into(), "0.1".into());
    launch.template = TrialTemplate::Workflow(Box::new(searching));
    launch.params = tunebot::domain::params::Params::default();
    watched.engine.submit(&launch).await.unwrap();
    let table = r#"[{"params": {"lr": 0.1}, "metrics": {"val_loss": 0.3}}, {"params": {"lr": 0.2}, "metrics": {"val_loss": 0.5}}]"#;
    cluster.argo().succeed(A, &[("best", r#"{"lr": 0.1}"#), ("objective", "0.3"), ("trials", table)]);
    assert_eq!(watched.end_of(A).await, "searched 2 trials");
}

/// Workflows like the one that a launch makes: more than fit on a page of a list.
async fn many(cluster: &FakeCluster, count: usize) {
    engine(cluster).submit(&launch(A)).await.unwrap();
    let like = cluster.workflow(A);
    let copy = |number: usize| {
        let name = format!("resnet-k3f9q2-{number}-1");
        let mut copy = json!({"apiVersion": like["apiVersion"], "kind": like["kind"], "spec": like["spec"]});
        let (labels, mut annotations) = (like["metadata"]["labels"].clone(), like["metadata"]["annotations"].clone());
        annotations["tunebot/attempt"] = name.as_str().into();
        copy["metadata"] = json!({"name": name, "labels": labels, "annotations": annotations});
        copy
    };
    cluster.argo().seed_running((1..count).map(copy));
}

#[tokio::test]
async fn more_workflows_than_a_page_has_are_all_heard_of() {
    let cluster = cluster().await;
    many(&cluster, 1_100).await;
    let mut watched = Watched::start_knowing(&cluster, &[]);
    let told = watched.until("back").await;
    assert_eq!(told.iter().filter(|told| told.ends_with(": started")).count(), 1_100);
    assert_eq!(cluster.requests("list", "workflows"), 3);
}

#[tokio::test]
async fn a_list_that_takes_too_long_begins_again_and_nobody_is_told_that_the_cluster_is_away() {
    let cluster = cluster().await;
    many(&cluster, 600).await;
    let [first, second] = [(); 2].map(|()| cluster.hold_before("list", "workflows"));
    first.open();
    let mut watched = Watched::start_knowing(&cluster, &[]);
    let expire = async {
        second.reached().await;
        cluster.expire_watch_window();
        second.open();
    };
    let (told, ()) = tokio::join!(watched.until("back"), expire);
    assert!(!told.iter().any(|told| told.starts_with("away")), "{told:?}");
    assert_eq!(cluster.requests("list", "workflows"), 4, "one page in vain");
}

#[tokio::test]
async fn objects_with_the_labels_that_are_no_attempts_are_passed_over() {
    let cluster = cluster().await;
    engine(&cluster).submit(&launch(A)).await.unwrap();
    let mut copy: Value = cluster.workflow(A);
    // As `argo resubmit` copies it: with all labels and annotations.
    copy["metadata"] = json!({
        "name": "resnet-k3f9q2-0-1-7x2vb", "labels": copy["metadata"]["labels"], "annotations": copy["metadata"]["annotations"],
    });
    cluster.put(copy);
    let mut watched = Watched::start_knowing(&cluster, &[]);
    assert_eq!(watched.until("back").await, [format!("{A}: started"), "back".to_owned()]);
    cluster.argo().fail("resnet-k3f9q2-0-1-7x2vb", "main: Error (exit code 1)");
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    assert_eq!(watched.next_of(A).await, "succeeded: val_loss=0.3");
}

#[tokio::test]
async fn a_workflow_that_is_made_while_a_list_is_on_its_way_is_not_taken_for_lost() {
    let cluster = cluster().await;
    let list = cluster.hold_after("list", "workflows");
    let mut watched = Watched::start_knowing(&cluster, &[]);
    list.reached().await;
    watched.submit(A).await;
    list.open();
    assert_eq!(watched.until(&format!("{A}: ")).await, ["back".to_owned(), format!("{A}: started")]);
}
