//! Deliveries of webhooks as GitHub remembers them, and asking for them again. GitHub keeps those of the last three days.

use jiff::Timestamp;
use octocrab::Octocrab;
use serde::Deserialize;
use url::Url;

use crate::domain::ids::Repository;

use super::client::Github;
use super::errors::{self, GithubError};

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
        let client = self.client(repository).await?;
        let route = format!("/repos/{repository}/hooks?per_page=100");
        let hooks: Vec<Found> = self.in_time(&what, client.get(route, None::<&()>)).await?;
        let ours = hooks.into_iter().find(|hook| hook.config.url.as_deref() == Some(url.as_str()));
        Ok(ours.map(|hook| Hook::OfRepository { repository: repository.clone(), id: hook.id }))
    }

    /// The deliveries since `since`, the newest first.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn deliveries(&self, hook: &Hook, since: Timestamp) -> Result<Vec<HookDelivery>, GithubError> {
        let what = "list the deliveries of the webhook";
        let client = self.speaker(hook).await?;
        let mut route = Some(format!("{}?per_page=100", hook.route()));
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(page) = route.take() else { break };
            let (text, next) = self.in_time(what, page_of(&client, page)).await?;
            let deliveries: Vec<HookDelivery> =
                serde_json::from_str(&text).map_err(|error| errors::unreadable(what, &error))?;
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
        let client = self.speaker(hook).await?;
        let route = format!("{}/{id}/attempts", hook.route());
        let asked = async {
            let answer = client._post(route, None::<&()>).await?;
            octocrab::map_github_error(answer).await.map(drop)
        };
        self.in_time("ask for a delivery again", asked).await
    }

    async fn speaker(&self, hook: &Hook) -> Result<std::sync::Arc<Octocrab>, GithubError> {
        match hook {
            Hook::OfApp => Ok(std::sync::Arc::new(self.root.clone())),
            Hook::OfRepository { repository, .. } => self.client(repository).await,
        }
    }
}

/// A page of deliveries, and the route of the next one.
async fn page_of(client: &Octocrab, route: String) -> octocrab::Result<(String, Option<String>)> {
    let answer = octocrab::map_github_error(client._get(route).await?).await?;
    let next = answer.headers().get("link").and_then(|links| links.to_str().ok()).and_then(next_route);
    Ok((client.body_to_string(answer).await?, next))
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
