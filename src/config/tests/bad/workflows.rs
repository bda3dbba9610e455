//! Slips in workflows: their engines and their fields.

use super::*;

const ENGINE: &str = "engines: {cluster: {argo: {namespace: ml}}}\n";

/// A tuning with `lines` besides its space and objective, beside an engine for it.
pub(super) fn tuning(lines: &str) -> String {
    format!(
        "{ENGINE}tunings:\n  t:\n    space: {{lr: {{type: float, low: 0.1, high: 1}}}}\n    \
         objective: {{metric: m, direction: maximize}}\n{lines}"
    )
}

#[test]
fn argo_engines_are_checked() {
    let shown = run("
engines:
  a:
    argo:
      parallel: 0
      kubeconfig: ''
      context: ''
      namespace: team.ml
      service_account: Trial
      controller_instance: a b
      ui_url: argo.example.com
      writes_per_second: 0
      cluster: x
      report_url: tunebot.ml.svc:8080
  b: {argo: {writes_per_second: fast, controller_instance: ''}}
tunings:
  t:
    engine: a
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    workflow: {template: train}
");
    assert_snapshot!(shown, @"
    tunebot.yaml:4:17  engines.a.argo.parallel: an engine runs at least 1 workflow at a time
        4 |       parallel: 0
          |                 ^
    tunebot.yaml:5:19  engines.a.argo.kubeconfig: this path is empty
        5 |       kubeconfig: ''
          |                   ^^
    tunebot.yaml:6:16  engines.a.argo.context: `context` is empty
        6 |       context: ''
          |                ^^ take it out
    tunebot.yaml:7:18  engines.a.argo.namespace: `team.ml` cannot be the name of a namespace
        7 |       namespace: team.ml
          |                  ^^^^^^^ use 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or a digit
    tunebot.yaml:8:24  engines.a.argo.service_account: `Trial` cannot be the name of a service account
        8 |       service_account: Trial
          |                        ^^^^^ use 1 to 253 of a-z, 0-9, - and ., each part beginning and ending with a letter or a digit
    tunebot.yaml:9:28  engines.a.argo.controller_instance: `a b` cannot be the instance id of a controller
        9 |       controller_instance: a b
          |                            ^^^ use up to 63 letters, digits, - _ and ., beginning and ending with a letter or a digit
    tunebot.yaml:10:15  engines.a.argo.ui_url: `argo.example.com` is not an address: relative URL without a base
        10 |       ui_url: argo.example.com
           |               ^^^^^^^^^^^^^^^^ write it like https://tunebot.example.com
    tunebot.yaml:11:26  engines.a.argo.writes_per_second: without a request nothing is ever started
        11 |       writes_per_second: 0
           |                          ^ at least 1
    tunebot.yaml:12:7  engines.a.argo.cluster: `cluster` is not a field here
        12 |       cluster: x
           |       ^^^^^^^ known: context, controller_instance, kubeconfig, namespace, parallel, report_url, service_account, ui_url, writes_per_second
    tunebot.yaml:13:19  engines.a.argo.report_url: `tunebot.ml.svc:8080` does not begin with http:// or https://
        13 |       report_url: tunebot.ml.svc:8080
           |                   ^^^^^^^^^^^^^^^^^^^ write it like https://tunebot.example.com
    tunebot.yaml:14:33  engines.b.argo.writes_per_second: expected a whole number from 0 to 4294967295, found `fast`
        14 |   b: {argo: {writes_per_second: fast, controller_instance: ''}}
           |                                 ^^^^
    tunebot.yaml:14:60  engines.b.argo.controller_instance: `controller_instance` is empty
        14 |   b: {argo: {writes_per_second: fast, controller_instance: ''}}
           |                                                            ^^ take it out
    12 errors
    ");
}

#[test]
fn a_trial_runs_on_an_engine_of_its_kind() {
    let shown = run("
engines: {cluster: argo, gpu: local}
tunings:
  a: &a
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    engine: cluster
    command: [run]
  b:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    engine: gpu
    workflow: {template: train}
  c:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    command: [run]
    workflow: {template: train}
    engine: cluster
  d:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    engine: cluster
  e:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    engine: cluster
    workflow: {template: train}
    env: {A: b}
    inherit_env: [PATH]
    source: /srv
");
    assert_snapshot!(shown, @"
    tunebot.yaml:7:5  tunings.a.command: the engine `cluster` runs workflows only
        7 |     command: [run]
          |     ^^^^^^^ write `engine: gpu`
    tunebot.yaml:12:5  tunings.b.workflow: the engine `gpu` runs commands only
        12 |     workflow: {template: train}
           |     ^^^^^^^^ write `engine: cluster`
    tunebot.yaml:17:5  tunings.c.workflow: `command` and `workflow` exclude each other
        17 |     workflow: {template: train}
           |     ^^^^^^^^ keep `workflow` if trials run on Argo Workflows, else `command`
    tunebot.yaml:19:3  tunings.d.workflow: `workflow` is missing: what does one trial run?
        19 |   d:
           |   ^ add `workflow: {template: NAME}`
    tunebot.yaml:28:5  tunings.e.env: a workflow has no `env`, only a command has
        28 |     env: {A: b}
           |     ^^^ write it into the workflow's containers, or pass it as one of `arguments`
    tunebot.yaml:29:5  tunings.e.inherit_env: a workflow has no `inherit_env`, only a command has
        29 |     inherit_env: [PATH]
           |     ^^^^^^^^^^^ pods see nothing of tunebot's environment: use a Secret or a ConfigMap
    tunebot.yaml:30:5  tunings.e.source: a workflow has no `source`, only a command has
        30 |     source: /srv
           |     ^^^^^^ put the program into the container's image
    7 errors
    ");
    let alone = "
tunings:
  t:
    space: {x: {type: bool}}
    objective: {metric: m, direction: maximize}
    workflow: {template: train}
";
    assert_snapshot!(run(alone), @"
    tunebot.yaml:5:5  tunings.t.workflow: the engine `local` runs commands only
        5 |     workflow: {template: train}
          |     ^^^^^^^^ add `engines: {cluster: argo}` and write `engine: cluster`
    1 error
    ");
    assert_snapshot!(run(&format!("engines: {{a: argo, b: argo}}{alone}")), @"
    tunebot.yaml:3:3  tunings.t.engine: `engine` is missing: there are several
        3 |   t:
          |   ^ one of a, b
    1 error
    ");
}

#[test]
fn the_fields_of_a_workflow_are_checked() {
    let shown = run(&tuning(
        "    workflow:
      template: Train_it
      cluster_template: train
      arguments: {a.b: 1, lr: 2, ok: [x]}
      service_account: a_b
      priority: 3000000000
      pod_priority_class: High!
      ttl: 5s
      pod_gc: Never
      node_selector: {a/b/c: gpu, zone: 'a b'}
      tolerations:
        - {key: spot, operator: Exists, value: x}
        - {value: x}
        - {operator: Equal, tolerationSeconds: 3}
        - {key: spot, effect: Never}
        - {key: a b, tolerations_seconds: 3}
      resources:
        requests: {cpu: 2 cores, memory: 4GB, 'nvidia.com/': 1}
        limits: {memory: -1Gi, gpu: }
        claims: []
      image: x
",
    ));
    assert_snapshot!(shown, @"
    tunebot.yaml:7:17  tunings.t.workflow.template: `Train_it` cannot be the name of a template
        7 |       template: Train_it
          |                 ^^^^^^^^ use 1 to 253 of a-z, 0-9, - and ., each part beginning and ending with a letter or a digit
    tunebot.yaml:8:7  tunings.t.workflow.cluster_template: `template` and `cluster_template` exclude each other
        8 |       cluster_template: train
          |       ^^^^^^^^^^^^^^^^ keep the one that holds the workflow
    tunebot.yaml:9:19  tunings.t.workflow.arguments.a.b: `a.b` cannot be the name of an argument
        9 |       arguments: {a.b: 1, lr: 2, ok: [x]}
          |                   ^^^ Argo takes letters, digits, - and _
    tunebot.yaml:9:27  tunings.t.workflow.arguments.lr: `lr` is a parameter of the space, whose values are arguments by themselves
        9 |       arguments: {a.b: 1, lr: 2, ok: [x]}
          |                           ^^ take it out here, or there
    tunebot.yaml:9:34  tunings.t.workflow.arguments.ok: expected text, found a list
        9 |       arguments: {a.b: 1, lr: 2, ok: [x]}
          |                                  ^^
    tunebot.yaml:10:24  tunings.t.workflow.service_account: `a_b` cannot be the name of a service account
        10 |       service_account: a_b
           |                        ^^^ use 1 to 253 of a-z, 0-9, - and ., each part beginning and ending with a letter or a digit
    tunebot.yaml:11:17  tunings.t.workflow.priority: expected a whole number from -2147483648 to 2147483647, found 3000000000
        11 |       priority: 3000000000
           |                 ^^^^^^^^^^
    tunebot.yaml:12:27  tunings.t.workflow.pod_priority_class: `High!` cannot be the name of a priority class
        12 |       pod_priority_class: High!
           |                           ^^^^^ use 1 to 253 of a-z, 0-9, - and ., each part beginning and ending with a letter or a digit
    tunebot.yaml:13:12  tunings.t.workflow.ttl: a finished workflow has to stay until its results have been read
        13 |       ttl: 5s
           |            ^^ at least 1m
    tunebot.yaml:14:15  tunings.t.workflow.pod_gc: `Never` is not known here
        14 |       pod_gc: Never
           |               ^^^^^ known: OnPodCompletion, OnPodSuccess, OnWorkflowCompletion, OnWorkflowSuccess
    tunebot.yaml:15:23  tunings.t.workflow.node_selector.a/b/c: `a/b/c` cannot be the name of a label
        15 |       node_selector: {a/b/c: gpu, zone: 'a b'}
           |                       ^^^^^ write it like name or example.com/name, the name of 1 to 63 letters, digits, - _ and .
    tunebot.yaml:15:41  tunings.t.workflow.node_selector.zone: `a b` cannot be the value of a label
        15 |       node_selector: {a/b/c: gpu, zone: 'a b'}
           |                                         ^^^^^ use up to 63 letters, digits, - _ and ., beginning and ending with a letter or a digit
    tunebot.yaml:17:41  tunings.t.workflow.tolerations[0].value: `Exists` takes no value
        17 |         - {key: spot, operator: Exists, value: x}
           |                                         ^^^^^ take it out, or write `operator: Equal`
    tunebot.yaml:18:11  tunings.t.workflow.tolerations[1]: a toleration without a key is for every taint
        18 |         - {value: x}
           |           ^ add `key`, or `operator: Exists` if every taint is meant
    tunebot.yaml:19:22  tunings.t.workflow.tolerations[2].operator: `Equal` needs a `key`
        19 |         - {operator: Equal, tolerationSeconds: 3}
           |                      ^^^^^ add it, or write `operator: Exists`
    tunebot.yaml:19:29  tunings.t.workflow.tolerations[2].tolerationSeconds: only `effect: NoExecute` has a time
        19 |         - {operator: Equal, tolerationSeconds: 3}
           |                             ^^^^^^^^^^^^^^^^^ take it out, or write `effect: NoExecute`
    tunebot.yaml:20:31  tunings.t.workflow.tolerations[3].effect: `Never` is not known here
        20 |         - {key: spot, effect: Never}
           |                               ^^^^^ known: NoExecute, NoSchedule, PreferNoSchedule
    tunebot.yaml:21:17  tunings.t.workflow.tolerations[4].key: `a b` cannot be the key of a taint
        21 |         - {key: a b, tolerations_seconds: 3}
           |                 ^^^ write it like name or example.com/name, the name of 1 to 63 letters, digits, - _ and .
    tunebot.yaml:21:22  tunings.t.workflow.tolerations[4].tolerations_seconds: `tolerations_seconds` is not a field here
        21 |         - {key: a b, tolerations_seconds: 3}
           |                      ^^^^^^^^^^^^^^^^^^^ did you mean `tolerationSeconds`?
    tunebot.yaml:23:25  tunings.t.workflow.resources.requests.cpu: `2 cores` is not a quantity
        23 |         requests: {cpu: 2 cores, memory: 4GB, 'nvidia.com/': 1}
           |                         ^^^^^^^ write it like 2, 500m, 1.5, 512Mi or 4G
    tunebot.yaml:23:42  tunings.t.workflow.resources.requests.memory: `4GB` is not a quantity
        23 |         requests: {cpu: 2 cores, memory: 4GB, 'nvidia.com/': 1}
           |                                          ^^^ write it like 2, 500m, 1.5, 512Mi or 4G
    tunebot.yaml:23:47  tunings.t.workflow.resources.requests.nvidia.com/: `nvidia.com/` cannot be the name of a resource
        23 |         requests: {cpu: 2 cores, memory: 4GB, 'nvidia.com/': 1}
           |                                               ^^^^^^^^^^^^^ write it like name or example.com/name, the name of 1 to 63 letters, digits, - _ and .
    tunebot.yaml:24:26  tunings.t.workflow.resources.limits.memory: `-1Gi` is not a quantity
        24 |         limits: {memory: -1Gi, gpu: }
           |                          ^^^^ write it like 2, 500m, 1.5, 512Mi or 4G
    tunebot.yaml:24:32  tunings.t.workflow.resources.limits.gpu: expected text, found nothing
        24 |         limits: {memory: -1Gi, gpu: }
           |                                ^^^
    tunebot.yaml:25:9  tunings.t.workflow.resources.claims: `claims` is not a field here
        25 |         claims: []
           |         ^^^^^^ known: limits, requests
    tunebot.yaml:26:7  tunings.t.workflow.image: `image` is not a field here
        26 |       image: x
           |       ^^^^^ known: arguments, cluster_template, file, node_selector, pod_gc, pod_priority_class, priority, resources, searches, service_account, template, tolerations, ttl
    26 errors
    ");
    assert_snapshot!(run(&tuning("    workflow: {}\n")), @"
    tunebot.yaml:6:5  tunings.t.workflow: which workflow? `template`, `cluster_template` and `file` are missing
        6 |     workflow: {}
          |     ^^^^^^^^ add `template: NAME`
    1 error
    ");
}

#[test]
fn a_parameter_that_argo_takes_no_argument_for_is_refused() {
    let text = tuning("    workflow: {template: train}\n").replace("lr:", "model.lr:");
    assert_snapshot!(run(&text), @"
    tunebot.yaml:4:13  tunings.t.space.model.lr: `model.lr` cannot be an argument of a workflow
        4 |     space: {model.lr: {type: float, low: 0.1, high: 1}}
          |             ^^^^^^^^ Argo takes letters, digits, - and _
    1 error
    ");
}

#[test]
fn what_searches_by_itself_leaves_no_search_to_tunebot() {
    let shown = run(&tuning(
        "    search: {sampler: tpe, startup_trials: 3, pruner: median, seed: 3}
    limits: {trials: 100, patience: 3}
    production: {lr: 0.2}
    workflow: {template: sweep, searches: {objective: trials, best_parameters: a.b, best: x}}
",
    ));
    assert_snapshot!(shown, @"
    tunebot.yaml:6:14  tunings.t.search.sampler: `sampler` means nothing here: the workflow searches by itself
        6 |     search: {sampler: tpe, startup_trials: 3, pruner: median, seed: 3}
          |              ^^^^^^^ take it out; what the workflow is to know goes into `arguments`
    tunebot.yaml:6:28  tunings.t.search.startup_trials: `startup_trials` means nothing here: the workflow searches by itself
        6 |     search: {sampler: tpe, startup_trials: 3, pruner: median, seed: 3}
          |                            ^^^^^^^^^^^^^^ take it out; what the workflow is to know goes into `arguments`
    tunebot.yaml:6:47  tunings.t.search.pruner: `pruner` means nothing here: the workflow searches by itself
        6 |     search: {sampler: tpe, startup_trials: 3, pruner: median, seed: 3}
          |                                               ^^^^^^ take it out; what the workflow is to know goes into `arguments`
    tunebot.yaml:7:27  tunings.t.limits.patience: `patience` means nothing here: the workflow searches by itself
        7 |     limits: {trials: 100, patience: 3}
          |                           ^^^^^^^^ take it out; what the workflow is to know goes into `arguments`
    tunebot.yaml:8:5  tunings.t.production: `production` means nothing here: the workflow searches by itself
        8 |     production: {lr: 0.2}
          |     ^^^^^^^^^^ take it out; what the workflow is to know goes into `arguments`
    tunebot.yaml:9:33  tunings.t.workflow.searches: two of the output parameters have the same name
        9 |     workflow: {template: sweep, searches: {objective: trials, best_parameters: a.b, best: x}}
          |                                 ^^^^^^^^ give each one of its own
    tunebot.yaml:9:80  tunings.t.workflow.searches.best_parameters: `a.b` cannot be the name of an output parameter
        9 |     workflow: {template: sweep, searches: {objective: trials, best_parameters: a.b, best: x}}
          |                                                                                ^^^ Argo takes letters, digits, - and _
    tunebot.yaml:9:85  tunings.t.workflow.searches.best: `best` is not a field here
        9 |     workflow: {template: sweep, searches: {objective: trials, best_parameters: a.b, best: x}}
          |                                                                                     ^^^^ did you mean `best_parameters`?
    8 errors
    ");
    assert_snapshot!(run(&tuning("    workflow: {template: sweep, searches: 3}\n")), @"
    tunebot.yaml:6:43  tunings.t.workflow.searches: expected true, false or names of output parameters, found 3
        6 |     workflow: {template: sweep, searches: 3}
          |                                           ^
    1 error
    ");
    let needs_space = tuning("    workflow: {template: train, searches: false}\n");
    let needs_space = needs_space.replace("{lr: {type: float, low: 0.1, high: 1}}", "{}");
    assert_snapshot!(run(&needs_space), @"
    tunebot.yaml:4:5  tunings.t.space: the search space has no parameter
        4 |     space: {}
          |     ^^^^^ add one like `lr: {type: float, low: 1e-5, high: 1e-1, log: true}`
    1 error
    ");
}

#[test]
fn a_trigger_cannot_choose_the_sampler_of_a_workflow_that_searches_by_itself() {
    let text = tuning("    workflow: {template: sweep, searches: true}\n");
    let text =
        format!("{text}schedules: [{{name: s, cron: 1 1 * * *, tuning: t, with: {{sampler: tpe, trials: 3}}}}]\n");
    assert_snapshot!(faults(&[("tunebot.yaml", &text)], Purpose::Predict), @"
    tunebot.yaml:7:58  schedules[0].with.sampler: the workflow of `t` searches by itself: `sampler` means nothing to it
        7 | schedules: [{name: s, cron: 1 1 * * *, tuning: t, with: {sampler: tpe, trials: 3}}]
          |                                                          ^^^^^^^ take it out
    1 error
    ");
}
