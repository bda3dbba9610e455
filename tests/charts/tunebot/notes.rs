//! What is said after an installation.

use insta::assert_snapshot;

use super::{TEAM, chart, values};

fn notes(text: &str) -> Option<String> {
    let file = values(text);
    Some(chart()?.values(file.path()).notes())
}

#[test]
fn a_team_is_told_its_webhooks_and_what_to_do_next() {
    let Some(said) = notes(TEAM) else { return };
    assert_snapshot!(said, @r"
    tunebot 0.1.0 is on its way:

      kubectl --namespace tuning rollout status deployment/tunebot

    GitHub, in the App's settings (or the repository's, under Webhooks; content type application/json):
      Webhook URL         https://tunebot.example.com/webhooks/github

    Slack, at https://api.slack.com/apps:
      Slash command /tune https://tunebot.example.com/webhooks/slack/commands
      Interactivity       https://tunebot.example.com/webhooks/slack/interactions
      Event subscriptions https://tunebot.example.com/webhooks/slack/events

    Next:
      1. Signed pings, as GitHub and Slack send them:
           helm --namespace tuning test tunebot --logs
      2. What GitHub, Slack and the cluster still lack:
           kubectl --namespace tuning exec deployment/tunebot -- /usr/local/bin/tunebot check --github --slack --cluster
      3. In Slack, or in a comment on a pull request:  /tune resnet

    Workflows run in trials.
    ");
}

#[test]
fn nothing_said_is_warned_of() {
    let Some(said) = notes("persistence: {enabled: false}") else { return };
    assert_snapshot!(said, @r"
    tunebot 0.1.0 is on its way:

      kubectl --namespace tuning rollout status deployment/tunebot

    GitHub, in the App's settings (or the repository's, under Webhooks; content type application/json):
      Webhook URL         https://YOUR-HOST/webhooks/github

    Slack, at https://api.slack.com/apps:
      Slash command /tune https://YOUR-HOST/webhooks/slack/commands
      Interactivity       https://YOUR-HOST/webhooks/slack/interactions
      Event subscriptions https://YOUR-HOST/webhooks/slack/events

    Next:
      1. Signed pings, as GitHub and Slack send them:
           helm --namespace tuning test tunebot --logs
      2. What GitHub, Slack and the cluster still lack:
           kubectl --namespace tuning exec deployment/tunebot -- /usr/local/bin/tunebot check --github --slack --cluster

    Workflows run in tuning.

    WARNING: persistence.enabled is false. Every new pod has forgotten all sweeps, what was missed, and the key of the trials'
    tokens: running trials can no longer report. Good for a try, for nothing else.

    WARNING: publicUrl is empty: GitHub and Slack have no address to send to, and pull requests show no pictures. Write
    publicUrl: https://tunebot.example.com

    WARNING: there are no secrets. Name a Secret in existingSecret; the configuration refers to its keys: {file: secrets/KEY}

    WARNING: config.tunings is empty, and with nothing to tune tunebot does not start. config/tunebot.yaml of the project shows
    how a tuning is written.

    WARNING: config has neither github nor slack: nobody can ask for anything. Without a schedule or a token of the API
    (server.api_tokens) tunebot does not start.

    Nothing of this chart leads in from outside. To look at it from here:
      kubectl --namespace tuning port-forward service/tunebot 8080:8080
    ");
}

#[test]
fn with_socket_mode_slack_is_given_no_address() {
    let text = "
existingSecret: tunebot
config:
  slack: {bot_token: {file: secrets/bot}, app_token: {file: secrets/app}}
  tunings: {t: {space: {x: {type: bool}}, objective: {metric: m, direction: maximize}, workflow: {template: t}}}
";
    let Some(said) = notes(text) else { return };
    assert!(said.contains("Socket Mode") && !said.contains("/webhooks/"), "{said}");
    assert!(said.contains("/tune t\n"), "{said}");
}

#[test]
fn without_an_engine_for_workflows_it_is_said_where_trials_would_run() {
    let nowhere = "WARNING: there is no engine of the kind argo.";
    let Some(said) = notes("argo: {enabled: false}") else { return };
    assert!(said.contains(nowhere), "{said}");
    let far = "argo: {enabled: false}\nconfig: {engines: {far: {argo: {context: training}}}}";
    assert!(!notes(far).expect("Helm was there").contains(nowhere));
}
