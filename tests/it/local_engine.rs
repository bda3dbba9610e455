//! The local engine with real processes: what a trial gets, how it ends, and that nothing is ever left running.

mod site;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use jiff::SignedDuration;
use tunebot::domain::params::Value;
use tunebot::domain::signal::{AttemptEnd, AttemptNews};
use tunebot::engine::{Engine, EngineError};

use self::site::{Site, attempt, failure, launch, metrics, script, shown, wait_until, wait_until_gone};

#[tokio::test]
async fn a_trial_reports_steps_progress_and_its_result() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"echo 'epoch 1'; echo '{"step":1,"loss":0.5}'; echo '{"step":2,"metrics":{"loss":0.4}}'
               echo '{"progress":"25/40"}'; echo '{"loss":0.3,"acc":0.9}'"#,
        ))
        .await;
    let news = engine.until_end().await;
    assert_eq!(news[0], AttemptNews::Started);
    assert!(news.contains(&AttemptNews::Reported { step: 1, metrics: metrics(&[("loss", 0.5)]) }), "{news:?}");
    assert!(news.contains(&AttemptNews::Reported { step: 2, metrics: metrics(&[("loss", 0.4)]) }), "{news:?}");
    assert!(news.contains(&AttemptNews::Progress { done: 25, total: 40 }), "{news:?}");
    assert_eq!(shown(news.last()), "succeeded: acc=0.9 loss=0.3");
}

#[tokio::test]
async fn a_trial_sees_nothing_of_our_environment_but_what_is_declared() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&launch(&["/usr/bin/env"])).await;
    engine.end().await;
    let log = site.read("stdout.log");
    let names: BTreeSet<&str> = log.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    insta::assert_snapshot!(names.join(" "), @"HOME PATH TUNEBOT_ATTEMPT TUNEBOT_PARAMS TUNEBOT_REPORT_URL TUNEBOT_RESULT TUNEBOT_SWEEP TUNEBOT_TOKEN TUNEBOT_TRIAL");
}

#[tokio::test]
async fn an_inherited_variable_is_passed_on() {
    let site = Site::new();
    let mut engine = site.start();
    let mut launch = launch(&["/usr/bin/env"]);
    let tunebot::domain::tuning::TrialTemplate::Command { inherit_env, .. } = &mut launch.template;
    inherit_env.insert("CARGO_MANIFEST_DIR".into());
    engine.submit(&launch).await;
    engine.end().await;
    let expected = format!("CARGO_MANIFEST_DIR={}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    assert!(site.read("stdout.log").lines().any(|line| line == expected));
}

#[tokio::test]
async fn a_parameter_never_reaches_a_shell() {
    let site = Site::new();
    let mut engine = site.start();
    let mut launch = launch(&["/usr/bin/printf", "<%s>", "{tag}", "$HOME"]);
    launch.params = [("tag".parse().unwrap(), Value::Text("a b; touch x `touch x`".into()))].into_iter().collect();
    engine.submit(&launch).await;
    engine.end().await;
    assert_eq!(site.read("stdout.log"), "<a b; touch x `touch x`><$HOME>");
    assert_eq!(fs::read_dir(site.folder().join("work")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_trial_runs_in_a_folder_of_its_own_with_its_source_linked() {
    let site = Site::new();
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("data.txt"), "real data\n").unwrap();
    fs::write(source.path().join("train"), "#!/bin/sh\ncat source/data.txt; pwd\n").unwrap();
    fs::set_permissions(source.path().join("train"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut engine = site.start();
    let mut launch = launch(&["./train"]);
    let tunebot::domain::tuning::TrialTemplate::Command { source: folder, .. } = &mut launch.template;
    *folder = Some(source.path().to_owned());
    engine.submit(&launch).await;
    engine.end().await;
    assert_eq!(site.read("stdout.log"), format!("real data\n{}\n", site.folder().join("work").display()));
}

#[tokio::test]
async fn the_result_file_wins_over_what_was_said() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"echo '{"step":1,"early":1,"loss":3}'; echo '{"loss":2,"acc":0.5}'; echo '{"metrics":{"loss":1}}' > "$TUNEBOT_RESULT""#,
        ))
        .await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: acc=0.5 early=1 loss=1");
}

#[tokio::test]
async fn a_result_that_is_not_a_number_stays_one() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(r#"echo '{"loss": NaN}' > "$TUNEBOT_RESULT""#)).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=NaN");
}

#[tokio::test]
async fn a_result_file_that_cannot_be_read_fails_the_trial() {
    for (command, reason) in [
        (r#"echo 0.2 > "$TUNEBOT_RESULT""#, r#"the result file is not a JSON object like {"loss": 0.1}"#),
        (r#"mkfifo "$TUNEBOT_RESULT""#, "the result file is not a plain file"),
    ] {
        let site = Site::new();
        let mut engine = site.start();
        engine.submit(&script(command)).await;
        assert_eq!(failure(engine.end().await).0, reason);
    }
}

#[tokio::test]
async fn a_failure_says_how_it_came_and_shows_the_last_lines() {
    for (command, expected, tail) in [
        ("echo cannot open data >&2; exit 3", "the program exited with code 3", Some("cannot open data")),
        ("echo only this; exit 1", "the program exited with code 1", Some("only this")),
        ("kill -SEGV $$", "the program was killed by SIGSEGV", None),
        ("kill -KILL $$", "the program was killed by SIGKILL: did the machine run out of memory?", None),
    ] {
        let site = Site::new();
        let mut engine = site.start();
        engine.submit(&script(command)).await;
        assert_eq!(failure(engine.end().await), (expected.to_owned(), tail.map(str::to_owned)), "{command}");
    }
}

#[tokio::test]
async fn the_token_is_not_in_the_excerpt_of_a_failure() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script("echo token $TUNEBOT_TOKEN refused >&2; exit 1")).await;
    assert_eq!(failure(engine.end().await).1.as_deref(), Some("token [token] refused"));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_refused_and_may_be_submitted_again() {
    let site = Site::new();
    let mut engine = site.start();
    let error = engine.engine.submit(&launch(&["no-such-program"])).await.unwrap_err();
    assert!(matches!(error, EngineError::Permanent(_)), "{error}");
    assert!(error.to_string().starts_with("the program `no-such-program` is not in the trial's PATH"), "{error}");
    assert!(!site.folder().exists());
    engine.submit(&launch(&["true"])).await;
    assert!(matches!(engine.end().await, AttemptEnd::Succeeded { .. }));
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_fails_the_trial() {
    let site = Site::new();
    let program = site.work_dir().join("train");
    fs::write(&program, "no program").unwrap();
    let mut engine = site.start();
    engine.submit(&launch(&[program.to_str().unwrap()])).await;
    let (reason, _) = failure(engine.end().await);
    assert_eq!(
        reason,
        format!("the program `{}` cannot be executed: Permission denied (os error 13)", program.display())
    );
}

#[tokio::test]
async fn a_log_is_capped_and_the_trial_goes_on() {
    let site = Site::new();
    let mut engine = site.start_with(|options| options.log_limit_bytes = 1000);
    engine.submit(&script(r#"yes | head -c 10000000; echo; echo '{"loss":1}'; echo last"#)).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=1");
    let log = site.read("stdout.log");
    assert!(log.len() < 20_000, "{}", log.len());
    assert!(log.contains("[tunebot: the log is full; 99"), "{}", &log[..1200]);
    assert!(log.ends_with("{\"loss\":1}\nlast\n"));
}

#[tokio::test]
async fn a_flood_of_steps_is_thinned_and_the_last_one_arrives() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(r#"seq 1 200000 | sed 's/.*/{"step":&,"loss":&}/'"#)).await;
    let news = engine.until_end().await;
    let steps: Vec<u64> = news
        .iter()
        .filter_map(|news| match news {
            AttemptNews::Reported { step, .. } => Some(*step),
            _ => None,
        })
        .collect();
    assert!(steps.len() < 20_000, "{}", steps.len());
    assert!(steps.is_sorted() && steps.last() == Some(&200_000));
    assert_eq!(shown(news.last()), "succeeded: loss=200000");
}

#[tokio::test]
async fn a_trial_that_is_stopped_may_clean_up() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"trap 'echo saved > checkpoint; exit 0' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#,
        ))
        .await;
    engine.until_step().await;
    engine.engine.stop(&attempt(), SignedDuration::from_secs(60)).await.unwrap();
    assert_eq!(engine.end().await, AttemptEnd::Stopped);
    assert_eq!(site.read("work/checkpoint"), "saved\n");
}

#[tokio::test]
async fn a_trial_that_will_not_stop_is_killed_with_all_that_it_started() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    wait_until("the detached processes run", || site.running().len() >= 4).await;
    engine.engine.stop(&attempt(), SignedDuration::from_millis(50)).await.unwrap();
    assert_eq!(engine.end().await, AttemptEnd::Stopped);
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn a_trial_that_takes_too_long_fails_and_leaves_nothing() {
    let site = Site::new();
    let mut engine = site.start();
    let mut launch = script(&site.detaching("trap '' TERM; echo still at it >&2; while :; do sleep 0.01; done"));
    launch.timeout = SignedDuration::from_secs(1);
    launch.stop_grace = SignedDuration::from_millis(50);
    engine.submit(&launch).await;
    let (reason, tail) = failure(engine.end().await);
    assert_eq!(reason, "it had not ended after 1s and was stopped");
    assert_eq!(tail.as_deref(), Some("still at it"));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn what_a_trial_started_does_not_outlive_it() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(&site.detaching(r#"echo '{"loss":1}'"#))).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=1");
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn an_attempt_is_started_once_however_often_it_is_submitted() {
    let site = Site::new();
    let counting = script("echo started >> ../../count");
    let mut engine = site.start();
    engine.submit(&counting).await;
    engine.submit(&counting).await;
    engine.end().await;
    engine.submit(&counting).await;
    engine.engine.forget(&attempt()).await;
    engine.submit(&counting).await;
    assert!(matches!(engine.end().await, AttemptEnd::Succeeded { .. }));
    engine.drop().await;
    let mut later = site.start();
    later.submit(&counting).await;
    assert!(matches!(later.end().await, AttemptEnd::Succeeded { .. }));
    assert_eq!(fs::read_to_string(site.folder().parent().unwrap().join("count")).unwrap(), "started\n");
}

#[tokio::test]
async fn the_end_is_told_again_until_it_is_forgotten() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script("true")).await;
    let end = engine.end().await;
    engine.watch_again(vec![]).await;
    assert_eq!(engine.end().await, end);
    engine.engine.forget(&attempt()).await;
    // Known to the store still: the outcome in the folder answers.
    engine.watch_again(vec![attempt()]).await;
    assert_eq!(engine.end().await, end);
    assert!(!site.folder().join("work").exists());
    assert!(site.folder().join("stdout.log").exists());
}

#[tokio::test]
async fn the_end_that_came_while_nobody_watched_is_told_later() {
    let site = Site::new();
    let mut engine = site.start();
    engine.unwatch().await;
    engine.submit(&script(r#"echo '{"loss":1}'"#)).await;
    wait_until("the outcome is there", || site.folder().join("outcome.json").exists()).await;
    engine.watch_again(vec![attempt()]).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=1");
}

#[tokio::test]
async fn an_attempt_that_was_never_started_is_not_judged() {
    let site = Site::new();
    let mut engine = site.start();
    engine.watch_again(vec![attempt()]).await;
    engine.submit(&script("true")).await;
    let news = engine.until_end().await;
    assert_eq!(shown(news.last()), "succeeded: ");
}

#[tokio::test]
async fn a_graceful_stop_ends_the_trials_and_starts_no_more() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(&site.detaching(r#"echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#))).await;
    engine.until_step().await;
    engine.engine.shutdown().await;
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    let refused = engine.engine.submit(&launch(&["true"])).await;
    assert!(matches!(refused, Err(EngineError::Transient(_))), "{refused:?}");
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn the_trials_of_a_dropped_engine_are_killed_and_found_lost() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    engine.drop().await;
    let mut later = site.start_knowing(vec![attempt()]);
    assert!(matches!(later.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn a_trial_dies_with_its_guard() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    site::kill(site.guard());
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: false, .. }));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn a_guard_that_is_told_to_end_by_a_signal_ends_its_trial_in_order() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"trap 'echo saved > checkpoint; exit 0' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#,
        ))
        .await;
    engine.until_step().await;
    site::terminate(site.guard());
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    assert_eq!(site.read("work/checkpoint"), "saved\n");
}

/// The variable that makes the next test the tunebot that others kill.
const VICTIM: &str = "LOCAL_ENGINE_TEST_WORK_DIR";

#[tokio::test]
async fn a_trial_is_known_to_run_once_it_has_started() {
    let site = std::env::var_os(VICTIM).map_or_else(Site::new, |work_dir| Site::at(work_dir.into()));
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    engine.watch_again(vec![]).await;
    assert_eq!(engine.next().await, AttemptNews::Started);
    if std::env::var_os(VICTIM).is_some() {
        fs::write(site.work_dir().join("ready"), "").unwrap();
        std::future::pending::<()>().await;
    }
    engine.engine.shutdown().await;
}

#[tokio::test]
async fn nothing_runs_on_when_tunebot_is_killed() {
    let site = Site::new();
    let mut victim = site.run_victim(VICTIM, "local_engine::a_trial_is_known_to_run_once_it_has_started").await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    let mut engine = site.start_knowing(vec![attempt()]);
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn nothing_runs_on_when_tunebot_and_its_guard_are_killed() {
    let site = Site::new();
    let mut victim = site.run_victim(VICTIM, "local_engine::a_trial_is_known_to_run_once_it_has_started").await;
    let guard = site.guard();
    site::freeze(guard);
    victim.kill().unwrap();
    victim.wait().unwrap();
    site::kill(guard);
    let mut engine = site.start_knowing(vec![attempt()]);
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn folders_of_forgotten_sweeps_are_removed() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script("true")).await;
    engine.end().await;
    assert_eq!(engine.engine.prune(BTreeSet::new()).await.unwrap(), 0, "it is not forgotten yet");
    engine.engine.forget(&attempt()).await;
    assert_eq!(engine.engine.prune([attempt().sweep].into()).await.unwrap(), 0);
    assert_eq!(engine.engine.prune(BTreeSet::new()).await.unwrap(), 1);
    assert!(!site.folder().exists());
}

#[tokio::test]
async fn a_caller_that_loses_patience_leaves_no_attempt_half_started() {
    let site = Site::new();
    let mut engine = site.start();
    {
        let launch = script(r#"echo '{"loss":1}'"#);
        let mut submitting = std::pin::pin!(engine.engine.submit(&launch));
        tokio::select! {
            biased;
            _ = &mut submitting => {}
            () = std::future::ready(()) => {}
        }
    }
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=1");
}

#[test]
fn a_guard_that_comes_after_the_judgement_starts_nothing() {
    let site = Site::new();
    fs::create_dir_all(site.folder()).unwrap();
    let outcome = r#"{"at":"2026-01-01T00:00:00Z","end":{"end":"stopped"}}"#;
    fs::write(site.folder().join("outcome.json"), outcome).unwrap();
    let guard = site::tunebot().arg("trial-guard").arg(site.folder()).output().unwrap();
    assert!(guard.status.success() && guard.stdout.is_empty(), "{guard:?}");
    assert_eq!(site.read("outcome.json"), outcome);
    assert!(!site.folder().join("work").exists());
}

#[test]
fn a_trial_whose_guard_is_gone_does_not_begin() {
    let site = Site::new();
    let file = site.work_dir().join("begun");
    let stage = site::tunebot()
        .args(["trial-exec", "1"])
        .arg(site.work_dir().join("failure"))
        .args(["/bin/touch", "touch"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(stage.status.code(), Some(126));
    insta::assert_snapshot!(String::from_utf8_lossy(&stage.stderr), @"trial-exec: its guard is gone");
    assert!(!file.exists());
}
