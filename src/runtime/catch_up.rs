//! Catching up: what GitHub told while nobody listened, or never told.
//!
//! At the start and every few minutes, deliveries that failed are asked for again, and where branches and pull requests
//! stand is compared with what the store knows. A difference that lasts becomes an event of the inbox, in the same words as
//! the delivery that is missing, under a key of its own; the rules see to it that one head is tuned once, should the
//! delivery come after all. A failure here is said and tried again at the next turn: nothing depends on it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::event::{Found, event_of};
use super::pause::pause_until;
use crate::config::Config;
use crate::domain::head::{HeadMove, HeadName, Heads};
use crate::domain::ids::Repository;
use crate::domain::rules::{Globs, Rules, TriggerSource};
use crate::notify::github::{Github, GithubError, Hook, PullRequestFacts};
use crate::plan::missed::{self, Attempt, Difference};
use crate::store::{Accepted, Store, StoreError};
use crate::telemetry::Metrics;

mod event;

/// GitHub forgets deliveries after three days; the hour is for the difference of the clocks.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(71);
/// The kinds of deliveries that anything here reacts to.
const WANTED: [&str; 5] = ["push", "pull_request", "issue_comment", "check_run", "check_suite"];
/// A configuration that switches it on is noticed after this long.
const OFF: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
pub enum CatchUpError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Github(#[from] GithubError),
}

/// Finds what was missed.
pub struct CatchUp {
    store: Store,
    github: Arc<Github>,
    metrics: Arc<Metrics>,
    /// Differences and since when they have been seen: they may be on their way.
    seen: HashMap<(Repository, Difference), Timestamp>,
    /// What has been warned of, so that it is said once.
    warned: BTreeSet<String>,
}

impl CatchUp {
    pub fn new(store: Store, github: Arc<Github>, metrics: Arc<Metrics>) -> Self {
        Self { store, github, metrics, seen: HashMap::new(), warned: BTreeSet::new() }
    }

    /// Catches up now and then until `cancel`.
    pub async fn run(mut self, config: watch::Receiver<Arc<Config>>, cancel: CancellationToken) {
        while !cancel.is_cancelled() {
            let config = Arc::clone(&config.borrow());
            let settings = config.github.as_ref().map(|github| github.catch_up).unwrap_or_default();
            let wait = if settings.every.is_zero() {
                OFF
            } else {
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => break,
                    () = self.turn(&config, Timestamp::now()) => {}
                }
                let wait = if self.seen.is_empty() { settings.every } else { settings.every.min(settings.grace) };
                Duration::try_from(wait).unwrap_or(OFF)
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = pause_until(None, wait) => {}
            }
        }
    }

    /// Looks once at everything.
    pub async fn turn(&mut self, config: &Config, now: Timestamp) {
        let grace = config.github.as_ref().map(|github| github.catch_up.grace).unwrap_or_default();
        let repositories = match self.repositories(&config.rules).await {
            Ok(repositories) => repositories,
            Err(error) => {
                self.warn("the repositories of the App cannot be listed", &error);
                BTreeSet::new()
            }
        };
        for hook in self.hooks(config, &repositories).await {
            if let Err(error) = self.ask_again(&hook, now).await {
                self.warn("failed deliveries cannot be asked for again", &error);
            }
        }
        for repository in &repositories {
            if let Err(error) = self.compare(&config.rules, repository, grace, now).await {
                self.warn(&format!("{repository} cannot be compared with what is known of it"), &error);
            }
        }
    }

    /// The repositories that a trigger names, or that match one of its patterns and have the App.
    async fn repositories(&self, rules: &Rules) -> Result<BTreeSet<Repository>, GithubError> {
        let patterns = || rules.triggers.iter().flat_map(|trigger| trigger.repositories.patterns());
        let mut named: BTreeSet<Repository> = patterns().filter_map(|pattern| pattern.parse().ok()).collect();
        if patterns().any(|pattern| pattern.parse::<Repository>().is_err()) {
            named.extend(self.github.installed_repositories().await?);
        }
        named.retain(|repository| rules.triggers.iter().any(|t| t.repositories.matches(repository.as_str())));
        Ok(named)
    }

    /// The webhooks that deliver to us: the App's own, or those of the repositories.
    async fn hooks(&mut self, config: &Config, repositories: &BTreeSet<Repository>) -> Vec<Hook> {
        if self.github.is_app() {
            return vec![Hook::OfApp];
        }
        let Ok(url) = config.server.public_url.join("webhooks/github") else { return Vec::new() };
        let mut hooks = Vec::new();
        for repository in repositories {
            match self.github.hook(repository, &url).await {
                Ok(found) => hooks.extend(found),
                Err(error) => self.warn(&format!("the webhook of {repository} cannot be looked at"), &error),
            }
        }
        hooks
    }

    /// Asks for the deliveries that failed, the oldest first.
    async fn ask_again(&self, hook: &Hook, now: Timestamp) -> Result<(), GithubError> {
        let since = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let deliveries = self.github.deliveries(hook, since).await?;
        let attempts: Vec<Attempt> = deliveries
            .into_iter()
            .map(|delivery| Attempt {
                id: delivery.id,
                delivery: delivery.guid,
                event: delivery.event,
                at: delivery.delivered_at,
                status: delivery.status_code,
            })
            .collect();
        for id in missed::to_redeliver(&attempts, &WANTED, now) {
            self.github.redeliver(hook, id).await?;
            self.metrics.missed("delivery");
            let attempt = attempts.iter().find(|attempt| attempt.id == id);
            let (delivery, event) = attempt.map(|a| (a.delivery.as_str(), a.event.as_str())).unwrap_or_default();
            info!(delivery, event, "a delivery that failed was asked for again");
        }
        Ok(())
    }

    /// Compares the heads of one repository with the known ones.
    async fn compare(
        &mut self,
        rules: &Rules,
        repository: &Repository,
        grace: SignedDuration,
        now: Timestamp,
    ) -> Result<(), CatchUpError> {
        let watched = Watched::of(rules, repository);
        let pulls = match watched.pull_requests {
            true => self.github.open_pull_requests(repository).await?,
            false => Vec::new(),
        };
        let branches = match watched.branches.is_empty() {
            false => self.github.branches(repository).await?,
            true => Vec::new(),
        };
        let heads: Heads = branches
            .into_iter()
            .map(|(name, sha)| (HeadName::Branch(name), sha))
            .chain(pulls.iter().map(|pull| (HeadName::PullRequest(pull.number), pull.head.clone())))
            .filter(|(name, _)| watched.has(name))
            .collect();
        let Some(known) = self.store.heads(repository).await? else {
            // What was there before the first look was not missed.
            return Ok(self.store.begin_heads(repository, &heads, now).await?);
        };
        let found = missed::differences(&known, &heads, |name| watched.has(name));
        self.seen.retain(|(of, difference), _| of != repository || found.contains(difference));
        for difference in found {
            let key = (repository.clone(), difference.clone());
            let since = *self.seen.entry(key.clone()).or_insert(now);
            if now.duration_since(since) >= grace {
                self.take_in(repository, &difference, &pulls, now).await?;
                self.seen.remove(&key);
            }
        }
        Ok(())
    }

    /// Writes the event down that was missed.
    async fn take_in(
        &self,
        repository: &Repository,
        difference: &Difference,
        pulls: &[PullRequestFacts],
        now: Timestamp,
    ) -> Result<(), CatchUpError> {
        let found = Found { repository, difference, pulls };
        let event = event_of(&self.github, found, now).await?;
        let accepted = match &event {
            Some(event) => Some(self.store.accept(event).await?),
            None => None,
        };
        match accepted {
            Some(Accepted::New(id)) => {
                self.metrics.missed("head");
                info!(%repository, head = %difference.name, event = %id, "a head moved without a word; taken in as an event");
            }
            Some(Accepted::Again { done: false, .. }) => {}
            // There is nothing to be told of it, or it was told before: only where it is has to be remembered.
            Some(Accepted::Again { done: true, .. }) | None => {
                let to = difference.to.clone();
                let head = HeadMove { repository: repository.clone(), name: difference.name.clone(), to };
                self.store.note_head(head).await?;
            }
        }
        Ok(())
    }

    /// Says what does not work, once.
    fn warn(&mut self, what: &str, error: &dyn std::fmt::Display) {
        let text = format!("{what}: {error}");
        if self.warned.insert(text.clone()) {
            warn!("{text}");
        }
    }
}

/// What of a repository any trigger looks at.
struct Watched<'a> {
    pull_requests: bool,
    /// Globs of branches; an empty one is any branch.
    branches: Vec<&'a Globs>,
}

impl<'a> Watched<'a> {
    fn of(rules: &'a Rules, repository: &Repository) -> Self {
        let mut watched = Self { pull_requests: false, branches: Vec::new() };
        for trigger in rules.triggers.iter().filter(|t| t.repositories.matches(repository.as_str())) {
            match &trigger.on {
                TriggerSource::PullRequest { .. } => watched.pull_requests = true,
                // A trigger for tags alone looks at no branch.
                TriggerSource::Push { branches, tags } if branches.is_empty() && !tags.is_empty() => {}
                TriggerSource::Push { branches, .. } => watched.branches.push(branches),
            }
        }
        watched
    }

    fn has(&self, name: &HeadName) -> bool {
        match name {
            HeadName::PullRequest(_) => self.pull_requests,
            HeadName::Branch(name) => self.branches.iter().any(|globs| globs.is_empty() || globs.matches(name)),
        }
    }
}
