//! One connection of Socket Mode, from its greeting to its end.

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, SplitSink};
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::frame::{Envelope, Frame};
use crate::chat::{FrontDesk, Reply};
use crate::ingress::slack::{parse_events_request, read_command, read_interaction};

/// Both sides ask now and then whether the other is there; who has been silent for so long is not.
const PING: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(50);
/// Requests that are worked on at a time; what comes beyond that waits in the connection.
const WIDTH: usize = 64;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Sink = SplitSink<Socket, Message>;

/// Why a connection is not to be counted on any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Slack will close it in order, and wants another one first.
    Renewed,
    Broken,
}

/// Serves until the connection ends, or until `cancel` and the last acknowledgement. `leaving` is told once as soon as
/// another connection is wanted.
pub(super) async fn serve(socket: Socket, desk: FrontDesk, leaving: oneshot::Sender<Left>, cancel: CancellationToken) {
    let (mut sink, mut stream) = socket.split();
    let mut serving = Serving { desk, leaving: Some(leaving), is_open: false };
    let mut answers = FuturesUnordered::new();
    let mut ticks = tokio::time::interval(PING);
    let mut heard = Instant::now();
    while !(cancel.is_cancelled() && answers.is_empty()) {
        let is_reading = !cancel.is_cancelled() && answers.len() < WIDTH;
        tokio::select! {
            // What is done is said before more is taken in.
            biased;
            Some(answer) = answers.next() => {
                if let Some(text) = answer && sink.send(Message::text::<String>(text)).await.is_err() {
                    break;
                }
            }
            () = cancel.cancelled(), if !cancel.is_cancelled() => {}
            frame = stream.next(), if is_reading => {
                let Some(frame) = arrived(frame) else { break };
                heard = Instant::now();
                if let Some(envelope) = serving.read(&frame) {
                    answers.push(handle(serving.desk.clone(), envelope));
                }
            }
            _ = ticks.tick() => if !is_there(&mut sink, heard).await { break },
        }
    }
    // What was under way is committed all the same; Slack sends again what it has no acknowledgement of.
    while let Some(answer) = answers.next().await {
        if let Some(text) = answer {
            let _ = sink.send(Message::text::<String>(text)).await;
        }
    }
    let _ = sink.close().await;
}

/// The frame; none when the connection is at its end.
fn arrived(frame: Option<Result<Message, SocketError>>) -> Option<Message> {
    match frame {
        Some(Ok(Message::Close(_))) | None => None,
        Some(Ok(message)) => Some(message),
        Some(Err(error)) => {
            debug!(%error, "a connection of Socket Mode broke");
            None
        }
    }
}

async fn is_there(sink: &mut Sink, heard: Instant) -> bool {
    if heard.elapsed() > SILENCE {
        warn!("Slack is silent on a connection of Socket Mode; opening another one");
        return false;
    }
    sink.send(Message::Ping(Vec::new().into())).await.is_ok()
}

struct Serving {
    desk: FrontDesk,
    leaving: Option<oneshot::Sender<Left>>,
    is_open: bool,
}

impl Serving {
    /// The request in it, if there is one.
    fn read(&mut self, message: &Message) -> Option<Envelope> {
        let Message::Text(text) = message else { return None };
        match Frame::read(text) {
            Frame::Hello { connections } => {
                super::connected(connections);
                if !std::mem::replace(&mut self.is_open, true) {
                    self.desk.telemetry.slack_socket_opened();
                }
                None
            }
            Frame::Disconnect { reason } => {
                self.leave(&reason);
                None
            }
            Frame::Envelope(envelope) => Some(envelope),
            Frame::Other => None,
        }
    }

    fn leave(&mut self, reason: &str) {
        let left = match reason {
            "warning" | "refresh_requested" => {
                info!(reason, "Slack renews a connection of Socket Mode");
                Left::Renewed
            }
            "link_disabled" => {
                error!("Socket Mode is switched off for the app: switch it on in its settings, page Socket Mode");
                Left::Broken
            }
            "too_many_websockets" => {
                warn!("Slack takes no more connections of the app: lower slack.sockets, or stop another tunebot");
                Left::Broken
            }
            reason => {
                info!(reason, "Slack ends a connection of Socket Mode");
                Left::Broken
            }
        };
        if let Some(leaving) = self.leaving.take() {
            let _ = leaving.send(left);
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.is_open {
            self.desk.telemetry.slack_socket_closed();
        }
    }
}

/// The acknowledgement of a request that is committed; none when it could not be.
async fn handle(desk: FrontDesk, envelope: Envelope) -> Option<String> {
    let now = Timestamp::now();
    if envelope.retry_attempt > 0 {
        info!(number = envelope.retry_attempt, "Slack sends a request again");
    }
    let body = envelope.payload.to_string();
    let reply = match envelope.kind.as_str() {
        "slash_commands" => desk.command(read_command(&envelope.payload, now)).await,
        "interactive" => match read_interaction(body.as_bytes(), now) {
            Ok(interaction) => desk.interaction(interaction).await,
            Err(_) => Ok(Reply::Nothing),
        },
        "events_api" => match parse_events_request(body.as_bytes(), now) {
            Ok(request) => desk.event(request).await,
            Err(_) => Ok(Reply::Nothing),
        },
        kind => {
            debug!(kind, "a request of an unknown kind is acknowledged and not kept");
            Ok(Reply::Nothing)
        }
    };
    match reply {
        Ok(Reply::Nothing) => Some(envelope.acknowledged(None)),
        Ok(Reply::Body(answer)) => Some(envelope.acknowledged(Some(answer))),
        Err(error) => {
            error!(%error, "the store failed during a request; Slack is to send it again");
            None
        }
    }
}
