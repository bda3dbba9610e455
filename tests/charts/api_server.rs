//! What a real API server says to all that the charts render: to every field, by the rules of every kind, those of the
//! Prometheus operator, the Gateway API and Karpenter too.
//!
//! Runs beside the cluster of `tests/cluster/up` (docs/cluster.md), else it says that it is skipped. Nothing is made there:
//! the server is asked what it would do.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::platform::stage::{SETUPS, Stage, is_stand_in};
use crate::support::{Rendered, folder};
use crate::tunebot::switches::combinations;

/// The API server, with a namespace of its own for one test.
struct Server {
    kubectl: PathBuf,
    namespace: String,
}

impl Server {
    /// None, and a line that says so, where there is no cluster that we made.
    fn open(namespace: &str) -> Option<Self> {
        let named = std::env::var_os("TUNEBOT_CLUSTER_KUBECTL").filter(|_| {
            // Definitions are not loaded into a cluster of somebody else's.
            std::env::var_os("TUNEBOT_CLUSTER_DIR").is_some()
        });
        let Some(kubectl) = named else {
            eprintln!("SKIPPED: no cluster of tests/cluster/up is there to be asked");
            return None;
        };
        let loaded = Command::new(folder("tests/cluster/load-definitions")).output().expect("a script of the cluster");
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        let server = Self { kubectl: kubectl.into(), namespace: namespace.to_owned() };
        server.call(&["create", "namespace", namespace], "");
        Some(server)
    }

    /// What the server refuses of these manifests; nothing if it takes all.
    fn refusal(&self, rendered: &Rendered) -> String {
        let manifests: Vec<Value> = rendered.0.iter().map(|manifest| self.within(manifest)).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests}).to_string();
        let output =
            self.call(&["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-"], &list);
        let taken = String::from_utf8_lossy(&output.stdout).lines().count();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), taken == manifests.len(), "{said}");
        if output.status.success() { String::new() } else { said }
    }

    /// The same in the namespace of the test: those that it names need not be there.
    fn within(&self, manifest: &Value) -> Value {
        let mut manifest = manifest.clone();
        if manifest["metadata"]["namespace"].is_string() {
            manifest["metadata"]["namespace"] = self.namespace.as_str().into();
        }
        manifest
    }

    fn call(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(&self.kubectl);
        command.args(arguments).args(["--namespace", &self.namespace]).env("NO_PROXY", "*").env("no_proxy", "*");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("kubectl can be started");
        child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("kubectl reads");
        child.wait_with_output().expect("kubectl ends")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.call(&["delete", "namespace", &self.namespace, "--wait=false"], "");
    }
}

#[test]
fn the_api_server_takes_what_tunebots_chart_renders_under_every_combination_of_switches() {
    let Some(server) = Server::open("dry-run-tunebot") else { return };
    for (number, release) in combinations().iter().enumerate() {
        let refusal = server.refusal(&release.render());
        assert!(refusal.is_empty(), "combination {number}: {refusal}");
    }
}

#[test]
fn the_api_server_takes_what_the_platforms_chart_renders_for_every_setup() {
    let Some(server) = Server::open("dry-run-platform") else { return };
    let stage = Stage::with_stand_ins();
    for setup in SETUPS {
        let Some(release) = stage.release(setup) else { return };
        let mut rendered = release.render();
        rendered.0.retain(|manifest| !is_stand_in(manifest));
        let refusal = server.refusal(&rendered);
        assert!(refusal.is_empty(), "{setup:?}: {refusal}");
    }
}

#[test]
fn the_api_server_takes_what_the_charts_beneath_the_platform_make_of_our_values() {
    let Some(stage) = Stage::with_real_charts() else { return };
    let Some(server) = Server::open("dry-run-beneath") else { return };
    for setup in SETUPS {
        let Some(release) = stage.release(setup) else { return };
        let refusal = server.refusal(&release.render());
        assert!(refusal.is_empty(), "{setup:?}: {refusal}");
    }
}

#[test]
fn the_api_server_refuses_a_field_that_there_is_not_and_a_value_that_cannot_be() {
    let Some(server) = Server::open("dry-run-refused") else { return };
    let faulty = |api_version: &str, kind: &str, spec: Value| {
        Rendered(vec![json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "faulty"}, "spec": spec})])
    };
    let cases = [
        (faulty("v1", "Service", json!({"ports": [{"prot": 80, "port": 80}]})), "prot"),
        (faulty("monitoring.coreos.com/v1", "PrometheusRule", json!({"group": []})), "group"),
        (
            faulty(
                "monitoring.coreos.com/v1",
                "ServiceMonitor",
                json!({"selector": {}, "endpoints": [{"interval": "1 minute"}]}),
            ),
            "interval",
        ),
        (
            faulty("gateway.networking.k8s.io/v1", "HTTPRoute", json!({"hostnames": ["https://a.example.com"]})),
            "hostnames",
        ),
        (faulty("karpenter.sh/v1", "NodePool", json!({"template": {"spec": {}}})), "nodeClassRef"),
        (faulty("karpenter.k8s.aws/v1", "EC2NodeClass", json!({"role": "nodes"})), "amiSelectorTerms"),
    ];
    for (manifest, word) in cases {
        let refusal = server.refusal(&manifest);
        assert!(refusal.contains(word), "{word}: {refusal:?}");
    }
}
