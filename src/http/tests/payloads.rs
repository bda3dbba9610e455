//! Payloads as GitHub sends them, from a folder that is not part of this project.

use std::path::{Path, PathBuf};

use super::{Server, github};
use crate::domain::event::EventKind;

/// `$TUNEBOT_SHARED`, or `shared` beside the checkout.
fn payload_folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("TUNEBOT_SHARED").map_or_else(beside, PathBuf::from).join("github-webhooks");
    folder.is_dir().then_some(folder)
}

/// The payloads with the name of their event, in a fixed order.
fn payloads(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = |folder: &Path| {
        let mut paths: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let mut payloads = Vec::new();
    for event in entries(folder).into_iter().filter(|path| path.is_dir()) {
        let name = event.file_name().unwrap().to_str().unwrap().to_owned();
        let files = entries(&event).into_iter().filter(|path| path.extension().is_some_and(|end| end == "json"));
        payloads.extend(files.map(|file| (name.clone(), file)));
    }
    payloads
}

#[tokio::test]
async fn every_payload_of_github_is_taken_and_kept() {
    let Some(folder) = payload_folder() else {
        eprintln!(
            "SKIPPED: no folder ../shared/github-webhooks beside the checkout; TUNEBOT_SHARED names another place"
        );
        return;
    };
    let server = Server::start().await;
    let payloads = payloads(&folder);
    assert!(payloads.len() >= 149, "{} payloads in {}", payloads.len(), folder.display());
    for (number, (event, path)) in payloads.iter().enumerate() {
        let delivery = format!("delivery-{number}");
        let body = std::fs::read(path).unwrap();
        let answer = server.send(github(event, &delivery, body.clone(), "new-secret")).await;
        assert_eq!(answer.status, 202, "{}: {answer}", path.display());
        let stored = server.event(answer.json()["event"].as_i64().unwrap()).await;
        assert_eq!(stored.event.key.delivery, delivery);
        check_kind(event, path, &stored.event.kind, &serde_json::from_slice(&body).unwrap());
    }
    assert_eq!(server.events().await.len(), payloads.len());
}

fn check_kind(event: &str, path: &Path, kind: &EventKind, payload: &serde_json::Value) {
    let path = path.display();
    match (event, kind) {
        ("push", EventKind::Push(push)) => {
            assert_eq!(push.repository.as_str(), payload["repository"]["full_name"], "{path}");
            assert_eq!(push.head.is_none(), payload["deleted"], "{path}");
        }
        ("pull_request", EventKind::PullRequest(pull)) => {
            assert_eq!(payload["number"], pull.number, "{path}");
            assert_eq!(pull.head.as_str(), payload["pull_request"]["head"]["sha"], "{path}");
            assert_eq!(pull.action, payload["action"].as_str().unwrap(), "{path}");
        }
        ("issue_comment", EventKind::Comment(comment)) => {
            assert!(payload["issue"]["pull_request"].is_object(), "{path}");
            assert_eq!(comment.body, payload["comment"]["body"].as_str().unwrap(), "{path}");
        }
        ("issue_comment", EventKind::NotForUs { what }) => {
            assert!(payload["issue"]["pull_request"].is_null(), "{path}: {what}");
            assert_eq!(what, "comment on an issue, not on a pull request");
        }
        ("check_suite", EventKind::CheckAction(action)) => {
            assert_eq!(payload["action"], "rerequested", "{path}");
            assert_eq!(action.sha.as_str(), payload["check_suite"]["head_sha"], "{path}");
        }
        ("ping", EventKind::Ping { zen }) => assert_eq!(payload["zen"], zen.as_str(), "{path}"),
        ("push" | "pull_request" | "issue_comment" | "ping", other) => panic!("{path}: {other:?}"),
        (_, EventKind::NotForUs { what }) => assert!(what.starts_with(event), "{path}: {what}"),
        (_, other) => panic!("{path}: {other:?}"),
    }
}
