//! Slots of schedules.

use super::draft::{Draft, Halt, Start};
use super::facts::{Fact, Missing, Need};
use super::order;
use super::place::default_code;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::Tick;
use crate::domain::ids::CommitSha;
use crate::domain::rules::Schedule;
use crate::domain::sweep::Origin;

/// # Errors
/// What has to be looked up first.
pub(super) fn route(draft: &mut Draft<'_>, tick: &Tick) -> Result<(), Need> {
    let by = format!("schedule {}", tick.schedule);
    let Some(schedule) = draft.rules.schedules.iter().find(|schedule| schedule.name == tick.schedule) else {
        draft.decide(by, Verdict::Ignored, "the schedule is not in the configuration any more");
        return Ok(());
    };
    let concluded = start(draft, tick, schedule, &by);
    draft.conclude(&by, concluded).map(|_| ())
}

fn start(draft: &mut Draft<'_>, tick: &Tick, schedule: &Schedule, by: &str) -> Result<Decision, Halt> {
    if schedule.paused {
        return Err(Halt::ignored("the schedule is paused"));
    }
    let order = order::of_rule(draft.rules, &schedule.tuning, &schedule.overrides)?;
    let code = default_code(draft, &order)?;
    if let Some(code) = code.as_ref().filter(|_| schedule.skip_unchanged)
        && let Some(sha) = &code.sha
        && last_sha(draft, schedule)?.as_ref() == Some(sha)
    {
        return Err(Halt::ignored(format!("{} is still at {}, where its last sweep was", code.reference, sha.short())));
    }
    let late = if tick.late { ", late" } else { "" };
    let start = Start {
        order,
        trigger: None,
        origin: Origin::Schedule { name: schedule.name.clone() },
        code,
        group: Some(format!("schedule/{}", schedule.name)),
        older: schedule.overlap.into(),
        destinations: order::channel(schedule.channel.as_ref()).into_iter().collect(),
        because: format!("slot {}{late}", tick.slot),
    };
    draft.start(by, start)
}

/// The commit of the schedule's last sweep.
fn last_sha(draft: &Draft<'_>, schedule: &Schedule) -> Result<Option<CommitSha>, Halt> {
    let last = draft.facts.get(Need::LastScheduled(schedule.name.clone()), |fact| match fact {
        Fact::Head(sha) => Some(sha.clone()),
        _ => None,
    });
    match last {
        Ok(sha) => Ok(sha),
        Err(Missing::Unknown(need)) => Err(Halt::Unknown(need)),
        // Rather one sweep too many than none.
        Err(Missing::Unavailable(_) | Missing::NoService) => Ok(None),
    }
}
