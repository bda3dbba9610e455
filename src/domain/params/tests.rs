use super::*;

fn name(text: &str) -> ParamName {
    text.parse().unwrap()
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn space() -> Space {
    Space::new(vec![
        Parameter {
            name: name("momentum"),
            domain: Domain::Float { low: 0.0, high: 1.0, log: false, step: None },
            when: Some(Condition { parameter: name("optimizer"), one_of: vec![text("sgd")] }),
        },
        Parameter {
            name: name("optimizer"),
            domain: Domain::Categorical { choices: vec![text("adam"), text("sgd")] },
            when: None,
        },
    ])
    .unwrap()
}

#[test]
fn a_condition_puts_its_parameter_after_the_one_it_names() {
    let names: Vec<_> = space().parameters().iter().map(|p| p.name.to_string()).collect();
    assert_eq!(names, ["optimizer", "momentum"]);
}

#[test]
fn exactly_the_active_parameters_fit() {
    let space = space();
    let adam: Params = [(name("optimizer"), text("adam"))].into_iter().collect();
    assert_eq!(space.check(&adam), Ok(()));
    let sgd: Params = [(name("optimizer"), text("sgd"))].into_iter().collect();
    assert_eq!(space.check(&sgd).unwrap_err()[0].to_string(), "momentum: has no value");
}

#[test]
fn a_circle_of_conditions_is_refused() {
    let circular = |own: &str, other: &str| Parameter {
        name: name(own),
        domain: Domain::Categorical { choices: vec![text("x")] },
        when: Some(Condition { parameter: name(other), one_of: vec![text("x")] }),
    };
    assert_eq!(Space::new(vec![circular("a", "b"), circular("b", "a")]).unwrap_err().len(), 2);
}

#[test]
fn a_space_survives_the_store() {
    let text = serde_json::to_string(&space()).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space());
}

#[test]
fn a_fixed_parameter_leaves_the_other_branch_inactive() {
    let fixed = space().with_domain(&name("optimizer"), Domain::Categorical { choices: vec![text("adam")] }).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&serde_json::to_string(&fixed).unwrap()).unwrap(), fixed);
    let adam: Params = [(name("optimizer"), text("adam"))].into_iter().collect();
    assert_eq!(fixed.check(&adam), Ok(()));
}

#[test]
fn numbers_are_shown_in_the_form_that_people_type() {
    assert_eq!(Value::Float(1e-5).to_string(), "1e-5");
    assert_eq!(Value::Float(0.021).to_string(), "0.021");
    assert_eq!(Domain::Float { low: 1e-5, high: 0.1, log: true, step: None }.to_string(), "1e-5..0.1 (log)");
}

#[test]
fn a_part_of_a_parameter_set_needs_what_its_conditions_name() {
    let space = space();
    let check = |params: &[(&str, Value)]| {
        let params: Params = params.iter().map(|(key, value)| (name(key), value.clone())).collect();
        space.check_part(&params).map_err(|errors| errors[0].to_string())
    };
    assert_eq!(check(&[]), Ok(()));
    assert_eq!(check(&[("optimizer", text("sgd"))]), Ok(()));
    assert_eq!(check(&[("optimizer", text("sgd")), ("momentum", Value::Float(0.5))]), Ok(()));
    let alone = check(&[("momentum", Value::Float(0.5))]).unwrap_err();
    assert_eq!(alone, "momentum: is there only if optimizer is sgd: say so beside it");
    let other = check(&[("optimizer", text("adam")), ("momentum", Value::Float(0.5))]).unwrap_err();
    assert_eq!(other, "momentum: is there only if optimizer is sgd, and it is adam");
    assert_eq!(check(&[("rate", Value::Int(1))]).unwrap_err(), "rate: is not a parameter of this space");
}
