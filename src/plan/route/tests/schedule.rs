//! Slots of schedules.

use super::*;
use crate::domain::rules::{Overlap, Schedule};

fn rules_with_schedule(change: impl FnOnce(&mut Schedule)) -> Rules {
    let mut rules = rules();
    change(&mut rules.schedules[0]);
    rules
}

#[test]
fn a_slot_starts_a_sweep_of_the_default_branch_and_tells_its_channel() {
    assert_snapshot!(told(tick("nightly")), @"
    schedule nightly: started [resnet-5gg359]: slot 2026-05-28T17:40:00Z
    -> sweep resnet-5gg359 for schedule nightly of acme/vision main@ddddddd against main; group schedule/nightly; tells slack/C9/
    ");
}

#[test]
fn a_slot_of_a_schedule_that_is_gone_or_paused_starts_nothing() {
    assert_snapshot!(told(tick("weekly")), @"schedule weekly: ignored: the schedule is not in the configuration any more");
    assert_snapshot!(told_by(&rules_with_schedule(|schedule| schedule.paused = true), tick("nightly"), lookup), @"schedule nightly: ignored: the schedule is paused");
    let gone = rules_with_schedule(|schedule| schedule.tuning = "gone".parse().unwrap());
    assert_snapshot!(told_by(&gone, tick("nightly"), lookup), @"schedule nightly: refused: its tuning gone is not in the configuration");
}

#[test]
fn a_slot_meets_the_sweep_before_it_by_policy() {
    let met = |overlap| told_by(&rules_with_schedule(|schedule| schedule.overlap = overlap), tick("nightly"), busy);
    assert_snapshot!(met(Overlap::Skip), @"schedule nightly: ignored: sweep resnet-k3f9q2 of the slot before has not ended");
    assert_snapshot!(met(Overlap::Queue), @"
    schedule nightly: started [resnet-5gg359]: slot 2026-05-28T17:40:00Z; waits for resnet-k3f9q2
    -> sweep resnet-5gg359 for schedule nightly of acme/vision main@ddddddd against main; group schedule/nightly, waits; tells slack/C9/
    ");
    assert_snapshot!(met(Overlap::Allow), @"
    schedule nightly: started [resnet-5gg359]: slot 2026-05-28T17:40:00Z
    -> sweep resnet-5gg359 for schedule nightly of acme/vision main@ddddddd against main; group schedule/nightly; tells slack/C9/
    ");
    assert_snapshot!(met(Overlap::Cancel), @r#"
    schedule nightly: started [resnet-5gg359]: slot 2026-05-28T17:40:00Z; stops resnet-k3f9q2
    -> sweep resnet-5gg359 for schedule nightly of acme/vision main@ddddddd against main; group schedule/nightly, waits; tells slack/C9/
    -> signal to resnet-k3f9q2: StopRequested { by: Superseded { sweep: SweepId("resnet-5gg359") } }
    "#);
}

#[test]
fn an_unchanged_branch_can_be_skipped() {
    let rules = rules_with_schedule(|schedule| schedule.skip_unchanged = true);
    let last = |digit| {
        move |need: &Need| match need {
            Need::LastScheduled(_) => Fact::Head(Some(sha(digit))),
            need => lookup(need),
        }
    };
    assert_snapshot!(told_by(&rules, tick("nightly"), last('d')), @"schedule nightly: ignored: main is still at ddddddd, where its last sweep was");
    assert_eq!(decided(&event(tick("nightly")), &rules, last('e')).sweeps.len(), 1);
    assert_eq!(decided(&event(tick("nightly")), &rules, lookup).sweeps.len(), 1);
    let alone = |need: &Need| if matches!(need, Need::Head { .. }) { Fact::NoService } else { lookup(need) };
    assert_eq!(decided(&event(tick("nightly")), &rules, alone).sweeps.len(), 1);
}
