//! Good configurations become settings; bad ones are explained.

use std::path::{Path, PathBuf};

use super::*;

mod bad;
mod good;
mod manifest;
mod reports;
mod repository;
mod shipped;
mod workflows;

/// A variable for every secret that the tests and the shipped files name.
fn env(name: &str) -> Option<String> {
    match name {
        "EMPTY" => Some(String::new()),
        _ if name.contains("MISSING") => None,
        _ if name.contains("APP_TOKEN") => Some(format!("xapp-secret of {name}")),
        _ => Some(format!("secret of {name}")),
    }
}

/// The files, written into a folder of their own.
fn write(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn load_files(files: &[(&str, &str)], purpose: Purpose) -> Result<Loaded, Problems> {
    load(&[write(files).path().to_owned()], &env, purpose)
}

fn load_text(text: &str, purpose: Purpose) -> Result<Loaded, Problems> {
    load_files(&[("tunebot.yaml", text)], purpose)
}

/// The faults of the files, as a person sees them, with the folder taken off.
fn faults(files: &[(&str, &str)], purpose: Purpose) -> String {
    let folder = write(files);
    match load(&[folder.path().to_owned()], &env, purpose) {
        Ok(_) => "no error".to_owned(),
        Err(problems) => render(&problems).replace(&format!("{}/", folder.path().display()), ""),
    }
}

/// A tuning without faults, to stand beside what is tested.
const TUNING: &str = "
tunings:
  wine:
    repository: example/wine
    space:
      depth: {type: int, low: 1, high: 20}
      lr: {type: float, low: 1e-4, high: 1, log: true}
      kind: {type: categorical, choices: [a, b]}
    objective: {metric: rmse, direction: minimize}
    command: [train, '{depth}']
";

const GITHUB: &str = "
github: {token: {env: GITHUB_TOKEN}, webhook_secrets: [{env: GITHUB_SECRET}]}
";

fn with_tuning(text: &str) -> String {
    format!("{}{TUNING}{GITHUB}", text.trim_start_matches('\n'))
}
