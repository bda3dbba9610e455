//! What was said between a client and the fake, word for word, for those who judge it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded;

/// Bodies are kept as they came: most tests never look at them.
struct Exchange {
    method: Method,
    uri: Uri,
    request: Bytes,
    status: u16,
    answer: Bytes,
}

#[derive(Default)]
pub struct Record {
    exchanges: Mutex<Vec<Exchange>>,
}

impl Record {
    /// Notes a call and its answer, and gives the answer back.
    pub async fn keep(&self, (method, uri, request): (Method, Uri, Bytes), response: Response) -> Response {
        let (head, body) = response.into_parts();
        let answer = to_bytes(body, usize::MAX).await.expect("a body from memory");
        let exchange = Exchange { method, uri, request, status: head.status.as_u16(), answer: answer.clone() };
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
        Response::from_parts(head, Body::from(answer))
    }

    /// `{method, path, query, request, status, answer}` of each call.
    pub fn read(&self) -> Vec<Value> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).iter().map(describe).collect()
    }
}

fn describe(exchange: &Exchange) -> Value {
    let query = exchange.uri.query().unwrap_or_default();
    let query: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    json!({
        "method": exchange.method.as_str(), "path": exchange.uri.path(), "query": query,
        "request": body(&exchange.request), "status": exchange.status, "answer": body(&exchange.answer),
    })
}

/// Null when there is none.
fn body(bytes: &Bytes) -> Value {
    if bytes.is_empty() { Value::Null } else { serde_json::from_slice(bytes).expect("JSON") }
}
