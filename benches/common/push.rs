//! Signed pushes as GitHub delivers them, and senders that do as little as possible, to leave the processors to the
//! server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep_until;

/// What the server has to be configured with.
pub const SECRET: &str = "It's a Secret to Everybody";
/// The repository that is pushed to.
pub const REPOSITORY: &str = "octo/vision";

/// The body of a push of about 30 KB, with its signature.
pub struct Push {
    pub body: Vec<u8>,
    signature: String,
}

impl Push {
    pub fn to(branch: &str) -> Self {
        let commit = |number: u32| {
            json!({
                "id": format!("{number:040x}"), "message": format!("Commit {number}\n\n{}", "A line of text. ".repeat(20)),
                "added": [format!("src/module_{number}/added.py")], "removed": [],
                "modified": [format!("src/module_{number}/model.py"), "README.md"],
            })
        };
        let payload = json!({
            "ref": format!("refs/heads/{branch}"), "after": "3f2a91c0f3b5c7e1d2a4968877665544332211ff",
            "commits": (0..55).map(commit).collect::<Vec<_>>(),
            "head_commit": {"message": "Commit 54"}, "sender": {"login": "mika"},
            "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        });
        let body = payload.to_string().into_bytes();
        let signature = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).map(|mut code| {
            code.update(&body);
            code.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
        });
        Self { signature: signature.unwrap_or_default(), body }
    }

    /// The request for a delivery that was never there before.
    fn request(&self) -> Vec<u8> {
        static DELIVERIES: AtomicU64 = AtomicU64::new(0);
        let mut request = format!(
            "POST /webhooks/github HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             x-github-event: push\r\nx-github-delivery: {:032x}\r\nx-hub-signature-256: sha256={}\r\n\
             content-length: {}\r\n\r\n",
            DELIVERIES.fetch_add(1, Ordering::Relaxed),
            self.signature,
            self.body.len(),
        )
        .into_bytes();
        request.extend_from_slice(&self.body);
        request
    }
}

/// Keeps one connection open.
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 4096] })
    }

    /// Sends one push and waits until it is acknowledged as new.
    pub async fn send(&mut self, push: &Push) -> Result<()> {
        self.stream.write_all(&push.request()).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer[filled..]).await?;
            ensure!(read > 0, "the server closed the connection");
            filled += read;
            if is_whole(&self.answer[..filled])? {
                break;
            }
        }
        let answer = String::from_utf8_lossy(&self.answer[..filled]);
        ensure!(answer.starts_with("HTTP/1.1 202 "), "not acknowledged: {answer}");
        Ok(())
    }
}

fn is_whole(answer: &[u8]) -> Result<bool> {
    let text = std::str::from_utf8(answer)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(false) };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no content-length")?;
    Ok(body.len() >= length.parse()?)
}

/// How pushes leave by the clock.
#[derive(Clone, Copy)]
pub struct Pace {
    pub per_second: u64,
    pub connections: usize,
    pub length: Duration,
}

/// Pushes leave by the clock, whether earlier ones are answered or not. Returns when each was due, and the milliseconds
/// from then until it was acknowledged.
pub async fn paced(address: SocketAddr, push: &Arc<Push>, pace: Pace) -> Result<Vec<(Instant, f64)>> {
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now() + Duration::from_millis(100);
    let total = (pace.per_second as f64 * pace.length.as_secs_f64()) as u64;
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..pace.connections {
        let (push, next) = (push.clone(), next.clone());
        connections.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut all = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return anyhow::Ok(all);
                }
                let due = begun + Duration::from_nanos(number * 1_000_000_000 / pace.per_second);
                sleep_until(due.into()).await;
                connection.send(&push).await?;
                all.push((due, due.elapsed().as_secs_f64() * 1e3));
            }
        });
    }
    let mut all = Vec::new();
    while let Some(of_connection) = connections.join_next().await {
        all.extend(of_connection??);
    }
    Ok(all)
}
