//! `tunebot export` and `import`: sweeps to and from files, also beside a running server.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tunebot::domain::decision::{Decision, Verdict};
use tunebot::domain::detail::Told;
use tunebot::domain::event::{self, Event, EventKey, EventKind, Source};
use tunebot::domain::ids::{EventId, Repository, SweepId, TuningName};
use tunebot::domain::sweep::{Code, Origin, Outcome, Sweep, SweepState};
use tunebot::domain::tuning::Tuning;
use tunebot::exchange::{self, Exported, Fitted, Study, csv, jsonl, optuna};
use tunebot::plan::snapshot::Snapshot;
use tunebot::plan::summary;
use tunebot::store::{self, Imported, Store, StoreError};

use super::look::StoreOption;
use super::output::print;
use super::{ConfigOption, load_for_here};

/// Refused trials that are shown; of the others only the number.
const SHOWN: usize = 10;
/// Ids are six letters: that as many are taken in a row does not happen.
const MOST_SALTS: u32 = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An SQLite file of Optuna 5 with one study, named like the sweep
    Optuna,
    /// A table: a row for each trial, without what it reported by step
    Csv,
    /// JSON lines: a header, then a line for each trial, without any loss
    Jsonl,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    /// The sweep's id; `tunebot status` lists them
    sweep: SweepId,
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write, which must not be there yet; without it, standard output (not for optuna)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, clap::Args)]
pub struct Import {
    /// An SQLite file of Optuna, a table (CSV) or JSON lines
    file: PathBuf,
    /// The tuning that the trials are of: each is checked against its space and its objectives
    #[arg(long, value_name = "NAME")]
    tuning: TuningName,
    /// The study in an SQLite file of Optuna; needed if there are several
    #[arg(long, value_name = "NAME")]
    study: Option<String>,
    /// What the file is; without it, its content tells
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Show what would happen, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The repository (owner/name) that it counts as run on: then it may become the baseline of pull requests. Without
    /// it, the sweep belongs to no repository and is no baseline for one
    #[arg(long, value_name = "OWNER/NAME", requires = "branch")]
    repository: Option<Repository>,
    /// The branch that goes with --repository
    #[arg(long, value_name = "NAME", requires = "repository")]
    branch: Option<String>,
    #[command(flatten)]
    config: ConfigOption,
    /// The store's file, instead of the one that the configuration names
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

pub async fn export(options: Export) -> Result<ExitCode> {
    let store = options.store.open().await?;
    let id = &options.sweep;
    let stored = store.load_sweep(id).await?;
    let sweep =
        stored.with_context(|| format!("there is no sweep {id} in this store: `tunebot status` lists them"))?.sweep;
    let trials = store.load_trials(id).await?;
    if trials.is_empty() && sweep.state == SweepState::Finished {
        bail!("{id} has no trials in this store any longer: they are kept as long as `store.keep_trials` says");
    }
    let exported = Exported { sweep: &sweep, trials: &trials };
    match (options.format, &options.out) {
        (Format::Optuna, None) => bail!("an SQLite file cannot go to standard output: name it with --out FILE"),
        (Format::Optuna, Some(path)) => optuna::write(path, exported).await?,
        (Format::Csv, out) => put(out.as_deref(), &csv::write(exported))?,
        (Format::Jsonl, out) => put(out.as_deref(), &jsonl::write(exported)?)?,
    }
    if let Some(path) = &options.out {
        print(format_args!("{}: {} of {id}", path.display(), count(trials.len(), "trial")))?;
        if options.format == Format::Optuna {
            print(format_args!(
                "Open it with optuna.load_study(study_name=\"{id}\", storage=\"sqlite:///{}\") or `optuna-dashboard sqlite:///{0}`.",
                path.display()
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn put(path: Option<&Path>, text: &str) -> Result<()> {
    let Some(path) = path else { return print(text.trim_end_matches(['\r', '\n'])) };
    let mut file = File::create_new(path).with_context(|| {
        format!("{} cannot be made: name another file with --out, or remove it if it is there", path.display())
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))
}

pub async fn import(options: Import) -> Result<ExitCode> {
    let config = load_for_here(&options.config)?;
    let Some(tuning) = config.rules.tunings.get(&options.tuning) else {
        let known: Vec<&str> = config.rules.tunings.keys().map(TuningName::as_str).collect();
        bail!("there is no tuning {} in the configuration: it has {}", options.tuning, known.join(", "));
    };
    let now = Timestamp::now();
    let shown = options.file.display();
    let study = read(&options).await.with_context(|| format!("{shown} was not imported"))?;
    let fitted = exchange::fit(&study, tuning, now).with_context(|| format!("{shown} was not imported"))?;
    tell(&fitted)?;
    if fitted.trials.is_empty() {
        bail!(
            "none of the {} of {shown} fits the tuning {}: nothing was written",
            count(study.entries.len(), "trial"),
            tuning.name
        );
    }
    let path = options.store.clone().unwrap_or(config.store.path);
    let origin = Origin::Import {
        file: options.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        study: study.name.clone(),
        content: study.digest(),
    };
    let code = options.repository.clone().zip(options.branch.clone()).map(|(repository, branch)| Code {
        repository,
        reference: branch.clone(),
        sha: None,
        pull_request: None,
        fork: false,
        base_branch: branch,
    });
    let fits = count(fitted.trials.len(), "trial");
    let sweep = sweep(tuning, origin, code, fitted.trials.len() as u32, now);
    if options.dry_run {
        print(format_args!(
            "{fits} would become a finished sweep of {} in {}; nothing was written",
            tuning.name,
            path.display()
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = open(&path).await?;
    let written = write(&store, sweep, fitted).await;
    store.close().await;
    match written? {
        (id, Imported::New) => print(format_args!("{fits} imported as {id}. Look at it: tunebot status {id}"))?,
        (_, Imported::Already(id)) => print(format_args!("this was imported already, as {id}: nothing was written"))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(options: &Import) -> Result<Study> {
    let Import { file, study, .. } = options;
    let format = match options.format {
        Some(format) => format,
        None => guess(file)?,
    };
    if study.is_some() && format != Format::Optuna {
        bail!("--study is for the SQLite files of Optuna: leave it out");
    }
    let text = || std::fs::read_to_string(file).context("it cannot be read as text");
    Ok(match format {
        Format::Optuna => optuna::read(file, study.as_deref(), &TimeZone::system()).await?,
        Format::Csv => csv::read(&text()?)?,
        Format::Jsonl => jsonl::read(&text()?)?,
    })
}

/// What the file is, by its first bytes.
fn guess(path: &Path) -> Result<Format> {
    let mut first = Vec::new();
    let file = File::open(path).context("it cannot be opened")?;
    file.take(64).read_to_end(&mut first).context("it cannot be read")?;
    Ok(if first.starts_with(b"SQLite format 3\0") {
        Format::Optuna
    } else if first.trim_ascii_start().starts_with(b"{") {
        Format::Jsonl
    } else {
        Format::Csv
    })
}

fn tell(fitted: &Fitted) -> Result<()> {
    for remark in &fitted.remarks {
        print(format_args!("note: {remark}"))?;
    }
    for refused in fitted.refused.iter().take(SHOWN) {
        print(format_args!("refused: trial {}: {}", refused.number, refused.reason))?;
    }
    if let Some(more) = fitted.refused.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        print(format_args!("refused: {more} more"))?;
    }
    Ok(())
}

/// A sweep that began and ended when it was imported: its trials have their own times.
fn sweep(tuning: &Tuning, origin: Origin, code: Option<Code>, trials: u32, now: Timestamp) -> Sweep {
    let mut tuning = tuning.clone();
    tuning.limits.trials = trials;
    // What was tried first is history.
    tuning.search.first.clear();
    tuning.search.warm_start = None;
    Sweep {
        id: SweepId::derive(&tuning.name, "import", 0),
        event: EventId(0),
        trigger: None,
        seed: tuning.search.seed.unwrap_or_default(),
        tuning,
        overrides: Vec::new(),
        origin,
        code,
        group: None,
        waits_for_group: false,
        destinations: Vec::new(),
        baseline: None,
        estimate: None,
        starts_from: None,
        state: SweepState::Finished,
        created_at: now,
        started_at: Some(now),
        ended_at: Some(now),
        outcome: Some(Outcome::Imported),
        reported_at: Some(now),
        told: Told::default(),
    }
}

/// For itself alone or, if a server has it, beside that.
async fn open(path: &Path) -> Result<Store> {
    let opened = match Store::open(path).await {
        Err(StoreError::Locked { .. }) => Store::open_beside(path).await,
        other => other,
    };
    opened.with_context(|| format!("{} cannot be opened for writing", path.display()))
}

async fn write(store: &Store, sweep: Sweep, fitted: Fitted) -> Result<(SweepId, Imported)> {
    let Origin::Import { file, study, content } = &sweep.origin else { bail!("the sweep is not an import") };
    let place = sweep.code.as_ref().map(|code| format!("{}@{}", code.repository, code.reference)).unwrap_or_default();
    let delivery = format!("import/{}/{place}/{content}", sweep.tuning.name);
    let event = Event {
        key: EventKey { source: Source::Api, delivery: delivery.clone() },
        received_at: sweep.created_at,
        kind: EventKind::Import(event::Import {
            file: file.clone(),
            study: study.clone(),
            tuning: sweep.tuning.name.clone(),
        }),
    };
    for salt in 0..MOST_SALTS {
        let sweep = Sweep { id: SweepId::derive(&sweep.tuning.name, &delivery, salt), ..sweep.clone() };
        let id = sweep.id.clone();
        let reason = format!("{} of {file} taken over, {} refused", fitted.trials.len(), fitted.refused.len());
        let decision = Decision { by: "import".to_owned(), verdict: Verdict::Started, reason, sweep: Some(id.clone()) };
        let report = summary::report(&Snapshot::load(sweep.clone(), fitted.trials.clone()), None, sweep.created_at);
        let import = store::Import { event: event.clone(), decision, sweep, trials: fitted.trials.clone(), report };
        match store.import(import).await {
            Err(StoreError::SweepIdTaken(_)) => {}
            other => return Ok((id, other?)),
        }
    }
    bail!("no free id was found for the sweep: try again")
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
