//! Files, branches and what is between two of them, as far as a bot that writes one file needs it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::hex;
use super::access::Caller;
use super::answer::{Outcome, Refusal};
use super::api::{Call, Operation};
use super::shapes;
use super::world::{Repository, World};

/// What GitHub would call the content: the same for the same text.
fn blob(text: &str) -> String {
    hex(&Sha256::digest(format!("blob {}\0{text}", text.len()).as_bytes())[..20])
}

fn missing(field: &str) -> Refusal {
    Refusal::Invalid(format!("\"{field}\" wasn't supplied."))
}

fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    body[field].as_str().filter(|text| !text.is_empty()).ok_or_else(|| missing(field))
}

fn described(world: &World, repository: &Repository, path: &str, content: &str) -> Value {
    let api = format!("{}/repos/{}/contents/{path}", world.api_url, repository.full_name);
    let html = format!("{}/blob/main/{path}", repository.html_url());
    // GitHub breaks the lines.
    let packed = STANDARD.encode(content);
    let lines: Vec<&str> = packed.as_bytes().chunks(60).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    json!({
        "type": "file", "encoding": "base64", "size": content.len(), "name": path.rsplit('/').next(), "path": path,
        "content": format!("{}\n", lines.join("\n")), "sha": blob(content), "url": api, "html_url": html,
        "git_url": format!("{}/repos/{}/git/blobs/{}", world.api_url, repository.full_name, blob(content)),
        "download_url": html, "_links": {"self": api, "git": api, "html": html},
    })
}

pub fn get(world: &World, caller: &Caller, operation: &Operation, call: &Call<'_>) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "contents", "read")?;
    let repository = world.repository(operation.repository());
    let reference = call.query("ref").unwrap_or_else(|| repository.default_branch.clone());
    let commit = repository.resolve(&reference).ok_or(Refusal::NotFound)?;
    let (tree, path) = (&repository.trees[&commit.sha], operation.subject());
    if let Some(content) = tree.get(path) {
        return Ok(Outcome::Ok(described(world, repository, path, content)));
    }
    let folder = format!("{path}/");
    let inside: Vec<Value> = tree
        .iter()
        .filter(|(name, _)| name.starts_with(&folder))
        .map(|(name, content)| {
            let mut file = described(world, repository, name, content);
            remove(&mut file, &["content", "encoding"]);
            file
        })
        .collect();
    if inside.is_empty() { Err(Refusal::NotFound) } else { Ok(Outcome::Ok(inside.into())) }
}

pub fn put(world: &mut World, caller: &Caller, operation: &Operation, body: &Value) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "contents", "write")?;
    let (name, path) = (operation.repository().to_owned(), operation.subject().to_owned());
    let message = text(body, "message")?.to_owned();
    let packed = body["content"].as_str().ok_or_else(|| missing("content"))?;
    let bytes = STANDARD.decode(packed).map_err(|_| Refusal::Invalid("content is not valid Base64.".to_owned()))?;
    let content = String::from_utf8(bytes).expect("these tests write text");
    let repository = world.repository(&name);
    let branch = body["branch"].as_str().unwrap_or(&repository.default_branch).to_owned();
    let Some(tip) = repository.branches.get(&branch).cloned() else { return Err(Refusal::NotFound) };
    let known = repository.trees[&tip].get(&path);
    let is_new = known.is_none();
    match (known, body["sha"].as_str()) {
        (Some(_), None) => return Err(missing("sha")),
        (Some(old), Some(sha)) if blob(old) != sha => {
            return Err(Refusal::Conflict(format!("{path} does not match {sha}")));
        }
        (None, Some(sha)) => return Err(Refusal::Conflict(format!("{path} does not match {sha}"))),
        _ => {}
    }
    let sha = world.commit(&name, &branch, &caller.login(), &message, &[&path]);
    let repository = world.repository_mut(&name);
    repository.trees.get_mut(&sha).expect("the new commit's files").insert(path.clone(), content.clone());
    follow(repository, &branch, &sha);
    let repository = world.repository(&name);
    let mut file = described(world, repository, &path, &content);
    remove(&mut file, &["content", "encoding"]);
    let mut commit = shapes::commit(world, repository, &repository.commits[&sha])["commit"].take();
    remove(&mut commit, &["comment_count"]);
    commit["sha"] = sha.into();
    let json = json!({"content": file, "commit": commit});
    Ok(if is_new { Outcome::Created(json) } else { Outcome::Ok(json) })
}

fn remove(json: &mut Value, fields: &[&str]) {
    if let Some(object) = json.as_object_mut() {
        fields.iter().for_each(|field| drop(object.remove(*field)));
    }
}

/// Open pull requests are where their branch is.
fn follow(repository: &mut Repository, branch: &str, sha: &str) {
    let full_name = repository.full_name.clone();
    let open = repository.pull_requests.values_mut().filter(|pull| pull.is_open && pull.head_repository == full_name);
    open.filter(|pull| pull.head_branch == branch).for_each(|pull| sha.clone_into(&mut pull.head_sha));
}

pub fn create_branch(
    world: &mut World,
    caller: &Caller,
    operation: &Operation,
    body: &Value,
) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "contents", "write")?;
    let (reference, sha) = (text(body, "ref")?.to_owned(), text(body, "sha")?.to_owned());
    let branch = reference.strip_prefix("refs/heads/").ok_or_else(|| {
        Refusal::Invalid("Reference name must start with 'refs/' and have at least one slash.".to_owned())
    })?;
    let repository = world.repository_mut(operation.repository());
    if !repository.commits.contains_key(&sha) {
        return Err(Refusal::Invalid("Object does not exist".to_owned()));
    }
    if repository.branches.contains_key(branch) {
        return Err(Refusal::Invalid("Reference already exists".to_owned()));
    }
    repository.branches.insert(branch.to_owned(), sha);
    reference_of(world, operation.repository(), branch).map(Outcome::Created)
}

pub fn move_branch(
    world: &mut World,
    caller: &Caller,
    operation: &Operation,
    body: &Value,
) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "contents", "write")?;
    let branch = operation.subject().strip_prefix("heads/").unwrap_or_default().to_owned();
    let sha = text(body, "sha")?.to_owned();
    let repository = world.repository_mut(operation.repository());
    let Some(old) = repository.branches.get(&branch).cloned() else {
        return Err(Refusal::Invalid("Reference does not exist".to_owned()));
    };
    if !repository.commits.contains_key(&sha) {
        return Err(Refusal::Invalid("Object does not exist".to_owned()));
    }
    if body["force"] != true && !repository.history(&sha).contains(&old) {
        return Err(Refusal::Invalid("Update is not a fast forward".to_owned()));
    }
    repository.branches.insert(branch.clone(), sha.clone());
    follow(repository, &branch, &sha);
    reference_of(world, operation.repository(), &branch).map(Outcome::Ok)
}

fn reference_of(world: &World, full_name: &str, branch: &str) -> Result<Value, Refusal> {
    let repository = world.repository(full_name);
    let sha = repository.branches.get(branch).ok_or(Refusal::NotFound)?;
    let api = format!("{}/repos/{full_name}/git", world.api_url);
    Ok(json!({
        "ref": format!("refs/heads/{branch}"), "node_id": "REF_1", "url": format!("{api}/refs/heads/{branch}"),
        "object": {"type": "commit", "sha": sha, "url": format!("{api}/commits/{sha}")},
    }))
}

/// What `head` has that `base` has not, the oldest first.
pub fn compare(world: &World, caller: &Caller, operation: &Operation) -> Result<Outcome, Refusal> {
    caller.need(world, operation.repository(), "contents", "read")?;
    let repository = world.repository(operation.repository());
    let range = operation.subject();
    let (base, head) = range.split_once("...").ok_or(Refusal::NotFound)?;
    let first = repository.resolve(base).ok_or(Refusal::NotFound)?;
    let last = repository.resolve(head).ok_or(Refusal::NotFound)?;
    let (in_base, in_head) = (repository.history(&first.sha), repository.history(&last.sha));
    let (known, new): (BTreeSet<&String>, BTreeSet<&String>) = (in_base.iter().collect(), in_head.iter().collect());
    let ahead: Vec<_> =
        in_head.iter().rev().filter(|sha| !known.contains(sha)).map(|sha| &repository.commits[sha]).collect();
    let behind = in_base.iter().filter(|sha| !new.contains(sha)).count();
    let files: Vec<Value> =
        ahead.iter().flat_map(|c| c.paths.iter().map(|path| shapes::file(world, repository, &c.sha, path))).collect();
    let commits: Vec<Value> = ahead
        .iter()
        .map(|commit| {
            let mut json = shapes::commit(world, repository, commit);
            json.as_object_mut().and_then(|json| json.remove("files"));
            json
        })
        .collect();
    let common = in_base.iter().find(|sha| new.contains(sha)).map_or(first, |sha| &repository.commits[sha]);
    let (base_commit, common) = (shapes::commit(world, repository, first), shapes::commit(world, repository, common));
    let url = format!("{}/repos/{}/compare/{range}", world.api_url, repository.full_name);
    let html = format!("{}/compare/{range}", repository.html_url());
    let status = match (commits.len(), behind) {
        (0, 0) => "identical",
        (0, _) => "behind",
        (_, 0) => "ahead",
        _ => "diverged",
    };
    Ok(Outcome::Ok(json!({
        "url": url, "html_url": html, "permalink_url": html, "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"), "base_commit": base_commit, "merge_base_commit": common,
        "status": status, "ahead_by": commits.len(), "behind_by": behind, "total_commits": commits.len(),
        "commits": commits, "files": files,
    })))
}
