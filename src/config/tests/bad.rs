//! What people read when something is wrong. Each case is a slip that somebody makes.

use insta::assert_snapshot;

use super::*;

mod apply;
mod cost;
mod manifests;
mod quota;
mod rules;
mod server;
mod tunings;
mod workflows;

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
    assert_snapshot!(shown, @"
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
    19 errors
    ");
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
    assert_snapshot!(run("a: 1\n---\nb: 2\n"), @"
    tunebot.yaml:2:4  a second document begins here, but a file holds only one
        2 | ---
          |    ^
    tunebot.yaml:3:1  b: `b` is not a field here
        3 | b: 2
          | ^ known: engines, github, grafana, notify, people, quotas, schedules, server, slack, store, triggers, tunings
    2 errors
    ");
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
