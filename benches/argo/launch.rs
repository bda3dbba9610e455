//! How soon an event has its workflow, and how many workflows come to be in a second; beside each what a bare client of
//! the same API server takes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use kube::api::{DeleteParams, DynamicObject, PostParams};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Owner, PEER, create_copies, wait_for};
use crate::figures::{self, milliseconds, quantile};
use crate::tunebot::{Order, Tunebot};
use crate::usage::processor_seconds;

/// Between two events: what follows a launch is over by then.
const APART: Duration = Duration::from_millis(100);

fn events() -> u32 {
    if figures::short() { 20 } else { 300 }
}

/// From one push to its workflow, one at a time; after each, the same by hand.
pub async fn latencies(cluster: &Cluster) -> Result<()> {
    let tunebot = Tunebot::start(cluster, Order { trials: 1, places: 10_000 }, None)?;
    let mut ours = cluster.arrivals(Owner::Tunebot).await?;
    let mut copies = cluster.arrivals(Owner::Benchmark).await?;
    // The first one finds nothing connected and no template known.
    tunebot.push().await?;
    let first = ours.recv().await.context("no workflow came to be")?.name;
    let manifest = cluster.copy_of(&first).await?;
    let mut rows: [Vec<f64>; 5] = Default::default();
    for number in 0..events() {
        tokio::time::sleep(APART).await;
        let begun = Instant::now();
        tunebot.push().await?;
        rows[0].push(milliseconds(begun.elapsed()));
        let arrival = ours.recv().await.context("the watch has ended")?;
        rows[1].push(milliseconds(arrival.at - begun));
        tokio::time::sleep(APART).await;
        let by_hand = ByHand::launch(cluster, &manifest, &format!("by-hand-{number}")).await?;
        let arrival = copies.recv().await.context("the watch has ended")?;
        rows[2].push(milliseconds(by_hand.secret));
        rows[3].push(milliseconds(by_hand.workflow));
        rows[4].push(milliseconds(arrival.at - by_hand.begun));
    }
    tunebot.stop()?;
    let what = [
        "push → acknowledged",
        "**push → workflow seen by a watch**",
        "by hand: Secret created",
        "by hand: workflow created",
        "by hand: both → workflow seen by a watch",
    ];
    let row = |(what, times): (&str, &Vec<f64>)| {
        let figures = [0.5, 0.99, 1.0].map(|share| format!("{:.1} ms", quantile(times, share)));
        [vec![what.to_owned()], figures.to_vec()].concat()
    };
    let rows: Vec<Vec<String>> = what.into_iter().zip(&rows).map(row).collect();
    figures::print(&format!("One trial, {} events, one at a time", events()), &["", "p50", "p99", "longest"], &rows);
    Ok(())
}

/// What the API server itself takes for what a first trial needs: a Secret, then a workflow.
struct ByHand {
    begun: Instant,
    secret: Duration,
    workflow: Duration,
}

impl ByHand {
    async fn launch(cluster: &Cluster, manifest: &Value, name: &str) -> Result<Self> {
        let token = "x".repeat(100);
        let secret: DynamicObject = serde_json::from_value(json!({
            "metadata": {"name": name, "labels": {"tunebot/instance": PEER, "tunebot/sweep": format!("benchmark-{name}")}},
            "stringData": {name: token},
        }))?;
        let mut workflow = manifest.clone();
        workflow["metadata"]["name"] = name.into();
        let workflow: DynamicObject = serde_json::from_value(workflow)?;
        let begun = Instant::now();
        cluster.secrets().create(&PostParams::default(), &secret).await?;
        let secret_at = begun.elapsed();
        cluster.workflows().create(&PostParams::default(), &workflow).await?;
        let workflow = begun.elapsed() - secret_at;
        cluster.secrets().delete(name, &DeleteParams::default()).await?;
        Ok(Self { begun, secret: secret_at, workflow })
    }
}

/// The trials of one sweep, all at once.
pub async fn throughput(cluster: &Cluster) -> Result<()> {
    let (trials, rounds) = if figures::short() { (100, 1) } else { (1_000, 3) };
    let tunebot = Tunebot::start(cluster, Order { trials, places: 10_000 }, None)?;
    let mut table = Vec::new();
    for round in 0..rounds {
        let mut ours = cluster.arrivals(Owner::Tunebot).await?;
        let before = processor_seconds(tunebot.pid())?;
        let pushed = Instant::now();
        tunebot.push().await?;
        let sample = ours.recv().await.context("no workflow came to be")?;
        let (_, last) = wait_for(&mut ours, trials - 1).await?;
        let tunebots = rate(trials, sample.at, last);
        let processor = (processor_seconds(tunebot.pid())? - before) * 1e3 / f64::from(trials);
        let manifest = cluster.copy_of(&sample.name).await?;
        let mut row = vec![tunebots, processor, (last - pushed).as_secs_f64()];
        for width in [1, 16, 64] {
            let mut copies = cluster.arrivals(Owner::Benchmark).await?;
            let prefix = format!("bare-{round}-{width}");
            let (created, seen) =
                tokio::join!(create_copies(cluster, &manifest, &prefix, trials, width), wait_for(&mut copies, trials));
            created?;
            let (first, last) = seen?;
            row.push(rate(trials, first, last));
        }
        row.push(tunebots / row[4]);
        table.push(row);
    }
    tunebot.stop()?;
    print_throughput(trials, &table);
    Ok(())
}

fn rate(count: u32, first: Instant, last: Instant) -> f64 {
    f64::from(count - 1) / (last - first).as_secs_f64()
}

fn print_throughput(trials: u32, table: &[Vec<f64>]) {
    let columns = [
        "round",
        "tunebot: workflows/s",
        "processors, each",
        "from the push to the last",
        "bare client, 1 at a time: /s",
        "16 at a time",
        "64 at a time",
        "tunebot to the bare client, 16",
    ];
    let median = |at: usize| quantile(&table.iter().map(|row| row[at]).collect::<Vec<_>>(), 0.5);
    let medians: Vec<f64> = (0..columns.len() - 1).map(median).collect();
    let shown = |(number, row): (usize, &Vec<f64>)| {
        let name = if number == table.len() { "median".to_owned() } else { (number + 1).to_string() };
        let rates = [3, 4, 5].map(|at| format!("{:.0}", row[at]));
        let own = [format!("{:.0}", row[0]), format!("{:.2} ms", row[1]), format!("{:.1} s", row[2])];
        [vec![name], own.to_vec(), rates.to_vec(), vec![format!("{:.2}", row[6])]].concat()
    };
    let rows: Vec<Vec<String>> = table.iter().chain([&medians]).enumerate().map(shown).collect();
    figures::print(&format!("A sweep of {trials} trials, {trials} at a time"), &columns, &rows);
}
