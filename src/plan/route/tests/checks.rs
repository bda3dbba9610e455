//! Buttons of check runs, and checks that are asked for again.

use super::*;
use crate::domain::access::RepositoryPermission;
use crate::domain::sweep::{Code, Destination, Outcome};

const SWEEP: &str = "resnet-k3f9q2";

fn button(verb: CheckVerb) -> EventKind {
    action(verb, Checked::Sweep { sweep: SWEEP.parse().unwrap() })
}

fn action(verb: CheckVerb, of: Checked) -> EventKind {
    let repository = "acme/vision".parse().unwrap();
    EventKind::CheckAction(CheckAction { repository, sha: sha('c'), sender: "noor".into(), verb, of })
}

/// A sweep of pull request 12, shown there, on its commit and in Slack.
fn of_pull_request(id: &crate::domain::ids::SweepId) -> Sweep {
    let repository: crate::domain::ids::Repository = "acme/vision".parse().unwrap();
    let mut sweep = sweep_called(id);
    sweep.state = SweepState::Finished;
    sweep.outcome = Some(Outcome::Completed);
    sweep.group = Some("resnet/acme/vision#12".into());
    sweep.code = Some(Code {
        repository: repository.clone(),
        reference: "cosine".into(),
        sha: Some(sha('c')),
        pull_request: Some(12),
        fork: false,
        base_branch: "main".into(),
    });
    sweep.destinations = vec![
        Destination::GithubComment { repository: repository.clone(), pull_request: 12, mention: Some("ana".into()) },
        Destination::GithubCheck { repository, sha: sha('c') },
        Destination::Slack { channel: "C9".into(), thread: None, mention: None },
    ];
    sweep
}

/// The world in which all sweeps are of the pull request, after `change`.
fn world(change: impl Fn(&mut Sweep)) -> impl Fn(&Need) -> Fact {
    move |need| match need {
        Need::Sweep(id) => {
            let mut sweep = of_pull_request(id);
            change(&mut sweep);
            Fact::Sweep(Some(Box::new(sweep)))
        }
        Need::LastOfCommit { .. } => Fact::LastOfEach(vec![SWEEP.parse().unwrap()]),
        need => lookup(need),
    }
}

fn after_push(sweep: &mut Sweep) {
    sweep.group = Some("resnet/acme/vision/heads/main".into());
    sweep.code.as_mut().unwrap().pull_request = None;
    sweep.destinations.remove(0);
}

#[test]
fn stop_ends_the_sweep_and_its_check_says_so() {
    let running = world(|sweep| sweep.state = SweepState::Running);
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Stop), running), @r#"
    /tune stop resnet-k3f9q2: stopped [resnet-k3f9q2]: asked for by @noor
    -> signal to resnet-k3f9q2: StopRequested { by: Person { name: "@noor" } }
    "#);
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Stop), world(|_| {})), @"
    /tune stop resnet-k3f9q2: refused: `resnet-k3f9q2` has ended already.
    -> answer/github/72d3162e to comment/acme/vision/12: `resnet-k3f9q2` has ended already.
    ");
}

#[test]
fn a_re_run_is_shown_where_the_earlier_one_was_on_github() {
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Rerun), world(|_| {})), @"
    /tune rerun resnet-k3f9q2: started [resnet-3tnkcn]: resnet-k3f9q2 asked for again by @noor
    -> sweep resnet-3tnkcn for @noor of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    ");
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Rerun), world(after_push)), @"
    /tune rerun resnet-k3f9q2: started [resnet-3tnkcn]: resnet-k3f9q2 asked for again by @noor
    -> sweep resnet-3tnkcn for @noor of acme/vision cosine@ccccccc against main; group resnet/acme/vision/heads/main; tells check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    ");
}

#[test]
fn what_runs_already_is_not_run_again() {
    let running = world(|sweep| sweep.state = SweepState::Running);
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Rerun), running), @"
    /tune rerun resnet-k3f9q2: refused: `resnet-k3f9q2` runs already. Nothing was started.
    -> answer/github/72d3162e to comment/acme/vision/12: `resnet-k3f9q2` runs already. Nothing was started.
    ");
    let again = |need: &Need| match need {
        Need::ActiveInGroup(_) => Fact::Active(vec!["resnet-m4n8p2".parse().unwrap()]),
        Need::Sweep(id) => world(|sweep| {
            if sweep.id.as_str() != SWEEP {
                sweep.state = SweepState::Queued;
            }
        })(&Need::Sweep(id.clone())),
        need => lookup(need),
    };
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Rerun), again), @"
    /tune rerun resnet-k3f9q2: refused: `resnet-m4n8p2` runs already. Nothing was started.
    -> answer/github/72d3162e to comment/acme/vision/12: `resnet-m4n8p2` runs already. Nothing was started.
    ");
}

#[test]
fn whoever_may_not_command_the_tuning_is_told_on_the_pull_request() {
    let stranger = |change: fn(&mut Sweep)| {
        move |need: &Need| match need {
            Need::Permission { .. } => Fact::Permission(RepositoryPermission::Read),
            need => world(change)(need),
        }
    };
    for verb in CheckVerb::ALL {
        assert_eq!(
            told_by(&rules(), button(verb), stranger(|_| {})).replace(verb.name(), "VERB"),
            told_by(&rules(), button(CheckVerb::Stop), stranger(|_| {})).replace("stop", "VERB")
        );
    }
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Stop), stranger(|_| {})), @"
    /tune stop resnet-k3f9q2: refused: @noor may not give commands here: they are for those who may write to acme/vision. Nothing was started.
    -> answer/github/72d3162e to comment/acme/vision/12: @noor may not give commands here: they are for those who may write to acme/vision. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Stop), stranger(after_push)), @"/tune stop resnet-k3f9q2: refused: @noor may not give commands here: they are for those who may write to acme/vision. Nothing was started.");
}

#[test]
fn all_checks_of_a_commit_run_again() {
    let all = || action(CheckVerb::Rerun, Checked::All);
    assert_snapshot!(told_by(&rules(), all(), world(|_| {})), @"
    /tune rerun resnet-k3f9q2: started [resnet-3tnkcn]: resnet-k3f9q2 asked for again by @noor
    -> sweep resnet-3tnkcn for @noor of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    ");
    let running = world(|sweep| sweep.state = SweepState::Running);
    assert_snapshot!(told_by(&rules(), all(), running), @"/tune rerun resnet-k3f9q2: ignored: resnet-k3f9q2 runs already");
    assert_snapshot!(told_by(&rules(), all(), lookup), @"check on ccccccc: ignored: no sweep has its check there");
}

#[test]
fn a_check_that_waits_for_a_maintainer_says_so() {
    assert_snapshot!(told(action(CheckVerb::Rerun, Checked::Fork)), @"check on ccccccc: ignored: commit ccccccc comes from a fork and waits for `/tune approve ccccccc`");
}

#[test]
fn a_check_that_is_not_the_sweeps_own_commands_nothing() {
    let elsewhere = world(|sweep| sweep.destinations.clear());
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Stop), elsewhere), @"/tune stop resnet-k3f9q2: ignored: resnet-k3f9q2 has no check on ccccccc of acme/vision");
    let gone = |need: &Need| match need {
        Need::Sweep(_) => Fact::Sweep(None),
        need => lookup(need),
    };
    assert_snapshot!(told_by(&rules(), button(CheckVerb::Stop), gone), @"/tune stop resnet-k3f9q2: refused: There is no sweep `resnet-k3f9q2`. `/tune status` shows those that run.");
    assert_snapshot!(told_by(&Rules::default(), button(CheckVerb::Stop), lookup), @"check on ccccccc: ignored: checks of acme/vision take no commands: no rule names it");
}

#[test]
fn a_fork_is_run_again_only_while_its_commit_is_allowed() {
    let fork = world(|sweep| sweep.code.as_mut().unwrap().fork = true);
    let rules = Rules { fork_tunings: [tuning::fixture().name].into(), ..rules() };
    assert_snapshot!(told_by(&rules, button(CheckVerb::Rerun), fork), @"
    /tune rerun resnet-k3f9q2: refused: This pull request comes from a fork, and nobody has allowed its commit `ccccccc` to be tuned. Have a look at it; `/tune approve ccccccc` allows it. Nothing was started.
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request comes from a fork, and nobody has allowed its commit `ccccccc` to be tuned. Have a look at it; `/tune approve ccccccc` allows it. Nothing was started.
    ");
}
