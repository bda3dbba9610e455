//! The rules that the event's repository sets for itself, beside those of the server.
//!
//! They count as they stand on the base branch of a pull request, and for pushes on the default branch: whoever may push a
//! branch need not be one who may merge, and a rule that comes with the very push that it judges would judge itself.

use super::draft::Draft;
use super::facts::{Fact, Missing, Need};
use crate::domain::decision::Verdict;
use crate::domain::effect::Action;
use crate::domain::event::PullRequest;
use crate::domain::ids::{Repository, TuningName};
use crate::domain::repository_rules::{FILE, FileCheck, Finding, RepositoryRules};

/// What brings a new head, or one that was not looked at.
const LOOKS_ANEW: [&str; 3] = ["opened", "synchronize", "reopened"];

/// `None` where the repository has none, may have none, or has faulty ones, which is then a decision of its own.
///
/// # Errors
/// What has to be looked up first.
pub(super) fn rules<'a>(
    draft: &mut Draft<'a>,
    repository: &Repository,
    branch: &str,
) -> Result<Option<&'a RepositoryRules>, Need> {
    if draft.rules.repository_policy.as_ref().is_none_or(|policy| !policy.covers(repository)) {
        return Ok(None);
    }
    let need = Need::RepositoryRules { repository: repository.clone(), branch: branch.to_owned() };
    let found = draft.facts.get(need, |fact| match fact {
        Fact::RepositoryRules(found) => Some(found),
        _ => None,
    });
    let fault = match found {
        Ok(Ok(rules)) => return Ok(rules.as_deref()),
        Ok(Err(fault)) => fault.clone(),
        Err(Missing::Unknown(need)) => return Err(need),
        Err(Missing::Unavailable(why)) => why,
        Err(Missing::NoService) => return Ok(None),
    };
    draft.decide(FILE, Verdict::Ignored, format!("as it stands on {branch} it does not count: {fault}"));
    Ok(None)
}

/// On a pull request that changes the file, says what it would come to.
///
/// # Errors
/// What has to be looked up first.
pub(super) fn check_change(draft: &mut Draft<'_>, pull_request: &PullRequest) -> Result<(), Need> {
    let PullRequest { repository, number, action, head, .. } = pull_request;
    let covered = draft.rules.repository_policy.as_ref().is_some_and(|policy| policy.covers(repository));
    if !covered || !LOOKS_ANEW.contains(&action.as_str()) {
        return Ok(());
    }
    let need = Need::ChangedPaths { repository: repository.clone(), pull_request: *number };
    let changes = draft.facts.get(need, |fact| match fact {
        Fact::ChangedPaths(changed) => Some(changed.paths.contains(FILE)),
        _ => None,
    });
    if !known(changes)?.unwrap_or(false) {
        return Ok(());
    }
    let need = Need::Finding { repository: repository.clone(), sha: head.clone() };
    let finding = draft.facts.get(need, |fact| match fact {
        Fact::Finding(finding) => Some(finding.clone()),
        _ => None,
    });
    let Some(finding) = known(finding)? else { return Ok(()) };
    let reason = match &finding {
        Finding::Right { .. } => "it is right, and counts once it is merged".to_owned(),
        Finding::Gone => "it is taken away".to_owned(),
        Finding::Wrong { faults } => {
            let first = faults.first().map(|fault| format!("line {}: {}", fault.line, fault.message));
            format!("it would not count: {}", first.unwrap_or_default())
        }
    };
    draft.decide(format!("{FILE} at {}", head.short()), Verdict::Answered, reason);
    let check = FileCheck { repository: repository.clone(), sha: head.clone(), finding };
    draft.act(None, Action::CheckFile(Box::new(check)));
    Ok(())
}

/// What cannot be known is no reason to stop.
fn known<T>(found: Result<T, Missing>) -> Result<Option<T>, Need> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Missing::Unknown(need)) => Err(need),
        Err(Missing::Unavailable(_) | Missing::NoService) => Ok(None),
    }
}

/// The words of a trigger's sweep.
pub(super) fn words(own: Option<&RepositoryRules>, tuning: &TuningName, given: &[String]) -> Vec<String> {
    own.map_or_else(|| given.to_vec(), |own| own.words(tuning, given))
}
