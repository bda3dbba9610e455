//! GitHub as a place for messages: one comment, or one check run, that is written once and edited from then on.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::effect::{Content, Receipt};
use crate::domain::ids::{CommitSha, Repository};
use crate::domain::sweep::Destination;
use crate::notify::links::Links;
use crate::notify::{Delivery, Notifier, NotifyError};

use super::checks::CheckRun;
use super::client::Github;
use super::errors::GithubError;
use super::fork;
use super::markdown;

pub struct GithubNotifier {
    github: Arc<Github>,
    links: Links,
}

impl GithubNotifier {
    pub fn new(github: Arc<Github>, links: Links) -> Self {
        Self { github, links }
    }

    async fn deliver_comment(
        &self,
        delivery: &Delivery<'_>,
        repository: &Repository,
        number: u64,
    ) -> Result<Receipt, NotifyError> {
        let slot = &delivery.notification.slot;
        let (body, is_edited) = match &delivery.notification.content {
            Content::Sweep(report) => (markdown::comment(slot, report, &self.links.of(report)), true),
            Content::Closing(report) => (markdown::closing(slot, report), false),
            Content::Answer { text } => (markdown::answer(slot, text), false),
            Content::Fork(notice) => (fork::comment(slot, notice), true),
            Content::Detail(_) => return Err(no_thread()),
        };
        let mut look = delivery.perhaps_sent;
        if let Some(Receipt::GithubComment { id }) = delivery.receipt {
            if !is_edited || present(self.github.update_comment(repository, *id, &body).await)? {
                return Ok(Receipt::GithubComment { id: *id });
            }
            look = true;
        }
        if look
            && let Some(id) = self.github.find_comment(repository, number, slot).await?
            && (!is_edited || present(self.github.update_comment(repository, id, &body).await)?)
        {
            return Ok(Receipt::GithubComment { id });
        }
        Ok(Receipt::GithubComment { id: self.github.create_comment(repository, number, &body).await? })
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
        let links = self.links.of(report);
        let check = markdown::check(report, &links);
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
        match &delivery.notification.destination {
            Destination::GithubComment { repository, pull_request } => {
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

/// Was the edit done? Not when there is nothing to edit any more.
fn present(edited: Result<(), GithubError>) -> Result<bool, NotifyError> {
    match edited {
        Ok(()) => Ok(true),
        Err(GithubError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
