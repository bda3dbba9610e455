//! Webhook deliveries: payloads with GitHub's fields, its headers and its signature.

use serde_json::{Value, json};

use super::super::{Answer, hmac_sha256, http_client};
use super::world::{CheckRun, Comment, Commit, Repository, World};
use super::{APP_ID, INSTALLATION, shapes};

/// The hash that stands for "there is nothing" before a branch is made and after it is deleted.
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// One delivery. Sending it again is a redelivery: id and body stay.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-GitHub-Delivery`: the same in every run of the same test.
    pub id: String,
    /// `X-GitHub-Event`
    pub event: &'static str,
    /// The raw bytes that are signed and sent.
    pub body: Vec<u8>,
}

impl Delivery {
    fn new(world: &mut World, event: &'static str, payload: &Value) -> Self {
        world.deliveries += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", world.deliveries);
        Self { id, event, body: payload.to_string().into_bytes() }
    }

    /// Changes a field of the payload, named by a JSON pointer.
    ///
    /// # Panics
    /// The payload is not JSON any more, or has no such place.
    pub fn set(&mut self, pointer: &str, value: impl Into<Value>) {
        let mut payload: Value = serde_json::from_slice(&self.body).expect("a payload is JSON");
        let (parent, field) = pointer.rsplit_once('/').expect("a JSON pointer");
        let parent = payload.pointer_mut(parent).unwrap_or_else(|| panic!("{} has no {parent}", self.event));
        parent[field] = value.into();
        self.body = payload.to_string().into_bytes();
    }

    /// What `X-Hub-Signature-256` says.
    pub fn signature(&self, secret: &str) -> String {
        format!("sha256={}", hmac_sha256(secret, &[&self.body]))
    }

    /// Posts it to `/webhooks/github`, signed with `secret`.
    pub async fn send(&self, server: &str, secret: &str) -> Answer {
        self.send_signed(server, Some(&self.signature(secret))).await
    }

    /// Posts it with a signature as given, or without one.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn send_signed(&self, server: &str, signature: Option<&str>) -> Answer {
        self.try_send_signed(server, signature).await.expect("the server answers a delivery")
    }

    /// As [`Self::send`], where the server may be killed meanwhile.
    ///
    /// # Errors
    /// There was no whole answer.
    pub async fn try_send(&self, server: &str, secret: &str) -> Result<Answer, reqwest::Error> {
        self.try_send_signed(server, Some(&self.signature(secret))).await
    }

    async fn try_send_signed(&self, server: &str, signature: Option<&str>) -> Result<Answer, reqwest::Error> {
        let mut request = http_client()
            .post(format!("{server}/webhooks/github"))
            .header("accept", "*/*")
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/044aadd")
            .header("x-github-delivery", &self.id)
            .header("x-github-event", self.event)
            .header("x-github-hook-id", "292430182")
            .header("x-github-hook-installation-target-id", APP_ID.to_string())
            .header("x-github-hook-installation-target-type", "integration")
            .body(self.body.clone());
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: response.text().await? })
    }
}

pub fn ping(world: &mut World) -> Delivery {
    let payload = json!({
        "zen": "Anything added dilutes everything else.", "hook_id": 292_430_182,
        "hook": {"type": "App", "id": 292_430_182, "name": "web", "active": true, "app_id": APP_ID,
                 "events": shapes::events(),
                 "config": {"content_type": "json", "insecure_ssl": "0", "secret": "********",
                            "url": "https://tunebot.example/webhooks/github"}},
    });
    Delivery::new(world, "ping", &payload)
}

/// The push that brought `branch` from `before` to where it is now.
pub fn push(world: &mut World, full_name: &str, branch: &str, before: Option<&str>) -> Delivery {
    let repository = world.repository(full_name);
    let head = &repository.commits[&repository.branches[branch]];
    let commit = push_commit(repository, head);
    let range = format!("{}...{}", &before.unwrap_or(NOTHING)[..12], &head.sha[..12]);
    // In pushes, and there only, times of the repository are seconds.
    let mut of_repository = shapes::repository(world, repository);
    for field in ["created_at", "pushed_at"] {
        of_repository[field] = head.at.as_second().into();
    }
    of_repository["master_branch"] = repository.default_branch.clone().into();
    of_repository["owner"]["name"] = repository.owner().into();
    let payload = json!({
        "ref": format!("refs/heads/{branch}"), "before": before.unwrap_or(NOTHING), "after": head.sha,
        "created": before.is_none(), "deleted": false, "forced": false, "base_ref": null,
        "compare": format!("{}/compare/{range}", repository.html_url()),
        "commits": [commit], "head_commit": commit, "repository": of_repository,
        "pusher": {"name": head.author, "email": format!("{}@example.org", head.author)},
        "sender": shapes::user(world, &head.author), "installation": installation(),
    });
    Delivery::new(world, "push", &payload)
}

fn push_commit(repository: &Repository, commit: &Commit) -> Value {
    let person = json!({"name": commit.author, "email": format!("{}@example.org", commit.author),
                        "username": commit.author});
    json!({
        "id": commit.sha, "tree_id": commit.sha, "distinct": true, "message": commit.message,
        "timestamp": shapes::time(commit.at), "url": format!("{}/commit/{}", repository.html_url(), commit.sha),
        "author": person, "committer": person, "added": [], "removed": [], "modified": commit.paths,
    })
}

pub fn pull_request(world: &mut World, full_name: &str, number: u64, action: &str, sender: &str) -> Delivery {
    let repository = world.repository(full_name);
    let pull_request = &repository.pull_requests[&number];
    let mut payload = json!({
        "action": action, "number": number,
        "pull_request": shapes::pull_request(world, repository, pull_request),
        "repository": shapes::repository(world, repository), "sender": shapes::user(world, sender),
        "installation": installation(),
    });
    if action == "labeled" {
        let api = format!("{}/repos/{full_name}", world.api_url);
        payload["label"] = pull_request.labels.last().map(|name| shapes::label(&api, name)).into();
    }
    Delivery::new(world, "pull_request", &payload)
}

pub fn issue_comment(world: &mut World, full_name: &str, comment: &Comment, action: &str) -> Delivery {
    let repository = world.repository(full_name);
    let pull_request = &repository.pull_requests[&comment.pull_request];
    let mut payload = json!({
        "action": action, "issue": shapes::issue(world, repository, pull_request),
        "comment": shapes::comment(world, repository, comment), "repository": shapes::repository(world, repository),
        "sender": shapes::user(world, &comment.author), "installation": installation(),
    });
    if action == "edited" {
        let before = comment.bodies.iter().rev().nth(1);
        payload["changes"] = json!({"body": {"from": before}});
    }
    Delivery::new(world, "issue_comment", &payload)
}

/// A check run's button was pressed (`identifier`), or the run is asked for again.
pub fn check_run(
    world: &mut World,
    full_name: &str,
    run: &CheckRun,
    identifier: Option<&str>,
    sender: &str,
) -> Delivery {
    let repository = world.repository(full_name);
    let mut payload = json!({
        "action": if identifier.is_some() { "requested_action" } else { "rerequested" },
        "check_run": shapes::check_run(world, repository, run), "repository": shapes::repository(world, repository),
        "sender": shapes::user(world, sender), "installation": installation(),
    });
    payload["check_run"]["check_suite"] = check_suite_of(world, repository, &run.head_sha);
    if let Some(identifier) = identifier {
        payload["requested_action"] = json!({"identifier": identifier});
    }
    Delivery::new(world, "check_run", &payload)
}

/// All checks of a commit are asked for again.
pub fn check_suite(world: &mut World, full_name: &str, sha: &str, sender: &str) -> Delivery {
    let repository = world.repository(full_name);
    let mut suite = check_suite_of(world, repository, sha);
    suite["app"] = shapes::app(world);
    suite["latest_check_runs_count"] = repository.check_runs.iter().filter(|run| run.head_sha == sha).count().into();
    suite["check_runs_url"] = format!("{}/check-runs", suite["url"].as_str().unwrap_or_default()).into();
    let payload = json!({
        "action": "rerequested", "check_suite": suite, "repository": shapes::repository(world, repository),
        "sender": shapes::user(world, sender), "installation": installation(),
    });
    Delivery::new(world, "check_suite", &payload)
}

fn check_suite_of(world: &World, repository: &Repository, sha: &str) -> Value {
    let commit = &repository.commits[sha];
    let branch = repository.branches.iter().find(|(_, head)| *head == sha).map(|(branch, _)| branch);
    json!({
        "id": 1, "node_id": "CS_1", "head_branch": branch, "head_sha": sha, "status": "completed",
        "conclusion": "neutral", "url": format!("{}/repos/{}/check-suites/1", world.api_url, repository.full_name),
        "before": commit.parent, "after": sha, "pull_requests": [],
        "created_at": shapes::time(commit.at), "updated_at": shapes::time(commit.at),
    })
}

fn installation() -> Value {
    json!({"id": INSTALLATION, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uNDcxMQ=="})
}
