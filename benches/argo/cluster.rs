//! The cluster under the benchmark: what it puts there, what it sees there, and that nothing of it stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams, WatchEvent,
    WatchParams,
};
use kube::config::Kubeconfig;
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// The controller that the workflows are for. There is none of that name: Argo leaves them alone.
pub const CONTROLLER: &str = "tunebot-benchmark";
/// The tuning and its template.
pub const TUNING: &str = "benchmark";
/// The owner of workflows that the benchmark itself creates, so that tunebot does not watch them.
pub const PEER: &str = "peer";

const PATIENCE: Duration = Duration::from_secs(600);
/// Objects that are deleted by one request: it must end before the API server loses patience.
const DELETED_AT_ONCE: u32 = 500;

/// The way to the API server.
#[derive(Clone)]
pub struct Cluster {
    pub client: Client,
    pub namespace: String,
}

impl Cluster {
    /// `None`: the environment names no cluster. Clears what an interrupted run has left.
    pub async fn open() -> Result<Option<Self>> {
        let (Ok(_), Ok(namespace)) = (std::env::var("KUBECONFIG"), std::env::var("TUNEBOT_CLUSTER_NAMESPACE")) else {
            return Ok(None);
        };
        // A second provider is not taken, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let cluster = Self { client: Client::try_default().await?, namespace };
        cluster.clear().await.context("what an earlier run has left cannot be deleted")?;
        let templates = cluster.api("argoproj.io", "WorkflowTemplate");
        templates.create(&PostParams::default(), &serde_json::from_value(template())?).await?;
        Ok(Some(cluster))
    }

    pub fn workflows(&self) -> Api<DynamicObject> {
        self.api("argoproj.io", "Workflow")
    }

    pub fn secrets(&self) -> Api<DynamicObject> {
        self.api("", "Secret")
    }

    fn api(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        let version = if group.is_empty() { "v1" } else { "v1alpha1" };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// Tells of workflows of `owner` that are created from now on. The watch ends with the receiver.
    pub async fn arrivals(&self, owner: Owner) -> Result<mpsc::UnboundedReceiver<Arrival>> {
        let labels = format!("{},{}", of_the_benchmark(), owner.selector());
        let now = self.workflows().list(&ListParams::default().labels(&labels).limit(1)).await?;
        let version = now.metadata.resource_version.context("a list without a version")?;
        let params = WatchParams::default().labels(&labels).timeout(290);
        let events = self.workflows().watch(&params, &version).await?;
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            pin_mut!(events);
            while let Some(Ok(event)) = events.next().await {
                let at = Instant::now();
                let WatchEvent::Added(workflow) = event else { continue };
                if sender.send(Arrival { name: workflow.metadata.name.unwrap_or_default(), at }).is_err() {
                    return;
                }
            }
        });
        Ok(receiver)
    }

    /// A workflow that tunebot has made, as it can be created once more: under other names, for nobody to watch.
    pub async fn copy_of(&self, name: &str) -> Result<Value> {
        let mut workflow = serde_json::to_value(self.workflows().get(name).await?)?;
        let metadata = workflow["metadata"].as_object_mut().context("a workflow without metadata")?;
        metadata.retain(|key, _| ["name", "namespace", "labels", "annotations"].contains(&key.as_str()));
        workflow["metadata"]["labels"]["tunebot/instance"] = PEER.into();
        Ok(workflow)
    }

    /// Patches the status of a workflow as its controller would.
    pub async fn patch_status(&self, name: &str, status: &Value) -> Result<()> {
        let patch = Patch::Merge(json!({ "status": status }));
        self.workflows().patch(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// The kubeconfig with another way to the same API server.
    pub fn kubeconfig_by_way_of(&self, address: std::net::SocketAddr, folder: &Path) -> Result<PathBuf> {
        let file = std::env::var("KUBECONFIG")?;
        let mut text: Value = serde_yaml::from_str(&std::fs::read_to_string(&file)?)?;
        let server = server()?;
        for cluster in text["clusters"].as_array_mut().context("a kubeconfig without clusters")? {
            if cluster["cluster"]["server"].as_str().is_some_and(|known| known.trim_end_matches('/') == server) {
                let host = url::Url::parse(&server)?.host_str().context("no host")?.to_owned();
                cluster["cluster"]["server"] = format!("https://{address}").into();
                cluster["cluster"]["tls-server-name"] = host.into();
            }
        }
        let path = folder.join("kubeconfig");
        std::fs::write(&path, text.to_string())?;
        Ok(path)
    }

    /// Deletes everything that the benchmark or its tunebot has put here, and waits until it is gone.
    pub async fn clear(&self) -> Result<()> {
        self.clear_trials().await?;
        match self.api("argoproj.io", "WorkflowTemplate").delete(TUNING, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            answer => Ok(answer.map(drop)?),
        }
    }

    /// The same, but for the template. An API server that is away for a moment is waited for.
    pub async fn clear_trials(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.delete_some().await {
                Ok(true) => return Ok(()),
                last if begun.elapsed() > PATIENCE => {
                    anyhow::bail!("after {PATIENCE:?} workflows labelled {} are left ({last:?})", of_the_benchmark());
                }
                Ok(false) => {}
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }

    /// `true`: all is gone.
    async fn delete_some(&self) -> kube::Result<bool> {
        let now = DeleteParams::default().grace_period(0);
        if !self.is_clear().await? {
            let some = ListParams::default().labels(&of_the_benchmark()).limit(DELETED_AT_ONCE);
            self.workflows().delete_collection(&now, &some).await?;
            return Ok(false);
        }
        for owner in self.owners_of_secrets().await? {
            let of_owner = ListParams::default().labels(&format!("tunebot/instance={owner}"));
            self.secrets().delete_collection(&now, &of_owner).await?;
        }
        Ok(true)
    }

    async fn is_clear(&self) -> kube::Result<bool> {
        let first = ListParams::default().labels(&of_the_benchmark()).limit(1);
        Ok(self.workflows().list(&first).await?.items.is_empty())
    }

    /// Each run of tunebot has a store of its own, and so a mark of its own.
    async fn owners_of_secrets(&self) -> kube::Result<BTreeSet<String>> {
        let all = self.secrets().list(&ListParams::default().labels("tunebot/instance,tunebot/sweep")).await?;
        let labels = all.items.into_iter().filter_map(|secret| secret.metadata.labels);
        let ours = labels.filter(|labels| labels["tunebot/sweep"].starts_with(&format!("{TUNING}-")));
        Ok(ours.filter_map(|mut labels| labels.remove("tunebot/instance")).collect())
    }
}

/// A workflow came to be.
pub struct Arrival {
    pub name: String,
    /// When the watch told of it.
    pub at: Instant,
}

/// Whose workflows.
#[derive(Clone, Copy)]
pub enum Owner {
    Tunebot,
    Benchmark,
}

impl Owner {
    fn selector(self) -> String {
        match self {
            Self::Tunebot => format!("tunebot/instance!={PEER}"),
            Self::Benchmark => format!("tunebot/instance={PEER}"),
        }
    }
}

pub fn of_the_benchmark() -> String {
    format!("workflows.argoproj.io/controller-instanceid={CONTROLLER}")
}

/// Where the kubeconfig says that the API server is, without a slash at its end.
pub fn server() -> Result<String> {
    let file = Kubeconfig::read()?;
    let current = file.current_context.as_deref().unwrap_or_default();
    let context = file.contexts.iter().find(|context| context.name == current);
    let cluster = context.and_then(|context| context.context.as_ref()).map(|context| context.cluster.as_str());
    let cluster = file.clusters.iter().find(|known| Some(known.name.as_str()) == cluster);
    let server = cluster.and_then(|cluster| cluster.cluster.as_ref()?.server.as_deref());
    Ok(server.context("the kubeconfig names no server")?.trim_end_matches('/').to_owned())
}

/// Counts arrivals until there are `count`; returns the instants of the first and the last.
pub async fn wait_for(arrivals: &mut mpsc::UnboundedReceiver<Arrival>, count: u32) -> Result<(Instant, Instant)> {
    let mut first = None;
    for number in 0..count {
        let arrival = tokio::time::timeout(PATIENCE, arrivals.recv()).await;
        let arrival = arrival.ok().flatten();
        let arrival = arrival.with_context(|| format!("{number} of {count} workflows came to be, and then no more"))?;
        let first = *first.get_or_insert(arrival.at);
        if number + 1 == count {
            return Ok((first, arrival.at));
        }
    }
    anyhow::bail!("nothing to wait for")
}

/// Creates `count` copies of `manifest`, `width` at a time.
pub async fn create_copies(cluster: &Cluster, manifest: &Value, prefix: &str, count: u32, width: usize) -> Result<()> {
    let copies = (0..count).map(|number| {
        let (workflows, mut copy) = (cluster.workflows(), manifest.clone());
        let name = format!("{prefix}-{number}");
        async move {
            copy["metadata"]["name"] = name.into();
            let copy: DynamicObject = serde_json::from_value(copy)?;
            workflows.create(&PostParams::default(), &copy).await?;
            anyhow::Ok(())
        }
    });
    futures_util::stream::iter(copies).buffer_unordered(width).try_collect().await
}

/// One container, five parameters, one output, as in the tuning.
fn template() -> Value {
    let names = ["learning_rate", "dropout", "momentum", "layers", "optimizer"];
    let parameters: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let arguments: Vec<String> =
        names.iter().map(|name| format!("--{name}={{{{workflow.parameters.{name}}}}}")).collect();
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": TUNING},
        "spec": {
            "entrypoint": "main",
            "arguments": {"parameters": parameters},
            "templates": [{
                "name": "main",
                "container": {"image": "example/train:1", "command": ["train"], "args": arguments},
                "outputs": {"parameters": [{"name": "val_loss", "valueFrom": {"path": "/tmp/val_loss"}}]},
            }],
        },
    })
}
