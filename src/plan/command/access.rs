//! Who may start, stop and re-run a tuning.
//!
//! The rules alone say yes, no, or what has to be asked at Slack or GitHub first: whether a person is in a user group or a
//! team, and what they may do in the repository. A person who is known on both services (`people`) is one person: whoever is
//! listed for one of them is listed for the other.

use std::collections::BTreeSet;

use super::order::Asker;
use crate::domain::access::RepositoryPermission;
use crate::domain::error::UserError;
use crate::domain::ids::Repository;
use crate::domain::rules::{Person, Rules};
use crate::domain::tuning::{Access, Tuning};

/// Something about a person that only a service can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    SlackGroup {
        group: String,
        user: String,
    },
    /// Asked by whoever may speak about `repository`.
    GithubTeam {
        repository: Repository,
        team: String,
        login: String,
    },
    Permission {
        repository: Repository,
        login: String,
        least: RepositoryPermission,
    },
}

/// What is known of a question so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Yes,
    No,
    /// It was not asked yet.
    NotYet,
    /// It cannot be asked, and why.
    Never(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Allowed,
    /// In words for the person: who may, instead.
    Denied(UserError),
    MustAsk(Question),
}

/// Who the asker is on each service.
struct Identity<'a> {
    slack: Option<&'a str>,
    github: Option<&'a str>,
}

/// May `asker` start, stop and re-run the tuning?
///
/// An [`Access`] without names lets everybody in Slack, and on GitHub everybody who may write to the repository. Otherwise
/// those may who are listed, or are in a listed group or team, and in Slack only in the listed channels; channels alone let
/// everybody in them. `github_permission` lets those of a pull request's repository besides.
pub fn standing(rules: &Rules, tuning: &Tuning, asker: &Asker<'_>, known: &dyn Fn(&Question) -> Known) -> Standing {
    let access = &tuning.access;
    let identity = Identity::of(rules, asker);
    let questions = match asker {
        Asker::Api { .. } => return Standing::Allowed,
        Asker::Slack { .. } if access.is_open() => return Standing::Allowed,
        Asker::Slack { channel, .. } => {
            if !access.slack_channels.is_empty() && !has(&access.slack_channels, channel) {
                return Standing::Denied(refusal(rules, tuning, asker));
            }
            let only_channels = access.slack_users.is_empty() && access.slack_groups.is_empty();
            if (only_channels && !access.slack_channels.is_empty()) || identity.is_listed(access) {
                return Standing::Allowed;
            }
            identity.memberships(access, rules.default_code.get(&tuning.name).map(|code| &code.repository))
        }
        Asker::Github { login, repository } => {
            if identity.is_listed(access) {
                return Standing::Allowed;
            }
            let least = access.github_permission.or(access.is_open().then_some(RepositoryPermission::Write));
            let permission = least.map(|least| Question::Permission {
                repository: (*repository).clone(),
                login: (*login).to_owned(),
                least,
            });
            permission.into_iter().chain(identity.memberships(access, Some(repository))).collect()
        }
    };
    let mut trouble = None;
    for question in questions {
        match known(&question) {
            Known::Yes => return Standing::Allowed,
            Known::NotYet => return Standing::MustAsk(question),
            Known::Never(why) => trouble = Some(why),
            Known::No => {}
        }
    }
    let refusal = refusal(rules, tuning, asker);
    Standing::Denied(match trouble {
        Some(why) => UserError::new(format!("{refusal} (It could not be asked at every place: {why})")),
        None => refusal,
    })
}

/// As far as the rules alone say it: whoever must be asked about at a service counts as permitted here, and is refused later.
///
/// # Errors
/// They may not, and who may.
pub fn permitted(rules: &Rules, tuning: &Tuning, asker: &Asker<'_>) -> Result<(), UserError> {
    match standing(rules, tuning, asker, &|_| Known::NotYet) {
        Standing::Denied(refusal) => Err(refusal),
        Standing::Allowed | Standing::MustAsk(_) => Ok(()),
    }
}

impl<'a> Identity<'a> {
    fn of(rules: &'a Rules, asker: &Asker<'a>) -> Self {
        match asker {
            Asker::Slack { user, .. } => {
                let person = rules.people.iter().find(|person| person.slack.as_deref() == Some(*user));
                Self { slack: Some(user), github: person.and_then(|person| person.github.as_deref()) }
            }
            Asker::Github { login, .. } => {
                let is_it = |person: &&Person| {
                    person.github.as_deref().is_some_and(|github| github.eq_ignore_ascii_case(login))
                };
                let person = rules.people.iter().find(is_it);
                Self { slack: person.and_then(|person| person.slack.as_deref()), github: Some(login) }
            }
            Asker::Api { .. } => Self { slack: None, github: None },
        }
    }

    fn is_listed(&self, access: &Access) -> bool {
        self.slack.is_some_and(|user| has(&access.slack_users, user))
            || self.github.is_some_and(|login| has(&access.github_users, login))
    }

    fn memberships(&self, access: &Access, repository: Option<&Repository>) -> Vec<Question> {
        let groups = access
            .slack_groups
            .iter()
            .filter_map(|group| Some(Question::SlackGroup { group: group.clone(), user: self.slack?.to_owned() }));
        let teams = access.github_teams.iter().filter_map(|team| {
            let (repository, login) = (repository?.clone(), self.github?.to_owned());
            Some(Question::GithubTeam { repository, team: team.clone(), login })
        });
        groups.chain(teams).collect()
    }
}

fn has(list: &BTreeSet<String>, name: &str) -> bool {
    list.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

fn refusal(rules: &Rules, tuning: &Tuning, asker: &Asker<'_>) -> UserError {
    UserError::new(format!(
        "You may not start or stop *{}* from here: it is open to {}. Nothing was changed.",
        tuning.name,
        open_to(rules, tuning, asker)
    ))
}

/// Who may start it, as help says it.
pub fn who_may(rules: &Rules, tuning: &Tuning) -> Option<String> {
    let access = &tuning.access;
    (!access.is_open()).then(|| names(rules, access).unwrap_or_else(|| "nobody".to_owned()))
}

fn open_to(rules: &Rules, tuning: &Tuning, asker: &Asker<'_>) -> String {
    let access = &tuning.access;
    let writers = match asker {
        Asker::Github { repository, .. } => {
            let least = access.github_permission.or(access.is_open().then_some(RepositoryPermission::Write));
            least.map(|least| format!("those with {} permission on {repository}", least.name()))
        }
        Asker::Slack { .. } | Asker::Api { .. } => None,
    };
    let all: Vec<String> = writers.into_iter().chain(names(rules, access)).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(" and to ") }
}

/// Names where they are known; an id says nothing to anybody, and a mention would call people.
fn names(rules: &Rules, access: &Access) -> Option<String> {
    const MOST: usize = 3;
    let listed = |person: &&Person| {
        person.slack.as_deref().is_some_and(|user| has(&access.slack_users, user))
            || person.github.as_deref().is_some_and(|login| has(&access.github_users, login))
    };
    let known: Vec<&Person> = rules.people.iter().filter(listed).collect();
    let is_known = |login: &String| {
        known.iter().any(|person| person.github.as_deref().is_some_and(|github| github.eq_ignore_ascii_case(login)))
    };
    let logins = access.github_users.iter().filter(|login| !is_known(login)).map(|login| format!("@{login}"));
    let mut who: Vec<String> = known.iter().map(|person| person.name.clone()).chain(logins).collect();
    let unknown = access.slack_users.iter().any(|user| known.iter().all(|p| p.slack.as_deref() != Some(user)));
    if who.len() > MOST || unknown {
        who.truncate(MOST);
        who.push("certain people".to_owned());
    }
    who.extend(access.github_teams.iter().map(|team| format!("@{team}")));
    if !access.slack_groups.is_empty() {
        who.push("certain user groups".to_owned());
    }
    let place = match (access.slack_channels.is_empty(), who.is_empty()) {
        (true, true) => return None,
        (true, false) => String::new(),
        (false, true) => return Some("certain Slack channels".to_owned()),
        (false, false) => ", in Slack in certain channels".to_owned(),
    };
    Some(format!("{}{place}", who.join(", ")))
}
