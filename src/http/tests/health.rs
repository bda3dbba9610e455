use super::{Phase, Server};

#[tokio::test]
async fn the_process_is_ready_only_while_its_loops_run_and_its_store_takes_writes() {
    let server = Server::start().await;
    insta::assert_snapshot!(server.get("/readyz").await, @r#"
    200
    {"checks":{"loops":"ok","store":"ok"},"status":"ok"}
    "#);
    server.state.readiness.set(Phase::Starting);
    insta::assert_snapshot!(server.get("/readyz").await, @r#"
    503
    {"error":{"code":"starting","message":"The check `loops` fails: they do not run yet."}}
    "#);
    server.state.readiness.set(Phase::Draining);
    insta::assert_snapshot!(server.get("/readyz").await, @r#"
    503
    {"error":{"code":"draining","message":"The check `loops` fails: tunebot is stopping."}}
    "#);
    server.state.readiness.set(Phase::Serving);
    server.state.store.close().await;
    insta::assert_snapshot!(server.get("/readyz").await, @r#"
    503
    {"error":{"code":"store","message":"The check `store` fails: it does not take a write. The log says why."}}
    "#);
    assert_eq!(server.get("/healthz").await.body, r#"{"status":"ok"}"#);
}

#[tokio::test]
async fn metrics_count_deliveries_requests_and_what_the_store_holds() {
    let server = Server::start().await;
    server.running_sweep().await;
    server.send(super::github("ping", "a", r#"{"zen":"Keep it simple."}"#, "new-secret")).await;
    server.send(super::github("ping", "b", "{}", "guessed")).await;
    let answer = server.get("/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        r#"tunebot_deliveries_total{source="github",result="new"} 1"#,
        r#"tunebot_deliveries_total{source="github",result="wrong_signature"} 1"#,
        r#"tunebot_http_request_seconds_count{route="/webhooks/github",method="POST",status="202"} 1"#,
        r#"tunebot_sweeps{state="running"} 1"#,
        r#"tunebot_trials{state="running"} 1"#,
    ] {
        assert!(answer.body.lines().any(|found| found == line), "{line} is not in\n{}", answer.body);
    }
}

#[tokio::test]
async fn metrics_of_the_process_are_there_also_when_the_store_is_not() {
    let server = Server::start().await;
    server.state.store.close().await;
    let answer = server.get("/metrics").await;
    assert!(answer.status == 200 && answer.body.contains("tunebot_build_info"), "{answer}");
}
