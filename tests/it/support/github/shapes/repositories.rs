//! Repositories, with all the addresses that GitHub gives for them.

use serde_json::{Value, json};

use super::super::world::{Repository, World};
use super::user;

/// Fields of addresses below the repository's own, and what comes after it in them.
const ADDRESSES: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

pub fn repository(world: &World, repository: &Repository) -> Value {
    let api = format!("{}/repos/{}", world.api_url, repository.full_name);
    let html = repository.html_url();
    let mut json = json!({
        "id": repository.id, "node_id": format!("R_{}", repository.id), "name": repository.name(),
        "full_name": repository.full_name, "private": repository.is_private,
        "owner": user(world, repository.owner()), "html_url": html, "description": null, "fork": false,
        "clone_url": format!("{html}.git"), "git_url": format!("git:{html}.git"), "svn_url": html,
        "ssh_url": format!("git@github.example:{}.git", repository.full_name), "homepage": null, "language": null,
        "default_branch": repository.default_branch, "archived": false, "disabled": false, "license": null,
        "mirror_url": null,
        "visibility": if repository.is_private { "private" } else { "public" },
        "created_at": "2019-05-15T15:19:25Z", "updated_at": "2019-05-15T15:20:41Z",
        "pushed_at": "2019-05-15T15:20:57Z",
        "forks": 0, "forks_count": 0, "open_issues": 0, "open_issues_count": 0, "size": 1, "stargazers_count": 0,
        "watchers": 0, "watchers_count": 0, "has_downloads": true, "has_issues": true, "has_projects": true,
        "has_wiki": true, "has_pages": false, "has_discussions": false,
    });
    for (field, tail) in ADDRESSES {
        json[field] = format!("{api}{tail}").into();
    }
    json
}

/// A repository by itself, not one in something else.
pub fn repository_in_full(world: &World, repository: &Repository) -> Value {
    let mut json = self::repository(world, repository);
    json["network_count"] = 0.into();
    json["subscribers_count"] = 0.into();
    json
}
