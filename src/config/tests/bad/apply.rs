//! Slips in where `/tune apply` writes.

use super::*;

fn with_apply(apply: &str) -> String {
    with_tuning("").replace("github:", &format!("    apply: {apply}\ngithub:"))
}

#[test]
fn where_to_write_is_checked() {
    let shown = serve(&with_apply(
        "
      file: ../configs/wine.ini
      key: model..params
      keys: {lr: optimizer.lr, dept: model.depth, kind: '', depth: optimizer.lr}
      base: main
      branch: main
      labels: ['']
      reviewers: [octocat, a/b/c]",
    ));
    assert_snapshot!(shown, @r"
    tunebot.yaml:12:13  tunings.wine.apply.file: `../configs/wine.ini` is not the path of a file in a repository
        12 |       file: ../configs/wine.ini
           |             ^^^^^^^^^^^^^^^^^^^ write it from the top of the repository, like configs/resnet.yaml
    tunebot.yaml:13:12  tunings.wine.apply.key: `model..params` is not a key path: a key is missing beside a dot
        13 |       key: model..params
           |            ^^^^^^^^^^^^^
    tunebot.yaml:14:18  tunings.wine.apply.keys.lr: `optimizer.lr` holds `depth` already
        14 |       keys: {lr: optimizer.lr, dept: model.depth, kind: '', depth: optimizer.lr}
           |                  ^^^^^^^^^^^^
    tunebot.yaml:14:32  tunings.wine.apply.keys.dept: there is no parameter `dept`
        14 |       keys: {lr: optimizer.lr, dept: model.depth, kind: '', depth: optimizer.lr}
           |                                ^^^^ did you mean `depth`?
    tunebot.yaml:14:57  tunings.wine.apply.keys.kind: a parameter needs a key of its own
        14 |       keys: {lr: optimizer.lr, dept: model.depth, kind: '', depth: optimizer.lr}
           |                                                         ^^
    tunebot.yaml:15:13  tunings.wine.apply.base: a pull request needs two branches, and these are one
        15 |       base: main
           |             ^^^^ leave `branch` out
    tunebot.yaml:17:16  tunings.wine.apply.labels[0]: `` is no label
        17 |       labels: ['']
           |                ^^
    tunebot.yaml:18:28  tunings.wine.apply.reviewers[1]: `a/b/c` is no login
        18 |       reviewers: [octocat, a/b/c]
           |                            ^^^^^ write a login, or a team as owner/team
    8 errors
    ");
}

#[test]
fn a_file_is_one_that_can_be_written() {
    assert_snapshot!(serve(&with_apply("{file: params.ini}")), @r"
    tunebot.yaml:11:19  tunings.wine.apply.file: `params.ini` is neither YAML nor JSON nor TOML
        11 |     apply: {file: params.ini}
           |                   ^^^^^^^^^^ known endings: .yaml, .yml, .json, .jsonc, .toml
    1 error
    ");
    assert_snapshot!(serve(&with_apply("{file: .github/workflows/train.yaml}")), @r"
    tunebot.yaml:11:19  tunings.wine.apply.file: GitHub lets nobody write workflows without a right of its own for that
        11 |     apply: {file: .github/workflows/train.yaml}
           |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ keep the parameters in a file that the workflow reads
    1 error
    ");
    assert_snapshot!(serve(&with_apply("{file: params.yaml, branch: 'my branch'}")), @r"
    tunebot.yaml:11:40  tunings.wine.apply.branch: `my branch` is not the name of a branch
        11 |     apply: {file: params.yaml, branch: 'my branch'}
           |                                        ^^^^^^^^^^^ write it like main or tunebot/resnet
    1 error
    ");
}

#[test]
fn there_has_to_be_a_repository_to_write_to() {
    let text = with_apply("{file: params.yaml}");
    assert_snapshot!(serve(&text.replace("    repository: example/wine\n", "")), @r"
    tunebot.yaml:10:5  tunings.wine.apply: the tuning has no repository to write to
        10 |     apply: {file: params.yaml}
           |     ^^^^^ add `repository: owner/name` to the tuning
    1 error
    ");
    let alone = "server: {api_tokens: [{name: ci, secret: {env: X}}]}\n".to_owned() + &text.replace(GITHUB.trim(), "");
    assert_snapshot!(serve(&alone), @r"
    tunebot.yaml:13:5  tunings.wine.apply: this writes to GitHub, which is not configured
        13 |     apply: {file: params.yaml}
           |     ^^^^^ add a `github` section
    1 error
    ");
}
