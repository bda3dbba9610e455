//! What a fork's pull request is told about its head: a comment that is edited with each push, and a check that waits.

use serde_json::json;

use crate::domain::approval::ForkNotice;
use crate::domain::effect::Receipt;
use crate::domain::ids::{CommitSha, Repository};
use crate::notify::Delivery;
use crate::notify::phrases::Phrase;

use super::client::{Call, Github};
use super::comments::Identified;
use super::errors::GithubError;
use super::markup;

/// The comment, which begins with the hidden marker of `slot`.
pub fn comment(slot: &str, notice: &ForkNotice) -> String {
    format!("{}\n{}", markup::marker(slot), text(notice))
}

fn text(notice: &ForkNotice) -> String {
    let short = notice.sha.short();
    let phrase = match &notice.allowed_by {
        None => Phrase::default()
            .words("This PR comes from a fork. A maintainer can allow tuning of commit ")
            .code(short)
            .words(" with ")
            .code(format!("/tune approve {short}"))
            .words("; the next push needs it again."),
        Some(by) => Phrase::default()
            .words("This PR comes from a fork. ")
            .words(format!("@{by} has allowed tuning of commit "))
            .code(short)
            .words("; the next push needs it again."),
    };
    markup::phrase(&phrase)
}

impl Github {
    /// Writes the check that waits. It is never edited: once the commit is allowed, the check of the sweep has the same name
    /// and takes its place.
    ///
    /// # Errors
    /// [`GithubError`]
    pub(super) async fn write_fork_check(
        &self,
        delivery: &Delivery<'_>,
        repository: &Repository,
        sha: &CommitSha,
        notice: &ForkNotice,
    ) -> Result<Receipt, GithubError> {
        // Written twice after a crash, it says the same.
        if let Some(receipt @ Receipt::GithubCheck { .. }) = delivery.receipt {
            return Ok(receipt.clone());
        }
        let name = notice.tuning.as_ref().map_or_else(|| "tunebot".to_owned(), |tuning| format!("tunebot / {tuning}"));
        let title = "waits for a maintainer";
        let what = format!("create the check run `{name}` on {repository}@{}", sha.short());
        if self.app().is_none() {
            let call = Call { what: &what, repository, path: &["statuses", sha.as_str()], query: &[] };
            let body = json!({ "state": "pending", "context": name, "description": title });
            let status: Identified = self.post(call, &body).await?;
            return Ok(Receipt::GithubCheck { id: status.id });
        }
        let call = Call { what: &what, repository, path: &["check-runs"], query: &[] };
        let body = json!({
            "name": name,
            "head_sha": sha,
            "external_id": delivery.notification.slot,
            "status": "completed",
            "conclusion": "action_required",
            "output": { "title": title, "summary": text(notice) },
        });
        let created: Identified = self.post(call, &body).await?;
        Ok(Receipt::GithubCheck { id: created.id })
    }
}
