//! From Python, where there is one: the example of the page, and the conformance of a harness that lies beside the project.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What runs `python3` with the binary under test on the path as `tunebot`; `None` where there is no Python.
fn python(folder: &Path) -> Option<Command> {
    let there = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("SKIPPED: there is no python3");
        return None;
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tunebot"), folder.join("tunebot")).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("python3");
    command.current_dir(folder).env("PATH", format!("{}:{path}", folder.display())).env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_example_of_the_page_runs_and_finds_a_good_trial() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut python) = python(folder.path()) else { return };
    let page = include_str!("../../../docs/ask-tell.md");
    let example = page.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let output = python.args(["-c", example]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let printed = text(&output);
    let loss: f64 =
        printed.trim().rsplit("'values': [").next().and_then(|rest| rest.strip_suffix("]}")).unwrap().parse().unwrap();
    assert!(loss < 0.3, "{printed}");
}

/// Where the harness of the protocol lies, if it does.
fn harness() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.ancestors().skip(1).take(2).map(|folder| folder.join("shared/hpo/bench.py")).find(|file| file.is_file())
}

#[test]
fn every_sampler_conforms_to_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(python), Some(harness)) = (python(folder.path()), harness()) else {
        eprintln!("SKIPPED: the conformance of the protocol needs its harness beside the project");
        return;
    };
    drop(python);
    for sampler in
        ["auto", "tpe", "tpe-independent", "tpe-group", "gp", "cmaes", "nsga2", "nsga3", "qmc", "random", "grid"]
    {
        let results = folder.path().join("results.jsonl");
        let mut python = Command::new("python3");
        python.current_dir(folder.path()).env("PYTHONDONTWRITEBYTECODE", "1").arg(&harness).arg("conformance");
        python.args(["--optimizer", &format!("tunebot|{sampler}|{} ask-tell", env!("CARGO_BIN_EXE_tunebot"))]);
        let output = python.arg("--out").arg(&results).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let failed: Vec<String> =
            text(&output).lines().filter(|line| line.contains(" FAIL ")).map(str::to_owned).collect();
        // Those that learn nothing cannot beat random search.
        let learns = !["qmc", "random", "grid"].contains(&sampler);
        let failed = failed.into_iter().filter(|line| learns || !line.contains("beat random"));
        assert_eq!(failed.collect::<Vec<_>>(), [""; 0], "{sampler}");
    }
}
