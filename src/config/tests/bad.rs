//! What people read when something is wrong. Each case is a slip that somebody makes.

use insta::assert_snapshot;

use super::*;

fn serve(text: &str) -> String {
    faults(&[("tunebot.yaml", text.trim_start_matches('\n'))], Purpose::Serve)
}

fn run(text: &str) -> String {
    faults(&[("tunebot.yaml", text.trim_start_matches('\n'))], Purpose::Run)
}

#[test]
fn only_the_first_objective_can_be_required() {
    let two = "objectives: [{metric: rmse, direction: minimize}, {metric: size, direction: minimize}]";
    let text = with_tuning("").replace("objective: {metric: rmse, direction: minimize}", two);
    let text = text.replace("github:", "    require: {metric: size}\ngithub:");
    assert_snapshot!(serve(&text), @r"
    tunebot.yaml:11:23  tunings.wine.require.metric: `size` is not the first objective, which is what counts
        11 |     require: {metric: size}
           |                       ^^^^ write rmse, or put `size` first
    1 error
    ");
}

#[test]
fn every_fault_of_every_section_is_shown_at_once() {
    let shown = faults(
        &[
            (
                "a.yaml",
                "server:
  listen: 8080
  publicurl: https://x
  drain: soon
tunings:
  resnet:
    space:
      lr: {type: float, low: 1e-1, high: 1e-3, log: true}
      depth: {type: integer, low: 1, high: 3}
    objective: {metric: val_acc, direction: max}
    limits: {trails: 40, parallel: -1}
    command: [train, '{lr}', '{width}']
  mlp:
    space: {x: {type: bool, low: 1}}
    command: [train]
",
            ),
            (
                "b.yaml",
                "triggers:
  - name: nightly
    on: {pull_request: {actions: [openned], forks: true}}
    repositories: [models]
    tuning: resnt
    with: {trails: 10}
  - {name: nightly, on: push, repositories: [a/b], tuning: mlp, with: {trails: 10, x: }, paths: ['[a']}
",
            ),
        ],
        Purpose::Serve,
    );
    assert_snapshot!(shown, @r#"
    a.yaml:2:11  server.listen: `8080` is not an IP address with a port
        2 |   listen: 8080
          |           ^^^^ write 0.0.0.0:8080 for every interface, 127.0.0.1:8080 for this machine only
    a.yaml:3:3  server.publicurl: `publicurl` is not a field here
        3 |   publicurl: https://x
          |   ^^^^^^^^^ did you mean `public_url`?
    a.yaml:4:10  server.drain: expected a duration like 90s, 15m or 2h 30m, found `soon`
        4 |   drain: soon
          |          ^^^^
    a.yaml:8:30  tunings.resnet.space.lr.low: 1e-1 is above high 1e-3
        8 |       lr: {type: float, low: 1e-1, high: 1e-3, log: true}
          |                              ^^^^ swap the two
    a.yaml:9:21  tunings.resnet.space.depth.type: `integer` is not known here
        9 |       depth: {type: integer, low: 1, high: 3}
          |                     ^^^^^^^ known: bool, categorical, float, int
    a.yaml:10:45  tunings.resnet.objective.direction: `max` is not known here
        10 |     objective: {metric: val_acc, direction: max}
           |                                             ^^^ did you mean `maximize`?
    a.yaml:11:14  tunings.resnet.limits.trails: `trails` is not a field here
        11 |     limits: {trails: 40, parallel: -1}
           |              ^^^^^^ did you mean `trials`?
    a.yaml:11:36  tunings.resnet.limits.parallel: expected a whole number from 0 to 4294967295, found -1
        11 |     limits: {trails: 40, parallel: -1}
           |                                    ^^
    a.yaml:12:30  tunings.resnet.command[2]: the placeholder {width} stands for nothing
        12 |     command: [train, '{lr}', '{width}']
           |                              ^^^^^^^^^ known: depth, lr
    a.yaml:13:3  tunings.mlp: `objective` is missing: what should be better?
        13 |   mlp:
           |   ^^^ add `objective: {metric: loss, direction: minimize}`
    a.yaml:14:29  tunings.mlp.space.x.low: a bool has no `low`
        14 |     space: {x: {type: bool, low: 1}}
           |                             ^^^
    b.yaml:1:1  triggers: triggers listen to GitHub, which is not configured
        1 | triggers:
          | ^^^^^^^^ add a `github` section
    b.yaml:3:35  triggers[0].on.pull_request.actions[0]: there is no action `openned`
        3 |     on: {pull_request: {actions: [openned], forks: true}}
          |                                   ^^^^^^^ did you mean `opened`?
    b.yaml:3:52  triggers[0].on.pull_request.forks: this would run the code of anybody who opens a pull request
        3 |     on: {pull_request: {actions: [openned], forks: true}}
          |                                                    ^^^^ say whose with `labels` (only maintainers set them) or `authors`
    b.yaml:4:20  triggers[0].repositories[0]: `models` matches no repository
        4 |     repositories: [models]
          |                    ^^^^^^ a repository is written owner/name
    b.yaml:5:13  triggers[0].tuning: there is no tuning `resnt`
        5 |     tuning: resnt
          |             ^^^^^ did you mean `resnet`?
    b.yaml:7:6  triggers[1].name: the name `nightly` is taken already, at b.yaml:2
        7 |   - {name: nightly, on: push, repositories: [a/b], tuning: mlp, with: {trails: 10, x: }, paths: ['[a']}
          |      ^^^^
    b.yaml:7:72  triggers[1].with.trails: `trails` is neither a limit nor a parameter of `mlp`
        7 |   - {name: nightly, on: push, repositories: [a/b], tuning: mlp, with: {trails: 10, x: }, paths: ['[a']}
          |                                                                        ^^^^^^ did you mean `trials`?
    b.yaml:7:84  triggers[1].with.x: expected text, found nothing
        7 |   - {name: nightly, on: push, repositories: [a/b], tuning: mlp, with: {trails: 10, x: }, paths: ['[a']}
          |                                                                                    ^
    b.yaml:7:98  triggers[1].paths[0]: `[a` is not a glob: unclosed character class; missing ']'
        7 |   - {name: nightly, on: push, repositories: [a/b], tuning: mlp, with: {trails: 10, x: }, paths: ['[a']}
          |                                                                                                  ^^^^
    20 errors
    "#);
}

#[test]
fn a_syntax_error_in_one_section_hides_nothing_in_the_others() {
    let shown = run("
tunings:
  a:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    command: [run
triggers:
  - name: x
    tuning: a
store:
  path: [1]
");
    assert_snapshot!(shown, @r#"
    tunebot.yaml:5:14  unclosed bracket '['
        5 |     command: [run
          |              ^
    tunebot.yaml:7:5  triggers[0]: `on` is missing
        7 |   - name: x
          |     ^
    tunebot.yaml:10:3  store.path: expected a path, found a list
        10 |   path: [1]
           |   ^^^^
    3 errors
    "#);
}

#[test]
fn a_key_that_is_there_twice_names_both_places() {
    let shown = run("
tunings:
  a:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    command: [run]
    objective: {metric: n, direction: maximize}
");
    assert_snapshot!(shown, @r#"
    tunebot.yaml:6:5  `objective` is here twice, first in line 4
        6 |     objective: {metric: n, direction: maximize}
          |     ^^^^^^^^^
    1 error
    "#);
}

#[test]
fn a_section_that_may_be_there_once_names_both_places() {
    let files = [
        ("1.yaml", "store: {keep_events: 1d}"),
        ("2.yaml", "store: {keep_events: 2d}"),
        ("3.yaml", TUNING),
        ("4.yaml", TUNING),
    ];
    assert_snapshot!(faults(&files, Purpose::Run), @r#"
    2.yaml:1:1  store: `store` may be there once only, and is at 1.yaml:1 already
        1 | store: {keep_events: 2d}
          | ^^^^^
    4.yaml:3:3  tunings.wine: the name `wine` is taken already, at 3.yaml:3
        3 |   wine:
          |   ^^^^
    2 errors
    "#);
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let text = with_tuning(
        "
slack: {bot_token: xoxb-very-secret, signing_secrets: [abc-very-secret, {value: also-very-secret}], token: 1}
",
    );
    let shown = serve(&text);
    assert!(!shown.contains("very-secret"), "{shown}");
    assert_snapshot!(shown, @r#"
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
          |                                                                                                     ^^^^^ known: api_url, bot_token, signing_secrets
    4 errors
    "#);
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
    assert_snapshot!(shown, @r#"
    tunebot.yaml:10:1  github.webhook_secrets: at least one secret is needed: GitHub signs what it sends with it
        10 | github: {app: {id: 1, private_key: {env: KEY}}, token: {env: T}}
           | ^^^^^^ write a list like [{env: NAME}]
    tunebot.yaml:10:49  github.token: `app` and `token` exclude each other
        10 | github: {app: {id: 1, private_key: {env: KEY}}, token: {env: T}}
           |                                                 ^^^^^ keep `app`: only an App may write check runs
    tunebot.yaml:11:1  slack.signing_secrets: at least one secret is needed: Slack signs what it sends with it
        11 | slack: {bot_token: {env: T}}
           | ^^^^^ write a list like [{env: NAME}]
    3 errors
    "#);
}

#[test]
fn a_server_that_nothing_can_reach_is_refused() {
    assert_snapshot!(serve(TUNING), @r#"
    tunebot.yaml  nothing can reach this server: there is no webhook secret, no API token and no schedule
        add `github` with `webhook_secrets`, `slack` with `signing_secrets`, or `server.api_tokens`
    1 error
    "#);
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

#[test]
fn spaces_are_checked() {
    let shown = run("
tunings:
  t:
    space:
      a: {type: float, low: 0, high: 1, log: true}
      b: {type: int, low: 0.5, high: 3}
      c: {type: categorical, choices: [x, x]}
      d: {type: categorical, choices: []}
      e: {type: float, low: 1, when: {f: [x]}}
      f: {type: categorical, choices: [x, y], low: 1}
      g: {type: bool, when: {ff: true}}
      h: {type: bool, when: {a: 1}}
      i: {type: bool, when: {h: [maybe]}}
      j: {type: float, low: -.inf, high: .inf}
      seed: {type: int, low: 1, high: '10'}
      1st: {type: bool}
    objective: {metric: m, direction: maximize}
    command: [run]
");
    assert_snapshot!(shown, @r#"
    tunebot.yaml:4:7  tunings.t.space.a: log needs low above 0, not 0
        4 |       a: {type: float, low: 0, high: 1, log: true}
          |       ^
    tunebot.yaml:5:27  tunings.t.space.b.low: 0.5 is not a whole number
        5 |       b: {type: int, low: 0.5, high: 3}
          |                           ^^^ or say `type: float`
    tunebot.yaml:6:7  tunings.t.space.c: the choice x is there twice
        6 |       c: {type: categorical, choices: [x, x]}
          |       ^
    tunebot.yaml:7:7  tunings.t.space.d: needs at least one choice
        7 |       d: {type: categorical, choices: []}
          |       ^
    tunebot.yaml:8:7  tunings.t.space.e.high: `high` is missing
        8 |       e: {type: float, low: 1, when: {f: [x]}}
          |       ^
    tunebot.yaml:9:47  tunings.t.space.f.low: a categorical parameter has no `low`
        9 |       f: {type: categorical, choices: [x, y], low: 1}
          |                                               ^^^
    tunebot.yaml:10:30  tunings.t.space.g.when.ff: there is no parameter `ff`
        10 |       g: {type: bool, when: {ff: true}}
           |                              ^^ known: a, b, c, d, e, f, h, i, j, seed
    tunebot.yaml:11:30  tunings.t.space.h.when.a: `a` is neither categorical nor bool
        11 |       h: {type: bool, when: {a: 1}}
           |                              ^ a condition is over choices
    tunebot.yaml:12:30  tunings.t.space.i.when.h: `maybe` is not a choice of `h`
        12 |       i: {type: bool, when: {h: [maybe]}}
           |                              ^ choices: false | true
    tunebot.yaml:13:7  tunings.t.space.j: low and high must be finite numbers
        13 |       j: {type: float, low: -.inf, high: .inf}
           |       ^
    tunebot.yaml:14:7  tunings.t.space.seed: `seed` is a word of /tune and cannot name a parameter
        14 |       seed: {type: int, low: 1, high: '10'}
           |       ^^^^ call it model_seed, say
    tunebot.yaml:14:39  tunings.t.space.seed.high: expected a number, found `10`
        14 |       seed: {type: int, low: 1, high: '10'}
           |                                       ^^^^
    tunebot.yaml:15:7  tunings.t.space.1st: `1st` is not a valid parameter name: use 1 to 60 of letters, digits, _ . and -, beginning with a letter
        15 |       1st: {type: bool}
           |       ^^^
    13 errors
    "#);
}

#[test]
fn a_circle_of_conditions_is_refused() {
    let shown = run("
tunings:
  t:
    space:
      a: {type: bool, when: {b: true}}
      b: {type: bool, when: {a: true}}
    objective: {metric: m, direction: maximize}
    command: [run]
");
    assert_snapshot!(shown, @r#"
    tunebot.yaml:4:7  tunings.t.space.a: its condition depends, in a circle or by an unknown name, on itself
        4 |       a: {type: bool, when: {b: true}}
          |       ^
    tunebot.yaml:5:7  tunings.t.space.b: its condition depends, in a circle or by an unknown name, on itself
        5 |       b: {type: bool, when: {a: true}}
          |       ^
    2 errors
    "#);
}

#[test]
fn tunings_are_checked() {
    let shown = run("
engines: {gpu: {local: {parallel: 0}}, cpu: local}
tunings:
  Net:
    space: {}
  t:
    branch: dev
    space: {x: {type: int, low: 1, high: 5}, y: {type: bool}}
    objectives: [{metric: m, direction: maximize}, {metric: m, direction: minimize}]
    engine: gpus
    search: {sampler: bayes, pruner: {median: {warmup: 3}}}
    limits: {trials: 0, trial_timeout: 0s, deadline: 90, stop_grace: -5s}
    command: [run, '{\"x\": {x}}', '{']
    env: {A-B: 1, TUNEBOT_SWEEP: x}
    production: {x: 9, z: 1}
    require: {metric: n, not_worse_than: 1}
    dashboards: [none]
    access: {slack_users: [mika], slack_channels: ['#ml']}
  u:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    command: []
");
    assert_snapshot!(shown, @r#"
    tunebot.yaml:1:35  engines.gpu.local.parallel: an engine runs at least 1 trial at a time
        1 | engines: {gpu: {local: {parallel: 0}}, cpu: local}
          |                                   ^
    tunebot.yaml:3:3  tunings.Net: `Net` is not a valid tuning name: use 1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -
        3 |   Net:
          |   ^^^
    tunebot.yaml:6:13  tunings.t.branch: a branch needs its repository
        6 |     branch: dev
          |             ^^^ add `repository: owner/name`
    tunebot.yaml:8:61  tunings.t.objectives[1].metric: `m` is an objective already
        8 |     objectives: [{metric: m, direction: maximize}, {metric: m, direction: minimize}]
          |                                                             ^
    tunebot.yaml:9:13  tunings.t.engine: there is no engine `gpus`
        9 |     engine: gpus
          |             ^^^^ did you mean `gpu`?
    tunebot.yaml:10:23  tunings.t.search.sampler: `bayes` is not known here
        10 |     search: {sampler: bayes, pruner: {median: {warmup: 3}}}
           |                       ^^^^^ known: grid, random, sobol, tpe
    tunebot.yaml:10:48  tunings.t.search.pruner.median.warmup: `warmup` is not a field here
        10 |     search: {sampler: bayes, pruner: {median: {warmup: 3}}}
           |                                                ^^^^^^ did you mean `warmup_steps`?
    tunebot.yaml:11:22  tunings.t.limits.trials: `trials` has to be at least 1
        11 |     limits: {trials: 0, trial_timeout: 0s, deadline: 90, stop_grace: -5s}
           |                      ^
    tunebot.yaml:11:40  tunings.t.limits.trial_timeout: `trial_timeout` has to be longer than 0
        11 |     limits: {trials: 0, trial_timeout: 0s, deadline: 90, stop_grace: -5s}
           |                                        ^^
    tunebot.yaml:11:54  tunings.t.limits.deadline: expected a duration like 90s, 15m or 2h 30m, found 90
        11 |     limits: {trials: 0, trial_timeout: 0s, deadline: 90, stop_grace: -5s}
           |                                                      ^^
    tunebot.yaml:11:70  tunings.t.limits.stop_grace: expected a duration like 90s, 15m or 2h 30m, found `-5s`
        11 |     limits: {trials: 0, trial_timeout: 0s, deadline: 90, stop_grace: -5s}
           |                                                                      ^^^
    tunebot.yaml:12:20  tunings.t.command[1]: {"x": {x} is not a placeholder
        12 |     command: [run, '{"x": {x}}', '{']
           |                    ^^^^^^^^^^^^ for braces themselves write {{ and }}
    tunebot.yaml:12:34  tunings.t.command[2]: there is a { without its }
        12 |     command: [run, '{"x": {x}}', '{']
           |                                  ^^^ for braces themselves write {{ and }}
    tunebot.yaml:13:11  tunings.t.env.A-B: `A-B` does not name an environment variable
        13 |     env: {A-B: 1, TUNEBOT_SWEEP: x}
           |           ^^^
    tunebot.yaml:13:19  tunings.t.env.TUNEBOT_SWEEP: names that begin with TUNEBOT_ are tunebot's own
        13 |     env: {A-B: 1, TUNEBOT_SWEEP: x}
           |                   ^^^^^^^^^^^^^
    tunebot.yaml:14:5  tunings.t.production.y: has no value
        14 |     production: {x: 9, z: 1}
           |     ^^^^^^^^^^
    tunebot.yaml:14:21  tunings.t.production.x: 9 is not in 1..5
        14 |     production: {x: 9, z: 1}
           |                     ^
    tunebot.yaml:14:24  tunings.t.production.z: is not a parameter of this space
        14 |     production: {x: 9, z: 1}
           |                        ^ known: x, y
    tunebot.yaml:15:23  tunings.t.require.metric: `n` is not an objective of this tuning
        15 |     require: {metric: n, not_worse_than: 1}
           |                       ^ known: m
    tunebot.yaml:15:42  tunings.t.require.not_worse_than: expected a percentage like 1% or 0.5%, found 1
        15 |     require: {metric: n, not_worse_than: 1}
           |                                          ^
    tunebot.yaml:16:18  tunings.t.dashboards[0]: there is no dashboard `none`
        16 |     dashboards: [none]
           |                  ^^^^ none is configured
    tunebot.yaml:17:14  tunings.t.access.slack_users: `mika` is not a Slack user id
        17 |     access: {slack_users: [mika], slack_channels: ['#ml']}
           |              ^^^^^^^^^^^ it is at the end of the user's details, like U012AB3CD
    tunebot.yaml:17:35  tunings.t.access.slack_channels: `#ml` is not a Slack channel id
        17 |     access: {slack_users: [mika], slack_channels: ['#ml']}
           |                                   ^^^^^^^^^^^^^^ it is at the end of the channel's details, like C012AB3CD
    tunebot.yaml:18:3  tunings.u.engine: `engine` is missing: there are several
        18 |   u:
           |   ^ one of cpu, gpu
    tunebot.yaml:21:5  tunings.u.command: `command` is missing: what does one trial run?
        21 |     command: []
           |     ^^^^^^^ add `command: [python, train.py, "--lr={lr}"]`
    25 errors
    "#);
}

#[test]
fn triggers_are_checked() {
    let shown = serve(&format!("{TUNING}{}", "
triggers:
  - {name: A, on: pushes, repositories: [a/b], tuning: wine}
  - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
  - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
  - {on: push, repositories: [a/b], tuning: wine}
  - just text
"));
    assert_snapshot!(shown, @r#"
    tunebot.yaml:11:1  triggers: triggers listen to GitHub, which is not configured
        11 | triggers:
           | ^^^^^^^^ add a `github` section
    tunebot.yaml:12:19  triggers[0].on: `pushes` is not known here
        12 |   - {name: A, on: pushes, repositories: [a/b], tuning: wine}
           |                   ^^^^^^ known: pull_request, push
    tunebot.yaml:13:38  triggers[1].on.push.branches[0]: `[` is not a glob: unclosed character class; missing ']'
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                      ^^^
    tunebot.yaml:13:46  triggers[1].repositories: a trigger needs at least one repository
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                              ^^^^^^^^^^^^ write `repositories: [owner/name]`
    tunebot.yaml:13:82  triggers[1].if: this is not a CEL expression: Syntax error: mismatched input '<EOF>'
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                                                                  ^^^^^^^^^^^^^^^^
    tunebot.yaml:13:109  triggers[1].channel: `#ml` is not a Slack channel id
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                                                                                             ^^^^^ it is at the end of the channel's details, like C012AB3CD
    tunebot.yaml:13:109  triggers[1].channel: a channel needs Slack, which is not configured
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                                                                                             ^^^^^ add a `slack` section
    tunebot.yaml:14:64  triggers[2].if: the expression does not look at `event`
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                ^^^^^^^^ write it like event.sender != 'renovate[bot]'
    tunebot.yaml:14:81  triggers[2].with[0]: `depth` needs one value, without spaces
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                 ^^^^^ write it like trials=20 or lr=1e-4..1e-2
    tunebot.yaml:14:88  triggers[2].with[1]: `deep` is neither a limit nor a parameter of `wine`
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                        ^^^^^^ known: deadline, depth, kind, lr, parallel, ref, sampler, seed, timeout, trials
    tunebot.yaml:14:96  triggers[2].with[2]: `lr` needs one value, without spaces
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                                ^^^^^^^^ write it like trials=20 or lr=1e-4..1e-2
    tunebot.yaml:14:117  triggers[2].on_newer: `stop` is not known here
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                                                     ^^^^ known: cancel, keep, queue
    tunebot.yaml:15:5  triggers[3]: `name` is missing
        15 |   - {on: push, repositories: [a/b], tuning: wine}
           |     ^
    tunebot.yaml:16:5  triggers[4]: expected a mapping, found `just text`
        16 |   - just text
           |     ^^^^^^^^^
    14 errors
    "#);
}

#[test]
fn schedules_are_checked() {
    let shown = serve(&with_tuning(
        "
schedules:
  - {name: a, cron: 30 25 * * *, time_zone: Europe/Berln, tuning: wine}
  - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
  - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
",
    ));
    assert_snapshot!(shown, @r#"
    tunebot.yaml:2:21  schedules[0].cron: `30 25 * * *` is not a cron line: Component error: Number out of bounds.
        2 |   - {name: a, cron: 30 25 * * *, time_zone: Europe/Berln, tuning: wine}
          |                     ^^^^^^^^^^^ minute, hour, day of month, month, day of week: `30 2 * * MON-FRI`
    tunebot.yaml:2:45  schedules[0].time_zone: there is no time zone `Europe/Berln`
        2 |   - {name: a, cron: 30 25 * * *, time_zone: Europe/Berln, tuning: wine}
          |                                             ^^^^^^^^^^^^ did you mean `Europe/Berlin`?
    tunebot.yaml:3:21  schedules[1].cron: `daily` is not a cron line: Invalid pattern: Pattern must have 5 or 6 fields when years are disallowed.
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                     ^^^^^ minute, hour, day of month, month, day of week: `30 2 * * MON-FRI`
    tunebot.yaml:3:39  schedules[1].time_zone: there is no time zone `Mars/Olympus`
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                                       ^^^^^^^^^^^^ write an IANA name such as Europe/Berlin
    tunebot.yaml:3:81  schedules[1].missed.all: all, but no more than 0, are none
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                                                                                 ^ write `missed: skip`
    tunebot.yaml:3:94  schedules[1].overlap: `both` is not known here
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                                                                                              ^^^^ known: allow, cancel, queue, skip
    tunebot.yaml:4:40  schedules[2].tuning: there is no tuning `beer`
        4 |   - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
          |                                        ^^^^ known: wine
    tunebot.yaml:4:76  schedules[2].jitter: expected a duration like 90s, 15m or 2h 30m, found 5
        4 |   - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
          |                                                                            ^
    tunebot.yaml:4:87  schedules[2].missed: `all` needs more than its name
        4 |   - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
          |                                                                                       ^^^ write it like {all: …}
    9 errors
    "#);
}

#[test]
fn what_is_no_configuration_is_refused() {
    assert_snapshot!(run("- a\n- b\n"), @r#"
    tunebot.yaml:1:1  expected a mapping, found a list
        1 | - a
          | ^
    1 error
    "#);
    assert_snapshot!(run("just text\n"), @r#"
    tunebot.yaml:1:1  expected a mapping, found `just text`
        1 | just text
          | ^^^^^^^^^
    1 error
    "#);
    assert_snapshot!(run("a: 1\n---\nb: 2\n"), @r#"
    tunebot.yaml:2:4  a second document begins here, but a file holds only one
        2 | ---
          |    ^
    tunebot.yaml:3:1  b: `b` is not a field here
        3 | b: 2
          | ^ known: engines, github, grafana, notify, schedules, server, slack, store, triggers, tunings
    2 errors
    "#);
    let folder = write(&[]);
    let missing = folder.path().join("none.yaml");
    let shown = |paths: &[PathBuf]| {
        let problems = load(paths, &env, Purpose::Run).unwrap_err();
        render(&problems).replace(&folder.path().display().to_string(), "/etc/tunebot")
    };
    assert_snapshot!(shown(&[missing]), @r#"
    /etc/tunebot/none.yaml  cannot be read: No such file or directory (os error 2)
    1 error
    "#);
    assert_snapshot!(shown(&[folder.path().to_owned()]), @r#"
    /etc/tunebot  there is no configuration file in this folder
        put *.yaml files into it
    1 error
    "#);
    assert_snapshot!(shown(&[]), @r#"
      no configuration was named
        name a file or a folder
    1 error
    "#);
    std::fs::write(folder.path().join("latin.yaml"), b"store: {path: caf\xe9}").unwrap();
    assert_snapshot!(shown(&[folder.path().to_owned()]), @r#"
    /etc/tunebot/latin.yaml  is not UTF-8 text: see byte 17
    1 error
    "#);
}
