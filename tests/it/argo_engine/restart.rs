//! What a tunebot finds that was not there for a while.

use tunebot::engine::Engine;

use super::site::{Watched, attempt, cluster, engine, launch};
use crate::support::kubernetes::world::World;

const A: &str = "resnet-k3f9q2-0-1";
const B: &str = "resnet-k3f9q2-1-1";
const C: &str = "resnet-k3f9q2-2-1";
const D: &str = "resnet-k3f9q2-3-1";

#[tokio::test]
async fn what_happened_while_tunebot_was_down_is_told_first() {
    let cluster = cluster().await;
    let before = Watched::start(&cluster).await;
    for name in [A, B, C, D] {
        before.submit(name).await;
    }
    before.drop().await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    cluster.argo().fail(B, "main: Error (exit code 1)");
    cluster.argo().delete(C);
    cluster.argo().start(D);
    cluster.argo().progress(D, "2/5");
    let mut after = Watched::start_knowing(&cluster, &[A, B, C, D]);
    let told = after.until("back").await;
    for expected in [
        format!("{A}: succeeded: val_loss=0.3"),
        format!("{B}: failed: "),
        format!("{C}: lost: its workflow {C} is not in the cluster any longer"),
        format!("{D}: progress 2/5"),
    ] {
        let count = told.iter().filter(|told| told.starts_with(&expected)).count();
        assert_eq!(count, 1, "{expected} in {told:?}");
    }
    assert!(!told.iter().any(|told| told.starts_with(&format!("{D}: lost"))), "{told:?}");
}

#[tokio::test]
async fn an_end_is_told_until_it_is_written_down() {
    let cluster = cluster().await;
    let mut first = Watched::start(&cluster).await;
    first.submit(A).await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    assert_eq!(first.end_of(A).await, "succeeded: val_loss=0.3");
    first.drop().await;
    let mut second = Watched::start_knowing(&cluster, &[A]);
    assert_eq!(second.end_of(A).await, "succeeded: val_loss=0.3");
    second.engine.forget(&attempt(A)).await;
    let recorded =
        |world: &World| (world.workflow(A)?["metadata"]["labels"]["tunebot/recorded"] == "true").then_some(());
    cluster.wait_for("the mark", recorded).await;
    second.drop().await;
    let mut third = Watched::start_knowing(&cluster, &[]);
    assert_eq!(third.until("back").await, ["back"]);
}

#[tokio::test]
async fn a_mark_that_a_crash_has_lost_is_made_up_for_when_the_sweep_ends() {
    let cluster = cluster().await;
    let mut first = Watched::start(&cluster).await;
    first.submit(A).await;
    cluster.argo().succeed(A, &[("val_loss", "0.3")]);
    first.end_of(A).await;
    first.drop().await;
    let second = Watched::start_knowing(&cluster, &[]);
    second.engine.release(&attempt(A).sweep).await.unwrap();
    let recorded =
        |world: &World| (world.workflow(A)?["metadata"]["labels"]["tunebot/recorded"] == "true").then_some(());
    cluster.wait_for("the mark", recorded).await;
    assert!(cluster.names("secrets").is_empty());
}

#[tokio::test]
async fn a_sweep_that_has_ended_leaves_no_secret_and_nothing_that_runs() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    engine.submit(&launch(A)).await.unwrap();
    let mut other = launch("resnet-zzzzzz-0-1");
    other.tuning = "resnet".parse().unwrap();
    engine.submit(&other).await.unwrap();
    cluster.argo().start(A);
    engine.release(&attempt(A).sweep).await.unwrap();
    assert_eq!(cluster.workflow(A)["spec"]["shutdown"], "Stop");
    assert_eq!(cluster.workflow("resnet-zzzzzz-0-1")["spec"].get("shutdown"), None, "another sweep goes on");
    let secrets = cluster.read(|world| world.objects("secrets").map(|secret| (**secret).clone()).collect::<Vec<_>>());
    assert_eq!(secrets.len(), 1);
    assert_eq!(secrets[0]["metadata"]["labels"]["tunebot/sweep"], "resnet-zzzzzz");
    engine.release(&attempt(A).sweep).await.unwrap();
}
