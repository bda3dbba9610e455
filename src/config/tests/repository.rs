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
    assert_snapshot!(shown, @r"
    .tunebot.yaml:2:10  tunings.wine.with: `ref` is not for this file: the commit is that of the event
        2 |   wine: {with: {trials: 81, ref: main}}
          |          ^^^^ take it out
    .tunebot.yaml:3:3  tunings.wime: there is no tuning `wime` for this repository
        3 |   wime: {with: {trials: 5}}
          |   ^^^^ did you mean `wine`?
    .tunebot.yaml:5:5  triggers[0].with: `ref` is not for this file: the commit is that of the event
        5 |   - {name: on-main, on: push, tuning: wine, repositories: [acme/other], channel: C012AB3CD}
          |     ^ take it out
    .tunebot.yaml:5:12  triggers[0].name: the server has a trigger `on-main` already
        5 |   - {name: on-main, on: push, tuning: wine, repositories: [acme/other], channel: C012AB3CD}
          |            ^^^^^^^ give it another name
    .tunebot.yaml:5:45  triggers[0].repositories: `repositories` is not a field here
        5 |   - {name: on-main, on: push, tuning: wine, repositories: [acme/other], channel: C012AB3CD}
          |                                             ^^^^^^^^^^^^ known: authors, if, ignore_authors, ignore_paths, name, on, on_newer, paths, tuning, with
    .tunebot.yaml:5:73  triggers[0].channel: `channel` is not a field here
        5 |   - {name: on-main, on: push, tuning: wine, repositories: [acme/other], channel: C012AB3CD}
          |                                                                         ^^^^^^^ known: authors, if, ignore_authors, ignore_paths, name, on, on_newer, paths, tuning, with
    .tunebot.yaml:6:50  triggers[1].on.pull_request.forks: a repository cannot let forks run code
        6 |   - {name: strangers, on: {pull_request: {forks: true, labels: [tune]}}, tuning: wine}
          |                                                  ^^^^ that is for whoever runs tunebot: take it out
    .tunebot.yaml:7:42  triggers[2].with: `ref` is not for this file: the commit is that of the event
        7 |   - {name: many, on: push, tuning: wine, with: {parallel: 90, trials: 90}}
          |                                          ^^^^ take it out
    .tunebot.yaml:8:37  triggers[3].tuning: there is no tuning `ranker`
        8 |   - {name: other, on: push, tuning: ranker}
          |                                     ^^^^^^ known: wine
    .tunebot.yaml:9:1  schedules: `schedules` is not a field here
        9 | schedules: []
          | ^^^^^^^^^ known: triggers, tunings
    10 errors
    ");
}

#[test]
fn words_have_to_fit_the_tuning() {
    assert_snapshot!(shown("tunings: {wine: {with: {dept: 3}}}"), @r"
    .tunebot.yaml:1:18  tunings.wine.with: `dept` is no word of *wine*
        1 | tunings: {wine: {with: {dept: 3}}}
          |                  ^^^^
    1 error
    ");
    assert_snapshot!(shown("triggers: [{name: a, on: push, tuning: wine, with: {trials: }}]"), @r"
    .tunebot.yaml:1:53  triggers[0].with.trials: expected text, found nothing
        1 | triggers: [{name: a, on: push, tuning: wine, with: {trials: }}]
          |                                                     ^^^^^^
    1 error
    ");
    assert_snapshot!(shown("triggers:\n  - name: a\n   on: push\n"), @r"
    .tunebot.yaml:3:4  while parsing a block collection, did not find expected '-' indicator
        3 |    on: push
          |    ^
    1 error
    ");
}

#[test]
fn the_policy_of_the_server_is_checked() {
    let text = with_tuning("").replace(
        "webhook_secrets",
        "repository_config: {repositories: [wine], tunings: [wime], max_trials: 0}, webhook_secrets",
    );
    assert_snapshot!(faults(&[("tunebot.yaml", &text)], Purpose::Serve), @r"
    tunebot.yaml:12:73  github.repository_config.repositories[0]: `wine` matches no repository
        12 | github: {token: {env: GITHUB_TOKEN}, repository_config: {repositories: [wine], tunings: [wime], max_trials: 0}, webhook_secrets: [{env: GITH
           |                                                                         ^^^^ a repository is written owner/name
    tunebot.yaml:12:90  github.repository_config.tunings[0]: there is no tuning `wime`
        12 | github: {token: {env: GITHUB_TOKEN}, repository_config: {repositories: [wine], tunings: [wime], max_trials: 0}, webhook_secrets: [{env: GITH
           |                                                                                          ^^^^ did you mean `wine`?
    tunebot.yaml:12:109  github.repository_config.max_trials: `max_trials` has to be at least 1
        12 | github: {token: {env: GITHUB_TOKEN}, repository_config: {repositories: [wine], tunings: [wime], max_trials: 0}, webhook_secrets: [{env: GITH
           |                                                                                                             ^
    3 errors
    ");
    let text = text.replace("{repositories: [wine], tunings: [wime], max_trials: 0}", "{}");
    assert_snapshot!(faults(&[("tunebot.yaml", &text)], Purpose::Serve), @r"
    tunebot.yaml:12:38  github.repository_config.repositories: a trigger needs at least one repository
        12 | github: {token: {env: GITHUB_TOKEN}, repository_config: {}, webhook_secrets: [{env: GITHUB_SECRET}]}
           |                                      ^^^^^^^^^^^^^^^^^ write `repositories: [owner/name]`
    tunebot.yaml:12:38  github.repository_config.tunings: `tunings` is missing: which may repositories use?
        12 | github: {token: {env: GITHUB_TOKEN}, repository_config: {}, webhook_secrets: [{env: GITHUB_SECRET}]}
           |                                      ^^^^^^^^^^^^^^^^^ add `tunings: [NAME]`
    2 errors
    ");
}
