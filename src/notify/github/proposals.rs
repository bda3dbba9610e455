//! Pull requests of our own, found again by the branches that they join and the hidden marker in their first line.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::ids::Repository;

use super::client::{Call, Github};
use super::errors::GithubError;

/// Which branch is to go where.
#[derive(Debug, Clone, Copy)]
pub struct Branches<'a> {
    pub repository: &'a Repository,
    pub head: &'a str,
    pub base: &'a str,
}

/// An open pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub number: u64,
    pub url: String,
    pub body: String,
    pub has_reviewers: bool,
}

impl Github {
    /// GitHub takes at most one open pull request from a branch to another.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn open_proposal(&self, branches: Branches<'_>) -> Result<Option<Proposal>, GithubError> {
        let Branches { repository, head, base } = branches;
        let what = format!("look for a pull request from {head} in {repository}");
        let query = [
            ("state", "open".to_owned()),
            ("head", format!("{}:{head}", repository.owner())),
            ("base", base.to_owned()),
        ];
        let call = Call { what: &what, repository, path: &["pulls"], query: &query };
        let found: Vec<Pull> = self.get(call).await?;
        Ok(found.into_iter().next().map(Pull::into))
    }

    /// # Errors
    /// [`GithubError`], also when there is one already.
    pub async fn create_proposal(
        &self,
        branches: Branches<'_>,
        title: &str,
        body: &str,
    ) -> Result<Proposal, GithubError> {
        let Branches { repository, head, base } = branches;
        let what = format!("open a pull request from {head} to {base} in {repository}");
        let call = Call { what: &what, repository, path: &["pulls"], query: &[] };
        let text = json!({ "title": title, "body": body, "head": head, "base": base });
        Ok(self.post::<_, Pull>(call, &text).await?.into())
    }

    /// # Errors
    /// [`GithubError`]
    pub async fn update_proposal(
        &self,
        repository: &Repository,
        number: u64,
        title: &str,
        body: &str,
    ) -> Result<(), GithubError> {
        let what = format!("edit {repository}#{number}");
        let number = number.to_string();
        let call = Call { what: &what, repository, path: &["pulls", &number], query: &[] };
        let _: Value = self.patch(call, &json!({ "title": title, "body": body })).await?;
        Ok(())
    }

    /// # Errors
    /// [`GithubError`]
    pub async fn add_labels(&self, repository: &Repository, number: u64, labels: &[String]) -> Result<(), GithubError> {
        let what = format!("label {repository}#{number}");
        let number = number.to_string();
        let call = Call { what: &what, repository, path: &["issues", &number, "labels"], query: &[] };
        let _: Value = self.post(call, &json!({ "labels": labels })).await?;
        Ok(())
    }

    /// Asks for reviews: of logins, and of teams as `owner/team`.
    ///
    /// # Errors
    /// [`GithubError`], also when one of them may not review there.
    pub async fn ask_for_reviews(
        &self,
        repository: &Repository,
        number: u64,
        reviewers: &[String],
    ) -> Result<(), GithubError> {
        let what = format!("ask for reviews of {repository}#{number}");
        let number = number.to_string();
        let call = Call { what: &what, repository, path: &["pulls", &number, "requested_reviewers"], query: &[] };
        let people: Vec<&String> = reviewers.iter().filter(|name| !name.contains('/')).collect();
        let teams: Vec<&str> = reviewers.iter().filter_map(|name| Some(name.split_once('/')?.1)).collect();
        let _: Value = self.post(call, &json!({ "reviewers": people, "team_reviewers": teams })).await?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    #[serde(default)]
    html_url: String,
    body: Option<String>,
    #[serde(default)]
    requested_reviewers: Vec<Value>,
    #[serde(default)]
    requested_teams: Vec<Value>,
}

impl From<Pull> for Proposal {
    fn from(pull: Pull) -> Self {
        Self {
            number: pull.number,
            url: pull.html_url,
            body: pull.body.unwrap_or_default(),
            has_reviewers: !pull.requested_reviewers.is_empty() || !pull.requested_teams.is_empty(),
        }
    }
}
