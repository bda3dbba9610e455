//! GitHub as a place for messages: one comment, or one check run, that is written once and edited from then on.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::effect::{Content, Notification, Receipt};
use crate::domain::ids::{CommitSha, Repository};
use crate::domain::sweep::Destination;
use crate::notify::links::Links;
use crate::notify::pace::Urgency;
use crate::notify::{Delivery, Notifier, NotifyError};

use super::checks::CheckRun;
use super::client::Github;
use super::delivered::Delivered;
use super::errors::GithubError;
use super::fork;
use super::markdown::{self, Context};
use super::markup;

pub struct GithubNotifier {
    github: Arc<Github>,
    links: Links,
    delivered: Delivered,
}

impl GithubNotifier {
    pub fn new(github: Arc<Github>, links: Links) -> Self {
        Self { github, links, delivered: Delivered::default() }
    }

    async fn deliver_comment(
        &self,
        delivery: &Delivery<'_>,
        repository: &Repository,
        number: u64,
    ) -> Result<Receipt, NotifyError> {
        let (body, is_edited) = self.comment(delivery)?;
        let mut look = delivery.perhaps_sent;
        if let Some(Receipt::GithubComment { id }) = delivery.receipt {
            if !is_edited || self.edit(repository, *id, &body).await? {
                return Ok(Receipt::GithubComment { id: *id });
            }
            look = true;
        }
        // Under its slot alone a message of an earlier version is found, of a sweep that was under way meanwhile.
        let markers =
            [&delivery.notification.receipt_key(), &delivery.notification.slot].map(|key| markup::marker(key));
        if look
            && let Some(id) = self.github.find_comment(repository, number, &markers).await?
            && (!is_edited || self.edit(repository, id, &body).await?)
        {
            return Ok(Receipt::GithubComment { id });
        }
        let id = self.github.create_comment(repository, number, &body).await?;
        self.delivered.note(id, &body);
        Ok(Receipt::GithubComment { id })
    }

    /// The text of a comment, and whether it is one that is edited.
    fn comment(&self, delivery: &Delivery<'_>) -> Result<(String, bool), NotifyError> {
        let Notification { slot, destination, content } = delivery.notification;
        Ok(match content {
            Content::Sweep(report) => {
                let (links, charts) = (self.links.of(report), self.links.charts(report));
                let context = Context { links: &links, charts: &charts, supplement: delivery.supplement };
                (markdown::comment(&delivery.notification.receipt_key(), report, context), true)
            }
            Content::Closing(report) => {
                let mention = match destination {
                    Destination::GithubComment { mention, .. } => mention.as_deref(),
                    _ => None,
                };
                (markdown::closing(slot, report, mention), false)
            }
            Content::Answer { text } => (markdown::answer(slot, text), false),
            Content::Fork(notice) => (fork::comment(slot, notice), true),
            Content::Preview(preview) => (markdown::preview(slot, preview), true),
            Content::Detail(_) | Content::Charts(_) | Content::Reaction { .. } => return Err(no_thread()),
        })
    }

    /// Gives a comment a new text; `false`: it is no longer there.
    async fn edit(&self, repository: &Repository, id: u64, body: &str) -> Result<bool, NotifyError> {
        if self.delivered.is_last(id, body) {
            return Ok(true);
        }
        self.delivered.forget(id);
        let edited = present(self.github.update_comment(repository, id, body).await)?;
        if edited {
            self.delivered.note(id, body);
        }
        Ok(edited)
    }

    async fn deliver_check(
        &self,
        delivery: &Delivery<'_>,
        repository: &Repository,
        sha: &CommitSha,
    ) -> Result<Receipt, NotifyError> {
        if let Content::Fork(notice) = &delivery.notification.content {
            return Ok(self.github.write_fork_check(delivery, repository, sha, notice).await?);
        }
        let (Content::Sweep(report) | Content::Closing(report)) = &delivery.notification.content else {
            return Err(NotifyError::Permanent {
                message: "a check run cannot carry an answer to a command".to_owned(),
            });
        };
        let (links, charts) = (self.links.of(report), self.links.charts(report));
        let check =
            markdown::check(report, Context { links: &links, charts: &charts, supplement: delivery.supplement });
        let details_url = links.first().map(|link| link.url.as_str());
        let run = CheckRun { repository, sha, slot: &delivery.notification.slot, check: &check, report, details_url };
        if self.github.app().is_none() {
            return Ok(Receipt::GithubCheck { id: self.github.set_status(&run).await? });
        }
        let mut look = delivery.perhaps_sent;
        if let Some(Receipt::GithubCheck { id }) = delivery.receipt {
            if present(self.github.update_check(*id, &run).await)? {
                return Ok(Receipt::GithubCheck { id: *id });
            }
            look = true;
        }
        if look
            && let Some(id) = self.github.find_check(&run).await?
            && present(self.github.update_check(id, &run).await)?
        {
            return Ok(Receipt::GithubCheck { id });
        }
        Ok(Receipt::GithubCheck { id: self.github.create_check(&run).await? })
    }
}

#[async_trait]
impl Notifier for GithubNotifier {
    async fn deliver(&self, delivery: Delivery<'_>) -> Result<Receipt, NotifyError> {
        let notification = delivery.notification;
        if let Destination::GithubComment { repository, .. } | Destination::GithubCheck { repository, .. } =
            &notification.destination
        {
            let admitted = self.github.admit(repository, &notification.slot, urgency(&delivery));
            admitted.map_err(|after| NotifyError::NotYet { why: "GitHub's pace is kept".to_owned(), after })?;
        }
        match &delivery.notification.destination {
            Destination::GithubComment { repository, .. }
                if let Content::Reaction { comment, reaction } = &notification.content =>
            {
                // A comment that was deleted meanwhile needs no sign.
                let id = self.github.react(repository, *comment, *reaction).await?.unwrap_or_default();
                Ok(Receipt::GithubReaction { id })
            }
            Destination::GithubComment { repository, pull_request, .. } => {
                self.deliver_comment(&delivery, repository, *pull_request).await
            }
            Destination::GithubCheck { repository, sha } => self.deliver_check(&delivery, repository, sha).await,
            Destination::Slack { .. } => {
                Err(NotifyError::Permanent { message: "a message for Slack came to GitHub".to_owned() })
            }
        }
    }
}

fn no_thread() -> NotifyError {
    NotifyError::Permanent { message: "a line for a thread came to GitHub, which has none".to_owned() }
}

fn urgency(delivery: &Delivery<'_>) -> Urgency {
    match &delivery.notification.content {
        Content::Preview(_) | Content::Answer { .. } | Content::Reaction { .. } => Urgency::Answer,
        Content::Sweep(report) if delivery.receipt.is_some() && !report.is_final() => Urgency::Progress,
        Content::Sweep(_) | Content::Closing(_) | Content::Detail(_) | Content::Charts(_) | Content::Fork(_) => {
            Urgency::Result
        }
    }
}

/// Was the edit done? Not when there is nothing to edit any more.
fn present(edited: Result<(), GithubError>) -> Result<bool, NotifyError> {
    match edited {
        Ok(()) => Ok(true),
        Err(GithubError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
