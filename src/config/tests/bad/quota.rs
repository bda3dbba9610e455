//! Slips in what one person may ask for.

use super::*;

#[test]
fn a_quota_lets_at_least_one_start() {
    let shown = serve(
        &with_tuning("quotas: {sweeps_per_day: 0, trials_per_day: many}")
            .replace("github:", "    access: {quota: {trials_per_day: 0, sweeps: 3}}\ngithub:"),
    );
    assert_snapshot!(shown, @"
    tunebot.yaml:1:26  quotas.sweeps_per_day: with 0 nobody could start anything
        1 | quotas: {sweeps_per_day: 0, trials_per_day: many}
          |                          ^ leave it out for no limit, or write 1 at least
    tunebot.yaml:1:45  quotas.trials_per_day: expected a whole number from 0 to 4294967295, found `many`
        1 | quotas: {sweeps_per_day: 0, trials_per_day: many}
          |                                             ^^^^
    tunebot.yaml:12:38  tunings.wine.access.quota.trials_per_day: with 0 nobody could start anything
        12 |     access: {quota: {trials_per_day: 0, sweeps: 3}}
           |                                      ^ leave it out for no limit, or write 1 at least
    tunebot.yaml:12:41  tunings.wine.access.quota.sweeps: `sweeps` is not a field here
        12 |     access: {quota: {trials_per_day: 0, sweeps: 3}}
           |                                         ^^^^^^ did you mean `sweeps_per_day`?
    4 errors
    ");
}
