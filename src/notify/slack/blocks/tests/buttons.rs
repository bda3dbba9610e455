//! What can be pressed, and what it asks first.

use super::*;

/// Each button with what it stands for and what it asks.
fn pressed(report: &Report) -> String {
    let json = serde_json::to_value(&sweep(report, &[]).blocks).unwrap();
    let actions = json.as_array().unwrap().iter().find(|block| block["type"] == "actions").unwrap();
    let text = |value: &serde_json::Value| value["text"].as_str().unwrap().to_owned();
    let line = |button: &serde_json::Value| {
        let style = button["style"].as_str().map(|style| format!(" ({style})")).unwrap_or_default();
        let command = format!("{}: {}", button["action_id"].as_str().unwrap(), button["value"].as_str().unwrap());
        let question = button.get("confirm").map(|question| {
            let [title, body] = ["title", "text"].map(|part| text(&question[part]));
            format!("\n    {title} {body} [{}] [{}]", text(&question["confirm"]), text(&question["deny"]))
        });
        format!("[{}]{style} {command}{}", text(&button["text"]), question.unwrap_or_default())
    };
    actions["elements"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_running_sweep_can_be_stopped_after_a_question_that_says_what_is_kept() {
    insta::assert_snapshot!(pressed(&fixtures::running()), @r"
    [Stop] (danger) command/stop: stop resnet-k3f9q2
        Stop resnet-k3f9q2? 8 trials under way will be ended. Kept: 25 finished trials and the best so far, val_acc 0.93122. [Stop it] [Let it run]
    [Details] command/details: details resnet-k3f9q2
    ");
}

#[test]
fn a_sweep_that_has_nothing_to_lose_says_so() {
    insta::assert_snapshot!(pressed(&fixtures::queued()), @r"
    [Stop] (danger) command/stop: stop resnet-k3f9q2
        Stop resnet-k3f9q2? It has not begun; nothing is lost. [Stop it] [Let it run]
    ");
    insta::assert_snapshot!(pressed(&fixtures::started_without_a_result()), @r"
    [Stop] (danger) command/stop: stop resnet-k3f9q2
        Stop resnet-k3f9q2? 2 trials under way will be ended. There is no result yet to keep. [Stop it] [Let it run]
    [Details] command/details: details resnet-k3f9q2
    ");
    insta::assert_snapshot!(pressed(&fixtures::searching()), @r"
    [Stop] (danger) command/stop: stop resnet-k3f9q2
        Stop resnet-k3f9q2? Its workflow is ended; only what it has reported by then is kept. [Stop it] [Let it run]
    [Details] command/details: details resnet-k3f9q2
    ");
}

#[test]
fn what_is_stopping_cannot_be_stopped_again() {
    insta::assert_snapshot!(pressed(&fixtures::stopping()), @"[Details] command/details: details resnet-k3f9q2");
}

#[test]
fn a_finished_sweep_can_be_run_again_and_its_best_applied_where_that_is_set_up() {
    insta::assert_snapshot!(pressed(&fixtures::finished()), @r"
    [Re-run] command/rerun: rerun resnet-k3f9q2
        Run resnet again? A new sweep with the settings of resnet-k3f9q2: 40 trials, 8 at a time. The last time it took 1 h 47 min. [Run it] [Not now]
    [Details] command/details: details resnet-k3f9q2
    ");
    insta::assert_snapshot!(labels_of(&Report { applies: true, ..fixtures::finished() }), @"[Apply best] [Re-run] [Details]");
}

#[test]
fn the_best_of_a_sweep_that_failed_or_was_stopped_is_not_offered() {
    insta::assert_snapshot!(labels_of(&Report { applies: true, ..fixtures::failed() }), @"[Re-run] [Details]");
    insta::assert_snapshot!(labels_of(&Report { applies: true, ..fixtures::stopped() }), @"[Re-run] [Details]");
    insta::assert_snapshot!(labels_of(&Report { applies: true, top: Vec::new(), ..fixtures::finished() }), @"[Re-run] [Details]");
}

fn labels_of(report: &Report) -> String {
    shown(report).lines().find(|line| line.starts_with("[App") || line.starts_with("[Re")).unwrap().to_owned()
}
