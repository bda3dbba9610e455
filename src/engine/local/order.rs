//! The launch order: all that a guard must know of its trial, worked out before anything is started.
//!
//! It holds the trial's token, so it goes through a pipe and never to the disk or into an argument.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::folder::AttemptFolder;
use super::placeholder::{expand_arguments, expand_variables};
use super::processes::MARK;
use crate::domain::tuning::TrialTemplate;
use crate::engine::contract::{self, CHECKPOINT, TOKEN};
use crate::engine::{EngineError, Launch};

/// Where programs are looked for when a tuning declares no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// No `Debug`: the environment holds secrets.
#[derive(Serialize, Deserialize)]
pub(super) struct LaunchOrder {
    /// Absolute.
    pub program: PathBuf,
    /// With the program's name as it was written in front.
    pub argv: Vec<String>,
    /// The whole environment of the trial.
    pub environment: BTreeMap<String, String>,
    /// Linked into the working folder as `source`.
    pub source: Option<PathBuf>,
    pub timeout: Duration,
    pub stop_grace: Duration,
    pub log_limit_bytes: u64,
}

/// What tunebot says to a guard, one line of JSON each, after the launch order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Command {
    /// The attempt is not wanted any longer.
    Stop { grace: Duration },
    /// tunebot itself stops.
    Shutdown,
}

impl LaunchOrder {
    /// # Errors
    /// [`EngineError::Permanent`]: the command cannot be filled in, or its program is not there.
    pub fn new(launch: &Launch, folder: &AttemptFolder, log_limit_bytes: u64) -> Result<Self, EngineError> {
        let TrialTemplate::Command { argv, env, inherit_env, source } = &launch.template else {
            return Err(EngineError::Permanent(format!(
                "{} runs as a workflow, and this engine runs commands: set the tuning's `engine` to one of the kind argo",
                launch.tuning
            )));
        };
        let refused = |error: &dyn std::fmt::Display| EngineError::Permanent(format!("the trial's command: {error}"));
        let argv = expand_arguments(argv, &launch.params).map_err(|error| refused(&error))?;
        let mut environment = BTreeMap::from([
            ("PATH".to_owned(), DEFAULT_PATH.to_owned()),
            ("HOME".to_owned(), folder.work().to_string_lossy().into_owned()),
        ]);
        environment.extend(inherit_env.iter().filter_map(|name| Some((name.clone(), std::env::var(name).ok()?))));
        environment.extend(expand_variables(env, &launch.params).map_err(|error| refused(&error))?);
        environment.extend(contract_variables(launch, folder, source.as_deref())?);
        let unusable = |text: &String| text.contains('\0');
        if argv.iter().any(unusable) || environment.iter().any(|(name, value)| is_bad_name(name) || unusable(value)) {
            return Err(refused(&"an argument or variable has a NUL character, or a variable has no proper name"));
        }
        Ok(Self {
            program: find_program(&argv, &environment, source.as_deref())?,
            argv,
            environment,
            source: source.clone(),
            timeout: launch.timeout.unsigned_abs(),
            stop_grace: launch.stop_grace.unsigned_abs(),
            log_limit_bytes,
        })
    }
}

/// What every trial finds in its environment, and what this engine adds.
fn contract_variables(
    launch: &Launch,
    folder: &AttemptFolder,
    source: Option<&Path>,
) -> Result<BTreeMap<String, String>, EngineError> {
    let mut variables: BTreeMap<&str, String> = contract::variables(launch)
        .map_err(|error| EngineError::Permanent(format!("the parameters cannot be written as JSON: {error}")))?
        .into_iter()
        .collect();
    variables.insert(TOKEN, launch.token.expose_secret().to_owned());
    variables.insert(CHECKPOINT, folder.checkpoint().to_string_lossy().into_owned());
    variables.insert(MARK, folder.result().to_string_lossy().into_owned());
    if let Some(source) = source {
        variables.insert("TUNEBOT_SOURCE", source.to_string_lossy().into_owned());
    }
    Ok(variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn is_bad_name(name: &str) -> bool {
    name.is_empty() || name.contains(['=', '\0'])
}

/// The program of `argv`: an absolute path, a path within `source`, or a name that is looked up in the trial's `PATH`.
fn find_program(
    argv: &[String],
    environment: &BTreeMap<String, String>,
    source: Option<&Path>,
) -> Result<PathBuf, EngineError> {
    let permanent = |text: String| Err(EngineError::Permanent(text));
    let Some(name) = argv.first().filter(|name| !name.is_empty()) else {
        return permanent("the trial's command names no program".into());
    };
    if name.contains('/') {
        let path = match source {
            _ if Path::new(name).is_absolute() => PathBuf::from(name),
            Some(source) => source.join(name),
            None => {
                return permanent(format!("the program `{name}` is a relative path: set `source` or write it in full"));
            }
        };
        return if path.is_file() {
            Ok(path)
        } else {
            permanent(format!("the program `{}` is not there", path.display()))
        };
    }
    let path = environment.get("PATH").map_or("", String::as_str);
    let found = std::env::split_paths(path).map(|folder| folder.join(name)).find(|candidate| is_executable(candidate));
    match found.and_then(|program| std::path::absolute(program).ok()) {
        Some(program) => Ok(program),
        None => permanent(format!("the program `{name}` is not in the trial's PATH ({path})")),
    }
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}
