//! What people and services send while the server is being killed: each until it is acknowledged, always with the same
//! delivery id.

use std::time::Duration;

use tokio::sync::watch;
use tunebot::domain::event::Source;

use super::dice::Dice;
use crate::support::config::API_TOKEN;
use crate::support::github::repo::{Pull, Repo};
use crate::support::github::{Delivery, FakeGithub, WEBHOOK_SECRET};
use crate::support::slack_client::{SlackClient, SlashCommand};
use crate::support::{Answer, http_client};

pub const REPOSITORY: &str = "acme/models";
/// Between two attempts to deliver something to a server that does not take it.
const PAUSE: Duration = Duration::from_millis(5);

/// Where the server is to be found; none while it is down.
pub type Address = watch::Receiver<Option<String>>;

/// What was answered with a 2xx: this must not be lost.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    pub source: Source,
    pub delivery: String,
}

/// Something that is sent, again and again with the same id.
enum Parcel {
    Github(Delivery),
    Slack(SlashCommand),
    /// An idempotency key and a command.
    Api(String, String),
}

pub struct Traffic<'a> {
    github: &'a FakeGithub,
    repo: Repo<'a>,
    pulls: Vec<Pull<'a>>,
    sent: u32,
    pub acknowledged: Vec<Acknowledged>,
    /// Deliveries that had to be sent more than once.
    pub repeated: u32,
}

impl<'a> Traffic<'a> {
    pub fn new(github: &'a FakeGithub) -> Self {
        let repo = github.repository(REPOSITORY);
        Self { github, repo, pulls: Vec::new(), sent: 0, acknowledged: Vec::new(), repeated: 0 }
    }

    /// Sends the next thing, whatever the dice say, until it is acknowledged; now and then once more after that.
    pub async fn send_one(&mut self, dice: &mut Dice, address: &mut Address) {
        let parcel = self.next(dice);
        self.sent += 1;
        self.deliver(&parcel, address).await;
        let (source, delivery) = match &parcel {
            Parcel::Github(delivery) => (Source::Github, delivery.id.clone()),
            Parcel::Slack(command) => (Source::Slack, command.trigger_id.clone()),
            Parcel::Api(key, _) => (Source::Api, format!("ci/{key}")),
        };
        self.acknowledged.push(Acknowledged { source, delivery });
        if dice.percent(20) {
            self.deliver(&parcel, address).await;
        }
    }

    /// A third of what is sent starts a sweep.
    fn next(&mut self, dice: &mut Dice) -> Parcel {
        let number = self.sent;
        let slash = |text: &str| Parcel::Slack(SlashCommand::new(text).again(number));
        match dice.below(16) {
            0 => Parcel::Github(self.repo.push("main", &["src/train.py"]).delivery),
            1 => slash("steps trials=10"),
            2 => Parcel::Api(format!("key-{number}"), "steps trials=10".to_owned()),
            3 => {
                let (pull, delivery) = self.repo.open_pull_request(&format!("branch-{number}"), "Train it better");
                self.pulls.push(pull);
                Parcel::Github(delivery)
            }
            4 => self.in_pull_request(dice, |pull| pull.push(&["src/train.py"]).delivery),
            5 => self.in_pull_request(dice, |pull| pull.comment("noor", "/tune steps trials=5")),
            6 => self.in_pull_request(dice, |pull| pull.comment("noor", "/tune list")),
            7 => self.in_pull_request(dice, |pull| pull.comment("noor", "Looks good to me.")),
            8 => self.in_pull_request(dice, |pull| pull.label("later")),
            9 => slash("list"),
            10 => slash("steps trials=none"),
            11 => slash("status"),
            12 | 13 => Parcel::Github(self.repo.push("docs", &["README.md"]).delivery),
            _ => Parcel::Github(self.github.ping()),
        }
    }

    fn in_pull_request(&self, dice: &mut Dice, act: impl FnOnce(&Pull<'a>) -> Delivery) -> Parcel {
        let count = self.pulls.len() as u64;
        Parcel::Github(match self.pulls.get(dice.below(count.max(1)) as usize) {
            Some(pull) => act(pull),
            None => self.github.ping(),
        })
    }

    async fn deliver(&mut self, parcel: &Parcel, address: &mut Address) {
        loop {
            let url = address.wait_for(Option::is_some).await.expect("the test goes on").clone().unwrap_or_default();
            match parcel.send(&url).await {
                Ok(answer) if (200..300).contains(&answer.status) => return,
                Ok(answer) => assert_eq!(answer.status / 100, 5, "refused for good: {}", answer.body),
                Err(_) => {}
            }
            self.repeated += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Parcel {
    async fn send(&self, url: &str) -> Result<Answer, reqwest::Error> {
        match self {
            Self::Github(delivery) => delivery.try_send(url, WEBHOOK_SECRET).await,
            Self::Slack(command) => SlackClient::new().try_send(url, command).await,
            Self::Api(key, command) => {
                let request = http_client()
                    .post(format!("{url}/api/v1/sweeps"))
                    .bearer_auth(API_TOKEN)
                    .header("idempotency-key", key)
                    .json(&serde_json::json!({"command": command}));
                let response = request.send().await?;
                let status = response.status().as_u16();
                Ok(Answer { status, body: response.text().await? })
            }
        }
    }
}
