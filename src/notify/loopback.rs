//! A server on loopback that answers as a test says and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use url::Url;

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// With the query.
    pub path: String,
    pub authorization: String,
    pub body: Value,
}

impl Asked {
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.split('?').next() == Some(path)
    }
}

pub struct Server {
    pub url: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers every request with what `answer` makes of it, until the test's runtime ends.
    pub async fn start<R: IntoResponse>(answer: impl Fn(&Asked) -> R + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answer = Arc::new(answer);
        let log = Arc::clone(&asked);
        let handler = move |request: Request| {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            async move {
                let asked = read(request).await;
                log.lock().unwrap().push(asked.clone());
                answer(&asked).into_response()
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// "POST /chat.postMessage", in the order of the calls and without queries.
    pub fn calls(&self) -> Vec<String> {
        let call = |asked: Asked| format!("{} {}", asked.method, asked.path.split('?').next().unwrap());
        self.asked().into_iter().map(call).collect()
    }
}

/// An answer with a status and headers.
pub fn answer(status: u16, headers: &[(&str, &str)], body: Value) -> Response {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.to_string().into()).unwrap()
}

/// An address at which nobody listens.
pub fn nobody() -> Url {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
}

async fn read(request: Request) -> Asked {
    let (head, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let authorization = head.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    Asked {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        authorization: authorization.unwrap_or_default(),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    }
}
