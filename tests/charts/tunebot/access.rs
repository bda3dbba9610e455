//! Who may do what: rights in the cluster, the pods' own, and what comes in from outside.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tunebot::engine::argo::rights::{self, Right};

use super::{TEAM, chart, items, pods, switched, text, with, yaml};
use crate::support::Rendered;

/// Group, resource and verb of each right that rules give.
fn given(rules: &Value) -> BTreeSet<(String, String, String)> {
    let of_rule = |rule: &Value| {
        let parts = ["apiGroups", "resources", "verbs"]
            .map(|part| items(&rule[part]).iter().map(text).map(str::to_owned).collect());
        let [groups, resources, verbs]: [Vec<String>; 3] = parts;
        let with_verbs = |group: &String, resource: &String| -> Vec<_> {
            verbs.iter().map(|verb| (group.clone(), resource.clone(), verb.clone())).collect()
        };
        let of_group =
            |group| resources.iter().flat_map(move |resource| with_verbs(group, resource)).collect::<Vec<_>>();
        groups.iter().flat_map(of_group).collect::<Vec<_>>()
    };
    items(rules).iter().flat_map(of_rule).collect()
}

fn asked(rights: &[Right]) -> BTreeSet<(String, String, String)> {
    let owned = |right: &Right| (right.group.to_owned(), right.resource.to_owned(), right.verb.to_owned());
    rights.iter().map(owned).collect()
}

#[test]
fn the_role_gives_what_the_code_asks_for_and_nothing_else() {
    let Some(rendered) = with(TEAM) else { return };
    let role = rendered.one("Role");
    assert_eq!(given(&role["rules"]), asked(&[&rights::ALWAYS[..], &[rights::TEMPLATES]].concat()));
    assert_eq!(role["metadata"]["namespace"], "trials");
    assert!(rendered.all("ClusterRole").is_empty());
}

#[test]
fn the_role_is_the_one_of_the_documentation() {
    let Some(rendered) = with("{}") else { return };
    let page = std::fs::read_to_string(crate::support::folder("docs/argo.md")).expect("docs/argo.md");
    let mut blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let documented = yaml(blocks.find(|block| block.contains("kind: Role")).expect("a Role"));
    assert_eq!(given(&rendered.one("Role")["rules"]), given(&documented["rules"]));
}

#[test]
fn templates_of_the_whole_cluster_are_a_switch() {
    let Some(rendered) = with("rbac: {clusterWorkflowTemplates: true}") else { return };
    assert_eq!(given(&rendered.one("ClusterRole")["rules"]), asked(&[rights::CLUSTER_TEMPLATES]));
    let binding = rendered.one("ClusterRoleBinding");
    assert_eq!(binding["roleRef"]["name"], rendered.one("ClusterRole")["metadata"]["name"]);
    assert_eq!(binding["subjects"], json!([{"kind": "ServiceAccount", "name": "tunebot", "namespace": "tuning"}]));
}

#[test]
fn each_engine_in_this_cluster_has_a_role_in_its_namespace_and_one_elsewhere_has_none() {
    let text = "
argo: {namespace: trials}
config:
  engines:
    nightly: {argo: {namespace: nightly}}
    here: argo
    again: {argo: {namespace: trials}}
    far: {argo: {namespace: far, kubeconfig: kube/config}}
    other: {argo: {namespace: other, context: training}}
    local: {local: {parallel: 2}}
";
    let Some(rendered) = with(text) else { return };
    let namespaces = |kind| -> Vec<&Value> {
        rendered.all(kind).into_iter().map(|manifest| &manifest["metadata"]["namespace"]).collect()
    };
    assert_eq!(namespaces("Role"), ["nightly", "trials", "tuning"]);
    assert_eq!(namespaces("RoleBinding"), ["nightly", "trials", "tuning"]);
    for binding in rendered.all("RoleBinding") {
        assert_eq!(binding["subjects"], json!([{"kind": "ServiceAccount", "name": "tunebot", "namespace": "tuning"}]));
    }
}

#[test]
fn a_token_of_the_cluster_is_mounted_only_where_there_are_workflows_to_start() {
    let Some(rendered) = with("argo: {enabled: false}") else { return };
    assert_eq!(rendered.all("Role").len(), 0);
    for (pod, spec) in pods(&rendered) {
        assert_eq!(spec["automountServiceAccountToken"], false, "{pod}");
    }
    let Some(rendered) = with("{}") else { return };
    let with_token: Vec<String> = pods(&rendered)
        .into_iter()
        .filter(|(_, spec)| spec["automountServiceAccountToken"] == true)
        .map(|(pod, _)| pod)
        .collect();
    assert_eq!(with_token, ["Deployment tunebot"]);
    assert_eq!(rendered.one("ServiceAccount")["automountServiceAccountToken"], false);
}

#[test]
fn every_pod_is_as_restricted_as_kubernetes_knows_how() {
    let Some(release) = switched(|_| true) else { return };
    let rendered = release.render();
    assert_eq!(pods(&rendered).len(), 3);
    for (pod, spec) in pods(&rendered) {
        let context = &spec["securityContext"];
        assert_eq!(
            (&context["runAsNonRoot"], &context["runAsUser"], &context["fsGroup"]),
            (&json!(true), &json!(65532), &json!(65532))
        );
        assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{pod}");
        assert_eq!(spec["hostNetwork"], Value::Null, "{pod}");
        for container in items(&spec["containers"]) {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{pod}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{pod}");
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{pod}");
            assert!(!container["resources"]["limits"]["memory"].is_null(), "{pod}");
            assert!(!container["resources"]["requests"]["cpu"].is_null(), "{pod}");
        }
    }
}

#[test]
fn no_combination_renders_a_secret() {
    for release in [switched(|_| true), switched(|_| false), chart()].into_iter().flatten() {
        let rendered = release.render();
        assert!(rendered.all("Secret").is_empty());
    }
}

/// Every path that leads in from outside.
fn ways_in(rendered: &Rendered) -> BTreeSet<String> {
    let rules = |kind| rendered.all(kind).into_iter().flat_map(|manifest| items(&manifest["spec"]["rules"]));
    let of_ingress = rules("Ingress").flat_map(|rule| items(&rule["http"]["paths"])).map(|path| &path["path"]);
    let of_route = rules("HTTPRoute").flat_map(|rule| items(&rule["matches"])).map(|path| &path["path"]["value"]);
    of_ingress.chain(of_route).map(|path| text(path).to_owned()).collect()
}

/// The routes of the server, as its code has them.
fn routes() -> Vec<String> {
    let code = std::fs::read_to_string(crate::support::folder("src/http/mod.rs")).expect("the router");
    code.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn webhooks_and_pictures_come_in_and_all_else_is_a_switch() {
    let outside = "publicUrl: https://tunebot.example.com\ningress: {enabled: true}\n";
    let route = "httpRoute: {enabled: true, parentRefs: [{name: public}]}\n";
    for (exposed, expected) in [
        ("", vec!["/charts", "/webhooks"]),
        ("expose: {charts: false}", vec!["/webhooks"]),
        ("expose: {api: true}", vec!["/api/v1/events", "/api/v1/sweeps", "/charts", "/webhooks"]),
        ("expose: {trials: true}", vec!["/api/v1/trials", "/charts", "/webhooks"]),
    ] {
        let Some(rendered) = with(&format!("{outside}{route}{exposed}")) else { return };
        assert_eq!(ways_in(&rendered), expected.into_iter().map(str::to_owned).collect::<BTreeSet<_>>());
    }
}

#[test]
fn with_everything_exposed_metrics_and_probes_stay_inside() {
    let Some(release) = switched(|_| true) else { return };
    let ways = ways_in(&release.render());
    let is_inside = |route: &String| !ways.iter().any(|way| route == way || route.starts_with(&format!("{way}/")));
    let inside: Vec<String> = routes().into_iter().filter(is_inside).collect();
    assert_eq!(inside, ["/healthz", "/readyz", "/metrics"]);
}

#[test]
fn two_releases_of_one_name_in_two_namespaces_want_no_object_twice() {
    let Some(first) = chart() else { return };
    let first =
        first.set("argo", json!({"namespace": "trials"})).set("rbac", json!({"clusterWorkflowTemplates": true}));
    let lists = [first.clone().render().list(), first.in_namespace("other").render().list()];
    let both: Vec<&String> = lists[0].iter().filter(|object| lists[1].contains(object)).collect();
    assert!(both.is_empty(), "{both:?}");
}
