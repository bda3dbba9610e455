//! Verbs: what people do on GitHub. Each changes the world and gives the webhook that GitHub would send for it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::comments;
use super::deliveries::{self, Delivery};
use super::world::{CheckRun, Comment, PullRequest, Status, World};
use super::{FakeGithub, text};

/// A repository, and what is done in it.
#[derive(Clone)]
pub struct Repo<'a> {
    github: &'a FakeGithub,
    full_name: String,
}

/// A push that was made.
pub struct Update {
    pub sha: String,
    pub delivery: Delivery,
}

/// A pull request, and what is done to it.
#[derive(Clone)]
pub struct Pull<'a> {
    repo: Repo<'a>,
    pub number: u64,
}

impl<'a> Repo<'a> {
    pub(super) fn new(github: &'a FakeGithub, full_name: &str) -> Self {
        Self { github, full_name: full_name.to_owned() }
    }

    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// Only those who are in it know of it from now on.
    pub fn make_private(self) -> Self {
        self.github.write(|world| world.repository_mut(&self.full_name).is_private = true);
        self
    }

    /// Somebody is no longer one of those who work here. A new repository has `mika` (admin), `noor` and `robot` (write).
    pub fn without(self, login: &str) -> Self {
        self.github.write(|world| world.repository_mut(&self.full_name).collaborators.remove(login));
        self
    }

    /// Somebody works here as `role`: `admin`, `write` or `read`.
    pub fn promote(&self, login: &str, role: &str) {
        self.github.write(|world| {
            let repository = world.repository_mut(&self.full_name);
            repository.collaborators.insert(login.to_owned(), role.to_owned());
        });
    }

    /// `mika` pushes one commit that modifies `paths`; the branch is made when it is not there.
    pub fn push(&self, branch: &str, paths: &[&str]) -> Update {
        self.push_commit(branch, "mika", "Train it better", paths)
    }

    pub fn push_commit(&self, branch: &str, author: &str, message: &str, paths: &[&str]) -> Update {
        self.github.write(|world| {
            let before = world.repository(&self.full_name).branches.get(branch).cloned();
            let sha = world.commit(&self.full_name, branch, author, message, paths);
            let delivery = deliveries::push(world, &self.full_name, branch, before.as_deref());
            Update { sha, delivery }
        })
    }

    /// `mika` pushes a file with this text.
    pub fn write_file(&self, branch: &str, path: &str, text: &str) -> Update {
        let update = self.push_commit(branch, "mika", &format!("Write {path}"), &[path]);
        self.github.write(|world| {
            let trees = &mut world.repository_mut(&self.full_name).trees;
            trees.get_mut(&update.sha).expect("the commit's files").insert(path.to_owned(), text.to_owned());
        });
        update
    }

    /// The text of a file at a branch or commit.
    pub fn file(&self, reference: &str, path: &str) -> Option<String> {
        self.github.read(|world| world.repository(&self.full_name).file(reference, path).map(str::to_owned))
    }

    /// All pull requests that the bot has opened, as a person reads them, with text, labels and reviewers.
    pub fn proposals(&self) -> String {
        self.github.read(|world| {
            let pulls = world.repository(&self.full_name).pull_requests.values();
            pulls
                .filter(|pull| pull.author.ends_with("[bot]"))
                .map(text::render_proposal)
                .collect::<Vec<_>>()
                .join("\n")
        })
    }

    /// The commit at the tip of a branch.
    ///
    /// # Panics
    /// There is no such branch.
    pub fn head(&self, branch: &str) -> String {
        self.github.read(|world| world.repository(&self.full_name).branches[branch].clone())
    }

    /// `mika` opens a pull request against `main` from a new branch with one commit that modifies `src/train.py`.
    pub fn open_pull_request(&self, branch: &str, title: &str) -> (Pull<'a>, Delivery) {
        self.push(branch, &["src/train.py"]);
        self.open(branch, title, "mika", &self.full_name)
    }

    /// A stranger opens one from a repository of the stranger's own.
    pub fn open_pull_request_from_fork(&self, owner: &str, branch: &str, title: &str) -> (Pull<'a>, Delivery) {
        let name = self.full_name.split('/').nth(1).unwrap_or_default();
        let fork = format!("{owner}/{name}");
        self.github.write(|world| {
            world.make_repository(&fork);
            let base = world.repository(&self.full_name);
            let (branches, commits, trees) = (base.branches.clone(), base.commits.clone(), base.trees.clone());
            let copy = world.repository_mut(&fork);
            (copy.branches, copy.commits, copy.trees) = (branches, commits, trees);
            let owner = (owner.to_owned(), "admin".to_owned());
            copy.collaborators = [owner].into();
            commit_to_head(world, &self.full_name, (&fork, branch), &["src/train.py"]);
        });
        self.open(branch, title, owner, &fork)
    }

    fn open(&self, branch: &str, title: &str, author: &str, head_repository: &str) -> (Pull<'a>, Delivery) {
        let (number, delivery) = self.github.write(|world| {
            let id = world.next_id();
            let head_sha = world.repository(head_repository).branches[branch].clone();
            let repository = world.repository_mut(&self.full_name);
            let number = repository.pull_requests.keys().max().map_or(1, |number| number + 1);
            let pull_request = PullRequest {
                id,
                number,
                title: title.to_owned(),
                body: "Please have a look.".to_owned(),
                author: author.to_owned(),
                head_branch: branch.to_owned(),
                head_sha,
                head_repository: head_repository.to_owned(),
                base_branch: repository.default_branch.clone(),
                is_draft: false,
                is_open: true,
                labels: BTreeSet::new(),
                reviewers: BTreeSet::new(),
                at: Timestamp::now(),
            };
            repository.pull_requests.insert(number, pull_request);
            (number, deliveries::pull_request(world, &self.full_name, number, "opened", author))
        });
        (Pull { repo: self.clone(), number }, delivery)
    }

    /// Check runs on a commit, oldest first.
    pub fn checks(&self, sha: &str) -> Vec<CheckRun> {
        self.github.read(|world| {
            let runs = &world.repository(&self.full_name).check_runs;
            runs.iter().filter(|run| run.head_sha == sha).cloned().collect()
        })
    }

    /// Somebody presses a button of a check run.
    ///
    /// # Panics
    /// The run offers no such button, or not to this person.
    pub fn press(&self, run: u64, identifier: &str, user: &str) -> Delivery {
        self.github.write(|world| {
            let run = self.run_for(world, run, user);
            let offered = run.actions.as_array().into_iter().flatten();
            let offers: Vec<_> = offered.filter_map(|action| action["identifier"].as_str()).collect();
            assert!(offers.contains(&identifier), "{} offers {offers:?}, and not {identifier}", run.name);
            deliveries::check_run(world, &self.full_name, &run, Some(identifier), user)
        })
    }

    /// Somebody chooses *Re-run* beside a check run.
    ///
    /// # Panics
    /// It has not ended yet, or is not offered to this person.
    pub fn rerequest(&self, run: u64, user: &str) -> Delivery {
        self.github.write(|world| {
            let run = self.run_for(world, run, user);
            assert_eq!(run.status, "completed", "only what has ended is asked for again");
            deliveries::check_run(world, &self.full_name, &run, None, user)
        })
    }

    /// Somebody chooses *Re-run all checks* of a commit.
    pub fn rerequest_all(&self, sha: &str, user: &str) -> Delivery {
        self.github.write(|world| {
            self.need_writer(world, user);
            deliveries::check_suite(world, &self.full_name, sha, user)
        })
    }

    /// The check run, which has buttons only for those who may write.
    fn run_for(&self, world: &World, id: u64, user: &str) -> CheckRun {
        self.need_writer(world, user);
        let runs = &world.repository(&self.full_name).check_runs;
        runs.iter().find(|run| run.id == id).expect("such a check run").clone()
    }

    fn need_writer(&self, world: &World, user: &str) {
        let role = world.repository(&self.full_name).collaborators.get(user).map(String::as_str);
        assert!(matches!(role, Some("write" | "admin")), "GitHub shows {user} no buttons");
    }

    /// Statuses of a commit, oldest first.
    pub fn statuses(&self, sha: &str) -> Vec<Status> {
        self.github.read(|world| {
            let statuses = &world.repository(&self.full_name).statuses;
            statuses.iter().filter(|status| status.sha == sha).cloned().collect()
        })
    }

    /// The checks of a commit as a person reads them.
    pub fn render_checks(&self, sha: &str) -> String {
        self.github.read(|world| text::render_checks(world.repository(&self.full_name), sha))
    }

    /// Waits until `find` finds something among the check runs of a commit.
    ///
    /// # Panics
    /// In vain.
    pub async fn wait_for_check(&self, sha: &str, mut find: impl FnMut(&CheckRun) -> bool) -> CheckRun {
        let what = format!("a check run on {sha} of {}", self.full_name);
        self.github
            .wait_for(&what, |world| {
                let runs = &world.repository(&self.full_name).check_runs;
                runs.iter().find(|run| run.head_sha == sha && find(run)).cloned()
            })
            .await
    }
}

/// Adds a commit to a head branch `(repository, branch)`; the base knows the commit too, as it does of pull requests.
fn commit_to_head(world: &mut World, base: &str, (head, branch): (&str, &str), paths: &[&str]) -> String {
    let author = if head == base { "mika".to_owned() } else { world.repository(head).owner().to_owned() };
    let sha = world.commit(head, branch, &author, "Train it better", paths);
    let (commit, tree) = (world.repository(head).commits[&sha].clone(), world.repository(head).trees[&sha].clone());
    world.repository_mut(base).commits.insert(sha.clone(), commit);
    world.repository_mut(base).trees.insert(sha.clone(), tree);
    sha
}

impl Pull<'_> {
    pub fn repo(&self) -> &Repo<'_> {
        &self.repo
    }

    /// The author pushes one more commit; the delivery is the pull request's `synchronize`.
    pub fn push(&self, paths: &[&str]) -> Update {
        let full_name = &self.repo.full_name;
        self.repo.github.write(|world| {
            let now = self.find(world).clone();
            let sha = commit_to_head(world, full_name, (&now.head_repository, &now.head_branch), paths);
            self.change(world, |pull_request| {
                pull_request.head_sha.clone_from(&sha);
                pull_request.at = Timestamp::now();
            });
            let mut delivery = deliveries::pull_request(world, full_name, self.number, "synchronize", &now.author);
            delivery.set("/before", now.head_sha);
            delivery.set("/after", sha.clone());
            Update { sha, delivery }
        })
    }

    /// Somebody writes a comment. It is the App's own for `tunebot[bot]`: GitHub sends that one as well.
    pub fn comment(&self, user: &str, body: &str) -> Delivery {
        self.repo.github.write(|world| {
            let comment = comments::add(world, &self.repo.full_name, self.number, (user, body.to_owned()));
            deliveries::issue_comment(world, &self.repo.full_name, &comment, "created")
        })
    }

    /// The author of a comment changes it.
    pub fn edit_comment(&self, id: u64, body: &str) -> Delivery {
        self.repo.github.write(|world| {
            let comments = &mut world.repository_mut(&self.repo.full_name).comments;
            let comment = comments.iter_mut().find(|comment| comment.id == id).expect("such a comment");
            comment.bodies.push(body.to_owned());
            comment.updated_at = Timestamp::now();
            let comment = comment.clone();
            deliveries::issue_comment(world, &self.repo.full_name, &comment, "edited")
        })
    }

    pub fn close(&self) -> Delivery {
        self.act("closed", |pull_request| pull_request.is_open = false)
    }

    pub fn reopen(&self) -> Delivery {
        self.act("reopened", |pull_request| pull_request.is_open = true)
    }

    pub fn label(&self, name: &str) -> Delivery {
        self.act("labeled", |pull_request| {
            pull_request.labels.insert(name.to_owned());
        })
    }

    pub fn convert_to_draft(&self) -> Delivery {
        self.act("converted_to_draft", |pull_request| pull_request.is_draft = true)
    }

    fn act(&self, action: &str, change: impl FnOnce(&mut PullRequest)) -> Delivery {
        self.repo.github.write(|world| {
            self.change(world, change);
            deliveries::pull_request(world, &self.repo.full_name, self.number, action, "mika")
        })
    }

    fn find<'w>(&self, world: &'w World) -> &'w PullRequest {
        &world.repository(&self.repo.full_name).pull_requests[&self.number]
    }

    fn change(&self, world: &mut World, change: impl FnOnce(&mut PullRequest)) {
        let pull_requests = &mut world.repository_mut(&self.repo.full_name).pull_requests;
        change(pull_requests.get_mut(&self.number).expect("a pull request is never taken away"));
    }

    /// The commit at its head.
    pub fn head(&self) -> String {
        self.repo.github.read(|world| self.find(world).head_sha.clone())
    }

    /// Comments, oldest first.
    pub fn comments(&self) -> Vec<Comment> {
        self.repo.github.read(|world| {
            let comments = &world.repository(&self.repo.full_name).comments;
            comments.iter().filter(|comment| comment.pull_request == self.number).cloned().collect()
        })
    }

    /// Comments and the checks of the head, as a person reads them.
    pub fn render(&self) -> String {
        self.repo.github.read(|world| text::render(world.repository(&self.repo.full_name), self.find(world)))
    }

    /// Waits for a comment of which `find` is true.
    ///
    /// # Panics
    /// In vain.
    pub async fn wait_for_comment(&self, mut find: impl FnMut(&Comment) -> bool) -> Comment {
        let what = format!("a comment on {}#{}", self.repo.full_name, self.number);
        self.repo
            .github
            .wait_for(&what, |world| {
                let comments = &world.repository(&self.repo.full_name).comments;
                comments.iter().find(|comment| comment.pull_request == self.number && find(comment)).cloned()
            })
            .await
    }
}
