use super::*;

fn yaml(text: &str, values: &[(&str, Value)]) -> String {
    edited(Format::Yaml, text, values)
}

const CONFIG: &str = "\
# Our network.
model:
  name: resnet   # not tuned
  params:        # tuned
    lr:    1e-3      # was 1e-2 before the summer
    'depth': 50
    augment: \"randaug-m7\"
    mixup: False

    layers: [64, 128]   # fixed
optimizer: {name: sgd, momentum: 0.9}
";

#[test]
fn only_the_values_change() {
    let values = [
        ("model.params.lr", Value::Float(3.1e-5)),
        ("model.params.depth", Value::Int(101)),
        ("model.params.augment", text("randaug-m9")),
        ("model.params.mixup", Value::Bool(true)),
        ("optimizer.momentum", Value::Float(1.0)),
        ("model.params.layers[1]", Value::Int(256)),
    ];
    assert_snapshot!(yaml(CONFIG, &values), @r#"
    # Our network.
    model:
      name: resnet   # not tuned
      params:        # tuned
        lr:    3.1e-05      # was 1e-2 before the summer
        'depth': 101
        augment: "randaug-m9"
        mixup: True

        layers: [64, 256]   # fixed
    optimizer: {name: sgd, momentum: 1.0}
    "#);
}

#[test]
fn what_is_there_already_is_no_change() {
    let values = [("model.params.lr", Value::Float(0.001)), ("model.params.mixup", Value::Bool(false))];
    let edited = edit(Format::Yaml, CONFIG, &assignments(&values)).unwrap();
    assert_eq!((edited.text.as_str(), edited.changes.len()), (CONFIG, 0));
}

#[test]
fn a_missing_key_is_added_like_those_beside_it() {
    assert_snapshot!(yaml(CONFIG, &[("model.params.dropout", Value::Float(0.2)), ("optimizer.nesterov", Value::Bool(true))]), @r#"
    # Our network.
    model:
      name: resnet   # not tuned
      params:        # tuned
        lr:    1e-3      # was 1e-2 before the summer
        'depth': 50
        augment: "randaug-m7"
        mixup: False

        layers: [64, 128]   # fixed
        dropout: 0.2
    optimizer: {name: sgd, momentum: 0.9, nesterov: true}
    "#);
    assert_snapshot!(yaml("a: {}\n", &[("a.x", Value::Int(1)), ("a.y", Value::Int(2))]), @r#"a: {x: 1, "y": 2}"#);
    assert_snapshot!(yaml("list:\n  - name: a\n    lr: 1\n  - name: b\n", &[("list[1].lr", Value::Int(2))]), @r"
    list:
      - name: a
        lr: 1
      - name: b
        lr: 2
    ");
    assert_snapshot!(yaml("top:\n  deep:\n    a: 1", &[("top.b", Value::Int(2)), ("on", Value::Int(3))]), @r#"
    "on": 3
    top:
      b: 2
      deep:
        a: 1
    "#);
    assert_snapshot!(yaml("a: {\n  x: 1, # one\n  y: 2 # two\n}\n", &[("a.z", Value::Int(3))]), @r"
    a: {
      x: 1, # one
      y: 2, # two
      z: 3
    }
    ");
}

#[test]
fn line_ends_stay_as_they_are() {
    let new = yaml("a: 1\r\nb:\r\n  c: 2\r\n", &[("a", Value::Int(3)), ("b.d", Value::Int(4))]);
    assert_eq!(new, "a: 3\r\nb:\r\n  c: 2\r\n  d: 4\r\n");
    assert_eq!(yaml("\u{feff}a: 1 # ü\nb: ä", &[("b", text("ö"))]), "\u{feff}a: 1 # ü\nb: \"ö\"");
}

#[test]
fn floats_are_numbers_to_every_reader() {
    let new = |value: f64| yaml("a: 0.5\n", &[("a", Value::Float(value))]);
    assert_eq!(new(1.0), "a: 1.0\n");
    assert_eq!(new(1e-5), "a: 1.0e-05\n");
    assert_eq!(new(-3.25e-9), "a: -3.25e-09\n");
    assert_eq!(new(2e20), "a: 2.0e+20\n");
    assert_eq!(new(0.00031), "a: 0.00031\n");
    assert_eq!(yaml("a: 0.5\n", &[("a", Value::Int(1))]), "a: 1.0\n", "what was a float stays one");
    assert_eq!(yaml("a: '0.5'\n", &[("a", Value::Float(0.25))]), "a: '0.25'\n", "what was text stays text");
}

#[test]
fn texts_that_could_be_something_else_are_quoted() {
    let new = |value: &str| yaml("a: x\n", &[("a", text(value))]);
    for plain in ["adamw", "randaug-m9", "s3://x".trim_end_matches("://x"), "models/a.b", "two words"] {
        assert_eq!(new(plain), format!("a: {plain}\n"));
    }
    let risky = [
        "yes",
        "No",
        "ON",
        "y",
        "null",
        "~",
        "1e3",
        "0x1F",
        "012",
        "1_000",
        "2024-01-01",
        "1:30",
        ".5",
        "",
        " x",
        "x ",
        "a: b",
        "a #b",
        "- a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "[a",
        "{a",
        "a,b",
        "=",
        "<<",
        "?",
        "true",
        ".inf",
        "s3://x",
    ];
    for risky in risky {
        assert_eq!(new(risky), format!("a: \"{risky}\"\n"));
    }
    assert_eq!(new("a\nb\u{1}\"\\"), "a: \"a\\nb\\u0001\\\"\\\\\"\n");
    assert_eq!(yaml("a: 'x'\n", &[("a", text("it's"))]), "a: 'it''s'\n");
}

#[test]
fn truth_values_keep_their_manner() {
    let new = |old: &str| yaml(&format!("a: {old}\n"), &[("a", Value::Bool(false))]);
    for (old, expected) in [("true", "false"), ("True", "False"), ("TRUE", "FALSE"), ("yes", "no"), ("On", "Off")] {
        assert_eq!(new(old), format!("a: {expected}\n"));
    }
}

#[test]
fn an_empty_value_is_filled_in() {
    assert_eq!(
        yaml("a:\nb:   # none yet\n", &[("a", Value::Int(1)), ("b", Value::Int(2))]),
        "a: 1\nb: 2   # none yet\n"
    );
    assert_eq!(yaml("a: {b: , c: 1}\n", &[("a.b", Value::Int(2))]), "a: {b: 2 , c: 1}\n");
}

#[test]
fn aliases_and_merge_keys_are_left_alone() {
    let merged = "base: &base\n  lr: 0.1\nresnet:\n  <<: *base\n  depth: 50\n";
    assert_snapshot!(yaml(merged, &[("resnet.lr", Value::Float(0.2))]), @r"
    base: &base
      lr: 0.1
    resnet:
      <<: *base
      depth: 50
      lr: 0.2
    ");
    assert_snapshot!(yaml("a: &x 0.1\nb: *x\n", &[("b", Value::Float(0.2))]), @r"
    a: &x 0.1
    b: 0.2
    ");
}

#[test]
fn what_would_change_another_place_too_is_refused() {
    let shared = "base: &base\n  lr: 0.1\nresnet: *base\n";
    assert_snapshot!(yaml(shared, &[("base.lr", Value::Float(0.2))]), @"line 2: `base` is used in line 3, too, by an alias. A change would reach both places: write them out one by one.");
    assert_snapshot!(yaml(shared, &[("resnet.lr", Value::Float(0.2))]), @"line 3: `resnet` is an alias of what stands elsewhere. A change would reach both places: write it out.");
    assert_snapshot!(yaml("a: &x 0.1\nb: *x\n", &[("a", Value::Float(0.2))]), @"line 1: `a` is used in line 2, too, by an alias. A change would reach both places: write them out one by one.");
}

#[test]
fn what_cannot_be_written_is_refused_with_what_would_be_right() {
    let set = |path: &str| yaml(CONFIG, &[(path, Value::Int(1))]);
    assert_snapshot!(set("model.parms.lr"), @"line 3: there is no `model.parms`. Did you mean `model.params`?");
    assert_snapshot!(set("train.batch.size"), @"there is no `train`. The top of the file has `model`, `optimizer`.");
    assert_snapshot!(set("model.name.lr"), @"line 3: `model.name` is a value, not a mapping, so there is no `model.name.lr`. Set `apply.key` or `apply.keys` of the tuning to where the parameters stand.");
    assert_snapshot!(set("model.params"), @"line 5: `model.params` holds several values, not one. Write one value there, on one line.");
    assert_snapshot!(set("model.params.layers[7]"), @"line 10: there is no `model.params.layers[7]`. `model.params.layers` is a list of 2: write [0] to [1].");
    assert_snapshot!(yaml("a: 1\n---\na: 2\n", &[("a", Value::Int(3))]), @"line 3: a second document begins there. Keep the parameters in a file with one document.");
    assert_snapshot!(yaml("a: |\n  x\n", &[("a", text("y"))]), @"line 2: `a` is a text over several lines. Write one value there, on one line.");
    assert_snapshot!(yaml("a: !env LR\n", &[("a", text("y"))]), @"line 1: `a` has the tag `!env`. Write one value there, on one line.");
    assert_snapshot!(yaml("a: 1\na: 2\n", &[("a", Value::Int(3))]), @"line 2: `a` is there twice. Take one of them out.");
    assert_snapshot!(yaml("# nothing\n", &[("a", Value::Int(3))]), @"it is empty. Write the parameters into it by hand once.");
    assert_snapshot!(yaml("a: [1\n", &[("a", Value::Int(3))]), @"line 1: it is no YAML: unclosed bracket '['. Mend the file first.");
    assert_snapshot!(yaml("a:\n", &[("a.b", Value::Int(3))]), @"line 1: `a` is a value, not a mapping, so there is no `a.b`. Set `apply.key` or `apply.keys` of the tuning to where the parameters stand.");
}
