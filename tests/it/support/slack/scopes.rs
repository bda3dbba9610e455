//! Which scope a method asks for, as Slack's page of each method says.

/// What the bot of a new workspace has: all that a method here, an event or a slash command asks for.
pub const ALL: [&str; 12] = [
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "usergroups:read",
    "users:read",
];

/// The scope for a call of `method` about `channel`; some methods need none.
pub fn needed(method: &str, channel: Option<&str>, is_private: bool) -> Option<&'static str> {
    let is_direct = channel.is_some_and(|id| id.starts_with('D'));
    Some(match method {
        "chat.postMessage" | "chat.update" | "chat.postEphemeral" => "chat:write",
        "files.getUploadURLExternal" | "files.completeUploadExternal" => "files:write",
        "usergroups.list" | "usergroups.users.list" => "usergroups:read",
        "users.info" => "users:read",
        "conversations.history" | "conversations.replies" if is_direct => "im:history",
        "conversations.history" | "conversations.replies" if is_private => "groups:history",
        "conversations.history" | "conversations.replies" => "channels:history",
        "conversations.info" if is_direct => "im:read",
        "conversations.info" if is_private => "groups:read",
        "conversations.info" => "channels:read",
        _ => return None,
    })
}
