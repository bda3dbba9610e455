//! What the bot may do in its workspace, and what for. The app's manifest gives it just that, and `tunebot check --slack`
//! asks for just that; a test holds them together. Nothing here calls Slack.

/// A scope of the bot's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    pub name: &'static str,
    /// The methods of the Web API that ask for it, the events that need it, and the slash command.
    pub asked_by: &'static [&'static str],
    /// What people miss without it.
    pub without: &'static str,
    pub wanted_by: Feature,
}

/// Which part of the configuration makes a scope necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// The `slack` section itself.
    Slack,
    /// Channels of triggers, schedules, announcements or access, which `tunebot check --slack` looks at.
    Channels,
    /// `access.slack_groups`
    Groups,
}

pub const SCOPES: [Scope; 12] = [
    Scope { name: "commands", asked_by: &["/tune"], without: "nobody can type `/tune`", wanted_by: Feature::Slack },
    Scope {
        name: "chat:write",
        asked_by: &["chat.postMessage", "chat.update"],
        without: "no message of a sweep is posted or edited, and no command is answered",
        wanted_by: Feature::Slack,
    },
    Scope {
        name: "chat:write.public",
        asked_by: &[],
        without: "`/tune` in a public channel that the bot is not in starts a sweep without a message",
        wanted_by: Feature::Slack,
    },
    Scope {
        name: "files:write",
        asked_by: &["files.getUploadURLExternal", "files.completeUploadExternal"],
        without: "the thread of a finished sweep has no charts",
        wanted_by: Feature::Slack,
    },
    Scope {
        name: "app_mentions:read",
        asked_by: &["app_mention"],
        without: "mentions of the bot are not heard",
        wanted_by: Feature::Slack,
    },
    Scope {
        name: "im:history",
        asked_by: &["message.im", "conversations.history", "conversations.replies"],
        without: "direct messages to the bot are not heard",
        wanted_by: Feature::Slack,
    },
    Scope {
        name: "channels:history",
        asked_by: &["conversations.history", "conversations.replies"],
        without: "after a crash a message that was perhaps posted in a public channel is given up",
        wanted_by: Feature::Slack,
    },
    Scope {
        name: "groups:history",
        asked_by: &["conversations.history", "conversations.replies"],
        without: "after a crash a message that was perhaps posted in a private channel is given up",
        wanted_by: Feature::Slack,
    },
    Scope {
        name: "channels:read",
        asked_by: &["conversations.info"],
        without: "`tunebot check --slack` cannot look at public channels",
        wanted_by: Feature::Channels,
    },
    Scope {
        name: "groups:read",
        asked_by: &["conversations.info"],
        without: "`tunebot check --slack` cannot look at private channels",
        wanted_by: Feature::Channels,
    },
    Scope {
        name: "usergroups:read",
        asked_by: &["usergroups.list", "usergroups.users.list"],
        without: "nobody is let in by `access.slack_groups`",
        wanted_by: Feature::Groups,
    },
    Scope {
        name: "users:read",
        asked_by: &["users.info"],
        without: "who mentions the bot or writes to it is called by an id, not by name",
        wanted_by: Feature::Slack,
    },
];

/// What Slack tells the app of.
pub const EVENTS: [&str; 2] = ["app_mention", "message.im"];
