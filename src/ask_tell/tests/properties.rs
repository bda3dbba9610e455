//! Whatever comes in, each line has one answer, and nothing but `close` ends the program.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::answers;

/// Any JSON that is no deeper than a few lists.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z]{0,3}|\\PC{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A number that may stand where one is wanted.
fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3..9_i64).prop_map(Value::from),
        (-3.0..9.0_f64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from)
    ]
}

fn any_parameter() -> impl Strategy<Value = Value> {
    let choices = prop::collection::vec(
        prop_oneof![Just(json!(1)), Just(json!(1.0)), Just(json!("a")), Just(json!(null)), Just(json!(true))],
        0..4,
    );
    let when =
        prop::option::of(("[a-c]", choices.clone()).prop_map(|(name, values)| json!({"param": name, "in": values})));
    let log = prop_oneof![Just(json!(true)), Just(json!(false)), Just(json!(null))];
    let kind = prop_oneof![Just("float"), Just("int"), Just("categorical"), Just("categorical")];
    (kind, any_number(), any_number(), log, prop::option::of(any_number()), choices, when).prop_map(
        |(kind, low, high, log, step, choices, when)| json!({"type": kind, "low": low, "high": high, "log": log, "step": step, "choices": choices, "when": when}),
    )
}

fn any_request() -> impl Strategy<Value = Value> {
    let samplers = prop_oneof![Just("random"), Just("qmc"), Just("grid"), Just("tpe"), Just("none")];
    let create = (prop::collection::btree_map("[a-c]", any_parameter(), 0..3), samplers, 0..3_usize, prop::collection::vec(prop_oneof![Just("minimize"), Just("maximize")], 1..3))
        .prop_map(|(space, sampler, constraints, directions)| json!({"op": "create", "space": space, "sampler": sampler, "seed": 1, "constraints": constraints, "directions": directions, "pruner": {"name": "median", "n_startup": 1}}));
    let values = || prop::collection::vec(prop::option::of(any::<f64>()), 0..3);
    let state = prop_oneof![Just("complete"), Just("pruned"), Just("failed"), Just("other")];
    prop_oneof![
        1 => create,
        3 => (0..4_i64).prop_map(|n| json!({"op": "ask", "n": n})),
        4 => (0..6_i64, values(), state, prop::option::of(values())).prop_map(|(id, values, state, constraints)| {
            json!({"op": "tell", "id": id, "values": values, "state": state, "constraints": constraints})
        }),
        2 => (0..6_i64, 0..5_u64, prop::option::of(any::<f64>())).prop_map(|(id, step, value)| json!({"op": "report", "id": id, "step": step, "value": value})),
        1 => (prop::collection::btree_map("[a-c]", any_number(), 0..3), values()).prop_map(|(params, values)| json!({"op": "import", "trials": [{"params": params, "values": values}]})),
        1 => Just(json!({"op": "best"})),
        1 => Just(json!({"op": "stats"})),
        1 => any_json(),
        1 => prop::collection::btree_map("op|space|sampler|seed|id|n|values|trials|step|value|directions|pruner|state", any_json(), 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
    ]
}

fn is_answer(line: &str) -> bool {
    let Ok(Value::Object(answer)) = serde_json::from_str(line) else { return false };
    match answer.get("ok") {
        Some(Value::Bool(true)) => !answer.contains_key("error"),
        Some(Value::Bool(false)) => {
            let error = &answer["error"];
            error["code"] != "internal" && error["code"].is_string() && error["message"].is_string()
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_request_that_can_be_made_up_has_one_answer(requests in prop::collection::vec(any_request(), 1..30)) {
        let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
        let answers = answers(lines.join("\n").as_bytes());
        prop_assert_eq!(answers.len(), requests.len());
        for (request, answer) in requests.iter().zip(&answers) {
            prop_assert!(is_answer(answer), "{} was answered with {}", request, answer);
        }
    }

    #[test]
    fn every_line_of_bytes_has_one_answer(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20)) {
        let lines: Vec<Vec<u8>> = lines.into_iter().map(|line| line.into_iter().filter(|byte| *byte != b'\n').collect()).collect();
        let requests = lines.iter().filter(|line| !line.iter().all(u8::is_ascii_whitespace)).count();
        let answers = answers(&lines.join(&b'\n'));
        prop_assert_eq!(answers.len(), requests);
        prop_assert!(answers.iter().all(|answer| is_answer(answer)), "{:?}", answers);
    }

    #[test]
    fn a_request_that_is_cut_or_changed_anywhere_has_one_answer(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let request = br#"{"op":"create","space":{"x":{"type":"float","low":1e-3,"high":1.0,"log":true},"c":{"type":"categorical","choices":["a",null]}},"seed":7}"#;
        let mut line = request.to_vec();
        let place = place.index(line.len());
        if cut {
            line.truncate(place.max(1));
        } else if byte != b'\n' {
            line[place] = byte;
        }
        let answers = answers(&line);
        prop_assert!(answers.len() == 1 && is_answer(&answers[0]), "{:?}", answers);
    }
}
