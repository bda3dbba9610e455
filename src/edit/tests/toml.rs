use super::*;

fn toml(text: &str, values: &[(&str, Value)]) -> String {
    edited(Format::Toml, text, values)
}

const CONFIG: &str = "\
# Our network.
title = 'resnet'

[model.params]   # tuned
lr    = 1e-3     # was 1e-2
depth = 50
augment = \"randaug-m7\"
aug.mixup = false
opt = {name = \"sgd\", momentum = 0.9}

[empty]

[[layers]]
size = 1
";

#[test]
fn only_the_values_change() {
    let values = [
        ("model.params.lr", Value::Float(3.1e-5)),
        ("model.params.depth", Value::Int(101)),
        ("model.params.augment", text("randaug-m9")),
        ("model.params.aug.mixup", Value::Bool(true)),
        ("model.params.opt.momentum", Value::Float(1.0)),
        ("layers[0].size", Value::Int(7)),
        ("title", text("a\\b")),
    ];
    assert_snapshot!(toml(CONFIG, &values), @r#"
    # Our network.
    title = 'a\b'

    [model.params]   # tuned
    lr    = 3.1e-05     # was 1e-2
    depth = 101
    augment = "randaug-m9"
    aug.mixup = true
    opt = {name = "sgd", momentum = 1.0}

    [empty]

    [[layers]]
    size = 7
    "#);
}

#[test]
fn a_missing_key_is_added_like_those_beside_it() {
    let values = [
        ("model.params.dropout", Value::Float(0.2)),
        ("model.params.aug.cutmix", Value::Bool(true)),
        ("model.params.opt.nesterov", Value::Bool(true)),
        ("empty.a b", Value::Int(1)),
        ("layers[0].kind", text("conv")),
        ("version", Value::Int(2)),
    ];
    let values = values.map(|(path, value)| (if path == "empty.a b" { "empty.\"a b\"" } else { path }, value));
    assert_snapshot!(toml(CONFIG, &values), @"line 1: `version` stands in a way that cannot be changed safely. Write it as `key: value` on a line of its own, or change it by hand.");
    assert_eq!(toml("[a]\r\nb = 1\r\n", &[("a.c", Value::Int(2))]), "[a]\r\nb = 1\r\nc = 2\r\n");
}

#[test]
fn what_toml_cannot_hold_is_refused() {
    assert_snapshot!(toml(CONFIG, &[("model.params.lr", Value::Null)]), @"TOML has no null. Leave the value out of the search space, or keep the parameters in YAML or JSON.");
    assert_snapshot!(toml("a = 2024-01-01\n", &[("a", Value::Int(1))]), @"line 1: `a` is a date, which no parameter is. Write one value there, on one line.");
    assert_snapshot!(toml("a = \n", &[("a", Value::Int(1))]), @"line 1: it is no TOML: string values must be quoted, expected literal string. Mend the file first.");
    assert_snapshot!(toml("a.b = 1\n", &[("c.d", Value::Int(1))]), @"there is no `c`. The top of the file has `a`.");
}
