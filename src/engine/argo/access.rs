//! What tunebot may do in the cluster, and what it needs to.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;

use super::connection::{Connected, Connection};
use super::fault::Fault;

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

/// Asks whether tunebot has the right. A cluster that keeps its reasons for itself is believed all the same.
///
/// # Errors
/// [`Fault`]
pub async fn has(connection: &Connection, right: Right) -> Result<bool, Fault> {
    let request = |to: Connected| async move {
        let attributes = ResourceAttributes {
            namespace: (!right.cluster_wide).then(|| to.namespace.to_string()),
            verb: Some(right.verb.to_owned()),
            group: Some(right.group.to_owned()),
            resource: Some(right.resource.to_owned()),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() },
            ..SelfSubjectAccessReview::default()
        };
        Api::<SelfSubjectAccessReview>::all(to.client).create(&PostParams::default(), &review).await
    };
    let answer = connection.read(request).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// What a person does about a right that is missing.
pub fn advice(right: Right, namespace: &str) -> String {
    let Right { verb, resource, .. } = right;
    let (role, place) = if right.cluster_wide {
        ("ClusterRole", String::new())
    } else {
        ("Role", format!(" in namespace `{namespace}`"))
    };
    let group = right.group;
    format!(
        "tunebot may not {verb} {resource}{place}: add `{{apiGroups: [\"{group}\"], resources: [{resource}], \
         verbs: [{verb}]}}` to the rules of its {role}"
    )
}

/// The API server's own words on a missing right, with what to do about them.
pub fn missing_right(message: &str) -> String {
    format!(
        "the cluster does not allow it: {message}. Give tunebot's service account the Role that docs/argo.md shows; \
         `tunebot check --cluster` says which rights are missing"
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
}
