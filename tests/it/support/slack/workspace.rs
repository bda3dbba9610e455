//! What the workspace knows: channels, people, messages, and what the bot may do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::fault::{Bucket, Rate};
use super::interactive::Interactive;
use super::{
    BOT_TOKEN, BOT_USER, DIRECT, MIKA, ML_PLATFORM, NIGHTLY, NOOR, RANDOM, SECRET, TEAM, TUNING, scopes, text,
};

pub struct Workspace {
    pub token: String,
    pub scopes: BTreeSet<String>,
    pub limits: Limits,
    pub channels: BTreeMap<String, Channel>,
    /// Names by user id.
    pub people: BTreeMap<String, String>,
    /// Forms, and words for one person alone.
    pub interactive: Interactive,
    pub(super) updates: Bucket,
    pub(super) reads: Bucket,
    pub(super) file_calls: BTreeMap<&'static str, Bucket>,
    /// Files by id, from the moment that there is an address to send them to.
    pub files: BTreeMap<String, File>,
    /// How often a limit was broken: what was answered with 429 because of it.
    pub violations: u32,
    /// What was sent in calls that were taken: method and arguments.
    pub sent: Vec<(String, Value)>,
    /// User groups by id.
    pub groups: BTreeMap<String, Group>,
    /// Microseconds since 1970 of the newest message.
    newest: i64,
}

/// A user group.
#[derive(Debug, Clone)]
pub struct Group {
    /// What follows the `@`.
    pub handle: String,
    /// User ids.
    pub members: BTreeSet<String>,
}

/// How often the bot may call.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `chat.postMessage`, in each channel.
    pub posts: Rate,
    /// `chat.update`, over the workspace.
    pub updates: Rate,
    /// `conversations.*`, over the workspace.
    pub reads: Rate,
    /// Each method of `files.*`, over the workspace.
    pub uploads: Rate,
}

impl Limits {
    pub const NONE: Self =
        Self { posts: Rate::UNLIMITED, updates: Rate::UNLIMITED, reads: Rate::UNLIMITED, uploads: Rate::UNLIMITED };
}

/// Slack's own: about one message a second in a channel with some room for bursts, tier 4 (100 a minute) for files, tier 3
/// (50 a minute) for the rest.
impl Default for Limits {
    fn default() -> Self {
        Self {
            posts: Rate { burst: 20, per_minute: 60 },
            updates: Rate { burst: 50, per_minute: 50 },
            reads: Rate { burst: 50, per_minute: 50 },
            uploads: Rate { burst: 100, per_minute: 100 },
        }
    }
}

pub struct Channel {
    pub id: String,
    pub name: String,
    pub bot_is_member: bool,
    pub is_private: bool,
    pub is_archived: bool,
    /// In the order of `ts`, replies among them.
    pub messages: Vec<Message>,
    /// (user, text shown) of what only one person sees.
    pub ephemeral: Vec<(String, String)>,
    pub(super) posts: Bucket,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The bot under test.
    App,
    /// A user id.
    Person(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub ts: String,
    pub author: Author,
    /// The thread that it is a reply in.
    pub thread_ts: Option<String>,
    /// Oldest first; at least one. The last is what is seen now.
    pub editions: Vec<Edition>,
    /// The files that came with it, as the Web API shows them.
    pub files: Vec<Value>,
}

/// A file on its way, or there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub length: usize,
    /// What those who do not see it are told.
    pub description: String,
    /// Once it has been sent.
    pub content: Option<Vec<u8>>,
    /// It is in a message, or private for good.
    pub is_complete: bool,
}

/// One form of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edition {
    /// With blocks, this is what notifications show.
    pub text: String,
    pub blocks: Vec<Value>,
    pub metadata: Option<Value>,
}

impl Message {
    pub fn now(&self) -> &Edition {
        self.editions.last().expect("a message has an edition")
    }

    /// A value of the metadata's payload.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.now().metadata.as_ref()?.get("event_payload")?.get(key)?.as_str()
    }
}

impl Channel {
    /// A public one, with the bot in it.
    pub(super) fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            bot_is_member: true,
            is_private: false,
            is_archived: false,
            messages: Vec::new(),
            ephemeral: Vec::new(),
            posts: Bucket::default(),
        }
    }
}

impl Workspace {
    pub(super) fn new() -> Self {
        let channel = |id: &str, name: &str, bot_is_member, is_private| {
            (id.to_owned(), Channel { bot_is_member, is_private, ..Channel::new(id, name) })
        };
        let scopes = scopes::ALL;
        let people = [(MIKA, "mika"), (NOOR, "noor"), (BOT_USER, "tunebot")];
        Self {
            token: BOT_TOKEN.to_owned(),
            scopes: scopes.map(str::to_owned).into(),
            limits: Limits::default(),
            channels: BTreeMap::from([
                channel(TUNING, "tuning", true, false),
                channel(NIGHTLY, "nightly", true, false),
                channel(RANDOM, "random", false, false),
                channel(SECRET, "secret", false, true),
                channel(DIRECT, "mika and tunebot", true, true),
            ]),
            people: people.map(|(id, name)| (id.to_owned(), name.to_owned())).into(),
            interactive: Interactive::default(),
            updates: Bucket::default(),
            reads: Bucket::default(),
            file_calls: BTreeMap::new(),
            files: BTreeMap::new(),
            violations: 0,
            sent: Vec::new(),
            groups: BTreeMap::from([(
                ML_PLATFORM.to_owned(),
                Group { handle: "ml-platform".to_owned(), members: BTreeSet::from([MIKA.to_owned()]) },
            )]),
            newest: 0,
        }
    }

    /// # Panics
    /// There is no such channel.
    pub fn channel(&self, id: &str) -> &Channel {
        self.channels.get(id).unwrap_or_else(|| panic!("no channel {id} in {:?}", self.channels.keys()))
    }

    /// # Panics
    /// There is no such channel.
    pub fn channel_mut(&mut self, id: &str) -> &mut Channel {
        self.channels.get_mut(id).unwrap_or_else(|| panic!("no channel {id}"))
    }

    /// A message as a person reads it.
    pub fn shown(&self, message: &Message) -> String {
        text::show(self, message.now())
    }

    /// A `ts` that no other message has: seconds since 1970 with six decimals, always rising.
    pub(super) fn next_ts(&mut self) -> String {
        self.newest = jiff::Timestamp::now().as_microsecond().max(self.newest + 1);
        format!("{}.{:06}", self.newest / 1_000_000, self.newest % 1_000_000)
    }

    pub(super) fn say(&mut self, channel: &str, author: Author, thread: Option<&str>, text: &str) -> String {
        let ts = self.next_ts();
        let edition = Edition { text: text.to_owned(), ..Edition::default() };
        let messages = &mut self.channel_mut(channel).messages;
        let is_thread = |ts: &str| messages.iter().any(|m| m.ts == ts && m.thread_ts.is_none());
        assert!(thread.is_none_or(is_thread), "no message {thread:?} in {channel} to reply to");
        let thread_ts = thread.map(str::to_owned);
        messages.push(Message { ts: ts.clone(), author, thread_ts, editions: vec![edition], files: Vec::new() });
        ts
    }
}

/// A message as the Web API shows it.
pub(super) fn to_json(channel: &Channel, message: &Message, with_metadata: bool) -> Value {
    let now = message.now();
    let mut json = json!({"type": "message", "text": now.text, "ts": message.ts, "team": TEAM});
    match &message.author {
        Author::App => {
            json["user"] = BOT_USER.into();
            json["bot_id"] = "B0TUNEBOT1".into();
            json["app_id"] = "A0TUNEBOT1".into();
        }
        Author::Person(user) => json["user"] = user.clone().into(),
    }
    if !now.blocks.is_empty() {
        json["blocks"] = now.blocks.clone().into();
    }
    if message.editions.len() > 1 {
        json["edited"] = json!({"user": BOT_USER, "ts": message.ts});
    }
    let replies = channel.messages.iter().filter(|reply| reply.thread_ts.as_ref() == Some(&message.ts)).count();
    if let Some(thread) = &message.thread_ts {
        json["thread_ts"] = thread.clone().into();
    } else if replies > 0 {
        json["thread_ts"] = message.ts.clone().into();
        json["reply_count"] = replies.into();
    }
    if !message.files.is_empty() {
        json["files"] = message.files.clone().into();
    }
    if let Some(metadata) = now.metadata.as_ref().filter(|_| with_metadata) {
        json["metadata"] = metadata.clone();
    }
    json
}
