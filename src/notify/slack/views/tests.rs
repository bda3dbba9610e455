use std::collections::BTreeSet;

use super::*;
use crate::domain::params::{Domain, Parameter, Space, Value as Choice};
use crate::domain::tuning::{self, Tuning};

fn parameter(name: &str, domain: Domain) -> Parameter {
    Parameter { name: name.parse().unwrap(), domain, when: None }
}

fn with(parameters: Vec<Parameter>) -> Tuning {
    Tuning { space: Space::new(parameters).unwrap(), ..tuning::fixture() }
}

fn choices(count: usize) -> Domain {
    Domain::Categorical { choices: (0..count).map(|n| Choice::Text(format!("{n}{}", "x".repeat(90)))).collect() }
}

/// The limits of Slack's pages on modals and their blocks.
fn check(view: &Value) {
    let length = |text: &Value| text["text"].as_str().unwrap().chars().count();
    let blocks = view["blocks"].as_array().unwrap();
    assert!((1..=100).contains(&blocks.len()), "{}", blocks.len());
    let ids: BTreeSet<&str> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    assert_eq!(ids.len(), blocks.iter().filter(|block| block["block_id"].is_string()).count());
    assert!(ids.iter().all(|id| id.chars().count() <= 255));
    assert!(length(&view["title"]) <= 24);
    for block in blocks {
        let element = if block["element"].is_object() { &block["element"] } else { &block["accessory"] };
        if element.is_object() {
            assert!((1..=150).contains(&length(&element["placeholder"])), "{element}");
        }
        for option in element["options"].as_array().into_iter().flatten() {
            assert!((1..=75).contains(&length(&option["text"])), "{option}");
            assert!(option["value"].as_str().unwrap().len() <= 75);
        }
        assert!(element["options"].as_array().is_none_or(|options| (1..=100).contains(&options.len())));
    }
}

#[test]
fn any_tuning_fits_into_a_form() {
    let float = || Domain::Float { low: 1e-5, high: 0.1, log: true, step: None };
    let many = (0..300).map(|n| parameter(&format!("parameter_{n:03}"), float())).collect();
    let view = fields(&with(many), Some("main"), "{}");
    check(&view);
    let last = view["blocks"].as_array().unwrap().last().unwrap()["elements"][0]["text"].as_str().unwrap();
    insta::assert_snapshot!(last, @"209 more parameters have no room here: /tune help resnet names them.");
    let wide = with(vec![parameter("few", choices(100)), parameter("many", choices(101)), parameter("seed", float())]);
    let view = fields(&wide, None, "{}");
    check(&view);
    let keys: Vec<&str> =
        view["blocks"].as_array().unwrap().iter().filter_map(|block| key(block["block_id"].as_str()?)).collect();
    assert_eq!(keys, ["trials", "parallel", "timeout", "deadline", "sampler", "seed", "few", "many"]);
}

#[test]
fn more_tunings_than_a_list_takes_are_said_to_be_there() {
    let tuning = tuning::fixture();
    let view = chooser(&vec![&tuning; 230], "{}");
    check(&view);
    insta::assert_snapshot!(view["blocks"][1]["elements"][0]["text"].as_str().unwrap(), @"The first 100 of 230 tunings. Start another one by typing /tune TUNING; /tune list shows all.");
    check(&chooser(&[&tuning], "{}"));
}
