//! The operations of the REST API: which there are, and what goes before and after each one.

use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::super::hex;
use super::access::{self, Caller};
use super::answer::{Outcome, Refusal, limit_headers};
use super::world::{Repository, World};
use super::{checks, code, comments, hooks, proposals, shapes, teams};

/// What can be called, and so what faults can be injected for.
pub const OPERATIONS: [&str; 40] = [
    "app.get",
    "app.installations",
    "tokens.create",
    "installation.get",
    "repository.get",
    "branches.get",
    "refs.get",
    "commits.get",
    "contents.get",
    "contents.put",
    "refs.create",
    "refs.update",
    "pulls.create",
    "pulls.update",
    "labels.add",
    "reviewers.add",
    "pulls.list",
    "pulls.get",
    "pulls.files",
    "issues.get",
    "comments.create",
    "comments.list",
    "comments.get",
    "comments.update",
    "comments.delete",
    "reactions.create",
    "checks.create",
    "checks.update",
    "checks.get",
    "checks.list",
    "statuses.create",
    "statuses.list",
    "permission.get",
    "branches.list",
    "commits.compare",
    "hooks.list",
    "hook.deliveries",
    "hook.redeliver",
    "installation.repositories",
    "team.membership",
];

pub struct Call<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    pub now: Instant,
}

impl Call<'_> {
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// # Errors
    /// The body is not JSON.
    pub fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(self.body).map_err(|_| Refusal::NotJson)
    }
}

/// One operation and what its path names.
pub struct Operation {
    name: &'static str,
    /// `owner/name`, for those on a repository.
    repository: String,
    /// The number, id, branch, commit or login that it is about.
    subject: String,
}

impl Operation {
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn parse(method: &Method, path: &str) -> Option<Self> {
        let parts: Vec<String> = path.split('/').skip(1).map(decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (repository, rest) = match parts.as_slice() {
            ["repos", owner, name, rest @ ..] => (format!("{owner}/{name}"), rest),
            rest => (String::new(), rest),
        };
        let (name, subject) = match (method.as_str(), rest) {
            ("GET", ["app"]) => ("app.get", String::new()),
            ("GET", ["app", "installations"]) => ("app.installations", String::new()),
            ("POST", ["app", "installations", id, "access_tokens"]) => ("tokens.create", (*id).to_owned()),
            ("GET", ["app", "hook", "deliveries"]) => ("hook.deliveries", String::new()),
            ("POST", ["app", "hook", "deliveries", id, "attempts"]) => ("hook.redeliver", (*id).to_owned()),
            ("GET", ["installation", "repositories"]) => ("installation.repositories", String::new()),
            ("GET", ["orgs", org, "teams", team, "memberships", login]) => {
                ("team.membership", format!("{org}/{team}/{login}"))
            }
            _ if repository.is_empty() => return None,
            ("GET", []) => ("repository.get", String::new()),
            ("GET", ["installation"]) => ("installation.get", String::new()),
            ("GET", ["hooks"]) => ("hooks.list", String::new()),
            ("GET", ["hooks", _, "deliveries"]) => ("hook.deliveries", String::new()),
            ("POST", ["hooks", _, "deliveries", id, "attempts"]) => ("hook.redeliver", (*id).to_owned()),
            ("GET", ["compare", range @ ..]) => ("commits.compare", range.join("/")),
            ("GET", ["branches"]) => ("branches.list", String::new()),
            ("GET", ["branches", branch @ ..]) => ("branches.get", branch.join("/")),
            ("GET", ["git", "ref" | "refs", reference @ ..]) => ("refs.get", reference.join("/")),
            ("POST", ["git", "refs"]) => ("refs.create", String::new()),
            ("PATCH" | "POST", ["git", "refs", reference @ ..]) => ("refs.update", reference.join("/")),
            ("GET", ["contents", path @ ..]) => ("contents.get", path.join("/")),
            ("PUT", ["contents", path @ ..]) => ("contents.put", path.join("/")),
            ("POST", ["pulls"]) => ("pulls.create", String::new()),
            ("PATCH" | "POST", ["pulls", number]) => ("pulls.update", (*number).to_owned()),
            ("POST", ["pulls", number, "requested_reviewers"]) => ("reviewers.add", (*number).to_owned()),
            ("POST", ["issues", number, "labels"]) => ("labels.add", (*number).to_owned()),
            ("GET", ["commits", reference @ .., "check-runs"]) => ("checks.list", reference.join("/")),
            ("GET", ["commits", reference @ .., "statuses"]) => ("statuses.list", reference.join("/")),
            ("GET", ["commits", reference @ ..]) => ("commits.get", reference.join("/")),
            ("GET", ["pulls"]) => ("pulls.list", String::new()),
            ("GET", ["pulls", number]) => ("pulls.get", (*number).to_owned()),
            ("GET", ["pulls", number, "files"]) => ("pulls.files", (*number).to_owned()),
            ("GET", ["issues", "comments", id]) => ("comments.get", (*id).to_owned()),
            // GitHub takes POST where it documents PATCH, and clients rely on it.
            ("PATCH" | "POST", ["issues", "comments", id]) => ("comments.update", (*id).to_owned()),
            ("DELETE", ["issues", "comments", id]) => ("comments.delete", (*id).to_owned()),
            ("POST", ["issues", "comments", id, "reactions"]) => ("reactions.create", (*id).to_owned()),
            ("GET", ["issues", number]) => ("issues.get", (*number).to_owned()),
            ("GET", ["issues", number, "comments"]) => ("comments.list", (*number).to_owned()),
            ("POST", ["issues", number, "comments"]) => ("comments.create", (*number).to_owned()),
            ("POST", ["check-runs"]) => ("checks.create", String::new()),
            ("PATCH" | "POST", ["check-runs", id]) => ("checks.update", (*id).to_owned()),
            ("GET", ["check-runs", id]) => ("checks.get", (*id).to_owned()),
            ("POST", ["statuses", sha]) => ("statuses.create", (*sha).to_owned()),
            ("GET", ["collaborators", login, "permission"]) => ("permission.get", (*login).to_owned()),
            _ => return None,
        };
        Some(Self { name, repository, subject })
    }

    /// The subject as a number or id.
    ///
    /// # Errors
    /// It is none: 404.
    pub fn number(&self) -> Result<u64, Refusal> {
        self.subject.parse().map_err(|_| Refusal::NotFound)
    }

    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub fn repository(&self) -> &str {
        &self.repository
    }
}

/// `%2F` and the like.
fn decode(part: &str) -> String {
    let encoded = format!("x={}", part.replace('+', "%2B"));
    form_urlencoded::parse(encoded.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

pub fn answer(world: &mut World, operation: Option<&Operation>, call: &Call<'_>) -> Response {
    world.calls_used += 1;
    let result = perform(world, operation, call);
    let mut response = match result {
        Ok(outcome) => write(world, outcome, call),
        Err(refusal) => refusal.into_response(),
    };
    limit_headers(&mut response, world.calls_used, Timestamp::now().as_second() + 3_600);
    response.headers_mut().insert("x-github-request-id", HeaderValue::from_static("C0DE:1234:5678:9ABC:DEF0"));
    response
}

fn perform(world: &mut World, operation: Option<&Operation>, call: &Call<'_>) -> Result<Outcome, Refusal> {
    if !call.headers.contains_key(header::USER_AGENT) {
        return Err(Refusal::Forbidden(
            "Request forbidden by administrative rules. Please make sure your request has a \
                                       User-Agent header.",
        ));
    }
    let caller = Caller::identify(world, call.headers)?;
    let operation = operation.ok_or(Refusal::NotFound)?;
    if call.method != Method::GET && !matches!(operation.name, "tokens.create" | "hook.redeliver") {
        let written = world.write_content(call.now);
        written.map_err(|retry_after| Refusal::Secondary { retry_after })?;
    }
    match operation.name {
        "app.get" => caller.need_app_itself().map(|()| Outcome::Ok(shapes::app(world))),
        "app.installations" => access::installations(world, &caller),
        "tokens.create" => access::create_token(world, &caller, operation.number()?, &call.json()?),
        "installation.get" => access::installation_of(world, &caller, &operation.repository),
        "comments.create" => comments::create(world, &caller, operation, &call.json()?),
        "comments.list" => comments::list(world, &caller, operation, call),
        "comments.get" => comments::get(world, &caller, operation),
        "comments.update" => comments::update(world, &caller, operation, &call.json()?),
        "comments.delete" => comments::delete(world, &caller, operation),
        "reactions.create" => comments::react(world, &caller, operation, &call.json()?),
        "checks.create" => checks::create(world, &caller, operation, &call.json()?),
        "checks.update" => checks::update(world, &caller, operation, &call.json()?),
        "checks.get" => checks::get(world, &caller, operation),
        "checks.list" => checks::list(world, &caller, operation, call),
        "statuses.create" => checks::create_status(world, &caller, operation, &call.json()?),
        "statuses.list" => checks::list_statuses(world, &caller, operation),
        "hooks.list" => hooks::of_repository(world, &caller, operation),
        "hook.deliveries" => hooks::list(world, &caller, operation, call),
        "hook.redeliver" => hooks::redeliver(world, &caller, operation),
        "installation.repositories" => hooks::repositories(world, &caller),
        "team.membership" => teams::membership(world, &caller, operation),
        "contents.get" => code::get(world, &caller, operation, call),
        "contents.put" => code::put(world, &caller, operation, &call.json()?),
        "refs.create" => code::create_branch(world, &caller, operation, &call.json()?),
        "refs.update" => code::move_branch(world, &caller, operation, &call.json()?),
        "commits.compare" => code::compare(world, &caller, operation),
        "pulls.create" => proposals::create(world, &caller, operation, &call.json()?),
        "pulls.update" => proposals::update(world, &caller, operation, &call.json()?),
        "labels.add" => proposals::label(world, &caller, operation, &call.json()?),
        "reviewers.add" => proposals::ask_for_review(world, &caller, operation, &call.json()?),
        _ => read_repository(world, &caller, operation, call),
    }
}

/// The operations that only look at code and people.
fn read_repository(world: &World, caller: &Caller, operation: &Operation, call: &Call<'_>) -> Result<Outcome, Refusal> {
    let permission = match operation.name {
        "pulls.list" | "pulls.get" | "pulls.files" => "pull_requests",
        "issues.get" => "issues",
        "branches.get" | "branches.list" | "refs.get" | "commits.get" => "contents",
        _ => "metadata",
    };
    caller.need(world, &operation.repository, permission, "read")?;
    let repository = world.repository(&operation.repository);
    let pull_request = || repository.pull_requests.get(&operation.number()?).ok_or(Refusal::NotFound);
    match operation.name {
        "repository.get" => Ok(Outcome::Ok(shapes::repository_in_full(world, repository))),
        "branches.list" => Ok(Outcome::List(branches(world, repository))),
        "branches.get" => branch(world, repository, &operation.subject),
        "refs.get" => reference(world, repository, &operation.subject),
        "commits.get" => match repository.resolve(&operation.subject) {
            Some(commit) => Ok(Outcome::Ok(shapes::commit(world, repository, commit))),
            None => Err(Refusal::Invalid(format!("No commit found for SHA: {}", operation.subject))),
        },
        "pulls.list" => Ok(Outcome::List(pull_requests(world, repository, call))),
        "pulls.get" => Ok(Outcome::Ok(shapes::pull_request(world, repository, pull_request()?))),
        "pulls.files" => {
            let pull_request = pull_request()?;
            let paths = repository.changed_paths(pull_request);
            let file = |path: &String| shapes::file(world, repository, &pull_request.head_sha, path);
            Ok(Outcome::List(paths.iter().map(file).collect()))
        }
        "issues.get" => Ok(Outcome::Ok(shapes::issue(world, repository, pull_request()?))),
        "permission.get" => {
            let login = &operation.subject;
            let permission = repository.collaborators.get(login).map_or("read", String::as_str);
            let mut user = shapes::user(world, login);
            user["role_name"] = permission.into();
            Ok(Outcome::Ok(json!({"permission": permission, "role_name": permission, "user": user})))
        }
        other => unreachable!("{other} is parsed but not answered"),
    }
}

fn branch(world: &World, repository: &Repository, name: &str) -> Result<Outcome, Refusal> {
    let sha = repository.branches.get(name).ok_or(Refusal::NotFound)?;
    let commit = repository.commits.get(sha).map(|commit| shapes::commit(world, repository, commit));
    Ok(Outcome::Ok(json!({"name": name, "commit": commit, "protected": false})))
}

fn branches(world: &World, repository: &Repository) -> Vec<Value> {
    let api = format!("{}/repos/{}", world.api_url, repository.full_name);
    let branch = |(name, sha): (&String, &String)| json!({"name": name, "commit": {"sha": sha, "url": format!("{api}/commits/{sha}")}, "protected": false});
    repository.branches.iter().map(branch).collect()
}

fn reference(world: &World, repository: &Repository, name: &str) -> Result<Outcome, Refusal> {
    let sha = repository.branches.get(name.strip_prefix("heads/").unwrap_or_default()).ok_or(Refusal::NotFound)?;
    let api = format!("{}/repos/{}/git", world.api_url, repository.full_name);
    Ok(Outcome::Ok(json!({
        "ref": format!("refs/{name}"), "node_id": "REF_1", "url": format!("{api}/refs/{name}"),
        "object": {"type": "commit", "sha": sha, "url": format!("{api}/commits/{sha}")},
    })))
}

fn pull_requests(world: &World, repository: &Repository, call: &Call<'_>) -> Vec<Value> {
    let state = call.query("state").unwrap_or_else(|| "open".to_owned());
    let (head, base) = (call.query("head"), call.query("base"));
    repository
        .pull_requests
        .values()
        .rev()
        .filter(|p| state == "all" || p.is_open == (state == "open"))
        .filter(|p| base.as_ref().is_none_or(|base| *base == p.base_branch))
        .filter(|p| {
            let owner = p.head_repository.split('/').next().unwrap_or_default();
            head.as_ref().is_none_or(|head| *head == format!("{owner}:{}", p.head_branch))
        })
        .map(|pull_request| shapes::pull_request_in_list(world, repository, pull_request))
        .collect()
}

/// Writes an outcome with its page, links and entity tag.
fn write(world: &mut World, outcome: Outcome, call: &Call<'_>) -> Response {
    let (status, json, link) = match outcome {
        Outcome::Ok(json) => (StatusCode::OK, json, None),
        Outcome::Created(json) => (StatusCode::CREATED, json, None),
        Outcome::Accepted(json) => (StatusCode::ACCEPTED, json, None),
        Outcome::Linked(items, link) => (StatusCode::OK, items.into(), link),
        Outcome::Nothing => return StatusCode::NO_CONTENT.into_response(),
        Outcome::List(items) => {
            let (page, link) = page(&world.api_url, items, call);
            (StatusCode::OK, page.into(), link)
        }
        Outcome::Counted(name, items) => {
            let total = items.len();
            let (page, link) = page(&world.api_url, items, call);
            (StatusCode::OK, json!({"total_count": total, name: page}), link)
        }
    };
    let tag = format!("W/\"{}\"", hex(&Sha256::digest(json.to_string().as_bytes())));
    if call.method == Method::GET && call.headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *tag) {
        world.calls_used -= 1;
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut response = (status, Json(json)).into_response();
    response.headers_mut().insert(header::ETAG, tag.parse().expect("a header value"));
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link.parse().expect("a header value"));
    }
    response
}

/// 30 items a page unless asked otherwise, never more than 100.
fn page(api_url: &str, items: Vec<Value>, call: &Call<'_>) -> (Vec<Value>, Option<String>) {
    let number = |name: &str, default: usize| call.query(name).and_then(|n| n.parse().ok()).unwrap_or(default).max(1);
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    let last = items.len().div_ceil(size).max(1);
    let url = |page: usize| {
        let query = call.uri.query().unwrap_or_default();
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "page");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("page", &page.to_string())
            .finish();
        format!("{api_url}{}?{query}", call.uri.path())
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(format!("<{}>; rel=\"prev\", <{}>; rel=\"first\"", url(page - 1), url(1)));
    }
    if page < last {
        links.push(format!("<{}>; rel=\"next\", <{}>; rel=\"last\"", url(page + 1), url(last)));
    }
    let shown = items.into_iter().skip((page - 1) * size).take(size).collect();
    (shown, Some(links.join(", ")).filter(|links| !links.is_empty()))
}
