//! Rights that are missing are named, with what to do about them.

use tunebot::domain::tuning::{TrialTemplate, WorkflowSource, WorkflowTrial};
use tunebot::engine::Engine;

use super::site::{Watched, attempt, cluster, engine, launch, permanent};

const A: &str = "resnet-k3f9q2-0-1";

/// What a person reads of a right in the namespace that is missing.
fn missing(verb: &str, resource: &str) -> String {
    let group = if resource == "secrets" { "" } else { "argoproj.io" };
    format!(
        "tunebot may not {verb} {resource} in namespace `ml`: add `{{apiGroups: [\"{group}\"], resources: [{resource}], \
         verbs: [{verb}]}}` to the rules of its Role"
    )
}

#[tokio::test]
async fn a_launch_without_the_right_to_it_says_so() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    // The first trial of a sweep makes the Secret, the others add to it.
    let other = "resnet-k3f9q2-1-1";
    for (attempt, verb, resource) in [
        (A, "get", "workflowtemplates"),
        (A, "create", "secrets"),
        (other, "patch", "secrets"),
        (A, "create", "workflows"),
    ] {
        cluster.deny(verb, resource);
        let message = permanent(engine.submit(&launch(attempt)).await);
        assert_eq!(message, missing(verb, resource));
        cluster.allow(verb, resource);
    }
    engine.submit(&launch(A)).await.unwrap();
    cluster.deny("patch", "workflows");
    let message = permanent(engine.stop(&attempt(A), jiff::SignedDuration::ZERO).await);
    assert_eq!(message, missing("patch", "workflows"));
    cluster.deny("deletecollection", "secrets");
    cluster.allow("patch", "workflows");
    let message = permanent(engine.release(&attempt(A).sweep).await);
    assert_eq!(message, missing("deletecollection", "secrets"));
}

#[tokio::test]
async fn a_cluster_that_may_not_be_listed_is_as_good_as_away() {
    let cluster = cluster().await;
    cluster.deny("list", "workflows");
    let mut watched = Watched::start_knowing(&cluster, &[]);
    let told = watched.next().await;
    assert_eq!(told, format!("away: {}", missing("list", "workflows")));
    cluster.allow("list", "workflows");
    watched.until("back").await;
}

#[tokio::test]
async fn a_cluster_that_may_not_be_watched_is_not_pressed() {
    let cluster = cluster().await;
    cluster.deny("watch", "workflows");
    let mut watched = Watched::start_knowing(&cluster, &[]);
    let told = watched.until("away").await;
    assert_eq!(told.last(), Some(&format!("away: {}", missing("watch", "workflows"))));
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
    cluster.restore_token();
    watched.until("back").await;
    watched.submit(A).await;
}

#[tokio::test]
async fn a_cluster_template_needs_a_right_of_the_whole_cluster() {
    let cluster = cluster().await;
    let mut template = super::site::template();
    template["kind"] = "ClusterWorkflowTemplate".into();
    cluster.put(template);
    let mut launch = launch(A);
    let source = WorkflowSource::ClusterTemplate { name: "resnet".into() };
    launch.template = TrialTemplate::Workflow(Box::new(WorkflowTrial::new(source)));
    cluster.deny("get", "clusterworkflowtemplates");
    let engine = engine(&cluster);
    let message = permanent(engine.submit(&launch).await);
    assert!(message.ends_with("to the rules of its ClusterRole"), "{message}");
    cluster.allow("get", "clusterworkflowtemplates");
    engine.submit(&launch).await.unwrap();
    assert_eq!(cluster.workflow(A)["spec"]["workflowTemplateRef"]["clusterScope"], true);
}
