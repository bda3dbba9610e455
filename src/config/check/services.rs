//! The services: GitHub, Slack and Grafana.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Checker;
use crate::config::schema::{
    DashboardEntry, GithubPaceSection, GithubSection, PersonEntry, SlackPaceEntry, SlackSection,
};
use crate::config::settings::{CatchUp, Dashboard, Github, GithubAuth, GithubPace, Grafana, Slack, SlackPace};
use crate::config::source::Place;
use crate::domain::ids::{Repository, TuningName};
use crate::domain::rules::Person;

/// Connections of Socket Mode; Slack takes no more than ten of an app.
const SOCKETS: u32 = 2;
const MOST_SOCKETS: u32 = 10;

impl<'a> Checker<'a> {
    pub(super) fn github(&mut self) -> Option<Github> {
        let (place, section) = self.once("github", |file| file.github.as_ref())?;
        let auth = self.github_auth(&place, section);
        let api_url = self.api_url(&place, section.api_url.as_deref(), "https://api.github.com");
        let why = "GitHub signs what it sends with it";
        let webhook_secrets = self.secrets(&place.key("webhook_secrets"), &section.webhook_secrets, why);
        let pace = self.github_pace(&place.key("pace"), &section.pace);
        let usual = CatchUp::default();
        let catch_up = CatchUp {
            every: section.catch_up.every.map_or(usual.every, |every| every.0),
            grace: section.catch_up.grace.map_or(usual.grace, |grace| grace.0),
        };
        Some(Github {
            api_url: api_url?,
            auth: auth?,
            pace,
            charts: section.charts.unwrap_or(true),
            webhook_secrets,
            catch_up,
        })
    }

    fn github_pace(&mut self, place: &Place<'_>, section: &GithubPaceSection) -> GithubPace {
        /// With fewer nothing is left for answers to people.
        const LEAST: u32 = 10;
        let mut at_least = |name: &str, written: Option<u32>, default: u32| {
            if written.is_some_and(|written| written < LEAST) {
                let problem = place.key(name).problem(format!("with fewer than {LEAST} writes messages come late"));
                self.problems
                    .push(problem.hint(format!("GitHub allows {default}; leave it out, or set {LEAST} at least")));
            }
            written.unwrap_or(default)
        };
        GithubPace {
            writes_per_minute: at_least("writes_per_minute", section.writes_per_minute, 80),
            writes_per_hour: at_least("writes_per_hour", section.writes_per_hour, 500),
        }
    }

    fn github_auth(&mut self, place: &Place<'_>, section: &GithubSection) -> Option<GithubAuth> {
        match (&section.app, &section.token) {
            (Some(app), None) => {
                let place = place.key("app").key("private_key");
                let private_key = self.secret(&place, &app.private_key)?;
                if !private_key.expose_secret().contains("-----BEGIN") {
                    let problem = place.problem("this is not a private key in PEM form");
                    self.problems.push(problem.hint("take the .pem file that the App's page lets you download"));
                }
                Some(GithubAuth::App { id: app.id, private_key })
            }
            (None, Some(token)) => self.secret(&place.key("token"), token).map(GithubAuth::Token),
            (Some(_), Some(_)) => {
                let problem = place.key("token").problem_on(true, "`app` and `token` exclude each other");
                self.problems.push(problem.hint("keep `app`: only an App may write check runs"));
                None
            }
            (None, None) => {
                if !place.key("app").is_there() && !place.key("token").is_there() {
                    let problem = place.problem("tunebot needs a way into GitHub");
                    self.problems.push(problem.hint("add `app: {id: …, private_key: {file: …}}` or `token: {env: …}`"));
                }
                None
            }
        }
    }

    pub(super) fn slack(&mut self) -> Option<Slack> {
        let (place, section) = self.once("slack", |file| file.slack.as_ref())?;
        let api_url = self.api_url(&place, section.api_url.as_deref(), "https://slack.com/api");
        let bot_token = self.secret(&place.key("bot_token"), &section.bot_token);
        let app_token = self.app_token(&place, section);
        let why = "Slack signs what it sends with it; or add `app_token`, and it needs no way in";
        let signing_secrets = match (&section.app_token, section.signing_secrets.is_empty()) {
            (Some(_), true) => Vec::new(),
            _ => self.secrets(&place.key("signing_secrets"), &section.signing_secrets, why),
        };
        let sockets = section.sockets.unwrap_or(SOCKETS);
        if !(1..=MOST_SOCKETS).contains(&sockets) {
            let problem = place.key("sockets").problem(format!("`sockets` is 1 to {MOST_SOCKETS}, not {sockets}"));
            self.problems.push(problem.hint("Slack allows an app 10 connections; 2 are enough for one tunebot"));
        } else if section.sockets.is_some() && section.app_token.is_none() {
            let problem = place.key("sockets").problem("`sockets` means nothing without `app_token`");
            self.problems.push(problem.hint("add `app_token: {env: SLACK_APP_TOKEN}`, or leave `sockets` out"));
        }
        let pace = self.slack_pace(&place.key("pace"), &section.pace);
        Some(Slack { api_url: api_url?, bot_token: bot_token?, signing_secrets, app_token, sockets, pace })
    }

    fn app_token(&mut self, place: &Place<'_>, section: &SlackSection) -> Option<SecretString> {
        let place = place.key("app_token");
        let token = self.secret(&place, section.app_token.as_ref()?)?;
        if !token.expose_secret().starts_with("xapp-") {
            let problem = place.problem("this is not an app-level token: those begin with xapp-");
            let hint =
                "make one with the scope connections:write on the app's page Basic Information, App-Level Tokens";
            self.problems.push(problem.hint(hint));
        }
        Some(token)
    }

    fn slack_pace(&mut self, place: &Place<'_>, entry: &SlackPaceEntry) -> SlackPace {
        let mut rate = |name: &str, written: Option<u32>, default: u32| {
            if written == Some(0) {
                let problem = place.key(name).problem("0 would let no message out");
                self.problems.push(problem.hint(format!("Slack allows {default}")));
            }
            written.unwrap_or(default)
        };
        SlackPace {
            posts_per_second: rate("posts_per_second", entry.posts_per_second, 1),
            edits_per_minute: rate("edits_per_minute", entry.edits_per_minute, 50),
            uploads_per_minute: rate("uploads_per_minute", entry.uploads_per_minute, 100),
        }
    }

    fn api_url(&mut self, place: &Place<'_>, written: Option<&str>, default: &str) -> Option<Url> {
        self.url(&place.key("api_url"), written.unwrap_or(default))
    }

    pub(super) fn grafana(&mut self) -> Option<Grafana> {
        let mut url: Option<(Place<'a>, Option<Url>)> = None;
        let mut dashboards = Vec::new();
        let mut lines = BTreeMap::new();
        let mut first = None;
        for (source, file) in self.files {
            let Some(section) = &file.grafana else { continue };
            let place = source.place().key("grafana");
            if let Some(text) = &section.url {
                let place = place.key("url");
                if let Some((earlier, _)) = &url {
                    let message = format!("`grafana.url` may be there once only, and is at {} already", earlier.line());
                    self.problems.push(place.problem_on(true, message));
                } else {
                    let parsed = self.url(&place, text);
                    url = Some((place, parsed));
                }
            }
            for (index, entry) in section.dashboards.iter().enumerate() {
                let place = place.key("dashboards").item(index);
                self.is_first(&mut lines, &entry.name, &place.key("name"));
                dashboards.push(self.dashboard(&place, entry));
            }
            first.get_or_insert(place);
        }
        match (url, first) {
            (Some((_, url)), _) => Some(Grafana { url: url?, dashboards }),
            (None, Some(place)) if !place.key("url").is_there() => {
                let problem = place.problem("`url` is missing: where do people open Grafana?");
                self.problems.push(problem.hint("add `url: https://grafana.example.com`"));
                None
            }
            _ => None,
        }
    }

    fn dashboard(&mut self, place: &Place<'_>, entry: &DashboardEntry) -> Dashboard {
        const FILLED_IN: [&str; 4] = ["sweep", "tuning", "sha", "branch"];
        for (variable, value) in &entry.variables {
            self.check_template(&place.key("variables").key(variable.as_str()), value, &FILLED_IN);
        }
        if entry.uid.is_empty() || !entry.uid.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            let problem = place.key("uid").problem(format!("`{}` is not a dashboard's uid", entry.uid));
            self.problems.push(problem.hint("it is the part of the dashboard's address after /d/"));
        }
        Dashboard {
            name: entry.name.clone(),
            title: entry.title.clone().unwrap_or_else(|| entry.name.clone()),
            uid: entry.uid.clone(),
            variables: entry.variables.clone(),
        }
    }

    pub(super) fn announce_channel(&mut self) -> Option<String> {
        let (place, section) = self.once("notify", |file| file.notify.as_ref())?;
        self.channel(&place.key("announce_channel"), section.announce_channel.as_ref())
    }

    pub(super) fn command_repositories(&mut self) -> BTreeSet<Repository> {
        // That the section is there once has been checked by `github`.
        let found = self.files.iter().find_map(|(source, file)| Some((source, file.github.as_ref()?)));
        let Some((source, section)) = found else { return BTreeSet::new() };
        let place = source.place().key("github").key("command_repositories");
        let names = section.command_repositories.iter().enumerate();
        names.filter_map(|(index, name)| self.parsed(&place.item(index), name)).collect()
    }

    pub(super) fn people(&mut self) -> Vec<Person> {
        let mut people = Vec::new();
        let (mut users, mut logins) = (BTreeMap::new(), BTreeMap::new());
        for (source, file) in self.files {
            for (index, PersonEntry { name, slack, github }) in file.people.iter().enumerate() {
                let place = source.place().key("people").item(index);
                if let Some(user) = slack {
                    self.slack_id(&place.key("slack"), user, "user", "UW");
                    self.is_first(&mut users, user, &place.key("slack"));
                }
                if let Some(login) = github {
                    self.is_first(&mut logins, &login.to_ascii_lowercase(), &place.key("github"));
                }
                people.push(Person { name: name.clone(), slack: slack.clone(), github: github.clone() });
            }
        }
        people
    }

    pub(super) fn fork_tunings(&mut self) -> BTreeSet<TuningName> {
        let found = self.files.iter().find_map(|(source, file)| Some((source, file.github.as_ref()?)));
        let Some((source, section)) = found else { return BTreeSet::new() };
        let place = source.place().key("github").key("forks").key("tunings");
        let names = section.forks.tunings.iter().enumerate();
        names.filter_map(|(index, name)| self.tuning_name(&place.item(index), name)).collect()
    }

    /// A server that nobody can reach is a mistake.
    pub(super) fn check_ways_in(&mut self) {
        let is_there = |name: &str| self.files.iter().any(|(source, _)| source.place().key(name).is_there());
        let has_schedules = self.files.iter().any(|(_, file)| !file.schedules.is_empty());
        let has_tokens = self.files.iter().any(|(source, _)| source.place().key("server").key("api_tokens").is_there());
        if !has_tokens && !is_there("github") && !is_there("slack") && !has_schedules {
            self.whole(
                "nothing can reach this server: there is no webhook secret, no API token and no schedule",
                "add `github` with `webhook_secrets`, `slack` with `signing_secrets` or `app_token`, or `server.api_tokens`",
            );
        }
    }
}
