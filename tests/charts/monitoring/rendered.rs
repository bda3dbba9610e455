//! What reaches the cluster are the very files that are tested here, and they are scraped for as the lists say.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::files::{self, list, text};
use super::{allowlist, dashboards};
use crate::platform::stage::Stage;
use crate::support::Rendered;

fn on_eks() -> Option<Rendered> {
    Some(Stage::with_stand_ins().release(&["values-eks.yaml"])?.render())
}

/// `{{ $labels.pool }}` is for Prometheus and Grafana has braces of its own: Helm must not touch either.
#[test]
fn dashboards_reach_grafana_as_they_lie_in_the_charts() {
    let Some(rendered) = on_eks() else { return };
    let is_board = |manifest: &&&Value| manifest["metadata"]["labels"]["grafana_dashboard"] == "1";
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for manifest in rendered.all("ConfigMap").iter().filter(is_board) {
        for (name, content) in manifest["data"].as_object().unwrap() {
            found.insert(name.clone(), serde_json::from_str(text(content)).unwrap());
        }
    }
    let expected: BTreeMap<String, Value> =
        dashboards::all().into_iter().map(|board| (board.name().to_owned(), board.json)).collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(found == expected, "Helm changed a dashboard");
}

#[test]
fn rules_reach_prometheus_as_they_lie_in_the_charts() {
    let Some(rendered) = on_eks() else { return };
    let by_name = |groups: &[Value]| -> BTreeMap<String, Value> {
        groups.iter().map(|group| (text(&group["name"]).to_owned(), group.clone())).collect()
    };
    let found: Vec<Value> =
        rendered.all("PrometheusRule").iter().flat_map(|manifest| list(&manifest["spec"]["groups"]).to_vec()).collect();
    let expected: Vec<Value> =
        files::rules().iter().flat_map(|file| list(&files::yaml(file)["groups"]).to_vec()).collect();
    assert_eq!(by_name(&found), by_name(&expected));
    assert_eq!(found.len(), expected.len(), "two groups of one name");
}

#[test]
fn of_karpenter_is_scraped_what_is_used() {
    let Some(rendered) = on_eks() else { return };
    let monitor = rendered.named("ServiceMonitor", "platform-karpenter");
    assert_eq!(monitor["spec"]["namespaceSelector"], json!({"matchNames": ["kube-system"]}));
    assert_eq!(monitor["spec"]["selector"]["matchLabels"], json!({"app.kubernetes.io/name": "karpenter"}));
    let [endpoint] = list(&monitor["spec"]["endpoints"]) else { panic!("one endpoint: {monitor}") };
    assert_eq!(endpoint["port"], "http-metrics");
    assert_eq!(list(&endpoint["metricRelabelings"]), allowlist::relabelings("karpenter"));
}

#[test]
fn anything_else_can_be_scraped_by_its_name() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&[]) else { return };
    let other = json!({"enabled": true, "namespace": "db", "selector": {"app": "postgres"}, "port": "metrics", "metricRelabelings": []});
    let rendered = release.clone().set("monitors.postgres", other).render();
    assert_eq!(rendered.all("ServiceMonitor").len(), release.render().all("ServiceMonitor").len() + 1);
    insta::assert_snapshot!(
        release.set("monitors.postgres", json!({"enabled": true})).refusal().lines().last().unwrap_or_default(),
        @"- at '/monitors/postgres': missing properties 'namespace', 'selector', 'port', 'metricRelabelings'"
    );
}
