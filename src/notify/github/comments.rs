//! Comments on pull requests, found again by the hidden marker in their first line.

use serde::Deserialize;
use serde_json::json;

use crate::domain::effect::Reaction;
use crate::domain::ids::Repository;

use super::client::{Call, Github};
use super::errors::GithubError;

/// Pages of comments that are looked through for one whose receipt was lost: 3,000 comments.
const MOST_PAGES: usize = 30;

impl Github {
    /// # Errors
    /// [`GithubError`]
    pub async fn create_comment(&self, repository: &Repository, number: u64, body: &str) -> Result<u64, GithubError> {
        let what = format!("comment on {repository}#{number}");
        let number = number.to_string();
        let call = Call { what: &what, repository, path: &["issues", &number, "comments"], query: &[] };
        let comment: Identified = self.post(call, &json!({ "body": body })).await?;
        Ok(comment.id)
    }

    /// Sets a sign on a comment; it is there once however often it is set. None when the comment was deleted.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn react(
        &self,
        repository: &Repository,
        comment: u64,
        reaction: Reaction,
    ) -> Result<Option<u64>, GithubError> {
        let what = format!("react to comment {comment} of {repository}");
        let comment = comment.to_string();
        let path = ["issues", "comments", &comment, "reactions"];
        let call = Call { what: &what, repository, path: &path, query: &[] };
        match self.post::<_, Identified>(call, &json!({ "content": reaction.name() })).await {
            Ok(set) => Ok(Some(set.id)),
            Err(GithubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// [`GithubError::NotFound`] when it was deleted.
    pub async fn update_comment(&self, repository: &Repository, id: u64, body: &str) -> Result<(), GithubError> {
        let what = format!("edit comment {id} of {repository}");
        let id = id.to_string();
        let call = Call { what: &what, repository, path: &["issues", "comments", &id], query: &[] };
        let _: Identified = self.patch(call, &json!({ "body": body })).await?;
        Ok(())
    }

    /// The comment of ours that begins with one of the markers. What others write is never taken for ours.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn find_comment(
        &self,
        repository: &Repository,
        number: u64,
        markers: &[String],
    ) -> Result<Option<u64>, GithubError> {
        let login = if self.app().is_none() { self.own_login().await? } else { None };
        let what = format!("read the comments of {repository}#{number}");
        let number = number.to_string();
        let call = Call { what: &what, repository, path: &["issues", &number, "comments"], query: &[] };
        let mut found = None;
        let ours = |comment: &Comment| {
            let begins = |body: &str| markers.iter().any(|marker| body.starts_with(marker));
            comment.is_of(self.app(), login) && comment.body.as_deref().is_some_and(begins)
        };
        let each = |page: Vec<Comment>| {
            found = page.iter().find(|comment| ours(comment)).map(|comment| comment.id);
            found.is_some()
        };
        self.pages::<Comment, Vec<Comment>>(call, MOST_PAGES, each).await?;
        Ok(found)
    }
}

#[derive(Deserialize)]
pub struct Identified {
    pub id: u64,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    body: Option<String>,
    /// Absent when the account was deleted.
    user: Option<Author>,
    performed_via_github_app: Option<Identified>,
}

#[derive(Deserialize)]
struct Author {
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl Comment {
    /// Was it written by the App `app`, or by the account `login`? Where neither is known, by any bot.
    fn is_of(&self, app: Option<u64>, login: Option<&str>) -> bool {
        let Some(author) = &self.user else { return false };
        match (app, login, &self.performed_via_github_app) {
            (Some(app), _, Some(writer)) => writer.id == app,
            (None, Some(login), _) => author.login.eq_ignore_ascii_case(login),
            _ => author.kind == "Bot",
        }
    }
}
