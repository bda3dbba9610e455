//! A thousand sweeps end within a minute. All that is to be said about them is said, each once and in its own thread, and
//! neither service ever has to say "too many".
//!
//! The loops run in this process, with the real clients against the fakes; the engine is in memory, so that the sweeps end
//! as fast as they can be started. The limits of the fakes and the pace of the clients are both [`FASTER`] than the real
//! ones: what matters is that they keep step. The sweeps have one trial each, which makes no chart: to draw a thousand of them
//! would be a test of the processor.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tunebot::config::{self, Config, Purpose};
use tunebot::domain::effect::Lane;
use tunebot::domain::event::{Event, EventKey, EventKind, Given, SlashCommand, Source};
use tunebot::domain::ids::EngineName;
use tunebot::domain::sweep::Service;
use tunebot::engine::Engine;
use tunebot::ingress;
use tunebot::notify::Notifier;
use tunebot::notify::github::{Github, GithubAuth, GithubNotifier, GithubPace, GithubSettings};
use tunebot::notify::links::Links;
use tunebot::notify::slack::{PaceLimits, SlackNotifier, SlackSettings};
use tunebot::runtime::availability::Availability;
use tunebot::runtime::perform::Performer;
use tunebot::runtime::reconciler::Reconciler;
use tunebot::runtime::{Engines, Notifiers, dispatcher, observer, relay};
use tunebot::store::{EventState, Store};
use tunebot::telemetry::Metrics;

use crate::crash::inside::world::{Trials, World};
use crate::support::config::{ConfigFolder, Tuning, on_pull_request};
use crate::support::fault::Rate;
use crate::support::github::{APP_ID, APP_KEY, Delivery, FakeGithub};
use crate::support::slack::{Author, BOT_TOKEN, FakeSlack, Limits, Message};
use crate::support::watched::PATIENCE;

/// How much faster than the real ones limits and pace are.
const FASTER: u32 = 200;
const CHANNELS: usize = 20;
const IN_SLACK: usize = 700;
const PULL_REQUESTS: usize = 300;
const MODELS: &str = "acme/models";

fn configure(slack: &FakeSlack, github: &FakeGithub) -> Arc<Config> {
    let folder = ConfigFolder::new()
        .slack(slack)
        .github(github)
        .tuning("quick", Tuning::quadratic().trials(1))
        .trigger("on-pr", on_pull_request(MODELS, "quick"))
        .set("/engines/local/local/parallel", 64);
    let variable = |name: &str| folder.environment().get(name).cloned();
    let loaded = config::load(&[folder.write()], &variable, Purpose::Serve);
    Arc::new(loaded.unwrap_or_else(|problems| panic!("{}", config::render(&problems))).config)
}

fn faster(rate: Rate) -> Rate {
    Rate { burst: rate.burst, per_minute: rate.per_minute * FASTER }
}

fn command(number: usize) -> Event {
    let kind = EventKind::SlashCommand(SlashCommand {
        team: "T1".into(),
        channel: channel(number % CHANNELS),
        user: "U0MIKA0001".into(),
        user_name: "mika".into(),
        text: "quick".into(),
        thread: None,
        given: Given::Slash,
    });
    let key = EventKey { source: Source::Slack, delivery: format!("command-{number}") };
    Event { key, received_at: Timestamp::now(), kind }
}

fn channel(number: usize) -> String {
    format!("C0BUSY{number:04}")
}

fn event_of(delivery: &Delivery) -> Event {
    let headers = ingress::github::Headers { event: delivery.event, delivery: &delivery.id };
    ingress::github::parse(headers, &delivery.body, Timestamp::now()).expect("a delivery is readable")
}

/// The clients as the program makes them, but faster.
fn notifiers(slack: &FakeSlack, github: &Arc<Github>) -> Notifiers {
    let slack = SlackNotifier::new(
        SlackSettings {
            api_url: slack.api_url().parse().expect("a URL"),
            bot_token: BOT_TOKEN.into(),
            pace: PaceLimits {
                posts_per_second: FASTER,
                edits_per_minute: 50 * FASTER,
                uploads_per_minute: 100 * FASTER,
            },
        },
        Links::default(),
    );
    let slack: Arc<dyn Notifier> = Arc::new(slack.expect("a client"));
    let github: Arc<dyn Notifier> = Arc::new(GithubNotifier::new(Arc::clone(github), Links::default()));
    Arc::new(BTreeMap::from([(Service::Slack, slack), (Service::Github, github)]))
}

fn client(github: &FakeGithub) -> Arc<Github> {
    let settings = GithubSettings {
        api_url: github.api_url().parse().expect("a URL"),
        auth: GithubAuth::App { id: APP_ID, private_key: APP_KEY.into() },
        pace: GithubPace { writes_per_minute: 80 * FASTER, writes_per_hour: 500 * FASTER },
    };
    Arc::new(Github::new(settings).expect("a client"))
}

fn start_loops(store: &Store, config: Arc<Config>, notifiers: Notifiers, github: Arc<Github>) {
    let (sender, config) = watch::channel(config);
    // Kept as long as the loops listen.
    tokio::spawn(async move { sender.closed().await });
    let metrics = Arc::new(Metrics::new(Timestamp::now(), "test"));
    let name: EngineName = "local".parse().expect("a name");
    let engine: Arc<dyn Engine> = Arc::new(World::new(Trials::GoOn).link());
    let engines: Engines = Arc::new(BTreeMap::from([(name.clone(), Arc::clone(&engine))]));
    let cancel = CancellationToken::new;
    tokio::spawn(dispatcher::run(store.clone(), config.clone(), Some(github), Arc::clone(&metrics), cancel()));
    let availability = Availability::new(Arc::clone(&metrics));
    let (shared, counted) = (Arc::clone(&engines), Arc::clone(&metrics));
    tokio::spawn(Reconciler::new(store.clone(), config.clone(), shared, counted, availability.clone()).run(cancel()));
    let performer = Arc::new(Performer::new(store.clone(), config, engines, notifiers, metrics));
    let services = [Lane::Service(Service::Slack), Lane::Pictures(Service::Slack), Lane::Service(Service::Github)];
    for lane in services.into_iter().chain([Lane::Engine(name.clone())]) {
        tokio::spawn(relay::run(lane, store.clone(), Arc::clone(&performer), cancel()));
    }
    tokio::spawn(observer::run(name, engine, store.clone(), availability, cancel()));
}

/// Nothing is left to decide, to run or to say.
async fn is_settled(store: &Store) -> bool {
    let counts = store.counts().await.expect("the store can be read");
    counts.events.iter().all(|count| matches!(count.state, EventState::Done | EventState::Dead))
        && store.unfinished_sweeps().await.expect("the store can be read").is_empty()
        && store.counts().await.expect("the store can be read").outbox.iter().all(|lane| lane.depth == 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sweeps_end_at_once_and_all_is_said_once_within_every_limit() {
    let (slack, github) = (FakeSlack::start().await, FakeGithub::start().await);
    let Limits { posts, updates, reads, uploads } = Limits::default();
    slack.set_limits(Limits {
        posts: faster(posts),
        updates: faster(updates),
        reads: faster(reads),
        uploads: faster(uploads),
    });
    github.limit_content_writes(80 * FASTER);
    for number in 0..CHANNELS {
        slack.open_channel(&channel(number), &format!("busy-{number}"));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("tunebot.db")).await.expect("a store");
    let api = client(&github);
    start_loops(&store, configure(&slack, &github), notifiers(&slack, &api), Arc::clone(&api));
    let models = github.repository(MODELS);
    let pulls: Vec<_> =
        (0..PULL_REQUESTS).map(|number| models.open_pull_request(&format!("branch-{number}"), "Faster")).collect();
    for (_, delivery) in &pulls {
        store.accept(&event_of(delivery)).await.expect("an event is taken");
    }
    for number in 0..IN_SLACK {
        store.accept(&command(number)).await.expect("an event is taken");
    }
    let settled = async {
        while !is_settled(&store).await {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(10 * PATIENCE, settled).await.expect("all is said in the end");

    let dead: u64 = store.counts().await.expect("the store").outbox.iter().map(|lane| lane.dead).sum();
    assert_eq!(dead, 0, "messages that were given up");
    assert_eq!(slack.read(|workspace| workspace.violations), 0, "Slack had to say \"too many\"");
    assert_eq!(github.read(|world| world.violations), 0, "GitHub had to say \"too many\"");
    let mut told = 0;
    for number in 0..CHANNELS {
        let messages = slack.messages(&channel(number));
        let own = |message: &&Message| message.author == Author::App && message.thread_ts.is_none();
        for message in messages.iter().filter(own) {
            let text = slack.read(|workspace| workspace.shown(message));
            assert!(text.contains("1 trial in"), "the message is in its final form: {text}");
            let in_thread = messages.iter().filter(|reply| reply.thread_ts.as_ref() == Some(&message.ts));
            let mentions = in_thread.filter(|reply| slack.read(|workspace| workspace.shown(reply)).contains("@mika"));
            assert_eq!(mentions.count(), 1, "one line that mentions the asker, in the sweep's own thread");
            told += 1;
        }
    }
    assert_eq!(told, IN_SLACK);
    for (pull, _) in &pulls {
        let comments = pull.comments();
        assert_eq!(comments.len(), 1, "{}", pull.render());
        assert!(comments[0].body().contains("1 done"), "{}", comments[0].body());
        let runs = models.checks(&pull.head());
        assert!(matches!(runs.as_slice(), [run] if run.status == "completed"), "{}", pull.render());
    }
}
