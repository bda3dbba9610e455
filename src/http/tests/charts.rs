use axum::body::Body;
use axum::http::Request;
use secrecy::ExposeSecret;
use tower::ServiceExt;

use super::{Server, noon};
use crate::domain::trial::TrialState;

/// A server with a sweep that has one finished trial; and the path of its charts.
async fn with_sweep() -> (Server, String) {
    let server = Server::start().await;
    let (sweep, mut trial) = server.running_sweep().await;
    let metric = sweep.tuning.objectives.primary().metric.clone();
    trial.state = TrialState::Complete;
    trial.metrics = [(metric, 0.25)].into_iter().collect();
    trial.ended_at = Some(noon());
    server.commit(&sweep, &trial, Vec::new()).await;
    let path = format!("/api/v1/sweeps/{}/charts", sweep.id);
    (server, path)
}

#[tokio::test]
async fn a_sweep_is_drawn_as_svg() {
    let (server, path) = with_sweep().await;
    for kind in ["history", "importance", "slices", "parallel", "pareto", "curves"] {
        let answer = server.get(&format!("{path}/{kind}.svg")).await;
        assert_eq!((answer.status.as_u16(), &answer.headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
        assert!(answer.body.starts_with("<svg ") && answer.body.contains("<title>resnet-"), "{kind}");
        // It still runs.
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_sweep_is_drawn_as_png() {
    let (server, path) = with_sweep().await;
    let request = Request::get(format!("{path}/history.png")).header("authorization", "Bearer ci-token");
    let response = server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (200, &"image/png".parse().unwrap()));
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n"));
}

#[tokio::test]
async fn what_cannot_be_drawn_is_explained() {
    let (server, path) = with_sweep().await;
    let nobody = server.send(Request::get(format!("{path}/history.svg")).body(Body::empty()).unwrap()).await;
    assert_eq!(nobody.status, 401);
    insta::assert_snapshot!(server.get(&format!("{path}/pie.svg")).await, @r#"
    404
    {"error":{"code":"not_found","message":"There is no such chart. There are history, importance, slices, parallel, pareto, curves, each as .svg and .png."}}
    "#);
    assert_eq!(server.get(&format!("{path}/history.gif")).await.status, 404);
    insta::assert_snapshot!(server.get("/api/v1/sweeps/resnet-zzzzzz/charts/history.svg").await, @r#"
    404
    {"error":{"code":"not_found","message":"There is no sweep resnet-zzzzzz. GET /api/v1/sweeps lists the newest."}}
    "#);
}

#[tokio::test]
async fn a_key_opens_one_chart_to_whoever_has_it() {
    let (server, path) = with_sweep().await;
    let sweep: crate::domain::ids::SweepId = path.split('/').nth(4).unwrap().parse().unwrap();
    let keys = crate::domain::chart_key::ChartKeys::new(server.state.store.instance_key().expose_secret());
    let key = keys.key(&sweep, "history.png");
    let open = async |path: String| {
        let response = server.router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap().to_owned())
    };
    assert_eq!(open(format!("/charts/{sweep}/history.png?key={key}")).await, (200, "image/png".to_owned()));
    for closed in [
        format!("/charts/{sweep}/history.png"),
        format!("/charts/{sweep}/history.png?key={}", "0".repeat(64)),
        format!("/charts/{sweep}/importance.png?key={key}"),
        format!("/charts/resnet-zzzzzz/history.png?key={key}"),
    ] {
        assert_eq!(open(closed).await.0, 404);
    }
    let hidden = server.send(Request::get("/charts/x/y").body(Body::empty()).unwrap()).await;
    insta::assert_snapshot!(hidden, @r#"
    404
    {"error":{"code":"not_found","message":"There is no such chart."}}
    "#);
}
