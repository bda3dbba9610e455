//! Ten thousand running workflows: what it takes to watch them, and to list them anew while events come in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::TryStreamExt;
use kube::api::ListParams;

use crate::cluster::{Arrival, Cluster, Owner, of_the_benchmark, server};
use crate::figures::{self, milliseconds, quantile};
use crate::process::memory;
use crate::push::{Pace, Push, paced};
use crate::status;
use crate::tunebot::{Order, Tunebot};
use crate::usage::processor_seconds;
use crate::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(300);
/// Status patches: under way at a time, and a second at most.
const WIDTH: usize = 8;
const PATCHES_PER_SECOND: u32 = 250;
/// tunebot has nothing left to do when it takes less than this share of a processor.
const AT_REST: f64 = 0.05;
/// As the watcher lists.
const PAGE: u32 = 500;
/// Pushes during a relist.
const PUSHES: Pace = Pace { per_second: 50, connections: 8, length: Duration::from_secs(20) };

fn workflows() -> u32 {
    if figures::short() { 300 } else { 10_000 }
}

/// One tunebot with so many workflows: first watched, then listed again.
pub async fn measure(cluster: &Cluster) -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let wire = Wire::to(&server()?).await?;
    let kubeconfig = cluster.kubeconfig_by_way_of(wire.address, folder.path())?;
    let order = Order { trials: workflows(), places: workflows() };
    let mut tunebot = Tunebot::start(cluster, order, Some(kubeconfig))?;
    watched(cluster, &tunebot).await?;
    relisted(cluster, &mut tunebot, &wire).await?;
    tunebot.stop()
}

async fn watched(cluster: &Cluster, tunebot: &Tunebot) -> Result<()> {
    let mut rows = Vec::new();
    let mut stretch = Stretch::begin(tunebot)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rows.push(stretch.end("nothing to do")?);
    stretch = Stretch::begin(tunebot)?;
    let names = launch_all(cluster, tunebot).await?;
    rest(tunebot).await?;
    rows.push(stretch.end(&format!("{} workflows are created", names.len()))?);
    stretch = Stretch::begin(tunebot)?;
    let bytes = patch_all(cluster, &names).await?;
    rest(tunebot).await?;
    rows.push(stretch.end(&format!("each gets a status of {:.1} KB", bytes as f64 / 1e3))?);
    stretch = Stretch::begin(tunebot)?;
    tokio::time::sleep(Duration::from_secs(if figures::short() { 2 } else { 30 })).await;
    rows.push(stretch.end("all run and nothing changes")?);
    let title = format!("{} running workflows", workflows());
    figures::print(&title, &["", "took", "processors", "resident at its end", "peak"], &rows);
    Ok(())
}

/// A part of a run and what tunebot takes for it.
struct Stretch {
    pid: u32,
    begun: Instant,
    processor: f64,
}

impl Stretch {
    fn begin(tunebot: &Tunebot) -> Result<Self> {
        let pid = tunebot.pid();
        // From here on the peak is that of this stretch.
        std::fs::write(format!("/proc/{pid}/clear_refs"), "5")?;
        Ok(Self { pid, begun: Instant::now(), processor: processor_seconds(pid)? })
    }

    fn end(self, what: &str) -> Result<Vec<String>> {
        let processor = processor_seconds(self.pid)? - self.processor;
        Ok(vec![
            what.to_owned(),
            format!("{:.1} s", self.begun.elapsed().as_secs_f64()),
            format!("{processor:.2} s"),
            format!("{:.0} MB", memory(self.pid, "VmRSS")?),
            format!("{:.0} MB", memory(self.pid, "VmHWM")?),
        ])
    }
}

/// One sweep, all of it at once; returns the names of the workflows.
async fn launch_all(cluster: &Cluster, tunebot: &Tunebot) -> Result<Vec<String>> {
    let mut arrivals = cluster.arrivals(Owner::Tunebot).await?;
    tunebot.push().await?;
    let mut names = Vec::new();
    while names.len() < workflows() as usize {
        let arrival = tokio::time::timeout(PATIENCE, arrivals.recv()).await.ok().flatten();
        let Arrival { name, .. } = arrival.with_context(|| format!("{} workflows came to be, no more", names.len()))?;
        names.push(name);
    }
    Ok(names)
}

/// Gives each a running status, at a bounded pace; returns the size of one.
async fn patch_all(cluster: &Cluster, names: &[String]) -> Result<usize> {
    let begun = tokio::time::Instant::now();
    let patches = names.iter().zip(0_u32..).map(|(name, number)| async move {
        tokio::time::sleep_until(begun + Duration::from_secs(1) / PATCHES_PER_SECOND * number).await;
        cluster.patch_status(name, &status::running(name)).await
    });
    futures_util::StreamExt::buffer_unordered(futures_util::stream::iter(patches), WIDTH).try_collect::<()>().await?;
    let size = status::running(names.first().context("no workflows")?).to_string().len();
    ensure!((3_000..5_000).contains(&size), "a status of {size} bytes is not what Argo writes for a small workflow");
    Ok(size)
}

/// Waits until tunebot has nothing left to do.
async fn rest(tunebot: &Tunebot) -> Result<()> {
    let begun = Instant::now();
    loop {
        let before = processor_seconds(tunebot.pid())?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if processor_seconds(tunebot.pid())? - before < AT_REST {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "tunebot is not at rest after {PATIENCE:?}");
    }
}

/// The connection breaks while pushes come in, again and again.
async fn relisted(cluster: &Cluster, tunebot: &mut Tunebot, wire: &Wire) -> Result<()> {
    // No trigger is for this branch: what is measured is the receiver.
    let push = Arc::new(Push::to("elsewhere"));
    let rounds = if figures::short() { 1 } else { 3 };
    let mut rows = Vec::new();
    for _ in 0..rounds {
        let bare = bare_list(cluster).await?;
        let calm = paced(tunebot.address, &push, Pace { length: Duration::from_secs(5), ..PUSHES }).await?;
        let stretch = Stretch::begin(tunebot)?;
        let address = tunebot.address;
        let (sent, relist) = tokio::join!(paced(address, &push, PUSHES), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let cut = Instant::now();
            wire.cut();
            let listed = tunebot.logged("listed again").await?;
            anyhow::Ok((cut, listed))
        });
        let (cut, listed) = relist?;
        let during: Vec<_> = sent?.into_iter().filter(|(due, _)| (cut..listed).contains(due)).collect();
        rest(tunebot).await?;
        let of = |sent: &[(Instant, f64)], share| {
            quantile(&sent.iter().map(|(_, milliseconds)| *milliseconds).collect::<Vec<_>>(), share)
        };
        let peak = memory(stretch.pid, "VmHWM")?;
        let times = [milliseconds(bare) / 1e3, (listed - cut).as_secs_f64()];
        let receiver = [of(&calm, 0.5), of(&calm, 0.99), of(&during, 0.5), of(&during, 0.99), of(&during, 1.0)];
        rows.push([times.as_slice(), &receiver, &[peak]].concat());
    }
    print_relists(&rows);
    Ok(())
}

/// How long the API server takes for the same list, read and thrown away.
async fn bare_list(cluster: &Cluster) -> Result<Duration> {
    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{}/workflows", cluster.namespace);
    let (mut next, begun) = (None, Instant::now());
    loop {
        let mut params = ListParams::default().labels(&of_the_benchmark()).limit(PAGE);
        params.continue_token = next;
        let request = kube::core::Request::new(&path).list(&params)?;
        let page: Page = cluster.client.request(request).await?;
        next = page.metadata.next.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(begun.elapsed());
        }
    }
}

/// Nothing of a list but where it goes on.
#[derive(serde::Deserialize)]
struct Page {
    metadata: PageMetadata,
}

#[derive(serde::Deserialize)]
struct PageMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

fn print_relists(rows: &[Vec<f64>]) {
    let columns = [
        "round",
        "list by a bare client",
        "cut → all listed",
        "calm: p50",
        "p99",
        "during the relist: p50",
        "p99",
        "longest",
        "peak memory",
    ];
    let median = |at: usize| quantile(&rows.iter().map(|row| row[at]).collect::<Vec<_>>(), 0.5);
    let medians: Vec<f64> = (0..columns.len() - 1).map(median).collect();
    let shown = |(number, row): (usize, &Vec<f64>)| {
        let name = if number == rows.len() { "median".to_owned() } else { (number + 1).to_string() };
        let times = row[..2].iter().map(|seconds| format!("{seconds:.2} s"));
        let receiver = row[2..7].iter().map(|milliseconds| format!("{milliseconds:.1} ms"));
        [name].into_iter().chain(times).chain(receiver).chain([format!("{:.0} MB", row[7])]).collect()
    };
    let shown: Vec<Vec<String>> = rows.iter().chain([&medians]).enumerate().map(shown).collect();
    let title = format!("A relist of {} workflows, {} pushes/s all the while", workflows(), PUSHES.per_second);
    figures::print(&title, &columns, &shown);
}
