//! Quotas in words.

use jiff::Timestamp;

use crate::domain::ids::TuningName;
use crate::domain::quota::{Quota, Usage};

const DAY: i64 = 86_400;

/// One more sweep that is asked for.
#[derive(Debug)]
pub struct Claim<'a> {
    /// Who asks for it, if it is not the one who is told.
    pub by: Option<String>,
    /// The tuning that the quota is for; `None`: all of them.
    pub tuning: Option<&'a TuningName>,
    pub trials: u32,
    pub now: Timestamp,
}

/// The beginning and the end of the day of UTC.
pub fn day_of(now: Timestamp) -> (Timestamp, Timestamp) {
    let begin = now.as_second().div_euclid(DAY) * DAY;
    let at = |second| Timestamp::from_second(second).unwrap_or(now);
    (at(begin), at(begin + DAY))
}

/// Why the quota does not let one more sweep start; `None`: it does.
pub fn refusal(quota: Quota, used: Usage, claim: &Claim<'_>) -> Option<String> {
    let who = claim.by.as_ref().map_or_else(|| "You have".to_owned(), |name| format!("{name} has"));
    let of = claim.tuning.map(|tuning| format!(" of *{tuning}*")).unwrap_or_default();
    let midnight = format!("at 00:00 UTC (in {})", until_midnight(claim.now));
    if let Some(limit) = quota.sweeps_per_day.filter(|limit| used.sweeps >= u64::from(*limit)) {
        let started = counted(used.sweeps, "sweep");
        return Some(format!(
            "{who} started {started}{of} today, and {limit} a day is the limit. It is free again {midnight}. \
             Nothing was started."
        ));
    }
    let trials = u64::from(claim.trials);
    let limit = u64::from(quota.trials_per_day?);
    let (all, free) = (used.trials + trials, limit.saturating_sub(used.trials));
    if all <= limit {
        return None;
    }
    if trials > limit {
        return Some(format!(
            "This sweep's {} are more than the {limit}{of} that one person may ask for in a day. Nothing was started.",
            counted(trials, "trial")
        ));
    }
    Some(format!(
        "{who} asked for {}{of} today; this one's {trials} would make {all} of {limit} trials a day. {free} are free now, \
         all of them again {midnight}. Nothing was started.",
        counted(used.trials, "trial")
    ))
}

/// What applies to a tuning, as a line of its help; nothing where there is no limit.
pub(super) fn in_words(of_all: Quota, of_tuning: Quota) -> String {
    let amounts = |quota: Quota| {
        let limits = [(quota.sweeps_per_day, "sweep"), (quota.trials_per_day, "trial")];
        let limits = limits.into_iter().filter_map(|(limit, noun)| Some(counted(u64::from(limit?), noun)));
        limits.collect::<Vec<_>>().join(" and ")
    };
    let own = (!of_tuning.is_unlimited()).then(|| format!("{} of it a day", amounts(of_tuning)));
    let all = (!of_all.is_unlimited()).then(|| format!("{} a day over all tunings", amounts(of_all)));
    let parts: Vec<String> = own.into_iter().chain(all).collect();
    if parts.is_empty() { String::new() } else { format!("Each person may ask for {}.\n", parts.join(", and for ")) }
}

/// Rounded up to minutes.
fn until_midnight(now: Timestamp) -> String {
    let minutes = (day_of(now).1.as_second() - now.as_second() + 59) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn counted(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
