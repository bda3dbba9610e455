//! Create, patch and delete.

use serde_json::{Value, json};

use super::names::{fault_of_shape, faults_of_metadata};
use super::request::{Body, Target};
use super::resources::Resource;
use super::secret;
use super::status::{FieldFault, Refusal};
use super::world::{Key, World, now};

/// Bytes that the storage takes in one request.
const STORED_LIMIT: usize = 1_536 * 1024;
/// Characters of a prefix that are kept for a generated name.
const PREFIX_LIMIT: usize = 58;
/// What the real server reads. Of these, this one reads the first only.
pub const CREATED_AS: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";

/// # Errors
/// The object is not right, or there is one of that name.
pub fn create(world: &mut World, target: &Target, body: &Body) -> Result<Value, Refusal> {
    let resource = target.resource;
    let is_dry_run = target.query.is_dry_run("CreateOptions")?;
    let mut object = read_object(resource, body)?;
    let namespace = target.namespace.clone().unwrap_or_default();
    need_namespace(&mut object, resource, &namespace)?;
    if resource.is_namespaced && !world.namespaces.contains(&namespace) {
        return Err(Refusal::no_namespace(&namespace));
    }
    generate_name(world, &mut object);
    let metadata = &mut object["metadata"];
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        remove(metadata, field);
    }
    metadata["uid"] = world.next_uid().into();
    metadata["creationTimestamp"] = now().into();
    if resource.is_custom() {
        metadata["generation"] = 1.into();
    }
    validate(resource, &mut object, None)?;
    let name = name_of(&object).to_owned();
    let key: Key = (resource.plural, namespace, name.clone());
    if world.get(&key).is_some() {
        return Err(Refusal::already_exists(resource, &name));
    }
    if is_dry_run {
        return Ok(object);
    }
    if object["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
        return Err(Refusal::plain("resourceVersion should not be set on objects to be created"));
    }
    Ok(world.store(key, object).as_ref().clone())
}

/// # Errors
/// The object is not there, has changed meanwhile, or would not be right.
pub fn patch(world: &mut World, target: &Target, body: &Body) -> Result<Value, Refusal> {
    let resource = target.resource;
    // Of a secret, which has no lists, a strategic merge patch is a merge patch.
    let accepted: &[&str] = if resource.is_custom() { &[MERGE_PATCH] } else { &[MERGE_PATCH, STRATEGIC_PATCH] };
    if !accepted.contains(&body.content_type()) {
        return Err(Refusal::unsupported_media_type(accepted));
    }
    let is_dry_run = target.query.is_dry_run("PatchOptions")?;
    let (key, old) = find(world, target)?;
    let patch = body.json()?;
    if !patch.is_object() {
        return Err(Refusal::bad_request("error decoding patch: json: cannot unmarshal into Go value of type map"));
    }
    let mut new = old.clone();
    merge(&mut new, &patch);
    if let Some(fault) = fault_of_shape(&new) {
        let fault = FieldFault::invalid("patch", &json!(new.to_string()), &fault);
        return Err(Refusal::invalid_kind("", "", "", &[fault]));
    }
    need_namespace(&mut new, resource, &key.1)?;
    if name_of(&new) != key.2 {
        let (found, name) = (name_of(&new), &key.2);
        let message = format!("the name of the object ({found}) does not match the name on the URL ({name})");
        return Err(Refusal::bad_request(message));
    }
    update(world, key, &old, new, is_dry_run)
}

fn update(world: &mut World, key: Key, old: &Value, mut new: Value, is_dry_run: bool) -> Result<Value, Refusal> {
    let resource = Resource::named(key.0);
    match new["metadata"]["resourceVersion"].as_str() {
        None | Some("") if resource.is_custom() => {
            let fault = FieldFault::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update");
            return Err(Refusal::invalid_kind(resource.group, resource.plural, &key.2, &[fault]));
        }
        None | Some("") => {}
        version if version != old["metadata"]["resourceVersion"].as_str() => {
            return Err(Refusal::stale(resource, &key.2));
        }
        Some(_) => {}
    }
    // What the server keeps for itself is not changed, whatever is sent.
    for field in ["creationTimestamp", "deletionTimestamp", "generation", "resourceVersion"] {
        copy(&old["metadata"], &mut new["metadata"], field);
    }
    if new["metadata"]["uid"].is_null() {
        copy(&old["metadata"], &mut new["metadata"], "uid");
    }
    validate(resource, &mut new, Some(old))?;
    if new == *old || is_dry_run {
        return Ok(new);
    }
    if resource.is_custom() && has_changed_outside_metadata(old, &new) {
        new["metadata"]["generation"] = (old["metadata"]["generation"].as_u64().unwrap_or(0) + 1).into();
    }
    if !new["metadata"]["deletionTimestamp"].is_null() && finalizers(&new) == 0 {
        // The last finalizer is gone: nothing is stored any more, the watches see the deletion only.
        world.remove(&key);
        return Ok(new);
    }
    Ok(world.store(key, new).as_ref().clone())
}

/// # Errors
/// The object is not there, or is not the one that is meant.
pub fn delete(world: &mut World, target: &Target, body: &Body) -> Result<Value, Refusal> {
    let resource = target.resource;
    let options = delete_options(target, body)?;
    let (key, object) = find(world, target)?;
    for (field, word) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let (wanted, found) = (&options["preconditions"][field], &object["metadata"][field]);
        if let Some(wanted) = wanted.as_str().filter(|wanted| Some(*wanted) != found.as_str()) {
            let found = found.as_str().unwrap_or_default();
            let why =
                format!("the {word} in the precondition ({wanted}) does not match the {word} in record ({found}).");
            let hint = if word == "UID" {
                "The object might have been deleted and then recreated"
            } else {
                "The object might have been modified"
            };
            return Err(Refusal::precondition(resource, &key.2, &format!("{why} {hint}")));
        }
    }
    let is_dry_run = target.query.is_dry_run("DeleteOptions")? || !options["dryRun"].is_null();
    match discard(world, &key, is_dry_run) {
        Some(waiting) => Ok(waiting),
        None => {
            let mut details = json!({"name": key.2, "kind": resource.plural, "uid": object["metadata"]["uid"]});
            if !resource.group.is_empty() {
                details["group"] = resource.group.into();
            }
            Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}))
        }
    }
}

/// Deletes an object, or marks it when a finalizer holds it back: then it is given.
pub fn discard(world: &mut World, key: &Key, is_dry_run: bool) -> Option<Value> {
    let object = world.get(key)?.clone();
    if finalizers(&object) == 0 {
        if !is_dry_run {
            world.remove(key);
        }
        return None;
    }
    let mut marked = object.as_ref().clone();
    if marked["metadata"]["deletionTimestamp"].is_null() && !is_dry_run {
        marked["metadata"]["deletionTimestamp"] = now().into();
        marked["metadata"]["deletionGracePeriodSeconds"] = 0.into();
        return Some(world.store(key.clone(), marked).as_ref().clone());
    }
    Some(marked)
}

/// # Errors
/// 415, 400 or 422: they are not right.
pub fn delete_options(target: &Target, body: &Body) -> Result<Value, Refusal> {
    let mut options = json!({});
    if !body.bytes.is_empty() {
        if !matches!(body.content_type(), "application/json") {
            return Err(Refusal::unsupported_media_type(&["application/json"]));
        }
        options = body.json()?;
        if !matches!(options["kind"].as_str(), None | Some("DeleteOptions")) {
            let kind = &options["kind"];
            return Err(Refusal::bad_request(format!("decoded object cannot be converted to DeleteOptions: {kind}")));
        }
    }
    let policy = options["propagationPolicy"].as_str().unwrap_or_else(|| target.query.text("propagationPolicy"));
    if !matches!(policy, "" | "Orphan" | "Background" | "Foreground") {
        let supported = ["Foreground", "Background", "Orphan", "nil"];
        let fault = FieldFault::unsupported("propagationPolicy", &json!(policy), &supported);
        return Err(Refusal::invalid_kind("meta.k8s.io", "DeleteOptions", "", &[fault]));
    }
    Ok(options)
}

/// # Errors
/// 404.
pub fn find(world: &World, target: &Target) -> Result<(Key, Value), Refusal> {
    let name = target.name.clone().unwrap_or_default();
    let key: Key = (target.resource.plural, target.namespace.clone().unwrap_or_default(), name);
    match world.get(&key) {
        Some(object) => Ok((key.clone(), object.as_ref().clone())),
        None => Err(Refusal::not_found(target.resource, &key.2)),
    }
}

fn read_object(resource: &Resource, body: &Body) -> Result<Value, Refusal> {
    if body.content_type() != "application/json" {
        return Err(Refusal::unsupported_media_type(CREATED_AS));
    }
    let mut object = body.json()?;
    let Some(kind) = object["kind"].as_str() else {
        let kind = resource.kind;
        let message = format!("the object provided is unrecognized (must be of type {kind}): Object 'Kind' is missing");
        return Err(Refusal::bad_request(message));
    };
    let (kind, found, wanted) = (kind.to_owned(), object["apiVersion"].clone(), resource.api_version());
    if found != wanted.as_str() {
        let found = found.as_str().unwrap_or_default();
        let message =
            format!("the API version in the data ({found}) does not match the expected API version ({wanted})");
        return Err(Refusal::bad_request(message));
    }
    let fault = match fault_of_shape(&object) {
        None if !resource.is_custom() && kind != resource.kind => {
            Some(format!("no kind {kind:?} is registered for version {:?}", resource.version))
        }
        fault => fault,
    };
    if let Some(fault) = fault {
        let (version, wanted) = (resource.version, resource.kind);
        return Err(Refusal::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {wanted}: {fault}"
        )));
    }
    if object["metadata"].is_null() {
        object["metadata"] = json!({});
    }
    if serde_json::to_vec(&object).is_ok_and(|text| text.len() > STORED_LIMIT) {
        return Err(Refusal::plain("etcdserver: request is too large"));
    }
    Ok(object)
}

fn need_namespace(object: &mut Value, resource: &Resource, namespace: &str) -> Result<(), Refusal> {
    if !resource.is_namespaced {
        remove(&mut object["metadata"], "namespace");
        return Ok(());
    }
    let found = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if !found.is_empty() && found != namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Refusal::bad_request(message));
    }
    object["metadata"]["namespace"] = namespace.into();
    Ok(())
}

fn generate_name(world: &World, object: &mut Value) {
    let metadata = &mut object["metadata"];
    let prefix = metadata["generateName"].as_str().unwrap_or_default().to_owned();
    if prefix.is_empty() || metadata["name"].as_str().is_some_and(|name| !name.is_empty()) {
        return;
    }
    let kept: String = prefix.chars().take(PREFIX_LIMIT).collect();
    metadata["name"] = format!("{kept}{:05x}", world.version + 1).into();
}

fn validate(resource: &Resource, object: &mut Value, old: Option<&Value>) -> Result<(), Refusal> {
    let name = name_of(object).to_owned();
    let mut faults = Vec::new();
    if resource.is_custom() {
        for (field, wanted) in [("kind", resource.kind.to_owned()), ("apiVersion", resource.api_version())] {
            if object[field] != wanted.as_str() {
                faults.push(FieldFault::invalid(field, &object[field], &format!("must be {wanted}")));
            }
        }
        if object["spec"].is_null() {
            faults.push(FieldFault::required("spec", ""));
        } else if !object["spec"].is_object() {
            let why = "spec in body must be of type object";
            faults.push(FieldFault::invalid("spec", &object["spec"], why));
        }
    }
    if resource.plural == "secrets" {
        faults.extend(secret::complete(resource, object, old)?);
    }
    faults.extend(faults_of_metadata(resource, object));
    if old.is_some_and(|old| old["metadata"]["uid"] != object["metadata"]["uid"]) {
        faults.push(FieldFault::invalid("metadata.uid", &object["metadata"]["uid"], "field is immutable"));
    }
    // The refusal names the kind that the object says it is.
    let kind = object["kind"].as_str().unwrap_or(resource.kind);
    if faults.is_empty() { Ok(()) } else { Err(Refusal::invalid_kind(resource.group, kind, &name, &faults)) }
}

/// RFC 7386: what the patch names is set, null removes, everything else stays.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, change) in changes {
        if change.is_null() {
            remove(target, key);
        } else {
            merge(&mut target[key], change);
        }
    }
}

fn has_changed_outside_metadata(old: &Value, new: &Value) -> bool {
    let mut old = old.clone();
    copy(new, &mut old, "metadata");
    old != *new
}

fn copy(from: &Value, to: &mut Value, field: &str) {
    match &from[field] {
        Value::Null => remove(to, field),
        value => to[field] = value.clone(),
    }
}

fn remove(object: &mut Value, field: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(field);
    }
}

fn finalizers(object: &Value) -> usize {
    object["metadata"]["finalizers"].as_array().map_or(0, Vec::len)
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}
