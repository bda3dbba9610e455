//! The fake GitHub's webhooks.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::support::github::{FakeGithub, PLAIN_TOKEN, WEBHOOK_SECRET};
use crate::support::watched::Watched;
use crate::support::{hmac_sha256, http_client, wire};

const MODELS: &str = "acme/models";

#[tokio::test]
async fn deliveries_are_signed_and_keep_their_id() {
    type Received = Arc<Watched<Vec<(HeaderMap, Bytes)>>>;
    async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
        received.write(|all| all.push((headers, body)));
    }
    let received: Received = Arc::new(Watched::new(Vec::new()));
    let route = axum::routing::post(receive);
    let served = wire::serve(Router::new().route("/webhooks/github", route).with_state(received.clone())).await;
    let server = format!("http://{}", served.address);

    let github = FakeGithub::start().await;
    let push = github.repository(MODELS).push("main", &["src/train.py"]);
    assert_eq!(github.deliver(&server, &push.delivery).await.status, 200);
    assert_eq!(github.deliver(&server, &push.delivery).await.status, 200);
    received.read(|all| {
        let [(headers, body), again] = all.as_slice() else { panic!("{} deliveries", all.len()) };
        assert_eq!(headers["x-hub-signature-256"], format!("sha256={}", hmac_sha256(WEBHOOK_SECRET, &[body])));
        assert_eq!(headers["x-github-event"], "push");
        assert_eq!((&headers["x-github-delivery"], body), (&again.0["x-github-delivery"], &again.1));
        let payload: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!((&payload["after"], &payload["ref"]), (&json!(push.sha), &json!("refs/heads/main")));
        assert_eq!(payload["head_commit"]["modified"], json!(["src/train.py"]));
    });
}

#[tokio::test]
async fn githubs_own_example_of_a_signature_is_met() {
    // From GitHub's page on validating webhook deliveries.
    let signed = hmac_sha256("It's a Secret to Everybody", &[b"Hello, World!"]);
    assert_eq!(signed, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

#[tokio::test]
async fn a_pull_request_lives_through_its_deliveries() {
    let github = FakeGithub::start().await;
    let repo = github.repository(MODELS);
    let (pull, opened) = repo.open_pull_request("faster", "Train faster");
    let first = pull.head();
    let pushed = pull.push(&["docs/a.md"]);
    let payloads: Vec<Value> = [&opened, &pushed.delivery, &pull.comment("noor", "/tune resnet"), &pull.close()]
        .map(|delivery| serde_json::from_slice(&delivery.body).expect("JSON"))
        .into();
    let actions: Vec<&Value> = payloads.iter().map(|payload| &payload["action"]).collect();
    assert_eq!(actions, ["opened", "synchronize", "created", "closed"]);
    assert_eq!((&payloads[1]["before"], &payloads[1]["after"]), (&json!(first), &json!(pushed.sha)));
    assert_eq!(payloads[2]["issue"]["pull_request"]["url"], format!("{}/repos/{MODELS}/pulls/1", github.api_url()));
    assert_eq!(payloads[2]["issue"]["head"], Value::Null, "a comment names no commit");
    let request = http_client().get(format!("{}/repos/{MODELS}/pulls/1/files", github.api_url()));
    let request = request.header("user-agent", "a test").bearer_auth(PLAIN_TOKEN);
    let files: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let names: Vec<&Value> = files.as_array().expect("files").iter().map(|file| &file["filename"]).collect();
    assert_eq!(names, ["docs/a.md", "src/train.py"]);

    let (fork, opened) = repo.open_pull_request_from_fork("stranger", "patch-1", "Mine");
    let payload: Value = serde_json::from_slice(&opened.body).expect("JSON");
    assert_eq!(payload["pull_request"]["head"]["repo"]["full_name"], "stranger/models");
    assert_ne!(payload["pull_request"]["head"]["repo"]["id"], payload["repository"]["id"]);
    assert_eq!(payload["pull_request"]["changed_files"], 1);
    insta::assert_snapshot!(pull.render(), @r"
    acme/models#1 Train faster (closed)
    @noor
    | /tune resnet
    ");
    assert_eq!(fork.number, 2);
}
