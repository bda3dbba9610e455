//! The server is killed at random moments, over and over, while everything goes on around it.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::{Semaphore, watch};

use super::aftermath;
use super::dice::Dice;
use super::traffic::{REPOSITORY, Traffic};
use crate::support::config::{ConfigFolder, Tuning, on_pull_request, on_push};
use crate::support::github::FakeGithub;
use crate::support::server::Tunebot;
use crate::support::slack::{FakeSlack, Limits, NIGHTLY, TUNING};

const KILLS: usize = 200;
/// Deliveries in all, spread over the kills.
const DELIVERIES: usize = 100;

/// Five steps within some fifty milliseconds.
const SHORT_STEPS: &str = r#"
awk -v x="$1" 'BEGIN {
  for (i = 1; i <= 5; i++) {
    printf "{\"step\": %d, \"loss\": %.6f}\n", i, (x - 0.3) ^ 2 + 1 / i - 0.2
    fflush(); system("sleep 0.008")
  }
}'
"#;

fn config(slack: &FakeSlack, github: &FakeGithub) -> ConfigFolder {
    let search = json!({"sampler": "tpe", "seed": 7, "startup_trials": 4,
                        "pruner": {"median": {"startup_trials": 3, "warmup_steps": 1}}});
    let tuning = Tuning::running(SHORT_STEPS).trials(10).parallel(2).repository(REPOSITORY).set("/search", search);
    let mut on_main = on_push(REPOSITORY, "main", "steps");
    on_main["on_newer"] = "keep".into();
    on_main["channel"] = TUNING.into();
    let every_nine_seconds = json!({"cron": "*/9 * * * * *", "tuning": "steps", "overlap": "allow",
                                    "with": {"trials": 4}, "channel": NIGHTLY});
    ConfigFolder::new()
        .slack(slack)
        .github(github)
        .tuning("steps", tuning)
        .trigger("on-main", on_main)
        .trigger("on-pull-request", on_pull_request(REPOSITORY, "steps"))
        .schedule("often", every_nine_seconds)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_lose_nothing_repeat_nothing_and_leave_nothing_behind() {
    let mut dice = Dice::from_environment();
    let (slack, github) = (FakeSlack::start().await, FakeGithub::start().await);
    slack.set_limits(Limits::NONE);
    github.limit_content_writes(u32::MAX);
    let mut traffic = Traffic::new(&github);
    let mut tunebot = Tunebot::start(config(&slack, &github)).await;

    let (address, mut addresses) = watch::channel(None);
    let permits = Semaphore::new(0);
    let mut events = Dice::new(dice.below(u64::MAX));
    let sending = async {
        for _ in 0..DELIVERIES {
            permits.acquire().await.expect("the semaphore stays open").forget();
            traffic.send_one(&mut events, &mut addresses).await;
        }
    };
    let killing = async {
        let mut starts = Vec::with_capacity(KILLS);
        for kill in 0..KILLS {
            permits.add_permits((kill + 1) * DELIVERIES / KILLS - kill * DELIVERIES / KILLS);
            if kill > 0 && dice.percent(20) {
                tunebot.launch();
                tokio::time::sleep(Duration::from_millis(dice.below(120))).await;
            } else {
                if kill > 0 {
                    let launched = Instant::now();
                    tunebot.start_again().await;
                    starts.push(launched.elapsed());
                }
                address.send_replace(Some(tunebot.url().to_owned()));
                let longest = if dice.percent(30) { 60 } else { 320 };
                tokio::time::sleep(Duration::from_millis(dice.below(longest))).await;
            }
            tunebot.kill().await;
            address.send_replace(None);
        }
        // From now on in peace. Schedules stop, or it would never be quiet.
        tunebot.config_mut().change("/schedules", json!([]));
        tunebot.start_again().await;
        address.send_replace(Some(tunebot.url().to_owned()));
        starts
    };
    let begun = Instant::now();
    let ((), mut starts) = tokio::join!(sending, killing);
    let killing = begun.elapsed();
    aftermath::wait_until_settled(&tunebot).await;
    tunebot.stop().await;
    tunebot.nothing_is_left_running().await;
    let figures = aftermath::check(tunebot.config(), &slack, &github, &traffic.acknowledged).await;
    starts.sort_unstable();
    eprintln!(
        "{KILLS} kills in {killing:.1?}, settled after {:.1?}; {} deliveries sent {} times more, {figures}; median start to \
         ready {:?}",
        begun.elapsed(),
        traffic.acknowledged.len(),
        traffic.repeated,
        starts[starts.len() / 2],
    );
}
