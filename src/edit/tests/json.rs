use super::*;

fn json(text: &str, values: &[(&str, Value)]) -> String {
    edited(Format::Json, text, values)
}

const CONFIG: &str = "{
  // Our network.
  \"model\": {
    \"name\": \"resnet\", /* not tuned */
    \"lr\":   0.001,
    \"depth\": 50 // layers
  },
  \"small\": {\"a\":1,\"b\":[1, 2]}
}
";

#[test]
fn only_the_values_change() {
    let values = [
        ("model.lr", Value::Float(3.1e-5)),
        ("model.depth", Value::Int(101)),
        ("model.name", text("say \"hi\"")),
        ("small.b[0]", Value::Bool(true)),
        ("small.a", Value::Null),
    ];
    assert_snapshot!(json(CONFIG, &values), @r#"
    {
      // Our network.
      "model": {
        "name": "say \"hi\"", /* not tuned */
        "lr":   3.1e-05,
        "depth": 101 // layers
      },
      "small": {"a":null,"b":[true, 2]}
    }
    "#);
}

#[test]
fn a_missing_key_is_added_like_those_beside_it() {
    assert_snapshot!(json(CONFIG, &[("model.dropout", Value::Float(0.2)), ("small.c", text("x")), ("top", Value::Int(1))]), @r#"
    {
      // Our network.
      "model": {
        "name": "resnet", /* not tuned */
        "lr":   0.001,
        "depth": 50, // layers
        "dropout": 0.2
      },
      "small": {"a":1,"b":[1, 2], "c":"x"},
      "top": 1
    }
    "#);
    assert_eq!(json("{}", &[("a", Value::Int(1)), ("b", Value::Int(2))]), "{\"a\": 1, \"b\": 2}");
    assert_eq!(json("{\r\n\t\"a\": 1,\r\n}\r\n", &[("b", Value::Int(2))]), "{\r\n\t\"a\": 1,\r\n\t\"b\": 2,\r\n}\r\n");
}

#[test]
fn what_is_no_json_is_refused() {
    for text in ["", "{", "{\"a\": }", "{a: 1}", "{\"a\": 1} x", "{\"a\": 01}", "[1 2]", "{\"a\": \"x}", "/* {}"] {
        insta::allow_duplicates! {
            assert!(json(text, &[("a", Value::Int(2))]).contains("it is no JSON"), "{text}");
        }
    }
    assert_snapshot!(json("{\n  \"a\": 1\n  \"b\": 2\n}", &[("a", Value::Int(2))]), @"line 3: it is no JSON: a comma or a closing brace is missing. Mend the file first.");
}
