//! Looks over the App, or the token: is everything there that tunebot needs? For `tunebot check --github`; nothing is
//! changed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use url::Url;

use crate::domain::ids::Repository;

use super::client::{Github, Voice};
use super::errors::GithubError;
use super::rights::{EVENTS, RIGHT_TO_APPLY, RIGHTS, Right};
use super::transport::read;

/// What the configuration asks of GitHub.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The repositories that it names.
    pub repositories: BTreeSet<Repository>,
    /// Where webhooks are to go.
    pub webhook: Url,
    /// Some tuning writes its best parameters into a repository.
    pub applies: bool,
}

impl Wanted {
    fn rights(&self) -> impl Iterator<Item = Right> {
        let applies = self.applies;
        RIGHTS
            .into_iter()
            .filter(move |right| !(applies && right.name == RIGHT_TO_APPLY.name))
            .chain(applies.then_some(RIGHT_TO_APPLY))
    }
}

#[derive(Deserialize)]
struct AppPage {
    slug: String,
    html_url: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    events: Vec<String>,
    owner: Option<Owner>,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    secret: Option<String>,
}

#[derive(Deserialize)]
struct InstallationPage {
    html_url: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    suspended_at: Option<String>,
}

#[derive(Deserialize)]
struct TokenOwner {
    login: String,
}

#[derive(Deserialize)]
struct RepositoryPage {
    #[serde(default)]
    permissions: BTreeMap<String, bool>,
}

impl AppPage {
    /// A page of the App's settings.
    fn settings(&self, page: &str) -> String {
        let site =
            self.html_url.split("/apps/").next().unwrap_or("https://github.com").trim_end_matches("/github-apps");
        match &self.owner {
            Some(Owner { login, kind }) if kind == "Organization" => {
                format!("{site}/organizations/{login}/settings/apps/{}{page}", self.slug)
            }
            _ => format!("{site}/settings/apps/{}{page}", self.slug),
        }
    }
}

impl Github {
    /// Everything that is missing, each with where to mend it; empty if nothing is.
    pub async fn inspect(&self, wanted: &Wanted) -> Vec<String> {
        let found = if self.is_app() { self.inspect_app(wanted).await } else { self.inspect_token(wanted).await };
        found.unwrap_or_else(|error| vec![error.to_string()])
    }

    async fn inspect_app(&self, wanted: &Wanted) -> Result<Vec<String>, GithubError> {
        let app: AppPage = self.get_as(Voice::Own, "read the App", "/app").await?;
        let mut findings = Vec::new();
        for right in
            wanted.rights().filter(|right| !right.is_within(app.permissions.get(right.name).map(String::as_str)))
        {
            findings.push(format!(
                "the App {} lacks {}: {} {}: set Repository permissions, {} to \"{}\" at {}",
                app.slug,
                right.name,
                right.level(),
                right.why,
                right.title,
                if right.write { "Read and write" } else { "Read-only" },
                app.settings("/permissions")
            ));
        }
        for (event, why) in EVENTS.iter().filter(|(event, _)| !app.events.iter().any(|known| known == event)) {
            let page = app.settings("/permissions");
            findings.push(format!(
                "the App {} is not told of {event} ({why}): tick it under Subscribe to events at {page}",
                app.slug
            ));
        }
        findings.extend(self.inspect_hook(wanted, &app).await?);
        for repository in &wanted.repositories {
            findings.extend(self.inspect_installation(wanted, &app, repository).await?);
        }
        Ok(findings)
    }

    async fn inspect_hook(&self, wanted: &Wanted, app: &AppPage) -> Result<Vec<String>, GithubError> {
        let hook: HookConfig = match self.get_as(Voice::Own, "read the App's webhook", "/app/hook/config").await {
            Ok(hook) => hook,
            Err(GithubError::NotFound { .. }) => HookConfig { url: None, content_type: None, secret: None },
            Err(error) => return Err(error),
        };
        let page = app.settings("");
        let mut findings = Vec::new();
        match hook.url.as_deref().filter(|url| !url.is_empty()) {
            None => findings.push(format!("the App {} has no webhook: set its URL to {} at {page}", app.slug, wanted.webhook)),
            Some(url) if url.trim_end_matches('/') != wanted.webhook.as_str() => findings.push(format!(
                "the webhook of the App {} goes to {url}, this server expects it at {}: change it at {page}, or server.public_url",
                app.slug, wanted.webhook
            )),
            Some(_) => {}
        }
        if hook.content_type.as_deref().is_some_and(|kind| kind != "json") {
            findings.push(format!(
                "the webhook of the App {} does not send JSON: set its content type at {page}",
                app.slug
            ));
        }
        if hook.url.is_some() && hook.secret.is_none() {
            findings.push(format!(
                "the webhook of the App {} is not signed: set its secret to the one of github.webhook_secrets at {page}",
                app.slug
            ));
        }
        Ok(findings)
    }

    async fn inspect_installation(
        &self,
        wanted: &Wanted,
        app: &AppPage,
        repository: &Repository,
    ) -> Result<Vec<String>, GithubError> {
        let what = format!("find the App's installation on {repository}");
        let route = format!("/repos/{repository}/installation");
        let found: InstallationPage = match self.get_as(Voice::Own, &what, &route).await {
            Ok(found) => found,
            Err(GithubError::NotFound { .. }) => {
                let page = format!("{}/installations/new", app.html_url);
                return Ok(vec![format!(
                    "the App {} is not installed in {repository}: install it at {page}",
                    app.slug
                )]);
            }
            Err(error) => return Err(error),
        };
        if found.suspended_at.is_some() {
            return Ok(vec![format!("the App {} is suspended in {repository}: {}", app.slug, found.html_url)]);
        }
        let granted = |right: &Right| right.is_within(app.permissions.get(right.name).map(String::as_str));
        let accepted = |right: &Right| right.is_within(found.permissions.get(right.name).map(String::as_str));
        // What the App itself lacks has been said.
        let missing = wanted.rights().filter(|right| granted(right) && !accepted(right));
        let missing: Vec<String> = missing.map(|right| format!("{}: {}", right.name, right.level())).collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let missing = missing.join(", ");
        Ok(vec![format!(
            "{repository} has not accepted that the App {} may have {missing}: {}",
            app.slug, found.html_url
        )])
    }

    async fn inspect_token(&self, wanted: &Wanted) -> Result<Vec<String>, GithubError> {
        use http::Method;
        let what = "ask whose token this is";
        let answer = self.ask(Voice::Own, what, Method::GET, "/user").await?;
        let scopes = answer.headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok()).map(str::to_owned);
        let owner: TokenOwner = read(what, &answer.body)?;
        let mut findings = Vec::new();
        // A fine-grained token has no scopes; what it may do shows only in each repository.
        if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty())
            && !scopes.split(',').any(|scope| matches!(scope.trim(), "repo" | "public_repo"))
        {
            findings.push(format!(
                "the token of {} has the scopes {scopes}: it needs repo (public_repo for public repositories)",
                owner.login
            ));
        }
        for repository in &wanted.repositories {
            let what = format!("read {repository}");
            let page: RepositoryPage = match self.get_as(Voice::Own, &what, &format!("/repos/{repository}")).await {
                Ok(page) => page,
                Err(GithubError::NotFound { .. }) => {
                    findings.push(format!(
                        "the token of {} cannot see {repository}: is the name right, and the token allowed there?",
                        owner.login
                    ));
                    continue;
                }
                Err(error) => return Err(error),
            };
            if !page.permissions.get("push").copied().unwrap_or(false) {
                findings.push(format!(
                    "the token of {} may not write to {repository}, so it cannot set commit statuses there",
                    owner.login
                ));
            }
        }
        Ok(findings)
    }
}
