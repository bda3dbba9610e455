//! The best parameters into a repository: a branch of our own, a commit, a pull request.
//!
//! Crash contract: it may be carried out again from the start at any point, and leaves one branch and one pull request.
//! An open pull request is brought up to date on top of what is on its branch; without one the branch begins anew at the
//! base branch. A branch with commits that are not ours is left alone.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::perform::Performed;
use crate::domain::apply::Application;
use crate::domain::ids::{CommitSha, ParamName};
use crate::domain::params::Value;
use crate::domain::repository_rules::FileCheck;
use crate::domain::tuning::ApplySettings;
use crate::edit::{self, Assignment, Edited};
use crate::notify::figures;
use crate::notify::github::markdown::{Row, proposal, proposal_title};
use crate::notify::github::{Branches, Content, File, FileEdit, Github, GithubError, Proposal, commit_message, marker};
use crate::notify::links::Links;

/// All calls of one application together may not take longer.
const LIMIT: Duration = Duration::from_secs(60);
/// Changes that an answer names.
const SHOWN: usize = 8;

/// Who writes into repositories.
pub struct Applier {
    github: Arc<Github>,
    links: Links,
    /// Two applications of one tuning must not work on one branch at a time.
    turn: Mutex<()>,
}

/// Why nothing was changed.
enum Refusal {
    /// In words for whoever asked.
    Refused(String),
    Failed(GithubError),
}

impl From<GithubError> for Refusal {
    fn from(error: GithubError) -> Self {
        Self::Failed(error)
    }
}

type Tried<T> = Result<T, Refusal>;

/// Carries out the wish. Whoever asked is told in any case; only what may still succeed is tried again in silence.
pub(super) async fn perform(applier: Option<&Applier>, application: &Application, again: bool) -> Performed {
    let tried = match applier {
        Some(applier) => tokio::time::timeout(LIMIT, applier.apply(application, again)).await,
        None => Ok(refuse("GitHub is not configured here, so nothing can be written there.")),
    };
    let late = || GithubError::Transient { message: format!("GitHub did not answer within {LIMIT:?}"), after: None };
    let text = match tried.unwrap_or_else(|_| Err(Refusal::Failed(late()))) {
        Ok(text) => text,
        Err(Refusal::Refused(why)) => format!("{why} Nothing was changed."),
        Err(Refusal::Failed(GithubError::Transient { message, after })) => {
            warn!(slot = application.slot, error = message, "the best parameters are not written yet");
            let after = after.and_then(|after| SignedDuration::try_from(after).ok());
            return Performed::Later { error: message, ambiguous: after.is_none(), after };
        }
        Err(Refusal::Failed(error)) => {
            format!("{error}. To apply, tunebot needs write access to contents and pull requests of the repository.")
        }
    };
    info!(slot = application.slot, text, "answered a wish to apply");
    Performed::DoneThen(application.answer(text, Timestamp::now()).into_iter().collect())
}

/// Says on a commit what its repository's own file of rules comes to.
pub(super) async fn check_file(applier: Option<&Applier>, check: &FileCheck) -> Performed {
    let Some(applier) = applier else {
        return Performed::Never { error: "GitHub is not configured: add its section and start again".to_owned() };
    };
    let late = || GithubError::Transient { message: format!("GitHub did not answer within {LIMIT:?}"), after: None };
    let set = tokio::time::timeout(LIMIT, applier.github.set_file_check(check)).await;
    match set.unwrap_or_else(|_| Err(late())) {
        Ok(()) => Performed::Done(None),
        Err(GithubError::Transient { message, after }) => {
            let after = after.and_then(|after| SignedDuration::try_from(after).ok());
            Performed::Later { error: message, ambiguous: after.is_none(), after }
        }
        Err(error) => {
            warn!(%error, repository = %check.repository, "the check of the file of rules cannot be written");
            Performed::Never { error: error.to_string() }
        }
    }
}

fn refuse<T>(why: impl Into<String>) -> Tried<T> {
    Err(Refusal::Refused(why.into()))
}

impl Applier {
    pub fn new(github: Arc<Github>, links: Links) -> Self {
        Self { github, links, turn: Mutex::default() }
    }

    async fn apply(&self, application: &Application, again: bool) -> Tried<String> {
        let _turn = self.turn.lock().await;
        let Application { repository, base, settings, .. } = application;
        let branches = Branches { repository, head: &settings.branch, base };
        let head = self.base_head(application).await?;
        let file = self.file(application, head.as_str(), base).await?;
        let edited = edited(application, &file, base)?;
        let open = self.github.open_proposal(branches).await?;
        if edited.changes.is_empty() {
            return Ok(nothing_to_do(application, open.as_ref()));
        }
        let rows = rows(&edited);
        let opened = match open {
            Some(open) if !open.body.starts_with(&marker(&application.pull_request_slot())) => {
                return refuse(format!(
                    "{repository}#{} is open from `{}` to `{base}`, and is not tunebot's: close it, or set `apply.branch`.",
                    open.number, settings.branch
                ));
            }
            Some(open) => {
                let changed = self.update_branch(application).await?;
                (open, if changed { "Updated" } else { "Open already:" })
            }
            None => {
                self.begin_branch(application, &head).await?;
                self.write(application, &file, &edited.text).await?;
                (self.create(application, branches, &rows).await?, "Opened")
            }
        };
        let (open, verb) = opened;
        let trouble = self.finish(application, &open, &rows, verb == "Opened" || again).await?;
        Ok(answer(application, &open, verb, &rows) + &trouble)
    }

    async fn base_head(&self, application: &Application) -> Tried<CommitSha> {
        let Application { repository, base, .. } = application;
        match self.github.branch_head(repository, base).await {
            Ok(head) => Ok(head),
            Err(GithubError::NotFound { .. }) => {
                refuse(format!("{repository} has no branch `{base}` that is open to me."))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The file at a commit or branch, which messages call `shown`.
    async fn file(&self, application: &Application, reference: &str, shown: &str) -> Tried<File> {
        let Application { repository, settings, .. } = application;
        let path = &settings.file;
        match self.github.file(repository, reference, path).await? {
            None => refuse(format!(
                "{repository} has no file `{path}` on `{shown}`: set `apply.file` of *{}* to where its parameters stand.",
                application.report.tuning
            )),
            Some(File { content: Content::Other(what), .. }) => refuse(format!("`{path}` of {repository} is {what}.")),
            Some(file) => Ok(file),
        }
    }

    /// A new branch at the base, or the old one set back to it if it has nothing but our own commits.
    async fn begin_branch(&self, application: &Application, base_head: &CommitSha) -> Tried<()> {
        let Application { repository, settings, base, .. } = application;
        let branch = &settings.branch;
        match self.github.branch_head(repository, branch).await {
            Err(GithubError::NotFound { .. }) => Ok(self.github.create_branch(repository, branch, base_head).await?),
            Err(error) => Err(error.into()),
            Ok(head) if head == *base_head => Ok(()),
            Ok(_) if self.github.is_our_own(repository, base, branch).await? => {
                Ok(self.github.reset_branch(repository, branch, base_head).await?)
            }
            Ok(_) => refuse(format!(
                "The branch `{branch}` of {repository} has commits that are not tunebot's: merge or delete it, or set \
                 `apply.branch`."
            )),
        }
    }

    /// Brings the branch of an open pull request up to date; `false` if it was.
    async fn update_branch(&self, application: &Application) -> Tried<bool> {
        let branch = &application.settings.branch;
        let file = self.file(application, branch, branch).await?;
        let edited = edited(application, &file, branch)?;
        if !edited.changes.is_empty() {
            self.write(application, &file, &edited.text).await?;
        }
        Ok(!edited.changes.is_empty())
    }

    async fn write(&self, application: &Application, file: &File, text: &str) -> Tried<()> {
        let Application { repository, settings, report, asked_by, .. } = application;
        let trial = report.best().map(|best| format!(" (trial {})", best.trial)).unwrap_or_default();
        // A name with an @ would call somebody on GitHub who may be somebody else.
        let asker = asked_by.trim_start_matches('@');
        let body = format!("The best of sweep {}{trial}, asked for by {asker}.", report.sweep);
        let message = commit_message(&proposal_title(application), &body, report.sweep.as_str());
        let edit =
            FileEdit { branch: &settings.branch, path: &settings.file, text, blob: &file.blob, message: &message };
        Ok(self.github.write_file(repository, &edit).await?)
    }

    /// Opens the pull request; one that has come to be meanwhile serves as well.
    async fn create(&self, application: &Application, branches: Branches<'_>, rows: &[Row]) -> Tried<Proposal> {
        let body = self.body(application, rows);
        match self.github.create_proposal(branches, &proposal_title(application), &body).await {
            Err(error @ GithubError::Permanent { .. }) => {
                self.github.open_proposal(branches).await?.ok_or(Refusal::Failed(error))
            }
            created => Ok(created?),
        }
    }

    fn body(&self, application: &Application, rows: &[Row]) -> String {
        proposal(application, rows, &self.links.of(&application.report))
    }

    /// Text, labels and reviewers. That somebody may not review is no reason to call the whole off.
    async fn finish(&self, application: &Application, open: &Proposal, rows: &[Row], new: bool) -> Tried<String> {
        let Application { repository, settings, .. } = application;
        let body = self.body(application, rows);
        if open.body != body {
            self.github.update_proposal(repository, open.number, &proposal_title(application), &body).await?;
        }
        if !settings.labels.is_empty() {
            self.github.add_labels(repository, open.number, &settings.labels).await?;
        }
        if settings.reviewers.is_empty() || !new || open.has_reviewers {
            return Ok(String::new());
        }
        match self.github.ask_for_reviews(repository, open.number, &settings.reviewers).await {
            Ok(()) => Ok(String::new()),
            Err(error @ GithubError::Transient { .. }) => Err(error.into()),
            Err(_) => {
                let names: Vec<String> = settings.reviewers.iter().map(|name| format!("`{name}`")).collect();
                Ok(format!("\nIt waits for a reviewer: GitHub does not let me ask {}.", names.join(", ")))
            }
        }
    }
}

/// The file with the best parameters.
fn edited(application: &Application, file: &File, branch: &str) -> Tried<Edited> {
    let settings = &application.settings;
    let (Some(format), Content::Text(text)) = (settings.format(), &file.content) else {
        return refuse(format!("`{}` is neither YAML nor JSON nor TOML.", settings.file));
    };
    edit::edit(format, text, &assignments(application)).or_else(|error| {
        let line = error.line.map(|line| format!(", line {line}")).unwrap_or_default();
        refuse(format!("`{}` on `{branch}`{line}: {}. {}", settings.file, error.message, error.advice))
    })
}

fn assignments(application: &Application) -> Vec<Assignment> {
    let settings: &ApplySettings = &application.settings;
    let assignment = |(name, value): (&ParamName, &Value)| Assignment {
        name: name.clone(),
        path: settings.path(name),
        value: value.clone(),
    };
    application.report.best().map(|best| best.params.0.iter().map(assignment).collect()).unwrap_or_default()
}

fn rows(edited: &Edited) -> Vec<Row> {
    let row = |change: &edit::Change| Row {
        parameter: change.name.to_string(),
        key: change.path.to_string(),
        from: change.from.as_ref().map(ToString::to_string),
        to: change.to.to_string(),
    };
    edited.changes.iter().map(row).collect()
}

fn nothing_to_do(application: &Application, open: Option<&Proposal>) -> String {
    let Application { repository, base, settings, report, .. } = application;
    let other = open.map(|open| format!(" {repository}#{} still proposes others: {}", open.number, open.url));
    format!(
        "`{}` of {repository} has the best of `{}` on `{base}` already. Nothing was changed.{}",
        settings.file,
        report.sweep,
        other.unwrap_or_default()
    )
}

/// "Opened acme/models#124 with the best of `resnet-k3f9q2`: `lr` 0.001 → 3.1e-4, `depth` 50 → 101".
fn answer(application: &Application, open: &Proposal, verb: &str, rows: &[Row]) -> String {
    let Application { repository, report, .. } = application;
    let best = report.best().map(|best| &best.params);
    let change = |row: &Row| {
        let value = best.and_then(|best| best.get(&row.parameter.parse().ok()?)).map(figures::value);
        let from = row.from.as_ref().map(|from| format!("{from} → ")).unwrap_or_default();
        format!("`{}` {from}{}", row.parameter, value.unwrap_or_else(|| row.to.clone()))
    };
    let mut shown: Vec<String> = rows.iter().take(SHOWN).map(change).collect();
    if rows.len() > SHOWN {
        shown.push(format!("{} more", rows.len() - SHOWN));
    }
    format!(
        "{verb} {repository}#{} with the best of `{}`: {}.\n{}",
        open.number,
        report.sweep,
        shown.join(", "),
        open.url
    )
}
