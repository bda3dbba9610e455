//! The server is killed exactly before and exactly after each effect that it has on the world.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tunebot::domain::event::Source;
use tunebot::store::Store;

use super::aftermath;
use super::traffic::{Acknowledged, REPOSITORY};
use crate::support::config::{ConfigFolder, Tuning, on_pull_request};
use crate::support::fault::Fault;
use crate::support::github::FakeGithub;
use crate::support::server::Tunebot;
use crate::support::slack::FakeSlack;
use crate::support::slack_client::{SlackClient, SlashCommand};
use crate::support::watched::wait_until;

/// Between two looks for a file.
const LOOK: Duration = Duration::from_millis(5);

/// A call at which the server is killed.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Before(&'static str),
    After(&'static str),
    /// After the second such call from now on.
    AfterSecond(&'static str),
}

use Stop::{After, AfterSecond, Before};

struct Site {
    slack: FakeSlack,
    github: FakeGithub,
    tunebot: Tunebot,
}

impl Site {
    async fn start(tuning: Tuning) -> Self {
        let (slack, github) = (FakeSlack::start().await, FakeGithub::start().await);
        github.repository(REPOSITORY);
        let mut on_change = on_pull_request(REPOSITORY, "quick");
        // So that the paths of the pull request are looked up.
        on_change["paths"] = json!(["src/**"]);
        let tuning = tuning.trials(2).repository(REPOSITORY);
        let config = ConfigFolder::new().slack(&slack).github(&github);
        let tunebot = Tunebot::start(config.tuning("quick", tuning).trigger("on-change", on_change)).await;
        Self { slack, github, tunebot }
    }

    async fn ask_in_slack(&self) -> Acknowledged {
        let command = SlashCommand::new("quick");
        assert_eq!(SlackClient::new().send(self.tunebot.url(), &command).await.status, 200);
        Acknowledged { source: Source::Slack, delivery: command.trigger_id }
    }

    async fn open_pull_request(&self) -> Acknowledged {
        let (_, delivery) = self.github.repository(REPOSITORY).open_pull_request("better", "Train it better");
        assert_eq!(self.github.deliver(self.tunebot.url(), &delivery).await.status, 202);
        Acknowledged { source: Source::Github, delivery: delivery.id }
    }

    async fn kill_and_start(&mut self) {
        self.tunebot.kill().await;
        self.tunebot.start_again().await;
    }

    /// Waits for the end of everything and checks it.
    async fn finish(mut self, asked: Acknowledged) {
        aftermath::wait_until_settled(&self.tunebot).await;
        self.tunebot.stop().await;
        self.tunebot.nothing_is_left_running().await;
        aftermath::check(self.tunebot.config(), &self.slack, &self.github, &[asked]).await;
    }

    /// Where the end of the first attempt of trial 0 is written down by its guard.
    fn outcome(&self) -> Option<PathBuf> {
        let sweeps = std::fs::read_dir(self.tunebot.config().root().join("work")).ok()?;
        let outcomes = sweeps.flatten().map(|sweep| sweep.path().join("0-1/outcome.json"));
        outcomes.into_iter().find(|outcome| outcome.exists())
    }
}

#[tokio::test]
async fn a_kill_at_any_call_to_slack_loses_and_repeats_no_message() {
    let chains: [&[Stop]; 7] = [
        &[Before("chat.postMessage")],
        &[After("chat.postMessage"), Before("conversations.history")],
        &[After("chat.postMessage"), After("conversations.history")],
        &[Before("chat.update")],
        &[After("chat.update")],
        &[AfterSecond("chat.postMessage"), Before("conversations.replies")],
        &[AfterSecond("chat.postMessage"), After("conversations.replies")],
    ];
    for chain in chains {
        let mut site = Site::start(Tuning::quadratic()).await;
        let mut asked = None;
        for stop in chain {
            let gate = match *stop {
                Before(method) => site.slack.hold_before(method),
                After(method) => site.slack.hold_after(method),
                AfterSecond(method) => {
                    site.slack.inject(method, Fault::Delay(Duration::ZERO));
                    site.slack.hold_after(method)
                }
            };
            match asked {
                None => asked = Some(site.ask_in_slack().await),
                Some(_) => site.tunebot.start_again().await,
            }
            gate.reached().await;
            site.tunebot.kill().await;
            gate.open();
        }
        site.tunebot.start_again().await;
        eprintln!("killed at {chain:?}");
        site.finish(asked.expect("a chain has a stop")).await;
    }
}

#[tokio::test]
async fn a_kill_at_any_call_to_github_loses_and_repeats_nothing() {
    let chains: [&[Stop]; 15] = [
        &[Before("pulls.files")],
        &[After("pulls.files")],
        &[Before("tokens.create")],
        &[After("tokens.create")],
        &[Before("comments.create")],
        &[After("comments.create"), Before("comments.list")],
        &[After("comments.create"), After("comments.list")],
        &[Before("comments.update")],
        &[After("comments.update")],
        &[Before("checks.create")],
        &[After("checks.create"), Before("checks.list")],
        &[After("checks.create"), After("checks.list")],
        &[Before("checks.update")],
        &[After("checks.update")],
        &[After("comments.create"), After("comments.update")],
    ];
    for chain in chains {
        let mut site = Site::start(Tuning::quadratic()).await;
        let mut asked = None;
        for stop in chain {
            let gate = match *stop {
                Before(operation) => site.github.hold_before(operation),
                After(operation) | AfterSecond(operation) => site.github.hold_after(operation),
            };
            match asked {
                None => asked = Some(site.open_pull_request().await),
                Some(_) => site.tunebot.start_again().await,
            }
            gate.reached().await;
            site.tunebot.kill().await;
            gate.open();
        }
        site.tunebot.start_again().await;
        eprintln!("killed at {chain:?}");
        site.finish(asked.expect("a chain has a stop")).await;
    }
}

#[tokio::test]
async fn a_kill_while_trials_run_runs_them_again_as_their_next_attempts() {
    let mut site = Site::start(Tuning::held()).await;
    let asked = site.ask_in_slack().await;
    wait_until("both trials run", || site.tunebot.config().started_attempts().len() == 2).await;
    site.kill_and_start().await;
    wait_until("both run again", || site.tunebot.config().started_attempts().len() == 4).await;
    site.tunebot.config().release_trials();
    site.finish(asked).await;
}

#[tokio::test]
async fn a_kill_right_after_the_end_of_a_trial_keeps_its_result() {
    let mut site = Site::start(Tuning::quadratic()).await;
    let asked = site.ask_in_slack().await;
    wait_until("a trial has ended", || site.outcome().is_some()).await;
    site.kill_and_start().await;
    site.finish(asked).await;
}

#[tokio::test]
async fn trials_whose_folders_somebody_removed_while_the_server_was_down_run_again() {
    let mut site = Site::start(Tuning::held()).await;
    let asked = site.ask_in_slack().await;
    let work = site.tunebot.config().root().join("work");
    wait_until("both trials run", || site.tunebot.config().started_attempts().len() == 2).await;
    // Until the submissions are struck off, they would rightly be made again.
    let store = Store::open_read_only(&site.tunebot.config().store()).await.expect("the store of the server");
    let engine = "local".parse().expect("a name");
    while store.running_attempts(&engine).await.expect("the store can be read").len() < 2 {
        tokio::time::sleep(LOOK).await;
    }
    site.tunebot.kill().await;
    site.tunebot.nothing_is_left_running().await;
    // At once, whoever may still write in it.
    std::fs::rename(&work, work.with_extension("removed")).expect("the working folder goes");
    site.tunebot.start_again().await;
    wait_until("both run again", || site.tunebot.config().started_attempts().len() == 4).await;
    site.tunebot.config().release_trials();
    site.finish(asked).await;
}
