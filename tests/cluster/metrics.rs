//! The lists of metrics that dashboards and alerts are held to (`tests/charts/monitoring/metrics`) against what the kubelet and
//! Argo's controller of the cluster really serve.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, Client};

use crate::cluster::has_parts;

/// The kind of a metric, and its labels.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

/// Labels that belong to the form, not to the metric.
const OF_THE_FORM: [&str; 2] = ["le", "quantile"];
/// What the controller tells of its own process: no list has it.
const OF_THE_PROCESS: [&str; 2] = ["argo_workflows_process_runtime_", "argo_workflows_runtime_uptime"];

fn listed(name: &str) -> Metrics {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts/monitoring/metrics").join(name);
    let text = std::fs::read_to_string(file).expect("a list");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            let (name, kind) = (words.next().expect("a name"), words.next().expect("a kind"));
            (name, (kind, words.collect()))
        })
        .collect()
}

/// The metrics of a text of Prometheus, by the name in its TYPE.
fn served(text: &str) -> Metrics {
    let mut found = Metrics::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            name.clone_into(&mut current);
            found.insert(current.clone(), (kind.to_owned(), BTreeSet::new()));
        } else if let Some((labels, _)) = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')) {
            let names = labels.split("\",").filter_map(|pair| pair.split_once("=\"")).map(|(name, _)| name.to_owned());
            let (_, known) = found.get_mut(&current).expect("a TYPE before its series");
            known.extend(names.filter(|name| !OF_THE_FORM.contains(&name.as_str())));
        }
    }
    found
}

/// What is served, begins so, and is not in the list or is there otherwise.
fn differences(served: Metrics, listed: &Metrics, prefixes: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, (kind, labels)) in served {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        if !begins(prefixes) || begins(&OF_THE_PROCESS) {
            continue;
        }
        match listed.get(&name) {
            None => faults.push(format!("{name} is not in the list")),
            Some((known, _)) if *known != kind => faults.push(format!("{name} is a {kind}, not a {known}")),
            Some((_, known)) => {
                faults.extend(labels.difference(known).map(|label| format!("{name} has the label {label}, too")));
            }
        }
    }
    faults
}

async fn get(client: &Client, path: &str) -> String {
    let request = http::Request::get(path).body(Vec::new()).expect("a request");
    client.request_text(request).await.unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[tokio::test]
async fn the_kubelet_and_argo_serve_what_the_lists_say() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = Client::try_default().await.expect("KUBECONFIG names a cluster: eval \"$(tests/cluster/up)\"");
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await.expect("the nodes");
    let node = nodes.items.first().and_then(|node| node.metadata.name.clone()).expect("a node");
    let containers = served(&get(&client, &format!("/api/v1/nodes/{node}/proxy/metrics/cadvisor")).await);
    assert!(containers.contains_key("container_cpu_usage_seconds_total"), "that is not cAdvisor");
    let mut faults = differences(containers, &listed("cadvisor.txt"), &["container_", "machine_"]);
    if has_parts() {
        // There the controller is a process of the node.
        let controller = served(&get(&client, &format!("/api/v1/nodes/https:{node}:9090/proxy/metrics")).await);
        assert!(controller.contains_key("argo_workflows_is_leader"), "that is not the controller");
        faults.extend(differences(controller, &listed("argo-controller.txt"), &["argo_workflows_"]));
    } else {
        eprintln!("SKIPPED: where the controller of this cluster serves its metrics is not known here");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
