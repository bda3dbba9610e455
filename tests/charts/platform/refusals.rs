//! Wrong values, each with what is said of it.

use serde_json::{Value, json};

use super::stage::Stage;

/// What the chart says itself: which values, what is wrong with them, what to write instead.
#[test]
fn values_that_do_not_fit_are_refused_with_what_to_write_instead() {
    let stage = Stage::with_stand_ins();
    for (path, value, expected) in misfits().into_iter().chain(replaced()).chain(secrets()) {
        let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
        let said = release.set(path, value).refusal();
        assert!(said.contains("these values do not fit:") && said.contains(expected), "{path}\n{said}\n\n{expected}");
    }
}

fn misfits() -> Vec<(&'static str, Value, &'static str)> {
    let vision = |workflow: Value| json!({"vision": {"engine": "argo", "space": {"lr": {"type": "float", "low": 0, "high": 1}}, "objective": {"metric": "loss", "direction": "minimize"}, "workflow": workflow}});
    vec![
        (
            "workflows.namespace",
            json!("trials"),
            "- workflows.namespace is \"trials\", which is not among argo-workflows.controller.workflowNamespaces: add it there.\n\
             - workflows.namespace is \"trials\" and tunebot.argo.namespace is \"ml\": write the same in both.",
        ),
        (
            "argo-workflows.controller.workflowDefaults.spec.serviceAccountName",
            json!("trail"),
            "workflowDefaults.spec.serviceAccountName is \"trail\", which is not among workflows.serviceAccounts (trial)",
        ),
        (
            "tunebot.argo.serviceAccount",
            json!("default"),
            "- tunebot.argo.serviceAccount is \"default\", which is not among workflows.serviceAccounts (trial): its pods would \
             not start, or could not say what came of them.",
        ),
        (
            "tunebot.config.engines",
            json!({"gpu": {"argo": {"namespace": "other", "service_account": "robot"}}}),
            "- workflows.namespace is \"ml\" and tunebot.config.engines.gpu.argo.namespace is \"other\": write the same in both.\n\
             - tunebot.config.engines.gpu.argo.service_account is \"robot\", which is not among",
        ),
        (
            "tunebot.config.tunings",
            vision(json!({"template": "train", "node_selector": {"karpenter.sh/nodepool": "gpu"}})),
            "- tunebot.config.tunings.vision.workflow wants nodes of the pool gpu, but does not tolerate their taint \
             nvidia.com/gpu=true:NoSchedule. Add to its tolerations: {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}.",
        ),
        (
            "tunebot.config.tunings",
            vision(json!({"template": "train", "node_selector": {"karpenter.sh/nodepool": "a100"}})),
            "node_selector wants nodes of the pool \"a100\", which is not among nodes.pools (cpu, gpu).",
        ),
        (
            "tunebot.config.tunings",
            vision(json!({"template": "train", "service_account": "trial-gpu"})),
            "- tunebot.config.tunings.vision.workflow.service_account is \"trial-gpu\", which is not among",
        ),
        (
            "tunebot.argo.parallel",
            json!(450),
            "- tunebot.argo.parallel is 450, but argo-workflows.controller.namespaceParallelism is 400: the others would wait \
             in Argo while their time limit goes on. Raise the one or lower the other.",
        ),
        (
            "tunebot.config.engines",
            json!({"gpu": {"argo": {"namespace": "ml", "parallel": 600}}}),
            "- tunebot.config.engines.gpu.argo.parallel is 600, but argo-workflows.controller.parallelism is 500:",
        ),
        (
            "tunebot.argo.uiUrl",
            json!("https://argo.elsewhere.example.com"),
            "- the address of global.platform.hosts.argo is \"https://argo.ml.example.com\" and tunebot.argo.uiUrl is \
             \"https://argo.elsewhere.example.com\": write the same in both.",
        ),
        ("tunebot.grafana.url", json!("https://g.example.com"), "and tunebot.grafana.url is \"https://g.example.com\""),
        ("tunebot.publicUrl", json!("https://t.example.com"), "and tunebot.publicUrl is \"https://t.example.com\""),
        (
            "global.platform.hosts.tunebot",
            json!(""),
            "- tunebot.ingress.enabled is true, but global.platform.hosts.tunebot is empty",
        ),
        (
            "global.platform.hosts.argo",
            json!("argo.example.org"),
            "- argo-workflows.server.sso.redirectUrl is \"https://argo.ml.example.com/oauth2/callback\" and the address that \
             follows from global.platform.hosts.argo is \"https://argo.example.org/oauth2/callback\": write the same in both.\n\
             - global.platform.hosts.argo is \"argo.example.org\" and argo-workflows.server.ingress.hosts is \"argo.ml.example.com\"",
        ),
        ("global.platform.hosts.grafana", json!(""), "kube-prometheus-stack.grafana.ingress.enabled is true, but"),
        ("global.platform.hosts.grafana", json!("g.example.org"), "and kube-prometheus-stack.grafana.ingress.hosts is"),
        (
            "global.platform.sso.issuer",
            json!("https://other.example.com"),
            "- global.platform.sso.issuer is \"https://other.example.com\" and argo-workflows.server.sso.issuer is \
             \"https://id.example.com/realms/ml\": write the same in both.",
        ),
        (
            "global.platform.sso.secret.name",
            json!("oidc"),
            "and argo-workflows.server.sso.clientSecret.name is \"tuning-sso\"",
        ),
        (
            "global.platform.sso.groupsClaim",
            json!("roles"),
            "and argo-workflows.server.sso.customGroupClaimName (default: groups) is",
        ),
        (
            "global.platform.sso.scopes",
            json!(["email"]),
            "- global.platform.sso.scopes is \"email\" and argo-workflows.server.sso.scopes is",
        ),
        (
            "global.platform.sso.endpoints.token",
            json!(""),
            "- global.platform.sso.endpoints.token is \"\". Grafana needs it: take it from https://id.example.com/realms/ml/.well-known/openid-configuration.",
        ),
        (
            "global.platform.sso.groups",
            json!({"admin": [], "editor": []}),
            "- global.platform.sso.groups has neither an admin nor an editor",
        ),
        (
            "global.platform.sso.enabled",
            json!(false),
            "- global.platform.sso.enabled is false and argo-workflows.server.sso.enabled is true",
        ),
        (
            "argo-workflows.server.authModes",
            json!(["client"]),
            "but argo-workflows.server.authModes is [\"client\"]: write [sso], or",
        ),
        (
            "argo-workflows.server.authModes",
            json!(["sso", "server"]),
            "has \"server\" beside sso: everybody would get in without signing in.",
        ),
        (
            "argo-workflows.server.sso.rbac.enabled",
            json!(false),
            "whoever signs in could do everything that argo-server can",
        ),
        (
            "argo-workflows.server.sso.rbac.secretWhitelist",
            json!(["sso"]),
            "secretWhitelist lacks argo-editor.service-account-token: argo-server could not read it",
        ),
        (
            "argo-workflows.artifactRepository.s3",
            json!({"bucket": ""}),
            "- argo-workflows.artifactRepository.s3 has no bucket.",
        ),
        (
            "argo-workflows.artifactRepository.s3.useSDKCreds",
            json!(false),
            "s3 says nothing of credentials: useSDKCreds: true (IRSA, Pod Identity), or",
        ),
        (
            "argo-workflows.artifactRepository.s3.accessKeySecret",
            json!({"name": "k", "key": "a"}),
            "is not looked at as long as argo-workflows.useStaticCredentials is false",
        ),
        (
            "argo-workflows.artifactRepository.s3.endpoint",
            json!("https://s3.example.com"),
            "write it without https://, and insecure: true for a store without TLS.",
        ),
        (
            "objectStore.enabled",
            json!(true),
            "- objectStore.bucket is \"artifacts\" and argo-workflows.artifactRepository.s3.bucket is \"example-tuning-artifacts\"",
        ),
        (
            "nodes.karpenter.nodeClass",
            json!({"role": "", "discovery": ""}),
            "- nodes.karpenter.nodeClass.role is empty: name the IAM role of Karpenter's nodes, KarpenterNodeRole-CLUSTER for instance.\n- nodes.karpenter.nodeClass.discovery is empty",
        ),
    ]
}

/// Keys of set-ups from the time of Argo 3.4 and before: charts pass over them in silence.
fn replaced() -> Vec<(&'static str, Value, &'static str)> {
    let emissary = "Remove it: emissary is the only executor since Argo 3.4, there is nothing to choose.";
    let top = "is of an older set-up. It belongs to the top of the chart's values: argo-workflows.artifactRepository.";
    vec![
        ("argo-workflows.controller.containerRuntimeExecutor", json!("pns"), emissary),
        ("argo-workflows.controller.containerRuntimeExecutors", json!([{"name": "emissary"}]), emissary),
        ("argo-workflows.controller.extraArgs", json!(["--container-runtime-executor=pns"]), emissary),
        ("argo-workflows.server.artifactRepository", json!({"s3": {"bucket": "b"}}), top),
        ("argo-workflows.controller.artifactRepository", json!({"s3": {"bucket": "b"}}), top),
        (
            "argo-workflows.useDefaultArtifactRepo",
            json!(true),
            "a repository under argo-workflows.artifactRepository is the default one",
        ),
        (
            "argo-workflows.controller.workflowDefaults.ttlStrategy",
            json!({"secondsAfterCompletion": 1}),
            "stands under argo-workflows.controller.workflowDefaults.spec.",
        ),
        (
            "argo-workflows.server.extraArgs",
            json!(["--auth-mode=server"]),
            "has --auth-mode=server: it would count beside argo-workflows.server.authModes. Write the modes there.",
        ),
        ("argo-workflows.server.authMode", json!("sso"), "Write a list: argo-workflows.server.authModes."),
        ("argo-workflows.installCRD", json!(true), "Write argo-workflows.crds.install."),
        ("argo-workflows.minio", json!({"install": true}), "objectStore.enabled is one for trying things out."),
        (
            "argo-workflows.server.ingress.annotations",
            json!({"kubernetes.io/ingress.class": "alb"}),
            "- argo-workflows.server.ingress.annotations has kubernetes.io/ingress.class, which Kubernetes has given up. Write argo-workflows.server.ingress.ingressClassName.",
        ),
        (
            "tunebot.ingress.annotations",
            json!({"kubernetes.io/ingress.class": "alb"}),
            "Write tunebot.ingress.className.",
        ),
        (
            "kube-prometheus-stack.grafana.ingress.annotations",
            json!({"kubernetes.io/ingress.class": "alb"}),
            "Write kube-prometheus-stack.grafana.ingress.ingressClassName.",
        ),
    ]
}

fn secrets() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        (
            "kube-prometheus-stack.grafana.adminPassword",
            json!("hunter2"),
            "adminPassword is a secret in a values file. Make a Secret with it and name that in kube-prometheus-stack.grafana.admin.existingSecret.",
        ),
        (
            "kube-prometheus-stack.grafana.grafana\\.ini.auth\\.generic_oauth.client_secret",
            json!("hunter2"),
            "which Grafana takes out of the Secret global.platform.sso.secret. Remove it.",
        ),
        ("argo-workflows.artifactRepository.s3.secretKey", json!("hunter2"), "secretKey is a secret in a values file."),
    ]
}

/// What the schema says: Helm names the value and what it should be.
#[test]
fn values_of_a_wrong_shape_are_refused_by_the_schema() {
    let stage = Stage::with_stand_ins();
    let table = [
        ("karpenter", json!({"enabled": true}), "additional properties 'karpenter' not allowed"),
        ("workflows.serviceAccount", json!({"name": "trial"}), "additional properties 'serviceAccount' not allowed"),
        ("workflows.serviceAccounts", json!({"trial": null}), "at '/workflows/serviceAccounts'"),
        ("workflows.namespace", json!("ML"), "at '/workflows/namespace': 'ML' does not match pattern"),
        ("workflows.templates.train.image", json!(""), "at '/workflows/templates/train/image'"),
        (
            "global.platform.hosts.argo",
            json!("https://argo.example.com"),
            "at '/global/platform/hosts/argo': 'https://argo.example.com' does not match pattern",
        ),
        ("global.platform.sso.groups.admin", json!(["it's"]), "at '/global/platform/sso/groups/admin/0'"),
        ("global.platform.sso.clientSecret", json!("hunter2"), "additional properties 'clientSecret' not allowed"),
        (
            "nodes.pools.gpu.capacityTypes",
            json!(["Spot"]),
            "at '/nodes/pools/gpu/capacityTypes/0': value must be one of 'spot', 'on-demand', 'reserved'",
        ),
        (
            "nodes.pools.small",
            json!({"capacityTypes": ["spot"], "architectures": ["amd64"]}),
            "at '/nodes/pools/small': missing properties",
        ),
        (
            "nodes.pools.gpu.taints",
            json!([{"key": "a", "effect": "NoRun"}]),
            "value must be one of 'NoSchedule', 'PreferNoSchedule', 'NoExecute'",
        ),
        ("objectStore.size", json!(10), "at '/objectStore/size': got number, want string"),
        ("argo-workflows.server.authModes", json!(["oidc"]), "value must be one of 'sso', 'client', 'server'"),
        ("argo-workflows.controller.parallelism", json!("many"), "at '/argo-workflows/controller/parallelism'"),
        (
            "argo-workflows.controller.workflowDefaults.spec.ttlStrategy",
            json!({"secondsAfterCompleted": 60}),
            "additional properties 'secondsAfterCompleted' not allowed",
        ),
        (
            "argo-workflows.controller.workflowDefaults.spec.podGC.strategy",
            json!("Always"),
            "value must be one of 'OnPodCompletion'",
        ),
        (
            "argo-workflows.artifactRepository.archiveLogs",
            json!("yes"),
            "at '/argo-workflows/artifactRepository/archiveLogs': got string, want boolean",
        ),
        (
            "kube-prometheus-stack.prometheus.prometheusSpec.remoteWrite",
            json!([{"url": "https://aps", "sigv4": {}}]),
            "missing property 'region'",
        ),
    ];
    for (path, value, expected) in table {
        let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
        let said = release.set(path, value).refusal();
        assert!(said.contains(expected), "{path}\n{said}\n\n{expected}");
    }
}

#[test]
fn trials_do_not_run_beside_the_secrets_of_the_platform() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-local.yaml"]) else { return };
    let said = release.in_namespace("ml").refusal();
    assert!(said.contains("- workflows.namespace is the release's own, ml: whoever may submit a workflow"), "{said}");
}

/// All that is wrong is said at once.
#[test]
fn nobody_mends_one_value_after_the_other() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let said = release
        .set("argo-workflows.controller.containerRuntimeExecutor", "docker")
        .set("kube-prometheus-stack.grafana.adminPassword", "hunter2")
        .set("tunebot.publicUrl", "https://t.example.com")
        .refusal();
    insta::assert_snapshot!(said, @r#"
    Error: execution error at (tuning-platform/templates/checks.yaml:9:4): these values do not fit:
    - argo-workflows.controller.containerRuntimeExecutor is of an older set-up. Remove it: emissary is the only executor since Argo 3.4, there is nothing to choose.
    - kube-prometheus-stack.grafana.adminPassword is a secret in a values file. Make a Secret with it and name that in kube-prometheus-stack.grafana.admin.existingSecret.
    - the address of global.platform.hosts.tunebot is "https://tunebot.ml.example.com" and tunebot.publicUrl is "https://t.example.com": write the same in both.


    Use --debug flag to render out invalid YAML
    "#);
    assert!(!said.contains("hunter2"));
}
