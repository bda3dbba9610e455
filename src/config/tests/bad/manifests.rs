//! Slips in the manifests that tunings name.

use super::workflows::tuning;
use super::*;

/// The faults of a tuning whose workflow is `manifest`, with `lines` in its `workflow` section.
fn with_manifest(manifest: &str, lines: &str) -> String {
    let text = tuning(&format!("    workflow:\n      file: flows/train.yaml\n{lines}"));
    faults(&[("tunebot.yaml", &text), ("flows/train.yaml", manifest.trim_start_matches('\n'))], Purpose::Run)
}

#[test]
fn a_manifest_that_is_no_workflow_is_refused() {
    let text = tuning("    workflow: {file: flows/none.yaml}\n");
    assert_snapshot!(faults(&[("tunebot.yaml", &text)], Purpose::Run), @"
    tunebot.yaml:6:22  tunings.t.workflow.file: the workflow in flows/none.yaml cannot be read: No such file or directory (os error 2)
        6 |     workflow: {file: flows/none.yaml}
          |                      ^^^^^^^^^^^^^^^
    1 error
    ");
    assert_snapshot!(with_manifest("# nothing\n", ""), @"
    flows/train.yaml  there is no Workflow in this file
        write one, or name another file
    1 error
    ");
    assert_snapshot!(with_manifest("[a]\n", ""), @"
    flows/train.yaml:1:1  expected a mapping, found a list
        1 | [a]
          | ^
    flows/train.yaml:1:1  this is not a Workflow
        1 | [a]
          | ^
    2 errors
    ");
    assert_snapshot!(with_manifest("apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nspec: {}\n", ""), @"
    flows/train.yaml:2:7  kind: a WorkflowTemplate is not a Workflow
        2 | kind: WorkflowTemplate
          |       ^^^^^^^^^^^^^^^^ apply it with kubectl and write `template: NAME` for `file`
    1 error
    ");
    assert_snapshot!(with_manifest("apiVersion: v1\nkind: Pod\n", ""), @"
    flows/train.yaml:1:13  apiVersion: this is not a Workflow: `apiVersion` is not argoproj.io/v1alpha1
        1 | apiVersion: v1
          |             ^^ write `apiVersion: argoproj.io/v1alpha1`
    flows/train.yaml:2:7  kind: this is not a Workflow: `kind` is not Workflow
        2 | kind: Pod
          |       ^^^ write `kind: Workflow`
    2 errors
    ");
    assert_snapshot!(with_manifest("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", ""), @"
    flows/train.yaml:1:1  spec: `spec` is missing, or is not a mapping
        1 | apiVersion: argoproj.io/v1alpha1
          | ^
    1 error
    ");
    let two = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}\n---\napiVersion: v1\nkind: ConfigMap\n";
    assert_snapshot!(with_manifest(two, ""), @"
    flows/train.yaml:5:1  a second document begins here, but a trial is one Workflow only
        5 | apiVersion: v1
          | ^ apply the others with kubectl, and take them out
    1 error
    ");
    assert_snapshot!(with_manifest("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {a: [}\n", ""), @"
    flows/train.yaml:3:11  mismatched bracket '[' closed by '}'
        3 | spec: {a: [}
          |           ^
    1 error
    ");
}

#[test]
fn a_manifest_that_does_not_fit_its_tuning_is_refused() {
    let manifest = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: x-, namespace: other}
spec:
  entrypoint: main
  podSpecPatch: '{}'
  arguments:
    parameters:
    - name: momentum
      default: 0.9
    - name: epochs
    - {name: fixed, value: 1}
";
    let lines = "      arguments: {datset: x}\n      resources: {limits: {cpu: 1}}\n";
    assert_snapshot!(with_manifest(manifest, lines), @"
    flows/train.yaml:3:41  metadata.namespace: the workflows of engine `cluster` run in the namespace `ml`
        3 | metadata: {generateName: x-, namespace: other}
          |                                         ^^^^^ take it out, or write it as `namespace` of the engine `cluster`
    flows/train.yaml:9:13  spec.arguments.parameters[0].name: nothing gives `momentum` a value
        9 |     - name: momentum
          |             ^^^^^^^^ add `value: …` to it, or name it in the tuning's `arguments` or `space`
    flows/train.yaml:11:13  spec.arguments.parameters[1].name: nothing gives `epochs` a value
        11 |     - name: epochs
           |             ^^^^^^ add `value: …` to it, or name it in the tuning's `arguments` or `space`
    tunebot.yaml:4:13  tunings.t.space.lr: the workflow has no parameter `lr`
        4 |     space: {lr: {type: float, low: 0.1, high: 1}}
          |             ^^ add `- name: lr` under spec.arguments.parameters in flows/train.yaml
    tunebot.yaml:8:19  tunings.t.workflow.arguments.datset: the workflow has no parameter `datset`
        8 |       arguments: {datset: x}
          |                   ^^^^^^ add `- name: datset` under spec.arguments.parameters in flows/train.yaml
    tunebot.yaml:9:7  tunings.t.workflow.resources: the workflow has a podSpecPatch of its own, at flows/train.yaml:6, which stays as it is
        9 |       resources: {limits: {cpu: 1}}
          |       ^^^^^^^^^ write the resources into that patch
    6 errors
    ");
    let space = "space: {opt: {type: bool}, momentum: {type: float, low: 0, high: 1, when: {opt: true}}}";
    let text = tuning("    workflow: {file: train.yaml, arguments: {epochs: 3}}\n");
    let text =
        text.replace("space: {lr: {type: float, low: 0.1, high: 1}}", space).replace("namespace: ml", "parallel: 1");
    assert_snapshot!(faults(&[("tunebot.yaml", &text), ("train.yaml", manifest.trim_start_matches('\n'))], Purpose::Run), @r#"
    train.yaml:3:41  metadata.namespace: the namespace of a workflow is that of its engine, and `cluster` names none
        3 | metadata: {generateName: x-, namespace: other}
          |                                         ^^^^^ take it out, or write it as `namespace` of the engine `cluster`
    train.yaml:9:13  spec.arguments.parameters[0].name: trials in which `momentum` is not active do not set it, and then it has no value
        9 |     - name: momentum
          |             ^^^^^^^^ add `value: ""`, say, to it
    tunebot.yaml:4:13  tunings.t.space.opt: the workflow has no parameter `opt`
        4 |     space: {opt: {type: bool}, momentum: {type: float, low: 0, high: 1, when: {opt: true}}}
          |             ^^^ add `- name: opt` under spec.arguments.parameters in train.yaml
    3 errors
    "#);
}

#[test]
fn a_manifest_that_searches_may_leave_to_tunebot_what_it_is_told_of_the_sweep() {
    let manifest = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
spec:
  arguments:
    parameters: [{name: trials}, {name: parallel}, {name: seed}, {name: space}, {name: lr}, {name: storage}]
";
    assert_snapshot!(with_manifest(manifest, "      searches: true\n"), @"
    flows/train.yaml:5:88  spec.arguments.parameters[4].name: nothing gives `lr` a value
        5 |     parameters: [{name: trials}, {name: parallel}, {name: seed}, {name: space}, {name: lr}, {name: storage}]
          |                                                                                        ^^ add `value: …` to it, or name it in the tuning's `arguments`
    flows/train.yaml:5:100  spec.arguments.parameters[5].name: nothing gives `storage` a value
        5 |     parameters: [{name: trials}, {name: parallel}, {name: seed}, {name: space}, {name: lr}, {name: storage}]
          |                                                                                                    ^^^^^^^ add `value: …` to it, or name it in the tuning's `arguments`
    2 errors
    ");
}
