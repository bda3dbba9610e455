//! The configuration: YAML files, checked as a whole before anything is served.
//!
//! This is the only module that takes YAML for what it means. What it gives, [`Config`], is right: names exist, ranges make sense,
//! secrets have been read. The way of a file: `source` finds and reads it, `tree` keeps where every word stands, `decode`
//! reads the structs of `schema` out of it, `check` puts all files together and holds them against each other.

mod check;
mod decode;
mod manifest;
mod nearest;
mod problem;
mod restart;
mod schema;
mod settings;
mod source;
mod tree;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use check::{Judge, read_repository};
pub use problem::{Problem, Problems, render};
pub use restart::what_needs_restart;
pub use settings::*;
pub use source::fingerprint;

use schema::ConfigFile;
use source::Source;

/// What the configuration is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To serve, or to check for it: everything has to be there.
    Serve,
    /// To run one sweep from the terminal: tunings, engines, store and dashboards. Sections for GitHub, Slack, SlackPace, triggers and
    /// schedules may be absent; where they are present their types are checked, but no secret is read.
    Run,
    /// To tell what an event would start: as to serve, with triggers and schedules, but no secret is read.
    Predict,
}

/// A configuration that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// The files that it was read from, in the order in which they were read.
    pub files: Vec<PathBuf>,
    /// What to watch: the paths that were asked for, the files that hold secrets, and manifests.
    pub watched: Vec<PathBuf>,
    /// [`fingerprint`] of `watched`, of the time when the files were read.
    pub fingerprint: String,
}

/// Reads and checks the configuration in `paths`: files, and folders with all `*.yaml` and `*.yml` below them.
///
/// # Errors
/// Everything that is wrong with any of the files.
pub fn load(paths: &[PathBuf], env: &dyn Fn(&str) -> Option<String>, purpose: Purpose) -> Result<Loaded, Problems> {
    // Taken first: a change in between is then seen as one, not missed.
    let before = fingerprint(paths);
    let mut problems = Vec::new();
    let mut files = source::list_files(paths, &mut problems);
    let mut sources: Vec<(Source, ConfigFile)> = Vec::new();
    files.retain(|file| {
        let mut faults = Vec::new();
        let source = Source::read(file, &mut faults);
        // Manifests may lie beside the files that name them.
        if !paths.contains(file) && source.as_ref().is_some_and(Source::is_kubernetes_object) {
            return false;
        }
        problems.append(&mut faults);
        if let Some(mut source) = source {
            let section = source.decode(&mut problems);
            sources.push((source, section));
        }
        true
    });
    if paths.is_empty() {
        problems.push(Problem::of_file("", "no configuration was named", Some("name a file or a folder")));
    }
    let (config, read) = check::check(&sources, env, purpose, problems);
    let mut watched = paths.to_vec();
    watched.extend(read.keys().cloned());
    // Files that changed while they were read keep the older value, and so differ from what is found next.
    let unchanged = source::fingerprint(paths) == before;
    let fingerprint = if unchanged { source::fingerprint_with(&watched, &read) } else { before };
    match config {
        Ok(config) => Ok(Loaded { config, files, watched, fingerprint }),
        Err(problems) => Err(Problems::new(problems).watching(watched, fingerprint)),
    }
}

/// The JSON Schema of one configuration file, for editors.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(ConfigFile).to_value()
}

/// The JSON Schema of a repository's own file of rules.
pub fn repository_json_schema() -> serde_json::Value {
    schemars::schema_for!(schema::RepositoryFile).to_value()
}
