//! What Slack's errors mean: try again, or tell somebody what to change.

use std::time::Duration;

use slack_morphism::errors::SlackClientError;

use crate::notify::prose;
use crate::notify::{NotifyError, causes};

/// Codes with which Slack says, in an answer that is otherwise well-formed, that it is not well itself.
const PASSING: [&str; 8] = [
    "ratelimited",
    "rate_limited",
    "message_limit_exceeded",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
];

/// Codes of an edit whose message is no longer there, or no longer ours to edit.
const GONE: [&str; 4] = ["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"];

/// The message that was to be edited cannot be edited any more.
pub fn is_gone(error: &SlackClientError) -> bool {
    matches!(error, SlackClientError::ApiError(error) if GONE.contains(&error.code.as_str()))
}

/// Sorts an error of a call of `method` about `channel` by what can be done about it.
pub fn classify(method: &str, channel: &str, error: &SlackClientError) -> NotifyError {
    match error {
        SlackClientError::RateLimitError(limit) => NotifyError::Transient {
            message: format!("Slack takes no more {method} for the moment"),
            after: Some(limit.retry_after.unwrap_or(Duration::from_secs(1))),
        },
        SlackClientError::ApiError(error) if PASSING.contains(&error.code.as_str()) => {
            NotifyError::Transient { message: format!("Slack answered {method} with {}", error.code), after: None }
        }
        SlackClientError::ApiError(error) => NotifyError::Permanent {
            message: format!(
                "Slack refused {method} to {channel} with {}: {}",
                prose::line(&error.code, 80),
                remedy(method, &error.code, error.http_response_body.as_deref())
            ),
        },
        SlackClientError::HttpError(error) if error.status_code.is_client_error() && error.status_code != 408 => {
            NotifyError::Permanent {
                message: format!(
                    "Slack answered {method} with HTTP {}: check slack.api_url in the configuration",
                    error.status_code
                ),
            }
        }
        SlackClientError::HttpError(error) => NotifyError::Transient {
            message: format!("Slack answered {method} with HTTP {}", error.status_code),
            after: None,
        },
        // The texts of these may hold whole answers; the kind says enough.
        SlackClientError::ProtocolError(error) => {
            let message = format!("Slack's answer to {method} is not what was expected: {}", error.json_error);
            NotifyError::Transient { message, after: None }
        }
        SlackClientError::HttpProtocolError(error) => {
            let cause =
                error.cause.as_ref().map_or_else(|| "connection failed".to_owned(), |cause| causes(cause.as_ref()));
            NotifyError::Transient { message: format!("Slack could not be reached for {method}: {cause}"), after: None }
        }
        SlackClientError::SystemError(_)
        | SlackClientError::EndOfStream(_)
        | SlackClientError::SocketModeProtocolError(_) => {
            NotifyError::Transient { message: format!("the connection to Slack broke during {method}"), after: None }
        }
    }
}

/// What to do about an error that another attempt will not mend.
fn remedy(method: &str, code: &str, body: Option<&str>) -> String {
    let text = match code {
        "channel_not_found" => {
            "use the channel's id (C…), and invite the bot if the channel is private: /invite @tunebot"
        }
        "not_in_channel" => "invite the bot: /invite @tunebot",
        "is_archived" => "the channel is archived; unarchive it or name another one in the configuration",
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "the bot token is not valid; install the app again and put its bot token (xoxb-…) into the configuration"
        }
        "missing_scope" | "no_permission" | "not_allowed_token_type" => return scope_remedy(method, body),
        "restricted_action" | "restricted_action_read_only_channel" | "restricted_action_thread_only_channel" => {
            "who may post in this channel is restricted; ask an admin of the workspace to allow the app"
        }
        "msg_too_long" | "msg_blocks_too_long" | "invalid_blocks" | "invalid_blocks_format" | "no_text" => {
            "the message is malformed; this is a bug in tunebot, please report it"
        }
        "thread_not_found" | "cannot_reply_to_message" => "the message that began the thread was deleted",
        "ekm_access_denied" | "team_access_not_granted" | "org_login_required" => {
            "the workspace does not let the app in; ask its admin"
        }
        _ => return format!("see the errors of https://api.slack.com/methods/{method}"),
    };
    text.to_owned()
}

/// Slack says which scope is needed; where it does not, the method tells.
fn scope_remedy(method: &str, body: Option<&str>) -> String {
    #[derive(serde::Deserialize)]
    struct Scopes {
        needed: Option<String>,
    }
    let needed = body.and_then(|body| serde_json::from_str::<Scopes>(body).ok()).and_then(|scopes| scopes.needed);
    let needed = needed.map(|scopes| prose::line(&scopes, 120)).unwrap_or_else(|| {
        let usual = if method.starts_with("conversations.") {
            "channels:history and, for private channels, groups:history"
        } else {
            "chat:write"
        };
        usual.to_owned()
    });
    format!("give the app the scope {needed} and install it again")
}
