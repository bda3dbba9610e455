use proptest::prelude::*;

use super::*;
use crate::domain::report::Conclusion;
use crate::notify::fixtures;

mod check;
mod standing;

fn context(links: &[Link]) -> Context<'_> {
    Context { links, charts: &[], supplement: Supplement::NOTHING }
}

fn commented(report: &Report) -> String {
    fixtures::visible(&comment("sweep/resnet", report, context(&fixtures::links(report))))
}

fn better() -> Report {
    fixtures::judged(Conclusion::Success, "better by 0.58 %")
}

#[test]
fn a_finished_sweep_gives_its_verdict_and_what_changed() {
    insta::assert_snapshot!(commented(&better()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: better by 0.58 %

    val_acc **0.9341**, was 0.9287 on `main` (+0.0054, 0.58 % better) · needs: not worse than -0.2 % against main

    | | best (trial 31) | `main` |
    |---|---|---|
    | `val_acc` | **0.9341** | 0.9287 |
    | `augment` | `randaug-m9` | `randaug-m7` |
    | `lr` | `3.1235e-4` | `0.001` |
    | `weight_decay` | `0.021` | `0.01` |

    | trial | `val_acc` | parameters |
    |---|---|---|
    | 31 | 0.93411 | `augment randaug-m9, batch_size 256, lr 3.1235e-4, weight_decay 0.021` |
    | 17 | 0.93122 | `augment randaug-m9, batch_size 256, lr 2.6e-4, weight_decay 0.021` |
    | 35 | 0.9309 | `augment randaug-m9, batch_size 256, lr 3.3e-4, weight_decay 0.021` |

    40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)

    What mattered: `lr` 61 %, `augment` 24 %, `weight_decay` 11 %

    <details><summary>Best parameters, to copy</summary>

    ```text
    augment       randaug-m9
    lr            3.1235e-4
    weight_decay  0.021
    batch_size    256
    ```

    </details>

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, 33 done, 7 stopped early
    - Search: 8 at a time, TPE, seed 7
    - Overrides: `lr` narrowed to 1e-4..1e-2
    - Code: `wider-stem` (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`
    - Other metrics of the best: `latency_ms` 12.5

    </details>

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=1772448600000&var-sweep=resnet-k3f9q2)
    ");
}

#[test]
fn a_queued_sweep_says_what_it_waits_for() {
    insta::assert_snapshot!(commented(&fixtures::queued()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: queued

    Waits for all 8 places of engine `local` are taken

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, no trial yet
    - Search: 8 at a time, TPE, seed 7
    - Overrides: `lr` narrowed to 1e-4..1e-2
    - Code: `main` (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`

    </details>
    ");
}

#[test]
fn a_running_sweep_shows_how_far_it_is() {
    insta::assert_snapshot!(commented(&fixtures::running()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: running, 25 of 40 trials done

    `██████████░░░░░░` 25/40 · best val_acc **0.93122** (trial 17) · about 40 min left

    22 done · 3 stopped early · 8 running

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, 22 done, 3 stopped early, 8 running
    - Search: 8 at a time, TPE, seed 7
    - Overrides: `lr` narrowed to 1e-4..1e-2
    - Code: `main` (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`
    - Other metrics of the best: `latency_ms` 12.5

    </details>

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=now&var-sweep=resnet-k3f9q2)
    ");
}

#[test]
fn without_a_baseline_and_a_requirement_the_result_is_the_title() {
    insta::assert_snapshot!(commented(&fixtures::finished_without_baseline()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: val_acc **0.93411**

    | | best (trial 31) |
    |---|---|
    | `val_acc` | **0.93411** |
    | `augment` | `randaug-m9` |
    | `batch_size` | `256` |
    | `lr` | `3.1235e-4` |
    | `weight_decay` | `0.021` |

    | trial | `val_acc` | parameters |
    |---|---|---|
    | 31 | 0.93411 | `augment randaug-m9, batch_size 256, lr 3.1235e-4, weight_decay 0.021` |
    | 17 | 0.93122 | `augment randaug-m9, batch_size 256, lr 2.6e-4, weight_decay 0.021` |
    | 35 | 0.9309 | `augment randaug-m9, batch_size 256, lr 3.3e-4, weight_decay 0.021` |

    40 trials in 1 h 47 min: 33 done, 7 stopped early (saved 31 % of the budget)

    What mattered: `lr` 61 %, `augment` 24 %, `weight_decay` 11 %

    <details><summary>Best parameters, to copy</summary>

    ```text
    augment       randaug-m9
    batch_size    256
    lr            3.1235e-4
    weight_decay  0.021
    ```

    </details>

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, 33 done, 7 stopped early
    - Search: 8 at a time, TPE, seed 7
    - Other metrics of the best: `latency_ms` 12.5

    </details>

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=1772448600000&var-sweep=resnet-k3f9q2)
    ");
}

#[test]
fn too_many_failures_come_with_their_reason_and_a_log() {
    insta::assert_snapshot!(commented(&fixtures::failed()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: gave up after too many failures

    **resnet** gave up: 5 of the first 6 trials failed, which is the limit

    All failed the same way: exit code 1: `RuntimeError: CUDA out of memory`

    <details><summary>Log of trial 3</summary>

    ```text
    epoch 1/30  batch_size=512
    RuntimeError: CUDA out of memory. Tried to allocate 2.50 GiB
    ```

    </details>

    Best until then: val_acc **0.9101**, was 0.9287 on `main` (-0.0186, 2 % worse)

    | | best (trial 0) | `main` |
    |---|---|---|
    | `val_acc` | **0.9101** | 0.9287 |
    | `augment` | `randaug-m9` | `randaug-m7` |
    | `weight_decay` | `0.021` | `0.01` |

    6 of 40 trials in 1 h 12 min: 1 done, 5 failed

    <details><summary>Best parameters, to copy</summary>

    ```text
    augment       randaug-m9
    weight_decay  0.021
    batch_size    256
    lr            0.001
    ```

    </details>

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, 1 done, 5 failed
    - Search: 8 at a time, TPE, seed 7
    - Overrides: `lr` narrowed to 1e-4..1e-2
    - Code: `main` (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`
    - Other metrics of the best: `latency_ms` 12.5

    </details>

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=1772446520000&var-sweep=resnet-k3f9q2)
    ");
}

#[test]
fn a_stopped_sweep_still_gives_its_best() {
    insta::assert_snapshot!(commented(&fixtures::stopped()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: stopped

    **resnet** stopped by @{200b}ana

    Best until then: val_acc **0.9312**, was 0.9287 on `main` (+0.0025, 0.27 % better)

    | | best (trial 17) | `main` |
    |---|---|---|
    | `val_acc` | **0.9312** | 0.9287 |
    | `augment` | `randaug-m9` | `randaug-m7` |
    | `lr` | `2.6e-4` | `0.001` |
    | `weight_decay` | `0.021` | `0.01` |

    | trial | `val_acc` | parameters |
    |---|---|---|
    | 17 | 0.93122 | `augment randaug-m9, batch_size 256, lr 2.6e-4, weight_decay 0.021` |
    | 12 | 0.929 | `augment randaug-m9, batch_size 256, lr 4e-4, weight_decay 0.021` |

    33 of 40 trials in 1 h 12 min: 22 done, 3 stopped early, 8 failed (saved 10 % of the budget)

    <details><summary>Best parameters, to copy</summary>

    ```text
    augment       randaug-m9
    lr            2.6e-4
    weight_decay  0.021
    batch_size    256
    ```

    </details>

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for @{200b}mika
    - Trials: 40 asked for, 22 done, 3 stopped early, 8 failed
    - Search: 8 at a time, TPE, seed 7
    - Overrides: `lr` narrowed to 1e-4..1e-2
    - Code: `main` (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`
    - Other metrics of the best: `latency_ms` 12.5

    </details>

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=1772446520000&var-sweep=resnet-k3f9q2)
    ");
}

#[test]
fn text_from_people_formats_nothing_and_mentions_nobody() {
    insta::assert_snapshot!(commented(&fixtures::hostile()), @r"
    <!-- tunebot:sweep/resnet -->
    ### tunebot / resnet: gave up after too many failures

    **resnet** gave up: 5 of the first 6 trials failed, which is the limit

    4 of 5 failed trials: &lt;\!channel&gt; @{200b}everyone \*b\* \_i\_ \~s\~ `c` \[x\](http://e.test) \| &lt;b&gt;&amp;amp; &lt;@{200b}U1&gt; @{200b}octocat #{200b}12 \` \# h

    <details><summary>Log of trial 3</summary>

    ````text
    <!channel> @everyone *b* _i_ ~s~ `c` [x](http://e.test) | <b>&amp; <@U1> @octocat #12
    ```
    # h
    ````

    </details>

    Best until then: val_acc **0.9101**, was 0.9287 on <code>&#60;&#33;channel&#62; &#64;everyone &#42;b&#42; &#95;i&#95; &#126;s&#126; &#96;c&#96; &#91;x&#93;&#40;http&#58;&#47;&#47;e&#46;test&#41; &#124; &#60;b&#62;&#38;amp&#59; &#60;&#64;U1&#62; &#64;octoc&#8230;</code> (-0.0186, 2 % worse)

    | | best (trial 0) | <code>&#60;&#33;channel&#62; &#64;everyone &#42;b&#42; &#95;i&#95; &#126;s&#126; &#96;c&#96; &#91;x&#93;&#40;http&#58;&#47;&#47;e&#46;test&#41; &#124; &#60;b&#62;&#38;amp&#59; &#60;&#64;U1&#62; &#64;octocat &#35;12 &#96;&#96;&#96; &#35; h</code> |
    |---|---|---|
    | `val_acc` | **0.9101** | 0.9287 |
    | `augment` | <code>&#60;&#33;channel&#62; &#64;everyone &#42;b&#42; &#95;i&#95; &#126;s&#126; &#96;c&#96; &#91;x&#93;&#40;http&#58;&#47;&#47;e&#46;test&#41; &#124; &#60;b&#62;&#38;amp&#59; &#60;&#64;U1&#62; &#64;octoc&#8230;</code> | `randaug-m7` |

    6 of 40 trials in 1 h 12 min: 1 done, 5 failed

    <details><summary>Best parameters, to copy</summary>

    ```text
    augment  <!channel> @everyone *b* _i_ ~s~ `c` [x](http://e.test) | <b>&amp; <@U1> @octoc…
    ```

    </details>

    <details><summary>How it is run</summary>

    - Sweep: `resnet-k3f9q2` for &lt;\!channel&gt; @{200b}everyone \*b\* \_i\_ \~s\~ \`c\` \[x\](http://e.test) \| &lt;b&gt;&amp;amp; &lt;@{200b}U1&gt; @{200b}octoc…
    - Trials: 40 asked for, 1 done, 5 failed
    - Search: 8 at a time, TPE, seed 7
    - Overrides: &lt;\!channel&gt; @{200b}everyone \*b\* \_i\_ \~s\~ `c` \[x\](http://e.test) \| &lt;b&gt;&amp;amp; &lt;@{200b}U1&gt; @{200b}octocat #{200b}12 \` \# h
    - Code: <code>&#60;&#33;channel&#62; &#64;everyone &#42;b&#42; &#95;i&#95; &#126;s&#126; &#96;c&#96; &#91;x&#93;&#40;http&#58;&#47;&#47;e&#46;test&#41; &#124; &#60;b&#62;&#38;amp&#59; &#60;&#64;U1&#62; &#64;octoc&#8230;</code> (3f2a91c)
    - Commit: `3f2a91c0d5e6f708192a3b4c5d6e7f8091a2b3c4`
    - Compared with: `resnet-aaaaaa`
    - Other metrics of the best: `latency_ms` 12.5

    </details>

    [Training curves](https://grafana.example.com/d/tune01?from=1772442060000&to=1772446520000&var-sweep=resnet-k3f9q2)
    ");
}

#[test]
fn an_answer_is_a_comment_of_its_own() {
    let unknown = "I don't know a tuning called `resnt`. Did you mean `resnet`?\n@octocat";
    insta::assert_snapshot!(fixtures::visible(&answer("answer/12", unknown)), @r"
    <!-- tunebot:answer/12 -->
    I don't know a tuning called `resnt`. Did you mean `resnet`?
    @{200b}octocat
    ");
}
proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_longer_than_github_takes(
        parameters in 0_usize..500,
        filler in prop_oneof![Just("`|".to_owned()), Just("@a\n".to_owned()), Just("日本".to_owned()), ".{1,6}"],
        length in 0_usize..1_500,
    ) {
        let report = fixtures::monstrous(parameters, &filler, length);
        let links = fixtures::links(&report);
        let comment = comment("sweep/resnet", &report, context(&links));
        let check = check(&report, context(&links));
        prop_assert!(comment.starts_with("<!-- tunebot:sweep/resnet -->\n"));
        for text in [&comment, &check.summary, &check.text, &answer("a", &filler.repeat(length * 50))] {
            prop_assert!(text.chars().count() <= 65_535, "{} characters", text.chars().count());
            prop_assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        }
        prop_assert!(check.title.chars().count() <= 140 && !check.summary.is_empty());
    }
}

#[test]
fn a_comment_tells_in_one_folded_line_what_came_before() {
    let older = |id: &str, report: Report| Report { sweep: id.parse().unwrap(), ..report };
    let before = vec![
        older("resnet-bbbbbb", fixtures::superseded()),
        older("resnet-cccccc", fixtures::finished()),
        older("resnet-dddddd", fixtures::failed()),
        older("resnet-eeeeee", fixtures::running()),
    ];
    let supplement = Supplement { before, ..Supplement::default() };
    let text =
        comment("tuning/resnet", &fixtures::queued(), Context { links: &[], charts: &[], supplement: &supplement });
    let (_, said) = text.split_once("<details><summary>Before").unwrap();
    insta::assert_snapshot!(said, @"
     this: 4 sweeps</summary>

    - `resnet-bbbbbb` on 3f2a91c: stopped
    - `resnet-cccccc` on 3f2a91c: val_acc **0.93411**
    - `resnet-dddddd` on 3f2a91c: val_acc **0.9101**, gave up after too many failures
    - `resnet-eeeeee` on 3f2a91c: still runs

    </details>
    ");
}
