//! What the server says of itself: its version, and which resources there are.

use serde_json::{Value, json};

use super::resources::{RESOURCES, Resource};

/// The page at a path, if it is one of these. They need no rights.
pub fn page(path: &str) -> Option<Value> {
    let path = path.trim_matches('/');
    match path {
        "version" => Some(json!({
            "major": "1", "minor": "34", "emulationMajor": "1", "emulationMinor": "34", "minCompatibilityMajor": "1",
            "minCompatibilityMinor": "33", "gitVersion": "v1.34.4", "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "2026-02-10T12:57:15Z", "goVersion": "go1.24.12", "compiler": "gc", "platform": "linux/amd64",
        })),
        "api" => Some(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        "apis" => {
            let groups = [Resource::named("workflows"), Resource::named("selfsubjectaccessreviews")].map(|resource| {
                let version = json!({"groupVersion": resource.api_version(), "version": resource.version});
                json!({"name": resource.group, "versions": [version], "preferredVersion": version})
            });
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        _ => {
            let version = path.strip_prefix("apis/").or_else(|| path.strip_prefix("api/"))?;
            let resources: Vec<Value> =
                RESOURCES.iter().filter(|resource| resource.api_version() == version).map(describe).collect();
            let list = json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources,
            });
            (!resources.is_empty()).then_some(list)
        }
    }
}

fn describe(resource: &Resource) -> Value {
    json!({
        "name": resource.plural, "singularName": resource.kind.to_lowercase(), "namespaced": resource.is_namespaced,
        "kind": resource.kind, "verbs": resource.verbs,
    })
}
