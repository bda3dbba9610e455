//! Every combination of switches renders, and what it renders hangs together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{file, items, pods, switched, switches, text, with};
use crate::support::{Release, Rendered};

/// Sets of switches among which every two of them are seen on and off in each of the four ways: by the digits of their
/// numbers in base two, the opposite of each, all, and none.
pub fn combinations() -> Vec<Release> {
    let bits = switches().len().ilog2() + 1;
    let by_bit = (0..bits).flat_map(|bit| [(bit, 0), (bit, 1)]);
    let some = by_bit.filter_map(|(bit, wanted)| switched(|index| (index >> bit) & 1 == wanted));
    some.chain(switched(|_| true)).chain(switched(|_| false)).collect()
}

#[test]
fn every_combination_of_switches_is_without_fault_to_helm_lint() {
    combinations().iter().for_each(Release::lint);
}

#[test]
fn every_combination_of_switches_renders_manifests_that_hang_together() {
    for release in combinations() {
        let rendered = release.render();
        are_complete(&rendered);
        find_what_they_name(&rendered);
    }
}

/// Each has what every object of this release has, and no two are the same object.
fn are_complete(rendered: &Rendered) {
    let mut seen = BTreeSet::new();
    for manifest in &rendered.0 {
        let (kind, metadata) = (text(&manifest["kind"]), &manifest["metadata"]);
        let is_cluster_wide = kind.starts_with("Cluster");
        assert_eq!(metadata["namespace"].is_null(), is_cluster_wide, "{metadata}");
        assert!(seen.insert((kind, text(&metadata["name"]), metadata["namespace"].as_str())), "twice: {metadata}");
        for label in ["app.kubernetes.io/name", "app.kubernetes.io/instance"] {
            assert_eq!(metadata["labels"][label], "tunebot", "{metadata}");
        }
    }
}

/// What one manifest names, another has.
fn find_what_they_name(rendered: &Rendered) {
    let claims: Vec<_> = rendered.all("PersistentVolumeClaim").iter().map(|claim| &claim["metadata"]["name"]).collect();
    let maps: Vec<_> = rendered.all("ConfigMap").iter().map(|map| &map["metadata"]["name"]).collect();
    for (pod, spec) in pods(rendered) {
        let volumes: BTreeSet<&str> = items(&spec["volumes"]).iter().map(|volume| text(&volume["name"])).collect();
        assert_eq!(volumes.len(), items(&spec["volumes"]).len(), "{pod}: a volume twice");
        let containers = items(&spec["containers"]);
        let mounts = containers.iter().flat_map(|container| items(&container["volumeMounts"]));
        let mounted: BTreeSet<&str> = mounts.map(|mount| text(&mount["name"])).collect();
        assert_eq!(mounted, volumes, "{pod}");
        for volume in items(&spec["volumes"]) {
            let (map, claim) = (&volume["configMap"]["name"], &volume["persistentVolumeClaim"]["claimName"]);
            assert!(map.is_null() || maps.contains(&map), "{pod}: no ConfigMap {map}");
            assert!(claim.is_null() || claims.contains(&claim), "{pod}: no claim {claim}");
        }
    }
    let service = rendered.one("Service");
    let backends = |manifest: &Value| manifest.to_string().matches(r#""name":"tunebot""#).count() > 1;
    for kind in ["Ingress", "HTTPRoute"] {
        assert!(rendered.all(kind).into_iter().all(backends), "{kind} leads elsewhere");
    }
    let deployment = rendered.one("Deployment");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    let selectors = [&service["spec"]["selector"], &deployment["spec"]["selector"]["matchLabels"]];
    let budgets =
        rendered.all("PodDisruptionBudget").into_iter().map(|budget| &budget["spec"]["selector"]["matchLabels"]);
    let policies =
        rendered.all("NetworkPolicy").into_iter().map(|policy| &policy["spec"]["podSelector"]["matchLabels"]);
    for selector in selectors.into_iter().chain(budgets).chain(policies) {
        let wanted = selector.as_object().expect("labels");
        assert!(wanted.iter().all(|(label, value)| labels[label] == *value), "{selector} does not select {labels}");
    }
    for monitor in rendered.all("ServiceMonitor") {
        let wanted = monitor["spec"]["selector"]["matchLabels"].as_object().expect("labels");
        assert!(wanted.iter().all(|(label, value)| service["metadata"]["labels"][label] == *value), "{monitor}");
    }
}

#[test]
fn the_service_selects_neither_the_pod_of_the_test_nor_that_of_the_check() {
    let Some(rendered) = with("{}") else { return };
    let selector = rendered.one("Service")["spec"]["selector"].as_object().expect("labels").clone();
    let others =
        [&rendered.one("Pod")["metadata"]["labels"], &rendered.one("Job")["spec"]["template"]["metadata"]["labels"]];
    for labels in others {
        assert!(selector.iter().any(|(label, value)| labels[label] != *value), "{labels}");
    }
}

#[test]
fn labels_for_all_are_on_every_object_and_on_the_servers_pod() {
    let text = "
commonLabels: {team: ml}
ingress: {enabled: true, host: t.example.com}
serviceMonitor: {enabled: true}
networkPolicy: {enabled: true, webhooksFrom: [{ipBlock: {cidr: 10.0.0.0/16}}]}
";
    let Some(rendered) = with(text) else { return };
    for manifest in &rendered.0 {
        assert_eq!(manifest["metadata"]["labels"]["team"], "ml", "{manifest}");
    }
    assert_eq!(rendered.one("Deployment")["spec"]["template"]["metadata"]["labels"]["team"], "ml");
}

#[test]
fn names_stay_within_what_kubernetes_takes_however_long_the_releases_is() {
    let Some(release) = super::chart() else { return };
    let long = "a-release-whose-name-is-as-long-as-helm-lets-it-be-at-all";
    let rendered = release.named(&long[..53]).set("dashboards", serde_json::json!({"enabled": true})).render();
    for manifest in &rendered.0 {
        let name = text(&manifest["metadata"]["name"]);
        let limit = if ["Service", "Pod", "Job"].contains(&text(&manifest["kind"])) { 63 } else { 253 };
        assert!(name.len() <= limit && !name.ends_with('-'), "{name}");
    }
}

#[test]
fn the_charts_version_of_tunebot_is_that_of_the_program() {
    assert!(file("Chart.yaml").contains(&format!("\nappVersion: {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn dashboards_and_rules_are_what_the_files_say() {
    let Some(release) = switched(|_| true) else { return };
    let rendered = release.render();
    let folder = |name: &str| -> Vec<String> {
        let entries = std::fs::read_dir(crate::support::folder("charts/tunebot").join(name)).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    for name in folder("dashboards").iter().filter(|name| name.ends_with(".json")) {
        let map = rendered.named("ConfigMap", &format!("tunebot-dashboard-{}", name.trim_end_matches(".json")));
        assert_eq!(text(&map["data"][name]), file(&format!("dashboards/{name}")));
        assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
        assert_eq!(map["metadata"]["annotations"]["grafana_folder"], "Tuning");
    }
    for name in folder("rules").iter().filter(|name| name.ends_with(".yaml")) {
        let rule = rendered.named("PrometheusRule", &format!("tunebot-{}", name.trim_end_matches(".yaml")));
        assert_eq!(rule["spec"], super::yaml(&file(&format!("rules/{name}"))));
    }
}

#[test]
fn as_a_dependency_it_takes_what_the_chart_above_it_sets() {
    let Some(release) = super::chart() else { return };
    let global = serde_json::json!({"imageRegistry": "example.com"});
    assert!(!release.set("enabled", true).set("global", global).render().0.is_empty());
}
