//! How a trial is ended before its time.

use jiff::SignedDuration;
use tunebot::engine::Engine;

use super::site::{Watched, attempt, cluster, engine, transient};
use crate::support::fault::Fault;
use crate::support::kubernetes::world::World;

const A: &str = "resnet-k3f9q2-0-1";

fn terminated(world: &World) -> Option<()> {
    (world.workflow(A)?["spec"]["shutdown"] == "Terminate").then_some(())
}

#[tokio::test]
async fn a_trial_is_asked_to_stop_and_does() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    cluster.argo().start(A);
    watched.engine.stop(&attempt(A), SignedDuration::from_secs(60)).await.unwrap();
    let workflow = cluster.workflow(A);
    assert_eq!(workflow["spec"]["shutdown"], "Stop");
    assert_eq!(workflow["spec"]["workflowTemplateRef"]["name"], "resnet", "nothing else is changed");
    assert_eq!(cluster.argo().honour_shutdown(), [A]);
    assert_eq!(watched.end_of(A).await, "stopped");
}

#[tokio::test]
async fn a_trial_that_does_not_stop_is_terminated_after_its_grace() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    cluster.argo().start(A);
    watched.engine.stop(&attempt(A), SignedDuration::from_millis(50)).await.unwrap();
    cluster.wait_for("the order to terminate", terminated).await;
    cluster.argo().honour_shutdown();
    assert_eq!(watched.end_of(A).await, "stopped");
    assert_eq!(cluster.requests("patch", "workflows"), 2, "each order once");
}

#[tokio::test]
async fn the_grace_of_a_trial_outlives_tunebot() {
    let cluster = cluster().await;
    let before = Watched::start(&cluster).await;
    before.submit(A).await;
    cluster.argo().start(A);
    before.engine.stop(&attempt(A), SignedDuration::from_millis(50)).await.unwrap();
    before.drop().await;
    let _after = Watched::start_knowing(&cluster, &[A]);
    cluster.wait_for("the order to terminate", terminated).await;
}

#[tokio::test]
async fn an_order_to_terminate_that_fails_is_given_again() {
    let cluster = cluster().await;
    let watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    cluster.hold_before("patch", "workflows").open();
    cluster.inject("patch", "workflows", Fault::Status(503));
    watched.engine.stop(&attempt(A), SignedDuration::ZERO).await.unwrap();
    cluster.wait_for("the order to terminate", terminated).await;
    assert_eq!((cluster.requests("patch", "workflows"), cluster.faults_left()), (3, 0));
}

#[tokio::test]
async fn a_stop_may_be_asked_for_again_and_of_what_is_not_there() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    engine.stop(&attempt(A), SignedDuration::ZERO).await.unwrap();
    engine.submit(&super::site::launch(A)).await.unwrap();
    cluster.inject("patch", "workflows", Fault::DropAfter);
    transient(engine.stop(&attempt(A), SignedDuration::ZERO).await);
    engine.stop(&attempt(A), SignedDuration::ZERO).await.unwrap();
    assert_eq!(cluster.workflow(A)["spec"]["shutdown"], "Stop");
    cluster.argo().delete(A);
    engine.stop(&attempt(A), SignedDuration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_trial_that_ends_well_despite_the_order_has_ended_well() {
    let cluster = cluster().await;
    let mut watched = Watched::start(&cluster).await;
    watched.submit(A).await;
    watched.engine.stop(&attempt(A), SignedDuration::from_secs(60)).await.unwrap();
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    assert_eq!(watched.end_of(A).await, "succeeded: val_loss=0.3");
}
