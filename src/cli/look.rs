//! `tunebot explain`, `status` and `best`: look into a store, also beside a running server.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tunebot::domain::event::Source;
use tunebot::domain::ids::{EventId, SweepId, TuningName};
use tunebot::domain::report::Report;
use tunebot::ingress;
use tunebot::notify::text;
use tunebot::store::{EventRecord, Store, SweepFilter};

use super::output::print;
use super::{ConfigOption, load_for_here};

/// Which store to look into.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreOption {
    #[command(flatten)]
    config: ConfigOption,
    /// The store's file, instead of the one that the configuration names
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

impl StoreOption {
    pub(super) async fn open(&self) -> Result<Store> {
        let path = match &self.store {
            Some(path) => path.clone(),
            None => load_for_here(&self.config)?.store.path,
        };
        Store::open_read_only(&path).await.with_context(|| format!("{} cannot be read", path.display()))
    }
}

#[derive(Debug, clap::Args)]
pub struct Explain {
    /// The event's number, or a delivery id of GitHub; without it, the last events
    event: Option<String>,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, clap::Args)]
pub struct Status {
    /// A sweep's id; without it, the last sweeps
    sweep: Option<SweepId>,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, clap::Args)]
pub struct Best {
    /// A sweep's id or a tuning's name
    of: String,
    #[command(flatten)]
    store: StoreOption,
}

/// Events and sweeps that a list shows.
const LISTED: u32 = 20;

pub async fn explain(options: Explain) -> Result<ExitCode> {
    let store = options.store.open().await?;
    let Some(wanted) = options.event else {
        for record in store.recent_events(LISTED).await? {
            print(event_line(&record))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let record = match wanted.parse() {
        Ok(number) => store.event(EventId(number)).await?,
        Err(_) => by_delivery(&store, &wanted).await?,
    };
    let Some(record) = record else {
        bail!("there is no event {wanted} in this store: `tunebot explain` lists the last ones");
    };
    print(event_line(&record))?;
    if let Some(error) = &record.error {
        print(format_args!("  last error: {error}"))?;
    }
    for decision in &record.decisions {
        let sweep = decision.sweep.as_ref().map(|sweep| format!(" ({sweep})")).unwrap_or_default();
        print(format_args!("  {}: {}{sweep}: {}", decision.by, decision.verdict.name(), decision.reason))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn by_delivery(store: &Store, delivery: &str) -> Result<Option<EventRecord>> {
    for source in Source::ALL {
        let record = store.event_by_delivery(source, delivery).await?;
        if record.is_some() {
            return Ok(record);
        }
    }
    Ok(None)
}

fn event_line(record: &EventRecord) -> String {
    let received = record.event.received_at.strftime("%Y-%m-%d %H:%M:%S");
    format!("{:>6}  {received}  {}  {}", record.id, record.state.name(), ingress::describe(&record.event.kind))
}

pub async fn status(options: Status) -> Result<ExitCode> {
    let store = options.store.open().await?;
    match options.sweep {
        Some(sweep) => print(text::status(&report_of(&store, &sweep).await?))?,
        None => {
            let sweeps = store.list_sweeps(SweepFilter { limit: LISTED, ..SweepFilter::default() }).await?;
            if sweeps.is_empty() {
                print("no sweeps yet")?;
            }
            for sweep in &sweeps {
                match &sweep.report {
                    Some(report) => print(text::glance(report))?,
                    None => print(format_args!("{}  has just been asked for", sweep.id))?,
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn best(options: Best) -> Result<ExitCode> {
    let store = options.store.open().await?;
    let report = match options.of.parse::<SweepId>() {
        Ok(sweep) => report_of(&store, &sweep).await?,
        Err(_) => last_report_of(&store, &options.of).await?,
    };
    if report.best().is_none() {
        bail!("{} has no finished trial yet", report.sweep);
    }
    print(format_args!("{}\n  {}\n{}", text::header(&report), text::progress(&report), text::best(&report)))?;
    Ok(ExitCode::SUCCESS)
}

async fn report_of(store: &Store, sweep: &SweepId) -> Result<Report> {
    let stored = store.load_sweep(sweep).await?;
    let stored =
        stored.with_context(|| format!("there is no sweep {sweep} in this store: `tunebot status` lists them"))?;
    stored.report.with_context(|| format!("{sweep} has just been asked for; there is nothing to say about it yet"))
}

/// The newest sweep of the tuning that has a result.
async fn last_report_of(store: &Store, tuning: &str) -> Result<Report> {
    let tuning: TuningName = tuning.parse().with_context(|| format!("{tuning} is neither a sweep nor a tuning"))?;
    let filter = SweepFilter { tuning: Some(tuning.clone()), limit: LISTED, ..SweepFilter::default() };
    let reports = store.list_sweeps(filter).await?.into_iter().filter_map(|sweep| sweep.report);
    let with_result = reports.into_iter().find(|report| report.best().is_some());
    with_result.with_context(|| format!("no sweep of {tuning} in this store has a result yet"))
}
