//! What a comment says of a sweep that does not come forward, or that searches by itself.

use super::*;

#[test]
fn what_trials_wait_for_is_a_line_of_its_own() {
    insta::assert_snapshot!(until_details(&fixtures::held()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: running, 25 of 40 trials done

    `██████████░░░░░░` 25/40 · best val_acc **0.93122** (trial 17) · about 40 min left

    22 done · 3 stopped early · 8 running (62 % through)

    2 trials wait for a node: Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. The time counts against the trial limit of 45 min; `/tune stop resnet-k3f9q2` ends the sweep.
    ");
}

#[test]
fn an_engine_that_does_not_answer_is_a_line_of_its_own() {
    insta::assert_snapshot!(until_details(&fixtures::away()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: running, 25 of 40 trials done

    `██████████░░░░░░` 25/40 · best val_acc **0.93122** (trial 17)

    22 done · 3 stopped early · 8 running (62 % through)

    Engine `cluster` does not answer (since 2 Mar 10:02 UTC: connect: connection refused). What runs there goes on; results are fetched when it is back.
    ");
}

#[test]
fn a_search_of_its_own_shows_the_progress_of_its_workflow_and_why_it_failed() {
    insta::assert_snapshot!(until_details(&fixtures::searching()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: running, 40 % through

    `██████░░░░░░░░░░` 12/30 of its workflow · no result yet · about 20 min left

    its workflow is running
    ");
    insta::assert_snapshot!(until_details(&fixtures::search_failed()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: its workflow failed

    **resnet** gave up: its workflow failed

    main: exit code 3: no data

    There is no result.

    Its workflow ran for 12 min 20 s
    ");
}

fn until_details(report: &Report) -> String {
    commented(report).split("<details>").next().unwrap().trim().to_owned()
}
