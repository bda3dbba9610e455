//! Pull requests, and the issues that they also are.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::world::{PullRequest, Repository, World};
use super::{repository, time, user};

/// What only a pull request by itself tells, not one in a list.
const SIZES: [&str; 12] = [
    "merged",
    "merged_by",
    "mergeable",
    "rebaseable",
    "mergeable_state",
    "comments",
    "review_comments",
    "maintainer_can_modify",
    "commits",
    "additions",
    "deletions",
    "changed_files",
];

/// What an issue has not, besides.
const CODE: [&str; 13] = [
    "head",
    "base",
    "_links",
    "issue_url",
    "diff_url",
    "patch_url",
    "commits_url",
    "statuses_url",
    "review_comments_url",
    "review_comment_url",
    "merge_commit_sha",
    "merged_at",
    "requested_reviewers",
];

pub fn pull_request(world: &World, base: &Repository, pull_request: &PullRequest) -> Value {
    let api = format!("{}/repos/{}", world.api_url, base.full_name);
    let number = pull_request.number;
    let html = format!("{}/pull/{number}", base.html_url());
    let reviewers: Vec<Value> = pull_request.reviewers.iter().map(|login| user(world, login)).collect();
    let links = json!({
        "url": format!("{api}/pulls/{number}"), "html_url": html, "issue_url": format!("{api}/issues/{number}"),
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        "comments_url": format!("{api}/issues/{number}/comments"),
        "review_comments_url": format!("{api}/pulls/{number}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
        "commits_url": format!("{api}/pulls/{number}/commits"),
        "statuses_url": format!("{api}/statuses/{}", pull_request.head_sha),
    });
    let labels: Vec<Value> = pull_request.labels.iter().map(|name| label(&api, name)).collect();
    let closed_at = if pull_request.is_open { Value::Null } else { time(Timestamp::now()).into() };
    let state = json!({
        "id": pull_request.id, "node_id": format!("PR_{}", pull_request.id), "number": number,
        "state": if pull_request.is_open { "open" } else { "closed" }, "locked": false, "title": pull_request.title,
        "user": user(world, &pull_request.author), "body": pull_request.body, "draft": pull_request.is_draft,
        "created_at": time(pull_request.at), "updated_at": time(pull_request.at), "closed_at": closed_at,
        "assignee": null, "assignees": [], "labels": labels, "milestone": null, "active_lock_reason": null,
        "author_association": base.association(&pull_request.author), "comments": 0,
    });
    let code = json!({
        "head": head_of(world, pull_request), "base": base_of(world, base, pull_request), "merged_at": null,
        "merge_commit_sha": null, "merged": false, "merged_by": null, "mergeable": null, "rebaseable": null,
        "mergeable_state": "unknown", "auto_merge": null, "requested_reviewers": reviewers, "requested_teams": [],
        "review_comments": 0, "maintainer_can_modify": false, "commits": 1, "additions": 1, "deletions": 1,
        "changed_files": base.changed_paths(pull_request).len(),
    });
    let mut json: Map<String, Value> = [links, state, code].into_iter().filter_map(into_object).flatten().collect();
    let link = |field: &str| json!({"href": json[field]});
    let links = json!({
        "self": link("url"), "html": link("html_url"), "issue": link("issue_url"), "comments": link("comments_url"),
        "review_comments": link("review_comments_url"), "review_comment": link("review_comment_url"),
        "commits": link("commits_url"), "statuses": link("statuses_url"),
    });
    json.insert("_links".to_owned(), links);
    Value::Object(json)
}

/// A pull request as it is in lists, where nothing is said of how large it is and whether it can be merged.
pub fn pull_request_in_list(world: &World, base: &Repository, pull_request: &PullRequest) -> Value {
    let mut json = self::pull_request(world, base, pull_request);
    remove(&mut json, &SIZES);
    json
}

fn remove(json: &mut Value, fields: &[&str]) {
    if let Some(object) = json.as_object_mut() {
        fields.iter().for_each(|field| drop(object.remove(*field)));
    }
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(object) = value { Some(object) } else { None }
}

fn head_of(world: &World, pull_request: &PullRequest) -> Value {
    let repository = world.repository(&pull_request.head_repository);
    side(world, repository, &pull_request.head_branch, &pull_request.head_sha)
}

fn base_of(world: &World, base: &Repository, pull_request: &PullRequest) -> Value {
    let sha = base.branches.get(&pull_request.base_branch).map_or("", String::as_str);
    side(world, base, &pull_request.base_branch, sha)
}

fn side(world: &World, of: &Repository, branch: &str, sha: &str) -> Value {
    json!({"label": format!("{}:{branch}", of.owner()), "ref": branch, "sha": sha, "user": user(world, of.owner()),
           "repo": repository(world, of)})
}

pub fn label(api: &str, name: &str) -> Value {
    json!({"id": 1_362_934_389, "node_id": "LA_1362934389", "url": format!("{api}/labels/{name}"), "name": name,
           "color": "d73a4a", "default": false, "description": "Made by hand"})
}

/// A pull request as the issue that it also is.
pub fn issue(world: &World, repository: &Repository, pull_request: &PullRequest) -> Value {
    let mut json = self::pull_request(world, repository, pull_request);
    let number = pull_request.number;
    let api = format!("{}/repos/{}", world.api_url, repository.full_name);
    json["pull_request"] = json!({
        "url": format!("{api}/pulls/{number}"), "html_url": json["html_url"], "diff_url": json["diff_url"],
        "patch_url": json["patch_url"], "merged_at": null,
    });
    json["url"] = format!("{api}/issues/{number}").into();
    json["repository_url"] = api.as_str().into();
    json["labels_url"] = format!("{api}/issues/{number}/labels{{/name}}").into();
    json["events_url"] = format!("{api}/issues/{number}/events").into();
    // An issue knows of no commits: that is why a comment has to look its commit up.
    remove(&mut json, &SIZES);
    remove(&mut json, &CODE);
    json["comments"] = 0.into();
    json
}
