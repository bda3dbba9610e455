//! Asks the cluster what tunebot may do there.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;

use super::connection::{Connected, Connection};
use super::fault::Fault;
use super::rights::Right;

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
