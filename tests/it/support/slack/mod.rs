//! A fake Slack: one workspace behind the Web API, on loopback.
//!
//! It keeps channels, messages with all their editions, and threads, and refuses what Slack refuses: wrong tokens, missing
//! scopes, unknown channels, blocks that break a rule, edits of other people's messages, too many calls.
//! Errors are HTTP 200 with `ok: false`, but for 429 and injected failures, as with the real one.
//!
//! Sources: Slack's pages of each method, of Block Kit's blocks and of rate limits.

mod api;
mod arguments;
mod blocks;
mod files;
mod groups;
pub mod interactive;
mod metadata;
mod people;
pub mod scopes;
mod sockets;
mod text;
pub mod workspace;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};

pub use api::METHODS;
pub use sockets::{APP_TOKEN, Sockets};
pub use workspace::{Author, Limits, Message, Workspace};

use super::fault::{Fault, Faults, Gate, perform};
use super::watched::Watched;
use super::wire::{Served, Wire, serve_on};

/// The bot's token; every other one is refused.
pub const BOT_TOKEN: &str = "xoxb-1111111111-2222222222-tunebotForTestsOnly";
/// Channels of a new workspace: the bot is a member of the first two.
pub const TUNING: &str = "C0TUNING01";
pub const NIGHTLY: &str = "C0NIGHTLY1";
/// Public, but nobody has invited the bot.
pub const RANDOM: &str = "C0RANDOM01";
/// Private, and invisible to the bot.
pub const SECRET: &str = "G0SECRET01";
/// Between mika and the bot alone.
pub const DIRECT: &str = "D0MIKA0001";
/// People of a new workspace.
pub const MIKA: &str = "U0MIKA0001";
pub const NOOR: &str = "U0NOOR0001";
/// A user group of a new workspace, `@ml-platform`, with mika alone in it.
pub const ML_PLATFORM: &str = "S0MLTEAM01";
/// The bot's own user.
pub const BOT_USER: &str = "U0TUNEBOT1";
pub const TEAM: &str = "T0ACME0001";

/// What the sending of a file's content is called among the methods.
pub const UPLOAD: &str = "upload";

pub struct FakeSlack {
    core: Arc<Core>,
    served: Served,
}

struct Core {
    workspace: Watched<Workspace>,
    faults: Faults,
    sockets: Sockets,
}

impl FakeSlack {
    pub async fn start() -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST).await
    }

    /// On an address where pods reach it.
    pub async fn start_on(address: Ipv4Addr) -> Self {
        let (workspace, faults, sockets) = (Watched::new(Workspace::new()), Faults::default(), Sockets::start().await);
        let core = Arc::new(Core { workspace, faults, sockets });
        let served = serve_on(address, Router::new().fallback(answer).with_state(core.clone())).await;
        Self { core, served }
    }

    /// What the configuration calls `slack.api_url`: ends with `/api`, without a slash.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.served.address)
    }

    /// Connections of Socket Mode.
    pub fn sockets(&self) -> &Sockets {
        &self.core.sockets
    }

    /// Triggers grow old without anybody waiting.
    pub fn let_triggers_expire(&self) {
        self.core.workspace.write(|workspace| workspace.interactive.let_triggers_expire());
    }

    /// The next call of `method` fails with `fault`; several queue up. `*` is any method.
    ///
    /// # Panics
    /// Slack, or at least this one, has no such method.
    pub fn inject(&self, method: &str, fault: Fault) {
        assert!(matches!(method, "*" | UPLOAD) || METHODS.contains(&method), "{method} is none of {METHODS:?}");
        self.core.faults.add(method, fault);
    }

    /// Holds the next call of `method` before its effect.
    pub fn hold_before(&self, method: &str) -> Gate {
        let gate = Gate::default();
        self.inject(method, Fault::HoldBefore(gate.clone()));
        gate
    }

    /// Holds the next call of `method` after its effect, before its answer.
    pub fn hold_after(&self, method: &str) -> Gate {
        let gate = Gate::default();
        self.inject(method, Fault::HoldAfter(gate.clone()));
        gate
    }

    /// Injected faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.core.faults.left()
    }

    /// How often `method` was called, refused calls too.
    pub fn calls(&self, method: &str) -> usize {
        self.core.faults.count(method)
    }

    pub fn set_limits(&self, limits: Limits) {
        self.core.workspace.write(|workspace| workspace.limits = limits);
    }

    /// How often tunebot called so often that it was refused. Injected refusals do not count.
    pub fn violations(&self) -> u32 {
        self.read(|workspace| workspace.violations)
    }

    /// The arguments of all calls that were taken, with their methods.
    pub fn sent(&self) -> Vec<(String, serde_json::Value)> {
        self.read(|workspace| workspace.sent.clone())
    }

    /// A further public channel, with the bot in it.
    pub fn open_channel(&self, id: &str, name: &str) {
        let channel = workspace::Channel::new(id, name);
        self.core.workspace.write(|workspace| workspace.channels.insert(id.to_owned(), channel));
    }

    /// Takes a scope away from the bot's token.
    pub fn revoke_scope(&self, scope: &str) {
        self.core.workspace.write(|workspace| workspace.scopes.remove(scope));
    }

    /// The bot's token is no longer valid.
    pub fn revoke_token(&self) {
        self.core.workspace.write(|workspace| workspace.token.clear());
    }

    /// # Panics
    /// There is no such channel.
    pub fn archive(&self, channel: &str) {
        self.core.workspace.write(|workspace| workspace.channel_mut(channel).is_archived = true);
    }

    /// A person writes something; returns the message's `ts`.
    ///
    /// # Panics
    /// There is no such channel, or no such thread in it.
    pub fn say(&self, channel: &str, user: &str, thread: Option<&str>, text: &str) -> String {
        let author = Author::Person(user.to_owned());
        self.core.workspace.write(|workspace| workspace.say(channel, author, thread, text))
    }

    /// Somebody deletes a message.
    pub fn delete(&self, channel: &str, ts: &str) {
        self.core
            .workspace
            .write(|workspace| workspace.channel_mut(channel).messages.retain(|message| message.ts != ts));
    }

    pub fn read<R>(&self, look: impl FnOnce(&Workspace) -> R) -> R {
        self.core.workspace.read(look)
    }

    /// Messages of `channel` in order, replies of threads among them.
    ///
    /// # Panics
    /// There is no such channel.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.read(|workspace| workspace.channel(channel).messages.clone())
    }

    /// The one message that the bot has in `channel` outside of threads.
    ///
    /// # Panics
    /// There is none, or there are several.
    pub fn only_message(&self, channel: &str) -> Message {
        let messages = self.messages(channel);
        let own: Vec<_> = messages.iter().filter(|m| m.author == Author::App && m.thread_ts.is_none()).collect();
        assert_eq!(own.len(), 1, "one message of the bot is expected in {channel}:\n{}", self.render(channel));
        own[0].clone()
    }

    /// Waits until `find` finds something in the workspace.
    ///
    /// # Panics
    /// In vain; the panic shows all channels.
    pub async fn wait_for<R>(&self, what: &str, find: impl FnMut(&Workspace) -> Option<R>) -> R {
        self.core.workspace.wait_for(what, find, text::render_all).await
    }

    /// Waits for a message of the bot in `channel` that shows `part`, in blocks or text.
    ///
    /// # Panics
    /// In vain.
    pub async fn wait_for_text(&self, channel: &str, part: &str) -> Message {
        self.wait_for(&format!("{part:?} in {channel}"), |workspace| {
            let messages = &workspace.channel(channel).messages;
            messages.iter().find(|m| m.author == Author::App && workspace.shown(m).contains(part)).cloned()
        })
        .await
    }

    /// The channel as a person reads it, threads under their messages.
    ///
    /// # Panics
    /// There is no such channel.
    pub fn render(&self, channel: &str) -> String {
        self.read(|workspace| text::render(workspace, channel))
    }
}

async fn answer(
    State(core): State<Arc<Core>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if uri.path().starts_with(files::UPLOADS) {
        let fault = core.faults.meet(UPLOAD);
        return perform(fault, &wire, api::refuse, || {
            core.workspace.write(|workspace| files::take(workspace, uri.path(), &method, &body))
        })
        .await;
    }
    if let Some(token) = uri.path().strip_prefix("/response/") {
        let status = core.workspace.write(|workspace| interactive::whispered(workspace, token, &body));
        return axum::http::StatusCode::from_u16(status).expect("a status").into_response();
    }
    let Some(name) = uri.path().strip_prefix("/api/") else {
        return (axum::http::StatusCode::NOT_FOUND, "not a method of the Web API").into_response();
    };
    let fault = core.faults.meet(name);
    perform(fault, &wire, api::refuse, || {
        if name == "apps.connections.open" {
            let bearer = headers.get(axum::http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            return axum::Json(core.sockets.open(bearer)).into_response();
        }
        let call = api::Call { http: &method, uri: &uri, headers: &headers, body: &body, now: Instant::now() };
        core.workspace.write(|workspace| api::answer(workspace, name, &call))
    })
    .await
}
