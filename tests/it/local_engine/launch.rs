//! What a trial gets, and what is refused before it starts.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use tunebot::domain::params::Value;
use tunebot::domain::signal::AttemptEnd;
use tunebot::domain::tuning::TrialTemplate;
use tunebot::engine::{Engine, EngineError, Launch};

use super::site::{self, Site, attempt, failure, launch, script, shown};
use crate::support::watched::wait_until;

#[tokio::test]
async fn a_trial_sees_nothing_of_our_environment_but_what_is_declared() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&launch(&["/usr/bin/env"])).await;
    engine.end().await;
    let log = site.read("stdout.log");
    let names: BTreeSet<&str> = log.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    insta::assert_snapshot!(names.join(" "), @"HOME PATH TUNEBOT_ATTEMPT TUNEBOT_CHECKPOINT TUNEBOT_PARAMS TUNEBOT_REPORT_URL TUNEBOT_RESULT TUNEBOT_SWEEP TUNEBOT_TOKEN TUNEBOT_TRIAL");
}

#[tokio::test]
async fn what_a_trial_keeps_is_there_for_its_next_attempt_and_goes_with_the_sweep() {
    let site = Site::new();
    let mut engine = site.start();
    let keeping = r#"cat "$TUNEBOT_CHECKPOINT/step" 2>/dev/null; echo "${TUNEBOT_RESUME_STEP-none}"; echo 3 > "$TUNEBOT_CHECKPOINT/step""#;
    engine.submit(&script(keeping)).await;
    engine.end().await;
    assert_eq!(site.read("stdout.log"), "none\n");
    engine.engine.forget(&attempt()).await;
    let again = Launch { attempt: "quick-k3f9q2-0-2".parse().unwrap(), resume_step: Some(3), ..script(keeping) };
    engine.submit(&again).await;
    let log = site.folder().with_file_name("0-2").join("outcome.json");
    wait_until("the second attempt has ended", || log.exists()).await;
    assert_eq!(fs::read_to_string(log.with_file_name("stdout.log")).unwrap(), "3\n3\n");
    let kept = site.folder().with_file_name("checkpoints");
    assert!(kept.join("0/step").exists());
    for _ in 0..2 {
        engine.engine.release(&attempt().sweep).await.unwrap();
        assert!(!kept.exists());
    }
}

#[tokio::test]
async fn an_inherited_variable_is_passed_on() {
    let site = Site::new();
    let mut engine = site.start();
    let mut launch = launch(&["/usr/bin/env"]);
    let TrialTemplate::Command { inherit_env, .. } = &mut launch.template else { panic!("not a command") };
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
    let TrialTemplate::Command { source: folder, .. } = &mut launch.template else { panic!("not a command") };
    *folder = Some(source.path().to_owned());
    engine.submit(&launch).await;
    engine.end().await;
    assert_eq!(site.read("stdout.log"), format!("real data\n{}\n", site.folder().join("work").display()));
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
