//! The cluster under the tests: what a platform engineer does there, and looks at what is there.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, PostParams};
use kube::config::{AuthInfo, Kubeconfig};
use kube::{Api, Client};
use serde_json::{Value, json};

/// How long something in the cluster may take: pods start slowly on a small machine.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks at the cluster.
const LOOK: Duration = Duration::from_millis(100);

/// What tunebot's Role allows, as docs/argo.md has it.
pub fn rules() -> Vec<Value> {
    vec![
        json!({"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["create", "get", "list", "watch", "patch"]}),
        json!({"apiGroups": ["argoproj.io"], "resources": ["workflowtemplates"], "verbs": ["get"]}),
        json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "patch", "deletecollection"]}),
    ]
}

/// A place of its own for one test: names that begin with [`Self::name`].
pub struct Cluster {
    client: Client,
    /// Different for every test and run.
    pub name: String,
    pub namespace: String,
    service_account: String,
    image: String,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// With the rights that the documentation asks for.
    pub async fn open() -> Self {
        Self::open_with(rules()).await
    }

    /// With other rights for tunebot.
    pub async fn open_with(rules: Vec<Value>) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::try_default().await.expect("KUBECONFIG names a cluster: eval \"$(tests/cluster/up)\"");
        let cluster = Self {
            client,
            name: unique_name(),
            namespace: variable("TUNEBOT_CLUSTER_NAMESPACE"),
            service_account: variable("TUNEBOT_CLUSTER_SERVICE_ACCOUNT"),
            image: variable("TUNEBOT_CLUSTER_IMAGE"),
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        cluster.allow(rules).await;
        cluster
    }

    /// Where pods reach a server of the test.
    pub fn host_address(&self) -> String {
        variable("TUNEBOT_CLUSTER_HOST_ADDRESS")
    }

    /// Gives tunebot an account with these rights, and a kubeconfig for it.
    async fn allow(&self, rules: Vec<Value>) {
        let (name, namespace) = (&self.name, &self.namespace);
        self.create("", "ServiceAccount", json!({"metadata": {"name": name}})).await;
        let group = "rbac.authorization.k8s.io";
        self.create(group, "Role", json!({"metadata": {"name": name}, "rules": rules})).await;
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        });
        self.create(group, "RoleBinding", binding).await;
        let mut kubeconfig = Kubeconfig::read().expect("the kubeconfig");
        let auth = AuthInfo { token: Some(self.token().await.into()), ..AuthInfo::default() };
        for user in &mut kubeconfig.auth_infos {
            user.auth_info = Some(auth.clone());
        }
        let mut text = serde_json::to_value(&kubeconfig).expect("a kubeconfig is JSON");
        // A secret does not serialize as itself.
        for user in text["users"].as_array_mut().expect("users") {
            use secrecy::ExposeSecret;
            user["user"]["token"] = auth.token.as_ref().expect("a token").expose_secret().into();
        }
        std::fs::write(self.kubeconfig(), text.to_string()).expect("the kubeconfig of tunebot");
    }

    /// A token of tunebot's account.
    async fn token(&self) -> String {
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}});
        let path = format!("/api/v1/namespaces/{}/serviceaccounts/{}/token", self.namespace, self.name);
        self.ask(path, &body).await["status"]["token"].as_str().expect("a token").to_owned()
    }

    /// May this account do that? The resource is named `GROUP/PLURAL`, with an empty group for the core's.
    pub async fn may(&self, account: &str, verb: &str, resource: &str, namespace: &str) -> bool {
        let (group, resource) = resource.split_once('/').expect("GROUP/PLURAL");
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": account, "resourceAttributes":
                {"verb": verb, "group": group, "resource": resource, "namespace": namespace}},
        });
        let answer = self.ask("/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned(), &body).await;
        answer["status"]["allowed"].as_bool().expect("an answer")
    }

    async fn ask(&self, path: String, body: &Value) -> Value {
        let request = http::Request::post(path).header("content-type", "application/json");
        let request = request.body(body.to_string().into_bytes()).expect("a request");
        self.client.request(request).await.expect("the API server answers")
    }

    /// With which tunebot reaches the cluster.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Makes a WorkflowTemplate whose only template runs `trial` with these arguments; returns its name.
    pub async fn template(&self, name: &str, parameters: &[&str], arguments: &[&str]) -> String {
        let name = format!("{}-{name}", self.name);
        let spec = self.spec(parameters, arguments);
        self.create("argoproj.io", "WorkflowTemplate", json!({"metadata": {"name": name}, "spec": spec})).await;
        name
    }

    /// The spec of a workflow that runs `trial`, declares `parameters`, and gives `loss`.
    pub fn spec(&self, parameters: &[&str], arguments: &[&str]) -> Value {
        let parameters: Vec<Value> = parameters.iter().map(|name| json!({"name": name})).collect();
        let outputs = json!({"parameters": [{"name": "loss", "valueFrom": {"path": "/tmp/objective"}}]});
        json!({
            "entrypoint": "main",
            "serviceAccountName": self.service_account,
            "arguments": {"parameters": parameters},
            "templates": [{"name": "main", "container": self.container(arguments), "outputs": outputs}],
        })
    }

    pub fn container(&self, arguments: &[&str]) -> Value {
        json!({
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["/bin/trial"],
            "args": arguments,
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        })
    }

    pub async fn create(&self, group: &str, kind: &str, mut object: Value) {
        let resource = resource(group, kind);
        object["apiVersion"] = resource.api_version.clone().into();
        object["kind"] = kind.into();
        let object: DynamicObject = serde_json::from_value(object).expect("an object");
        let created = self.api(&resource).create(&PostParams::default(), &object).await;
        created.unwrap_or_else(|error| panic!("{kind} cannot be created: {error}"));
    }

    /// The workflows of all tunings of this test.
    pub async fn workflows(&self) -> Vec<Value> {
        self.list("argoproj.io", "Workflow", "tunebot/tuning").await
    }

    /// The pods of those workflows that have not ended.
    pub async fn live_pods(&self) -> Vec<Value> {
        let ours = self.workflows().await;
        let names: Vec<&str> = ours.iter().filter_map(|workflow| workflow["metadata"]["name"].as_str()).collect();
        let label =
            |pod: &Value| pod["metadata"]["labels"]["workflows.argoproj.io/workflow"].as_str().map(str::to_owned);
        let pods = self.list("", "Pod", "workflows.argoproj.io/workflow").await;
        let is_live = |pod: &Value| {
            matches!(pod["status"]["phase"].as_str(), Some("Pending" | "Running"))
                && label(pod).is_some_and(|workflow| names.contains(&workflow.as_str()))
        };
        pods.into_iter().filter(is_live).collect()
    }

    /// The Secrets that tunebot made for tunings of this test.
    pub async fn secrets(&self) -> Vec<Value> {
        self.list("", "Secret", "tunebot/sweep").await
    }

    /// Objects with a label, of this test: labelled with a name that begins with the test's.
    async fn list(&self, group: &str, kind: &str, label: &str) -> Vec<Value> {
        let all = self.api(&resource(group, kind)).list(&ListParams::default().labels(label)).await;
        let all = all.unwrap_or_else(|error| panic!("{kind}s cannot be listed: {error}"));
        let is_ours = |object: &Value| {
            let value = object["metadata"]["labels"][label].as_str();
            value.is_some_and(|value| value.starts_with(&self.name))
        };
        all.items.into_iter().map(|object| serde_json::to_value(object).expect("JSON")).filter(is_ours).collect()
    }

    /// Deletes a workflow, as a person does with kubectl.
    pub async fn delete_workflow(&self, name: &str) {
        self.api(&resource("argoproj.io", "Workflow"))
            .delete(name, &DeleteParams::default())
            .await
            .expect("a deletion");
    }

    /// Waits until there are workflows that please.
    ///
    /// # Panics
    /// They do not come in [`PATIENCE`].
    pub async fn wait_for_workflows<R>(&self, what: &str, find: impl Fn(&[Value]) -> Option<R>) -> R {
        wait_for(what, async || find(&self.workflows().await), async || summary(&self.workflows().await)).await
    }

    /// Waits until no pod of this test runs any longer.
    pub async fn wait_until_pods_are_gone(&self) {
        let are_gone = async || self.live_pods().await.is_empty().then_some(());
        wait_for("the end of all pods", are_gone, async || summary(&self.live_pods().await)).await;
    }

    fn api(&self, resource: &ApiResource) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, resource)
    }
}

/// Looks at what announces itself to nobody until there is something to find.
///
/// # Panics
/// It does not come in [`PATIENCE`]; the panic has what `show` shows.
pub async fn wait_for<R>(what: &str, find: impl AsyncFn() -> Option<R>, show: impl AsyncFn() -> String) -> R {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = find().await {
            return found;
        }
        if tokio::time::Instant::now() > deadline {
            panic!("waited {PATIENCE:?} in vain for {what}; there is\n{}", show().await);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a test leaves behind goes, also when it fails.
impl Drop for Cluster {
    fn drop(&mut self) {
        let (name, namespace) = (self.name.clone(), self.namespace.clone());
        // The client of the test belongs to the runtime of the test, which cannot be waited for here.
        let clearing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                tokio::time::timeout(PATIENCE, clear(&name, &namespace)).await.map_err(std::io::Error::other)
            })
        });
        if !matches!(clearing.join(), Ok(Ok(Ok(())))) {
            eprintln!("{} may have left something in namespace {}", self.name, self.namespace);
        }
    }
}

async fn clear(name: &str, namespace: &str) -> kube::Result<()> {
    let client = Client::try_default().await?;
    let of_kind =
        |group, kind| -> Api<DynamicObject> { Api::namespaced_with(client.clone(), namespace, &resource(group, kind)) };
    let now = DeleteParams::default().grace_period(0);
    let workflows = of_kind("argoproj.io", "Workflow");
    for workflow in workflows.list(&ListParams::default().labels("tunebot/tuning")).await? {
        if workflow
            .metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get("tunebot/tuning"))
            .is_some_and(|of| of == name)
        {
            workflows.delete(&workflow.metadata.name.unwrap_or_default(), &now).await?;
        }
    }
    let templates = of_kind("argoproj.io", "WorkflowTemplate");
    for template in templates.list(&ListParams::default()).await? {
        let of = template.metadata.name.unwrap_or_default();
        if of.starts_with(name) {
            templates.delete(&of, &now).await?;
        }
    }
    let group = "rbac.authorization.k8s.io";
    for (group, kind) in [(group, "RoleBinding"), (group, "Role"), ("", "ServiceAccount")] {
        of_kind(group, kind).delete(name, &now).await?;
    }
    Ok(())
}

/// Can parts of the cluster be ended here? Not those of a cluster that others made.
pub fn has_parts() -> bool {
    let is_ours = std::env::var_os("TUNEBOT_CLUSTER_DIR").is_some();
    if !is_ours {
        eprintln!("SKIPPED: TUNEBOT_CLUSTER_DIR is not set, so the cluster's parts are not to be killed");
    }
    is_ours
}

/// A part of the cluster that was killed. It is started again at the end of the test at the latest, also of one that fails.
pub struct Killed(Option<&'static str>);

/// Ends a part of the cluster at once: `apiserver`, `controller`.
///
/// # Panics
/// The cluster is not one of `tests/cluster/up`.
pub fn kill(part: &'static str) -> Killed {
    script("kill", part).expect("the part is killed");
    Killed(Some(part))
}

impl Killed {
    /// Starts it again and waits until it is ready.
    ///
    /// # Panics
    /// It does not come back.
    pub fn start(mut self) {
        let part = self.0.take().expect("it is started once");
        script("start", part).expect("the part comes back");
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        if let Some(part) = self.0
            && let Err(error) = script("start", part)
        {
            eprintln!("{part} stays away: {error}");
        }
    }
}

fn script(verb: &str, part: &str) -> Result<(), String> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cluster").join(verb);
    let output = Command::new(script).arg(part).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// Name, phase and message of each.
pub fn summary(workflows: &[Value]) -> String {
    let line = |workflow: &Value| {
        let (metadata, status) = (&workflow["metadata"], &workflow["status"]);
        format!("{} {} {} {}", metadata["name"], status["phase"], status["progress"], status["message"])
    };
    workflows.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub fn phase(workflow: &Value) -> &str {
    workflow["status"]["phase"].as_str().unwrap_or_default()
}

fn resource(group: &str, kind: &str) -> ApiResource {
    let version = if group == "argoproj.io" { "v1alpha1" } else { "v1" };
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: eval \"$(tests/cluster/up)\", or see docs/cluster.md"))
}

fn unique_name() -> String {
    let mut bytes = [0; 4];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)).expect("random bytes");
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t{digits}")
}
