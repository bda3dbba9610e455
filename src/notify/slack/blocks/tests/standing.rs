//! What the message says of a sweep that does not come forward, or that searches by itself.

use super::*;

#[test]
fn what_trials_wait_for_is_one_line() {
    insta::assert_snapshot!(shown(&fixtures::held()), @r"
    [*resnet* sweep `resnet-k3f9q2` · running · @mika]
    *resnet* sweep `resnet-k3f9q2` · running · @mika
    `██████████░░░░░░` 25/40 · best val_acc *0.93122* (trial 17) · about 40 min left
    22 done · 3 stopped early · 8 running (62 % through)
    2 trials wait for a node: Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. The time counts against the trial limit of 45 min; `/tune stop resnet-k3f9q2` ends the sweep.
    --
    (small) 40 trials, 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=now&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Stop] [Details]
    ");
}

#[test]
fn an_engine_that_does_not_answer_is_one_line() {
    insta::assert_snapshot!(shown(&fixtures::away()), @r"
    [*resnet* sweep `resnet-k3f9q2` · running · @mika]
    *resnet* sweep `resnet-k3f9q2` · running · @mika
    `██████████░░░░░░` 25/40 · best val_acc *0.93122* (trial 17)
    22 done · 3 stopped early · 8 running (62 % through)
    Engine `cluster` does not answer (since 2 Mar 10:02 UTC: connect: connection refused). What runs there goes on; results are fetched when it is back.
    --
    (small) 40 trials, 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=now&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Stop] [Details]
    ");
    let why = "engine cluster, which does not answer".to_owned();
    insta::assert_snapshot!(shown(&Report { phase: Phase::Queued { why }, ..fixtures::away() }), @r"
    [*resnet* sweep `resnet-k3f9q2` · queued · @mika]
    *resnet* sweep `resnet-k3f9q2` · queued · @mika
    Waits for engine `cluster`, which does not answer (since 2 Mar 10:02 UTC: connect: connection refused)
    --
    (small) 40 trials, 8 at a time, TPE, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    [Stop]
    ");
}

#[test]
fn a_workflow_that_searches_by_itself_shows_its_own_progress_and_its_own_end() {
    insta::assert_snapshot!(shown(&fixtures::searching()), @r"
    [*resnet* sweep `resnet-k3f9q2` · running · @mika]
    *resnet* sweep `resnet-k3f9q2` · running · @mika
    `██████░░░░░░░░░░` 12/30 of its workflow · no result yet · about 20 min left
    its workflow is running
    --
    (small) 40 trials, 8 at a time, its workflow searches by itself, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=now&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Stop] [Details]
    ");
    insta::assert_snapshot!(shown(&fixtures::search_failed()), @r"
    [*resnet* gave up: its workflow failed]
    *resnet* gave up: its workflow failed
    main: exit code 3: no data
    --
    There is no result.
    --
    Its workflow ran for 12 min 20 s
    --
    (small) `resnet-k3f9q2` for @mika · 8 at a time, its workflow searches by itself, seed 7 · `main` (3f2a91c) · `lr` narrowed to 1e-4..1e-2
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772442920000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Re-run] [Details]
    ");
}

#[test]
fn reasons_of_programs_format_nothing_and_call_nobody() {
    let mut report =
        Report { phase: Phase::Running, failure: None, notes: Vec::new(), code: None, ..fixtures::hostile() };
    report.asked_by = "@mika".to_owned();
    let away = shown(&report);
    report.away = None;
    insta::assert_snapshot!(format!("{away}\n\n{}", shown(&report)), @r"
    [*resnet* sweep `resnet-k3f9q2` · running · @mika]
    *resnet* sweep `resnet-k3f9q2` · running · @mika
    `██░░░░░░░░░░░░░░` 6/40 · best val_acc *0.9101* (trial 0)
    1 done · 5 failed
    Engine `cluster` does not answer (since 2 Mar 10:02 UTC: &lt;!channel&gt; @{2060}everyone ∗b* ˍi_ ∼s~ 'c' [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octocat #12 ''' # h). The sweep goes on when it is back.
    --
    (small) 40 trials, 8 at a time, TPE, seed 7
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772446520000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Stop] [Details]

    [*resnet* sweep `resnet-k3f9q2` · running · @mika]
    *resnet* sweep `resnet-k3f9q2` · running · @mika
    `██░░░░░░░░░░░░░░` 6/40 · best val_acc *0.9101* (trial 0)
    1 done · 5 failed
    2 trials wait: &lt;!channel&gt; @{2060}everyone ∗b* ˍi_ ∼s~ `c` [x](http://e.test) | &lt;b&gt;&amp;amp; &lt;@U1&gt; @octocat #12 ' # h. The time counts against the trial limit of 45 min; `/tune stop resnet-k3f9q2` ends the sweep.
    --
    (small) 40 trials, 8 at a time, TPE, seed 7
    --
    (small) <https://grafana.example.com/d/tune01?from=1772442060000&amp;to=1772446520000&amp;var-sweep=resnet-k3f9q2|Training curves>
    --
    [Stop] [Details]
    ");
}
