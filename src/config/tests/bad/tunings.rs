//! Slips in tunings: their spaces, limits and commands.

use super::*;

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
           |                       ^^^^^ known: auto, cmaes, gp, grid, nsga2, nsga3, random, sobol, tpe, tpe-group, tpe-independent
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
fn pruners_are_checked() {
    let tuning = |name: &str, pruner: &str| {
        format!(
            "  {name}:
    space: {{x: {{type: bool}}}}
    objective: {{metric: m, direction: maximize}}
    command: [run]
    search: {{pruner: {pruner}}}
"
        )
    };
    let shown = run(&format!(
        "tunings:\n{}{}{}{}{}{}{}{}{}",
        tuning("a", "{asha: {min_steps: 0, eta: 1}}"),
        tuning("b", "{asha: {min_steps: 9, max_steps: 9}}"),
        tuning("c", "hyperband"),
        tuning("d", "{wilcoxon: {p: 1.5}}"),
        tuning("e", "{patience: {steps: 0, min_delta: -1}}"),
        tuning("f", "threshold"),
        tuning("g", "{threshold: {lower: 2, upper: 1}}"),
        tuning("h", "{percentile: {keep: 100%}}"),
        tuning("i", "{asha: {min_resource: 1}}"),
    ));
    assert_snapshot!(shown, @r"
    tunebot.yaml:6:41  tunings.a.search.pruner.asha.min_steps: `min_steps` has to be at least 1
        6 |     search: {pruner: {asha: {min_steps: 0, eta: 1}}}
          |                                         ^
    tunebot.yaml:6:49  tunings.a.search.pruner.asha.eta: `eta` has to be at least 2
        6 |     search: {pruner: {asha: {min_steps: 0, eta: 1}}}
          |                                                 ^ 3 is usual: one of three trials goes on
    tunebot.yaml:11:55  tunings.b.search.pruner.asha.max_steps: `max_steps` has to be more than `min_steps`, which is 9
        11 |     search: {pruner: {asha: {min_steps: 9, max_steps: 9}}}
           |                                                       ^
    tunebot.yaml:16:22  tunings.c.search.pruner: `hyperband` needs `max_steps`: the steps of a whole trial
        16 |     search: {pruner: hyperband}
           |                      ^^^^^^^^^ say `hyperband: {max_steps: 81}`
    tunebot.yaml:21:37  tunings.d.search.pruner.wilcoxon.p: `p` is a probability: more than 0 and less than 1
        21 |     search: {pruner: {wilcoxon: {p: 1.5}}}
           |                                     ^^^
    tunebot.yaml:26:41  tunings.e.search.pruner.patience.steps: `steps` has to be at least 1
        26 |     search: {pruner: {patience: {steps: 0, min_delta: -1}}}
           |                                         ^
    tunebot.yaml:26:55  tunings.e.search.pruner.patience.min_delta: `min_delta` has to be a number from 0 on
        26 |     search: {pruner: {patience: {steps: 0, min_delta: -1}}}
           |                                                       ^^
    tunebot.yaml:31:22  tunings.f.search.pruner: `threshold` needs a bound: `lower`, `upper` or both
        31 |     search: {pruner: threshold}
           |                      ^^^^^^^^^ say `threshold: {upper: 10}`
    tunebot.yaml:36:52  tunings.g.search.pruner.threshold.upper: `upper` has to be more than `lower`, which is 2
        36 |     search: {pruner: {threshold: {lower: 2, upper: 1}}}
           |                                                    ^
    tunebot.yaml:41:42  tunings.h.search.pruner.percentile.keep: `keep` has to be more than 0% and less than 100%
        41 |     search: {pruner: {percentile: {keep: 100%}}}
           |                                          ^^^^
    tunebot.yaml:46:30  tunings.i.search.pruner.asha.min_resource: `min_resource` is not a field here
        46 |     search: {pruner: {asha: {min_resource: 1}}}
           |                              ^^^^^^^^^^^^ known: eta, max_steps, min_steps
    11 errors
    ");
}

#[test]
fn what_a_search_begins_with_is_checked() {
    let shown = run("
tunings:
  t:
    space:
      x: {type: int, low: 1, high: 5}
      o: {type: categorical, choices: [adam, sgd]}
      m: {type: float, low: 0, high: 1, when: {o: sgd}}
    objective: {metric: loss, direction: minimize}
    search:
      warm_start: {sweeps: 0, trials: 99999}
      first: [{x: 9}, {m: 0.5}, {o: adam, m: 0.5}, {}, {y: 1}]
    limits: {trials: 3}
    command: [run]
  u:
    space: {x: {type: bool}}
    objective: {metric: loss, direction: minimize}
    search: {sampler: sobol, warm_start: true}
    command: [run]
  v:
    space: {x: {type: bool}}
    objective: {metric: loss, direction: minimize}
    search: {warm_start: 3}
    command: [run]
");
    assert_snapshot!(shown, @"
    tunebot.yaml:9:28  tunings.t.search.warm_start.sweeps: `sweeps` has to be from 1 to 100
        9 |       warm_start: {sweeps: 0, trials: 99999}
          |                            ^ write `warm_start: false` to start from nothing
    tunebot.yaml:9:39  tunings.t.search.warm_start.trials: `trials` has to be from 1 to 10000
        9 |       warm_start: {sweeps: 0, trials: 99999}
          |                                       ^^^^^ write `warm_start: false` to start from nothing
    tunebot.yaml:10:7  tunings.t.search.first: 5 points are more than the 3 trials of a sweep
        10 |       first: [{x: 9}, {m: 0.5}, {o: adam, m: 0.5}, {}, {y: 1}]
           |       ^^^^^ take some out, or raise `limits.trials`
    tunebot.yaml:10:19  tunings.t.search.first[0].x: 9 is not in 1..5
        10 |       first: [{x: 9}, {m: 0.5}, {o: adam, m: 0.5}, {}, {y: 1}]
           |                   ^
    tunebot.yaml:10:27  tunings.t.search.first[1].m: is there only if o is sgd: say so beside it
        10 |       first: [{x: 9}, {m: 0.5}, {o: adam, m: 0.5}, {}, {y: 1}]
           |                           ^^^
    tunebot.yaml:10:46  tunings.t.search.first[2].m: is there only if o is sgd, and it is adam
        10 |       first: [{x: 9}, {m: 0.5}, {o: adam, m: 0.5}, {}, {y: 1}]
           |                                              ^^^
    tunebot.yaml:10:52  tunings.t.search.first[3]: the point gives no parameter a value
        10 |       first: [{x: 9}, {m: 0.5}, {o: adam, m: 0.5}, {}, {y: 1}]
           |                                                    ^ write it like `{lr: 0.01}`
    tunebot.yaml:10:57  tunings.t.search.first[4].y: is not a parameter of this space
        10 |       first: [{x: 9}, {m: 0.5}, {o: adam, m: 0.5}, {}, {y: 1}]
           |                                                         ^ known: m, o, x
    tunebot.yaml:16:30  tunings.u.search.warm_start: `sobol` learns nothing from trials, so neither from earlier ones
        16 |     search: {sampler: sobol, warm_start: true}
           |                              ^^^^^^^^^^ take it out, or choose a sampler that learns, like `tpe`
    tunebot.yaml:21:26  tunings.v.search.warm_start: expected true, false or numbers of `sweeps` and `trials`, found 3
        21 |     search: {warm_start: 3}
           |                          ^
    10 errors
    ");
}

#[test]
fn a_generation_has_at_least_two_trials() {
    let shown = run("
tunings:
  t:
    space: {a: {type: bool}}
    objective: {metric: m, direction: maximize}
    command: [run]
    search: {sampler: nsga2, population: 1}
");
    assert_snapshot!(shown, @r"
    tunebot.yaml:6:42  tunings.t.search.population: `population` has to be at least 2
        6 |     search: {sampler: nsga2, population: 1}
          |                                          ^
    1 error
    ");
}
