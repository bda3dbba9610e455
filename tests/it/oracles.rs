//! The numbers of other programs that ours are held against (`tests/oracles`, `tests/fixtures`) are still what these say.
//!
//! Runs where the variable TUNEBOT_TEST_PYTHON names a Python that has the packages of `tests/oracles/requirements.txt`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Are the numbers the same but for rounding, and everything else exactly?
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

#[test]
fn what_others_say_is_still_what_they_say() {
    let Some(python) = std::env::var_os("TUNEBOT_TEST_PYTHON") else {
        eprintln!("SKIPPED: TUNEBOT_TEST_PYTHON names no Python with the packages of tests/oracles/requirements.txt");
        return;
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut scripts: Vec<_> =
        std::fs::read_dir(tests.join("oracles")).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    assert!(scripts.len() > 3, "the scripts are there");
    for script in scripts {
        let name = script.file_stem().unwrap().to_string_lossy();
        let output = Command::new(&python).arg(&script).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let new = String::from_utf8(output.stdout).unwrap();
        let kept = std::fs::read_to_string(tests.join(format!("fixtures/{name}.jsonl"))).unwrap();
        assert_eq!(new.lines().count(), kept.lines().count(), "{name}");
        for (number, (new, kept)) in new.lines().zip(kept.lines()).enumerate() {
            let (new, kept): (Value, Value) = (serde_json::from_str(new).unwrap(), serde_json::from_str(kept).unwrap());
            assert!(same(&new, &kept), "line {} of {name}: {new}, not {kept}", number + 1);
        }
    }
}
