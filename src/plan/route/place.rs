//! Where a command was given, and what follows from that: who asks, which code is meant, where the answers go.

use super::draft::{Draft, Halt};
use super::facts::{Fact, Missing, Need, PullRequestHead};
use super::fork::{self, ForkHead};
use super::order;
use crate::domain::event::{CheckAction, Comment, Request, SlashCommand};
use crate::domain::ids::{CommitSha, Repository, TuningName};
use crate::domain::rules::CodeDefault;
use crate::domain::sweep::{Code, Destination, Origin, Service, Sweep};
use crate::plan::command::{Asker, Order, code};

#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Slack(&'a SlashCommand),
    Api(&'a Request),
    PullRequest(&'a Comment),
    Check(Check<'a>),
}

/// A button of the check of a sweep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check<'a> {
    pub action: &'a CheckAction,
    pub sweep: &'a Sweep,
}

impl Check<'_> {
    fn pull_request(self) -> Option<u64> {
        self.sweep.code.as_ref().and_then(|code| code.pull_request)
    }
}

impl<'a> Place<'a> {
    pub fn asker(self) -> Asker<'a> {
        match self {
            Self::Slack(command) => Asker::Slack { user: &command.user, channel: &command.channel },
            Self::Api(request) => Asker::Api { caller: &request.caller },
            Self::PullRequest(comment) => Asker::Github { login: &comment.author, repository: &comment.repository },
            Self::Check(Check { action, .. }) => {
                Asker::Github { login: &action.sender, repository: &action.repository }
            }
        }
    }

    pub fn origin(self) -> Origin {
        match self {
            Self::Slack(SlashCommand { channel, user, user_name, .. }) => {
                Origin::Slack { channel: channel.clone(), user: user.clone(), user_name: user_name.clone() }
            }
            Self::Api(request) => Origin::Api { caller: request.caller.clone() },
            Self::PullRequest(Comment { repository, pull_request, author, .. }) => {
                Origin::PullRequest { repository: repository.clone(), number: *pull_request, login: author.clone() }
            }
            Self::Check(check) => {
                let (repository, login) = (check.action.repository.clone(), check.action.sender.clone());
                match check.pull_request() {
                    Some(number) => Origin::PullRequest { repository, number, login },
                    None => Origin::Push { repository, login },
                }
            }
        }
    }

    /// The group of a sweep started from here. Only those of a pull request mind each other; a person who starts two
    /// sweeps wants two.
    pub fn group(self, tuning: &TuningName) -> Option<String> {
        match self {
            Self::PullRequest(comment) => {
                Some(order::pull_request_group(tuning, &comment.repository, comment.pull_request))
            }
            Self::Check(check) => check.sweep.group.clone(),
            Self::Slack(_) | Self::Api(_) => None,
        }
    }

    /// Where messages of a sweep of `code` go that was asked for here.
    pub fn destinations(self, draft: &Draft<'_>, code: Option<&Code>) -> Vec<Destination> {
        match self {
            Self::Slack(_) => self.answers_to().into_iter().collect(),
            Self::Api(_) => order::channel(draft.rules.announce_channel.as_ref()).into_iter().collect(),
            Self::PullRequest(comment) => {
                let own = code.filter(|code| code.pull_request == Some(comment.pull_request));
                let sha = own.filter(|code| code.repository == comment.repository).and_then(|code| code.sha.clone());
                let check = sha.map(|sha| Destination::GithubCheck { repository: comment.repository.clone(), sha });
                let announced = order::channel(draft.rules.announce_channel.as_ref());
                self.answers_to().into_iter().chain(check).chain(announced).collect()
            }
            // Where the sweep is shown that is run again.
            Self::Check(check) => {
                let on_github = |place: &&Destination| place.service() == Service::Github;
                let earlier = check.sweep.destinations.iter().filter(on_github).cloned();
                let announced = order::channel(draft.rules.announce_channel.as_ref());
                earlier.map(|place| mentioning(place, &check.action.sender)).chain(announced).collect()
            }
        }
    }

    /// Where answers in words go; a caller of the API has no such place, nor has a check outside of pull requests.
    pub fn answers_to(self) -> Option<Destination> {
        match self {
            Self::Slack(SlashCommand { channel, user, thread, .. }) => Some(Destination::Slack {
                channel: channel.clone(),
                thread: thread.clone(),
                mention: Some(user.clone()),
            }),
            Self::PullRequest(Comment { repository, pull_request, author, .. }) => Some(Destination::GithubComment {
                repository: repository.clone(),
                pull_request: *pull_request,
                mention: Some(author.clone()),
            }),
            Self::Check(check) => check.pull_request().map(|pull_request| Destination::GithubComment {
                repository: check.action.repository.clone(),
                pull_request,
                mention: Some(check.action.sender.clone()),
            }),
            Self::Api(_) => None,
        }
    }

    /// The code that the order runs, pinned to a commit.
    ///
    /// # Errors
    /// There is no such branch, the pull request will not do, or something has to be looked up first.
    pub fn code(self, draft: &Draft<'_>, order: &Order) -> Result<Option<Code>, Halt> {
        match self {
            Self::Slack(_) | Self::Api(_) => default_code(draft, order),
            Self::PullRequest(comment) => head_of(draft, comment, order).map(Some),
            Self::Check(check) => Ok(check.sweep.code.clone()),
        }
    }
}

/// The same place, where `login` is told of the end.
fn mentioning(place: Destination, login: &str) -> Destination {
    match place {
        Destination::GithubComment { repository, pull_request, .. } => {
            Destination::GithubComment { repository, pull_request, mention: Some(login.to_owned()) }
        }
        place => place,
    }
}

/// The tuning's own repository, at the branch that was asked for or its default one.
///
/// # Errors
/// There is no such branch, or it has to be looked up first.
pub(super) fn default_code(draft: &Draft<'_>, order: &Order) -> Result<Option<Code>, Halt> {
    let Some(CodeDefault { repository, branch }) = draft.rules.default_code.get(&order.tuning.name) else {
        return Ok(None);
    };
    let reference = order.reference.as_ref().unwrap_or(branch);
    let sha = head(draft, repository, reference)?;
    Ok(Some(Code {
        repository: repository.clone(),
        reference: reference.clone(),
        sha,
        pull_request: None,
        fork: false,
        base_branch: branch.clone(),
    }))
}

/// The commit of `reference`, which is itself a full commit or a branch; none where no GitHub is configured that could
/// say it.
fn head(draft: &Draft<'_>, repository: &Repository, reference: &str) -> Result<Option<CommitSha>, Halt> {
    if let Ok(sha) = reference.parse() {
        return Ok(Some(sha));
    }
    let need = Need::Head { repository: repository.clone(), branch: reference.to_owned() };
    let head = draft.facts.get(need, |fact| match fact {
        Fact::Head(head) => Some(head.clone()),
        _ => None,
    });
    match head {
        Ok(Some(sha)) => Ok(Some(sha)),
        Ok(None) => {
            Err(Halt::refused(format!("There is no branch {} in {repository}. Nothing was started.", code(reference))))
        }
        Err(Missing::NoService) => Ok(None),
        Err(missing) => Err(missing.into()),
    }
}

fn head_of(draft: &Draft<'_>, comment: &Comment, order: &Order) -> Result<Code, Halt> {
    let refuse = |problem: String| Err(Halt::refused(format!("{problem} Nothing was started.")));
    let Comment { repository, pull_request: number, .. } = comment;
    if order.reference.is_some() {
        return refuse("`ref=` is not for pull requests: the sweep runs the head of this one.".to_owned());
    }
    if let Some(home) = draft.rules.default_code.get(&order.tuning.name)
        && home.repository != *repository
    {
        return refuse(format!("*{}* belongs to {}, not to {repository}.", order.tuning.name, home.repository));
    }
    let need = Need::PullRequest { repository: repository.clone(), number: *number };
    let found = draft.facts.get(need, |fact| match fact {
        Fact::PullRequest(found) => Some(found.as_ref()),
        _ => None,
    })?;
    match found {
        None => refuse(format!("There is no pull request #{number} in {repository}.")),
        Some(PullRequestHead { open: false, .. }) => refuse("This pull request is closed.".to_owned()),
        Some(head) => {
            if head.from_fork {
                let head = ForkHead { repository, number: *number, sha: &head.sha };
                fork::check_command(draft, head, &order.tuning.name)?;
            }
            Ok(Code {
                repository: repository.clone(),
                reference: head.branch.clone(),
                sha: Some(head.sha.clone()),
                pull_request: Some(*number),
                fork: head.from_fork,
                base_branch: head.base_branch.clone(),
            })
        }
    }
}
