//! Slips in the sections of the server and of the services that it talks to.

use super::*;

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let text = with_tuning(
        "
slack: {bot_token: xoxb-very-secret, signing_secrets: [abc-very-secret, {value: also-very-secret}], token: 1}
",
    );
    let shown = serve(&text);
    assert!(!shown.contains("very-secret"), "{shown}");
    assert_snapshot!(shown, @"
    tunebot.yaml:1:20  slack.bot_token: a secret is not written into a configuration file: name where it is kept, {env: NAME} or {file: PATH}
        1 | slack: {bot_token: ****************, signing_secrets: [***************, {value: ****************}], token: 1}
          |                    ^^^^^^^^^^^^^^^^
    tunebot.yaml:1:56  slack.signing_secrets[0]: a secret is not written into a configuration file: name where it is kept, {env: NAME} or {file: PATH}
        1 | slack: {bot_token: ****************, signing_secrets: [***************, {value: ****************}], token: 1}
          |                                                        ^^^^^^^^^^^^^^^
    tunebot.yaml:1:73  slack.signing_secrets[1]: a secret is not written into a configuration file: name where it is kept, {env: NAME} or {file: PATH}
        1 | slack: {bot_token: ****************, signing_secrets: [***************, {value: ****************}], token: 1}
          |                                                                         ^
    tunebot.yaml:1:101  slack.token: `token` is not a field here
        1 | slack: {bot_token: ****************, signing_secrets: [***************, {value: ****************}], token: 1}
          |                                                                                                     ^^^^^ known: api_url, app_token, bot_token, pace, signing_secrets, sockets
    4 errors
    ");
}

#[test]
fn secrets_that_are_not_there_are_named() {
    let files = [
        (
            "tunebot.yaml",
            with_tuning(
                "
server: {api_tokens: [{name: ci, secret: {env: MISSING}}, {name: ci, secret: {env: EMPTY}}]}
slack:
  bot_token: {file: none}
  signing_secrets: [{file: empty}]
",
            ),
        ),
        ("empty", "\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_snapshot!(faults(&files, Purpose::Serve), @r#"
    tunebot.yaml:1:48  server.api_tokens[0].secret.env: the environment has no variable `MISSING`
        1 | server: {api_tokens: [{name: ci, secret: {env: MISSING}}, {name: ci, secret: {env: EMPTY}}]}
          |                                                ^^^^^^^
    tunebot.yaml:1:60  server.api_tokens[1].name: the name `ci` is taken already, at tunebot.yaml:1
        1 | server: {api_tokens: [{name: ci, secret: {env: MISSING}}, {name: ci, secret: {env: EMPTY}}]}
          |                                                            ^^^^
    tunebot.yaml:1:84  server.api_tokens[1].secret.env: the environment variable `EMPTY` is empty
        1 | server: {api_tokens: [{name: ci, secret: {env: MISSING}}, {name: ci, secret: {env: EMPTY}}]}
          |                                                                                    ^^^^^
    tunebot.yaml:3:21  slack.bot_token.file: the secret in none cannot be read: No such file or directory (os error 2)
        3 |   bot_token: {file: none}
          |                     ^^^^
    tunebot.yaml:4:28  slack.signing_secrets[0].file: the secret in empty is empty
        4 |   signing_secrets: [{file: empty}]
          |                            ^^^^^
    5 errors
    "#);
}

#[test]
fn a_service_without_its_secrets_is_refused() {
    let shown = serve(&format!(
        "{TUNING}github: {{app: {{id: 1, private_key: {{env: KEY}}}}, token: {{env: T}}}}\nslack: {{bot_token: {{env: T}}}}\n"
    ));
    assert_snapshot!(shown, @"
    tunebot.yaml:10:1  github.webhook_secrets: at least one secret is needed: GitHub signs what it sends with it
        10 | github: {app: {id: 1, private_key: {env: KEY}}, token: {env: T}}
           | ^^^^^^ write a list like [{env: NAME}]
    tunebot.yaml:10:49  github.token: `app` and `token` exclude each other
        10 | github: {app: {id: 1, private_key: {env: KEY}}, token: {env: T}}
           |                                                 ^^^^^ keep `app`: only an App may write check runs
    tunebot.yaml:11:1  slack.signing_secrets: at least one secret is needed: Slack signs what it sends with it; or add `app_token`, and it needs no way in
        11 | slack: {bot_token: {env: T}}
           | ^^^^^ write a list like [{env: NAME}]
    3 errors
    ");
}

#[test]
fn socket_mode_needs_an_app_level_token_and_sockets_that_slack_allows() {
    let slack = |fields: &str| serve(&format!("{TUNING}slack: {{bot_token: {{env: T}}, {fields}}}\n"));
    assert_snapshot!(slack("app_token: {env: T}, sockets: 11"), @"
    tunebot.yaml:10:30  slack.app_token: this is not an app-level token: those begin with xapp-
        10 | slack: {bot_token: {env: T}, app_token: {env: T}, sockets: 11}
           |                              ^^^^^^^^^ make one with the scope connections:write on the app's page Basic Information, App-Level Tokens
    tunebot.yaml:10:60  slack.sockets: `sockets` is 1 to 10, not 11
        10 | slack: {bot_token: {env: T}, app_token: {env: T}, sockets: 11}
           |                                                            ^^ Slack allows an app 10 connections; 2 are enough for one tunebot
    2 errors
    ");
    assert_snapshot!(slack("signing_secrets: [{env: S}], sockets: 2"), @"
    tunebot.yaml:10:68  slack.sockets: `sockets` means nothing without `app_token`
        10 | slack: {bot_token: {env: T}, signing_secrets: [{env: S}], sockets: 2}
           |                                                                    ^ add `app_token: {env: SLACK_APP_TOKEN}`, or leave `sockets` out
    1 error
    ");
}

#[test]
fn a_server_that_nothing_can_reach_is_refused() {
    assert_snapshot!(serve(TUNING), @"
    tunebot.yaml  nothing can reach this server: there is no webhook secret, no API token and no schedule
        add `github` with `webhook_secrets`, `slack` with `signing_secrets` or `app_token`, or `server.api_tokens`
    1 error
    ");
    assert_snapshot!(run("store: {}\n"), @r#"
    tunebot.yaml  there is nothing to tune
        describe one under `tunings`
    1 error
    "#);
}

#[test]
fn addresses_are_checked() {
    let shown = serve(&with_tuning(
        "
server: {listen: localhost, public_url: tunebot.example.com, log: {filter: 'a=b=c', format: xml}}
grafana: {url: 'ftp://g', dashboards: [{name: d, uid: 'a b', variables: {x: '{swep}'}}]}
",
    ));
    assert_snapshot!(shown, @r#"
    tunebot.yaml:1:18  server.listen: `localhost` is not an IP address with a port
        1 | server: {listen: localhost, public_url: tunebot.example.com, log: {filter: 'a=b=c', format: xml}}
          |                  ^^^^^^^^^ write 0.0.0.0:8080 for every interface, 127.0.0.1:8080 for this machine only
    tunebot.yaml:1:41  server.public_url: `tunebot.example.com` is not an address: relative URL without a base
        1 | server: {listen: localhost, public_url: tunebot.example.com, log: {filter: 'a=b=c', format: xml}}
          |                                         ^^^^^^^^^^^^^^^^^^^ write it like https://tunebot.example.com
    tunebot.yaml:1:76  server.log.filter: `a=b=c` is not a log filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
        1 | server: {listen: localhost, public_url: tunebot.example.com, log: {filter: 'a=b=c', format: xml}}
          |                                                                            ^^^^^^^ write it like info,tunebot=debug
    tunebot.yaml:1:93  server.log.format: `xml` is not known here
        1 | server: {listen: localhost, public_url: tunebot.example.com, log: {filter: 'a=b=c', format: xml}}
          |                                                                                             ^^^ known: json, text
    tunebot.yaml:2:16  grafana.url: `ftp://g` does not begin with http:// or https://
        2 | grafana: {url: 'ftp://g', dashboards: [{name: d, uid: 'a b', variables: {x: '{swep}'}}]}
          |                ^^^^^^^^^ write it like https://tunebot.example.com
    tunebot.yaml:2:55  grafana.dashboards[0].uid: `a b` is not a dashboard's uid
        2 | grafana: {url: 'ftp://g', dashboards: [{name: d, uid: 'a b', variables: {x: '{swep}'}}]}
          |                                                       ^^^^^ it is the part of the dashboard's address after /d/
    tunebot.yaml:2:77  grafana.dashboards[0].variables.x: the placeholder {swep} stands for nothing
        2 | grafana: {url: 'ftp://g', dashboards: [{name: d, uid: 'a b', variables: {x: '{swep}'}}]}
          |                                                                             ^^^^^^^^ did you mean `sweep`?
    7 errors
    "#);
}
