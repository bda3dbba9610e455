//! Every file of values, and what comes of it.

use serde_json::{Value, json};

use super::stage::{SETUPS, Stage, values_of};
use crate::support::Rendered;
use crate::tunebot::config::check;

#[test]
fn every_setup_is_clean_to_helm_and_renders() {
    let stage = Stage::with_stand_ins();
    for values in SETUPS {
        let Some(release) = stage.release(values) else { return };
        release.lint();
        assert!(!release.render().0.is_empty(), "{values:?}");
    }
}

/// The real charts of Argo and the monitoring take the values, too.
#[test]
fn every_setup_renders_with_the_real_charts() {
    let Some(stage) = Stage::with_real_charts() else { return };
    for values in SETUPS {
        let Some(release) = stage.release(values) else { return };
        release.lint();
        release.with_api("monitoring.coreos.com/v1").render();
    }
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let rendered = release.with_api("monitoring.coreos.com/v1").render();
    let argo = &rendered.named("ConfigMap", "argo-workflow-controller-configmap")["data"]["config"];
    insta::assert_snapshot!(argo.as_str().expect("a text"), @r#"
    parallelism: 500
    namespaceParallelism: 400
    artifactRepository:
      archiveLogs: true
      s3:
        bucket: example-tuning-artifacts
        endpoint: s3.eu-west-1.amazonaws.com
        insecure: false
        keyFormat: "{{workflow.namespace}}/{{workflow.creationTimestamp.Y}}/{{workflow.creationTimestamp.m}}/{{workflow.name}}/{{pod.name}}"
        region: eu-west-1
        useSDKCreds: true
    metricsConfig:
      enabled: true
      path: /metrics
      port: 9090
      ignoreErrors: false
      secure: false
    workflowDefaults:
      spec:
        podGC:
          strategy: OnPodCompletion
        podMetadata:
          annotations:
            cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
            karpenter.sh/do-not-disrupt: "true"
        serviceAccountName: trial
        tolerations:
        - key: spot
          operator: Exists
        ttlStrategy:
          secondsAfterCompletion: 604800
    sso:
      issuer: https://id.example.com/realms/ml
      clientId:
        name: tuning-sso
        key: client-id
      clientSecret:
        name: tuning-sso
        key: client-secret
      redirectUrl: "https://argo.ml.example.com/oauth2/callback"
      rbac:
        enabled: true
      scopes:
        - profile
        - email
        - groups
      sessionExpiry: 12h
    columns:
      - key: tunebot/tuning
        name: Tuning
        type: label
      - key: tunebot/sweep
        name: Sweep
        type: label
      - key: tunebot/trial
        name: Trial
        type: label
    nodeEvents:
      enabled: true
    workflowEvents:
      enabled: true
    failedPodRestart:
      enabled: false
      maxRestarts: 3
    "#);
    let deployment = rendered.named("Deployment", "argo-workflow-controller");
    let env = deployment["spec"]["template"]["spec"]["containers"][0]["env"].as_array().expect("variables");
    assert!(env.contains(&json!({"name": "ARGO_PROGRESS_PATCH_TICK_DURATION", "value": "10s"})), "{env:?}");
    let server = rendered.named("Deployment", "argo-server");
    let arguments = &server["spec"]["template"]["spec"]["containers"][0]["args"];
    insta::assert_json_snapshot!(arguments, @r#"
    [
      "server",
      "--configmap=argo-workflow-controller-configmap",
      "--auth-mode=sso",
      "--auth-mode=client",
      "--secure=false",
      "--loglevel",
      "info",
      "--gloglevel",
      "0",
      "--log-format",
      "text"
    ]
    "#);
}

/// `tunebot check` reads what the pod would.
#[test]
fn the_configuration_of_every_setup_is_one_that_tunebot_takes() {
    for values in SETUPS.iter().filter(|values| !values.is_empty()) {
        let Some(rendered) = render(values) else { return };
        let of_tunebot = |manifest: &Value| manifest["metadata"]["labels"]["app.kubernetes.io/name"] == "tunebot";
        let tunebot = Rendered(rendered.0.into_iter().filter(of_tunebot).collect());
        if let Err(problems) = check(&tunebot) {
            panic!("{values:?}: {problems}");
        }
    }
}

#[test]
fn any_of_the_parts_can_be_left_out() {
    let stage = Stage::with_stand_ins();
    for values in ["values-local.yaml", "values-eks.yaml", "values-existing-argo.yaml"] {
        for on in 0..8_u8 {
            let (argo, monitoring, tunebot) = (on & 1 > 0, on & 2 > 0, on & 4 > 0);
            // An Argo of this chart wants values that those for another one do not have.
            if argo && values == "values-existing-argo.yaml" {
                continue;
            }
            let Some(release) = stage.release(&[values]) else { return };
            let release = release
                .set("argo-workflows.enabled", argo)
                .set("kube-prometheus-stack.enabled", monitoring)
                .set("tunebot.enabled", tunebot);
            let rendered = release.render();
            let has = |name: &str| rendered.0.iter().any(|manifest| manifest["metadata"]["name"] == name);
            assert_eq!(has("values-of-argo-workflows"), argo);
            assert_eq!(has("values-of-kube-prometheus-stack"), monitoring);
            assert_eq!(has("tunebot"), tunebot);
        }
    }
}

#[test]
fn the_other_switches_add_what_they_say_and_nothing_else() {
    let stage = Stage::with_stand_ins();
    let with = |path: &str, value: Value| -> Option<Vec<String>> {
        Some(stage.release(&[])?.set(path, value).render().list())
    };
    let Some(plain) = stage.release(&[]).map(|release| release.render().list()) else { return };
    let added = |path: &str, value: Value| -> Vec<String> {
        let list = with(path, value).expect("Helm is there");
        list.into_iter().filter(|line| !plain.contains(line)).collect()
    };
    let karpenter = json!({"enabled": true, "nodeClass": {"role": "nodes", "discovery": "ml"}});
    assert_eq!(added("nodes.karpenter", karpenter), ["EC2NodeClass tuning", "NodePool cpu", "NodePool gpu"]);
    assert_eq!(added("storageClass.create", json!(true)), ["StorageClass gp3"]);
    assert_eq!(added("workflows.templates.train.enabled", json!(true)), ["WorkflowTemplate ml/train"]);
    assert_eq!(added("workflows.serviceAccounts.other", json!({})), ["ServiceAccount ml/other"]);
    let gone = with("workflows.createNamespace", json!(false)).expect("Helm is there");
    assert!(plain.contains(&"Namespace ml".to_owned()) && !gone.contains(&"Namespace ml".to_owned()));
}

#[test]
fn the_notes_say_which_address_goes_where() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let notes = release.notes();
    for line in [
        "  Argo      https://argo.ml.example.com/workflows/ml\n",
        "  https://argo.ml.example.com/oauth2/callback\n",
        "  https://grafana.ml.example.com/login/generic_oauth\n",
        "GitHub's webhook goes to https://tunebot.ml.example.com/webhooks/github",
        "  helm --namespace tuning test platform --logs\n",
        "/tune first\n",
        "WARNING: argo.ml.example.com is the example's.",
    ] {
        assert!(notes.contains(line), "{line}\n{notes}");
    }
    let Some(laptop) = stage.release(&["values-local.yaml"]) else { return };
    assert!(laptop.notes().contains("kubectl --namespace tuning port-forward service/argo-server 2746"));
}

#[test]
fn a_laptop_gets_an_object_store_of_which_argo_knows() {
    let Some(rendered) = render(&["values-local.yaml"]) else { return };
    let argo = values_of(&rendered, "argo-workflows");
    insta::assert_json_snapshot!(argo["artifactRepository"], @r#"
    {
      "archiveLogs": true,
      "s3": {
        "accessKeySecret": {
          "key": "accesskey",
          "name": "artifact-keys"
        },
        "bucket": "artifacts",
        "endpoint": "object-store.ml.svc:9000",
        "insecure": true,
        "secretKeySecret": {
          "key": "secretkey",
          "name": "artifact-keys"
        }
      }
    }
    "#);
    let store = rendered.named("Service", "object-store");
    assert_eq!(store["metadata"]["namespace"], "ml");
    assert_eq!(store["spec"]["ports"][0]["port"], 9000);
    let pod = &rendered.named("Deployment", "object-store")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["env"][2]["valueFrom"]["secretKeyRef"]["name"], "artifact-keys");
    assert_eq!(argo["server"]["sso"]["enabled"], false);
}

#[test]
fn an_argo_that_is_there_is_not_touched() {
    let Some(rendered) = render(&["values-existing-argo.yaml"]) else { return };
    let list: Vec<String> = rendered.list().into_iter().filter(|line| !line.contains("tunebot")).collect();
    insta::assert_json_snapshot!(list, @r#"
    [
      "Namespace ml",
      "ServiceAccount ml/trial",
      "Role ml/workflow-pods",
      "RoleBinding ml/workflow-pods",
      "WorkflowTemplate ml/first"
    ]
    "#);
}

#[test]
fn what_the_chart_itself_makes_says_whose_it_is() {
    for values in SETUPS {
        let Some(rendered) = render(values) else { return };
        let ours = rendered.0.iter().filter(|m| m["metadata"]["labels"]["app.kubernetes.io/name"] == "tuning-platform");
        let ours: Vec<_> = ours.collect();
        assert!(ours.len() > 3, "{values:?}");
        for manifest in ours {
            let labels = &manifest["metadata"]["labels"];
            assert_eq!(labels["app.kubernetes.io/instance"], "platform", "{manifest}");
            assert_eq!(labels["helm.sh/chart"], "tuning-platform-0.1.0", "{manifest}");
        }
    }
}

fn render(values: &[&str]) -> Option<Rendered> {
    Some(Stage::with_stand_ins().release(values)?.render())
}
