use super::super::fixtures;
use super::*;
use crate::domain::signal::StopRequest;
use crate::domain::sweep::Outcome;

/// How the line reads in chat.
fn line(report: &Report) -> String {
    waiting(report, Medium::Chat).plain()
}

fn holding(change: impl FnOnce(&mut Held)) -> Report {
    let mut report = fixtures::held();
    change(report.held.as_mut().unwrap());
    report
}

#[test]
fn trials_that_wait_say_for_what_and_what_it_costs() {
    let one = holding(|held| held.count = 1);
    let image =
        holding(|held| held.reason = "ImagePullBackOff: Back-off pulling image \"registry/train:v2\"".to_owned());
    let other = holding(|held| {
        held.reason = "the workflow is suspended: `argo resume resnet-k3f9q2-26-1` lets it go on".to_owned()
    });
    let lines = [fixtures::held(), one, image, other].map(|report| line(&report));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    2 trials wait for a node: Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. The time counts against the trial limit of 45 min; /tune stop resnet-k3f9q2 ends the sweep.
    Trial 26 waits for a node: Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. The time counts against the trial limit of 45 min; /tune stop resnet-k3f9q2 ends the sweep.
    2 trials wait for an image: ImagePullBackOff: Back-off pulling image "registry/train:v2". Check its name and the right to pull it. The time counts against the trial limit of 45 min; /tune stop resnet-k3f9q2 ends the sweep.
    2 trials wait: the workflow is suspended: argo resume resnet-k3f9q2-26-1 lets it go on. The time counts against the trial limit of 45 min; /tune stop resnet-k3f9q2 ends the sweep.
    "#);
    insta::assert_snapshot!(waiting(&fixtures::held(), Medium::Terminal).plain(), @"2 trials wait for a node: Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. The time counts against the trial limit of 45 min.");
}

#[test]
fn a_trial_that_is_started_again_says_why() {
    let again = |count| {
        holding(|held| {
            *held = Held {
                reason: "its workflow resnet-k3f9q2-26-1 was deleted by somebody".into(),
                count,
                again: true,
                ..held.clone()
            }
        })
    };
    insta::assert_snapshot!([again(1), again(3)].map(|report| line(&report)).join("\n"), @r"
    Trial 26 is started again: its workflow resnet-k3f9q2-26-1 was deleted by somebody.
    3 trials are started again: its workflow resnet-k3f9q2-26-1 was deleted by somebody.
    ");
}

#[test]
fn an_engine_that_is_away_is_told_with_what_becomes_of_the_sweep() {
    let idle = Report { counts: Default::default(), ..fixtures::away() };
    let by = StopRequest::Person { name: "@ana".to_owned() };
    let stopping = Report { phase: Phase::Stopping { outcome: Outcome::Stopped { by } }, ..fixtures::away() };
    insta::assert_snapshot!([fixtures::away(), idle, stopping].map(|report| line(&report)).join("\n"), @r"
    Engine cluster does not answer (since 2 Mar 10:02 UTC: connect: connection refused). What runs there goes on; results are fetched when it is back.
    Engine cluster does not answer (since 2 Mar 10:02 UTC: connect: connection refused). The sweep goes on when it is back.
    Engine cluster does not answer (since 2 Mar 10:02 UTC: connect: connection refused). What runs there is ended when it is back.
    ");
    let finished = Report { phase: Phase::Finished { outcome: Outcome::Completed }, ..fixtures::away() };
    assert_eq!(line(&finished), "");
}

#[test]
fn a_search_of_its_own_is_as_far_as_its_workflow() {
    let searching = fixtures::searching();
    assert_eq!(bar(&searching, 10), Some((4, "12/30 of its workflow".to_owned())));
    assert_eq!(
        (tally(&searching, ", "), title(&searching)),
        ("its workflow is running".into(), "running, 40 % through".into())
    );
    let silent = Report { progress: None, ..searching };
    assert_eq!((bar(&silent, 10), title(&silent)), (None, "running".to_owned()));
}

#[test]
fn only_an_end_is_a_hundred_percent() {
    assert_eq!(
        [0.0, 0.009, 0.628, 0.999, 1.0, 7.0].map(whole_percent),
        ["0 %", "0 %", "62 %", "99 %", "100 %", "100 %"]
    );
}

#[test]
fn how_a_sweep_begins_is_said_wherever_it_is_shown() {
    let said =
        ["starts from 120 trials of 3 earlier sweeps", "first point 2 is not tried: `lr` 7 is not in 1e-5..0.1 (log)"];
    let report = Report { beginning: said.map(str::to_owned).to_vec(), ..fixtures::running() };
    let words = "starts from 120 trials of 3 earlier sweeps, first point 2 is not tried: ";
    assert!(crate::notify::text::header(&report).ends_with(&format!("{words}lr 7 is not in 1e-5..0.1 (log)")));
    let blocks = serde_json::to_string(&crate::notify::slack::blocks::sweep(&report, &[]).blocks).unwrap();
    assert!(blocks.contains(&format!("{words}`lr` 7 is not in 1e-5..0.1 (log)")), "{blocks}");
    let comment = crate::notify::github::markdown::comment(
        "sweep/resnet",
        &report,
        crate::notify::github::markdown::Context {
            links: &[],
            charts: &[],
            supplement: crate::notify::Supplement::NOTHING,
        },
    );
    assert!(comment.contains("- Begins: starts from 120 trials of 3 earlier sweeps"), "{comment}");
}
