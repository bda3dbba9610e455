//! `tunebot chart`: pictures of a sweep from the store, also beside a running server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::builder::PossibleValuesParser;
use tunebot::charts::{self, Format, Kind, Picture};
use tunebot::domain::ids::{SweepId, TuningName};
use tunebot::plan::importance;
use tunebot::store::{Store, SweepFilter};

use super::look::StoreOption;
use super::output::print;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// A sweep's id, or a tuning's name for its newest sweep
    of: String,
    #[arg(
        long,
        default_value = "all",
        value_parser = PossibleValuesParser::new(["all", "history", "importance", "slices", "parallel", "pareto", "curves"]),
        help = "What is shown; `all` leaves out what the sweep has nothing of"
    )]
    kind: String,
    /// A folder for files named after the sweep, or, of one kind, a file that ends in .svg or .png
    #[arg(long, value_name = "PATH", default_value = ".")]
    out: PathBuf,
    #[arg(long, default_value = "svg", value_parser = PossibleValuesParser::new(["svg", "png"]), help = "In a folder")]
    format: String,
    #[command(flatten)]
    store: StoreOption,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let kind = Kind::named(&options.kind);
    let file_format = options.out.extension().and_then(|extension| Format::named(extension.to_str()?));
    if file_format.is_some() && kind.is_none() {
        bail!("{} has room for one chart: say which with --kind, or name a folder", options.out.display());
    }
    let store = options.store.open().await?;
    let id = sweep_of(&store, &options.of).await?;
    let stored = store.load_sweep(&id).await?;
    let sweep =
        stored.with_context(|| format!("there is no sweep {id} in this store: `tunebot status` lists them"))?.sweep;
    let trials = store.load_trials(&id).await?;
    let importances = importance::of_trials(&sweep, trials.clone());
    let sweep = charts::Sweep {
        name: id.as_str(),
        objectives: &sweep.tuning.objectives,
        space: &sweep.tuning.space,
        trials: &trials,
        importances: &importances,
    };
    let format = file_format.or(Format::named(&options.format)).unwrap_or(Format::Svg);
    let mut written = 0;
    for kind in Kind::ALL.into_iter().filter(|one| kind.is_none_or(|wanted| wanted == *one)) {
        let picture = charts::draw(kind, &sweep);
        if options.kind == "all" && picture.is_empty() {
            continue;
        }
        let file = match file_format {
            Some(_) => options.out.clone(),
            None => options.out.join(format!("{id}-{}.{}", kind.name(), format.name())),
        };
        write(&file, &picture, format)?;
        print(format_args!("{}  {}", file.display(), picture.title()))?;
        written += 1;
    }
    if written == 0 {
        bail!("{id} has nothing to show yet");
    }
    Ok(ExitCode::SUCCESS)
}

async fn sweep_of(store: &Store, of: &str) -> Result<SweepId> {
    if let Ok(id) = of.parse() {
        return Ok(id);
    }
    let tuning: TuningName = of.parse().with_context(|| format!("{of} is neither a sweep nor a tuning"))?;
    let filter = SweepFilter { tuning: Some(tuning.clone()), limit: 1, ..SweepFilter::default() };
    let newest = store.list_sweeps(filter).await?.into_iter().next();
    newest.map(|sweep| sweep.id).with_context(|| format!("there is no sweep of {tuning} in this store"))
}

fn write(file: &Path, picture: &Picture, format: Format) -> Result<()> {
    let bytes = charts::render(picture, format)?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    std::fs::write(file, bytes).with_context(|| format!("{} cannot be written", file.display()))
}
