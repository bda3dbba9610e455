//! Exactly one workflow for each attempt, and its token there before it.

use serde_json::{Value, json};
use tunebot::domain::tuning::{TrialTemplate, WorkflowSource, WorkflowTrial};
use tunebot::engine::Engine;

use super::site::{OWNER, Watched, cluster, engine, engine_of, launch, permanent, template, transient};
use crate::support::fault::Fault;
use crate::support::kubernetes::argo::parameters;

const FIRST: &str = "resnet-k3f9q2-0-1";

#[tokio::test]
async fn an_attempt_becomes_a_workflow_of_its_name() {
    let cluster = cluster().await;
    engine(&cluster).submit(&launch(FIRST)).await.unwrap();
    let workflow = cluster.workflow(FIRST);
    assert_eq!(workflow["metadata"]["labels"]["tunebot/instance"], OWNER);
    assert_eq!(workflow["metadata"]["labels"]["tunebot/sweep"], "resnet-k3f9q2");
    assert_eq!(workflow["metadata"]["annotations"]["tunebot/attempt"], FIRST);
    assert_eq!(workflow["spec"]["workflowTemplateRef"]["name"], "resnet");
    assert_eq!(parameters(&workflow)["lr"], "0.1");
}

#[tokio::test]
async fn the_token_is_in_a_secret_before_the_workflow_is_there_and_nowhere_else() {
    let cluster = cluster().await;
    let create = cluster.hold_before("create", "workflows");
    let engine = engine(&cluster);
    let first = launch(FIRST);
    let meanwhile = async {
        create.reached().await;
        assert!(cluster.names("workflows").is_empty());
        assert_eq!(cluster.names("secrets").len(), 1);
        create.open();
    };
    let ((), submitted) = tokio::join!(meanwhile, engine.submit(&first));
    submitted.unwrap();
    engine.submit(&launch("resnet-k3f9q2-1-1")).await.unwrap();
    let secrets: Vec<Value> = cluster.read(|world| world.objects("secrets").map(|secret| (**secret).clone()).collect());
    let [secret] = secrets.as_slice() else { panic!("one secret for both trials: {secrets:?}") };
    let keys: Vec<&String> = secret["data"].as_object().expect("data").keys().collect();
    assert_eq!(keys, [FIRST, "resnet-k3f9q2-1-1"]);
    assert_eq!(secret["metadata"]["labels"]["tunebot/sweep"], "resnet-k3f9q2");
    let workflow = cluster.workflow(FIRST).to_string();
    assert!(!workflow.contains("the token of"), "{workflow}");
    assert!(workflow.contains(secret["metadata"]["name"].as_str().expect("a name")), "it is told where the token is");
}

#[tokio::test]
async fn a_token_that_cannot_be_written_means_no_workflow() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    cluster.deny("create", "secrets");
    let message = permanent(engine.submit(&launch(FIRST)).await);
    assert!(message.starts_with("tunebot may not create secrets in namespace `ml`: add"), "{message}");
    cluster.inject("create", "secrets", Fault::Status(500));
    transient(engine.submit(&launch(FIRST)).await);
    let (message, _) = transient(engine.submit(&launch(FIRST)).await);
    assert!(message.contains("does not know its rights again yet"), "{message}");
    assert_eq!(cluster.requests("create", "workflows"), 0);
}

#[tokio::test]
async fn a_launch_whose_answer_was_lost_is_repeated_and_finds_its_workflow() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    cluster.inject("create", "workflows", Fault::DropAfter);
    transient(engine.submit(&launch(FIRST)).await);
    let before = cluster.workflow(FIRST);
    engine.submit(&launch(FIRST)).await.unwrap();
    assert_eq!(cluster.workflow(FIRST), before, "it is the same one, untouched");
    assert_eq!(cluster.requests("create", "workflows"), 2);
}

#[tokio::test]
async fn a_launch_that_was_lost_on_its_way_is_made_by_the_next_one() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    cluster.inject("create", "workflows", Fault::DropBefore);
    transient(engine.submit(&launch(FIRST)).await);
    assert!(cluster.names("workflows").is_empty());
    engine.submit(&launch(FIRST)).await.unwrap();
    assert_eq!(cluster.names("workflows"), [FIRST]);
}

#[tokio::test]
async fn a_tunebot_that_was_killed_before_it_wrote_the_launch_down_makes_no_second_workflow() {
    let cluster = cluster().await;
    engine(&cluster).submit(&launch(FIRST)).await.unwrap();
    let uid = cluster.workflow(FIRST)["metadata"]["uid"].clone();
    cluster.argo().start(FIRST);
    cluster.argo().succeed(FIRST, &[("val_loss", "0.3")]);
    // Its successor knows of no launch: the effect is performed again, also when the trial has ended since.
    let mut successor = Watched::start_knowing(&cluster, &[]);
    successor.submit(FIRST).await;
    assert_eq!(successor.end_of(FIRST).await, "succeeded: val_loss=0.3");
    assert_eq!((cluster.names("workflows").len(), &cluster.workflow(FIRST)["metadata"]["uid"]), (1, &uid));
}

#[tokio::test]
async fn a_workflow_of_another_tunebot_is_left_alone() {
    let cluster = cluster().await;
    engine_of(&cluster, "ffffffffffffffff", 1_000).submit(&launch(FIRST)).await.unwrap();
    let theirs = cluster.workflow(FIRST);
    let mut ours = Watched::start(&cluster).await;
    let message = permanent(ours.engine.submit(&launch(FIRST)).await);
    assert!(message.contains("belongs to somebody else"), "{message}");
    ours.engine.stop(&launch(FIRST).attempt, jiff::SignedDuration::ZERO).await.unwrap();
    ours.engine.release(&launch(FIRST).attempt.sweep).await.unwrap();
    assert_eq!(cluster.workflow(FIRST), theirs);
    assert_eq!(cluster.names("secrets").len(), 1, "theirs: ours went with the sweep");
    let argo = cluster.argo();
    argo.start(FIRST);
    ours.submit("resnet-k3f9q2-1-1").await;
    assert_eq!(ours.next().await, "resnet-k3f9q2-1-1: started", "nothing is heard of theirs");
    argo.succeed("resnet-k3f9q2-1-1", &[]);
    // Its attempt has failed, and its end is written down as any other.
    ours.engine.forget(&launch(FIRST).attempt).await;
    ours.end_of("resnet-k3f9q2-1-1").await;
    ours.engine.forget(&launch("resnet-k3f9q2-1-1").attempt).await;
    let mark = |name: &str| cluster.workflow(name)["metadata"]["labels"]["tunebot/recorded"].clone();
    cluster
        .wait_for("the mark", |world| {
            world.workflow("resnet-k3f9q2-1-1")?["metadata"]["labels"]["tunebot/recorded"].as_str().map(drop)
        })
        .await;
    assert_eq!(mark(FIRST), Value::Null, "only ours are marked");
}

#[tokio::test]
async fn a_workflow_that_a_person_made_under_the_name_is_left_alone() {
    let cluster = cluster().await;
    cluster.put(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": FIRST}, "spec": {},
    }));
    let message = permanent(engine(&cluster).submit(&launch(FIRST)).await);
    assert!(message.contains(FIRST) && message.contains("delete that workflow"), "{message}");
}

#[tokio::test]
async fn a_workflow_that_goes_away_between_two_looks_is_a_matter_for_the_next_try() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    engine.submit(&launch(FIRST)).await.unwrap();
    let look = cluster.hold_before("get", "workflows");
    let first = launch(FIRST);
    let meanwhile = async {
        look.reached().await;
        cluster.argo().delete(FIRST);
        look.open();
    };
    let ((), submitted) = tokio::join!(meanwhile, engine.submit(&first));
    transient(submitted);
    engine.submit(&launch(FIRST)).await.unwrap();
    assert_eq!(cluster.names("workflows"), [FIRST]);
}

#[tokio::test]
async fn many_launches_at_once_share_the_writing_of_their_tokens() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    let launches: Vec<_> = (0..20).map(|trial| launch(&format!("resnet-k3f9q2-{trial}-1"))).collect();
    for submitted in futures_util::future::join_all(launches.iter().map(|launch| engine.submit(launch))).await {
        submitted.unwrap();
    }
    assert_eq!(cluster.names("workflows").len(), 20);
    let writes = cluster.requests("patch", "secrets") + cluster.requests("create", "secrets");
    assert!(writes < 20, "{writes} writes for 20 tokens");
    let secret = cluster.read(|world| world.objects("secrets").next().cloned()).expect("a secret");
    assert_eq!(secret["data"].as_object().map(serde_json::Map::len), Some(20));
}

#[tokio::test]
async fn a_launch_that_can_never_work_says_what_to_do() {
    let cluster = cluster().await;
    let engine = engine(&cluster);
    let of = |name: &str| {
        let mut launch = launch(FIRST);
        launch.template =
            TrialTemplate::Workflow(Box::new(WorkflowTrial::new(WorkflowSource::Template { name: name.into() })));
        launch
    };
    insta::assert_snapshot!(permanent(engine.submit(&of("bert")).await), @"there is no WorkflowTemplate `bert` in namespace `ml`: apply it there, or correct the tuning's `workflow` (`kubectl get workflowtemplates` lists those that are there)");
    let mut without = template();
    without["metadata"]["name"] = "vgg".into();
    without["spec"]["arguments"] = json!({});
    cluster.put(without);
    insta::assert_snapshot!(permanent(engine.submit(&of("vgg")).await), @"WorkflowTemplate `vgg` does not declare the parameter `lr`, so every trial would run with the same value: add `- name: lr` under `spec.arguments.parameters`");
    let mut invalid = launch(FIRST);
    let manifest = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"labels": {"team": "@vision"}},
        "spec": template()["spec"],
    });
    let source = WorkflowSource::Manifest { file: "train.yaml".into(), manifest };
    invalid.template = TrialTemplate::Workflow(Box::new(WorkflowTrial::new(source)));
    let message = permanent(engine.submit(&invalid).await);
    assert!(message.starts_with("the cluster refuses the workflow: Workflow.argoproj.io"), "{message}");
    assert!(cluster.names("workflows").is_empty());
}
