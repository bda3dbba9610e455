//! Check runs, which only Apps may write, and commit statuses, which anybody with write access may.

use jiff::Timestamp;
use serde_json::Value;

use super::access::Caller;
use super::answer::{Outcome, Refusal};
use super::api::{Call, Operation};
use super::shapes;
use super::world::{CheckRun, Status, World};

const TEXT_LIMIT: usize = 65_535;
const STATES: [&str; 3] = ["queued", "in_progress", "completed"];
const CONCLUSIONS: [&str; 7] =
    ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];

pub fn create(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    caller.need_app()?;
    caller.need(world, operation.repository(), "checks", "write")?;
    let name = text(body, "name")?.ok_or_else(|| not_supplied("name"))?;
    let head_sha = text(body, "head_sha")?.ok_or_else(|| not_supplied("head_sha"))?;
    if !world.repository(operation.repository()).commits.contains_key(&head_sha) {
        return Err(Refusal::Invalid(format!("No commit found for SHA: {head_sha}")));
    }
    let mut run = CheckRun {
        id: world.next_id(),
        head_sha,
        name,
        external_id: String::new(),
        status: "queued".to_owned(),
        conclusion: None,
        details_url: None,
        started_at: None,
        completed_at: None,
        output: Value::Null,
        actions: Value::Null,
        editions: 0,
    };
    apply(&mut run, body)?;
    let json = shapes::check_run(world, world.repository(operation.repository()), &run);
    world.repository_mut(operation.repository()).check_runs.push(run);
    Ok(Outcome::Created(json))
}

/// Keeps what the call leaves out.
pub fn update(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    caller.need_app()?;
    caller.need(world, operation.repository(), "checks", "write")?;
    let id = operation.number()?;
    let runs = &mut world.repository_mut(operation.repository()).check_runs;
    let run = runs.iter_mut().find(|run| run.id == id).ok_or(Refusal::NotFound)?;
    let mut changed = run.clone();
    apply(&mut changed, body)?;
    *run = changed;
    get(world, caller, operation)
}

pub fn get(world: &World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "checks", "read")?;
    let id = operation.number()?;
    let repository = world.repository(operation.repository());
    let run = repository.check_runs.iter().find(|run| run.id == id).ok_or(Refusal::NotFound)?;
    Ok(Outcome::Ok(shapes::check_run(world, repository, run)))
}

/// Newest first. Unless `filter=all`, only the newest run of each name.
pub fn list(world: &World, caller: &Caller, operation: &Operation, call: &Call<'_>) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "checks", "read")?;
    let repository = world.repository(operation.repository());
    let sha = &repository
        .resolve(operation.subject())
        .ok_or_else(|| Refusal::Invalid(format!("No commit found for SHA: {}", operation.subject())))?
        .sha;
    let (name, status) = (call.query("check_name"), call.query("status"));
    let all = call.query("filter").is_some_and(|filter| filter == "all");
    let mut shown: Vec<&CheckRun> = Vec::new();
    for run in repository.check_runs.iter().rev().filter(|run| run.head_sha == *sha) {
        let is_wanted = name.as_ref().is_none_or(|name| *name == run.name)
            && status.as_ref().is_none_or(|status| *status == run.status);
        if is_wanted && (all || shown.iter().all(|newer| newer.name != run.name)) {
            shown.push(run);
        }
    }
    let shown = shown.iter().map(|run| shapes::check_run(world, repository, run)).collect();
    Ok(Outcome::Counted("check_runs", shown))
}

/// Changes a run as a body says, once the body has been found right as a whole.
fn apply(run: &mut CheckRun, body: &Value) -> Result<(), Refusal> {
    if let Some(name) = text(body, "name")? {
        run.name = name;
    }
    if let Some(status) = text(body, "status")? {
        run.status = one_of(&STATES, "status", status)?;
    }
    if let Some(conclusion) = text(body, "conclusion")? {
        // A conclusion completes the run by itself.
        run.conclusion = Some(one_of(&CONCLUSIONS, "conclusion", conclusion)?);
        run.status = "completed".to_owned();
    }
    match (run.status.as_str(), &run.conclusion) {
        ("completed", None) => return Err(not_supplied("conclusion")),
        ("completed", Some(_)) => {
            let now = shapes::time(Timestamp::now());
            run.completed_at = Some(text(body, "completed_at")?.unwrap_or(now));
        }
        _ => (run.conclusion, run.completed_at) = (None, None),
    }
    run.started_at = text(body, "started_at")?.or(run.started_at.take());
    run.external_id = text(body, "external_id")?.unwrap_or_else(|| std::mem::take(&mut run.external_id));
    run.details_url = text(body, "details_url")?.or(run.details_url.take());
    if !body["output"].is_null() {
        run.output = check_output(&body["output"])?;
    }
    if !body["actions"].is_null() {
        run.actions = check_actions(&body["actions"])?;
    }
    run.editions += 1;
    Ok(())
}

fn check_output(output: &Value) -> Result<Value, Refusal> {
    for field in ["title", "summary"] {
        text(output, field)?.ok_or_else(|| not_supplied(field))?;
    }
    for field in ["title", "summary", "text"] {
        let length = output[field].as_str().map_or(0, |text| text.chars().count());
        if length > TEXT_LIMIT {
            let message = format!("Only {TEXT_LIMIT} characters are allowed; {length} were supplied.");
            return Err(Refusal::Invalid(message));
        }
    }
    for annotation in output["annotations"].as_array().into_iter().flatten() {
        for field in ["path", "message", "annotation_level"] {
            text(annotation, field)?.ok_or_else(|| not_supplied(field))?;
        }
        for field in ["start_line", "end_line"] {
            annotation[field].as_u64().filter(|line| *line > 0).ok_or_else(|| not_supplied(field))?;
        }
    }
    let annotations = output["annotations"].as_array().map_or(0, Vec::len);
    if annotations > 50 {
        return Err(Refusal::Invalid(format!("No more than 50 items are allowed; {annotations} were supplied.")));
    }
    Ok(output.clone())
}

fn check_actions(actions: &Value) -> Result<Value, Refusal> {
    let list = actions.as_array().ok_or_else(|| Refusal::Invalid("\"actions\" is not an array.".to_owned()))?;
    if list.len() > 3 {
        return Err(Refusal::Invalid(format!("No more than 3 items are allowed; {} were supplied.", list.len())));
    }
    for action in list {
        for (field, limit) in [("label", 20), ("description", 40), ("identifier", 20)] {
            let length = text(action, field)?.ok_or_else(|| not_supplied(field))?.chars().count();
            if length > limit {
                let message = format!("Only {limit} characters are allowed; {length} were supplied.");
                return Err(Refusal::Invalid(message));
            }
        }
    }
    Ok(actions.clone())
}

pub fn create_status(
    world: &mut World,
    caller: &Caller,
    operation: &Operation,
    body: &Value,
) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "statuses", "write")?;
    let state = text(body, "state")?.ok_or_else(|| not_supplied("state"))?;
    let state = one_of(&["error", "failure", "pending", "success"], "state", state)?;
    let sha = operation.subject().to_owned();
    if !world.repository(operation.repository()).commits.contains_key(&sha) {
        return Err(Refusal::Invalid(format!("No commit found for SHA: {sha}")));
    }
    let description = text(body, "description")?;
    if description.as_ref().is_some_and(|text| text.chars().count() > 140) {
        let message = Some("description is too long (maximum is 140 characters)".to_owned());
        return Err(Refusal::Validation { resource: "Status", field: "description", code: "custom", message });
    }
    let status = Status {
        id: world.next_id(),
        sha,
        state,
        context: text(body, "context")?.unwrap_or_else(|| "default".to_owned()),
        description,
        target_url: text(body, "target_url")?,
        creator: caller.login(),
        at: Timestamp::now(),
    };
    let json = shapes::status(world, &status);
    world.repository_mut(operation.repository()).statuses.push(status);
    Ok(Outcome::Created(json))
}

/// Newest first.
pub fn list_statuses(world: &World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "statuses", "read")?;
    let repository = world.repository(operation.repository());
    let sha = &repository.resolve(operation.subject()).ok_or(Refusal::NotFound)?.sha;
    let statuses = repository.statuses.iter().rev().filter(|status| status.sha == *sha);
    Ok(Outcome::List(statuses.map(|status| shapes::status(world, status)).collect()))
}

fn text(body: &Value, field: &str) -> Result<Option<String>, Refusal> {
    match &body[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(Refusal::Invalid(format!("For 'properties/{field}', {other} is not a string."))),
    }
}

fn not_supplied(field: &str) -> Refusal {
    Refusal::Invalid(format!("\"{field}\" wasn't supplied."))
}

fn one_of(allowed: &[&str], field: &str, value: String) -> Result<String, Refusal> {
    if allowed.contains(&value.as_str()) {
        return Ok(value);
    }
    Err(Refusal::Invalid(format!("For 'properties/{field}', {value} is not a member of {allowed:?}.")))
}
