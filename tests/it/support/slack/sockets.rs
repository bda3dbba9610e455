//! Socket Mode: tickets for connections, greetings, envelopes that are sent again until they are acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use crate::support::watched::Watched;

/// The app-level token.
pub const APP_TOKEN: &str = "xapp-1-A0TUNEBOT1-1111111111-forTestsOnly";
/// Connections that Slack takes of one app.
const MOST: usize = 10;

pub struct Sockets {
    state: Arc<Watched<State>>,
    port: u16,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    tickets: BTreeSet<String>,
    open: BTreeMap<u32, UnboundedSender<Message>>,
    /// By envelope id.
    sent: BTreeMap<String, Sent>,
    count: u32,
}

struct Sent {
    frame: Value,
    /// The connection that it was sent by last.
    by: Option<u32>,
    times: u32,
    /// The acknowledgements, each with its payload.
    acknowledged: Vec<Value>,
}

impl State {
    fn next(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// Sends everything that no open connection has, by the first that is open.
    fn send_waiting(&mut self) {
        let Some((number, sender)) = self.open.iter().next() else { return };
        for sent in self.sent.values_mut().filter(|sent| sent.acknowledged.is_empty()) {
            if sent.by.is_none_or(|by| !self.open.contains_key(&by)) {
                sent.frame["retry_attempt"] = sent.times.into();
                sent.times += 1;
                sent.by = Some(*number);
                let _ = sender.send(Message::text(sent.frame.to_string()));
            }
        }
    }
}

impl Sockets {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
        let port = listener.local_addr().expect("an address").port();
        let state: Arc<Watched<State>> = Arc::new(Watched::new(State::default()));
        let accepting = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&accepting)));
            }
        });
        Self { state, port, task }
    }

    /// The answer to `apps.connections.open`.
    pub fn open(&self, authorization: Option<&str>) -> Value {
        match authorization {
            None => json!({"ok": false, "error": "not_authed"}),
            Some(bearer) if bearer == format!("Bearer {APP_TOKEN}") => {
                let ticket = self.state.write(|state| {
                    let ticket = format!("ticket-{}", state.next());
                    state.tickets.insert(ticket.clone());
                    ticket
                });
                json!({"ok": true, "url": format!("ws://127.0.0.1:{}/link/?ticket={ticket}&app_id=A0TUNEBOT1", self.port)})
            }
            Some(bearer) if bearer.starts_with("Bearer xoxb-") => {
                json!({"ok": false, "error": "not_allowed_token_type"})
            }
            Some(_) => json!({"ok": false, "error": "invalid_auth"}),
        }
    }

    /// Waits until so many connections are open, and no more.
    pub async fn wait_until_open(&self, count: usize) {
        self.wait(&format!("{count} connections"), |state| (state.open.len() == count).then_some(())).await;
    }

    /// Waits for the acknowledgement of an envelope, and returns it.
    pub async fn send(&self, kind: &str, payload: &Value) -> Value {
        let id = self.post(kind, payload, 1);
        self.wait("an acknowledgement", |state| state.sent[&id].acknowledged.first().cloned()).await
    }

    /// Sends the same envelope by every open connection, and waits until each has acknowledged it.
    pub async fn send_by_all(&self, kind: &str, payload: &Value) {
        let all = self.state.read(|state| state.open.len());
        let id = self.post(kind, payload, all);
        self.wait("all acknowledgements", |state| (state.sent[&id].acknowledged.len() == all).then_some(())).await;
    }

    /// How often the envelope of `payload` went out.
    pub fn times(&self, payload: &Value) -> u32 {
        self.state
            .read(|state| state.sent.values().filter(|sent| sent.frame["payload"] == *payload).map(|s| s.times).sum())
    }

    /// Puts an envelope on its way, by so many connections; returns its id.
    pub fn post(&self, kind: &str, payload: &Value, connections: usize) -> String {
        self.state.write(|state| {
            let id = format!("envelope-{}", state.next());
            let frame = json!({"type": kind, "envelope_id": id, "payload": payload,
                               "accepts_response_payload": kind != "events_api", "retry_attempt": 0});
            for sender in state.open.values().take(connections) {
                let _ = sender.send(Message::text(frame.to_string()));
            }
            let by = state.open.keys().next().copied();
            state.sent.insert(id.clone(), Sent { frame, by, times: 1, acknowledged: Vec::new() });
            id
        })
    }

    /// Tells the oldest connection that it will be closed, and closes it once another one is there.
    pub async fn renew_one(&self) {
        let (oldest, newest) = self.state.read(|state| {
            let keys = || state.open.keys().copied();
            (keys().min().expect("a connection"), keys().max().expect("a connection"))
        });
        let text = json!({"type": "disconnect", "reason": "warning", "debug_info": {"host": "applink-1"}}).to_string();
        self.state.read(|state| drop(state.open[&oldest].send(Message::text(text))));
        self.wait("a new connection", |state| state.open.keys().any(|number| *number > newest).then_some(())).await;
        self.state.read(|state| drop(state.open[&oldest].send(Message::Close(None))));
        self.wait("the old one to go", |state| (!state.open.contains_key(&oldest)).then_some(())).await;
    }

    /// Cuts all connections without a word.
    pub fn break_all(&self) {
        self.state.write(|state| state.open.clear());
    }

    async fn wait<R>(&self, what: &str, find: impl FnMut(&State) -> Option<R>) -> R {
        self.state.wait_for(what, find, |state| format!("{} connections are open", state.open.len())).await
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, state: Arc<Watched<State>>) {
    let mut ticket = String::new();
    #[expect(clippy::result_large_err, reason = "the library asks for this type")]
    let read_ticket = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let query = request.uri().query().unwrap_or_default();
        ticket = query.split('&').find_map(|part| part.strip_prefix("ticket=")).unwrap_or_default().to_owned();
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, read_ticket).await else { return };
    let (number, receiver, is_full) = state.write(|state| {
        let (sender, receiver) = unbounded_channel();
        let (number, is_full) = (state.next(), state.open.len() >= MOST || !state.tickets.remove(&ticket));
        if !is_full {
            state.open.insert(number, sender);
        }
        (number, receiver, is_full)
    });
    if is_full {
        let text = json!({"type": "disconnect", "reason": "too_many_websockets"}).to_string();
        let _ = socket.send(Message::text(text)).await;
        return;
    }
    let hello = json!({"type": "hello", "num_connections": state.read(|state| state.open.len()),
                       "connection_info": {"app_id": "A0TUNEBOT1"}, "debug_info": {"host": "applink-1"}});
    if socket.send(Message::text(hello.to_string())).await.is_ok() {
        state.write(State::send_waiting);
        converse(&mut socket, receiver, &state).await;
    }
    state.write(|state| {
        state.open.remove(&number);
        state.send_waiting();
    });
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

/// Until either side ends it.
async fn converse(socket: &mut Socket, mut receiver: UnboundedReceiver<Message>, state: &Watched<State>) {
    loop {
        tokio::select! {
            message = receiver.recv() => match message {
                Some(message) => if socket.send(message).await.is_err() { return },
                None => return,
            },
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("an acknowledgement is JSON");
                    let id = frame["envelope_id"].as_str().expect("an acknowledgement names its envelope").to_owned();
                    state.write(|state| state.sent.get_mut(&id).expect("an envelope of ours").acknowledged.push(frame));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}
