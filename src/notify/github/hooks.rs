//! Deliveries of webhooks as GitHub remembers them, and asking for them again. GitHub keeps those of the last three days.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use crate::domain::ids::Repository;

use super::client::{Call, Github, Voice};
use super::errors::GithubError;
use super::transport::read;

/// Pages of a hundred deliveries that are looked through.
const MOST_PAGES: usize = 50;

/// A webhook whose deliveries can be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// The App's own, for all repositories that it is installed in.
    OfApp,
    /// One that somebody has set up for a repository.
    OfRepository { repository: Repository, id: u64 },
}

impl Hook {
    fn route(&self) -> String {
        match self {
            Self::OfApp => "/app/hook/deliveries".to_owned(),
            Self::OfRepository { repository, id } => format!("/repos/{repository}/hooks/{id}/deliveries"),
        }
    }

    fn voice(&self) -> Voice<'_> {
        match self {
            Self::OfApp => Voice::Own,
            Self::OfRepository { repository, .. } => Voice::About(repository),
        }
    }
}

/// One attempt to deliver something.
#[derive(Debug, Clone, Deserialize)]
pub struct HookDelivery {
    pub id: u64,
    /// The delivery's own name, the same for every attempt.
    pub guid: String,
    pub delivered_at: Timestamp,
    /// 0 when nothing answered.
    #[serde(default)]
    pub status_code: u16,
    pub event: String,
}

impl Github {
    /// The webhook of `repository` that posts to `url`, if there is one; only who administers the repository may ask.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn hook(&self, repository: &Repository, url: &Url) -> Result<Option<Hook>, GithubError> {
        #[derive(Deserialize)]
        struct Found {
            id: u64,
            #[serde(default)]
            config: Target,
        }
        #[derive(Default, Deserialize)]
        struct Target {
            url: Option<String>,
        }
        let what = format!("list the webhooks of {repository}");
        let query = [("per_page", "100".to_owned())];
        let hooks: Vec<Found> = self.get(Call { what: &what, repository, path: &["hooks"], query: &query }).await?;
        let ours = hooks.into_iter().find(|hook| hook.config.url.as_deref() == Some(url.as_str()));
        Ok(ours.map(|hook| Hook::OfRepository { repository: repository.clone(), id: hook.id }))
    }

    /// The deliveries since `since`, the newest first.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn deliveries(&self, hook: &Hook, since: Timestamp) -> Result<Vec<HookDelivery>, GithubError> {
        let what = "list the deliveries of the webhook";
        let mut route = Some(format!("{}?per_page=100", hook.route()));
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(page) = route.take() else { break };
            let answer = self.ask(hook.voice(), what, Method::GET, &page).await?;
            let next = answer.headers.get("link").and_then(|links| links.to_str().ok()).and_then(next_route);
            let deliveries: Vec<HookDelivery> = read(what, &answer.body)?;
            let is_past = deliveries.last().is_none_or(|oldest| oldest.delivered_at < since);
            found.extend(deliveries.into_iter().filter(|delivery| delivery.delivered_at >= since));
            route = next.filter(|_| !is_past);
        }
        Ok(found)
    }

    /// Asks GitHub to make the attempt `id` once more.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn redeliver(&self, hook: &Hook, id: u64) -> Result<(), GithubError> {
        let route = format!("{}/{id}/attempts", hook.route());
        self.ask(hook.voice(), "ask for a delivery again", Method::POST, &route).await.map(drop)
    }
}

/// The path and query of `rel="next"`.
fn next_route(links: &str) -> Option<String> {
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let url = Url::parse(next.split_once('<')?.1.split_once('>')?.0).ok()?;
    // GitHub Enterprise has its API under a path, which the client puts in front of a route by itself.
    let path = url.path().strip_prefix("/api/v3").unwrap_or(url.path());
    Some(format!("{path}?{}", url.query().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_by_its_cursor() {
        let links = r#"<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_12>; rel="next""#;
        assert_eq!(next_route(links).as_deref(), Some("/app/hook/deliveries?per_page=100&cursor=v1_12"));
        let links = r#"<https://github.acme.com/api/v3/app/hook/deliveries?cursor=v1_12>; rel="next""#;
        assert_eq!(next_route(links).as_deref(), Some("/app/hook/deliveries?cursor=v1_12"));
        assert_eq!(next_route(r#"<https://api.github.com/x?page=1>; rel="prev""#), None);
    }
}
