//! Files in which repositories set rules for themselves.

use insta::assert_snapshot;

use super::*;
use crate::domain::ids::{Repository, TuningName};
use crate::domain::repository_rules::{FILE, RepositoryRules};
use crate::domain::tuning::Tuning;

const POLICY: &str = "
github:
  token: {env: GITHUB_TOKEN}
  webhook_secrets: [{env: GITHUB_SECRET}]
  repository_config: {repositories: [acme/*], tunings: [wine], max_trials: 80}
triggers:
  - {name: on-main, on: push, repositories: [acme/wine], tuning: wine}
";

fn server() -> Config {
    load_text(&format!("{TUNING}{POLICY}"), Purpose::Serve).unwrap().config
}

/// As the runtime does it, but that any number is taken for `trials`, `parallel` and `deadline`.
fn resolve(tuning: &Tuning, words: &[String]) -> Result<Tuning, String> {
    let mut tuning = tuning.clone();
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        match (key, value.parse()) {
            ("trials", Ok(trials)) => tuning.limits.trials = trials,
            ("parallel", Ok(parallel)) => tuning.limits.parallel = parallel,
            _ if tuning.space.parameters().iter().any(|parameter| parameter.name.as_str() == key) => {}
            _ => return Err(format!("`{key}` is no word of *{}*. Nothing was started.", tuning.name)),
        }
    }
    Ok(tuning)
}

fn read(text: &str) -> Result<RepositoryRules, Problems> {
    let config = server();
    let rules = &config.rules;
    let repository: Repository = "acme/wine".parse().unwrap();
    let judge = Judge {
        rules,
        policy: rules.repository_policy.as_ref().unwrap(),
        repository: &repository,
        resolve: &|name: &TuningName, words: &[String]| resolve(&rules.tunings[name], words),
    };
    read_repository(Path::new(FILE), text.trim_start_matches('\n'), "blob", &judge)
}

fn shown(text: &str) -> String {
    match read(text) {
        Ok(_) => "no error".to_owned(),
        Err(problems) => render(&problems),
    }
}

#[test]
fn a_repository_has_triggers_and_limits_of_its_own() {
    let rules = read(
        "
tunings:
  wine: {with: {trials: 20, lr: 1e-3..1e-1}}
triggers:
  - name: on-depth
    on: {pull_request: {labels: [tune]}}
    paths: [src/**]
    tuning: wine
    with: [trials=60]
",
    )
    .unwrap_or_else(|problems| panic!("{}", render(&problems)));
    let trigger = &rules.triggers[0];
    assert!(trigger.repositories.matches("acme/wine") && !trigger.repositories.matches("acme/other"));
    assert_eq!(rules.words(&trigger.tuning, &trigger.overrides), ["lr=1e-3..1e-1", "trials=60"]);
    assert_eq!(rules.words(&trigger.tuning, &[]), ["trials=20", "lr=1e-3..1e-1"]);
}

#[test]
fn an_empty_file_changes_nothing() {
    assert_eq!(shown(""), "no error");
    assert_eq!(shown("# nothing yet\n"), "no error");
}

#[test]
fn nothing_goes_beyond_what_the_server_allows() {
    let shown = shown(
        "
tunings:
  wine: {with: {trials: 81, ref: main}}
  wime: {with: {trials: 5}}
triggers:
  - {name: on-main, on: push, tuning: wine, repositories: [acme/other], channel: C012AB3CD}
  - {name: strangers, on: {pull_request: {forks: true, labels: [tune]}}, tuning: wine}
  - {name: many, on: push, tuning: wine, with: {parallel: 90, trials: 90}}
  - {name: other, on: push, tuning: ranker}
schedules: []
",
    );
    assert_snapshot!(shown, @"");
}

#[test]
fn words_have_to_fit_the_tuning() {
    assert_snapshot!(shown("tunings: {wine: {with: {dept: 3}}}"), @"");
    assert_snapshot!(shown("triggers: [{name: a, on: push, tuning: wine, with: {trials: }}]"), @"");
    assert_snapshot!(shown("triggers:\n  - name: a\n   on: push\n"), @"");
}

#[test]
fn the_policy_of_the_server_is_checked() {
    let text = with_tuning("").replace(
        "webhook_secrets",
        "repository_config: {repositories: [wine], tunings: [wime], max_trials: 0}, webhook_secrets",
    );
    assert_snapshot!(faults(&[("tunebot.yaml", &text)], Purpose::Serve), @"");
    let text = text.replace("{repositories: [wine], tunings: [wime], max_trials: 0}", "{}");
    assert_snapshot!(faults(&[("tunebot.yaml", &text)], Purpose::Serve), @"");
}
