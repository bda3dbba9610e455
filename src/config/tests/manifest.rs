//! Manifests are read as `kubectl` reads them. What it makes of them is in `tests/fixtures`, written by its own reader.

use insta::assert_snapshot;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::config::manifest;
use crate::domain::hex;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn read(text: &str) -> Result<Vec<Value>, String> {
    match manifest::read(Path::new("train.yaml"), text.as_bytes().to_vec()) {
        Ok(documents) => Ok(documents.iter().map(|document| manifest::json(document.tree())).collect()),
        Err(problems) => Err(render(&Problems::new(problems))),
    }
}

/// Numbers alike, however the JSON writes them.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => ours == theirs,
    }
}

#[test]
fn words_mean_what_they_mean_to_kubectl() {
    let text = fixture("kubectl-yaml.jsonl");
    let mut differ = Vec::new();
    let cases: Vec<Value> =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 200);
    for case in &cases {
        let yaml = case["yaml"].as_str().unwrap();
        let ours = read(yaml).map(|documents| documents.first().cloned().unwrap_or_default());
        match ours {
            Ok(ours) if same(&ours, &case["json"]) => {}
            ours => differ.push(format!("{yaml:?}: ours {ours:?}, kubectl's {}", case["json"])),
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// An example that has a key twice; kubectl takes the last one.
const TWICE: &str = "k8s-patch-json-workflow.yaml";

#[test]
fn the_examples_of_argo_are_read_as_kubectl_reads_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/argo/examples");
    if !folder.is_dir() {
        eprintln!("SKIPPED: {} is not there, so no example workflow of Argo was read", folder.display());
        return;
    }
    let (mut differ, mut compared) = (Vec::new(), 0);
    for line in fixture("argo-examples.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.splitn(3, ' ');
        let (digest, count, name) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        if name == TWICE {
            // Whichever of the two were taken, fields of the other would be lost.
            let problems = read(&text).unwrap_err();
            assert!(problems.contains("`annotations` is here twice"), "{problems}");
            continue;
        }
        let documents = read(&text).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let mut hash = Sha256::new();
        for document in &documents {
            hash.update(serde_json::to_string(document).unwrap());
            hash.update("\n");
        }
        compared += 1;
        if documents.len().to_string() != count || !hex::encode(&hash.finalize()).starts_with(digest) {
            differ.push(name.to_owned());
        }
    }
    assert!(compared > 200 && differ.is_empty(), "{compared} compared; read in another way: {differ:?}");
}

#[test]
fn json_is_read_with_its_own_escapes() {
    let text = "{\"a\": \"x\\/y \\u00e9\", \"b\": [1, 1.5, true, null], \"c\": {}}\n";
    let expected = serde_json::json!({"a": "x/y é", "b": [1, 1.5, true, null], "c": {}});
    assert_eq!(read(text).unwrap(), [expected]);
}

#[test]
fn documents_are_told_apart_and_empty_ones_do_not_count() {
    let documents = read("# nothing\n---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n").unwrap();
    assert_eq!(documents, [serde_json::json!({"a": 1}), serde_json::json!({"b": 2})]);
    assert!(read("").unwrap().is_empty());
}

#[test]
fn what_readers_disagree_about_is_refused() {
    let shown = |text: &str| read(text).unwrap_err();
    assert_snapshot!(shown("a: 1\nb: 2\na: 3\n"), @"
    train.yaml:3:1  `a` is here twice, first in line 1
        3 | a: 3
          | ^
    1 error
    ");
    assert_snapshot!(shown("b: &b {a: 1}\nv:\n  a: 2\n  <<: *b\n"), @"
    train.yaml:4:3  `<<` brings `a`, which stands before it: put `<<` first
        4 |   <<: *b
          |   ^^
    1 error
    ");
    assert_snapshot!(shown("a: !!binary aGk=\nb: !mine 1\nc: !!int x\n1.5: x\n~: y\n? [a]\n: z\nd: .nan\n<<: 1\n"), @"
    train.yaml:1:13  the tag `!!binary` means nothing to Kubernetes: write the value without it
        1 | a: !!binary aGk=
          |             ^^^^
    train.yaml:2:10  the tag `!mine` means nothing to Kubernetes: write the value without it
        2 | b: !mine 1
          |          ^
    train.yaml:3:10  `x` is not what the tag in front of it says
        3 | c: !!int x
          |          ^
    train.yaml:4:1  a key has to be text: write it in quotes
        4 | 1.5: x
          | ^^^
    train.yaml:5:1  a key has to be text: write it in quotes
        5 | ~: y
          | ^
    train.yaml:6:3  a key has to be text: write it in quotes
        6 | ? [a]
          |   ^
    train.yaml:8:4  JSON has no number `.nan`
        8 | d: .nan
          |    ^^^^
    train.yaml:9:1  `<<` takes a mapping or a list of mappings
        9 | <<: 1
          | ^^
    8 errors
    ");
    assert_snapshot!(shown("a: &a {x: 1}\nb:\n  <<: *a\n  <<: {y: 1}\n"), @"
    train.yaml:4:3  `<<` is here twice: write one, with a list of mappings
        4 |   <<: {y: 1}
          |   ^^
    1 error
    ");
    assert_snapshot!(shown("a: [1\nb: 2\n"), @"
    train.yaml:2:2  illegal placement of ':' indicator
        2 | b: 2
          |  ^
    1 error
    ");
    assert_snapshot!(shown("a: &x [*x]\n"), @"
    train.yaml:1:8  this alias stands within what it names
        1 | a: &x [*x]
          |        ^^
    1 error
    ");
    assert_snapshot!(shown("a: *nobody\n"), @"
    train.yaml:1:4  while parsing node, found unknown anchor
        1 | a: *nobody
          |    ^
    1 error
    ");
}

#[test]
fn a_file_that_grows_without_bounds_is_refused() {
    let mut text = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*l{}", level - 1); 9].join(", ");
        text.push_str(&format!("l{level}: &l{level} [{aliases}]\n"));
    }
    assert!(read(&text).unwrap_err().contains("the aliases of this file make it too large"));
    let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(read(&deep).is_err());
    let large = format!("a: '{}'\n", "x".repeat(1 << 20));
    assert!(read(&large).unwrap_err().contains("is too large for Kubernetes"));
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_is_read_or_refused(text in "[-\\[\\]{}:,&*!?|>'\"#%<a1.~ \n\t\u{e9}]{0,80}") {
        if let Err(problems) = read(&text) {
            proptest::prop_assert!(!problems.is_empty());
        }
    }
}
