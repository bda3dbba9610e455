//! Get and list, and the deletion of what a list selects.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::request::{Body, Query, Target};
use super::resources::Resource;
use super::selector::Selector;
use super::status::{FieldFault, Refusal};
use super::world::{Key, World};
use super::write;

const LIST_EXPIRED: &str = "The resourceVersion for the provided list is too old.";
const CONTINUE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can \
     start a new list without the continue parameter.";

/// # Errors
/// 404, or a version that nobody has seen yet.
pub fn get(world: &World, target: &Target) -> Result<Value, Refusal> {
    need_known_version(world, &target.query)?;
    Ok(write::find(world, target)?.1)
}

/// # Errors
/// The query is not right, or too old.
pub fn list(world: &World, target: &Target) -> Result<Value, Refusal> {
    let page = select(world, target)?;
    let resource = target.resource;
    let items = page.items.iter().map(|object| {
        let mut item = object.as_ref().clone();
        if let Some(fields) = item.as_object_mut().filter(|_| !resource.is_custom()) {
            // Lists of built-in types say once what their items are.
            fields.remove("kind");
            fields.remove("apiVersion");
        }
        item
    });
    Ok(list_of(resource, items.collect(), page.metadata))
}

/// # Errors
/// The query is not right.
pub fn delete_collection(world: &mut World, target: &Target, body: &Body) -> Result<Value, Refusal> {
    let options = write::delete_options(target, body)?;
    let is_dry_run = target.query.is_dry_run("DeleteOptions")? || !options["dryRun"].is_null();
    let page = select(world, target)?;
    for object in &page.items {
        write::discard(world, &key_of(target.resource, object), is_dry_run);
    }
    let metadata = json!({"resourceVersion": world.version.to_string()});
    Ok(list_of(target.resource, page.items.iter().map(|object| object.as_ref().clone()).collect(), metadata))
}

/// `resourceVersion` as a number; None when it is not given.
///
/// # Errors
/// 400: it is no number.
pub fn version(query: &Query) -> Result<Option<u64>, Refusal> {
    let text = query.text("resourceVersion");
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let why = format!("Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax");
        Refusal::bad_request(format!("invalid resource version: resourceVersion: {why}"))
    })
}

struct Page {
    items: Vec<Arc<Value>>,
    metadata: Value,
}

/// The part of a list that the query asks for, and what is said of it.
fn select(world: &World, target: &Target) -> Result<Page, Refusal> {
    let (resource, query) = (target.resource, &target.query);
    let selector = Selector::parse(resource, query.text("labelSelector"), query.text("fieldSelector"))?;
    check_options(query)?;
    let (at, start) = place(world, query)?;
    // From the server's cache, pages are not cut.
    let is_cached = query.text("resourceVersion") == "0" && start.is_none();
    let limit = query.number("limit")?.filter(|limit| *limit > 0 && !is_cached);
    let in_namespace = |key: &Key| target.namespace.as_ref().is_none_or(|namespace| *namespace == key.1);
    let objects = world.at(resource, at);
    let mut rest = objects.iter().filter(|(key, object)| {
        in_namespace(key) && start.as_ref().is_none_or(|start| start_key(key) >= *start) && selector.matches(object)
    });
    let items: Vec<_> = match limit {
        Some(limit) => rest.by_ref().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect(),
        None => rest.by_ref().collect(),
    };
    let mut metadata = json!({"resourceVersion": at.to_string()});
    if resource.is_custom() {
        // Empty is none: clients must not take it for a token.
        metadata["continue"] = "".into();
    }
    let left = rest.count();
    if let Some((last, _)) = items.last().filter(|_| left > 0) {
        let token = json!({"v": "meta.k8s.io/v1", "rv": at, "start": format!("{}\0", start_key(last))});
        metadata["continue"] = URL_SAFE_NO_PAD.encode(token.to_string()).into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = left.into();
        }
    }
    Ok(Page { items: items.into_iter().map(|(_, object)| object.clone()).collect(), metadata })
}

/// The version to list at, and where to go on.
fn place(world: &World, query: &Query) -> Result<(u64, Option<String>), Refusal> {
    let token = query.text("continue");
    if token.is_empty() {
        need_known_version(world, query)?;
        let asked = version(query)?.filter(|_| query.text("resourceVersionMatch") == "Exact");
        return match asked {
            Some(exact) if exact < world.oldest => Err(Refusal::expired(LIST_EXPIRED)),
            exact => Ok((exact.unwrap_or(world.version), None)),
        };
    }
    if !matches!(query.text("resourceVersion"), "" | "0") {
        let message = "specifying resource version is not allowed when using continue";
        return Err(Refusal::bad_request(message));
    }
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let place = decoded.as_ref().and_then(|token| Some((token["rv"].as_u64()?, token["start"].as_str()?.to_owned())));
    let Some((at, start)) = place else {
        return Err(Refusal::bad_request("invalid continue token: continue key is not valid"));
    };
    if at < world.oldest { Err(Refusal::expired(CONTINUE_EXPIRED)) } else { Ok((at, Some(start))) }
}

fn check_options(query: &Query) -> Result<(), Refusal> {
    let (field, found) = ("resourceVersionMatch", query.text("resourceVersionMatch"));
    let why = if found.is_empty() {
        None
    } else if query.text("resourceVersion").is_empty() {
        Some("resourceVersionMatch is forbidden unless resourceVersion is provided")
    } else if query.has("continue") {
        Some("resourceVersionMatch is forbidden when continue is provided")
    } else if found == "Exact" && query.text("resourceVersion") == "0" {
        Some("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
    } else if !matches!(found, "Exact" | "NotOlderThan") {
        Some("supported values: \"Exact\", \"NotOlderThan\", \"\"")
    } else {
        None
    };
    let refusal = |why| Refusal::invalid_kind("meta.k8s.io", "ListOptions", "", &[FieldFault::forbidden(field, why)]);
    why.map_or(Ok(()), |why| Err(refusal(why)))
}

fn need_known_version(world: &World, query: &Query) -> Result<(), Refusal> {
    match version(query)? {
        Some(asked) if asked > world.version => Err(Refusal::version_in_the_future(asked, world.version)),
        _ => Ok(()),
    }
}

fn list_of(resource: &Resource, items: Vec<Value>, metadata: Value) -> Value {
    let kind = format!("{}List", resource.kind);
    json!({"apiVersion": resource.api_version(), "kind": kind, "metadata": metadata, "items": items})
}

fn start_key(key: &Key) -> String {
    if key.1.is_empty() { key.2.clone() } else { format!("{}/{}", key.1, key.2) }
}

fn key_of(resource: &Resource, object: &Value) -> Key {
    let field = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    (resource.plural, field("namespace"), field("name"))
}
