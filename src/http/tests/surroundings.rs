use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Server, github};
use crate::http::{router, serve};

#[tokio::test]
async fn an_unknown_address_and_a_wrong_method_say_what_there_is() {
    let server = Server::start().await;
    insta::assert_snapshot!(server.get("/webhook").await, @r#"
    404
    {"error":{"code":"not_found","message":"There is nothing at /webhook. Webhooks go to /webhooks/github and /webhooks/slack/commands, the API is under /api/v1."}}
    "#);
    let wrong = server.get("/webhooks/github").await;
    assert_eq!(wrong.headers["allow"], "POST");
    insta::assert_snapshot!(wrong, @r#"
    405
    {"error":{"code":"method_not_allowed","message":"This address does not take GET; the header Allow names what it takes."}}
    "#);
}

#[tokio::test]
async fn every_answer_carries_a_request_id() {
    let server = Server::start().await;
    let given = Request::get("/healthz").header("x-request-id", "proxy-17").body(Body::empty()).unwrap();
    assert_eq!(server.send(given).await.headers["x-request-id"], "proxy-17");
    let first = server.get("/healthz").await;
    let second = server.get("/nowhere").await;
    assert_ne!(first.headers["x-request-id"], second.headers["x-request-id"]);
    let unusable = Request::get("/healthz").header("x-request-id", "a b\"c").body(Body::empty()).unwrap();
    assert_ne!(server.send(unusable).await.headers["x-request-id"], "a b\"c");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let mut server = Server::start().await;
    server.state.patience.request = Duration::ZERO;
    server.router = router(server.state.clone());
    // A body that never comes.
    let (parts, _) = github("push", "a", "{}", "new-secret").into_parts();
    let (reader, _writer) = tokio::io::simplex(16);
    let endless = Body::from_stream(tokio_util::io::ReaderStream::new(reader));
    let answer = server.send(Request::from_parts(parts, endless)).await;
    insta::assert_snapshot!(answer, @r#"
    503
    {"error":{"code":"timed_out","message":"The request took too long and was given up. Send it again; what was done already is not done twice."}}
    "#);
    assert_eq!(answer.headers["retry-after"], "5");
}

#[tokio::test]
async fn a_fault_of_ours_is_an_answer_too() {
    let server = Server::start().await;
    let faulty = axum::Router::new()
        .route(
            "/faulty",
            get(|| async {
                if true {
                    panic!("a fault")
                }
            }),
        )
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(crate::http::problem::after_panic));
    let server = Server { router: faulty, ..server };
    insta::assert_snapshot!(server.get("/faulty").await, @r#"
    500
    {"error":{"code":"internal","message":"A fault of tunebot ended this request. It is in the log under the request id of this answer."}}
    "#);
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_ends() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cancel = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, server.router.clone(), cancel.clone()));
    let mut connection = TcpStream::connect(address).await.unwrap();
    let (parts, _) = github("ping", "a", "{}", "new-secret").into_parts();
    let signature = parts.headers["x-hub-signature-256"].to_str().unwrap();
    let head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: x\r\nx-github-event: ping\r\nx-github-delivery: a\r\n\
         x-hub-signature-256: {signature}\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body once the request is being worked on.
    let mut interim = [0; 25];
    connection.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    cancel.cancel();
    connection.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202 Accepted"), "{answer}");
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(server.events().await.len(), 1);
}
