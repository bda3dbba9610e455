//! Who may start what.

use super::*;
use crate::domain::access::RepositoryPermission;
use crate::domain::ids::Repository;
use crate::domain::quota::Quota;
use crate::domain::rules::{Person, Rules};
use crate::domain::tuning::Access;

fn set(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn repository() -> Repository {
    "acme/vision".parse().unwrap()
}

/// Mika is U1 in Slack and mika-gh on GitHub.
fn people() -> Rules {
    let mika = Person { name: "mika".into(), slack: Some("U1".into()), github: Some("mika-gh".into()) };
    Rules { people: vec![mika], ..rules() }
}

/// What is asked, or what is said at last, where every question is answered alike.
fn told(access: &Access, asker: Asker<'_>, answer: Known) -> String {
    let mut tuning = resnet();
    tuning.access = access.clone();
    match standing(&people(), &tuning, &asker, &|_| answer.clone()) {
        Standing::Allowed => "allowed".to_owned(),
        Standing::Denied(refusal) => refusal.0,
        Standing::MustAsk(question) => format!("{question:?}"),
    }
}

fn slack(access: &Access, user: &str, channel: &str, answer: Known) -> String {
    told(access, Asker::Slack { user, channel }, answer)
}

fn github(access: &Access, login: &str, answer: Known) -> String {
    told(access, Asker::Github { login, repository: &repository() }, answer)
}

#[test]
fn where_nobody_is_named_all_of_slack_may_and_who_writes_to_the_repository() {
    let open = Access::default();
    assert_eq!(slack(&open, "U9", "C9", Known::NotYet), "allowed");
    assert_eq!(told(&open, Asker::Api { caller: "ci" }, Known::NotYet), "allowed");
    assert_eq!(github(&open, "eve", Known::Yes), "allowed");
    assert_snapshot!(github(&open, "eve", Known::NotYet), @r#"Permission { repository: Repository("acme/vision"), login: "eve", least: Write }"#);
    assert_snapshot!(github(&open, "eve", Known::No), @"You may not start or stop *resnet* from here: it is open to those with write permission on acme/vision. Nothing was changed.");
    let guarded = Access { github_permission: Some(RepositoryPermission::Admin), ..Access::default() };
    assert_snapshot!(github(&guarded, "eve", Known::NotYet), @r#"Permission { repository: Repository("acme/vision"), login: "eve", least: Admin }"#);
    assert_eq!(slack(&guarded, "U9", "C9", Known::NotYet), "allowed");
}

#[test]
fn a_list_counts_on_both_services_for_who_is_known_on_both() {
    let listed = Access { slack_users: set(&["U1"]), slack_channels: set(&["C1"]), ..Access::default() };
    assert_eq!(slack(&listed, "U1", "C1", Known::NotYet), "allowed");
    assert_eq!(github(&listed, "Mika-GH", Known::NotYet), "allowed");
    assert_snapshot!(slack(&listed, "U1", "C2", Known::NotYet), @"You may not start or stop *resnet* from here: it is open to mika, in Slack in certain channels. Nothing was changed.");
    assert_snapshot!(slack(&listed, "U2", "C1", Known::NotYet), @"You may not start or stop *resnet* from here: it is open to mika, in Slack in certain channels. Nothing was changed.");
    assert_snapshot!(github(&listed, "eve", Known::NotYet), @"You may not start or stop *resnet* from here: it is open to mika, in Slack in certain channels. Nothing was changed.");
    let on_github = Access { github_users: set(&["mika-gh", "noor"]), ..Access::default() };
    assert_eq!(slack(&on_github, "U1", "C9", Known::NotYet), "allowed");
    assert_snapshot!(slack(&on_github, "U2", "C9", Known::NotYet), @"You may not start or stop *resnet* from here: it is open to mika, @noor. Nothing was changed.");
}

#[test]
fn channels_alone_let_everybody_in_them() {
    let channels = Access { slack_channels: set(&["C1"]), ..Access::default() };
    assert_eq!(slack(&channels, "U9", "C1", Known::NotYet), "allowed");
    assert_snapshot!(slack(&channels, "U9", "C2", Known::NotYet), @"You may not start or stop *resnet* from here: it is open to certain Slack channels. Nothing was changed.");
}

#[test]
fn groups_and_teams_are_asked_about() {
    let access = Access {
        slack_groups: set(&["S1"]),
        slack_channels: set(&["C1"]),
        github_teams: set(&["acme/ml-platform"]),
        ..Access::default()
    };
    assert_eq!(slack(&access, "U9", "C1", Known::Yes), "allowed");
    assert_snapshot!(slack(&access, "U9", "C1", Known::NotYet), @r#"SlackGroup { group: "S1", user: "U9" }"#);
    assert_snapshot!(slack(&access, "U9", "C1", Known::No), @"You may not start or stop *resnet* from here: it is open to @acme/ml-platform, certain user groups, in Slack in certain channels. Nothing was changed.");
    assert_snapshot!(slack(&access, "U9", "C1", Known::Never("Slack refused usergroups.users.list with missing_scope (usergroups:read)".into())), @"You may not start or stop *resnet* from here: it is open to @acme/ml-platform, certain user groups, in Slack in certain channels. Nothing was changed. (It could not be asked at every place: Slack refused usergroups.users.list with missing_scope (usergroups:read))");
    assert_snapshot!(slack(&access, "U9", "C2", Known::NotYet), @"You may not start or stop *resnet* from here: it is open to @acme/ml-platform, certain user groups, in Slack in certain channels. Nothing was changed.");
    assert_snapshot!(github(&access, "eve", Known::NotYet), @r#"GithubTeam { repository: Repository("acme/vision"), team: "acme/ml-platform", login: "eve" }"#);
    assert_snapshot!(github(&access, "mika-gh", Known::NotYet), @r#"SlackGroup { group: "S1", user: "U1" }"#);
    assert_snapshot!(github(&access, "eve", Known::No), @"You may not start or stop *resnet* from here: it is open to @acme/ml-platform, certain user groups, in Slack in certain channels. Nothing was changed.");
}

#[test]
fn help_says_who_may() {
    let mut rules = people();
    let mut tuning = resnet();
    tuning.access = Access { slack_users: set(&["U1"]), github_teams: set(&["acme/ml-platform"]), ..Access::default() };
    rules.tunings.insert(tuning.name.clone(), std::sync::Arc::new(tuning));
    assert_snapshot!(help(&rules, Some("resnet")).lines().rev().nth(1).unwrap(), @"Open to mika, @acme/ml-platform.");
    let asker = Asker::Slack { user: "U9", channel: "C9" };
    assert_snapshot!(acknowledge(&rules, "resnet", &asker), @"You may not start or stop *resnet* from here: it is open to mika, @acme/ml-platform. Nothing was changed.");
}

#[test]
fn help_says_how_much_each_person_may_ask_for() {
    let line = |of_all: Quota, of_one: Quota| {
        let mut rules = Rules { quota: of_all, ..rules() };
        let mut tuning = resnet();
        tuning.access.quota = of_one;
        rules.tunings.insert(tuning.name.clone(), std::sync::Arc::new(tuning));
        help(&rules, Some("resnet")).lines().rev().nth(1).unwrap().to_owned()
    };
    let quota = |sweeps_per_day, trials_per_day| Quota { sweeps_per_day, trials_per_day };
    let none = Quota::default();
    assert!(!line(none, none).contains("Each person"));
    assert_snapshot!(line(quota(Some(10), Some(500)), none), @"Each person may ask for 10 sweeps and 500 trials a day over all tunings.");
    assert_snapshot!(line(quota(Some(10), None), quota(Some(1), None)), @"Each person may ask for 1 sweep of it a day, and for 10 sweeps a day over all tunings.");
}
