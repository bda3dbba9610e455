//! The charts of a sweep that has ended: two pictures in one message in its thread, once.

use super::scene::Scene;
use crate::support::config::Tuning;
use crate::support::fault::Fault;
use crate::support::slack::workspace::Message;
use crate::support::slack::{TUNING, UPLOAD};

/// Large enough to tell what mattered.
fn two_parameters() -> Tuning {
    let space = serde_json::json!({
        "x": {"type": "float", "low": 0.0, "high": 1.0},
        "unused": {"type": "float", "low": 0.0, "high": 1.0},
    });
    Tuning::quadratic().set("/space", space).trials(40).parallel(4)
}

fn with_pictures(scene: &Scene) -> Vec<Message> {
    scene.slack.messages(TUNING).into_iter().filter(|message| !message.files.is_empty()).collect()
}

#[tokio::test]
async fn a_finished_sweep_shows_how_it_came_to_its_best_and_what_mattered() {
    let scene = Scene::open(|config| config.tuning("quadratic", two_parameters())).await;
    scene.type_command("quadratic").await;
    insta::assert_snapshot!(scene.closed().await, @"
    #tuning
    @tunebot (edited)
    | *quadratic*: loss *8e-6*
    | ```
    | unused  0.0069251
    | x       0.29722
    | ```
    | 40 trials in [time]: 40 done
    | What mattered: `x` 99 %
    | (`quadratic-uatv9w` for @mika · 4 at a time, random search, seed 7)
    | [Re-run] [Details]
        @tunebot
        | @mika *quadratic*: loss *8e-6*
        | What mattered: `x` 99 %
        @tunebot
        | How `quadratic-uatv9w` came to its best, and what mattered.
        | (picture quadratic-uatv9w-history.png, Optimisation history: quadratic-uatv9w: best loss 8e-6 (trial 31))
        | (picture quadratic-uatv9w-importance.png, What mattered: quadratic-uatv9w: x mattered most)
    ");
    let thread = scene.slack.only_message(TUNING).ts;
    let [message] = with_pictures(&scene).try_into().expect("one message with all pictures");
    assert_eq!(message.thread_ts.as_deref(), Some(thread.as_str()));
    scene.slack.read(|workspace| {
        assert_eq!(workspace.files.len(), 2);
        for file in workspace.files.values() {
            let content = file.content.as_ref().expect("it was sent");
            assert!(content.starts_with(b"\x89PNG\r\n\x1a\n"), "a picture");
            // Its width and height stand there: a phone shows it a third as wide, and sharp.
            let [width, height] = [16, 20].map(|at| u32::from_be_bytes(content[at..at + 4].try_into().unwrap()));
            assert!(width == 1200 && height <= width, "{width} x {height}");
        }
    });
}

#[tokio::test]
async fn without_the_right_to_upload_everything_else_is_said() {
    let scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    scene.slack.revoke_scope("files:write");
    scene.type_command("quadratic").await;
    let channel = scene.closed().await;
    assert!(channel.contains("6 trials in") && channel.contains("@mika *quadratic*: loss"), "{channel}");
    assert!(with_pictures(&scene).is_empty());
    let refused = "Slack refused files.getUploadURLExternal to C0TUNING01 with missing_scope: give the app the scope \
                   files:write and install it again";
    assert_eq!(scene.tunebot.log().matches(refused).count(), 1, "{}", scene.tunebot.log());
}

#[tokio::test]
async fn whatever_is_lost_on_the_way_the_pictures_are_there_once() {
    let faults = [
        ("files.getUploadURLExternal", Fault::DropAfter),
        (UPLOAD, Fault::DropAfter),
        (UPLOAD, Fault::Status(500)),
        ("files.completeUploadExternal", Fault::DropBefore),
        ("files.completeUploadExternal", Fault::DropAfter),
        ("files.completeUploadExternal", Fault::RateLimited { retry_after: 1 }),
    ];
    for (method, fault) in faults {
        let scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
        scene.slack.inject(method, fault.clone());
        scene.type_command("quadratic").await;
        scene.closed().await;
        assert_eq!(scene.slack.faults_left(), 0, "{method} {fault:?} has happened");
        assert_eq!(with_pictures(&scene).len(), 1, "{method} {fault:?}:\n{}", scene.slack.render(TUNING));
    }
}

#[tokio::test]
async fn a_sweep_with_nothing_to_see_shows_nothing() {
    let scene = Scene::open(|config| {
        let failing = Tuning::failing().set("/limits/failed_trials", 2);
        config.tuning("failing", failing).tuning("single", Tuning::quadratic().trials(1))
    })
    .await;
    scene.type_command("failing").await;
    scene.type_command("single").await;
    scene.closings(TUNING, 2).await;
    scene.outbox_is_empty().await;
    assert!(with_pictures(&scene).is_empty(), "{}", scene.slack.render(TUNING));
}
