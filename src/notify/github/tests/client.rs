//! How the client spares GitHub: tokens are kept and renewed early, what is known is not sent again, limits hold up only
//! those whom they are for.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::*;

#[tokio::test]
async fn a_token_that_ends_soon_is_renewed_by_one_call() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let server = Server::start(move |asked: &Asked| {
        if asked.path.ends_with("/installation") {
            return answer(200, &[], json!({ "id": 99 }));
        }
        if asked.path.ends_with("/access_tokens") {
            // The first lasts nine minutes more, which is too short to begin something with.
            let number = count.fetch_add(1, Ordering::SeqCst);
            let lasts = if number == 0 { SignedDuration::from_mins(9) } else { SignedDuration::from_hours(1) };
            let token = json!({ "token": format!("ghs_{number}"), "expires_at": Timestamp::now() + lasts });
            return answer(201, &[], token);
        }
        answer(200, &[], json!({ "id": 5 }))
    })
    .await;
    let github = as_app(&server);
    github.create_comment(&repository(), 42, "first").await.unwrap();
    let repository = repository();
    let calls = (0..8).map(|_| github.create_comment(&repository, 42, "hello"));
    futures_util::future::join_all(calls).await.into_iter().for_each(|created| assert_eq!(created.unwrap(), 5));
    assert_eq!(made.load(Ordering::SeqCst), 2);
    assert_eq!(server.asked().last().unwrap().authorization, "Bearer ghs_1");
}

#[tokio::test]
async fn a_token_that_github_no_longer_takes_is_replaced_and_the_call_made_again() {
    let server = Server::start(|asked: &Asked| {
        if asked.path.ends_with("/installation") {
            return answer(200, &[], json!({ "id": 99 }));
        }
        if asked.path.ends_with("/access_tokens") {
            let token = json!({ "token": format!("ghs_{}", asked.path.len()), "expires_at": "2099-01-01T00:00:00Z" });
            return answer(201, &[], token);
        }
        answer(401, &[], json!({ "message": "Bad credentials" }))
    })
    .await;
    let refused = as_app(&server).create_comment(&repository(), 42, "hello").await.unwrap_err();
    assert!(matches!(refused, GithubError::Unauthorized { .. }), "{refused}");
    let create = "POST /repos/acme/vision/issues/42/comments";
    let tokens = ["GET /repos/acme/vision/installation", "POST /app/installations/99/access_tokens"];
    assert_eq!(
        server.calls(),
        [tokens[0], tokens[1], create, tokens[0], tokens[1], create],
        "once more, and not for ever"
    );
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = Server::start(|_: &Asked| {
        // Whether the tag was sent is seen from the second answer, which has no body.
        answer(200, &[("etag", "W/\"1\"")], json!({ "object": { "sha": fixtures::sha() } }))
    })
    .await;
    let github = with_token(&server);
    for _ in 0..2 {
        assert_eq!(github.branch_head(&repository(), "main").await.unwrap(), fixtures::sha());
    }
    let changed = Server::start({
        let asked_before = AtomicUsize::new(0);
        move |_: &Asked| match asked_before.fetch_add(1, Ordering::SeqCst) {
            0 => answer(200, &[("etag", "W/\"1\"")], json!({ "object": { "sha": fixtures::sha() } })),
            _ => answer(304, &[], json!(null)),
        }
    })
    .await;
    let github = with_token(&changed);
    for _ in 0..2 {
        assert_eq!(github.branch_head(&repository(), "main").await.unwrap(), fixtures::sha());
    }
}

#[tokio::test]
async fn a_limit_holds_up_its_own_installation_without_further_calls() {
    let server = Server::start(app_server(|asked| {
        if asked.method == "POST" {
            answer(403, &[("retry-after", "30")], json!({ "message": "You have exceeded a secondary rate limit" }))
        } else {
            answer(200, &[], json!([]))
        }
    }))
    .await;
    let notifier = GithubNotifier::new(Arc::new(as_app(&server)), fixtures::all_links());
    let running = running();
    for _ in 0..3 {
        let delivery =
            Delivery { notification: &running, receipt: None, perhaps_sent: false, supplement: Supplement::NOTHING };
        let error = notifier.deliver(delivery).await.unwrap_err();
        assert!(matches!(error, NotifyError::NotYet { after, .. } if after.as_secs() >= 29), "{error}");
    }
    assert_eq!(work(&server), ["POST /repos/acme/vision/issues/42/comments"]);
}

#[tokio::test]
async fn messages_keep_to_the_pace_and_the_rest_is_told_when_to_come_back() {
    let server = Server::start(|_: &Asked| answer(201, &[], json!({ "id": 5 }))).await;
    let auth = GithubAuth::Token("ghp_test".into());
    let pace = GithubPace { writes_per_minute: 10, writes_per_hour: 500 };
    let github = Github::new(GithubSettings { api_url: server.url.clone(), auth, pace }).unwrap();
    let notifier = GithubNotifier::new(Arc::new(github), fixtures::all_links());
    let mut later = 0;
    for number in 0..20 {
        let notification = Notification { slot: format!("{number}"), ..on_commit() };
        let delivery = Delivery {
            notification: &notification,
            receipt: None,
            perhaps_sent: false,
            supplement: Supplement::NOTHING,
        };
        later += usize::from(matches!(notifier.deliver(delivery).await, Err(NotifyError::NotYet { .. })));
    }
    assert_eq!((server.calls().len(), later), (8, 12), "a fifth is kept for answers to people");
}

#[tokio::test]
async fn a_sign_is_set_on_a_comment_and_one_that_was_deleted_needs_none() {
    let server = Server::start(|asked: &Asked| {
        let known = asked.path.contains("/comments/7/");
        if known { answer(201, &[], json!({ "id": 3 })) } else { answer(404, &[], json!({ "message": "Not Found" })) }
    })
    .await;
    let sign = |comment| on_pull_request(Content::Reaction { comment, reaction: Reaction::Eyes });
    assert_eq!(deliver(with_token(&server), &sign(7), None, false).await.unwrap(), Receipt::GithubReaction { id: 3 });
    deliver(with_token(&server), &sign(8), None, false).await.unwrap();
    assert_eq!(server.asked()[0].path, "/repos/acme/vision/issues/comments/7/reactions");
    assert_eq!(server.asked()[0].body, json!({ "content": "eyes" }));
}
