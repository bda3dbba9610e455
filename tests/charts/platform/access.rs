//! Who gets in, and what pods of workflows may do.

use serde_json::{Value, json};

use super::stage::{Stage, values_of};
use crate::support::Rendered;

#[test]
fn groups_of_the_provider_become_accounts_of_argo() {
    let Some(rendered) = eks() else { return };
    let rule = |name: &str| rendered.named("ServiceAccount", name)["metadata"]["annotations"].clone();
    insta::assert_json_snapshot!([rule("argo-editor"), rule("argo-viewer")], @r#"
    [
      {
        "workflows.argoproj.io/rbac-rule": "'ml-platform' in groups || 'ml' in groups",
        "workflows.argoproj.io/rbac-rule-precedence": "2"
      },
      {
        "workflows.argoproj.io/rbac-rule": "true",
        "workflows.argoproj.io/rbac-rule-precedence": "1"
      }
    ]
    "#);
    let token = rendered.named("Secret", "argo-editor.service-account-token");
    assert_eq!(token["type"], "kubernetes.io/service-account-token");
    assert_eq!(token["metadata"]["annotations"]["kubernetes.io/service-account.name"], "argo-editor");
}

#[test]
fn viewers_only_look_and_editors_may_do_nothing_but_argo_s_things() {
    let Some(rendered) = eks() else { return };
    let verbs = |name: &str| -> Vec<Value> {
        let role = rendered.named("Role", name);
        role["rules"]
            .as_array()
            .expect("rules")
            .iter()
            .flat_map(|rule| rule["verbs"].as_array().unwrap().clone())
            .collect()
    };
    assert!(verbs("argo-viewer").iter().all(|verb| ["get", "list", "watch"].map(Value::from).contains(verb)));
    let writes = &rendered.named("Role", "argo-editor")["rules"][2];
    assert_eq!(writes["apiGroups"], json!(["argoproj.io"]));
    assert_eq!(writes["verbs"], json!(["create", "update", "patch", "delete"]));
}

#[test]
fn whoever_looks_at_artifacts_may_read_the_keys_of_the_bucket() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml", "options/s3-keys.yaml"]) else { return };
    let rendered = release.render();
    let rules = rendered.named("Role", "argo-viewer")["rules"].as_array().expect("rules").clone();
    let secrets =
        json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["artifact-keys"], "verbs": ["get"]});
    assert!(rules.contains(&secrets), "{rules:?}");
}

#[test]
fn grafana_asks_the_same_provider_and_gives_roles_by_the_same_groups() {
    let Some(rendered) = eks() else { return };
    let map = rendered.named("ConfigMap", "values-of-kube-prometheus-stack")["data"].as_object().expect("data").clone();
    let ini: serde_json::Map<_, _> = map.into_iter().filter(|(name, _)| name.contains('/')).collect();
    insta::assert_json_snapshot!(ini, @r#"
    {
      "analytics/check_for_updates": "false",
      "analytics/reporting_enabled": "false",
      "auth.generic_oauth/allow_sign_up": "true",
      "auth.generic_oauth/api_url": "https://id.example.com/realms/ml/protocol/openid-connect/userinfo",
      "auth.generic_oauth/auth_url": "https://id.example.com/realms/ml/protocol/openid-connect/auth",
      "auth.generic_oauth/enabled": "true",
      "auth.generic_oauth/groups_attribute_path": "groups",
      "auth.generic_oauth/name": "SSO",
      "auth.generic_oauth/role_attribute_path": "contains(groups[*], 'ml-platform') && 'Admin' || contains(groups[*], 'ml') && 'Editor' || 'Viewer'",
      "auth.generic_oauth/role_attribute_strict": "true",
      "auth.generic_oauth/scopes": "openid profile email groups",
      "auth.generic_oauth/token_url": "https://id.example.com/realms/ml/protocol/openid-connect/token",
      "auth.generic_oauth/use_pkce": "true",
      "auth.generic_oauth/use_refresh_token": "true",
      "server/root_url": "https://grafana.ml.example.com/"
    }
    "#);
    let grafana = values_of(&rendered, "kube-prometheus-stack")["grafana"].clone();
    for variable in ["GF_AUTH_GENERIC_OAUTH_CLIENT_ID", "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"] {
        assert!(grafana["envValueFrom"][variable]["secretKeyRef"].is_object(), "{grafana}");
    }
}

#[test]
fn pods_of_workflows_write_results_and_nothing_else() {
    let Some(rendered) = eks() else { return };
    let role = rendered.named("Role", "workflow-pods");
    let results =
        json!({"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]});
    assert_eq!(role["rules"], json!([results]));
    let binding = rendered.named("RoleBinding", "workflow-pods");
    assert_eq!(binding["subjects"], json!([{"kind": "ServiceAccount", "name": "trial", "namespace": "ml"}]));
    let inherited = &values_of(&rendered, "argo-workflows")["controller"]["workflowDefaults"]["spec"];
    assert_eq!(inherited["serviceAccountName"], "trial");
}

/// The role of IAM is an annotation of the account that the pods run as.
#[test]
fn irsa_is_an_annotation_of_three_accounts() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml", "options/irsa.yaml"]) else { return };
    let rendered = release.render();
    let key = "eks.amazonaws.com/role-arn";
    let trial = rendered.named("ServiceAccount", "trial")["metadata"]["annotations"][key].clone();
    let server = values_of(&rendered, "argo-workflows")["server"]["serviceAccount"]["annotations"][key].clone();
    let monitoring = values_of(&rendered, "kube-prometheus-stack");
    let prometheus = monitoring["prometheus"]["serviceAccount"]["annotations"][key].clone();
    for role in [trial, server, prometheus] {
        assert!(role.as_str().expect("a role").starts_with("arn:aws:iam::"));
    }
}

#[test]
fn the_three_pages_share_one_load_balancer_that_speaks_tls() {
    let Some(rendered) = eks() else { return };
    let argo = values_of(&rendered, "argo-workflows")["server"]["ingress"].clone();
    let grafana = values_of(&rendered, "kube-prometheus-stack")["grafana"]["ingress"].clone();
    insta::assert_json_snapshot!(argo, @r#"
    {
      "annotations": {
        "alb.ingress.kubernetes.io/backend-protocol": "HTTP",
        "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
        "alb.ingress.kubernetes.io/group.name": "tuning",
        "alb.ingress.kubernetes.io/healthcheck-path": "/",
        "alb.ingress.kubernetes.io/listen-ports": "[{\"HTTP\":80},{\"HTTPS\":443}]",
        "alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=3600",
        "alb.ingress.kubernetes.io/scheme": "internet-facing",
        "alb.ingress.kubernetes.io/ssl-redirect": "443",
        "alb.ingress.kubernetes.io/subnets": "subnet-0aaaaaaaaaaaaaaaa,subnet-0bbbbbbbbbbbbbbbb",
        "alb.ingress.kubernetes.io/target-type": "ip",
        "external-dns.alpha.kubernetes.io/hostname": "argo.ml.example.com"
      },
      "enabled": true,
      "hosts": [
        "argo.ml.example.com"
      ],
      "ingressClassName": "alb"
    }
    "#);
    let tunebot = &rendered.named("Ingress", "tunebot");
    let all = [&argo["annotations"], &grafana["annotations"], &tunebot["metadata"]["annotations"]];
    for key in ["scheme", "target-type", "listen-ports", "ssl-redirect", "certificate-arn", "subnets", "group.name"] {
        let key = format!("alb.ingress.kubernetes.io/{key}");
        assert!(
            all.iter().all(|annotations| annotations[&key].is_string() && annotations[&key] == all[0][&key]),
            "{key}"
        );
    }
    assert_eq!(tunebot["spec"]["ingressClassName"], "alb");
    assert!(all.iter().all(|annotations| annotations["kubernetes.io/ingress.class"].is_null()));
}

fn eks() -> Option<Rendered> {
    Some(Stage::with_stand_ins().release(&["values-eks.yaml"])?.render())
}
