//! Who calls, and what the service account may do.

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::request::{Body, Target};
use super::resources::{RESOURCES, Resource};
use super::status::{FieldFault, Refusal};
use super::world::World;
use super::write;
use super::{NAMESPACE, USER};

/// # Errors
/// 401: the token is not there, or is wrong. Nobody is let in without one.
pub fn need_token(world: &World, headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.strip_prefix("Bearer ") {
        Some(token) if token == world.token => Ok(()),
        _ => Err(Refusal::unauthorized()),
    }
}

/// # Errors
/// 403.
pub fn need_right(world: &World, target: &Target) -> Result<(), Refusal> {
    let resource = target.resource;
    let is_review = resource.plural == "selfsubjectaccessreviews";
    if is_review || is_allowed(world, target.verb, resource, target.namespace.as_deref()) {
        return Ok(());
    }
    let name = match target.verb {
        // The name of an object that is to be made is in the body, which is read later.
        "create" => "",
        _ => target.name.as_deref().unwrap_or_default(),
    };
    let place = match &target.namespace {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".to_owned(),
    };
    let (verb, plural, group) = (target.verb, resource.plural, resource.group);
    let why = format!("User {USER:?} cannot {verb} resource {plural:?} in API group {group:?} {place}");
    Err(Refusal::forbidden(group, plural, name, &why))
}

/// A Role in each namespace of the world gives all but what was denied; a `ClusterRole` gives what has no namespace.
fn is_allowed(world: &World, verb: &str, resource: &Resource, namespace: Option<&str>) -> bool {
    let is_granted = match namespace.filter(|_| resource.is_namespaced) {
        Some(namespace) => world.namespaces.contains(namespace),
        None => !resource.is_namespaced,
    };
    is_granted && !world.denied.contains(&(verb.to_owned(), resource.plural.to_owned()))
}

/// Answers a `SelfSubjectAccessReview`.
///
/// # Errors
/// 400 or 422: it asks nothing, or two things.
pub fn review(world: &World, body: &Body) -> Result<Value, Refusal> {
    let resource = Resource::named("selfsubjectaccessreviews");
    if body.content_type() != "application/json" {
        return Err(Refusal::unsupported_media_type(write::CREATED_AS));
    }
    let mut review = body.json()?;
    if review["kind"] != resource.kind || review["apiVersion"] != resource.api_version() {
        let (kind, version) = (resource.kind, resource.api_version());
        return Err(Refusal::bad_request(format!("the body is not a {kind} in version {version:?}")));
    }
    let asked = review["spec"]["resourceAttributes"].clone();
    if asked.is_object() == review["spec"]["nonResourceAttributes"].is_object() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let fault = FieldFault::invalid("spec.resourceAttributes", &asked, why);
        return Err(Refusal::invalid(resource, "", &[fault]));
    }
    let text = |field: &str| asked[field].as_str().unwrap_or_default();
    let known = RESOURCES.iter().find(|known| {
        (known.group, known.plural) == (text("group"), text("resource")) && matches!(text("version"), "" | "*")
            || (known.group, known.plural, known.version) == (text("group"), text("resource"), text("version"))
    });
    let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
    let allowed =
        known.is_some_and(|known| is_allowed(world, text("verb"), known, namespace)) && text("subresource").is_empty();
    review["status"] = json!({"allowed": allowed});
    if allowed {
        let binding = format!("RBAC: allowed by RoleBinding \"tunebot/{NAMESPACE}\" of Role \"tunebot\"");
        review["status"]["reason"] = binding.into();
    }
    review["metadata"] = json!({});
    Ok(review)
}
