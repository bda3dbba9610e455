//! Check runs on commits, and the commit statuses that take their place where only a token is at hand.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::ids::{CommitSha, Repository};
use crate::domain::report::Report;
use crate::notify::links::Chart;

use super::client::{Call, Github};
use super::comments::Identified;
use super::errors::GithubError;
use super::markdown::{Check, CheckConclusion, CheckStatus};

/// Pages of check runs of one commit and name that are looked through for one whose receipt was lost.
const MOST_PAGES: usize = 10;

/// A check run to create or to bring up to date.
pub struct CheckRun<'a> {
    pub repository: &'a Repository,
    pub sha: &'a CommitSha,
    /// `external_id`, by which it is found again.
    pub slot: &'a str,
    pub check: &'a Check,
    pub report: &'a Report,
    /// Where "Details" leads.
    pub details_url: Option<&'a str>,
}

impl CheckRun<'_> {
    fn body(&self) -> Value {
        let mut body = json!({
            "name": self.check.name,
            "external_id": self.slot,
            "output": {
                "title": self.check.title,
                "summary": self.check.summary,
                "text": self.check.text,
            },
            "actions": self.check.actions.iter().map(|action| json!({
                "label": action.label,
                "description": action.description,
                "identifier": action.identifier,
            })).collect::<Vec<_>>(),
            "started_at": self.report.started_at.unwrap_or(self.report.created_at).to_string(),
        });
        if let Some(url) = self.details_url {
            body["details_url"] = json!(url);
        }
        if !self.check.images.is_empty() {
            let image = |chart: &Chart| json!({ "alt": chart.title, "image_url": chart.url });
            body["output"]["images"] = self.check.images.iter().map(image).collect();
        }
        match self.check.status {
            CheckStatus::Queued => body["status"] = json!("queued"),
            CheckStatus::InProgress => body["status"] = json!("in_progress"),
            CheckStatus::Completed(conclusion) => {
                body["status"] = json!("completed");
                body["conclusion"] = json!(name(conclusion));
                body["completed_at"] = json!(self.report.ended_at.map(|at| at.to_string()));
            }
        }
        body
    }

    fn what(&self, verb: &str) -> String {
        format!("{verb} the check run `{}` on {}@{}", self.check.name, self.repository, self.sha.short())
    }
}

impl Github {
    /// # Errors
    /// [`GithubError`]
    pub async fn create_check(&self, run: &CheckRun<'_>) -> Result<u64, GithubError> {
        let what = run.what("create");
        let call = Call { what: &what, repository: run.repository, path: &["check-runs"], query: &[] };
        let mut body = run.body();
        // A run stays on its commit, so an update has no such field.
        body["head_sha"] = json!(run.sha);
        let created: Identified = self.post(call, &body).await?;
        Ok(created.id)
    }

    /// # Errors
    /// [`GithubError::NotFound`] when it is no longer there.
    pub async fn update_check(&self, id: u64, run: &CheckRun<'_>) -> Result<(), GithubError> {
        let what = run.what("update");
        let id = id.to_string();
        let call = Call { what: &what, repository: run.repository, path: &["check-runs", &id], query: &[] };
        let _: Identified = self.patch(call, &run.body()).await?;
        Ok(())
    }

    /// The check run of ours on the commit that carries the slot.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn find_check(&self, run: &CheckRun<'_>) -> Result<Option<u64>, GithubError> {
        let what = run.what("look for");
        let query = [("check_name", run.check.name.clone()), ("filter", "all".to_owned())];
        let path = ["commits", run.sha.as_str(), "check-runs"];
        let call = Call { what: &what, repository: run.repository, path: &path, query: &query };
        let mut found = None;
        let ours = |candidate: &Candidate| {
            let app = candidate.app.as_ref().map(|app| app.id);
            candidate.external_id.as_deref() == Some(run.slot) && (app.is_none() || app == self.app())
        };
        let each = |page: Vec<Candidate>| {
            found = page.iter().find(|candidate| ours(candidate)).map(|candidate| candidate.id);
            found.is_some()
        };
        self.pages::<Candidate, Candidates>(call, MOST_PAGES, each).await?;
        Ok(found)
    }

    /// Sets the commit status of the same name. The newest one counts, so setting it again edits it.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn set_status(&self, run: &CheckRun<'_>) -> Result<u64, GithubError> {
        let what = format!("set the status `{}` of {}@{}", run.check.name, run.repository, run.sha.short());
        let path = ["statuses", run.sha.as_str()];
        let call = Call { what: &what, repository: run.repository, path: &path, query: &[] };
        let state = match run.check.status {
            CheckStatus::Queued | CheckStatus::InProgress => "pending",
            CheckStatus::Completed(CheckConclusion::Success | CheckConclusion::Neutral | CheckConclusion::Skipped) => {
                "success"
            }
            CheckStatus::Completed(CheckConclusion::Failure) => "failure",
            CheckStatus::Completed(CheckConclusion::Cancelled) => "error",
        };
        let mut body = json!({ "state": state, "context": run.check.name, "description": run.check.title });
        if let Some(url) = run.details_url {
            body["target_url"] = json!(url);
        }
        let status: Identified = self.post(call, &body).await?;
        Ok(status.id)
    }
}

fn name(conclusion: CheckConclusion) -> &'static str {
    match conclusion {
        CheckConclusion::Success => "success",
        CheckConclusion::Failure => "failure",
        CheckConclusion::Neutral => "neutral",
        CheckConclusion::Skipped => "skipped",
        CheckConclusion::Cancelled => "cancelled",
    }
}

#[derive(Deserialize)]
struct Candidates {
    #[serde(default)]
    check_runs: Vec<Candidate>,
}

impl From<Candidates> for Vec<Candidate> {
    fn from(candidates: Candidates) -> Self {
        candidates.check_runs
    }
}

#[derive(Deserialize)]
struct Candidate {
    id: u64,
    external_id: Option<String>,
    app: Option<Identified>,
}
