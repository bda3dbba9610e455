//! The programs of trials, and the folder that they come in.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::config::{ConfigFolder, Tuning, on_push};

/// Runs one trial of the tuning `t` with x = 0.5, as an engine does.
fn run_trial(config: &ConfigFolder, attempt: &str) -> Output {
    let text = std::fs::read_to_string(config.write().join("tunebot.yaml")).expect("the config file");
    let settings: Value = serde_json::from_str(&text).expect("JSON");
    let tuning = &settings["tunings"]["t"];
    let words = tuning["command"].as_array().expect("a command").iter().filter_map(Value::as_str);
    let words: Vec<String> = words.map(|word| word.replace("{x}", "0.5")).collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("TUNEBOT_ATTEMPT", attempt).env("TUNEBOT_RESULT", config.root().join("result"));
    for (name, value) in tuning["env"].as_object().expect("variables") {
        command.env(name, value.as_str().expect("text"));
    }
    command.output().expect("a shell")
}

#[test]
fn a_quadratic_trial_writes_its_loss_and_notes_its_start() {
    let config = ConfigFolder::new().tuning("t", Tuning::quadratic());
    assert!(run_trial(&config, "t-abc234-0-1").status.success());
    assert!(run_trial(&config, "t-abc234-1-1").status.success());
    let result = std::fs::read_to_string(config.root().join("result")).expect("a result file");
    assert_eq!(result, "{\"loss\": 0.040000}\n");
    assert_eq!(config.started_attempts(), ["t-abc234-0-1", "t-abc234-1-1"]);
}

#[test]
fn a_stepwise_trial_reports_five_steps() {
    let config = ConfigFolder::new().tuning("t", Tuning::stepwise());
    let output = String::from_utf8(run_trial(&config, "t-abc234-0-1").stdout).expect("text");
    assert_eq!(output.lines().count(), 5);
    assert_eq!(output.lines().last(), Some("{\"step\": 5, \"loss\": 0.040000}"));
}

#[test]
fn a_held_trial_goes_on_once_released_and_a_failing_one_fails() {
    let held = ConfigFolder::new().tuning("t", Tuning::held());
    held.release_trials();
    assert!(run_trial(&held, "t-abc234-0-1").status.success());
    let failing = ConfigFolder::new().tuning("t", Tuning::failing());
    let output = run_trial(&failing, "t-abc234-0-1");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(3), &b"CUDA out of memory at step 0\n"[..]));
}

#[test]
fn a_field_is_set_and_taken_away_by_its_pointer() {
    let config = ConfigFolder::new()
        .trigger("on-main", on_push("acme/models", "main", "t"))
        .set("/triggers/0/on/push/branches", serde_json::json!(["release/*"]))
        .set("/notify/announce_channel", "C1")
        .set("/store", Value::Null);
    let text = std::fs::read_to_string(config.write().join("tunebot.yaml")).expect("the config file");
    let settings: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(settings["triggers"][0]["on"]["push"]["branches"][0], "release/*");
    assert_eq!((&settings["notify"]["announce_channel"], settings.get("store")), (&"C1".into(), None));
}
