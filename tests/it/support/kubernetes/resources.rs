//! The resources that the fake knows.

/// One resource of an API group.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
    pub kind: &'static str,
    pub is_namespaced: bool,
    /// What can be asked of it here; the real server may have more.
    pub verbs: &'static [&'static str],
}

const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "watch"];

pub static RESOURCES: [Resource; 6] = [
    Resource { group: "", version: "v1", plural: "secrets", kind: "Secret", is_namespaced: true, verbs: ALL_VERBS },
    Resource { group: "", version: "v1", plural: "pods", kind: "Pod", is_namespaced: true, verbs: &["get", "list"] },
    argo("workflows", "Workflow", true),
    argo("workflowtemplates", "WorkflowTemplate", true),
    argo("clusterworkflowtemplates", "ClusterWorkflowTemplate", false),
    Resource {
        group: "authorization.k8s.io",
        version: "v1",
        plural: "selfsubjectaccessreviews",
        kind: "SelfSubjectAccessReview",
        is_namespaced: false,
        verbs: &["create"],
    },
];

const fn argo(plural: &'static str, kind: &'static str, is_namespaced: bool) -> Resource {
    Resource { group: "argoproj.io", version: "v1alpha1", plural, kind, is_namespaced, verbs: ALL_VERBS }
}

impl Resource {
    /// # Panics
    /// The fake has no such resource.
    pub fn named(plural: &str) -> &'static Self {
        RESOURCES.iter().find(|resource| resource.plural == plural).unwrap_or_else(|| panic!("no resource {plural}"))
    }

    /// # Panics
    /// The fake has no such kind.
    pub fn of_kind(kind: &str) -> &'static Self {
        RESOURCES.iter().find(|resource| resource.kind == kind).unwrap_or_else(|| panic!("no kind {kind:?}"))
    }

    /// `workflows.argoproj.io`, `secrets`.
    pub fn full_name(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `Workflow.argoproj.io`, `Secret`.
    pub fn full_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// What `apiVersion` says.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// A custom resource: another strategy than that of built-in ones.
    pub fn is_custom(&self) -> bool {
        self.group == "argoproj.io"
    }
}
