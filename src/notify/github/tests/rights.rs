//! What the App may do and is told of: the table, the manifest that is shipped, and what `tunebot check --github` says.

use std::collections::BTreeMap;

use super::super::rights::{EVENTS, RIGHT_TO_APPLY, RIGHTS};
use super::*;

#[test]
fn the_manifest_asks_for_exactly_what_is_used() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/github-app-manifest.json");
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // Whoever has no tuning that is applied may take the right to write away.
    let rights = RIGHTS.iter().chain([&RIGHT_TO_APPLY]).map(|right| (right.name, right.level()));
    let rights: BTreeMap<&str, &str> = rights.collect();
    assert_eq!(manifest["default_permissions"], json!(rights));
    assert_eq!(manifest["default_events"], json!(EVENTS.map(|(event, _)| event)));
    assert!(manifest["hook_attributes"]["url"].as_str().unwrap().ends_with("/webhooks/github"));
}

fn wanted() -> Wanted {
    Wanted {
        repositories: [repository(), "acme/speech".parse().unwrap()].into(),
        webhook: "https://tune.example.com/webhooks/github".parse().unwrap(),
        applies: true,
    }
}

/// An App of acme's with these permissions and events, whose webhook goes to `hook`.
fn site(permissions: Value, events: Value, hook: &'static str) -> impl Fn(&Asked) -> Response + Send + Sync {
    move |asked| {
        let page = "https://github.com/apps/tunebot";
        let owner = json!({ "login": "acme", "type": "Organization" });
        match asked.path.as_str() {
            "/app" => answer(
                200,
                &[],
                json!({ "slug": "tunebot", "html_url": page, "owner": owner, "permissions": permissions,
                        "events": events }),
            ),
            "/app/hook/config" => {
                answer(200, &[], json!({ "url": hook, "content_type": "json", "secret": "********" }))
            }
            "/repos/acme/vision/installation" => answer(
                200,
                &[],
                json!({ "id": 99, "html_url": "https://github.com/organizations/acme/settings/installations/99",
                        "permissions": { "metadata": "read", "contents": "read", "checks": "write",
                                         "issues": "write", "pull_requests": "write" } }),
            ),
            _ => answer(404, &[], json!({ "message": "Not Found" })),
        }
    }
}

#[tokio::test]
async fn all_that_is_missing_is_said_at_once_each_with_where_to_mend_it() {
    let rights = json!({ "metadata": "read", "contents": "write", "checks": "read", "issues": "write" });
    let server = Server::start(site(rights, json!(["push"]), "https://old.example.com/webhooks/github")).await;
    insta::assert_snapshot!(as_app(&server).inspect(&wanted()).await.join("\n"), @r#"
    the App tunebot lacks checks: write to write check runs: set Repository permissions, Checks to "Read and write" at https://github.com/organizations/acme/settings/apps/tunebot/permissions
    the App tunebot lacks pull_requests: write to comment on pull requests: set Repository permissions, Pull requests to "Read and write" at https://github.com/organizations/acme/settings/apps/tunebot/permissions
    the App tunebot is not told of pull_request (triggers on pull requests, and their end): tick it under Subscribe to events at https://github.com/organizations/acme/settings/apps/tunebot/permissions
    the App tunebot is not told of issue_comment (commands in comments): tick it under Subscribe to events at https://github.com/organizations/acme/settings/apps/tunebot/permissions
    the App tunebot is not told of check_run (the buttons of check runs): tick it under Subscribe to events at https://github.com/organizations/acme/settings/apps/tunebot/permissions
    the App tunebot is not told of check_suite (GitHub's own Re-run all checks): tick it under Subscribe to events at https://github.com/organizations/acme/settings/apps/tunebot/permissions
    the webhook of the App tunebot goes to https://old.example.com/webhooks/github, this server expects it at https://tune.example.com/webhooks/github: change it at https://github.com/organizations/acme/settings/apps/tunebot, or server.public_url
    the App tunebot is not installed in acme/speech: install it at https://github.com/apps/tunebot/installations/new
    acme/vision has not accepted that the App tunebot may have contents: write: https://github.com/organizations/acme/settings/installations/99
    "#);
}

#[tokio::test]
async fn an_app_that_has_everything_is_found_complete() {
    let rights = json!({ "metadata": "read", "contents": "write", "checks": "write", "issues": "write",
                         "pull_requests": "write" });
    let events = json!(EVENTS.map(|(event, _)| event));
    let server = Server::start(site(rights, events, "https://tune.example.com/webhooks/github")).await;
    let wanted = Wanted { repositories: [repository()].into(), applies: false, ..wanted() };
    assert_eq!(as_app(&server).inspect(&wanted).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_token_is_looked_over_by_its_scopes_and_repositories() {
    let server = Server::start(|asked: &Asked| match asked.path.as_str() {
        "/user" => answer(200, &[("x-oauth-scopes", "gist, read:org")], json!({ "login": "robot" })),
        "/repos/acme/vision" => answer(200, &[], json!({ "permissions": { "pull": true, "push": false } })),
        _ => answer(404, &[], json!({ "message": "Not Found" })),
    })
    .await;
    insta::assert_snapshot!(with_token(&server).inspect(&wanted()).await.join("\n"), @"
    the token of robot has the scopes gist, read:org: it needs repo (public_repo for public repositories)
    the token of robot cannot see acme/speech: is the name right, and the token allowed there?
    the token of robot may not write to acme/vision, so it cannot set commit statuses there
    ");
}

#[tokio::test]
async fn credentials_that_are_refused_are_the_only_finding() {
    let server = Server::start(|_: &Asked| answer(401, &[], json!({ "message": "Bad credentials" }))).await;
    insta::assert_snapshot!(as_app(&server).inspect(&wanted()).await.join("\n"), @"GitHub: cannot read the App: HTTP 401 Unauthorized: Bad credentials: the credentials are refused; check github.auth in the configuration");
}
