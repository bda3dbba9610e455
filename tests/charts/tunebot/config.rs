//! The configuration that is rendered is one that tunebot takes.

use std::process::Command;

use serde_json::{Value, json};

use super::{TEAM, chart, items, server, text, values, with, write, yaml};
use crate::support::{Rendered, folder};

/// Like an app-level token of Slack, whose beginning is checked; of all others the form is nobody's business.
const SECRET: &[u8] = b"xapp-dummy\n";

/// Something to tune, for configurations in which that does not matter.
const TUNING: &str = "
  tunings:
    t: {space: {x: {type: bool}}, objective: {metric: m, direction: maximize}, workflow: {template: t}}
";

/// Lays the files out as the server's pod sees them in /etc/tunebot, with a secret in every file that the configuration
/// wants from one, and lets the real tunebot check them.
pub fn check(rendered: &Rendered) -> Result<String, String> {
    let pod = tempfile::tempdir().expect("a folder");
    let data = &rendered.named("ConfigMap", "tunebot")["data"];
    let deployment = rendered.one("Deployment");
    let volumes = items(&deployment["spec"]["template"]["spec"]["volumes"]);
    let volume = volumes.iter().find(|volume| volume["name"] == "config").expect("the volume");
    for item in items(&volume["configMap"]["items"]) {
        write(&pod.path().join(text(&item["path"])), text(&data[text(&item["key"])]));
    }
    let texts: Vec<&str> = data.as_object().expect("data").values().map(text).collect();
    for key in texts.iter().flat_map(|text| secrets_of(text)) {
        write(&pod.path().join("secrets").join(&key), secret(&key));
    }
    let environment = items(&server(rendered)["env"]).iter();
    let environment =
        environment.map(|variable| (text(&variable["name"]), variable["value"].as_str().unwrap_or("xapp-dummy")));
    let inside = pod.path().display().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_tunebot"))
        .arg("check")
        .env_clear()
        .envs(environment.map(|(name, value)| (name, value.replace("/etc/tunebot", &inside))))
        .current_dir(&pod)
        .output()
        .expect("tunebot can be started");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&inside, "/etc/tunebot").trim().to_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

/// The keys of the Secret that a text refers to.
fn secrets_of(text: &str) -> Vec<String> {
    let end = |c: char| c.is_whitespace() || ",}'\"".contains(c);
    text.split("secrets/").skip(1).filter_map(|rest| rest.split(end).next()).map(str::to_owned).collect()
}

fn secret(key: &str) -> Vec<u8> {
    let file = if key.ends_with(".pem") { "tests/fixtures/test-app-key.pem" } else { return SECRET.to_vec() };
    std::fs::read(folder(file)).expect("the key of the tests")
}

/// Rendered under `values`, it is taken.
fn passes(values: &str) {
    let Some(rendered) = with(values) else { return };
    if let Err(problems) = check(&rendered) {
        panic!("{problems}\n{}", text(&rendered.named("ConfigMap", "tunebot")["data"]["tunebot.yaml"]));
    }
}

#[test]
fn a_team_with_a_github_app_and_slack_by_http() {
    passes(TEAM);
}

#[test]
fn with_nothing_said_only_what_nobody_can_guess_is_missing() {
    let Some(rendered) = with("{}") else { return };
    let problems = check(&rendered).expect_err("there is nothing to tune");
    assert!(problems.contains("there is nothing to tune") && problems.contains("1 error"), "{problems}");
}

#[test]
fn a_token_instead_of_an_app_and_slack_by_socket_mode() {
    passes(&format!(
        "
existingSecret: tunebot
expose: {{elsewhere: true}}
config:
  github: {{token: {{file: secrets/github-token}}, webhook_secrets: [{{file: secrets/new}}, {{file: secrets/old}}]}}
  slack: {{bot_token: {{file: secrets/bot}}, app_token: {{file: secrets/app}}, sockets: 3}}{TUNING}"
    ));
}

#[test]
fn secrets_in_the_environment() {
    passes(&format!(
        "
publicUrl: https://tunebot.example.com
ingress: {{enabled: true}}
extraEnv:
  - {{name: GITHUB_TOKEN, valueFrom: {{secretKeyRef: {{name: github, key: token}}}}}}
  - {{name: GITHUB_WEBHOOK_SECRET, valueFrom: {{secretKeyRef: {{name: github, key: webhook}}}}}}
config:
  github: {{token: {{env: GITHUB_TOKEN}}, webhook_secrets: [{{env: GITHUB_WEBHOOK_SECRET}}]}}{TUNING}"
    ));
}

#[test]
fn workflows_as_files_and_parts_of_the_configuration_as_they_are() {
    let text = r#"
existingSecret: tunebot
config: {server: {api_tokens: [{name: ci, secret: {file: secrets/ci}}]}}
files:
  workflows/train.yaml: |
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: train-}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: lr}]}
      templates: [{name: main, container: {image: train, command: [train]}}]
  train.py: print("not a part of the configuration")
  tunings.yaml: |
    tunings:
      resnet:
        space: {lr: {type: float, low: 1e-5, high: 1e-1}, on: {type: categorical, choices: [on, off]}}
        objective: {metric: val_loss, direction: minimize}
        workflow: {file: workflows/train.yaml}
"#;
    let Some(rendered) = with(text) else { return };
    let variables = items(&server(&rendered)["env"]);
    assert_eq!(
        variables[0],
        json!({"name": "TUNEBOT_CONFIG", "value": "/etc/tunebot/tunebot.yaml,/etc/tunebot/tunings.yaml"})
    );
    let problems = check(&rendered).expect_err("the workflow does not declare the parameter `on`");
    assert!(problems.contains("/etc/tunebot/tunings.yaml:3:") && problems.contains("`on`"), "{problems}");
    passes(&text.replace(", on: {type: categorical, choices: [on, off]}", ""));
}

#[test]
fn several_engines_of_which_one_is_elsewhere() {
    passes(
        "
existingSecret: tunebot
argo: {enabled: false}
config:
  server: {api_tokens: [{name: ci, secret: {file: secrets/ci}}]}
  engines:
    here: argo
    far: {argo: {kubeconfig: secrets/kubeconfig, context: training}}
  tunings:
    t: {engine: far, space: {x: {type: bool}}, objective: {metric: m, direction: maximize}, workflow: {template: t}}
",
    );
}

#[test]
fn ipv6_and_further_fields_of_the_server() {
    passes(&format!(
        "
existingSecret: tunebot
drainSeconds: 90
config:
  server: {{listen: '[::]:8080', log: {{filter: debug}}, api_tokens: [{{name: ci, secret: {{file: secrets/ci}}}}]}}
  store: {{keep_trials: 30d}}{TUNING}"
    ));
}

#[test]
fn trials_in_this_cluster_report_to_the_service_and_those_elsewhere_to_the_public_address() {
    let Some(rendered) = with(
        "
publicUrl: https://tunebot.example.com
service: {port: 80}
argo: {namespace: trials}
config:
  engines:
    far: {argo: {context: training}}
    own: {argo: {report_url: 'http://elsewhere:8080'}}
",
    ) else {
        return;
    };
    let config = tunebot_yaml(&rendered);
    let url = |engine: &str| &config["engines"][engine]["argo"]["report_url"];
    assert_eq!(url("argo"), "http://tunebot.tuning.svc:80");
    assert_eq!(url("far"), &Value::Null);
    assert_eq!(url("own"), "http://elsewhere:8080");
    assert_eq!(config["server"]["public_url"], "https://tunebot.example.com");
}

#[test]
fn an_engine_of_two_kinds_is_not_made_one_of_one() {
    let Some(rendered) = with("config: {engines: {argo: {local: {parallel: 2}}}}") else { return };
    let problems = check(&rendered).expect_err("an engine is of one kind");
    assert!(problems.contains("engines.argo"), "{problems}");
}

fn tunebot_yaml(rendered: &Rendered) -> Value {
    yaml(text(&rendered.named("ConfigMap", "tunebot")["data"]["tunebot.yaml"]))
}

/// The blocks of values in the README: the first one is whole, the others are laid over it.
fn examples() -> Vec<String> {
    let readme = super::file("README.md");
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let dedented = blocks.map(|block| {
        let margin = " ".repeat(block.len() - block.trim_start_matches(' ').len());
        block.lines().map(|line| line.strip_prefix(&margin).unwrap_or(line)).collect::<Vec<_>>().join("\n")
    });
    dedented.filter(|block| !block.contains("apiVersion:")).collect()
}

#[test]
fn every_example_of_the_readme_passes() {
    let examples = examples();
    assert!(examples.len() >= 6 && examples[0].contains("publicUrl"), "{examples:#?}");
    let first = values(&examples[0]);
    for example in &examples {
        let over = values(example);
        let Some(release) = chart() else { return };
        let rendered = release.values(first.path()).values(over.path()).render();
        check(&rendered).unwrap_or_else(|problems| panic!("{problems}\n{example}"));
    }
}

#[test]
fn the_tuning_of_the_readme_gives_the_template_of_the_readme_all_that_it_asks_for() {
    let tuning = &yaml(&examples()[0])["config"]["tunings"]["vision"];
    let template = "config/examples/workflows/train-template.yaml";
    assert!(super::file("README.md").contains(template));
    let template = yaml(&std::fs::read_to_string(folder(template)).expect("the template"));
    assert_eq!(template["metadata"]["name"], tuning["workflow"]["template"]);
    let wanted = items(&template["spec"]["arguments"]["parameters"]).iter().filter(|wanted| wanted["value"].is_null());
    for name in wanted.map(|wanted| text(&wanted["name"])) {
        let is_given = !tuning["space"][name].is_null() || !tuning["workflow"]["arguments"][name].is_null();
        assert!(is_given, "{name} is not given");
    }
}

#[test]
fn the_projects_own_example_goes_through_the_chart_unharmed() {
    let example = std::fs::read_to_string(folder("config/tunebot.yaml")).expect("the example");
    // What the chart asks for elsewhere, or has a mind of its own about.
    let own =
        ["  public_url:", "  drain:", "  path: /var/lib/tunebot/tunebot.db", "      kubeconfig:", "      context:"];
    let lines: Vec<&str> = example.lines().filter(|line| !own.iter().any(|field| line.starts_with(field))).collect();
    let example = lines.join("\n");
    let indented: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    let environment = secrets_in_environment(&example);
    let text = format!(
        "publicUrl: https://tunebot.example.com\nexistingSecret: tunebot\nargo: {{enabled: false}}\nextraEnv: {environment}\n\
         ingress: {{enabled: true}}\nconfig:\n{}\n",
        indented.join("\n")
    );
    let Some(rendered) = with(&text) else { return };
    assert_eq!(check(&rendered).as_deref().map(|said| said.ends_with("no errors")), Ok(true));
    let mut rendered_config = tunebot_yaml(&rendered);
    for (field, value) in [("/server/public_url", "https://tunebot.example.com"), ("/server/drain", "30s")] {
        assert_eq!(rendered_config.pointer(field), Some(&json!(value)));
    }
    let server = rendered_config["server"].as_object_mut().expect("server");
    server.retain(|field, _| field != "public_url" && field != "drain");
    rendered_config["store"].as_object_mut().expect("store").remove("path");
    assert_eq!(rendered_config, yaml(&example));
}

/// One variable for each `{env: NAME}`.
fn secrets_in_environment(text: &str) -> Value {
    let names = text.split("{env: ").skip(1).filter_map(|rest| rest.split('}').next());
    names.map(|name| json!({"name": name, "value": "xapp-dummy"})).collect()
}

#[test]
fn the_word_on_of_a_trigger_is_not_taken_for_true() {
    let Some(rendered) = with(TEAM) else { return };
    assert_eq!(tunebot_yaml(&rendered)["triggers"][0]["on"], json!({"push": {"branches": ["main"]}}));
}

#[test]
fn the_dashboard_of_a_sweep_is_added_to_those_of_the_configuration_unless_it_is_among_them() {
    let names = |config: &str| -> Option<Vec<Value>> {
        let rendered = with(&format!("grafana: {{url: 'https://g.example.com'}}\nconfig: {config}"))?;
        Some(
            items(&tunebot_yaml(&rendered)["grafana"]["dashboards"]).iter().map(|entry| entry["uid"].clone()).collect(),
        )
    };
    let Some(alone) = names("{}") else { return };
    assert_eq!(alone, ["tunebot-sweep"]);
    assert_eq!(names("{grafana: {dashboards: [{name: gpu, uid: gpus}]}}").unwrap(), ["gpus", "tunebot-sweep"]);
    assert_eq!(names("{grafana: {dashboards: [{name: sweep, uid: mine}]}}").unwrap(), ["mine"]);
}

#[test]
fn the_dashboard_that_messages_link_to_is_the_one_in_the_chart() {
    let Some(rendered) = with("grafana: {url: 'https://g.example.com'}") else { return };
    let linked = &tunebot_yaml(&rendered)["grafana"]["dashboards"][0];
    let dashboard: Value = serde_json::from_str(&super::file("dashboards/sweep.json")).expect("JSON");
    assert_eq!(linked["uid"], dashboard["uid"]);
    let variables: Vec<&Value> = items(&dashboard["templating"]["list"]).iter().map(|entry| &entry["name"]).collect();
    for variable in linked["variables"].as_object().expect("variables").keys() {
        assert!(variables.contains(&&json!(variable)), "{variable} is none of {variables:?}");
    }
}

/// What the pod is replaced for.
fn checksum(release: &crate::support::Release) -> String {
    let rendered = release.render();
    text(&rendered.one("Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]).to_owned()
}

#[test]
fn the_checksum_changes_with_the_configuration_and_with_nothing_else() {
    let team = values(TEAM);
    let Some(base) = chart().map(|chart| chart.values(team.path())) else { return };
    let before = checksum(&base);
    for (path, value) in [
        ("config.notify", json!({"announce_channel": "C024BE91L"})),
        ("config.tunings.resnet.description", json!("ours")),
        ("publicUrl", json!("https://other.example.com")),
        ("files.notes\\.txt", json!("a file")),
        ("argo.parallel", json!(21)),
        ("drainSeconds", json!(31)),
        ("grafana.url", json!("")),
    ] {
        let after = checksum(&base.clone().set(path, value));
        assert_ne!(before, after, "{path} is part of the configuration");
    }
    for (path, value) in [
        ("image.tag", json!("9")),
        ("replicas", json!(0)),
        ("existingSecret", json!("other")),
        ("resources", json!({})),
        ("podAnnotations", json!({"a": "b"})),
        ("commonLabels", json!({"a": "b"})),
        ("serviceMonitor.enabled", json!(true)),
        ("checkBeforeUpgrade", json!(false)),
        ("persistence.size", json!("9Gi")),
        ("expose.api", json!(true)),
        ("extraEnv", json!([{"name": "A", "value": "b"}])),
    ] {
        let after = checksum(&base.clone().set(path, value));
        assert_eq!(before, after, "{path} is no part of the configuration");
    }
}

#[test]
fn with_reload_the_pod_is_replaced_only_for_what_a_running_tunebot_cannot_take_over() {
    let team = values(TEAM);
    let Some(base) = chart().map(|chart| chart.values(team.path()).set("configChange", "reload")) else { return };
    let before = checksum(&base);
    let tuning = json!({"description": "ours"});
    assert_eq!(before, checksum(&base.clone().set("config.tunings.resnet", tuning)));
    assert_eq!(before, checksum(&base.clone().set("files.train\\.py", "print()")));
    assert_ne!(before, checksum(&base.clone().set("config.github.api_url", "https://ghe.example.com/api/v3")));
    assert_ne!(before, checksum(&base.set("argo.parallel", 7)));
}

#[test]
fn the_pod_has_longer_to_stop_than_tunebot_takes() {
    let Some(rendered) = with("drainSeconds: 120") else { return };
    assert_eq!(tunebot_yaml(&rendered)["server"]["drain"], "120s");
    assert_eq!(rendered.one("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], 135);
}

#[test]
fn the_check_before_an_upgrade_reads_the_new_configuration_and_not_the_old() {
    let Some(rendered) = with(TEAM) else { return };
    let (new, old) = (rendered.named("ConfigMap", "tunebot-check"), rendered.named("ConfigMap", "tunebot"));
    assert_eq!(new["data"], old["data"]);
    let job = rendered.one("Job");
    for hook in [new, job] {
        assert_eq!(hook["metadata"]["annotations"]["helm.sh/hook"], "pre-upgrade");
    }
    let spec = &job["spec"]["template"]["spec"];
    assert_eq!(spec["containers"][0]["args"], json!(["check"]));
    assert_eq!(spec["volumes"][0]["configMap"]["name"], "tunebot-check");
}
