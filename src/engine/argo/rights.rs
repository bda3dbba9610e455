//! The rights that tunebot needs in a cluster, and what to say about one that is missing. Pure.

/// One verb on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    pub verb: &'static str,
    pub group: &'static str,
    pub resource: &'static str,
    /// Of the whole cluster, not of the namespace.
    pub cluster_wide: bool,
}

const fn right(verb: &'static str, group: &'static str, resource: &'static str) -> Right {
    Right { verb, group, resource, cluster_wide: false }
}

/// All that an engine uses whatever its tunings are: the rules of its Role.
pub const ALWAYS: [Right; 8] = [
    right("create", "argoproj.io", "workflows"),
    right("get", "argoproj.io", "workflows"),
    right("list", "argoproj.io", "workflows"),
    right("watch", "argoproj.io", "workflows"),
    right("patch", "argoproj.io", "workflows"),
    right("create", "", "secrets"),
    right("patch", "", "secrets"),
    right("deletecollection", "", "secrets"),
];

/// For tunings that refer to a WorkflowTemplate.
pub const TEMPLATES: Right = right("get", "argoproj.io", "workflowtemplates");

/// For tunings that refer to a ClusterWorkflowTemplate: a rule of a ClusterRole.
pub const CLUSTER_TEMPLATES: Right =
    Right { verb: "get", group: "argoproj.io", resource: "clusterworkflowtemplates", cluster_wide: true };

/// What a person does about a right that is missing.
pub fn advice(right: Right, namespace: &str) -> String {
    refused(right.verb, right.group, right.resource, Some(namespace).filter(|_| !right.cluster_wide))
}

/// A 403 of the API server in words that say what to do. There are others than missing rights: quotas, admission.
pub fn explained(message: &str) -> String {
    rule(message).unwrap_or_else(|| format!("the cluster forbids it: {message}"))
}

/// Of `User "…" cannot create resource "workflows" in API group "argoproj.io" in the namespace "ml"`.
fn rule(message: &str) -> Option<String> {
    let (_, refusal) = message.split_once(" cannot ")?;
    let (verb, refusal) = refusal.split_once(" resource \"")?;
    let (resource, refusal) = refusal.split_once("\" in API group \"")?;
    let (group, refusal) = refusal.split_once('"')?;
    let namespace = refusal.split_once("in the namespace \"").and_then(|(_, rest)| rest.split_once('"'));
    Some(refused(verb, group, resource, namespace.map(|(namespace, _)| namespace)))
}

fn refused(verb: &str, group: &str, resource: &str, namespace: Option<&str>) -> String {
    let place = namespace.map(|namespace| format!(" in namespace `{namespace}`")).unwrap_or_default();
    let role = if namespace.is_some() { "Role" } else { "ClusterRole" };
    format!(
        "tunebot may not {verb} {resource}{place}: add `{{apiGroups: [\"{group}\"], resources: [{resource}], \
         verbs: [{verb}]}}` to the rules of its {role}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_a_rule_to_copy() {
        insta::assert_snapshot!(advice(ALWAYS[4], "ml"), @r#"tunebot may not patch workflows in namespace `ml`: add `{apiGroups: ["argoproj.io"], resources: [workflows], verbs: [patch]}` to the rules of its Role"#);
        insta::assert_snapshot!(advice(CLUSTER_TEMPLATES, "ml"), @r#"tunebot may not get clusterworkflowtemplates: add `{apiGroups: ["argoproj.io"], resources: [clusterworkflowtemplates], verbs: [get]}` to the rules of its ClusterRole"#);
    }

    #[test]
    fn a_refusal_of_the_api_server_becomes_the_rule_that_is_missing() {
        let message = r#"workflows.argoproj.io is forbidden: User "system:serviceaccount:ml:tunebot" cannot patch resource "workflows" in API group "argoproj.io" in the namespace "ml""#;
        assert_eq!(explained(message), advice(ALWAYS[4], "ml"));
        let of_cluster = r#"clusterworkflowtemplates.argoproj.io "x" is forbidden: User "u" cannot get resource "clusterworkflowtemplates" in API group "argoproj.io" at the cluster scope"#;
        assert_eq!(explained(of_cluster), advice(CLUSTER_TEMPLATES, "ml"));
        let quota = "exceeded quota: workflows, requested: 1, used: 9, limited: 9";
        assert_eq!(explained(quota), format!("the cluster forbids it: {quota}"));
    }
}
