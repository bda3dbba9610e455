//! One tunebot between a Slack, a GitHub and a cluster.

use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::cluster::{self, Cluster};
use crate::scene::Scene;
use crate::support::config::ConfigFolder;
use crate::support::slack::TUNING;

/// Tests that end parts of the cluster are alone in it.
static CLUSTER: RwLock<()> = RwLock::const_new(());

/// Beside other tests.
pub async fn shared() -> RwLockReadGuard<'static, ()> {
    CLUSTER.read().await
}

/// Alone.
pub async fn alone() -> RwLockWriteGuard<'static, ()> {
    CLUSTER.write().await
}

/// Minimises over x from 0 to 1: 4 trials, 2 at a time, random with seed 7.
pub fn tuning(template: &str) -> Value {
    json!({
        "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
        "objective": {"metric": "loss", "direction": "minimize"},
        "search": {"sampler": "random", "seed": 7},
        "limits": {"trials": 4, "parallel": 2, "stop_grace": "5s", "trial_timeout": "5m"},
        "workflow": {"template": template},
    })
}

/// A tunebot that reaches the cluster, with this tuning under the cluster's name.
pub async fn open(cluster: &Cluster, tuning: &Value) -> Scene {
    open_with(cluster, tuning, |config| config).await
}

pub async fn open_with(
    cluster: &Cluster,
    tuning: &Value,
    configure: impl FnOnce(ConfigFolder) -> ConfigFolder,
) -> Scene {
    let engine = json!({"kubeconfig": cluster.kubeconfig(), "namespace": cluster.namespace, "parallel": 4});
    let public_url = format!("http://{}:0", cluster.host_address());
    Scene::open(|config| {
        let config = config
            .set("/server/listen", "0.0.0.0:0")
            .set("/server/public_url", public_url)
            .set("/engines", json!({"cluster": {"argo": engine}}))
            .set(&format!("/tunings/{}", cluster.name), tuning.clone());
        configure(config)
    })
    .await
}

/// Waits until something is said in #tuning; returns the channel as a person reads it.
///
/// # Panics
/// It is not, in the patience of the cluster; the panic shows the channel and the log.
pub async fn says(scene: &Scene, part: &str) -> String {
    wait_for(scene, &format!("that somebody says {part:?}"), |scene| {
        let channel = scene.slack.render(TUNING);
        channel.contains(part).then_some(channel)
    })
    .await
}

/// Waits for the closing line and the last edition of the sweep's message; returns the channel as a person reads it.
pub async fn closed(scene: &Scene) -> String {
    let is_closing = |scene: &Scene| {
        let messages = scene.slack.messages(TUNING);
        messages.iter().any(|message| message.metadata("slot").is_some_and(|slot| slot.ends_with("/closing")))
    };
    wait_for(scene, "the closing line", |scene| is_closing(scene).then_some(())).await;
    scene.closed().await
}

pub async fn wait_for<R>(scene: &Scene, what: &str, find: impl Fn(&Scene) -> Option<R>) -> R {
    let state = async || format!("#tuning is\n{}\n{}", scene.slack.render(TUNING), scene.tunebot.log());
    cluster::wait_for(what, async || find(scene), state).await
}
