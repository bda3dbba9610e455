//! One request, from its token to its answer.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::request::{Body, Target, need_json_accepted};
use super::status::{Refusal, json_response};
use super::world::World;
use super::{Core, argo, read, rights, watch, write};

pub fn answer(core: &Arc<Core>, world: &mut World, target: &Target, body: &Body) -> Response {
    perform(core, world, target, body).unwrap_or_else(IntoResponse::into_response)
}

fn perform(core: &Arc<Core>, world: &mut World, target: &Target, body: &Body) -> Result<Response, Refusal> {
    rights::need_token(world, body.headers)?;
    rights::need_right(world, target)?;
    if !target.resource.verbs.contains(&target.verb) {
        return Err(Refusal::not_supported(target.resource, target.verb));
    }
    need_json_accepted(body.headers)?;
    let (status, answer) = match target.verb {
        "get" => (StatusCode::OK, read::get(world, target)?),
        "list" => (StatusCode::OK, read::list(world, target)?),
        "watch" => return watch::watch(core, world, target),
        "create" if target.resource.plural == "selfsubjectaccessreviews" => {
            (StatusCode::CREATED, rights::review(world, body)?)
        }
        "create" if target.name.is_some() || target.resource.is_namespaced && target.namespace.is_none() => {
            return Err(Refusal::not_supported(target.resource, target.verb));
        }
        "create" => (StatusCode::CREATED, write::create(world, target, body)?),
        "patch" => (StatusCode::OK, write::patch(world, target, body)?),
        "delete" => (StatusCode::OK, write::delete(world, target, body)?),
        "deletecollection" => (StatusCode::OK, read::delete_collection(world, target, body)?),
        verb => return Err(Refusal::not_supported(target.resource, verb)),
    };
    argo::run_automatically(world);
    Ok(json_response(status, &answer))
}
