//! Comments on pull requests.

use jiff::Timestamp;
use serde_json::Value;

use super::access::Caller;
use super::answer::{Outcome, Refusal};
use super::api::{Call, Operation};
use super::shapes;
use super::world::{Comment, World};

const BODY_LIMIT: usize = 65_536;

pub fn create(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "issues", "write")?;
    let number = operation.number()?;
    if !world.repository(operation.repository()).pull_requests.contains_key(&number) {
        return Err(Refusal::NotFound);
    }
    let text = check_body(body)?;
    let comment = add(world, operation.repository(), number, (&caller.login(), text));
    let repository = world.repository(operation.repository());
    Ok(Outcome::Created(shapes::comment(world, repository, &comment)))
}

/// Writes a comment by `(author, text)`.
pub fn add(world: &mut World, repository: &str, pull_request: u64, (author, text): (&str, String)) -> Comment {
    let now = Timestamp::now();
    let comment = Comment {
        id: world.next_id(),
        pull_request,
        author: author.to_owned(),
        by_app: author.ends_with("[bot]"),
        bodies: vec![text],
        reactions: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    world.repository_mut(repository).comments.push(comment.clone());
    comment
}

fn check_body(body: &Value) -> Result<String, Refusal> {
    let invalid = |code, message| Refusal::Validation { resource: "IssueComment", field: "body", code, message };
    match body["body"].as_str() {
        None => Err(Refusal::Invalid("\"body\" wasn't supplied.".to_owned())),
        Some(text) if text.trim().is_empty() => Err(invalid("missing_field", None)),
        Some(text) if text.chars().count() > BODY_LIMIT => {
            Err(invalid("unprocessable", Some(format!("Body is too long (maximum is {BODY_LIMIT} characters)"))))
        }
        Some(text) => Ok(text.to_owned()),
    }
}

/// Oldest first; `since` leaves out what was not touched from then on.
pub fn list(world: &World, caller: &Caller, operation: &Operation, call: &Call<'_>) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "issues", "read")?;
    let number = operation.number()?;
    let repository = world.repository(operation.repository());
    if !repository.pull_requests.contains_key(&number) {
        return Err(Refusal::NotFound);
    }
    let since: Option<Timestamp> = call.query("since").and_then(|time| time.parse().ok());
    let comments = repository
        .comments
        .iter()
        .filter(|comment| comment.pull_request == number)
        .filter(|comment| since.is_none_or(|since| comment.updated_at.as_second() >= since.as_second()))
        .map(|comment| shapes::comment(world, repository, comment));
    Ok(Outcome::List(comments.collect()))
}

pub fn get(world: &World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "issues", "read")?;
    let repository = world.repository(operation.repository());
    let id = operation.number()?;
    let comment = repository.comments.iter().find(|comment| comment.id == id).ok_or(Refusal::NotFound)?;
    Ok(Outcome::Ok(shapes::comment(world, repository, comment)))
}

pub fn update(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    let text = own(world, caller, operation).and_then(|()| check_body(body))?;
    let id = operation.number()?;
    let repository = world.repository_mut(operation.repository());
    let comment = repository.comments.iter_mut().find(|comment| comment.id == id).ok_or(Refusal::NotFound)?;
    comment.bodies.push(text);
    comment.updated_at = Timestamp::now();
    get(world, caller, operation)
}

pub fn delete(world: &mut World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    own(world, caller, operation)?;
    let id = operation.number()?;
    world.repository_mut(operation.repository()).comments.retain(|comment| comment.id != id);
    Ok(Outcome::Nothing)
}

/// 201, or 200 when the caller has reacted so before.
pub fn react(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    const CONTENTS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];
    caller.need(world, operation.repository(), "issues", "write")?;
    let id = operation.number()?;
    let content = body["content"].as_str().filter(|content| CONTENTS.contains(content));
    let content = content.ok_or_else(|| Refusal::Invalid("content is not a member of the known ones.".to_owned()))?;
    let (login, new) = (caller.login(), world.next_id());
    let repository = world.repository_mut(operation.repository());
    let comment = repository.comments.iter_mut().find(|comment| comment.id == id).ok_or(Refusal::NotFound)?;
    let known = comment.reactions.iter().find(|reaction| (&reaction.1, reaction.2.as_str()) == (&login, content));
    let (id, is_new) = known.map_or((new, true), |known| (known.0, false));
    if is_new {
        comment.reactions.push((id, login.clone(), content.to_owned()));
    }
    let json = shapes::reaction(world, (id, &login, content));
    Ok(if is_new { Outcome::Created(json) } else { Outcome::Ok(json) })
}

/// The comment is there and the caller's own. GitHub lets those who may write change other people's comments too; a bot
/// that does so is wrong in any case, so this is stricter.
fn own(world: &World, caller: &Caller, operation: &Operation) -> Result<(), Refusal> {
    caller.need(world, operation.repository(), "issues", "write")?;
    let id = operation.number()?;
    let repository = world.repository(operation.repository());
    let comment = repository.comments.iter().find(|comment| comment.id == id).ok_or(Refusal::NotFound)?;
    if comment.author == caller.login() {
        return Ok(());
    }
    Err(Refusal::Forbidden("Resource not accessible by integration"))
}
