//! Messages that mention the app, and messages to it alone: answered by messages, which the router writes.

use std::sync::PoisonError;
use std::time::Duration;

use serde_json::json;
use tracing::{debug, warn};

use super::{FrontDesk, Reply};
use crate::domain::event::{Event, EventKind};
use crate::ingress::slack::EventsRequest;
use crate::store::StoreError;

/// A name is not worth more than this.
const NAME_PATIENCE: Duration = Duration::from_secs(1);

impl FrontDesk {
    /// Commits what happened in the workspace, if it can matter.
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn event(&self, request: EventsRequest) -> Result<Reply, StoreError> {
        match request {
            EventsRequest::Challenge(challenge) => Ok(Reply::Body(json!({"challenge": challenge}))),
            EventsRequest::Passing(why) => {
                debug!(why, "not kept");
                Ok(Reply::Nothing)
            }
            EventsRequest::Event(event) => {
                self.accept(&self.named(*event).await).await?;
                Ok(Reply::Nothing)
            }
        }
    }

    /// The event with the name of whoever wrote the message: Slack tells only an id.
    async fn named(&self, mut event: Event) -> Event {
        if let EventKind::SlashCommand(command) = &mut event.kind
            && command.user_name.is_empty()
        {
            command.user_name = self.name_of(&command.user).await;
        }
        event
    }

    /// Empty when it cannot be had: messages then show the id.
    async fn name_of(&self, user: &str) -> String {
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(user).cloned();
        if let Some(known) = known {
            return known;
        }
        let Some(web) = &self.web else { return String::new() };
        match tokio::time::timeout(NAME_PATIENCE, web.user_name(user)).await {
            Ok(Ok(name)) => {
                self.remember(user, &name);
                name
            }
            Ok(Err(error)) => {
                warn!(%error, "the name of a person is not known; messages show the id");
                String::new()
            }
            Err(_) => String::new(),
        }
    }
}
