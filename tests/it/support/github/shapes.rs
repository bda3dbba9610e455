//! GitHub's JSON for things: the fields that clients read, under GitHub's names. The API and the webhooks share them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::world::{CheckRun, Comment, Commit, PullRequest, Repository, Status, World};
use super::{APP_ID, APP_SLUG, INSTALLATION};

mod pull_requests;
mod repositories;

pub use pull_requests::{issue, label, pull_request, pull_request_in_list};
pub use repositories::{repository, repository_in_full};

/// Where people look; nothing is there.
pub const WEB: &str = "https://github.example";

/// RFC 3339 in UTC with whole seconds, as GitHub writes it.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub fn user(world: &World, login: &str) -> Value {
    let api = format!("{}/users/{}", world.api_url, login.replace('[', "%5B").replace(']', "%5D"));
    let id = world.user_id(login);
    let mut json = json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "gravatar_id": "", "site_admin": false,
        "avatar_url": format!("{WEB}/avatars/{id}"), "url": api, "html_url": format!("{WEB}/{login}"),
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
    });
    for (field, tail) in [
        ("followers_url", "/followers"),
        ("following_url", "/following{/other_user}"),
        ("gists_url", "/gists{/gist_id}"),
        ("starred_url", "/starred{/owner}{/repo}"),
        ("subscriptions_url", "/subscriptions"),
        ("organizations_url", "/orgs"),
        ("repos_url", "/repos"),
        ("events_url", "/events{/privacy}"),
        ("received_events_url", "/received_events"),
    ] {
        json[field] = format!("{api}{tail}").into();
    }
    json
}

pub fn commit(world: &World, repository: &Repository, commit: &Commit) -> Value {
    let api = format!("{}/repos/{}", world.api_url, repository.full_name);
    let person = json!({"name": commit.author, "email": format!("{}@example.org", commit.author),
                        "date": time(commit.at)});
    let parents: Vec<Value> = commit
        .parent
        .iter()
        .map(|sha| {
            json!({"sha": sha, "url": format!("{api}/commits/{sha}"),
                          "html_url": format!("{}/commit/{sha}", repository.html_url())})
        })
        .collect();
    json!({
        "sha": commit.sha, "node_id": format!("C_{}", &commit.sha[..8]), "url": format!("{api}/commits/{}", commit.sha),
        "html_url": format!("{}/commit/{}", repository.html_url(), commit.sha),
        "comments_url": format!("{api}/commits/{}/comments", commit.sha),
        "commit": {"message": commit.message, "author": person, "committer": person, "comment_count": 0,
                   "url": format!("{api}/git/commits/{}", commit.sha),
                   "tree": {"sha": commit.sha, "url": format!("{api}/git/trees/{}", commit.sha)}},
        "author": user(world, &commit.author), "committer": user(world, &commit.author), "parents": parents,
        "files": commit.paths.iter().map(|path| file(world, repository, &commit.sha, path)).collect::<Vec<_>>(),
    })
}

pub fn file(world: &World, repository: &Repository, sha: &str, path: &str) -> Value {
    let html = repository.html_url();
    json!({
        "sha": sha, "filename": path, "status": "modified", "additions": 1, "deletions": 1, "changes": 2,
        "blob_url": format!("{html}/blob/{sha}/{path}"), "raw_url": format!("{html}/raw/{sha}/{path}"),
        "contents_url": format!("{}/repos/{}/contents/{path}?ref={sha}", world.api_url, repository.full_name),
        "patch": "@@ -1 +1 @@\n-old\n+new",
    })
}

pub fn comment(world: &World, repository: &Repository, comment: &Comment) -> Value {
    let api = format!("{}/repos/{}/issues", world.api_url, repository.full_name);
    let via = if comment.by_app { app(world) } else { Value::Null };
    json!({
        "id": comment.id, "node_id": format!("IC_{}", comment.id), "url": format!("{api}/comments/{}", comment.id),
        "html_url": format!("{}/pull/{}#issuecomment-{}", repository.html_url(), comment.pull_request, comment.id),
        "issue_url": format!("{api}/{}", comment.pull_request), "user": user(world, &comment.author),
        "created_at": time(comment.created_at), "updated_at": time(comment.updated_at),
        "author_association": repository.association(&comment.author), "body": comment.body(),
        "performed_via_github_app": via,
    })
}

pub fn reaction(world: &World, (id, login, content): (u64, &str, &str)) -> Value {
    json!({"id": id, "node_id": format!("REA_{id}"), "user": user(world, login), "content": content,
           "created_at": "2019-05-15T15:19:25Z"})
}

pub fn check_run(world: &World, repository: &Repository, run: &CheckRun) -> Value {
    let url = format!("{}/repos/{}/check-runs/{}", world.api_url, repository.full_name, run.id);
    let field = |name: &str| run.output.get(name).cloned().unwrap_or_default();
    let pull_requests: Vec<Value> = repository
        .pull_requests
        .values()
        .filter(|pull_request| pull_request.is_open && pull_request.head_sha == run.head_sha)
        .map(|pull_request| minimal_pull_request(world, repository, pull_request))
        .collect();
    json!({
        "id": run.id, "node_id": format!("CR_{}", run.id), "head_sha": run.head_sha, "name": run.name,
        "external_id": run.external_id, "url": url, "html_url": format!("{}/runs/{}", repository.html_url(), run.id),
        "details_url": run.details_url, "status": run.status, "conclusion": run.conclusion,
        "started_at": run.started_at, "completed_at": run.completed_at,
        "output": {"title": field("title"), "summary": field("summary"), "text": field("text"),
                   "annotations_count": 0, "annotations_url": format!("{url}/annotations")},
        "check_suite": {"id": 1}, "app": app(world), "pull_requests": pull_requests,
    })
}

fn minimal_pull_request(world: &World, repository: &Repository, pull_request: &PullRequest) -> Value {
    let full = self::pull_request(world, repository, pull_request);
    let side = |side: &Value| {
        let repo = &side["repo"];
        json!({"ref": side["ref"], "sha": side["sha"],
               "repo": {"id": repo["id"], "url": repo["url"], "name": repo["name"]}})
    };
    json!({"id": full["id"], "number": full["number"], "url": full["url"], "head": side(&full["head"]),
           "base": side(&full["base"])})
}

pub fn status(world: &World, status: &Status) -> Value {
    json!({
        "id": status.id, "node_id": format!("SC_{}", status.id), "state": status.state, "context": status.context,
        "description": status.description, "target_url": status.target_url, "creator": user(world, &status.creator),
        "avatar_url": format!("{WEB}/avatars/{}", world.user_id(&status.creator)),
        "url": format!("{}/statuses/{}", world.api_url, status.sha),
        "created_at": time(status.at), "updated_at": time(status.at),
    })
}

pub fn app(world: &World) -> Value {
    json!({"id": APP_ID, "slug": APP_SLUG, "node_id": "A_29310", "name": "tunebot", "owner": user(world, "acme"),
           "description": null, "external_url": "https://tunebot.example", "html_url": format!("{WEB}/apps/{APP_SLUG}"),
           "created_at": "2019-05-15T15:19:25Z", "updated_at": "2019-05-15T15:19:25Z",
           "permissions": world.permissions, "events": events()})
}

pub fn installation(world: &World, account: &str) -> Value {
    let api = &world.api_url;
    let permissions: Map<String, Value> =
        world.permissions.iter().map(|(name, level)| (name.clone(), level.clone().into())).collect();
    json!({"id": INSTALLATION, "account": user(world, account), "app_id": APP_ID, "app_slug": APP_SLUG,
           "access_tokens_url": format!("{api}/app/installations/{INSTALLATION}/access_tokens"),
           "repositories_url": format!("{api}/installation/repositories"), "target_type": "Organization",
           "html_url": format!("{WEB}/organizations/{account}/settings/installations/{INSTALLATION}"),
           "target_id": world.user_id(account), "permissions": permissions, "events": events(),
           "single_file_name": null, "repository_selection": "all",
           "suspended_by": null, "suspended_at": null,
           "created_at": "2019-05-15T15:19:25Z", "updated_at": "2019-05-15T15:19:25Z"})
}

pub fn events() -> Value {
    json!(["push", "pull_request", "issue_comment", "check_run", "check_suite"])
}
