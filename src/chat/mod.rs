//! The front desk of Slack: what people type, click and fill in becomes an event in the inbox, and only then an answer.
//!
//! Both ways in, HTTP and Socket Mode, hand what they were sent to the same desk, so that both behave the same. What an event
//! starts is not decided here; a form is only ever another way to write a command. What is said to one person alone is said
//! once and may be lost with the connection; everything else goes by the outbox.

mod form;
mod interaction;
mod lookup;
mod message;
pub mod socket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::config::Config;
use crate::domain::event::{Event, SlashCommand};
use crate::domain::rules::Rules;
use crate::ingress::slack::Call;
use crate::notify::slack::{SlackWeb, WebError};
use crate::plan::command::{Asker, acknowledge, help};
use crate::store::{Accepted, Store, StoreError};
use crate::telemetry::Metrics;

/// Slack shows an error when it has no answer to a command after three seconds.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Names of people that are kept at hand.
const NAMES_AT_HAND: usize = 1000;

/// What is sent back to Slack in answer to a request of its.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Only that it was taken in: any word would change the message or the form.
    Nothing,
    Body(Value),
}

/// The desk; cheap to clone.
#[derive(Clone)]
pub struct FrontDesk {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    telemetry: Arc<Metrics>,
    /// None where Slack is not configured.
    web: Option<Arc<SlackWeb>>,
    patience: Duration,
    /// What is still to be said when a request has been answered.
    tasks: TaskTracker,
    names: Arc<Mutex<HashMap<String, String>>>,
}

impl FrontDesk {
    /// `patience`: when a command is answered at the latest, whatever the store does.
    pub fn new(
        store: Store,
        config: watch::Receiver<Arc<Config>>,
        telemetry: Arc<Metrics>,
        web: Option<SlackWeb>,
        patience: Duration,
    ) -> Self {
        let (tasks, names) = (TaskTracker::new(), Arc::default());
        Self { store, config, telemetry, web: web.map(Arc::new), patience, tasks, names }
    }

    /// Returns when everything that is still to be said has been.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Commits a slash command, then says to the asker alone what was understood. Without words it opens a form.
    ///
    /// A store that is slower than a person's patience is not waited for: the answer says that nothing is taken in yet, and
    /// what becomes of it is said later.
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn command(&self, call: Call) -> Result<Reply, StoreError> {
        let (desk, taken) = (self.clone(), call.clone());
        let mut taking = Box::pin(async move { desk.take(&taken).await });
        if let Ok(answer) = tokio::time::timeout(self.patience, &mut taking).await {
            return answer.map(|answer| answer.map_or(Reply::Nothing, |text| Reply::Body(ephemeral(&text))));
        }
        warn!(delivery = call.event.key.delivery, "the store is slow: the command is answered before it is taken in");
        let desk = self.clone();
        self.tasks.spawn(async move {
            let text = match taking.await {
                Ok(text) => text,
                Err(error) => Some(not_taken(&error)),
            };
            if let Some(text) = text {
                desk.whisper(&call.response_url, &text).await;
            }
        });
        Ok(Reply::Body(ephemeral(SLOW)))
    }

    async fn take(&self, call: &Call) -> Result<Option<String>, StoreError> {
        let accepted = self.accept(&call.event).await?;
        let Some(command) = call.command() else {
            return Ok(Some("This request names no user or no channel. Nothing was started.".to_owned()));
        };
        self.remember(&command.user, &command.user_name);
        if command.text.is_empty() && !call.trigger.is_empty() {
            if matches!(accepted, Accepted::New(_)) {
                self.open_form(call.clone(), String::new());
            }
            return Ok(None);
        }
        Ok(Some(self.answer(command).await))
    }

    /// Commits `event` to the inbox. What this returns may be acknowledged.
    async fn accept(&self, event: &Event) -> Result<Accepted, StoreError> {
        let accepted = self.store.accept(event).await;
        let result = match &accepted {
            Ok(Accepted::New(_)) => "new",
            Ok(Accepted::Again { .. }) => "repeated",
            Err(_) => "unavailable",
        };
        self.telemetry.delivery_received(event.key.source, result);
        if let Ok(accepted) = &accepted {
            let (id, kind, delivery) = (accepted.id(), event.kind.name(), &event.key.delivery);
            info!(event = %id, kind, delivery, result, "from Slack");
        }
        accepted
    }

    /// The words for whoever gave a command that has been committed.
    async fn answer(&self, command: &SlashCommand) -> String {
        let rules = self.rules();
        match lookup::answer(&self.store, &rules, &command.text).await {
            Some(Ok(text)) => text,
            // The command itself is committed; only its answer is missing.
            Some(Err(error)) => not_read(&error),
            None => acknowledge(&rules, &command.text, &asker(command)),
        }
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.config.borrow().rules)
    }

    /// Says something to one person alone, if they can still be reached.
    async fn whisper(&self, response_url: &str, text: &str) {
        let Some(web) = self.web.as_ref().filter(|_| response_url.starts_with("http")) else { return };
        if let Err(error) = web.whisper(response_url, &escape(text)).await {
            warn!(%error, "an answer that only one person would have seen is lost");
        }
    }

    /// Keeps how a person is called: where they only click or mention, Slack does not say it.
    fn remember(&self, user: &str, name: &str) {
        if name.is_empty() {
            return;
        }
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES_AT_HAND {
            names.clear();
        }
        names.insert(user.to_owned(), name.to_owned());
    }

    fn open_form(&self, call: Call, tuning: String) {
        let desk = self.clone();
        self.tasks.spawn(async move {
            let Some(command) = call.command() else { return };
            if let Err(instead) = desk.show_form(&call, command, &tuning).await {
                desk.whisper(&call.response_url, &instead).await;
            }
        });
    }

    /// # Errors
    /// What to say instead.
    async fn show_form(&self, call: &Call, command: &SlashCommand, tuning: &str) -> Result<(), String> {
        let rules = self.rules();
        let origin = form::Origin::of(call, command);
        let view = form::first(&rules, &asker(command), tuning, origin)?;
        let Some(web) = &self.web else { return Err(help(&rules, None)) };
        web.open_view(&call.trigger, &view).await.map_err(|error| {
            warn_about_forms(&error);
            help(&rules, None)
        })
    }
}

fn asker(command: &SlashCommand) -> Asker<'_> {
    Asker::Slack { user: &command.user, channel: &command.channel }
}

fn warn_about_forms(error: &WebError) {
    warn!(%error, "a form could not be shown; whoever asked for it gets the help in words");
}

const SLOW: &str = "The store of tunebot is slow just now: your command is not taken in yet. As soon as it is, you will read \
here what was understood. If you read nothing within a minute, look at `/tune status` before you send it again.";

fn not_taken(error: &StoreError) -> String {
    tracing::error!(%error, "the store failed during a request");
    "The store of tunebot cannot be reached right now. Nothing was started; send it again in a few seconds.".to_owned()
}

fn not_read(error: &StoreError) -> String {
    tracing::error!(%error, "the store failed during a request");
    "The store of tunebot cannot be read right now. Nothing was changed; ask again in a few seconds.".to_owned()
}

fn ephemeral(text: &str) -> Value {
    json!({"response_type": "ephemeral", "text": escape(text)})
}

/// The three characters that have a meaning in Slack's texts: without them nobody is mentioned and nothing is linked.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
