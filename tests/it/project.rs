//! What holds for the project as a whole: who may import whom, how long a file may be, which licences come in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each module of the crate, and the modules that it may import. ARCHITECTURE.md says why.
const MAY_IMPORT: [(&str, &[&str]); 18] = [
    ("domain", &[]),
    ("search", &["domain"]),
    ("ask_tell", &["domain", "search"]),
    ("plan", &["domain", "search"]),
    ("charts", &["domain"]),
    ("edit", &["domain"]),
    ("config", &["domain"]),
    ("store", &["domain"]),
    ("engine", &["domain"]),
    ("notify", &["domain"]),
    ("ingress", &["domain"]),
    ("exchange", &["domain"]),
    ("telemetry", &["domain"]),
    (
        "runtime",
        &["domain", "edit", "search", "plan", "charts", "config", "store", "engine", "notify", "ingress", "telemetry"],
    ),
    ("chat", &["domain", "config", "store", "ingress", "plan::command", "notify::slack", "telemetry"]),
    (
        "http",
        &["domain", "config", "store", "ingress", "chat", "plan::command", "plan::importance", "charts", "telemetry"],
    ),
    ("app", &["*"]),
    ("demo", &["*"]),
];

/// Lines of a source file beyond which it wants to be two.
const MAX_LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The paths that follow `crate::` in the code of a file; comments do not count.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    code.flat_map(|line| line.split("crate::").skip(1).map(|rest| rest.split(|c| !is_path(c)).next().unwrap_or("")))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_module_imports_only_what_lies_below_it() {
    let rules: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let mut faults = Vec::new();
    for file in rust_files(&root().join("src")) {
        let module = module_of(&file);
        if matches!(module.as_str(), "main" | "lib" | "cli") {
            continue;
        }
        let allowed = rules.get(module.as_str()).unwrap_or_else(|| panic!("no rule for module {module}"));
        for import in imports(&std::fs::read_to_string(&file).unwrap()) {
            let within = |allowed: &&str| import == **allowed || import.starts_with(&format!("{allowed}::"));
            let own = import == module || import.starts_with(&format!("{module}::"));
            if !own && !allowed.contains(&"*") && !allowed.iter().any(within) {
                faults.push(format!("{} imports crate::{import}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_pure_modules_know_no_clock_no_entropy_and_no_environment() {
    let forbidden = ["Timestamp::now", "SystemTime", "Instant::now", "std::env::", "tokio::", "async fn", "std::fs::"];
    let mut faults = Vec::new();
    for module in ["domain", "search", "plan", "charts", "edit"] {
        for file in rust_files(&root().join("src").join(module)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in code.enumerate() {
                for word in forbidden.iter().filter(|word| line.contains(*word)) {
                    faults.push(format!("{}: {word} near line {}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_reader_bears() {
    let too_long = |folder: &str| -> Vec<String> {
        let lines = |file: &PathBuf| std::fs::read_to_string(file).unwrap().lines().count();
        let long = rust_files(&root().join(folder)).into_iter().filter(|file| lines(file) > MAX_LINES);
        long.map(|file| format!("{} has {} lines", file.display(), lines(&file))).collect()
    };
    let faults = [too_long("src"), too_long("tests"), too_long("benches")].concat();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        !text.starts_with("//!") && !file.to_string_lossy().contains("tests")
    };
    let faults: Vec<PathBuf> = rust_files(&root().join("src")).into_iter().filter(silent).collect();
    assert!(faults.is_empty(), "without //!: {faults:?}");
}

/// Name and licence of every crate that is built, as far as features ask for it.
fn dependencies() -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal,build,dev", "--prefix", "none"])
        .args(["--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let crates = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    crates.map(|(package, licence)| (package.split(' ').next().unwrap_or("").to_owned(), licence.to_owned())).collect()
}

/// Is an SPDX expression met by the licences that deny.toml allows? Enough of the grammar for what crates write.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    let mut depth = 0;
    let (mut parts, mut current, mut joins_all) = (Vec::new(), String::new(), false);
    for word in expression.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            "AND" | "OR" if depth == 0 => {
                joins_all |= word == "AND";
                parts.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push_str(word);
        current.push(' ');
    }
    parts.push(current);
    if let [only] = parts.as_slice() {
        let only = only.trim();
        return match only.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => is_allowed(inner, allowed),
            None => allowed.contains(only),
        };
    }
    let mut met = parts.iter().map(|part| is_allowed(part, allowed));
    if joins_all { met.all(|met| met) } else { met.any(|met| met) }
}

#[test]
fn every_dependency_has_a_licence_that_deny_toml_allows_and_none_is_a_second_tls_stack() {
    let deny = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let list = deny.split("\nallow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
    let allowed: BTreeSet<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let dependencies = dependencies();
    assert!(dependencies.len() > 100, "cargo lists the dependencies");
    for (name, licence) in dependencies {
        assert!(is_allowed(&licence, &allowed), "{name} has the licence {licence}");
        assert!(!["ring", "openssl-sys", "native-tls"].contains(&name.as_str()), "{name} is a second TLS stack");
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allowed = ["MIT", "Apache-2.0"].map(str::to_owned).into_iter().collect();
    assert!(is_allowed("MIT OR GPL-3.0", &allowed) && is_allowed("Unlicense/MIT", &allowed));
    assert!(is_allowed("(MIT OR GPL-3.0) AND Apache-2.0", &allowed));
    assert!(!is_allowed("MIT AND GPL-3.0", &allowed) && !is_allowed("AGPL-3.0", &allowed));
}
