//! Pull requests that are opened and edited by API.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::access::Caller;
use super::answer::{Outcome, Refusal};
use super::api::Operation;
use super::shapes;
use super::world::{PullRequest, World};

const BODY_LIMIT: usize = 65_536;

fn invalid(field: &'static str, message: String) -> Refusal {
    Refusal::Validation { resource: "PullRequest", field, code: "custom", message: Some(message) }
}

fn check_body(body: &Value) -> Result<String, Refusal> {
    let text = body["body"].as_str().unwrap_or_default();
    if text.chars().count() > BODY_LIMIT {
        return Err(invalid("body", format!("body is too long (maximum is {BODY_LIMIT} characters)")));
    }
    Ok(text.to_owned())
}

pub fn create(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    let name = operation.repository().to_owned();
    caller.need(world, &name, "pull_requests", "write")?;
    let field = |field: &str| body[field].as_str().map(str::to_owned);
    let (Some(title), Some(head), Some(base)) = (field("title"), field("head"), field("base")) else {
        return Err(Refusal::Invalid("\"head\", \"base\" and \"title\" have to be supplied.".to_owned()));
    };
    let text = check_body(body)?;
    let repository = world.repository(&name);
    let head = head.strip_prefix(&format!("{}:", repository.owner())).unwrap_or(&head).to_owned();
    let tip = |branch: &String| repository.branches.get(branch).cloned();
    let head_sha = tip(&head).ok_or_else(|| invalid("head", "head is invalid".to_owned()))?;
    let base_sha = tip(&base).ok_or_else(|| invalid("base", "base is invalid".to_owned()))?;
    let same = |pull: &&PullRequest| pull.is_open && pull.head_branch == head && pull.base_branch == base;
    if repository.pull_requests.values().any(|pull| same(&pull)) {
        let message = format!("A pull request already exists for {}:{head}.", repository.owner());
        return Err(invalid("head", message));
    }
    if repository.history(&base_sha).contains(&head_sha) {
        return Err(invalid("head", format!("No commits between {base} and {head}")));
    }
    let id = world.next_id();
    let repository = world.repository_mut(&name);
    let number = repository.pull_requests.keys().max().map_or(1, |number| number + 1);
    let pull_request = PullRequest {
        id,
        number,
        title,
        body: text,
        author: caller.login(),
        head_branch: head,
        head_sha,
        head_repository: name.clone(),
        base_branch: base,
        is_draft: false,
        is_open: true,
        labels: BTreeSet::new(),
        reviewers: BTreeSet::new(),
        at: Timestamp::now(),
    };
    repository.pull_requests.insert(number, pull_request);
    shown(world, &name, number).map(Outcome::Created)
}

fn shown(world: &World, name: &str, number: u64) -> Result<Value, Refusal> {
    let repository = world.repository(name);
    let pull_request = repository.pull_requests.get(&number).ok_or(Refusal::NotFound)?;
    Ok(shapes::pull_request(world, repository, pull_request))
}

pub fn update(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    let (name, number) = (operation.repository().to_owned(), operation.number()?);
    caller.need(world, &name, "pull_requests", "write")?;
    let text = check_body(body)?;
    let pull_request = world.repository_mut(&name).pull_requests.get_mut(&number).ok_or(Refusal::NotFound)?;
    if let Some(title) = body["title"].as_str() {
        title.clone_into(&mut pull_request.title);
    }
    if body["body"].is_string() {
        pull_request.body = text;
    }
    shown(world, &name, number).map(Outcome::Ok)
}

pub fn label(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    let (name, number) = (operation.repository().to_owned(), operation.number()?);
    // Either right does.
    caller.need(world, &name, "issues", "write").or_else(|_| caller.need(world, &name, "pull_requests", "write"))?;
    let labels: Option<Vec<String>> = serde_json::from_value(body["labels"].clone()).ok();
    let labels = labels.filter(|labels| !labels.is_empty());
    let labels = labels.ok_or_else(|| Refusal::Invalid("\"labels\" wasn't supplied.".to_owned()))?;
    let api = format!("{}/repos/{name}", world.api_url);
    let pull_request = world.repository_mut(&name).pull_requests.get_mut(&number).ok_or(Refusal::NotFound)?;
    pull_request.labels.extend(labels);
    Ok(Outcome::Ok(pull_request.labels.iter().map(|label| shapes::label(&api, label)).collect()))
}

pub fn ask_for_review(
    world: &mut World,
    caller: &Caller,
    operation: &Operation,
    body: &Value,
) -> Result<Outcome, Refusal> {
    let (name, number) = (operation.repository().to_owned(), operation.number()?);
    caller.need(world, &name, "pull_requests", "write")?;
    let names = |field: &str| -> Vec<String> { serde_json::from_value(body[field].clone()).unwrap_or_default() };
    let repository = world.repository_mut(&name);
    let stranger = names("reviewers").into_iter().find(|login| !repository.collaborators.contains_key(login));
    if stranger.is_some() || !names("team_reviewers").is_empty() {
        let message = "Reviews may only be requested from collaborators. One or more of the users or teams you \
                       specified is not a collaborator of the repository.";
        return Err(Refusal::Invalid(message.to_owned()));
    }
    let pull_request = repository.pull_requests.get_mut(&number).ok_or(Refusal::NotFound)?;
    pull_request.reviewers.extend(names("reviewers"));
    let repository = world.repository(&name);
    let json = shapes::pull_request_in_list(world, repository, &repository.pull_requests[&number]);
    Ok(Outcome::Created(json))
}
