//! Comments that are edited.

use super::*;

#[tokio::test]
async fn what_a_comment_says_already_is_not_sent_again() {
    let server = Server::start(app_server(|_| answer(200, &[], json!({ "id": 5 })))).await;
    let notifier = GithubNotifier::new(Arc::new(as_app(&server)), fixtures::all_links());
    let (running, taken) = (running(), Receipt::GithubComment { id: 5 });
    let finished = on_pull_request(Content::Sweep(Box::new(fixtures::finished())));
    for (notification, receipt) in [(&running, None), (&running, Some(&taken)), (&finished, Some(&taken))] {
        let supplement = Supplement::NOTHING;
        notifier.deliver(Delivery { notification, receipt, perhaps_sent: false, supplement }).await.unwrap();
    }
    let edit = "PATCH /repos/acme/vision/issues/comments/5";
    assert_eq!(work(&server), ["POST /repos/acme/vision/issues/42/comments", edit]);
}

#[tokio::test]
async fn a_comment_that_somebody_deleted_is_written_anew() {
    let server = Server::start(crowded(false)).await;
    let taken = deliver(as_app(&server), &running(), Some(&Receipt::GithubComment { id: 5 }), false).await.unwrap();
    assert_eq!(taken, Receipt::GithubComment { id: 102 });
    assert_eq!(work(&server).last().unwrap(), "POST /repos/acme/vision/issues/42/comments");
}
