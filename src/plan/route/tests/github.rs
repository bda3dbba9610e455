//! Pushes, pull requests and comments.

use super::*;
use crate::domain::rules::{Globs, OnNewer, Trigger, TriggerSource};

#[test]
fn a_push_to_a_wanted_branch_starts_a_sweep() {
    assert_snapshot!(told(push("main")), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
    assert_snapshot!(told(push("release/1.2")), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to release/1.2
    -> sweep resnet-3tnkcn for @mika of acme/vision release/1.2@aaaaaaa against main; group resnet/acme/vision/heads/release/1.2, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
}

#[test]
fn a_push_that_no_trigger_wants_says_why() {
    assert_snapshot!(told(push("feature")), @"trigger on-push: ignored: branch feature does not match main, release/*");
    let elsewhere = push_of("main", |push| push.repository = "acme/shop".parse().unwrap());
    assert_snapshot!(told(EventKind::Push(elsewhere)), @"no trigger: ignored: no trigger for pushes names acme/shop; one names other repositories");
    assert_snapshot!(told_by(&Rules::default(), push("main"), lookup), @"no trigger: ignored: no trigger is for pushes");
    let tag = |push: &mut Push| push.reference = GitReference::Tag("v1".into());
    assert_snapshot!(told(EventKind::Push(push_of("main", tag))), @"trigger on-push: ignored: tag v1: it is for branches only");
}

#[test]
fn tags_start_only_what_names_tags() {
    let on = TriggerSource::Push { branches: Globs::default(), tags: globs(&["v*"]) };
    let rules = rules_with(Trigger { paths: globs(&["src/**"]), ..trigger("releases", on) });
    let tag = |name: &str| {
        let reference = GitReference::Tag(name.into());
        EventKind::Push(push_of("main", |push| {
            push.reference = reference;
            push.changed_paths.clear();
        }))
    };
    assert_snapshot!(told_by(&rules, tag("v1.2"), lookup), @"
    trigger releases: started [resnet-3tnkcn]: push of aaaaaaa to tag v1.2
    -> sweep resnet-3tnkcn for @mika of acme/vision v1.2@aaaaaaa against main; group resnet/acme/vision/tags/v1.2, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
    assert_snapshot!(told_by(&rules, tag("nightly"), lookup), @"trigger releases: ignored: tag nightly does not match v*");
    assert_snapshot!(told_by(&rules, push("main"), lookup), @"trigger releases: ignored: branch main: it is for tags only (v*)");
}

#[test]
fn changed_paths_decide_where_they_are_all_known() {
    let rules = |paths: &[&str], ignored: &[&str]| {
        rules_with(Trigger { paths: globs(paths), ignore_paths: globs(ignored), ..on_push(&["main"]) })
    };
    assert_snapshot!(told_by(&rules(&["src/**"], &[]), push("main"), lookup), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
    assert_snapshot!(told_by(&rules(&["data/**", "models/**"], &[]), push("main"), lookup), @"trigger on-push: ignored: the push changes no path that matches data/**, models/**");
    assert_snapshot!(told_by(&rules(&[], &["*.md", "src/**"]), push("main"), lookup), @"trigger on-push: ignored: the push only changes ignored paths (*.md, src/**)");
    assert_snapshot!(told_by(&rules(&["**/*.md", "src/**"], &["src/**"]), push("main"), lookup), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
    assert_snapshot!(told_by(&rules(&["src/**"], &["src/**"]), push("main"), lookup), @"trigger on-push: ignored: the push changes no path that matches src/**");
    let truncated = push_of("main", |push| push.paths_truncated = true);
    assert_snapshot!(told_by(&rules(&["data/**"], &[]), EventKind::Push(truncated), lookup), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
}

#[test]
fn authors_can_be_chosen_and_ignored() {
    let rules = |authors: &[&str], ignored: &[&str]| {
        rules_with(Trigger { authors: globs(authors), ignore_authors: globs(ignored), ..on_push(&["main"]) })
    };
    assert_snapshot!(told_by(&rules(&["ana"], &[]), push("main"), lookup), @"trigger on-push: ignored: author mika is not ana");
    assert_snapshot!(told_by(&rules(&[], &["mi*"]), push("main"), lookup), @"trigger on-push: ignored: author mika is ignored");
}

#[test]
fn an_expression_sees_the_event() {
    let rules = |expression: &str| rules_with(Trigger { expression: Some(expression.into()), ..on_push(&["main"]) });
    let wanted = [
        "event.title.contains('batches') && event.branch == 'main'",
        "event.changed_paths.exists(path, path.endsWith('.py')) && size(event.changed_paths) < 5",
        "event.type == 'push' && event.sender in ['mika', 'ana'] && !has(event.tag)",
    ];
    for expression in wanted {
        assert_eq!(decided(&event(push("main")), &rules(expression), lookup).sweeps.len(), 1, "{expression}");
    }
    assert_snapshot!(told_by(&rules("event.title.startsWith('[skip]')"), push("main"), lookup), @"trigger on-push: ignored: its expression does not hold: event.title.startsWith('[skip]')");
    assert_snapshot!(told_by(&rules("event.title"), push("main"), lookup), @"trigger on-push: ignored: its expression gives a string, not true or false");
    assert_snapshot!(told_by(&rules("event.number > 3"), push("main"), lookup), @"trigger on-push: ignored: its expression cannot be evaluated: No such key: number");
    assert_snapshot!(told_by(&rules("event.title =="), push("main"), lookup).lines().next().unwrap(), @"trigger on-push: ignored: its expression cannot be read: ERROR: <input>:1:15: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}");
    let on_number = rules_with(Trigger { expression: Some("event.number > 3".into()), ..on_pull_request(|_| {}) });
    assert_eq!(decided(&event(pull_request(|_| {})), &on_number, lookup).sweeps.len(), 1);
}

#[test]
fn a_trigger_whose_tuning_or_overrides_do_not_fit_refuses() {
    let gone = Trigger { tuning: "gone".parse().unwrap(), ..on_push(&["main"]) };
    assert_snapshot!(told_by(&rules_with(gone), push("main"), lookup), @"trigger on-push: refused: its tuning gone is not in the configuration");
    let unfit = Trigger { overrides: vec!["x=7".into()], ..on_push(&["main"]) };
    assert_snapshot!(told_by(&rules_with(unfit), push("main"), lookup), @"trigger on-push: refused: `x=7` is outside *resnet*'s range 0..1. Nothing was started.");
}

#[test]
fn a_newer_push_queues_keeps_or_cancels_the_older_sweep() {
    let rules = |on_newer| rules_with(Trigger { on_newer, ..on_push(&["main"]) });
    assert_snapshot!(told_by(&rules(OnNewer::Queue), push("main"), busy), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main; waits for resnet-k3f9q2
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
    assert_snapshot!(told_by(&rules(OnNewer::Keep), push("main"), busy), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ");
    assert_snapshot!(told_by(&rules(OnNewer::Cancel), push("main"), pushed(busy)), @r#"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main; stops resnet-k3f9q2
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    -> signal to resnet-k3f9q2: StopRequested { by: Superseded { sweep: SweepId("resnet-3tnkcn") } }
    "#);
}

#[test]
fn a_push_that_was_put_off_does_not_stop_what_came_after_it() {
    let rules = rules_with(Trigger { on_newer: OnNewer::Cancel, ..on_push(&["main"]) });
    let overtaken = |need: &Need| match need {
        Need::Sweep(id) => {
            let event = EventId(OCCASION.event.0 + 1);
            Fact::Sweep(Some(Box::new(Sweep { event, ..sweep_called(id) })))
        }
        need => busy(need),
    };
    assert_snapshot!(told_by(&rules, push("main"), pushed(overtaken)), @"trigger on-push: ignored: a newer event has started resnet-k3f9q2 meanwhile");
}

#[test]
fn a_deleted_branch_starts_nothing_and_stops_its_sweeps() {
    let deletion = EventKind::Push(push_of("main", |push| push.head = None));
    assert_snapshot!(told_by(&rules(), deletion, busy), @"
    trigger on-push: ignored: the push deletes main
    trigger on-push: stopped [resnet-k3f9q2]: the push deletes main
    -> signal to resnet-k3f9q2: StopRequested { by: ReferenceDeleted }
    ");
}

#[test]
fn channels_are_told_besides_github() {
    let mut rules = rules_with(on_push(&["main"]));
    rules.announce_channel = Some("C5".into());
    assert_snapshot!(told_by(&rules, push("main"), lookup), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, slack/C5/
    ");
    rules.triggers[0].channel = Some("C6".into());
    assert_snapshot!(told_by(&rules, push("main"), lookup), @"
    trigger on-push: started [resnet-3tnkcn]: push of aaaaaaa to main
    -> sweep resnet-3tnkcn for @mika of acme/vision main@aaaaaaa against main; group resnet/acme/vision/heads/main, waits; tells check/acme/vision/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, slack/C6/
    ");
}

#[test]
fn a_pull_request_starts_a_sweep_at_its_head() {
    assert_snapshot!(told(pull_request(|_| {})), @"
    trigger on-pull-request: started [resnet-3tnkcn]: pull request #12 opened at ccccccc
    -> sweep resnet-3tnkcn for @mika of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12, waits; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    ");
    assert_snapshot!(told_by(&rules(), pull_request(|pr| pr.action = "synchronize".into()), busy), @r#"
    trigger on-pull-request: started [resnet-3tnkcn]: pull request #12 synchronize at ccccccc; stops resnet-k3f9q2
    -> sweep resnet-3tnkcn for @mika of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12, waits; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    -> signal to resnet-k3f9q2: StopRequested { by: Superseded { sweep: SweepId("resnet-3tnkcn") } }
    "#);
}

#[test]
fn a_pull_request_that_a_trigger_does_not_want_says_why() {
    assert_snapshot!(told(pull_request(|pr| pr.action = "labeled".into())), @"trigger on-pull-request: ignored: action labeled is not one of opened, synchronize");
    assert_snapshot!(told(pull_request(|pr| pr.draft = true)), @"trigger on-pull-request: ignored: the pull request is a draft");
    assert_snapshot!(told(pull_request(|pr| pr.from_fork = true)), @"trigger on-pull-request: ignored: the pull request comes from a fork");
    assert_snapshot!(told(pull_request(|pr| pr.repository = "acme/shop".parse().unwrap())), @"no trigger: ignored: no trigger for pull requests names acme/shop; one names other repositories");
    let labels = rules_with(on_pull_request(|filter| filter.labels = words(&["tune", "sweep"])));
    assert_snapshot!(told_by(&labels, pull_request(|_| {}), lookup), @"trigger on-pull-request: ignored: the pull request has none of the labels sweep, tune");
    let not_labels = rules_with(on_pull_request(|filter| filter.ignore_labels = words(&["ml"])));
    assert_snapshot!(told_by(&not_labels, pull_request(|_| {}), lookup), @"trigger on-pull-request: ignored: the pull request has the label ml");
    let base = rules_with(on_pull_request(|filter| filter.branches = globs(&["release/*"])));
    assert_snapshot!(told_by(&base, pull_request(|_| {}), lookup), @"trigger on-pull-request: ignored: base branch main does not match release/*");
}

#[test]
fn drafts_run_where_a_trigger_wants_them() {
    let rules = rules_with(on_pull_request(|filter| filter.drafts = true));
    assert_eq!(decided(&event(pull_request(|pr| pr.draft = true)), &rules, lookup).sweeps.len(), 1);
}

#[test]
fn the_paths_of_a_pull_request_are_looked_up_only_when_they_matter() {
    let looked_up = |rules: &Rules, pull_request: EventKind| {
        let needs = std::cell::RefCell::new(Vec::new());
        decided(&event(pull_request), rules, |need| {
            needs.borrow_mut().push(need.clone());
            lookup(need)
        });
        needs.into_inner().iter().any(|need| matches!(need, Need::ChangedPaths { .. }))
    };
    let filtered = rules_with(Trigger { paths: globs(&["data/**"]), ..on_pull_request(|_| {}) });
    assert!(!looked_up(&rules(), pull_request(|_| {})));
    assert!(!looked_up(&filtered, pull_request(|pr| pr.draft = true)));
    assert!(looked_up(&filtered, pull_request(|_| {})));
    assert_snapshot!(told_by(&filtered, pull_request(|_| {}), lookup), @"trigger on-pull-request: ignored: the pull request changes no path that matches data/**");
    let unreadable = |need: &Need| match need {
        Need::ChangedPaths { .. } => Fact::Unavailable("the GitHub token may not read acme/vision".into()),
        need => lookup(need),
    };
    assert_snapshot!(told_by(&filtered, pull_request(|_| {}), unreadable), @"trigger on-pull-request: refused: The GitHub token may not read acme/vision. Nothing was started.");
}

#[test]
fn a_closed_pull_request_stops_its_sweeps() {
    assert_snapshot!(told_by(&rules(), pull_request(|pr| pr.action = "closed".into()), pull_request_is(|head| head.open = false, busy)), @"
    pull request: stopped [resnet-k3f9q2]: pull request #12 was closed
    trigger on-pull-request: ignored: action closed is not one of opened, synchronize
    -> signal to resnet-k3f9q2: StopRequested { by: PullRequestClosed }
    ");
    assert_snapshot!(told(pull_request(|pr| pr.action = "closed".into())), @"trigger on-pull-request: ignored: action closed is not one of opened, synchronize");
}

#[test]
fn a_command_in_a_comment_starts_a_sweep_at_the_head_that_was_looked_up() {
    assert_snapshot!(told(comment("Let us try:\n/tune resnet x=0.2..0.4")), @"
    /tune resnet x=0.2..0.4: started [resnet-3tnkcn]: asked for by @ana
    -> sweep resnet-3tnkcn for @ana of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    ");
    assert_snapshot!(told(comment("/tune resnet\n/tune wine trials=3")), @"
    /tune resnet: started [resnet-3tnkcn]: asked for by @ana
    /tune wine trials=3: started [wine-f6f5wk]: asked for by @ana
    -> sweep resnet-3tnkcn for @ana of acme/vision cosine@ccccccc against main; group resnet/acme/vision#12; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    -> sweep wine-f6f5wk for @ana of acme/vision cosine@ccccccc against main; group wine/acme/vision#12; tells comment/acme/vision/12, check/acme/vision/cccccccccccccccccccccccccccccccccccccccc
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    ");
}

#[test]
fn questions_in_a_comment_are_answered_there() {
    assert_snapshot!(told(comment("/tune list")), @"
    /tune list: answered: a question
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: 2 tunings:
    ```
    resnet  10 trials, 2 at a time  A small network
    wine    10 trials, 2 at a time  A small network
    ```
    `/tune TUNING` starts one, `/tune help TUNING` shows what can be set.
    ");
    assert_snapshot!(told(comment("/tune status\n/tune best resnet")), @"
    /tune status: answered: a question
    /tune best resnet: answered: a question
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: Nothing is running. `/tune list` shows what could.

    No sweep of *resnet* has a result yet. `/tune resnet` starts one.
    ");
    assert_snapshot!(told(comment("/tune best resnet-k3f9q2")), @"
    /tune best resnet-k3f9q2: answered: a question
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: `resnet-k3f9q2` of *resnet* has no finished trial yet (queued).
    ");
    let none = |need: &Need| match need {
        Need::Report(_) => Fact::Reports(Vec::new()),
        need => lookup(need),
    };
    assert_snapshot!(told_by(&rules(), comment("/tune compare resnet-k3f9q2 resnet-aaaaaa"), none), @"
    /tune compare resnet-k3f9q2 resnet-aaaaaa: refused: There is no sweep `resnet-k3f9q2`. `/tune status` shows those that run.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: There is no sweep `resnet-k3f9q2`. `/tune status` shows those that run.
    ");
}

#[test]
fn a_refused_command_in_a_comment_is_answered_there() {
    let reader = |need: &Need| match need {
        Need::Permission { .. } => Fact::Permission(crate::domain::access::RepositoryPermission::Read),
        need => lookup(need),
    };
    assert_snapshot!(told(comment("/tune resnt")), @"
    /tune resnt: refused: I don't know a tuning called `resnt`. Did you mean *resnet*? `/tune list` shows all 2. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: I don't know a tuning called `resnt`. Did you mean *resnet*? `/tune list` shows all 2. Nothing was started.
    ");
    assert_snapshot!(told(comment("/tune resnet ref=main")), @"
    /tune resnet ref=main: refused: `ref=` is not for pull requests: the sweep runs the head of this one. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: `ref=` is not for pull requests: the sweep runs the head of this one. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules(), comment("/tune resnet"), reader), @"
    comment on #12: refused: @ana may not give commands here: they are for those who may write to acme/vision. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: @ana may not give commands here: they are for those who may write to acme/vision. Nothing was started.
    ");
    assert_snapshot!(told(comment("/tune list\n".repeat(6).as_str())), @"
    comment on #12: refused: This comment has 6 commands; at most 5 are taken. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This comment has 6 commands; at most 5 are taken. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules(), comment("/tune resnet"), pull_request_is(|head| head.from_fork = true, lookup)), @"
    /tune resnet: refused: This pull request comes from a fork, and *resnet* is not one of the tunings that run for forks. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request comes from a fork, and *resnet* is not one of the tunings that run for forks. Nothing was started.
    ");
    assert_snapshot!(told_by(&rules(), comment("/tune resnet"), pull_request_is(|head| head.open = false, lookup)), @"
    /tune resnet: refused: This pull request is closed. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: This pull request is closed. Nothing was started.
    ");
    let mut rules = rules_with(Trigger { repositories: globs(&["acme/*"]), ..on_push(&["main"]) });
    let elsewhere = comment_of("/tune resnet", |comment| comment.repository = "acme/shop".parse().unwrap());
    assert_snapshot!(told_by(&rules, elsewhere, lookup), @"
    /tune resnet: refused: *resnet* belongs to acme/vision, not to acme/shop. Nothing was started.
    -> reaction/github/72d3162e to comment/acme/shop/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/shop/12: *resnet* belongs to acme/vision, not to acme/shop. Nothing was started.
    ");
    rules.tunings.values_mut().for_each(|tuning| {
        std::sync::Arc::make_mut(tuning).access.github_users.insert("mika".into());
    });
    assert_snapshot!(told_by(&rules, comment("/tune resnet"), lookup), @"
    /tune resnet: refused: You may not start or stop *resnet* from here: it is open to @mika. Nothing was changed.
    -> reaction/github/72d3162e to comment/acme/vision/12: confused on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: You may not start or stop *resnet* from here: it is open to @mika. Nothing was changed.
    ");
}

#[test]
fn a_comment_that_is_no_command_is_left_alone() {
    assert_snapshot!(told(comment("Nice work! Try `/tune resnet`.")), @"comment on #12: ignored: no line of the comment begins with /tune");
    assert_snapshot!(told(comment_of("/tune resnet", |comment| comment.by_bot = true)), @"comment on #12: ignored: the comment was written by a program");
    assert_snapshot!(told(comment_of("/tune resnet", |comment| comment.action = "edited".into())), @"comment on #12: ignored: the comment was edited; only new ones are read");
    let elsewhere = comment_of("/tune resnet", |comment| comment.repository = "acme/shop".parse().unwrap());
    assert_snapshot!(told(elsewhere), @"comment on #12: ignored: commands on pull requests of acme/shop are not taken: no rule names it");
}

#[test]
fn a_sweep_is_stopped_and_run_again_from_a_comment() {
    assert_snapshot!(told(comment("/tune stop resnet-k3f9q2")), @r#"
    /tune stop resnet-k3f9q2: stopped [resnet-k3f9q2]: asked for by @ana
    -> signal to resnet-k3f9q2: StopRequested { by: Person { name: "@ana" } }
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    -> answer/github/72d3162e to comment/acme/vision/12: Stopping `resnet-k3f9q2`.
    "#);
    assert_snapshot!(told(comment("/tune rerun resnet-k3f9q2")), @"
    /tune rerun resnet-k3f9q2: started [resnet-3tnkcn]: resnet-k3f9q2 asked for again by @ana
    -> sweep resnet-3tnkcn for @ana of no code; group resnet/acme/vision#12; tells comment/acme/vision/12
    -> reaction/github/72d3162e to comment/acme/vision/12: eyes on comment 99
    ");
}
