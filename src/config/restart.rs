//! What a running server can take over from a changed configuration, and what it cannot.

use secrecy::{ExposeSecret, SecretString};

use super::settings::{Config, Github, GithubAuth, Slack};

/// The settings that differ between `old` and `new` and that a running server does not take over: they are in force after
/// the next start. All others (tunings, triggers, schedules, access, the secrets that requests are verified with, API
/// tokens, the log filter, the drain time, retention) can be changed while it runs.
pub fn what_needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let changed = [
        ("server.listen", old.server.listen != new.server.listen),
        ("server.public_url", old.server.public_url != new.server.public_url),
        ("server.log.format", old.server.log.format != new.server.log.format),
        ("store.path", old.store.path != new.store.path),
        ("engines", old.engines != new.engines),
        ("github", old.github.is_some() != new.github.is_some()),
        ("github.api_url", differs(&old.github, &new.github, |a, b| a.api_url != b.api_url)),
        (
            "github.app",
            differs(&old.github, &new.github, |a, b| is_app(a) != is_app(b) || is_app(a) && !same_auth(a, b)),
        ),
        ("github.token", differs(&old.github, &new.github, |a, b| !is_app(a) && !is_app(b) && !same_auth(a, b))),
        ("github.pace", differs(&old.github, &new.github, |a, b| a.pace != b.pace)),
        ("github.charts", differs(&old.github, &new.github, |a, b| a.charts != b.charts)),
        ("slack", old.slack.is_some() != new.slack.is_some()),
        ("slack.api_url", differs(&old.slack, &new.slack, |a, b| a.api_url != b.api_url)),
        ("slack.bot_token", differs(&old.slack, &new.slack, |a: &Slack, b| !same(&a.bot_token, &b.bot_token))),
        ("slack.app_token", differs(&old.slack, &new.slack, |a, b| !same_or_none(&a.app_token, &b.app_token))),
        ("slack.sockets", differs(&old.slack, &new.slack, |a, b| a.sockets != b.sockets)),
        ("slack.pace", differs(&old.slack, &new.slack, |a, b| a.pace != b.pace)),
        ("grafana", old.grafana != new.grafana),
    ];
    changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}

fn differs<T>(old: &Option<T>, new: &Option<T>, differ: impl Fn(&T, &T) -> bool) -> bool {
    matches!((old, new), (Some(old), Some(new)) if differ(old, new))
}

fn is_app(github: &Github) -> bool {
    matches!(github.auth, GithubAuth::App { .. })
}

fn same_auth(a: &Github, b: &Github) -> bool {
    match (&a.auth, &b.auth) {
        (GithubAuth::App { id: a, private_key: key_a }, GithubAuth::App { id: b, private_key: key_b }) => {
            a == b && same(key_a, key_b)
        }
        (GithubAuth::Token(a), GithubAuth::Token(b)) => same(a, b),
        _ => false,
    }
}

fn same_or_none(a: &Option<SecretString>, b: &Option<SecretString>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (a, b) => a.is_some() == b.is_some(),
    }
}

/// Both sides are our own secrets: how long the comparison takes tells nobody anything.
fn same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}
