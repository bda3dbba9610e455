//! Slash commands and calls of the API.

use super::*;
use crate::domain::params::Params;
use crate::domain::sweep::{Against, Baseline};

#[test]
fn a_slash_command_starts_a_sweep_of_the_default_branch() {
    assert_snapshot!(told(slash("resnet trials=5 seed=3")), @"
    /tune resnet trials=5 seed=3: started [resnet-pnmyx2]: asked for by @mika
    -> sweep resnet-pnmyx2 for @mika of acme/vision main@ddddddd against main; group none; tells slack/C1/
    ");
    assert_snapshot!(told(slash("wine")), @"
    /tune wine: started [wine-kxtqnc]: asked for by @mika
    -> sweep wine-kxtqnc for @mika of no code; group none; tells slack/C1/
    ");
}

#[test]
fn a_command_in_a_thread_is_answered_in_that_thread() {
    assert_snapshot!(told(in_thread("wine")), @"
    /tune wine: started [wine-kxtqnc]: asked for by @mika
    -> sweep wine-kxtqnc for @mika of no code; group none; tells slack/C1/1780000000.000100
    ");
    assert_snapshot!(told(in_thread("stop resnet-k3f9q2")), @r#"
    /tune stop resnet-k3f9q2: stopped [resnet-k3f9q2]: asked for by @mika
    -> signal to resnet-k3f9q2: StopRequested { by: Person { name: "@mika" } }
    -> answer/slack/72d3162e to slack/C1/1780000000.000100: Stopping `resnet-k3f9q2`.
    "#);
}

#[test]
fn what_a_message_asks_is_answered_by_a_message() {
    assert_snapshot!(told(in_thread("wine trials=0")), @"
    /tune wine trials=0: refused: `trials=0` must be a whole number from 1 to 100000. Nothing was started.
    -> answer/slack/72d3162e to slack/C1/1780000000.000100: `trials=0` must be a whole number from 1 to 100000. Nothing was started.
    ");
    assert_snapshot!(told(in_thread("list")), @"
    /tune list: answered: a question
    -> answer/slack/72d3162e to slack/C1/1780000000.000100: 2 tunings:
    ```
    resnet  10 trials, 2 at a time  A small network
    wine    10 trials, 2 at a time  A small network
    ```
    `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    ");
    assert_snapshot!(told(in_thread("details resnet-k3f9q2")), @"
    /tune details resnet-k3f9q2: answered: a question
    -> answer/slack/72d3162e to slack/C1/1780000000.000100: *resnet* sweep `resnet-k3f9q2`: queued · @mika
    0 of 10 trials
    No trial has a result yet.
    Run with random search · seed 7 · 2 at a time · `x` narrowed to 0..1.
    ");
    assert_snapshot!(told(in_thread("stop it")), @"
    /tune stop it: refused: `it` is not a sweep: a sweep is named like `resnet-k3f9q2`. `/tune status` shows those that run.
    -> answer/slack/72d3162e to slack/C1/1780000000.000100: `it` is not a sweep: a sweep is named like `resnet-k3f9q2`. `/tune status` shows those that run.
    ");
}

#[test]
fn a_branch_that_is_named_is_the_one_that_runs() {
    assert_snapshot!(told(slash("resnet ref=my-branch")), @"
    /tune resnet ref=my-branch: started [resnet-pnmyx2]: asked for by @mika
    -> sweep resnet-pnmyx2 for @mika of acme/vision my-branch@ddddddd against main; group none; tells slack/C1/
    ");
    let nowhere = |need: &Need| match need {
        Need::Head { .. } => Fact::Head(None),
        need => lookup(need),
    };
    assert_snapshot!(told_by(&rules(), slash("resnet ref=my-brunch"), nowhere), @"
    /tune resnet ref=my-brunch: refused: There is no branch `my-brunch` in acme/vision. Nothing was started.
    -> answer/slack/72d3162e to slack/C1/: There is no branch `my-brunch` in acme/vision. Nothing was started.
    ");
}

#[test]
fn a_full_commit_is_taken_as_it_is() {
    let decided = decided(&event(slash(&format!("resnet ref={}", sha('e')))), &rules(), lookup);
    assert_eq!(decided.sweeps[0].code.as_ref().and_then(|code| code.sha.clone()), Some(sha('e')));
}

#[test]
fn without_github_a_sweep_runs_what_is_there() {
    let alone = |need: &Need| match need {
        Need::Head { .. } => Fact::NoService,
        need => lookup(need),
    };
    assert_snapshot!(told_by(&rules(), slash("resnet"), alone), @"
    /tune resnet: started [resnet-pnmyx2]: asked for by @mika
    -> sweep resnet-pnmyx2 for @mika of acme/vision main@? against main; group none; tells slack/C1/
    ");
}

#[test]
fn a_sweep_takes_its_seed_from_the_words_else_from_its_id() {
    let seed = |text: &str| decided(&event(slash(text)), &rules(), lookup).sweeps[0].seed;
    assert_eq!(seed("resnet seed=3"), 3);
    assert_eq!(seed("resnet"), seed("resnet"));
    assert!(i64::try_from(seed("resnet")).is_ok());
}

#[test]
fn a_sweep_is_held_against_the_baseline_of_its_base_branch() {
    let baseline = Baseline {
        against: Against::Branch { name: "main".into() },
        sweep: "resnet-aaaaaa".parse().unwrap(),
        value: 0.25,
        spread: None,
        params: Params::default(),
    };
    let known = |need: &Need| match need {
        Need::Baseline { tuning, repository: Some(repository), branch } => {
            assert_eq!((tuning.as_str(), repository.as_str(), branch.as_str()), ("resnet", "acme/vision", "main"));
            Fact::Baseline(Some(baseline.clone()))
        }
        need => lookup(need),
    };
    let decided = decided(&event(slash("resnet ref=my-branch")), &rules(), known);
    assert_eq!(decided.sweeps[0].baseline, Some(baseline.clone()));
}

#[test]
fn a_sweep_that_is_to_start_from_earlier_ones_says_what_it_found() {
    let mut rules = rules();
    let tuning = rules.tunings.get_mut(&"resnet".parse().unwrap()).unwrap();
    let mut warm = crate::domain::tuning::Tuning::clone(tuning);
    warm.search.sampler = crate::domain::tuning::SamplerKind::Tpe;
    warm.search.warm_start = Some(crate::domain::tuning::WarmStart { sweeps: 2, trials: 50 });
    *tuning = warm.into();
    let told = told_by(&rules, slash("resnet ref=my-branch"), lookup);
    assert!(
        told.contains("asked for by @mika; starts from nothing: no earlier sweep of it has ended well here"),
        "{told}"
    );
    let known = |need: &Need| match need {
        Need::Earlier(need) => {
            let EarlierNeed { branches, pull_request, sweeps, .. } = need;
            assert_eq!((branches, *pull_request, *sweeps), (&["my-branch".to_owned(), "main".to_owned()], None, 2));
            let trial = crate::domain::trial::Trial {
                state: crate::domain::trial::TrialState::Complete,
                ..crate::domain::trial::Trial::proposed(
                    3,
                    [("x".parse().unwrap(), crate::domain::params::Value::Float(0.5))].into_iter().collect(),
                    OCCASION.now,
                )
            };
            let sweep = sweep_called(&"resnet-k3f9q2".parse().unwrap());
            Fact::Earlier(vec![crate::domain::earlier::EarlierSweep { sweep, trials: vec![trial] }])
        }
        need => lookup(need),
    };
    let decided = decided(&event(slash("resnet ref=my-branch")), &rules, known);
    assert_eq!(decided.decisions[0].reason, "asked for by @mika; starts from 1 trial of 1 earlier sweep");
    let sweep = &decided.sweeps[0];
    assert_eq!((sweep.starts_from.unwrap().trials, decided.earlier[0].0.clone()), (1, sweep.id.clone()));
    assert_eq!(decided.earlier[0].1[0].trial.number, 3);
    let random = told_by(&rules, slash("resnet sampler=random"), |need| match need {
        Need::Earlier(_) => panic!("random search learns nothing"),
        need => lookup(need),
    });
    assert!(!random.contains("starts from"), "{random}");
}

#[test]
fn what_the_acknowledgement_said_is_not_said_again() {
    assert_snapshot!(told(slash("resnt")), @"/tune resnt: refused: I don't know a tuning called `resnt`. Did you mean *resnet*? `/tune list` shows all 2. Nothing was started.");
    assert_snapshot!(told(slash("resnet x=7")), @"/tune resnet x=7: refused: `x=7` is outside *resnet*'s range 0..1. Nothing was started.");
    assert_snapshot!(told(slash("stop")), @"/tune stop: refused: Write `/tune stop SWEEP`.");
    assert_snapshot!(told(slash("list")), @"/tune list: answered: a question");
    assert_snapshot!(told(slash("status resnet-k3f9q2")), @"/tune status resnet-k3f9q2: answered: a question");
    assert_snapshot!(told(slash("")), @"/tune: answered: a question");
}

#[test]
fn a_sweep_is_stopped_by_a_person() {
    assert_snapshot!(told(slash("stop resnet-k3f9q2")), @r#"
    /tune stop resnet-k3f9q2: stopped [resnet-k3f9q2]: asked for by @mika
    -> signal to resnet-k3f9q2: StopRequested { by: Person { name: "@mika" } }
    "#);
    let ended = |need: &Need| match lookup(need) {
        Fact::Sweep(Some(mut sweep)) => {
            sweep.state = SweepState::Finished;
            Fact::Sweep(Some(sweep))
        }
        fact => fact,
    };
    assert_snapshot!(told_by(&rules(), slash("stop resnet-k3f9q2"), ended), @"
    /tune stop resnet-k3f9q2: refused: `resnet-k3f9q2` has ended already.
    -> answer/slack/72d3162e to slack/C1/: `resnet-k3f9q2` has ended already.
    ");
    let unknown = |need: &Need| match need {
        Need::Sweep(_) => Fact::Sweep(None),
        need => lookup(need),
    };
    assert_snapshot!(told_by(&rules(), slash("stop resnet-k3f9q2"), unknown), @"
    /tune stop resnet-k3f9q2: refused: There is no sweep `resnet-k3f9q2`. `/tune status` shows those that run.
    -> answer/slack/72d3162e to slack/C1/: There is no sweep `resnet-k3f9q2`. `/tune status` shows those that run.
    ");
}

#[test]
fn only_those_who_may_start_a_tuning_may_stop_it() {
    let mut rules = rules();
    rules.tunings.values_mut().for_each(|tuning| {
        std::sync::Arc::make_mut(tuning).access.slack_users.insert("U2".into());
    });
    assert_snapshot!(told_by(&rules, slash("stop resnet-k3f9q2"), lookup), @"
    /tune stop resnet-k3f9q2: refused: You may not start or stop *resnet* from here: it is open to certain people. Nothing was changed.
    -> answer/slack/72d3162e to slack/C1/: You may not start or stop *resnet* from here: it is open to certain people. Nothing was changed.
    ");
    assert_snapshot!(told_by(&rules, slash("resnet"), lookup), @"/tune resnet: refused: You may not start or stop *resnet* from here: it is open to certain people. Nothing was changed.");
}

#[test]
fn a_sweep_is_run_again_with_the_same_words() {
    let decided = decided(&event(slash("rerun resnet-k3f9q2")), &rules(), lookup);
    assert_eq!(decided.sweeps[0].overrides, ["x=0.5"]);
    assert_snapshot!(told(slash("rerun resnet-k3f9q2")), @"
    /tune rerun resnet-k3f9q2: started [resnet-pnmyx2]: resnet-k3f9q2 asked for again by @mika
    -> sweep resnet-pnmyx2 for @mika of no code; group none; tells slack/C1/
    ");
}

#[test]
fn the_api_speaks_the_same_grammar() {
    let mut rules = rules();
    assert_snapshot!(told_by(&rules, request("resnet trials=5"), lookup), @"
    /tune resnet trials=5: started [resnet-rmahxj]: asked for by API (ci)
    -> sweep resnet-rmahxj for API (ci) of acme/vision main@ddddddd against main; group none; tells nobody
    ");
    rules.announce_channel = Some("C5".into());
    assert_snapshot!(told_by(&rules, request("wine"), lookup), @"
    /tune wine: started [wine-ftq3hb]: asked for by API (ci)
    -> sweep wine-ftq3hb for API (ci) of no code; group none; tells slack/C5/
    ");
    assert_snapshot!(told_by(&rules, request("stop resnet-k3f9q2"), lookup), @r#"
    /tune stop resnet-k3f9q2: stopped [resnet-k3f9q2]: asked for by API (ci)
    -> signal to resnet-k3f9q2: StopRequested { by: Person { name: "API (ci)" } }
    "#);
    assert_snapshot!(told_by(&rules, request("resnet x=7"), lookup), @"/tune resnet x=7: refused: `x=7` is outside *resnet*'s range 0..1. Nothing was started.");
    assert_snapshot!(told_by(&rules, request("list"), lookup), @"/tune list: refused: A request starts, stops or re-runs a sweep; this one only asks.");
}

#[test]
fn what_people_type_stays_on_one_line_of_a_decision() {
    let decided = decided(&event(slash(&format!("resnet\u{1b}[31m\n{}", "x".repeat(500)))), &rules(), lookup);
    let by = &decided.decisions[0].by;
    assert!(by.len() <= 130 && !by.contains(char::is_control), "{by:?}");
}
