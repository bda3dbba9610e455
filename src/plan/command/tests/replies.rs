//! What is answered, as people read it.

use std::sync::Arc;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};

use super::super::*;
use super::fixture::{resnet, rules};
use crate::domain::params::{Space, Value};
use crate::domain::report::{Counts, Failure, Phase, Ranked, Report};
use crate::domain::rules::Rules;
use crate::domain::sweep::{Against, Baseline, Code, Outcome};
use crate::domain::tuning::{SearchOutputs, TrialTemplate, WorkflowSource, WorkflowTrial};

fn report(sweep: &str, value: Option<f64>, lr: f64) -> Report {
    let tuning = resnet();
    let mut params = tuning.production.clone().unwrap();
    let baseline = Baseline {
        against: Against::Branch { name: "main".into() },
        sweep: "resnet-aaaaaa".parse().unwrap(),
        value: 0.9287,
        spread: None,
        params: params.clone(),
    };
    params.0.insert("lr".parse().unwrap(), Value::Float(lr));
    let ranked = |value| Ranked { trial: 17, value, metrics: Default::default(), params: params.clone() };
    Report {
        sweep: sweep.parse().unwrap(),
        tuning: tuning.name.clone(),
        phase: Phase::Running,
        asked_by: "@mika".into(),
        code: Some(Code {
            repository: "acme/vision".parse().unwrap(),
            reference: "main".into(),
            sha: Some("3f2a91c0000000000000000000000000000000aa".parse().unwrap()),
            pull_request: None,
            fork: false,
            base_branch: "main".into(),
        }),
        notes: Vec::new(),
        beginning: Vec::new(),
        objective: tuning.objectives.primary().clone(),
        sampler: "TPE".into(),
        choice: None,
        seed: 7,
        parallel: 8,
        trials: 40,
        counts: Counts { waiting: 0, running: 8, paused: 0, complete: 22, pruned: 3, failed: 0 },
        top: value.map(ranked).into_iter().collect(),
        baseline: Some(baseline),
        verdict: None,
        failure: None,
        created_at: Timestamp::UNIX_EPOCH,
        started_at: Some(Timestamp::UNIX_EPOCH),
        ended_at: None,
        time_left: Some(SignedDuration::from_mins(40)),
        saved: None,
        dashboards: Vec::new(),
        engine: None,
        searches: false,
        progress: None,
        held: None,
        away: None,
        importances: Vec::new(),
        applies: false,
        trial_time: SignedDuration::ZERO,
        cost: None,
        estimate: None,
    }
}

#[test]
fn list_shows_every_tuning_in_columns() {
    assert_snapshot!(list(&rules()), @"
    2 tunings:
    ```
    ranker  1 trial, 1 at a time    Learning to rank, with 'trees'.
    resnet  40 trials, 8 at a time  Image classifier of the shop.
    ```
    `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    ");
    assert_snapshot!(list(&Rules::default()), @"There is no tuning in the configuration yet.");
}

#[test]
fn help_fits_a_screen() {
    assert_snapshot!(help(&rules(), None), @"
    ```
    /tune TUNING [key=value…]   start a sweep
    /tune list                  the tunings
    /tune help TUNING           what can be set
    /tune status [SWEEP]        how far it is
    /tune best TUNING|SWEEP     the best parameters
    /tune details SWEEP         all about one sweep
    /tune compare SWEEP SWEEP   two sweeps side by side
    /tune stop SWEEP            end it; its results stay
    /tune rerun SWEEP           the same once more
    /tune apply SWEEP           its best into the repository, by a pull request
    /tune approve [COMMIT]      on a fork's pull request: let it run
    ```
    Words: `trials=40` `parallel=8` `timeout=30m` (one trial) `deadline=6h` (all) `seed=7` `sampler=tpe` `ref=my-branch`, `lr=1e-3` fixes a parameter, `lr=1e-4..1e-2` and `optimizer=adam|sgd` narrow one.
    ");
    assert_snapshot!(help(&rules(), Some("resnet")), @"
    *resnet*: Image classifier of the shop. 40 trials, 8 at a time, TPE; maximises `val_acc`.
    ```
    augment     false | true       now true
    batch_size  16..512 (step 16)  now 128
    dropout     0..0.5 (step 0.1)  now 0.2
    lr          1e-5..0.1 (log)    now 0.001
    optimizer   adam | sgd         now adam
    momentum    0..0.99                       with optimizer=sgd
    ```
    Start it with `/tune resnet`. Narrow a parameter like `batch_size=16..512`.
    ");
    assert_snapshot!(help(&rules(), Some("resnt")), @"I don't know a tuning called `resnt`. Did you mean *resnet*? `/tune list` shows all 2.");
}

#[test]
fn status_has_one_line_for_each_sweep() {
    let mut done = report("resnet-bbbbbb", Some(0.934_123_4), 3.1e-4);
    done.phase = Phase::Finished { outcome: Outcome::GoalReached };
    let mut queued = report("resnet-cccccc", None, 1e-3);
    queued.phase = Phase::Queued { why: "an older sweep runs".into() };
    queued.counts = Counts::default();
    assert_snapshot!(status(&[report("resnet-k3f9q2", Some(0.9312), 3.1e-4), done, queued]), @"
    ```
    resnet-k3f9q2  running, about 40 min left  25/40  best val_acc 0.9312   for @mika
    resnet-bbbbbb  goal reached                25/40  best val_acc 0.93412  for @mika
    resnet-cccccc  queued                      0/40   no result yet         for @mika
    ```
    ");
    assert_snapshot!(status(&[]), @"Nothing is running. `/tune list` shows what could.");
}

#[test]
fn best_shows_what_changed_against_the_baseline() {
    assert_snapshot!(best(&report("resnet-k3f9q2", Some(0.9341), 3.1e-4)), @"
    *resnet*: val_acc 0.9341, was 0.9287 on `main` · trial 17 of `resnet-k3f9q2`
    ```
    augment     true
    batch_size  128
    dropout     0.2
    lr          0.00031  (was 0.001)
    optimizer   adam
    ```
    ");
    assert_snapshot!(best(&report("resnet-k3f9q2", None, 3.1e-4)), @"`resnet-k3f9q2` of *resnet* has no finished trial yet (running, about 40 min left).");
}

#[test]
fn details_tell_all_about_one_sweep() {
    let mut report = report("resnet-k3f9q2", Some(0.9341), 3.1e-4);
    let mut second = report.top[0].clone();
    (second.trial, second.value) = (22, 0.9312);
    second.params.0.insert("optimizer".parse().unwrap(), Value::Text("sgd with a `long` name".into()));
    second.params.0.insert("momentum".parse().unwrap(), Value::Float(0.912_345_678));
    report.top.push(second);
    report.counts.failed = 3;
    report.failure = Some(Failure {
        reason: "CUDA out of memory".into(),
        count: 3,
        trial: 4,
        log_tail: Some("epoch 1\n\nRuntimeError: ```CUDA``` out of memory\n".into()),
    });
    report.notes = vec!["`lr` narrowed to 1e-4..1e-2".into()];
    assert_snapshot!(details(&report), @"
    *resnet* sweep `resnet-k3f9q2`: running, about 40 min left · @mika
    28 of 40 trials: 22 done, 3 stopped early, 3 failed, 8 running
    ```
    trial       17       22
    val_acc     0.9341   0.9312
    augment     true     true
    batch_size  128      128
    dropout     0.2      0.2
    lr          0.00031  0.00031
    momentum    –        0.91235
    optimizer   adam     sgd with a 'l…
    ```
    3 trials failed, first 4: `CUDA out of memory`
    The end of its log:
    ```
    epoch 1
    RuntimeError: '''CUDA''' out of memory
    ```
    Run with TPE · seed 7 · 8 at a time · `main 3f2a91c` · `lr` narrowed to 1e-4..1e-2.
    ");
    for number in 0..300 {
        let name = format!("parameter_{number:03}").parse().unwrap();
        report.top[0].params.0.insert(name, Value::Text("x".repeat(500)));
    }
    let long = details(&report);
    assert!(long.len() < 3000 && long.contains("… and 286 more parameters"), "{} {long}", long.len());
}

#[test]
fn compare_names_the_better_one_and_the_parameters_that_differ() {
    let (left, right) = (report("resnet-k3f9q2", Some(0.9341), 3.1e-4), report("resnet-bbbbbb", Some(0.93), 1e-3));
    assert_snapshot!(compare(&left, &right), @"
    `resnet-k3f9q2` is better: val_acc 0.9341 against 0.93.
    ```
             resnet-k3f9q2               resnet-bbbbbb
    state    running, about 40 min left  running, about 40 min left
    trials   25/40                       25/40
    code     main 3f2a91c                main 3f2a91c
    val_acc  0.9341                      0.93
    lr       0.00031                     0.001
    ```
    4 parameters are the same in both.
    ");
    let right = report("resnet-bbbbbb", None, 1e-3);
    assert_snapshot!(compare(&left, &right), @"
    Not both have a result yet.
    ```
                resnet-k3f9q2               resnet-bbbbbb
    state       running, about 40 min left  running, about 40 min left
    trials      25/40                       25/40
    code        main 3f2a91c                main 3f2a91c
    val_acc     0.9341                      –
    augment     true                        –
    batch_size  128                         –
    dropout     0.2                         –
    lr          0.00031                     –
    optimizer   adam                        –
    ```
    ");
}

/// [`resnet`] by one workflow for the whole sweep.
fn self_searching() -> Rules {
    let outputs = SearchOutputs {
        best_parameters: "best-parameters".into(),
        objective: "objective".into(),
        trials: "trials".into(),
    };
    let workflow = WorkflowTrial {
        source: WorkflowSource::Template { name: "sweep".into() },
        searches: Some(outputs),
        arguments: Default::default(),
        service_account: None,
        priority: None,
        pod_priority_class: None,
        ttl: None,
        pod_gc: None,
        node_selector: Default::default(),
        tolerations: Vec::new(),
        requests: Default::default(),
        limits: Default::default(),
    };
    let mut tuning = resnet();
    (tuning.trial, tuning.production) = (TrialTemplate::Workflow(Box::new(workflow)), None);
    Rules { tunings: [(tuning.name.clone(), Arc::new(tuning))].into(), ..Rules::default() }
}

#[test]
fn a_workflow_that_searches_by_itself_is_announced_as_one() {
    let rules = self_searching();
    let ack = |text: &str| acknowledge(&rules, text, &Asker::Api { caller: "ci" });
    assert_snapshot!(ack("resnet"), @"Starting *resnet*: 40 trials, 8 at a time; its workflow searches by itself.");
    assert_snapshot!(ack("resnet trials=100 parallel=4 seed=7 timeout=6h deadline=8h lr=1e-4..1e-2 optimizer=adam"), @"Starting *resnet*: 100 trials, 4 at a time; its workflow searches by itself, seed 7. Its workflow at most 6h. At most 8h in all. `lr` narrowed to 1e-4..1e-2. `optimizer` fixed at adam.");
    assert_snapshot!(ack("resnet sampler=tpe"), @"*resnet* takes no `sampler=`: its workflow searches by itself. Nothing was started.");
    assert_snapshot!(ack("resnet samplr=tpe"), @"*resnet* has no parameter `samplr`. `/tune help resnet` shows what can be set. Nothing was started.");
    assert_snapshot!(help(&rules, Some("resnet")), @"
    *resnet*: Image classifier of the shop. 40 trials, 8 at a time; its workflow searches by itself; maximises `val_acc`.
    ```
    augment     false | true
    batch_size  16..512 (step 16)
    dropout     0..0.5 (step 0.1)
    lr          1e-5..0.1 (log)
    optimizer   adam | sgd
    momentum    0..0.99            with optimizer=sgd
    ```
    Start it with `/tune resnet`. Narrow a parameter like `batch_size=16..512`.
    ");
}

#[test]
fn a_workflow_that_searches_by_itself_may_have_no_parameters_to_narrow() {
    let mut rules = self_searching();
    for tuning in rules.tunings.values_mut() {
        Arc::make_mut(tuning).space = Space::new(Vec::new()).unwrap();
    }
    assert_snapshot!(help(&rules, Some("resnet")), @"
    *resnet*: Image classifier of the shop. 40 trials, 8 at a time; its workflow searches by itself; maximises `val_acc`.
    Start it with `/tune resnet`.
    ");
    let ack = acknowledge(&rules, "resnet lr=1e-3", &Asker::Api { caller: "ci" });
    assert_snapshot!(ack, @"*resnet* has no parameter `lr`. `/tune help resnet` shows what can be set. Nothing was started.");
}
