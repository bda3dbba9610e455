use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value, json};

use super::*;
use crate::domain::access::RepositoryPermission;
use crate::domain::effect::{Content, Notification, Reaction, Receipt};
use crate::domain::ids::Repository;
use crate::domain::report::Conclusion;
use crate::domain::sweep::Destination;
use crate::notify::fixtures;
use crate::notify::loopback::{Asked, Server, answer, nobody};
use crate::notify::{Delivery, Notifier, NotifyError, Supplement};

mod client;
mod comments;
mod rights;

/// Made for these tests; it opens nothing.
const KEY: &str = include_str!("test_key.pem");
const SLOT: &str = "sweep/resnet/comment/acme/vision/42";
const APP: u64 = 7;

fn repository() -> Repository {
    "acme/vision".parse().unwrap()
}

fn as_app(server: &Server) -> Github {
    let auth = GithubAuth::App { id: APP, private_key: KEY.into() };
    Github::new(GithubSettings { api_url: server.url.clone(), auth, pace: GithubPace::default() }).unwrap()
}

fn with_token(server: &Server) -> Github {
    let auth = GithubAuth::Token("ghp_test".into());
    Github::new(GithubSettings { api_url: server.url.clone(), auth, pace: GithubPace::default() }).unwrap()
}

fn notification(destination: Destination, content: Content) -> Notification {
    Notification { slot: SLOT.to_owned(), destination, content }
}

fn on_pull_request(content: Content) -> Notification {
    notification(Destination::GithubComment { repository: repository(), pull_request: 42, mention: None }, content)
}

fn on_commit() -> Notification {
    let report = fixtures::judged(Conclusion::Success, "better by 0.58 %");
    let destination = Destination::GithubCheck { repository: repository(), sha: fixtures::sha() };
    notification(destination, Content::Sweep(Box::new(report)))
}

fn running() -> Notification {
    on_pull_request(Content::Sweep(Box::new(fixtures::running())))
}

async fn deliver(
    github: Github,
    notification: &Notification,
    receipt: Option<&Receipt>,
    perhaps_sent: bool,
) -> Result<Receipt, NotifyError> {
    let notifier = GithubNotifier::new(Arc::new(github), fixtures::all_links());
    notifier.deliver(Delivery { notification, receipt, perhaps_sent, supplement: Supplement::NOTHING }).await
}

/// Answers what any GitHub App needs first, and the rest as `rest` says.
fn app_server(rest: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> impl Fn(&Asked) -> Response + Send + Sync {
    move |asked| {
        if asked.is("GET", "/repos/acme/vision/installation") {
            return answer(200, &[], json!({ "id": 99 }));
        }
        if asked.is("POST", "/app/installations/99/access_tokens") {
            let token = json!({ "token": "ghs_inst", "expires_at": "2099-01-01T00:00:00Z", "permissions": {} });
            return answer(201, &[], token);
        }
        rest(asked)
    }
}

fn comment(id: u64, body: &str, by: Value, app: Option<u64>) -> Value {
    json!({ "id": id, "body": body, "user": by, "performed_via_github_app": app.map(|id| json!({ "id": id })) })
}

/// Calls of the API proper, without those for tokens.
fn work(server: &Server) -> Vec<String> {
    let is_work = |call: &String| !call.ends_with("/installation") && !call.ends_with("/access_tokens");
    server.calls().into_iter().filter(is_work).collect()
}

#[tokio::test]
async fn an_app_finds_its_installation_and_keeps_its_token() {
    let server = Server::start(app_server(|_| answer(201, &[], json!({ "id": 5 })))).await;
    let github = as_app(&server);
    for _ in 0..3 {
        github.create_comment(&repository(), 42, "hello").await.unwrap();
    }
    let create = "POST /repos/acme/vision/issues/42/comments";
    let tokens = ["GET /repos/acme/vision/installation", "POST /app/installations/99/access_tokens"];
    assert_eq!(server.calls(), [tokens[0], tokens[1], create, create, create]);
    let asked = server.asked();
    assert!(asked[0].authorization.starts_with("Bearer ey"), "the App signs for itself");
    assert_eq!(asked[2].authorization, "Bearer ghs_inst");
    assert_eq!(asked[2].body, json!({ "body": "hello" }));
}

#[tokio::test]
async fn a_repository_without_the_app_is_named() {
    let server = Server::start(|_: &Asked| answer(404, &[], json!({ "message": "Not Found" }))).await;
    let error = as_app(&server).create_comment(&repository(), 42, "hello").await.unwrap_err();
    insta::assert_snapshot!(error, @"GitHub: cannot find the App's installation on acme/vision: Not Found: it does not exist, or the App is not installed there");
}

#[tokio::test]
async fn a_new_comment_begins_with_its_marker() {
    let server = Server::start(app_server(|_| answer(201, &[], json!({ "id": 5 })))).await;
    let taken = deliver(as_app(&server), &running(), None, false).await.unwrap();
    assert_eq!(taken, Receipt::GithubComment { id: 5 });
    let body = server.asked().last().unwrap().body["body"].as_str().unwrap().to_owned();
    assert!(body.starts_with("<!-- tunebot:tuning/resnet/comment/acme/vision/42 -->\n"), "{body}");
}

#[tokio::test]
async fn a_comment_that_was_taken_is_edited() {
    let server = Server::start(app_server(|_| answer(200, &[], json!({ "id": 5 })))).await;
    deliver(as_app(&server), &running(), Some(&Receipt::GithubComment { id: 5 }), false).await.unwrap();
    assert_eq!(work(&server), ["PATCH /repos/acme/vision/issues/comments/5"]);
}

/// A pull request with more than a page of comments, a forged one among them.
fn crowded(with_ours: bool) -> impl Fn(&Asked) -> Response + Send + Sync {
    app_server(move |asked| {
        let marked = format!("{}\nhello", markup::marker(SLOT));
        let person = json!({ "login": "eve", "type": "User" });
        if asked.method == "GET" && asked.path.ends_with("&page=1") {
            let mut page: Vec<Value> = (0..99).map(|i| comment(i, "hi", person.clone(), None)).collect();
            page.push(comment(99, &marked, person, None));
            return answer(200, &[], json!(page));
        }
        if asked.method == "GET" {
            let bot = json!({ "login": "x[bot]", "type": "Bot" });
            let mut page = vec![comment(100, &marked, bot.clone(), Some(APP + 1))];
            page.extend(with_ours.then(|| comment(101, &marked, bot, Some(APP))));
            return answer(200, &[], json!(page));
        }
        let missing = asked.method == "PATCH" && asked.path.ends_with("/comments/5");
        if missing {
            answer(404, &[], json!({ "message": "Not Found" }))
        } else {
            answer(200, &[], json!({ "id": 102 }))
        }
    })
}

#[tokio::test]
async fn a_comment_whose_receipt_was_lost_is_found_and_strangers_are_not_taken_for_us() {
    let server = Server::start(crowded(true)).await;
    let taken = deliver(as_app(&server), &running(), None, true).await.unwrap();
    assert_eq!(taken, Receipt::GithubComment { id: 101 });
    let list = "GET /repos/acme/vision/issues/42/comments";
    assert_eq!(work(&server), [list, list, "PATCH /repos/acme/vision/issues/comments/101"]);
}

#[tokio::test]
async fn an_answer_is_written_once() {
    let server = Server::start(crowded(true)).await;
    let answer = on_pull_request(Content::Answer { text: "Nothing was started.".to_owned() });
    let taken = deliver(as_app(&server), &answer, None, true).await.unwrap();
    assert_eq!(taken, Receipt::GithubComment { id: 101 });
    assert!(work(&server).iter().all(|call| call.starts_with("GET")));
}

#[tokio::test]
async fn a_token_finds_the_comments_of_its_own_account() {
    let server = Server::start(|asked: &Asked| {
        if asked.is("GET", "/user") {
            return answer(200, &[], json!({ "login": "Tuner" }));
        }
        let marked = format!("{}\nhello", markup::marker(SLOT));
        let by = |login: &str| json!({ "login": login, "type": "User" });
        answer(200, &[], json!([comment(1, &marked, by("eve"), None), comment(2, &marked, by("tuner"), None)]))
    })
    .await;
    let found = with_token(&server).find_comment(&repository(), 42, &[markup::marker(SLOT)]).await.unwrap();
    assert_eq!(found, Some(2));
}

#[tokio::test]
async fn a_check_run_is_created_with_its_conclusion() {
    let server = Server::start(app_server(|_| answer(201, &[], json!({ "id": 8 })))).await;
    let taken = deliver(as_app(&server), &on_commit(), None, false).await.unwrap();
    assert_eq!(taken, Receipt::GithubCheck { id: 8 });
    assert_eq!(work(&server), ["POST /repos/acme/vision/check-runs"]);
    let mut body = server.asked().last().unwrap().body.clone();
    body["output"] = json!(body["output"]["title"]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&body).unwrap(), @r#"
    {
      "actions": [
        {
          "description": "Run the same sweep on this commit again",
          "identifier": "rerun",
          "label": "Re-run"
        }
      ],
      "completed_at": "2026-03-02T10:49:00Z",
      "conclusion": "success",
      "details_url": "https://grafana.example.com/d/tune01?from=1772442060000&to=1772448600000&var-sweep=resnet-k3f9q2",
      "external_id": "sweep/resnet/comment/acme/vision/42",
      "head_sha": "3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4",
      "name": "tunebot / resnet",
      "output": "better by 0.58 %: val_acc 0.9341, was 0.9287 on main",
      "started_at": "2026-03-02T09:02:00Z",
      "status": "completed"
    }
    "#);
}

#[tokio::test]
async fn a_check_run_is_edited_or_found_by_its_slot() {
    let server = Server::start(app_server(|asked| {
        let runs = json!([{ "id": 1, "external_id": "other" }, { "id": 2, "external_id": SLOT, "app": { "id": APP } }]);
        if asked.method == "GET" {
            answer(200, &[], json!({ "check_runs": runs }))
        } else {
            answer(200, &[], json!({ "id": 2 }))
        }
    }))
    .await;
    let found = deliver(as_app(&server), &on_commit(), None, true).await.unwrap();
    assert_eq!(found, Receipt::GithubCheck { id: 2 });
    deliver(as_app(&server), &on_commit(), Some(&found), false).await.unwrap();
    let sha = fixtures::sha();
    let patch = "PATCH /repos/acme/vision/check-runs/2".to_owned();
    assert_eq!(work(&server), [format!("GET /repos/acme/vision/commits/{sha}/check-runs"), patch.clone(), patch]);
}

#[tokio::test]
async fn a_token_sets_a_commit_status_instead_of_a_check() {
    let server = Server::start(|_: &Asked| answer(201, &[], json!({ "id": 3 }))).await;
    deliver(with_token(&server), &on_commit(), None, false).await.unwrap();
    let [asked] = server.asked().try_into().unwrap();
    assert!(asked.is("POST", &format!("/repos/acme/vision/statuses/{}", fixtures::sha())));
    assert_eq!((&asked.body["state"], &asked.body["context"]), (&json!("success"), &json!("tunebot / resnet")));
    assert_eq!(asked.authorization, "Bearer ghp_test");
}

/// What becomes of a new comment when GitHub answers like this. Waiting times count from the instant of the answer.
async fn outcome(status: u16, headers: &'static [(&'static str, &'static str)], message: &'static str) -> String {
    let server = Server::start(move |_: &Asked| answer(status, headers, json!({ "message": message }))).await;
    match with_token(&server).create_comment(&repository(), 42, "hello").await.unwrap_err() {
        GithubError::Transient { message, after } => format!("again after {after:?}: {message}"),
        GithubError::NotFound { message } => format!("not found: {message}"),
        GithubError::Unauthorized { message } | GithubError::Permanent { message } => format!("never: {message}"),
    }
}

#[tokio::test]
async fn limits_and_faults_of_github_are_waited_out() {
    let all = [
        outcome(403, &[("retry-after", "30")], "You have exceeded a secondary rate limit").await,
        outcome(403, &[], "You have exceeded a secondary rate limit").await,
        outcome(429, &[("retry-after", "5")], "slow down").await,
        outcome(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000")], "API rate limit exceeded").await,
        outcome(502, &[], "Bad gateway").await,
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    again after Some(30s): GitHub takes no more calls for now, cannot comment on acme/vision#42: You have exceeded a secondary rate limit
    again after Some(60s): GitHub takes no more calls for now, cannot comment on acme/vision#42: You have exceeded a secondary rate limit
    again after Some(5s): GitHub takes no more calls for now, cannot comment on acme/vision#42: slow down
    again after Some(1s): GitHub takes no more calls for now, cannot comment on acme/vision#42: API rate limit exceeded
    again after None: GitHub: cannot comment on acme/vision#42: HTTP 502 Bad Gateway: Bad gateway
    ");
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let all = [
        outcome(401, &[], "Bad credentials").await,
        outcome(403, &[("x-ratelimit-remaining", "4999")], "Resource not accessible by integration").await,
        outcome(404, &[], "Not Found").await,
        outcome(422, &[], "Validation Failed").await,
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    never: GitHub: cannot comment on acme/vision#42: HTTP 401 Unauthorized: Bad credentials: the credentials are refused; check github.auth in the configuration
    never: GitHub: cannot comment on acme/vision#42: HTTP 403 Forbidden: Resource not accessible by integration: give the App (or the token) write access to issues, pull requests and checks, and read access to contents
    not found: GitHub: cannot comment on acme/vision#42: Not Found: it does not exist, or the App is not installed there
    never: GitHub: cannot comment on acme/vision#42: HTTP 422 Unprocessable Entity: Validation Failed: GitHub does not accept it; this is a bug in tunebot, please report it
    ");
}

#[test]
fn the_wait_for_a_primary_limit_ends_when_github_says() {
    let headers: http::HeaderMap = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1120")]
        .into_iter()
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    let now = jiff::Timestamp::from_second(1000).unwrap();
    let wait = errors::wait(http::StatusCode::FORBIDDEN, &headers, "API rate limit exceeded", now);
    assert_eq!(wait, Some(std::time::Duration::from_secs(121)));
}

#[tokio::test]
async fn a_fault_is_answered_by_one_call_only() {
    let server = Server::start(|_: &Asked| answer(500, &[], json!({}))).await;
    with_token(&server).create_comment(&repository(), 42, "hello").await.unwrap_err();
    assert_eq!(server.calls().len(), 1, "a POST must not be sent again by the client");
}

#[tokio::test]
async fn a_github_that_is_away_is_tried_again() {
    let auth = GithubAuth::Token("ghp_test".into());
    let github = Github::new(GithubSettings { api_url: nobody(), auth, pace: GithubPace::default() }).unwrap();
    let error = github.create_comment(&repository(), 42, "hello").await.unwrap_err();
    assert!(matches!(error, GithubError::Transient { .. }), "{error}");
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused_at_once() {
    let auth = GithubAuth::App { id: 1, private_key: "secret".into() };
    let error = Github::new(GithubSettings { api_url: nobody(), auth, pace: GithubPace::default() }).err().unwrap();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_pull_request_is_looked_up() {
    let server = Server::start(|_: &Asked| {
        let head = json!({ "ref": "wider", "sha": fixtures::sha(), "repo": { "full_name": "eve/vision" } });
        let base = json!({ "ref": "main", "sha": fixtures::sha(), "repo": { "full_name": "acme/vision" } });
        let user = json!({ "login": "eve" });
        answer(
            200,
            &[],
            json!({
                "title": "Wider", "user": user, "head": head, "base": base, "draft": true, "state": "open",
                "number": 42, "labels": [{ "name": "tune" }], "updated_at": "2019-05-15T15:20:33Z",
            }),
        )
    })
    .await;
    let facts = with_token(&server).pull_request(&repository(), 42).await.unwrap();
    let expected = PullRequestFacts {
        number: 42,
        title: "Wider".to_owned(),
        author: "eve".to_owned(),
        head: fixtures::sha(),
        head_branch: "wider".to_owned(),
        base_branch: "main".to_owned(),
        from_fork: true,
        draft: true,
        open: true,
        labels: ["tune".to_owned()].into(),
        updated_at: Some("2019-05-15T15:20:33Z".parse().unwrap()),
    };
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn changed_paths_are_read_to_the_last_page_and_a_list_that_goes_on_is_called_truncated() {
    let pages = |last: usize| {
        move |asked: &Asked| {
            let page: usize = asked.path.rsplit_once("page=").unwrap().1.parse().unwrap();
            let size = if page < last { 100 } else { 1 };
            let file =
                |i| json!({ "filename": format!("src/{page}/{i}.py"), "previous_filename": format!("old/{page}.py") });
            answer(200, &[], json!((0..size).map(file).collect::<Vec<_>>()))
        }
    };
    let server = Server::start(pages(3)).await;
    let (paths, truncated) = with_token(&server).changed_paths(&repository(), 42).await.unwrap();
    assert_eq!((paths.len(), truncated), (204, false));
    assert!(paths.contains("old/2.py") && paths.contains("src/3/0.py"));

    let server = Server::start(pages(usize::MAX)).await;
    let (paths, truncated) = with_token(&server).changed_paths(&repository(), 42).await.unwrap();
    assert_eq!((paths.len(), truncated), (3030, true));
}

#[tokio::test]
async fn heads_and_rights_are_looked_up() {
    let server = Server::start(|asked: &Asked| {
        if asked.path.contains("/git/ref/") {
            return answer(200, &[], json!({ "object": { "sha": fixtures::sha() } }));
        }
        match asked.path.as_str() {
            "/repos/acme/vision/collaborators/mika/permission" => answer(200, &[], json!({ "permission": "write" })),
            "/repos/acme/vision/collaborators/eve/permission" => answer(200, &[], json!({ "permission": "read" })),
            _ => answer(404, &[], json!({ "message": "Not Found" })),
        }
    })
    .await;
    let github = with_token(&server);
    assert_eq!(github.branch_head(&repository(), "feature/a b").await.unwrap(), fixtures::sha());
    assert_eq!(server.asked()[0].path, "/repos/acme/vision/git/ref/heads/feature/a%20b");
    assert_eq!(github.permission(&repository(), "mika").await.unwrap(), RepositoryPermission::Write);
    assert_eq!(github.permission(&repository(), "eve").await.unwrap(), RepositoryPermission::Read);
    let odd = github.permission(&repository(), "../../x").await.unwrap();
    assert_eq!(odd, RepositoryPermission::None, "a path in a name stays a name");
}
