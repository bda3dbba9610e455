//! Looks over the workspace: is everything there that tunebot needs? For `tunebot check --slack`; nothing is changed, and
//! nothing is posted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use super::scopes::{Feature, SCOPES, Scope};
use super::web::{SlackWeb, WebError};
use crate::notify::prose;

/// How often a call is made that Slack takes no more of for the moment.
const ATTEMPTS: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const APPS: &str = "https://api.slack.com/apps";

/// What the configuration asks of Slack.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Channels by id, each with where it is named.
    pub channels: BTreeMap<String, BTreeSet<String>>,
    /// User groups by id, each with where it is named.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// For Socket Mode.
    pub app_token: Option<SecretString>,
}

/// What there is, and what is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Whose the token is: `tunebot in Acme (https://acme.slack.com/)`. None if Slack does not say.
    pub bot: Option<String>,
    /// Each with how to mend it.
    pub findings: Vec<String>,
}

/// Whose the token is.
struct Bot {
    shown: String,
    name: String,
    is_bot: bool,
    /// None if Slack does not say.
    scopes: Option<BTreeSet<String>>,
}

impl SlackWeb {
    /// Everything that is missing, each with how to mend it; nothing, if all is there.
    pub async fn inspect(&self, wanted: &Wanted) -> Inspection {
        let mut inspection = Inspection::default();
        match self.bot().await {
            Ok(bot) => {
                inspection.findings.extend(bot.lacks(wanted));
                inspection.findings.extend(self.inspect_channels(wanted, &bot).await);
                inspection.findings.extend(self.inspect_groups(wanted, &bot).await);
                inspection.bot = Some(bot.shown);
            }
            Err(WebError::Refused { code, .. }) => inspection.findings.push(format!(
                "slack.bot_token: Slack refuses it with {}: install the app again at {APPS} and take its bot token (xoxb-…)",
                prose::line(&code, 80)
            )),
            // It would not be reached for the rest either.
            Err(error) => {
                let hint = "is Slack well, and may this machine reach slack.api_url?";
                inspection.findings.push(format!("{error}: {hint}"));
                return inspection;
            }
        }
        inspection.findings.extend(self.inspect_app_token(wanted).await);
        inspection
    }

    async fn bot(&self) -> Result<Bot, WebError> {
        let (headers, answer) = self.ask("auth.test", &[]).await?;
        let text = |name: &str| prose::line(answer[name].as_str().unwrap_or_default(), 80);
        let scopes = headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok());
        Ok(Bot {
            shown: format!("{} in {} ({})", text("user"), text("team"), text("url")),
            name: text("user"),
            is_bot: answer["bot_id"].is_string(),
            scopes: scopes.map(|scopes| scopes.split(',').map(|scope| scope.trim().to_owned()).collect()),
        })
    }

    async fn inspect_channels(&self, wanted: &Wanted, bot: &Bot) -> Vec<String> {
        let mut findings = Vec::new();
        // Between a person and the bot there is nothing to be invited to.
        for (id, named) in wanted.channels.iter().filter(|(id, _)| !id.starts_with('D')) {
            let invite = format!("type `/invite @{}` there", bot.name);
            let (name, trouble) = match self.ask("conversations.info", &[("channel", id)]).await {
                Ok((_, answer)) => match channel_trouble(&answer["channel"], &invite) {
                    Some(trouble) => (answer["channel"]["name"].as_str().map(|name| prose::line(name, 80)), trouble),
                    None => continue,
                },
                Err(WebError::Refused { code, .. }) if code == "channel_not_found" => (
                    None,
                    format!("it does not exist, or it is private and the bot is not in it: check the id, or {invite}"),
                ),
                Err(error) if bot.explains(&error) => continue,
                Err(error) => (None, error.to_string()),
            };
            let name = name.map(|name| format!(" #{name}")).unwrap_or_default();
            findings.push(format!("channel {id}{name} ({}): {trouble}", listed(named)));
        }
        findings
    }

    async fn inspect_groups(&self, wanted: &Wanted, bot: &Bot) -> Vec<String> {
        if wanted.groups.is_empty() {
            return Vec::new();
        }
        let known: BTreeSet<String> = match self.ask("usergroups.list", &[]).await {
            Ok((_, answer)) => {
                let groups = answer["usergroups"].as_array().into_iter().flatten();
                groups.filter_map(|group| group["id"].as_str().map(str::to_owned)).collect()
            }
            Err(error) if bot.explains(&error) => return Vec::new(),
            Err(error) => return vec![error.to_string()],
        };
        let unknown = wanted.groups.iter().filter(|(id, _)| !known.contains(*id));
        let finding = |(id, named): (&String, &BTreeSet<String>)| {
            format!("user group {id} ({}): it does not exist, or it is disabled: check the id", listed(named))
        };
        unknown.map(finding).collect()
    }

    async fn inspect_app_token(&self, wanted: &Wanted) -> Option<String> {
        // The address that is opened so is never connected to, and soon void.
        let refused = self.open_connection(wanted.app_token.as_ref()?).await.err()?;
        Some(match refused {
            WebError::Refused { code, .. } => format!(
                "slack.app_token: Slack refuses it with {}: make an app-level token (xapp-…) with the scope \
                 connections:write at {APPS}, Basic Information, and enable Socket Mode",
                prose::line(&code, 80)
            ),
            error => error.to_string(),
        })
    }

    /// With patience: nobody waits for the answer within seconds.
    async fn ask(
        &self,
        method: &'static str,
        arguments: &[(&str, &str)],
    ) -> Result<(reqwest::header::HeaderMap, Value), WebError> {
        for _ in 1..ATTEMPTS {
            match self.look(method, arguments).await {
                Err(WebError::Limited { after, .. }) => {
                    tokio::time::sleep(after.unwrap_or(Duration::from_secs(1)).min(LONGEST_PAUSE)).await;
                }
                answer => return answer,
            }
        }
        self.look(method, arguments).await
    }
}

impl Bot {
    /// What the token cannot do.
    fn lacks(&self, wanted: &Wanted) -> Vec<String> {
        if !self.is_bot {
            return vec![format!(
                "slack.bot_token: it is the token of a person: take the app's bot token (xoxb-…) at {APPS}, OAuth & Permissions"
            )];
        }
        let Some(granted) = &self.scopes else { return Vec::new() };
        let is_wanted = |scope: &&Scope| match scope.wanted_by {
            Feature::Slack => true,
            Feature::Channels => !wanted.channels.is_empty(),
            Feature::Groups => !wanted.groups.is_empty(),
        };
        let missing = SCOPES.iter().filter(is_wanted).filter(|scope| !granted.contains(scope.name));
        let missing: Vec<String> =
            missing.map(|scope| format!("the app lacks the scope {}: {}", scope.name, scope.without)).collect();
        match missing.split_last() {
            // One way to mend them all; said once.
            Some((last, others)) => {
                let mend = format!(
                    "{last}\n  add what is missing to the Bot Token Scopes at {APPS}, OAuth & Permissions, and install the app again"
                );
                others.iter().cloned().chain([mend]).collect()
            }
            None => missing,
        }
    }

    /// Has the missing scope been said already?
    fn explains(&self, error: &WebError) -> bool {
        self.scopes.is_some() && matches!(error, WebError::Refused { code, .. } if code == "missing_scope")
    }
}

fn channel_trouble(channel: &Value, invite: &str) -> Option<String> {
    if channel["is_archived"] == true {
        return Some("it is archived: unarchive it, or name another one".to_owned());
    }
    (channel["is_member"] != true).then(|| format!("the bot is not in it: {invite}"))
}

fn listed(named: &BTreeSet<String>) -> String {
    named.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
