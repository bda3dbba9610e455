//! Who may command, with what has been looked up about them.

use super::draft::{Draft, Halt};
use super::facts::{Fact, Missing, Need};
use super::place::Place;
use crate::domain::access::RepositoryPermission;
use crate::domain::tuning::Tuning;
use crate::plan::command::{Asker, Known, Question, Standing, standing};

/// # Errors
/// Whoever asks may not start, stop and re-run the tuning; or what has to be looked up first.
pub(super) fn check(draft: &Draft<'_>, tuning: &Tuning, place: Place<'_>) -> Result<(), Halt> {
    match standing(draft.rules, tuning, &place.asker(), &|question| known(draft, question)) {
        Standing::Allowed => Ok(()),
        Standing::Denied(refusal) => Err(Halt::refused(refusal.0)),
        Standing::MustAsk(question) => Err(Halt::Unknown(need(question))),
    }
}

/// May somebody on GitHub command at all? Those may who can write to the repository, and those who may start some tuning:
/// what others write must not make the bot write.
///
/// # Errors
/// They may not; or what has to be looked up first.
pub(super) fn check_writer(draft: &Draft<'_>, place: Place<'_>) -> Result<(), Halt> {
    let Asker::Github { login, repository } = place.asker() else { return Ok(()) };
    let least = RepositoryPermission::Write;
    let writes = Question::Permission { repository: repository.clone(), login: login.to_owned(), least };
    match known(draft, &writes) {
        Known::Yes => return Ok(()),
        Known::NotYet => return Err(Halt::Unknown(need(writes))),
        Known::No | Known::Never(_) => {}
    }
    for tuning in draft.rules.tunings.values() {
        match check(draft, tuning, place) {
            Err(Halt::Verdict(..)) => {}
            decided => return decided,
        }
    }
    Err(Halt::refused(format!(
        "@{login} may not give commands here: they are for those who may write to {repository}. Nothing was started."
    )))
}

fn known(draft: &Draft<'_>, question: &Question) -> Known {
    let holds = draft.facts.get(need(question.clone()), |fact| match (fact, question) {
        (Fact::Permission(permission), Question::Permission { least, .. }) => Some(permission >= least),
        (Fact::Member(is_in), Question::SlackGroup { .. } | Question::GithubTeam { .. }) => Some(*is_in),
        _ => None,
    });
    match holds {
        Ok(true) => Known::Yes,
        Ok(false) | Err(Missing::NoService) => Known::No,
        Err(Missing::Unknown(_)) => Known::NotYet,
        Err(Missing::Unavailable(why)) => Known::Never(why),
    }
}

fn need(question: Question) -> Need {
    match question {
        Question::SlackGroup { group, user } => Need::SlackGroup { group, user },
        Question::GithubTeam { repository, team, login } => Need::GithubTeam { repository, team, login },
        Question::Permission { repository, login, .. } => Need::Permission { repository, login },
    }
}
