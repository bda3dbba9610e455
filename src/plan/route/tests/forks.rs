//! Pull requests from forks, and who lets them run.

use jiff::SignedDuration;

use super::*;
use crate::domain::access::RepositoryPermission;
use crate::domain::approval::{Approval, SeenHead};
use crate::domain::rules::{OnNewer, Trigger};
use crate::domain::sweep::Code;

/// `resnet` is for forks, and a trigger looks at them.
fn rules_for_forks() -> Rules {
    let trigger = on_pull_request(|filter| filter.forks = true);
    Rules { fork_tunings: ["resnet".parse().unwrap()].into(), ..rules_with(trigger) }
}

fn from_fork(change: impl FnOnce(&mut PullRequest)) -> EventKind {
    pull_request(|pull_request| {
        pull_request.from_fork = true;
        change(pull_request);
    })
}

/// The pull request is a fork's, and has had its head for so many seconds.
fn fork_since(seconds: i64) -> impl Fn(&Need) -> Fact {
    seen(vec![(sha('b'), seconds + 600), (sha('c'), seconds)])
}

/// The heads that it was seen to have, each with its age in seconds.
fn seen(heads: Vec<(CommitSha, i64)>) -> impl Fn(&Need) -> Fact {
    move |need| match need {
        Need::SeenHeads { repository, number } => {
            let head = |(sha, age): &(CommitSha, i64)| SeenHead {
                repository: repository.clone(),
                pull_request: *number,
                sha: sha.clone(),
                at: OCCASION.now - SignedDuration::from_secs(*age),
            };
            Fact::SeenHeads(heads.iter().map(head).collect())
        }
        need => pull_request_is(|head| head.from_fork = true, lookup)(need),
    }
}

fn allowed(need: &Need) -> Fact {
    match need {
        Need::Approval { repository, number, sha } if *sha == super::sha('c') => Fact::Approval(Some(Approval {
            repository: repository.clone(),
            pull_request: *number,
            sha: sha.clone(),
            by: "noor".into(),
            at: OCCASION.now,
        })),
        need => fork_since(600)(need),
    }
}

#[test]
fn the_head_of_a_fork_waits_until_it_is_allowed() {
    assert_snapshot!(told_by(&rules_for_forks(), from_fork(|_| {}), fork_since(0)), @"
    trigger on-pull-request: refused: commit ccccccc comes from a fork and waits for `/tune approve`
    -> fork/comment/acme/vision/12 to comment/acme/vision/12: ccccccc waits
    -> fork/check/acme/vision/cccccccccccccccccccccccccccccccccccccccc/resnet to check/acme/vision/cccccccccccccccccccccccccccccccccccccccc: ccccccc waits
    ");
    assert_snapshot!(told_by(&rules_for_forks(), from_fork(|_| {}), allowed), @"
    trigger on-pull-request: started [resnet-3tnkcn]: pull request #12 opened at ccccccc, allowed by @noor
    -> sweep resnet-3tnkcn for @mika of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12, waits; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    ");
}

#[test]
fn an_approval_is_void_after_the_next_push() {
    let pushed = from_fork(|pr| (pr.action, pr.head) = ("synchronize".into(), sha('e')));
    let world = |need: &Need| match need {
        Need::PullRequest { .. } => match allowed(need) {
            Fact::PullRequest(Some(mut head)) => {
                head.sha = sha('e');
                Fact::PullRequest(Some(head))
            }
            fact => fact,
        },
        need => allowed(need),
    };
    assert_snapshot!(told_by(&rules_for_forks(), pushed, world), @"
    trigger on-pull-request: refused: commit eeeeeee comes from a fork and waits for `/tune approve`
    -> fork/comment/acme/vision/12 to comment/acme/vision/12: eeeeeee waits
    -> fork/check/acme/vision/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee/resnet to check/acme/vision/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: eeeeeee waits
    ");
    assert_snapshot!(told_by(&rules_for_forks(), comment("/tune resnet"), world), @"
    /tune resnet: refused: This pull request comes from a fork, and nobody has allowed its commit `eeeeeee` to be tuned. Have a look at it; `/tune approve eeeeeee` allows it. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request comes from a fork, and nobody has allowed its commit `eeeeeee` to be tuned. Have a look at it; `/tune approve eeeeeee` allows it. Nothing was started.
    ");
}

#[test]
fn what_is_not_listed_never_runs_for_forks() {
    let rules = Rules { fork_tunings: Default::default(), ..rules_for_forks() };
    assert_snapshot!(told_by(&rules, from_fork(|_| {}), allowed), @"trigger on-pull-request: ignored: the pull request comes from a fork, and resnet is not in github.forks.tunings");
    assert_snapshot!(told_by(&rules, comment("/tune resnet"), allowed), @"
    /tune resnet: refused: This pull request comes from a fork, and *resnet* is not one of the tunings that run for forks. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request comes from a fork, and *resnet* is not one of the tunings that run for forks. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules_for_forks(), comment("/tune wine"), allowed), @"
    /tune wine: refused: This pull request comes from a fork, and *wine* is not one of the tunings that run for forks. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request comes from a fork, and *wine* is not one of the tunings that run for forks. Nothing was started.
    ");
    let blind = Rules { fork_tunings: rules_for_forks().fork_tunings, ..super::rules() };
    assert_snapshot!(told_by(&blind, from_fork(|_| {}), allowed), @"trigger on-pull-request: ignored: the pull request comes from a fork");
}

#[test]
fn an_approval_starts_what_waited() {
    assert_snapshot!(told_by(&rules_for_forks(), comment("Looks fine.\n\n/tune approve"), fork_since(120)), @"
    trigger on-pull-request: started [resnet-3tnkcn]: pull request #12 synchronize at ccccccc, allowed by @ana
    /tune approve: answered: commit ccccccc of the fork may be tuned
    -> sweep resnet-3tnkcn for @ana of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12, waits; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    -> fork/comment/acme/vision/12 to comment/acme/vision/12: ccccccc is allowed by ana
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    ");
    let labelled = on_pull_request(|filter| {
        filter.forks = true;
        filter.actions = words(&["labeled"]);
        filter.labels = words(&["ml"]);
    });
    let rules = Rules { triggers: vec![labelled], ..rules_for_forks() };
    assert_eq!(decided(&event(comment("/tune approve")), &rules, fork_since(120)).sweeps.len(), 1);
}

#[test]
fn an_approval_that_starts_nothing_says_what_can_be_done() {
    let rules = Rules { fork_tunings: rules_for_forks().fork_tunings, ..rules() };
    assert_snapshot!(told_by(&rules, comment("/tune approve"), fork_since(120)), @"
    trigger on-pull-request: ignored: the pull request comes from a fork
    /tune approve: answered: commit ccccccc of the fork may be tuned
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: Commit `ccccccc` may be tuned now; the next push needs it again. No trigger starts anything for it: `/tune TUNING` does.
    ");
    assert_snapshot!(told_by(&rules, comment("/tune approve\n/tune resnet x=0.5"), fork_since(120)), @"
    trigger on-pull-request: ignored: the pull request comes from a fork
    /tune approve: answered: commit ccccccc of the fork may be tuned
    /tune resnet x=0.5: started [resnet-3tnkcn]: asked for by @ana
    -> sweep resnet-3tnkcn for @ana of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: Commit `ccccccc` may be tuned now; the next push needs it again. No trigger starts anything for it: `/tune TUNING` does.
    ");
}

#[test]
fn only_who_may_write_allows_a_fork_to_run() {
    for permission in [RepositoryPermission::None, RepositoryPermission::Read, RepositoryPermission::Triage] {
        let world = |need: &Need| match need {
            Need::Permission { .. } => Fact::Permission(permission),
            need => fork_since(600)(need),
        };
        let decided = decided(&event(comment("/tune approve ccccccc")), &rules_for_forks(), world);
        assert!(decided.approvals.is_empty() && decided.sweeps.is_empty(), "{permission:?}");
    }
    let reader = |need: &Need| match need {
        Need::Permission { .. } => Fact::Permission(RepositoryPermission::Read),
        need => fork_since(600)(need),
    };
    assert_snapshot!(told_by(&rules_for_forks(), comment("/tune approve"), reader), @"
    comment on #12: refused: @ana may not give commands here: they are for those who may write to acme/vision. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: @ana may not give commands here: they are for those who may write to acme/vision. Nothing was started.
    ");
}

#[test]
fn an_approval_is_for_the_head_that_its_writer_saw() {
    let full = "c".repeat(40);
    let told = |text: &str, world: &dyn Fn(&Need) -> Fact| told_by(&rules_for_forks(), comment(text), world);
    let approves = |text: &str, world: &dyn Fn(&Need) -> Fact| {
        !decided(&event(comment(text)), &rules_for_forks(), world).approvals.is_empty()
    };
    // Named in full, it can be no other.
    assert!(approves(&format!("/tune approve {full}"), &seen(Vec::new())));
    // Named in short, if it was there before the comment and no other begins so.
    assert!(approves("/tune approve ccccccc", &fork_since(1)));
    assert!(!approves("/tune approve ccccccc", &fork_since(-1)));
    assert!(!approves("/tune approve ccccccc", &seen(Vec::new())));
    let twin: CommitSha = format!("ccccccc{}", "d".repeat(33)).parse().unwrap();
    assert!(!approves("/tune approve ccccccc", &seen(vec![(twin, 900), (sha('c'), 600)])));
    // Not named, if it has stood for a while.
    assert!(approves("/tune approve", &fork_since(60)));
    assert!(!approves("/tune approve", &fork_since(59)));
    // Gone and come back: what was in between may have been looked at.
    assert!(!approves("/tune approve", &seen(vec![(sha('c'), 900), (sha('b'), 300), (sha('c'), 5)])));
    assert!(!approves("/tune approve bbbbbbb", &fork_since(600)));
    assert_snapshot!(told("/tune approve bbbbbbb", &fork_since(600)), @"
    /tune approve bbbbbbb: refused: `bbbbbbb` is not the head of this pull request: that is `cccccccccccccccccccccccccccccccccccccccc`. Have a look at it; `/tune approve cccccccccccccccccccccccccccccccccccccccc` allows it. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: `bbbbbbb` is not the head of this pull request: that is `cccccccccccccccccccccccccccccccccccccccc`. Have a look at it; `/tune approve cccccccccccccccccccccccccccccccccccccccc` allows it. Nothing was started.
    ");
    assert_snapshot!(told("/tune approve", &fork_since(-1)), @"
    /tune approve: refused: Commit `cccccccccccccccccccccccccccccccccccccccc` was pushed while this was written, or shortly before: it may not be the one that you saw. Have a look at it; `/tune approve cccccccccccccccccccccccccccccccccccccccc` allows it. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: Commit `cccccccccccccccccccccccccccccccccccccccc` was pushed while this was written, or shortly before: it may not be the one that you saw. Have a look at it; `/tune approve cccccccccccccccccccccccccccccccccccccccc` allows it. Nothing was started.
    ");
}

#[test]
fn a_comment_that_is_delivered_late_does_not_allow_what_was_pushed_after_it() {
    let written_before = |seconds: i64| {
        comment_of("/tune approve ccccccc", |comment| {
            comment.created_at = Some(OCCASION.now - SignedDuration::from_secs(seconds));
        })
    };
    assert!(decided(&event(written_before(601)), &rules_for_forks(), fork_since(600)).approvals.is_empty());
    assert!(!decided(&event(written_before(599)), &rules_for_forks(), fork_since(600)).approvals.is_empty());
}

#[test]
fn an_approval_where_there_is_nothing_to_allow_says_so() {
    let rules = rules_for_forks();
    assert_snapshot!(told_by(&rules, comment("/tune approve"), lookup), @"
    /tune approve: refused: This pull request does not come from a fork: it needs no approval. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request does not come from a fork: it needs no approval. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules, comment("/tune approve"), pull_request_is(|head| head.open = false, allowed)), @"
    /tune approve: refused: This pull request is closed. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request is closed. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules, comment("/tune approve it"), allowed), @"
    /tune approve it: refused: `it` is not a commit: write at least seven of its digits, like `/tune approve 3f2a91c`. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: `it` is not a commit: write at least seven of its digits, like `/tune approve 3f2a91c`. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules, slash("approve 3f2a91c"), allowed), @"
    /tune approve 3f2a91c: refused: `/tune approve` allows a commit of a fork: write it in a comment on the pull request. Nothing was started.
    -> answer/slack/72d3162e to slack/C1/: `/tune approve` allows a commit of a fork: write it in a comment on the pull request. Nothing was started.
    ");
}

#[test]
fn a_command_on_a_fork_runs_what_was_allowed() {
    assert_snapshot!(told_by(&rules_for_forks(), comment("/tune resnet"), fork_since(600)), @"
    /tune resnet: refused: This pull request comes from a fork, and nobody has allowed its commit `ccccccc` to be tuned. Have a look at it; `/tune approve ccccccc` allows it. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request comes from a fork, and nobody has allowed its commit `ccccccc` to be tuned. Have a look at it; `/tune approve ccccccc` allows it. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules_for_forks(), comment("/tune resnet"), allowed), @"
    /tune resnet: started [resnet-3tnkcn]: asked for by @ana
    -> sweep resnet-3tnkcn for @ana of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    ");
}

#[test]
fn what_ran_for_a_fork_runs_again_only_while_it_is_the_head_and_allowed() {
    let ran_for = |digit: char, world: fn(&Need) -> Fact| {
        move |need: &Need| match need {
            Need::Sweep(id) => {
                let code = Code {
                    repository: "acme/vision".parse().unwrap(),
                    reference: "cosine".into(),
                    sha: Some(sha(digit)),
                    pull_request: Some(12),
                    fork: true,
                    base_branch: "main".into(),
                };
                Fact::Sweep(Some(Box::new(Sweep { code: Some(code), ..sweep_called(id) })))
            }
            need => world(need),
        }
    };
    let again = |world: &dyn Fn(&Need) -> Fact| told_by(&rules_for_forks(), slash("rerun resnet-k3f9q2"), world);
    assert_snapshot!(again(&ran_for('c', allowed)), @"
    /tune rerun resnet-k3f9q2: started [resnet-pnmyx2]: resnet-k3f9q2 asked for again by @mika
    -> sweep resnet-pnmyx2 for @mika of acme/vision cosine@ccccccc against main; group none; tells slack/C1/
    ");
    assert_snapshot!(again(&ran_for('b', allowed)), @"
    /tune rerun resnet-k3f9q2: refused: `bbbbbbb` is not the head of acme/vision#12 any more, and only the head of a fork's pull request may run. Nothing was started.
    -> answer/slack/72d3162e to slack/C1/: `bbbbbbb` is not the head of acme/vision#12 any more, and only the head of a fork's pull request may run. Nothing was started.
    ");
    assert_snapshot!(again(&ran_for('c', |need| fork_since(600)(need))), @"
    /tune rerun resnet-k3f9q2: refused: This pull request comes from a fork, and nobody has allowed its commit `ccccccc` to be tuned. Have a look at it; `/tune approve ccccccc` allows it. Nothing was started.
    -> answer/slack/72d3162e to slack/C1/: This pull request comes from a fork, and nobody has allowed its commit `ccccccc` to be tuned. Have a look at it; `/tune approve ccccccc` allows it. Nothing was started.
    ");
}

#[test]
fn a_fork_is_allowed_once_for_all_triggers() {
    let second = Trigger { on_newer: OnNewer::Keep, ..on_pull_request(|filter| filter.forks = true) };
    let second = Trigger { name: "second".parse().unwrap(), tuning: "wine".parse().unwrap(), ..second };
    let mut rules = rules_for_forks();
    rules.triggers.push(second);
    rules.fork_tunings.insert("wine".parse().unwrap());
    assert_snapshot!(told_by(&rules, from_fork(|_| {}), fork_since(0)), @"
    trigger on-pull-request: refused: commit ccccccc comes from a fork and waits for `/tune approve`
    trigger second: refused: commit ccccccc comes from a fork and waits for `/tune approve`
    -> fork/comment/acme/vision/12 to comment/acme/vision/12: ccccccc waits
    -> fork/check/acme/vision/cccccccccccccccccccccccccccccccccccccccc/resnet to check/acme/vision/cccccccccccccccccccccccccccccccccccccccc: ccccccc waits
    -> fork/check/acme/vision/cccccccccccccccccccccccccccccccccccccccc/wine to check/acme/vision/cccccccccccccccccccccccccccccccccccccccc: ccccccc waits
    ");
    assert_eq!(decided(&event(comment("/tune approve ccccccc")), &rules, fork_since(5)).sweeps.len(), 2);
}
