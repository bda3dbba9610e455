//! `config/examples` on the platform, as they are.

use serde_json::Value;

use super::stage::{CHART, Stage};
use crate::support::{Release, folder};

#[test]
fn the_template_of_the_examples_is_the_one_that_the_chart_brings() {
    let read = |path: String| std::fs::read_to_string(folder(&path)).expect("a file");
    let chart = read(format!("{CHART}/workflow-templates/train.yaml"));
    assert_eq!(chart, read("config/examples/workflows/train-template.yaml".to_owned()));
}

/// Namespace, account, template, pool and tolerations: what the example names is there, else the chart would refuse it.
#[test]
fn the_example_with_a_template_runs_on_the_platform_as_it_is() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let example = example("workflow-template.yaml");
    let rendered = with_config(release, &example).render();
    let workflow = &example["tunings"]["vision"]["workflow"];
    let template = rendered.named("WorkflowTemplate", workflow["template"].as_str().expect("a name"));
    assert_eq!(template["metadata"]["namespace"], example["engines"]["gpu"]["argo"]["namespace"]);
    let pool = workflow["node_selector"]["karpenter.sh/nodepool"].as_str().expect("a pool");
    let requirements = &rendered.named("NodePool", pool)["spec"]["template"]["spec"]["requirements"];
    let capacity = requirements.as_array().expect("a list").iter().find(|r| r["key"] == "karpenter.sh/capacity-type");
    let wanted = &workflow["node_selector"]["karpenter.sh/capacity-type"];
    assert!(capacity.expect("one")["values"].as_array().expect("a list").contains(wanted));
    let gpus = rendered.named("NodePool", pool)["spec"]["limits"]["nvidia.com/gpu"].as_i64();
    assert_eq!(gpus, example["engines"]["gpu"]["argo"]["parallel"].as_i64(), "as many nodes as the pool may have");
}

#[test]
fn the_other_examples_with_workflows_find_their_namespace_and_an_account_for_their_pods() {
    let stage = Stage::with_stand_ins();
    for name in ["workflow-file.yaml", "self-searching.yaml"] {
        let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
        let example = example(name);
        with_config(release, &example).render();
    }
}

/// What the pods need stands in the template; what it is given stands in the tuning.
#[test]
fn the_first_tuning_gives_its_template_what_that_declares() {
    let template: Value = yaml(&format!("{CHART}/workflow-templates/first.yaml"));
    let declared = template["spec"]["arguments"]["parameters"].as_array().expect("a list");
    for values in ["values-local.yaml", "values-eks.yaml", "values-existing-argo.yaml"] {
        let tuning = &yaml(&format!("{CHART}/{values}"))["tunebot"]["config"]["tunings"]["first"];
        let space = tuning["space"].as_object().expect("a space");
        let without_value = declared.iter().filter(|parameter| parameter["value"].is_null());
        let names: Vec<_> = without_value.map(|parameter| parameter["name"].as_str().expect("a name")).collect();
        assert_eq!(space.keys().collect::<Vec<_>>(), names, "{values}");
        let outputs = &template["spec"]["templates"][0]["outputs"]["parameters"];
        assert_eq!(outputs[0]["name"], tuning["objective"]["metric"]);
    }
}

/// The CRDs of a first installation are not there yet when Helm reads the manifests.
#[test]
fn templates_come_after_argo_s_definitions_and_stay_when_the_release_is_upgraded() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let template = release.render().named("WorkflowTemplate", "first").clone();
    insta::assert_json_snapshot!(template["metadata"]["annotations"], @r#"
    {
      "helm.sh/hook": "post-install,post-rollback",
      "helm.sh/hook-delete-policy": "before-hook-creation",
      "meta.helm.sh/release-name": "platform",
      "meta.helm.sh/release-namespace": "tuning"
    }
    "#);
    let Some(beside) = stage.release(&["values-existing-argo.yaml"]) else { return };
    assert!(beside.render().named("WorkflowTemplate", "first")["metadata"]["annotations"].is_null());
}

#[test]
fn the_image_of_a_template_is_a_value() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let rendered = release.set("workflows.templates.train.image", "registry.test/vision:2").render();
    let container = &rendered.named("WorkflowTemplate", "train")["spec"]["templates"][0]["container"];
    assert_eq!(container["image"], "registry.test/vision:2");
    assert_eq!(container["args"][0], "--lr={{workflow.parameters.lr}}");
}

/// In place of the configuration of the values file.
fn with_config(release: Release, config: &Value) -> Release {
    let release = release.set("tunebot.config.tunings", config["tunings"].clone());
    release.set("tunebot.config.engines", config["engines"].clone())
}

fn example(name: &str) -> Value {
    yaml(&format!("config/examples/{name}"))
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(folder(path)).expect("a file")).expect("YAML")
}
