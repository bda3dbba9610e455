//! What a right configuration comes to.

use jiff::SignedDuration;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::domain::params::Value;
use crate::domain::rules::{MissedRuns, OnNewer, TriggerSource};
use crate::domain::tuning::{PrunerSettings, Rungs, SamplerKind, TrialTemplate, WarmStart};

#[test]
fn a_run_needs_no_more_than_a_tuning() {
    let config = load_text(TUNING, Purpose::Run).unwrap().config;
    let tuning = &config.rules.tunings[&"wine".parse().unwrap()];
    assert_eq!(tuning.engine.as_str(), "local");
    assert_eq!((tuning.limits.trials, tuning.limits.parallel), (50, 4));
    assert_eq!(tuning.search.sampler, SamplerKind::Auto);
    assert_eq!(tuning.search.pruner, PrunerSettings::None);
    let EngineSettings::Local(local) = config.engines.values().next().unwrap() else { panic!("not local") };
    assert!(local.work_dir.is_absolute() && local.work_dir.ends_with(".tunebot/work/local"));
    assert!(local.capacity >= 1);
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:8080/");
}

#[test]
fn pruners_have_defaults() {
    let pruner = |text: &str| {
        let text = TUNING.replacen("    objective:", &format!("    search: {{pruner: {text}}}\n    objective:"), 1);
        let config = load_text(&text, Purpose::Run).unwrap().config;
        config.rules.tunings[&"wine".parse().unwrap()].search.pruner.clone()
    };
    let rungs = Rungs { min_steps: 1, max_steps: None, eta: 3 };
    assert_eq!(pruner("median"), PrunerSettings::Median { startup_trials: 5, warmup_steps: 0 });
    let percentile = PrunerSettings::Percentile { keep_percent: 25.0, startup_trials: 5, warmup_steps: 0 };
    assert_eq!(pruner("percentile"), percentile);
    assert_eq!(pruner("asha"), PrunerSettings::Asha(rungs));
    assert_eq!(pruner("{asha: {max_steps: 81}}"), PrunerSettings::Asha(Rungs { max_steps: Some(81), ..rungs }));
    let hyperband = PrunerSettings::Hyperband { min_steps: 1, max_steps: 27, eta: 3 };
    assert_eq!(pruner("{hyperband: {max_steps: 27}}"), hyperband);
    assert_eq!(pruner("wilcoxon"), PrunerSettings::Wilcoxon { p: 0.1, startup_steps: 2 });
    assert_eq!(pruner("patience"), PrunerSettings::Patience { steps: 10, min_delta: 0.0 });
    let threshold = PrunerSettings::Threshold { lower: None, upper: Some(3.0), warmup_steps: 0 };
    assert_eq!(pruner("{threshold: {upper: 3}}"), threshold);
}

#[test]
fn a_run_reads_no_secrets() {
    let text = format!(
        "server: {{api_tokens: [{{name: ci, secret: {{env: MISSING}}}}]}}\n{TUNING}\
         github: {{token: {{env: MISSING}}, webhook_secrets: [{{file: /does/not/exist}}]}}\n"
    );
    assert!(load_text(&text, Purpose::Run).is_ok());
    assert!(load_text(&text, Purpose::Serve).is_err());
}

#[test]
fn a_prediction_knows_the_rules_and_reads_no_secrets() {
    let text = with_tuning(
        "
server: {api_tokens: [{name: ci, secret: {env: MISSING}}]}
slack: {bot_token: {env: MISSING}, signing_secrets: [{env: MISSING}]}
triggers: [{name: pr, on: pull_request, repositories: [a/b], tuning: wine, channel: C012AB3CD}]
schedules: [{name: nightly, cron: '0 3 * * *', tuning: wine}]
",
    );
    let text = text.replace("GITHUB_TOKEN", "MISSING").replace("GITHUB_SECRET", "MISSING");
    let rules = load_text(&text, Purpose::Predict).unwrap().config.rules;
    assert_eq!((rules.triggers.len(), rules.schedules.len()), (1, 1));
    assert!(load_text(&text, Purpose::Run).unwrap().config.rules.triggers.is_empty());
}

#[test]
fn quotas_are_for_all_tunings_and_for_one() {
    let text = with_tuning("quotas: {sweeps_per_day: 10}")
        .replace("    command:", "    access: {quota: {sweeps_per_day: 3, trials_per_day: 100}}\n    command:");
    let rules = load_text(&text, Purpose::Serve).unwrap().config.rules;
    let (of_all, of_wine) = (rules.quota, rules.tunings[&"wine".parse().unwrap()].access.quota);
    assert_eq!((of_all.sweeps_per_day, of_all.trials_per_day), (Some(10), None));
    assert_eq!((of_wine.sweeps_per_day, of_wine.trials_per_day), (Some(3), Some(100)));
}

#[test]
fn rules_may_be_split_over_files() {
    let trigger = |name: &str| format!("triggers: [{{name: {name}, on: push, repositories: [a/b], tuning: wine}}]\n");
    let loaded = load_files(
        &[
            ("10.yaml", &with_tuning("")),
            ("20/a.yml", &trigger("one")),
            ("20/b.yaml", &trigger("two")),
            ("20/..old/c.yaml", "nonsense: true"),
            ("20/notes.txt", "no: configuration"),
        ],
        Purpose::Serve,
    )
    .unwrap();
    let names: Vec<_> = loaded.config.rules.triggers.iter().map(|trigger| trigger.name.to_string()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(loaded.files.len(), 3);
}

#[test]
fn secrets_come_from_the_environment_and_from_files_without_their_last_newline() {
    let files = [
        ("tunebot.yaml", with_tuning("slack: {bot_token: {file: keys/token}, signing_secrets: [{env: SIGNING}]}\n")),
        ("keys/token", "xoxb-1\r\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let loaded = load_files(&files, Purpose::Serve).unwrap();
    let slack = loaded.config.slack.unwrap();
    assert_eq!(slack.bot_token.expose_secret(), "xoxb-1");
    assert_eq!(slack.signing_secrets[0].expose_secret(), "secret of SIGNING");
    assert!(loaded.watched[1].ends_with("keys/token"));
}

#[test]
fn words_keep_the_form_in_which_they_were_written() {
    let text = "
tunings:
  t:
    space: {x: {type: categorical, choices: [1, 1.50, on, 'true', true, 012]}}
    objective: {metric: m, direction: maximize}
    command: [run, 1.50, true, 0x10, on, '{x}']
";
    let config = load_text(text, Purpose::Run).unwrap().config;
    let tuning = config.rules.tunings.values().next().unwrap();
    let TrialTemplate::Command { argv, .. } = &tuning.trial else { panic!("not a command") };
    assert_eq!(argv, &["run", "1.50", "true", "0x10", "on", "{x}"]);
    let text = |text: &str| Value::Text(text.into());
    let x = tuning.space.parameters()[0].domain.clone();
    let choices = vec![Value::Int(1), Value::Float(1.5), text("on"), text("true"), Value::Bool(true), text("012")];
    assert_eq!(x, crate::domain::params::Domain::Categorical { choices });
}

#[test]
fn triggers_cancel_older_sweeps_of_pull_requests_and_queue_behind_those_of_pushes() {
    let text = with_tuning(
        "
triggers:
  - {name: pr, on: pull_request, repositories: [a/b], tuning: wine, with: {trials: 5, lr: 1e-4..1e-2}}
  - {name: push, on: {push: {branches: [main]}}, repositories: [a/*], tuning: wine, with: [depth=3]}
",
    );
    let rules = load_text(&text, Purpose::Serve).unwrap().config.rules;
    assert_eq!(rules.triggers[0].on_newer, OnNewer::Cancel);
    assert_eq!(rules.triggers[0].overrides, ["trials=5", "lr=1e-4..1e-2"]);
    assert_eq!(rules.triggers[1].on_newer, OnNewer::Queue);
    assert_eq!(rules.triggers[1].overrides, ["depth=3"]);
    let TriggerSource::PullRequest { actions, .. } = &rules.triggers[0].on else { panic!() };
    assert!(actions.contains("synchronize") && !actions.contains("closed"));
}

#[test]
fn an_expression_may_have_variables_of_its_own() {
    let text = with_tuning(
        "
triggers:
  - {name: x, on: push, repositories: [a/b], tuning: wine, if: \"event.labels.exists(l, l == 'tune')\"}
",
    );
    assert!(load_text(&text, Purpose::Serve).is_ok());
}

#[test]
fn durations_and_sizes_have_units() {
    let text = format!(
        "store: {{keep_events: 2w, keep_trials: 1d 12h, path: db/t.db}}\n\
         engines: {{big: {{local: {{log_limit: 1MiB, parallel: 3}}}}}}\n{TUNING}"
    );
    let config = load_text(&text, Purpose::Run).unwrap().config;
    assert_eq!(config.store.keep_events, SignedDuration::from_hours(24 * 14));
    assert_eq!(config.store.keep_trials, SignedDuration::from_hours(36));
    let EngineSettings::Local(local) = config.engines.values().next().unwrap() else { panic!("not local") };
    assert_eq!((local.log_limit_bytes, local.capacity), (1 << 20, 3));
    assert!(local.work_dir.ends_with("db/work/big"));
}

#[test]
fn schedules_have_quiet_defaults() {
    let text = with_tuning("schedules: [{name: nightly, cron: 30 2 * * *, tuning: wine, missed: {all: 3}}]\n");
    let rules = load_text(&text, Purpose::Serve).unwrap().config.rules;
    let nightly = &rules.schedules[0];
    assert_eq!((nightly.time_zone.as_str(), nightly.missed), ("UTC", MissedRuns::All { cap: 3 }));
    assert_eq!(nightly.jitter, SignedDuration::ZERO);
}

#[test]
fn a_merged_mapping_gives_way_to_what_stands_beside_it() {
    let text = "
tunings:
  a: &base
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    command: [a, '{x}']
  b:
    <<: *base
    command: [b, '{x}']
";
    let config = load_text(text, Purpose::Run).unwrap().config;
    let TrialTemplate::Command { argv, .. } = &config.rules.tunings[&"b".parse().unwrap()].trial else {
        panic!("not a command")
    };
    assert_eq!(argv[0], "b");
}

#[test]
fn a_change_of_a_file_or_of_a_secret_changes_the_fingerprint() {
    let folder = write(&[
        ("tunebot.yaml", &with_tuning("slack: {bot_token: {file: token}, signing_secrets: [{env: S}]}\n")),
        ("token", "one"),
    ]);
    let load = || load(&[folder.path().to_owned()], &env, Purpose::Serve).unwrap();
    let first = load();
    assert_eq!(first.fingerprint, fingerprint(&first.watched));
    std::fs::write(folder.path().join("token"), "two").unwrap();
    let second = load();
    assert_ne!(first.fingerprint, second.fingerprint);
    std::fs::write(folder.path().join("more.yaml"), "notify: {}").unwrap();
    assert_ne!(second.fingerprint, fingerprint(&second.watched));
}

#[test]
fn rules_and_verification_secrets_change_without_a_restart() {
    let old = load_text(&with_tuning(""), Purpose::Serve).unwrap().config;
    let text = with_tuning("").replace("GITHUB_SECRET", "OTHER").replace("high: 20", "high: 30");
    let new = load_text(&text, Purpose::Serve).unwrap().config;
    assert!(what_needs_restart(&old, &new).is_empty());
}

#[test]
fn addresses_tokens_and_the_store_need_a_restart() {
    let old = load_text(&with_tuning(""), Purpose::Serve).unwrap().config;
    let text = with_tuning("server: {listen: 127.0.0.1:9, log: {format: json}}\nstore: {path: /elsewhere.db}\n");
    let text = format!("{text}slack: {{bot_token: {{env: S}}, signing_secrets: [{{env: S}}]}}\n");
    let new = load_text(&text.replace("GITHUB_TOKEN", "OTHER"), Purpose::Serve).unwrap().config;
    let expected =
        ["server.listen", "server.public_url", "server.log.format", "store.path", "engines", "github.token", "slack"];
    assert_eq!(what_needs_restart(&old, &new), expected);
}

#[test]
fn dashboards_need_a_restart_for_the_notifiers_hold_them() {
    let old = load_text(&with_tuning(""), Purpose::Serve).unwrap().config;
    let new = load_text(&with_tuning("grafana: {url: http://localhost:3000}\n"), Purpose::Serve).unwrap().config;
    assert_eq!(what_needs_restart(&old, &new), ["grafana"]);
}

#[test]
fn the_json_schema_describes_every_property() {
    let mut bare = Vec::new();
    without_description(&json_schema(), "", &mut bare);
    assert!(bare.is_empty(), "without a description: {bare:?}");
}

#[test]
fn the_json_schema_refuses_unknown_fields() {
    let schema = json_schema();
    assert_eq!(schema["additionalProperties"], false);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        if definition.get("properties").is_some() {
            assert_eq!(definition["additionalProperties"], false, "{name}");
        }
    }
}

fn without_description(schema: &serde_json::Value, path: &str, bare: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            for (name, property) in map.get("properties").and_then(|p| p.as_object()).into_iter().flatten() {
                // The one key of a form that is chosen by its key is described by the form.
                let described = property.get("description").or(map.get("description"));
                if described.is_none_or(|text| text.as_str().unwrap_or_default().is_empty()) {
                    bare.push(format!("{path}/{name}"));
                }
            }
            map.iter().for_each(|(key, value)| without_description(value, &format!("{path}/{key}"), bare));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| without_description(item, path, bare)),
        _ => {}
    }
}

fn load_bytes(bytes: &[u8]) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.yaml"), bytes).unwrap();
    load(&[folder.path().to_owned()], &env, Purpose::Serve)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Err(problems) = load_bytes(&bytes) {
            prop_assert!(!problems.is_empty() && !render(&problems).is_empty());
        }
    }

    #[test]
    fn a_damaged_configuration_is_read_or_refused(at in 0usize..900, length in 0usize..30, put in "[ -~\n\té]{0,12}") {
        let mut text = with_tuning(DAMAGED);
        let floor = |text: &str, mut at: usize| { at = at.min(text.len()); while !text.is_char_boundary(at) { at -= 1; } at };
        let (start, end) = (floor(&text, at), floor(&text, at + length));
        text.replace_range(start..end, &put);
        if let Err(problems) = load_bytes(text.as_bytes()) {
            prop_assert!(!problems.is_empty() && !render(&problems).is_empty());
        }
    }

    #[test]
    fn an_arbitrary_expression_is_read_or_refused(expression in "[a-z0-9.()\\[\\]{}!&|<>='\"?: é]{0,60}") {
        let entry = serde_json::json!([{
            "name": "x", "on": "push", "repositories": ["a/b"], "tuning": "wine", "if": expression, "paths": [expression]
        }]);
        let _ = load_bytes(with_tuning(&format!("triggers: {entry}\n")).as_bytes());
    }
}

const DAMAGED: &str = "
server: {listen: 127.0.0.1:1, log: {filter: info}, api_tokens: [{name: x, secret: {env: X}}]}
schedules:
  - {name: nightly, cron: 30 2 * * *, time_zone: Europe/Berlin, tuning: wine, with: [trials=3]}
triggers:
  - name: x
    on: {pull_request: {labels: [a]}}
    repositories: [a/b]
    if: event.draft == false
    tuning: wine
";

#[test]
fn a_warm_start_is_off_unless_it_is_asked_for() {
    let search = |text: &str| {
        let text = TUNING.replace("    command:", &format!("    search: {text}\n    command:"));
        load_text(&text, Purpose::Run).unwrap().config.rules.tunings[&"wine".parse().unwrap()].search.clone()
    };
    assert_eq!(search("{}").warm_start, None);
    assert_eq!(search("{warm_start: false}").warm_start, None);
    assert_eq!(search("{warm_start: true}").warm_start, Some(WarmStart { sweeps: 3, trials: 200 }));
    assert_eq!(search("{warm_start: {sweeps: 1}}").warm_start, Some(WarmStart { sweeps: 1, trials: 200 }));
    assert!(search("{}").first.is_empty());
}

#[test]
fn with_an_app_token_slack_needs_no_signing_secret() {
    let text = format!("{TUNING}slack: {{bot_token: {{env: T}}, app_token: {{env: APP_TOKEN}}}}\n");
    let slack = load_text(&text, Purpose::Serve).unwrap().config.slack.clone().unwrap();
    assert_eq!((slack.signing_secrets.len(), slack.app_token.is_some(), slack.sockets), (0, true, 2));
}
