//! The engine `argo` against a real API server: from a push to its workflow, workflows a second, ten thousand that run, and
//! a relist of them. The real program; Argo's controller leaves the workflows alone, statuses are the benchmark's.
//!
//! `cargo bench --bench argo [-- [--short] [events] [sweep] [crowd]]`, with KUBECONFIG and TUNEBOT_CLUSTER_NAMESPACE as tests/cluster/up prints them.
//! One at a time in a namespace. It deletes what it has made, also what a run before it could not.

#[path = "argo/cluster.rs"]
mod cluster;
#[path = "argo/crowd.rs"]
mod crowd;
#[path = "common/figures.rs"]
mod figures;
#[path = "argo/launch.rs"]
mod launch;
#[path = "common/process.rs"]
mod process;
#[path = "common/push.rs"]
mod push;
#[path = "common/server.rs"]
mod server;
#[path = "argo/status.rs"]
mod status;
#[path = "argo/tunebot.rs"]
mod tunebot;
#[path = "common/usage.rs"]
mod usage;
#[path = "argo/wire.rs"]
mod wire;

use anyhow::{Result, bail};

use self::cluster::Cluster;

#[tokio::main]
async fn main() -> Result<()> {
    let Some(cluster) = Cluster::open().await? else {
        println!(
            "No cluster, no figures: set KUBECONFIG and TUNEBOT_CLUSTER_NAMESPACE, or eval \"$(tests/cluster/up)\" (docs/cluster.md)."
        );
        return Ok(());
    };
    let measured = tokio::select! {
        measured = measure(&cluster) => measured,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    if let Err(error) = cluster.clear().await {
        bail!("not everything of the benchmark could be deleted ({error}); the next run will. {measured:?}");
    }
    measured
}

/// All parts, or those that are named: `-- events`, `-- sweep`, `-- crowd`.
async fn measure(cluster: &Cluster) -> Result<()> {
    if wants("events") {
        launch::latencies(cluster).await?;
        cluster.clear_trials().await?;
    }
    if wants("sweep") {
        launch::throughput(cluster).await?;
        cluster.clear_trials().await?;
    }
    if wants("crowd") {
        crowd::measure(cluster).await?;
    }
    Ok(())
}

fn wants(part: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    named.peek().is_none() || named.any(|name| name == part)
}
