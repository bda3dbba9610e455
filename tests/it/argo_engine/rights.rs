//! Rights that are missing are named, with what to do about them.

use tunebot::domain::tuning::{TrialTemplate, WorkflowSource};
use tunebot::engine::Engine;

use super::site::{Watched, attempt, cluster, engine, launch, permanent, trial};

const A: &str = "resnet-k3f9q2-0-1";

#[tokio::test]
async fn a_launch_without_the_right_to_it_says_so() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    for (verb, resource) in [("get", "workflowtemplates"), ("patch", "secrets"), ("create", "workflows")] {
        cluster.deny(verb, resource);
        let message = permanent(engine.submit(&launch(A)).await);
        assert!(message.contains(&format!("cannot {verb} resource \"{resource}\"")), "{message}");
        assert!(message.contains("tunebot check --cluster"), "it says what to do: {message}");
        cluster.allow(verb, resource);
    }
    engine.submit(&launch(A)).await.unwrap();
    cluster.deny("patch", "workflows");
    let message = permanent(engine.stop(&attempt(A), jiff::SignedDuration::ZERO).await);
    assert!(message.contains("cannot patch resource \"workflows\""), "{message}");
    cluster.deny("deletecollection", "secrets");
    cluster.allow("patch", "workflows");
    let message = permanent(engine.release(&attempt(A).sweep).await);
    assert!(message.contains("cannot deletecollection resource \"secrets\""), "{message}");
}

#[tokio::test]
async fn a_cluster_that_may_not_be_listed_is_as_good_as_away() {
    let cluster = cluster().await;
    cluster.deny("list", "workflows");
    let mut watched = Watched::start_knowing(&cluster, &[]);
    let told = watched.next().await;
    assert!(told.starts_with("away: the cluster does not allow it: workflows.argoproj.io is forbidden"), "{told}");
    cluster.allow("list", "workflows");
    watched.until("back").await;
}

#[tokio::test]
async fn a_cluster_that_may_not_be_watched_is_not_pressed() {
    let cluster = cluster().await;
    cluster.deny("watch", "workflows");
    let mut watched = Watched::start_knowing(&cluster, &[]);
    let told = watched.until("away").await;
    let away = told.last().map(String::as_str).unwrap_or_default();
    assert!(away.contains("cannot watch resource \"workflows\""), "{away}");
    assert!(cluster.requests("list", "workflows") <= 3, "{} lists", cluster.requests("list", "workflows"));
    cluster.allow("watch", "workflows");
    cluster.wait_for_watches(1).await;
}

#[tokio::test]
async fn credentials_that_are_no_longer_valid_can_become_valid_again() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    cluster.revoke_token();
    let refused = watched.engine.submit(&launch(A)).await;
    assert!(matches!(refused, Err(tunebot::engine::EngineError::Transient { .. })), "{refused:?}");
    cluster.close_watches();
    let away = watched.until("away").await.pop().unwrap_or_default();
    assert!(away.contains("credentials"), "{away}");
}

#[tokio::test]
async fn a_cluster_template_needs_a_right_of_the_whole_cluster() {
    let cluster = cluster().await;
    let mut template = super::site::template();
    template["kind"] = "ClusterWorkflowTemplate".into();
    cluster.put(template);
    let mut launch = launch(A);
    let source = WorkflowSource::ClusterTemplate { name: "resnet".into() };
    launch.template = TrialTemplate::Workflow(Box::new(trial(source)));
    cluster.deny("get", "clusterworkflowtemplates");
    let engine = engine(&cluster);
    let message = permanent(engine.submit(&launch).await);
    assert!(message.contains("at the cluster scope"), "{message}");
    cluster.allow("get", "clusterworkflowtemplates");
    engine.submit(&launch).await.unwrap();
    assert_eq!(cluster.workflow(A)["spec"]["workflowTemplateRef"]["clusterScope"], true);
}
