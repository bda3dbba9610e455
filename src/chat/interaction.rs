//! Clicks, choices in forms, and forms that are sent.

use serde_json::{Value, json};
use tracing::warn;

use super::{FrontDesk, Reply, asker, form};
use crate::ingress::slack::{Choice, Interaction, Submission};
use crate::plan::command::acknowledge;
use crate::store::{Accepted, StoreError};

impl FrontDesk {
    /// Commits what a person did; what there is to say to them alone comes after.
    ///
    /// # Errors
    /// The store did not take it.
    pub async fn interaction(&self, interaction: Interaction) -> Result<Reply, StoreError> {
        match interaction {
            Interaction::Command(call) => {
                let accepted = self.accept(&call.event).await?;
                if let (Accepted::New(_), Some(command)) = (accepted, call.command().cloned()) {
                    self.remember(&command.user, &command.user_name);
                    let desk = self.clone();
                    self.tasks.spawn(async move {
                        let text = desk.answer(&command).await;
                        desk.whisper(&call.response_url, &text).await;
                    });
                }
                Ok(Reply::Nothing)
            }
            Interaction::Open(opening) => {
                if let Accepted::New(_) = self.accept(&opening.call.event).await? {
                    self.open_form(opening.call, opening.tuning);
                }
                Ok(Reply::Nothing)
            }
            Interaction::Choose(choice) => {
                self.show_fields(choice);
                Ok(Reply::Nothing)
            }
            Interaction::Submit(submission) => self.submitted(submission).await,
            Interaction::Other(event) => self.accept(&event).await.map(|_| Reply::Nothing),
        }
    }

    /// Puts the fields of the chosen tuning in the place of the question.
    fn show_fields(&self, choice: Choice) {
        let desk = self.clone();
        self.tasks.spawn(async move {
            let Some(web) = &desk.web else { return };
            let Some(origin) = form::Origin::read(&choice.metadata) else { return };
            let view = match form::first(&desk.rules(), &origin.asker(&choice.user), &choice.tuning, origin.clone()) {
                Ok(view) => view,
                Err(refusal) => return desk.whisper(&origin.response_url, &refusal).await,
            };
            if let Err(error) = web.update_view(&choice.view, &choice.hash, &view).await {
                warn!(%error, "the fields of a form could not be shown");
            }
        });
    }

    /// A form becomes the command that it says, or tells at each wrong field what is wrong with it.
    async fn submitted(&self, submission: Submission) -> Result<Reply, StoreError> {
        let Some(origin) = form::Origin::read(&submission.metadata) else {
            return Ok(Reply::Nothing);
        };
        let rules = self.rules();
        let text = match form::command(&rules, &origin.asker(&submission.user), &origin.tuning, &submission.fields) {
            Ok(text) => text,
            Err(wrong) => {
                let errors: serde_json::Map<String, Value> =
                    wrong.into_iter().map(|(block, text)| (block, Value::from(text))).collect();
                return Ok(Reply::Body(json!({"response_action": "errors", "errors": errors})));
            }
        };
        let command = origin.command(&submission, text);
        if let Accepted::New(_) = self.accept(&submission.event(command.clone())).await? {
            self.remember(&command.user, &command.user_name);
            let desk = self.clone();
            self.tasks.spawn(async move {
                let text = acknowledge(&rules, &command.text, &asker(&command));
                desk.whisper(&origin.response_url, &text).await;
            });
        }
        Ok(Reply::Nothing)
    }
}
