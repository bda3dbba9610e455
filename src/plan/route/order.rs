//! The order that a rule of the configuration gives, and the words that decisions and groups are made of.

use super::draft::Halt;
use crate::domain::ids::{Repository, TuningName};
use crate::domain::rules::Rules;
use crate::domain::sweep::Destination;
use crate::plan::command::{Order, resolve};

/// The order of a trigger or a schedule.
///
/// # Errors
/// Its tuning is gone, or its overrides do not fit the tuning any more.
pub(super) fn of_rule(rules: &Rules, tuning: &TuningName, overrides: &[String]) -> Result<Order, Halt> {
    if !rules.tunings.contains_key(tuning) {
        return Err(Halt::refused(format!("its tuning {tuning} is not in the configuration")));
    }
    resolve(rules, tuning.as_str(), overrides).map_err(|error| Halt::refused(error.0))
}

/// The group of the sweeps of one tuning for one branch or tag.
pub(super) fn reference_group(tuning: &TuningName, repository: &Repository, reference: &str) -> String {
    format!("{tuning}/{repository}/{reference}")
}

/// The group of the sweeps of one tuning for one pull request.
pub(super) fn pull_request_group(tuning: &TuningName, repository: &Repository, number: u64) -> String {
    format!("{tuning}/{repository}#{number}")
}

/// The Slack channel, where there is one, as a destination that mentions nobody.
pub(super) fn channel(name: Option<&String>) -> Option<Destination> {
    name.map(|channel| Destination::Slack { channel: channel.clone(), thread: None, mention: None })
}
