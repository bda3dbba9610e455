//! `/tune apply SWEEP`: may it be done, and what exactly. How it goes is told when it is done.

use super::access;
use super::draft::{Draft, Halt};
use super::execute::sweep;
use super::facts::{Fact, Need};
use super::place::Place;
use crate::domain::apply::Application;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::effect::Action;
use crate::domain::ids::{Repository, SweepId};
use crate::domain::report::Report;
use crate::domain::rules::CodeDefault;
use crate::domain::sweep::{Sweep, SweepState};
use crate::domain::tuning::{ApplySettings, Tuning};
use crate::plan::command::code;

/// # Errors
/// The refusal, in words for whoever asked; or what has to be looked up first.
pub(super) fn apply(draft: &mut Draft<'_>, place: Place<'_>, by: &str, id: &SweepId) -> Result<Decision, Halt> {
    let sweep = sweep(draft, id)?;
    // Who may do it and where it goes is a matter of the configuration as it is now.
    let Some(tuning) = draft.rules.tunings.get(&sweep.tuning.name) else {
        return refuse(format!("*{}* is not in the configuration any longer.", sweep.tuning.name));
    };
    access::check(draft, tuning, place)?;
    let settings = settings(tuning)?;
    if sweep.state != SweepState::Finished {
        let id = code(id.as_str());
        return refuse(format!("{id} has not ended yet. Ask again when it has, or end it with `/tune stop`."));
    }
    let default = draft.rules.default_code.get(&tuning.name);
    let repository = repository(place, sweep, default)?;
    let base = base(settings, sweep, repository, default);
    if base == settings.branch {
        return refuse(format!("{} is tunebot's own branch of *{}*.", code(&base), tuning.name));
    }
    let report = report(draft, id)?;
    if report.best().is_none_or(|best| best.params.0.is_empty()) {
        return refuse(format!("{} has no best parameters.", code(id.as_str())));
    }
    let application = Application {
        slot: Application::slot(&draft.event.key, id),
        repository: repository.clone(),
        base: base.clone(),
        settings: settings.clone(),
        report: report.clone(),
        asked_by: place.origin().asker(),
        answers_to: place.answers_to(),
    };
    let reason = format!("its best goes into {} of {repository}, branch {base}, by a pull request", settings.file);
    draft.act(Some(id), Action::Apply(Box::new(application)));
    Ok(Decision { by: by.to_owned(), verdict: Verdict::Answered, reason, sweep: Some(id.clone()) })
}

fn refuse<T>(problem: String) -> Result<T, Halt> {
    Err(Halt::refused(format!("{problem} Nothing was changed.")))
}

fn settings(tuning: &Tuning) -> Result<&ApplySettings, Halt> {
    match &tuning.apply {
        Some(settings) => Ok(settings),
        None => refuse(format!(
            "*{}* does not say which file its parameters stand in: add `apply: {{file: …, key: …}}` to it.",
            tuning.name
        )),
    }
}

/// The repository that the sweep ran, else that of its tuning. On a pull request only its own is written to: who may
/// write here need not be one who may write there.
fn repository<'a>(
    place: Place<'_>,
    sweep: &'a Sweep,
    default: Option<&'a CodeDefault>,
) -> Result<&'a Repository, Halt> {
    let ran = sweep.code.as_ref().map(|code| &code.repository);
    let Some(repository) = ran.or(default.map(|default| &default.repository)) else {
        return refuse(format!("{} belongs to no repository.", code(sweep.id.as_str())));
    };
    let here = match place {
        Place::PullRequest(comment) => Some(&comment.repository),
        Place::Check(check) => Some(&check.action.repository),
        Place::Slack(_) | Place::Api(_) => None,
    };
    match here {
        Some(here) if here != repository => {
            refuse(format!("{} belongs to {repository}, not to {here}.", code(sweep.id.as_str())))
        }
        _ => Ok(repository),
    }
}

fn base(settings: &ApplySettings, sweep: &Sweep, repository: &Repository, default: Option<&CodeDefault>) -> String {
    let tunings = default.filter(|default| default.repository == *repository).map(|default| default.branch.clone());
    let sweeps = || sweep.code.as_ref().map(|code| code.base_branch.clone());
    settings.base.clone().or(tunings).or_else(sweeps).unwrap_or_else(|| "main".to_owned())
}

fn report<'a>(draft: &Draft<'a>, id: &SweepId) -> Result<&'a Report, Halt> {
    let reports = draft.facts.get(Need::Report(id.clone()), |fact| match fact {
        Fact::Reports(reports) => Some(reports.first()),
        _ => None,
    })?;
    match reports {
        Some(report) => Ok(report),
        None => refuse(format!("{} has no report any longer.", code(id.as_str()))),
    }
}
