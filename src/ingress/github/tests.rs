use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::event::GitReference;
use crate::ingress::describe;

const SHA: &str = "3f2a91c0f3b5c7e1d2a4968877665544332211ff";

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| SecretString::from((*text).to_owned())).collect()
}

fn kind(event: &str, payload: &Value) -> EventKind {
    parse_kind(event, payload.to_string().as_bytes()).unwrap()
}

fn what(event: &str, payload: &Value) -> String {
    describe(&kind(event, payload))
}

fn push() -> Value {
    json!({
        "ref": "refs/heads/main", "after": SHA, "deleted": false, "forced": false,
        "commits": [
            {"added": ["src/new.py"], "removed": ["src/old.py"], "modified": []},
            {"added": [], "removed": [], "modified": ["src/new.py", "README.md"]},
        ],
        "head_commit": {"message": "Train longer\n\nBecause."},
        "repository": {"full_name": "octo/vision", "default_branch": "main"},
        "sender": {"login": "mika"},
    })
}

fn pull_request() -> Value {
    json!({
        "action": "synchronize", "number": 7,
        "pull_request": {
            "number": 7, "title": "Wider net", "user": {"login": "mika"}, "draft": true,
            "labels": [{"name": "tune"}],
            "head": {"ref": "wider", "sha": SHA, "repo": {"full_name": "octo/vision"}},
            "base": {"ref": "main", "repo": {"full_name": "octo/vision"}},
        },
        "repository": {"full_name": "octo/vision"}, "sender": {"login": "kim"},
    })
}

fn comment() -> Value {
    json!({
        "action": "created",
        "issue": {"number": 7, "pull_request": {"url": "https://example.invalid"}},
        "comment": {"id": 99, "user": {"login": "mika", "type": "User"}, "body": "/tune resnet",
                    "author_association": "MEMBER", "performed_via_github_app": null},
        "repository": {"full_name": "octo/vision"},
    })
}

#[test]
fn the_published_test_vector_is_accepted() {
    let header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(verify(&secrets(&["It's a Secret to Everybody"]), Some(header), b"Hello, World!"), Ok(()));
}

#[test]
fn any_of_several_secrets_may_have_signed() {
    let header = sign("new", b"{}");
    assert_eq!(verify(&secrets(&["old", "new"]), Some(&header), b"{}"), Ok(()));
    assert!(matches!(verify(&secrets(&["old"]), Some(&header), b"{}"), Err(Refusal::WrongSignature(_))));
    assert!(matches!(verify(&secrets(&["new"]), Some(&header), b"{ }"), Err(Refusal::WrongSignature(_))));
}

#[test]
fn a_delivery_without_a_sha_256_signature_is_refused() {
    assert!(matches!(verify(&secrets(&["s"]), None, b"{}"), Err(Refusal::Unsigned(_))));
    let sha1 = "sha1=5d61605c3feea9799210ddcb71307d4ba264225f";
    assert!(matches!(verify(&secrets(&["s"]), Some(sha1), b"{}"), Err(Refusal::WrongSignature(_))));
}

#[test]
fn a_push_names_its_branch_commit_and_paths() {
    let EventKind::Push(push) = kind("push", &push()) else { panic!() };
    assert_eq!(push.reference, GitReference::Branch("main".into()));
    assert_eq!(push.head.unwrap().as_str(), SHA);
    assert_eq!(push.changed_paths.into_iter().collect::<Vec<_>>(), ["README.md", "src/new.py", "src/old.py"]);
    assert!(!push.paths_truncated);
    assert_eq!((push.sender.as_str(), push.title.as_str()), ("mika", "Train longer"));
}

#[test]
fn a_push_that_does_not_name_all_paths_says_so() {
    let truncated = |change: fn(&mut Value)| {
        let mut payload = push();
        change(&mut payload);
        let EventKind::Push(push) = kind("push", &payload) else { panic!() };
        push.paths_truncated
    };
    assert!(truncated(|payload| payload["forced"] = true.into()));
    assert!(truncated(|payload| payload["commits"] = json!([])));
    assert!(truncated(|payload| payload["commits"] = json!([{"id": "x"}])));
    assert!(truncated(|payload| payload["commits"] = vec![json!({"added": ["a"]}); 2048].into()));
    assert!(!truncated(|payload| payload["commits"] = vec![json!({"added": ["a"]}); 2047].into()));
}

#[test]
fn a_deleted_reference_has_no_commit() {
    let mut payload = push();
    payload["after"] = "0".repeat(40).into();
    payload["ref"] = "refs/tags/v1".into();
    insta::assert_snapshot!(what("push", &payload), @"push that deletes tag v1 of octo/vision");
}

#[test]
fn a_pull_request_says_where_it_comes_from() {
    let EventKind::PullRequest(pull) = kind("pull_request", &pull_request()) else { panic!() };
    assert_eq!((pull.number, pull.action.as_str(), pull.draft, pull.from_fork), (7, "synchronize", true, false));
    assert_eq!((pull.author.as_str(), pull.sender.as_str()), ("mika", "kim"));
    assert!(pull.labels.contains("tune"));
    for fork in [json!({"full_name": "stranger/vision"}), Value::Null] {
        let mut payload = pull_request();
        payload["pull_request"]["head"]["repo"] = fork;
        let EventKind::PullRequest(pull) = kind("pull_request", &payload) else { panic!() };
        assert!(pull.from_fork);
    }
}

#[test]
fn an_action_that_github_adds_tomorrow_is_read_like_any_other() {
    let mut payload = pull_request();
    payload["action"] = "stacked".into();
    payload["pull_request"]["brand_new"] = json!({"a": [1]});
    insta::assert_snapshot!(what("pull_request", &payload), @"pull request #7 of octo/vision stacked at 3f2a91c");
}

#[test]
fn a_comment_says_who_wrote_it_and_whether_to_trust_them() {
    let EventKind::Comment(written) = kind("issue_comment", &comment()) else { panic!() };
    assert_eq!((written.pull_request, written.comment, written.body.as_str()), (7, 99, "/tune resnet"));
    assert!(!written.by_bot);
    let mut payload = comment();
    payload["comment"]["user"]["type"] = "Bot".into();
    let EventKind::Comment(written) = kind("issue_comment", &payload) else { panic!() };
    assert!(written.by_bot);
}

fn check_run(action: &str, identifier: &str, external_id: &str) -> Value {
    json!({
        "action": action,
        "check_run": {"id": 4, "head_sha": SHA, "external_id": external_id, "app": {"id": 29310}},
        "requested_action": {"identifier": identifier},
        "repository": {"full_name": "octo/vision"},
        "sender": {"login": "mika"},
    })
}

#[test]
fn a_button_of_a_check_is_the_command_of_the_same_name_on_its_sweep() {
    let of_sweep = format!("resnet-k3f9q2/check/octo/vision/{SHA}");
    let of_fork = format!("fork/check/octo/vision/{SHA}/resnet");
    let suite = json!({
        "action": "rerequested", "check_suite": {"id": 5, "head_sha": SHA},
        "repository": {"full_name": "octo/vision"}, "sender": {"login": "mika"},
    });
    let answers = [
        what("check_run", &check_run("requested_action", "stop", &of_sweep)),
        what("check_run", &check_run("requested_action", "apply", &of_sweep)),
        what("check_run", &check_run("rerequested", "", &of_sweep)),
        what("check_run", &check_run("rerequested", "", &of_fork)),
        what("check_suite", &suite),
    ];
    insta::assert_snapshot!(answers.join("\n"), @"
    stop of the check of resnet-k3f9q2 on octo/vision (3f2a91c) by @mika
    apply of the check of resnet-k3f9q2 on octo/vision (3f2a91c) by @mika
    rerun of the check of resnet-k3f9q2 on octo/vision (3f2a91c) by @mika
    rerun of the waiting check of a fork on octo/vision (3f2a91c) by @mika
    rerun of all checks on octo/vision (3f2a91c) by @mika
    ");
}

#[test]
fn checks_of_others_and_buttons_that_nobody_made_are_not_for_us() {
    let of_sweep = format!("resnet-k3f9q2/check/octo/vision/{SHA}");
    let of_file = format!("file/octo/vision/{SHA}");
    let answers = [
        what("check_run", &check_run("completed", "", &of_sweep)),
        what("check_run", &check_run("requested_action", "delete", &of_sweep)),
        what("check_run", &check_run("rerequested", "", "")),
        what("check_run", &check_run("rerequested", "", "build-7")),
        what("check_run", &check_run("rerequested", "", &of_file)),
        what("check_run", &json!({"action": "rerequested"})),
        what("check_suite", &json!({"action": "completed"})),
        what("check_suite", &json!({"action": "rerequested", "check_suite": {"head_sha": "HEAD"}})),
    ];
    insta::assert_snapshot!(answers.join("\n"), @"
    not for us: check_run completed
    not for us: check_run with a button that is not tunebot's
    not for us: check_run rerequested of a check that is not a sweep's
    not for us: check_run rerequested of a check that is not a sweep's
    not for us: check_run rerequested of a check that is not a sweep's
    not for us: check_run without check_run
    not for us: check_suite completed
    not for us: check_suite without repository.full_name
    ");
}

#[test]
fn what_is_not_for_us_says_why() {
    let without = |mut payload: Value, pointer: &str| {
        *payload.pointer_mut(pointer).unwrap() = Value::Null;
        payload
    };
    let mut answers = vec![
        what("issue_comment", &without(comment(), "/issue/pull_request")),
        what("push", &without(push(), "/repository")),
        what("push", &without(push(), "/after")),
        what("pull_request", &without(pull_request(), "/pull_request/head/sha")),
        what("star", &json!({"action": "created"})),
        what("public", &json!({})),
        what("push", &json!([1, 2])),
        what("push", &json!({"ref": 5})),
    ];
    let mut odd = push();
    odd["ref"] = "refs/notes/commits".into();
    answers.push(what("push", &odd));
    odd["ref"] = "refs/heads/main".into();
    odd["after"] = "HEAD".into();
    answers.push(what("push", &odd));
    insta::assert_snapshot!(answers.join("\n"), @"
    not for us: comment on an issue, not on a pull request
    not for us: push without repository
    not for us: push without after
    not for us: pull_request without pull_request.head.sha
    not for us: star created
    not for us: public
    not for us: push of an unexpected shape: invalid type: integer `1`, expected a string at line 1 column 2
    not for us: push of an unexpected shape: invalid type: integer `5`, expected a string at line 1 column 8
    not for us: push to refs/notes/commits, which is neither a branch nor a tag
    not for us: push whose after cannot be used: `HEAD` is not a valid commit: a commit is 40 or 64 hexadecimal digits
    ");
}

#[test]
fn the_form_that_github_also_offers_is_read() {
    let form: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &push().to_string()).finish();
    insta::assert_snapshot!(describe(&parse_kind("push", form.as_bytes()).unwrap()), @"push to main of octo/vision (3f2a91c), 3 changed paths");
}

#[test]
fn a_truncated_body_and_missing_headers_are_malformed() {
    let now = Timestamp::UNIX_EPOCH;
    let body = push().to_string();
    let headers = Headers { event: "push", delivery: "72d3162e" };
    let mut answers = vec![parse(headers, &body.as_bytes()[..body.len() / 2], now).unwrap_err().to_string()];
    answers.push(parse(Headers { delivery: "", ..headers }, body.as_bytes(), now).unwrap_err().to_string());
    answers.push(parse(Headers { event: "a b", ..headers }, body.as_bytes(), now).unwrap_err().to_string());
    insta::assert_snapshot!(answers.join("\n"), @"
    The body is not JSON: EOF while parsing a string at line 1 column 195. Was it cut off on its way? Send it again whole.
    The header X-GitHub-Delivery must be there, 1 to 200 plain characters.
    The header X-GitHub-Event must be there, 1 to 200 plain characters.
    ");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body: Vec<u8>, event in "push|pull_request|issue_comment|check_run|check_suite|ping|star") {
        let _ = parse_kind(&event, &body);
    }

    #[test]
    fn a_payload_with_any_part_replaced_is_read_or_not_for_us(
        event in "push|pull_request|issue_comment|check_run", part in any::<prop::sample::Index>(), value in 0..6usize,
    ) {
        let mut payload = match event.as_str() {
            "push" => push(),
            "pull_request" => pull_request(),
            "check_run" => check_run("requested_action", "stop", "resnet-k3f9q2/check/octo/vision/3f2a91c"),
            _ => comment(),
        };
        let names: Vec<String> = payload.as_object().unwrap().keys().cloned().collect();
        let replacement = [Value::Null, json!(-1), json!("\u{0}é"), json!([[]]), json!({"ref": []}), json!(1e300)];
        payload[part.get(&names)] = replacement[value].clone();
        prop_assert!(parse_kind(&event, payload.to_string().as_bytes()).is_ok());
    }
}
