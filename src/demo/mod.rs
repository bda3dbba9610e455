//! The demonstration: everything at once, on this machine, with nothing to install.
//!
//! It serves like any other tunebot, with a configuration of its own, and plays the outside world: it sends itself a
//! signed push of GitHub and a signed command of Slack, and shows what both would show. The sweeps, their trials and
//! the messages are real; only the services are stand-ins.

mod keys;
mod screen;
mod standin;
pub mod trial;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use self::keys::Keys;
use self::screen::Screen;
use self::standin::Standins;
use crate::app::{App, logs};
use crate::config::{self, Config, Purpose};

use crate::domain::sweep::SweepState;
use crate::store::{Store, SweepFilter};

const CONFIG: &str = include_str!("../../config/demo.yaml");
/// The sweeps of the demonstration take seconds; after this long something is wrong.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Folder for the demonstration's configuration, store and logs
    #[arg(long, default_value = "tunebot-demo", value_name = "FOLDER")]
    dir: PathBuf,
}

/// Runs the demonstration to its end.
///
/// # Errors
/// The folder cannot be written, a port cannot be taken, a sweep does not end.
pub async fn run(options: Options) -> Result<()> {
    let screen = Arc::new(Screen::new());
    let keys = Keys::generate()?;
    let folder = prepare(&options.dir)?;
    let head = world::commit(&Timestamp::now().to_string());
    let standins = standin::start(Arc::clone(&screen), &head).await?;
    let config = configuration(&folder, &keys, &standins)?;
    logs::start(&config.server.log)?;
    let started_at = Timestamp::now();
    let app = App::start(config).await?;
    screen.say(&format!(
        "tunebot listens on http://{} and keeps its store in {}",
        app.address(),
        options.dir.display()
    ));
    let world = world::World::new(app.address(), &keys, &head);
    let played = tokio::select! {
        played = play(&app, &world, &screen, started_at) => played,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    screen.close();
    app.stop().await;
    played?;
    let file = options.dir.join("tunebot.yaml");
    println!("\nBoth sweeps are over. Look again, or go on:");
    for command in ["status", "best wine-tree", "explain", "run wine-tree trials=8 max_depth=2..12"] {
        println!("  tunebot {command} --config {}", file.display());
    }
    Ok(())
}

/// Sends the push and the command, and waits until both sweeps and all their messages are done.
async fn play(app: &App, world: &world::World<'_>, screen: &Screen, started_at: Timestamp) -> Result<()> {
    screen.say("\n> GitHub sends a signed push to main of acme/wine that changes model/net.py");
    screen.say(&format!("  {}", world.push().await?));
    screen.say("\n> @mika types `/tune wine-tree trials=16` in #ml-tuning; Slack sends it, signed");
    screen.say(&format!("  only @mika sees: {}", world.slash_command("wine-tree trials=16").await?));
    let waiting = async {
        while !all_told(app.store(), started_at).await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| bail!("the sweeps did not end in time"))
}

/// Have both sweeps finished, and are all messages out?
async fn all_told(store: &Store, since: Timestamp) -> Result<bool> {
    let filter = SweepFilter { limit: 10, ..SweepFilter::default() };
    let sweeps = store.list_sweeps(filter).await?;
    let of_today: Vec<_> = sweeps.iter().filter(|sweep| sweep.created_at >= since).collect();
    let finished = of_today.len() == 2 && of_today.iter().all(|sweep| sweep.state == SweepState::Finished);
    Ok(finished && store.lanes().await?.is_empty())
}

/// Makes the folder and writes the configuration into it, unless there is one already.
fn prepare(folder: &Path) -> Result<PathBuf> {
    let cannot = || format!("{} cannot be written", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    let folder = folder.canonicalize().with_context(cannot)?;
    let file = folder.join("tunebot.yaml");
    if !file.exists() {
        let program = std::env::current_exe().context("the program's own path is not known")?;
        let text = CONFIG
            .replace("- TUNEBOT\n", &format!("- {}\n", quoted(&program)))
            .replace("FOLDER/store.db", &quoted(&folder.join("store.db")))
            .replace("FOLDER/work", &quoted(&folder.join("work")));
        std::fs::write(file, text).with_context(cannot)?;
    }
    Ok(folder)
}

/// A path as a YAML scalar: a JSON string is one.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}

fn configuration(folder: &Path, keys: &Keys, standins: &Standins) -> Result<Config> {
    let secrets = keys.environment();
    let loaded = config::load(&[folder.join("tunebot.yaml")], &|name| secrets.get(name).cloned(), Purpose::Serve)
        .map_err(|problems| anyhow::anyhow!("the configuration has errors\n\n{}", config::render(&problems)))?;
    let mut config = loaded.config;
    if let Some(slack) = &mut config.slack {
        slack.api_url = standins.slack_url.clone();
    }
    if let Some(github) = &mut config.github {
        github.api_url = standins.github_url.clone();
    }
    Ok(config)
}
