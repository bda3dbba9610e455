//! Slips in triggers and schedules.

use super::*;

#[test]
fn triggers_are_checked() {
    let shown = serve(&format!("{TUNING}{}", "
triggers:
  - {name: A, on: pushes, repositories: [a/b], tuning: wine}
  - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
  - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
  - {on: push, repositories: [a/b], tuning: wine}
  - just text
"));
    assert_snapshot!(shown, @r#"
    tunebot.yaml:11:1  triggers: triggers listen to GitHub, which is not configured
        11 | triggers:
           | ^^^^^^^^ add a `github` section
    tunebot.yaml:12:19  triggers[0].on: `pushes` is not known here
        12 |   - {name: A, on: pushes, repositories: [a/b], tuning: wine}
           |                   ^^^^^^ known: pull_request, push
    tunebot.yaml:13:38  triggers[1].on.push.branches[0]: `[` is not a glob: unclosed character class; missing ']'
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                      ^^^
    tunebot.yaml:13:46  triggers[1].repositories: a trigger needs at least one repository
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                              ^^^^^^^^^^^^ write `repositories: [owner/name]`
    tunebot.yaml:13:82  triggers[1].if: this is not a CEL expression: Syntax error: mismatched input '<EOF>'
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                                                                  ^^^^^^^^^^^^^^^^
    tunebot.yaml:13:109  triggers[1].channel: `#ml` is not a Slack channel id
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                                                                                             ^^^^^ it is at the end of the channel's details, like C012AB3CD
    tunebot.yaml:13:109  triggers[1].channel: a channel needs Slack, which is not configured
        13 |   - {name: b, on: {push: {branches: ['[']}}, repositories: [], tuning: wine, if: 'event.title ==', channel: '#ml'}
           |                                                                                                             ^^^^^ add a `slack` section
    tunebot.yaml:14:64  triggers[2].if: the expression does not look at `event`
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                ^^^^^^^^ write it like event.sender != 'renovate[bot]'
    tunebot.yaml:14:81  triggers[2].with[0]: `depth` needs one value, without spaces
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                 ^^^^^ write it like trials=20 or lr=1e-4..1e-2
    tunebot.yaml:14:88  triggers[2].with[1]: `deep` is neither a limit nor a parameter of `wine`
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                        ^^^^^^ known: deadline, depth, kind, lr, parallel, ref, sampler, seed, timeout, trials
    tunebot.yaml:14:96  triggers[2].with[2]: `lr` needs one value, without spaces
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                                ^^^^^^^^ write it like trials=20 or lr=1e-4..1e-2
    tunebot.yaml:14:117  triggers[2].on_newer: `stop` is not known here
        14 |   - {name: c, on: push, repositories: [a/b], tuning: wine, if: '1 == 1', with: [depth, deep=3, 'lr=1 2'], on_newer: stop}
           |                                                                                                                     ^^^^ known: cancel, keep, queue
    tunebot.yaml:15:5  triggers[3]: `name` is missing
        15 |   - {on: push, repositories: [a/b], tuning: wine}
           |     ^
    tunebot.yaml:16:5  triggers[4]: expected a mapping, found `just text`
        16 |   - just text
           |     ^^^^^^^^^
    14 errors
    "#);
}

#[test]
fn schedules_are_checked() {
    let shown = serve(&with_tuning(
        "
schedules:
  - {name: a, cron: 30 25 * * *, time_zone: Europe/Berln, tuning: wine}
  - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
  - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
",
    ));
    assert_snapshot!(shown, @r#"
    tunebot.yaml:2:21  schedules[0].cron: `30 25 * * *` is not a cron line: Component error: Number out of bounds.
        2 |   - {name: a, cron: 30 25 * * *, time_zone: Europe/Berln, tuning: wine}
          |                     ^^^^^^^^^^^ minute, hour, day of month, month, day of week: `30 2 * * MON-FRI`
    tunebot.yaml:2:45  schedules[0].time_zone: there is no time zone `Europe/Berln`
        2 |   - {name: a, cron: 30 25 * * *, time_zone: Europe/Berln, tuning: wine}
          |                                             ^^^^^^^^^^^^ did you mean `Europe/Berlin`?
    tunebot.yaml:3:21  schedules[1].cron: `daily` is not a cron line: Invalid pattern: Pattern must have 5 or 6 fields when years are disallowed.
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                     ^^^^^ minute, hour, day of month, month, day of week: `30 2 * * MON-FRI`
    tunebot.yaml:3:39  schedules[1].time_zone: there is no time zone `Mars/Olympus`
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                                       ^^^^^^^^^^^^ write an IANA name such as Europe/Berlin
    tunebot.yaml:3:81  schedules[1].missed.all: all, but no more than 0, are none
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                                                                                 ^ write `missed: skip`
    tunebot.yaml:3:94  schedules[1].overlap: `both` is not known here
        3 |   - {name: b, cron: daily, time_zone: Mars/Olympus, tuning: wine, missed: {all: 0}, overlap: both}
          |                                                                                              ^^^^ known: allow, cancel, queue, skip
    tunebot.yaml:4:40  schedules[2].tuning: there is no tuning `beer`
        4 |   - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
          |                                        ^^^^ known: wine
    tunebot.yaml:4:76  schedules[2].jitter: expected a duration like 90s, 15m or 2h 30m, found 5
        4 |   - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
          |                                                                            ^
    tunebot.yaml:4:87  schedules[2].missed: `all` needs more than its name
        4 |   - {name: c, cron: 0 0 * * *, tuning: beer, skip_unchanged: true, jitter: 5, missed: all}
          |                                                                                       ^^^ write it like {all: …}
    9 errors
    "#);
}
