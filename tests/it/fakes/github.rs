//! The fake GitHub's API.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::fault::Fault;
use crate::support::github::{APP_ID, APP_KEY, FakeGithub, INSTALLATION, PLAIN_TOKEN};
use crate::support::http_client;

const MODELS: &str = "acme/models";

/// Status and parsed answer of a call with a token.
async fn call(github: &FakeGithub, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
    let mut request = http_client().request(method.clone(), format!("{}{path}", github.api_url()));
    request = request.header("user-agent", "a test").bearer_auth(token);
    if method != Method::GET {
        request = request.json(&body);
    }
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn get(github: &FakeGithub, token: &str, path: &str) -> (u16, Value) {
    call(github, token, Method::GET, path, Value::Null).await
}

/// What an App signs with its key: good for nine minutes, unless changed.
fn app_token(change: impl FnOnce(&mut Value)) -> String {
    let now = Timestamp::now().as_second();
    let mut claims = json!({"iss": APP_ID, "iat": now - 60, "exp": now + 540});
    change(&mut claims);
    sign(&claims, &Header::new(Algorithm::RS256), &EncodingKey::from_rsa_pem(APP_KEY.as_bytes()).expect("a key"))
}

fn sign(claims: &Value, header: &Header, key: &EncodingKey) -> String {
    jsonwebtoken::encode(header, claims, key).expect("claims can be signed")
}

async fn installation_token(github: &FakeGithub, asked: Value) -> String {
    let path = format!("/app/installations/{INSTALLATION}/access_tokens");
    let (status, answer) = call(github, &app_token(|_| {}), Method::POST, &path, asked).await;
    assert_eq!(status, 201, "{answer}");
    answer["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn an_app_token_is_checked_in_every_part() {
    let github = FakeGithub::start().await;
    let path = format!("/app/installations/{INSTALLATION}/access_tokens");
    let now = Timestamp::now().as_second();
    let claims = json!({"iss": APP_ID, "iat": now - 60, "exp": now + 540});
    let shared = EncodingKey::from_secret(b"not the key");
    let undecodable = "A JSON web token could not be decoded";
    let cases = [
        (sign(&claims, &Header::new(Algorithm::HS256), &shared), undecodable),
        ("a.b.c".to_owned(), undecodable),
        ("ghs_unknown".to_owned(), "Bad credentials"),
        (app_token(|claims| claims["iss"] = 1.into()), "'Issuer' claim ('iss') must be an Integer"),
        (
            app_token(|claims| claims["iat"] = (now + 300).into()),
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ),
        (
            app_token(|claims| claims["exp"] = (now + 700).into()),
            "'Expiration time' claim ('exp') is too far in the future",
        ),
        (
            app_token(|claims| claims["exp"] = (now - 1).into()),
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
             assertion expires",
        ),
    ];
    for (token, message) in cases {
        let (status, answer) = call(&github, &token, Method::POST, &path, json!({})).await;
        assert_eq!((status, &answer["message"]), (401, &json!(message)));
    }
    let (status, _) = call(&github, PLAIN_TOKEN, Method::POST, &path, json!({})).await;
    assert_eq!(status, 401, "a person cannot ask for an App's token");
    let strange = "/app/installations/1/access_tokens";
    assert_eq!(call(&github, &app_token(|_| {}), Method::POST, strange, json!({})).await.0, 404);
}

#[tokio::test]
async fn an_installation_token_has_a_scope_and_an_end() {
    let github = FakeGithub::start().await;
    let repo = github.repository(MODELS).make_private();
    github.repository("acme/site").make_private();
    github.repository("other/thing").make_private();
    let token =
        installation_token(&github, json!({"repositories": ["models"], "permissions": {"issues": "write"}})).await;
    let (pull, _) = repo.open_pull_request("faster", "Train faster");
    let comments = format!("/repos/{MODELS}/issues/{}/comments", pull.number);
    assert_eq!(call(&github, &token, Method::POST, &comments, json!({"body": "hello"})).await.0, 201);
    assert_eq!(get(&github, &token, &format!("/repos/{MODELS}/pulls/1")).await.0, 403, "no such permission");
    assert_eq!(get(&github, &token, "/repos/acme/site/issues/1").await.0, 404, "not of this token");
    assert_eq!(get(&github, &token, "/repos/other/thing/issues/1").await.0, 404, "not of this installation");
    let app = app_token(|_| {});
    assert_eq!(get(&github, &app, &format!("/repos/{MODELS}/installation")).await.1["id"], INSTALLATION);
    assert_eq!(get(&github, &app, "/repos/other/thing/installation").await.0, 404);
    assert_eq!(get(&github, &app, &comments).await.0, 401, "the App itself reads nothing");

    github.expire_installation_tokens();
    let (status, answer) = get(&github, &token, &comments).await;
    assert_eq!((status, &answer["message"]), (401, &json!("Bad credentials")));
    let fresh = installation_token(&github, json!({})).await;
    github.revoke_permission("issues");
    let (status, answer) = get(&github, &fresh, &comments).await;
    assert_eq!((status, &answer["message"]), (403, &json!("Resource not accessible by integration")));
}

#[tokio::test]
async fn only_an_app_writes_check_runs() {
    let github = FakeGithub::start().await;
    let repo = github.repository(MODELS);
    let sha = repo.head("main");
    let path = format!("/repos/{MODELS}/check-runs");
    let body = json!({"name": "tunebot", "head_sha": sha});
    let (status, answer) = call(&github, PLAIN_TOKEN, Method::POST, &path, body.clone()).await;
    assert_eq!((status, &answer["message"]), (403, &json!("You must authenticate via a GitHub App.")));
    let status_path = format!("/repos/{MODELS}/statuses/{sha}");
    let body_of_status = json!({"state": "pending", "context": "tunebot", "description": "running"});
    assert_eq!(call(&github, PLAIN_TOKEN, Method::POST, &status_path, body_of_status).await.0, 201);
    let token = installation_token(&github, json!({})).await;
    assert_eq!(call(&github, &token, Method::POST, &path, body).await.0, 201);
    insta::assert_snapshot!(repo.render_checks(&sha), @r"
    check tunebot: queued
    status tunebot: pending running
    ");
}

#[tokio::test]
async fn a_check_run_that_breaks_a_rule_is_refused() {
    let github = FakeGithub::start().await;
    let sha = github.repository(MODELS).head("main");
    let token = installation_token(&github, json!({})).await;
    let path = format!("/repos/{MODELS}/check-runs");
    let long = "x".repeat(65_536);
    let output = |summary: &str| json!({"title": "t", "summary": summary});
    let action = |label: &str| json!({"label": label, "description": "d", "identifier": "i"});
    let nowhere = "0".repeat(40);
    let cases = [
        (json!({"name": null}), "\"name\" wasn't supplied.".to_owned()),
        (json!({"head_sha": nowhere}), format!("No commit found for SHA: {nowhere}")),
        (json!({"status": "completed"}), "\"conclusion\" wasn't supplied.".to_owned()),
        (json!({"output": {"title": "t"}}), "\"summary\" wasn't supplied.".to_owned()),
        (json!({"output": output(&long)}), "Only 65535 characters are allowed; 65536 were supplied.".to_owned()),
        (json!({"actions": [action(&long[..21])]}), "Only 20 characters are allowed; 21 were supplied.".to_owned()),
        (json!({"actions": vec![action("a"); 4]}), "No more than 3 items are allowed; 4 were supplied.".to_owned()),
    ];
    for (changes, message) in cases {
        let mut body = json!({"name": "tunebot", "head_sha": sha});
        for (field, value) in changes.as_object().expect("an object") {
            body[field] = value.clone();
        }
        let (status, answer) = call(&github, &token, Method::POST, &path, body).await;
        assert_eq!((status, &answer["message"]), (422, &json!(format!("Invalid request.\n\n{message}"))));
    }
    let odd = json!({"name": "tunebot", "head_sha": sha, "conclusion": "great"});
    assert_eq!(call(&github, &token, Method::POST, &path, odd).await.0, 422);
    assert!(github.repository(MODELS).checks(&sha).is_empty());
}

#[tokio::test]
async fn a_check_run_is_found_by_its_external_id_and_changed() {
    let github = FakeGithub::start().await;
    let repo = github.repository(MODELS);
    let sha = repo.head("main");
    let token = installation_token(&github, json!({})).await;
    let path = format!("/repos/{MODELS}/check-runs");
    for id in ["one", "two"] {
        let body = json!({"name": "tunebot", "head_sha": sha, "external_id": id, "status": "in_progress"});
        assert_eq!(call(&github, &token, Method::POST, &path, body).await.0, 201);
    }
    let list = format!("/repos/{MODELS}/commits/{sha}/check-runs");
    let latest = get(&github, &token, &list).await.1;
    assert_eq!((&latest["total_count"], &latest["check_runs"][0]["external_id"]), (&json!(1), &json!("two")));
    let all = get(&github, &token, &format!("{list}?filter=all&check_name=tunebot")).await.1;
    assert_eq!(all["total_count"], 2);
    assert_eq!(get(&github, &token, &format!("{list}?check_name=other")).await.1["total_count"], 0);

    let id = &latest["check_runs"][0]["id"];
    let output = json!({"title": "better by 0.6 %", "summary": "val_acc 0.9341"});
    let done = json!({"conclusion": "success", "output": output});
    let (status, run) = call(&github, &token, Method::PATCH, &format!("{path}/{id}"), done).await;
    assert_eq!((status, &run["status"], &run["external_id"]), (200, &json!("completed"), &json!("two")));
    assert!(run["completed_at"].is_string());
    assert_eq!(call(&github, &token, Method::PATCH, &format!("{path}/1"), json!({})).await.0, 404);
    let run = repo.wait_for_check(&sha, |run| run.conclusion.is_some()).await;
    assert_eq!((run.editions, run.output["title"].as_str()), (2, Some("better by 0.6 %")));
}

#[tokio::test]
async fn comments_are_paged_marked_and_the_writers_own() {
    let github = FakeGithub::start().await;
    let (pull, _) = github.repository(MODELS).open_pull_request("faster", "Train faster");
    let token = installation_token(&github, json!({})).await;
    let path = format!("/repos/{MODELS}/issues/{}/comments", pull.number);
    for number in 0..5 {
        pull.comment("noor", &format!("comment {number}"));
    }
    let marked = json!({"body": "<!-- tunebot: slot -->\nfirst"});
    let (_, comment) = call(&github, &token, Method::POST, &path, marked).await;
    assert_eq!((&comment["user"]["login"], &comment["user"]["type"]), (&json!("tunebot[bot]"), &json!("Bot")));

    let mut next = Some(format!("{}{path}?per_page=2", github.api_url()));
    let (mut pages, mut found) = (0, None);
    while let Some(url) = next.take() {
        let request = http_client().get(&url).header("user-agent", "a test").bearer_auth(&token);
        let response = request.send().await.expect("an answer");
        let link = response.headers().get("link").map(|link| link.to_str().expect("text").to_owned());
        let is_next = |part: &&str| part.ends_with("rel=\"next\"");
        let part = link.as_deref().and_then(|link| link.split(", ").find(is_next)).map(str::to_owned);
        next = part.and_then(|part| Some(part.strip_prefix('<')?.split_once('>')?.0.to_owned()));
        let comments: Vec<Value> = response.json().await.expect("JSON");
        let is_marked = |c: &&Value| c["body"].as_str().is_some_and(|body| body.starts_with("<!-- tunebot: slot -->"));
        found = found.or(comments.iter().find(is_marked).cloned());
        pages += 1;
    }
    assert_eq!(pages, 3);
    let id = &found.expect("the marked comment")["id"];

    let edit = format!("/repos/{MODELS}/issues/comments/{id}");
    assert_eq!(call(&github, &token, Method::PATCH, &edit, json!({"body": "second"})).await.0, 200);
    let theirs = format!("/repos/{MODELS}/issues/comments/{}", pull.comments()[0].id);
    assert_eq!(call(&github, &token, Method::PATCH, &theirs, json!({"body": "mine now"})).await.0, 403);
    assert_eq!(call(&github, &token, Method::DELETE, &edit, json!({})).await.0, 204);
    assert_eq!(call(&github, &token, Method::PATCH, &edit, json!({"body": "third"})).await.0, 404);
}

#[tokio::test]
async fn a_comment_needs_a_body_of_bearable_length_and_a_pull_request() {
    let github = FakeGithub::start().await;
    let (pull, _) = github.repository(MODELS).open_pull_request("faster", "Train faster");
    let path = format!("/repos/{MODELS}/issues/{}/comments", pull.number);
    let write = async |path: &str, body: Value| call(&github, PLAIN_TOKEN, Method::POST, path, body).await;
    let (status, answer) = write(&path, json!({"body": "x".repeat(65_537)})).await;
    assert_eq!((status, &answer["message"]), (422, &json!("Validation Failed")));
    assert_eq!(answer["errors"][0]["message"], "Body is too long (maximum is 65536 characters)");
    assert_eq!(write(&path, json!({"body": " "})).await.1["errors"][0]["code"], "missing_field");
    assert_eq!(write(&path, json!({})).await.0, 422);
    assert_eq!(write(&format!("/repos/{MODELS}/issues/99/comments"), json!({"body": "x"})).await.0, 404);
    assert!(pull.comments().is_empty());
}

#[tokio::test]
async fn what_is_not_there_or_not_visible_is_not_found() {
    let github = FakeGithub::start().await;
    github.repository(MODELS).push("feature/a", &["src/a.py"]);
    github.repository("other/thing").make_private().without("robot");
    for path in ["/repos/acme/none", "/repos/other/thing", "/repos/acme/models/branches/none", "/nothing/here"] {
        let (status, answer) = get(&github, PLAIN_TOKEN, path).await;
        assert_eq!((status, &answer["message"]), (404, &json!("Not Found")), "{path}");
    }
    assert_eq!(get(&github, PLAIN_TOKEN, "/repos/acme/models/branches/feature%2Fa").await.1["name"], "feature/a");
    assert_eq!(get(&github, PLAIN_TOKEN, "/repos/acme/models/git/ref/heads/feature/a").await.0, 200);
    assert_eq!(get(&github, PLAIN_TOKEN, "/repos/acme/models/commits/main").await.0, 200);
    assert_eq!(get(&github, "ghp_wrong", "/repos/acme/models").await.0, 401);
    let nameless =
        http_client().get(format!("{}/repos/acme/models", github.api_url())).send().await.expect("an answer");
    assert_eq!(nameless.status(), 403, "GitHub wants a User-Agent");
}

#[tokio::test]
async fn writing_too_much_is_put_off() {
    let github = FakeGithub::start().await;
    let (pull, _) = github.repository(MODELS).open_pull_request("faster", "Train faster");
    github.limit_content_writes(2);
    let url = format!("{}/repos/{MODELS}/issues/{}/comments", github.api_url(), pull.number);
    let write = async || {
        let request = http_client().post(&url).header("user-agent", "a test").bearer_auth(PLAIN_TOKEN);
        request.json(&json!({"body": "x"})).send().await.expect("an answer")
    };
    assert_eq!((write().await.status().as_u16(), write().await.status().as_u16()), (201, 201));
    let put_off = write().await;
    assert_eq!((put_off.status().as_u16(), &put_off.headers()["retry-after"]), (403, &"60".parse().expect("a value")));

    github.limit_content_writes(80);
    github.inject("comments.create", Fault::Exhausted { reset_after: 5 });
    let exhausted = write().await;
    assert_eq!((exhausted.status().as_u16(), &exhausted.headers()["x-ratelimit-remaining"]), (403, &0.into()));
    let reset: i64 = exhausted.headers()["x-ratelimit-reset"].to_str().expect("text").parse().expect("seconds");
    assert!(reset > Timestamp::now().as_second() - 60);
    github.inject("comments.create", Fault::RateLimited { retry_after: 2 });
    assert_eq!(write().await.status(), 429);
    assert_eq!((write().await.status().as_u16(), pull.comments().len()), (201, 3));
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let github = FakeGithub::start().await;
    let repo = github.repository(MODELS);
    let request = |tag: &str| {
        let request = http_client().get(format!("{}/repos/{MODELS}/commits/main", github.api_url()));
        request.header("user-agent", "a test").bearer_auth(PLAIN_TOKEN).header("if-none-match", tag).send()
    };
    let first = request("").await.expect("an answer");
    let tag = first.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(request(&tag).await.expect("an answer").status(), 304);
    repo.push("main", &["src/a.py"]);
    assert_eq!(request(&tag).await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn the_client_that_tunebot_uses_understands_the_answers() {
    use octocrab::models::{AppId, InstallationId, StatusState};
    use octocrab::params::checks::CheckRunStatus;
    use octocrab::params::repos::{Commitish, Reference};

    let github = FakeGithub::start().await;
    let repo = github.repository(MODELS);
    let (pull, _) = repo.open_pull_request("faster", "Train faster");
    let key = EncodingKey::from_rsa_pem(APP_KEY.as_bytes()).expect("a key");
    let builder = octocrab::Octocrab::builder().base_uri(github.api_url()).expect("an address");
    let app = builder.app(AppId(APP_ID), key).build().expect("a client");
    let installation = app.apps().get_repository_installation("acme", "models").await.expect("the installation");
    assert_eq!(installation.id, InstallationId(INSTALLATION));
    let client = app.installation(installation.id).expect("a client");

    let found = client.pulls("acme", "models").get(pull.number).await.expect("the pull request");
    assert_eq!(found.head.sha, pull.head());
    let files = client.pulls("acme", "models").list_files(pull.number).await.expect("its files");
    assert_eq!(files.items[0].filename, "src/train.py");
    client.repos("acme", "models").get_ref(&Reference::Branch("main".to_owned())).await.expect("the branch");
    let checks = client.checks("acme", "models");
    let run = checks.create_check_run("tunebot", pull.head()).external_id("x").status(CheckRunStatus::InProgress);
    let run = run.send().await.expect("a check run");
    let listed = checks.list_check_runs_for_git_ref(Commitish(pull.head())).send().await.expect("check runs");
    assert_eq!(listed.check_runs[0].id, run.id);
    client.repos("acme", "models").create_status(pull.head(), StatusState::Pending).send().await.expect("a status");
    let issues = client.issues("acme", "models");
    let comment = issues.create_comment(pull.number, "hello").await.expect("a comment");
    issues.update_comment(comment.id, "hello again").await.expect("an edit");
    issues.create_comment(pull.number, "more").await.expect("a comment");
    let page = issues.list_comments(pull.number).per_page(1).send().await.expect("comments");
    let rest = client.all_pages(page).await.expect("all pages");
    assert_eq!(rest.iter().map(|c| c.body.clone().unwrap_or_default()).collect::<Vec<_>>(), ["hello again", "more"]);
    let refused = issues.create_comment(99, "nobody").await.expect_err("there is no such pull request");
    assert!(matches!(&refused, octocrab::Error::GitHub { source, .. } if source.message == "Not Found"), "{refused}");
}
