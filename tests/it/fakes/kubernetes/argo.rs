//! The verbs of Argo's controller, and the statuses that they write.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{create, patch, workflow, workflows};
use crate::support::kubernetes::{FakeCluster, Outcome};

/// A status without its times.
fn shown(workflow: &Value) -> Value {
    let mut status = workflow["status"].clone();
    let mut all = vec![&mut status];
    while let Some(value) = all.pop() {
        match value {
            Value::Object(fields) => {
                for time in ["startedAt", "finishedAt"] {
                    if let Some(found) = fields.get_mut(time).filter(|found| found.is_string()) {
                        *found = "[time]".into();
                    }
                }
                all.extend(fields.values_mut());
            }
            Value::Array(items) => all.extend(items),
            _ => {}
        }
    }
    status
}

#[tokio::test]
async fn a_workflow_of_one_pod_lives_and_ends() {
    let cluster = FakeCluster::start().await;
    let argo = cluster.argo();
    cluster.put(workflow("a"));
    argo.hold("a", "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.");
    let held = cluster.workflow("a");
    assert_eq!(
        (&held["status"]["phase"], &held["status"]["nodes"]["a"]["phase"]),
        (&json!("Running"), &json!("Pending"))
    );
    assert_eq!(held["status"]["nodes"]["a"]["message"], "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.");
    argo.start("a");
    assert_eq!(cluster.workflow("a")["status"]["nodes"]["a"].get("message"), None);
    argo.progress("a", "3/10");
    let running = cluster.workflow("a");
    assert_eq!(running["status"]["finishedAt"], Value::Null);
    assert_eq!(
        (&running["status"]["progress"], &running["metadata"]["labels"]["workflows.argoproj.io/completed"]),
        (&json!("3/10"), &json!("false"))
    );
    argo.succeed("a", &[("val_loss", "0.3")]);
    let ended = cluster.workflow("a");
    assert_eq!(ended["metadata"]["labels"]["workflows.argoproj.io/phase"], "Succeeded");
    assert_eq!(ended["metadata"]["labels"]["tunebot/instance"], "00ff", "labels of others stay");
    insta::assert_json_snapshot!(shown(&ended), @r#"
    {
      "artifactGCStatus": {
        "notSpecified": true
      },
      "artifactRepositoryRef": {
        "artifactRepository": {},
        "default": true
      },
      "conditions": [
        {
          "status": "False",
          "type": "PodRunning"
        },
        {
          "status": "True",
          "type": "Completed"
        }
      ],
      "finishedAt": "[time]",
      "nodes": {
        "a": {
          "displayName": "a",
          "finishedAt": "[time]",
          "hostNodeName": "node-1",
          "id": "a",
          "name": "a",
          "outputs": {
            "exitCode": "0",
            "parameters": [
              {
                "name": "val_loss",
                "value": "0.3",
                "valueFrom": {
                  "path": "/tmp/val_loss"
                }
              }
            ]
          },
          "phase": "Succeeded",
          "progress": "10/10",
          "resourcesDuration": {
            "cpu": 1,
            "memory": 12
          },
          "startedAt": "[time]",
          "templateName": "train",
          "templateScope": "local/a",
          "type": "Pod"
        }
      },
      "phase": "Succeeded",
      "progress": "10/10",
      "resourcesDuration": {
        "cpu": 1,
        "memory": 12
      },
      "startedAt": "[time]"
    }
    "#);
}

#[tokio::test]
async fn a_workflow_of_steps_says_which_child_failed() {
    let cluster = FakeCluster::start().await;
    let mut steps = workflow("b");
    steps["spec"]["templates"][0] = json!({"name": "train", "steps": [[{"name": "train", "template": "pod"}]]});
    cluster.put(steps);
    cluster.argo().start("b");
    cluster.argo().fail("b", "main: Error (exit code 3)");
    insta::assert_json_snapshot!(shown(&cluster.workflow("b")), @r#"
    {
      "artifactGCStatus": {
        "notSpecified": true
      },
      "artifactRepositoryRef": {
        "artifactRepository": {},
        "default": true
      },
      "conditions": [
        {
          "status": "False",
          "type": "PodRunning"
        },
        {
          "status": "True",
          "type": "Completed"
        }
      ],
      "finishedAt": "[time]",
      "message": "child 'b-3857798585' failed",
      "nodes": {
        "b": {
          "children": [
            "b-3597214073"
          ],
          "displayName": "b",
          "finishedAt": "[time]",
          "id": "b",
          "message": "child 'b-3857798585' failed",
          "name": "b",
          "outboundNodes": [
            "b-3857798585"
          ],
          "phase": "Failed",
          "progress": "0/1",
          "startedAt": "[time]",
          "templateName": "train",
          "templateScope": "local/b",
          "type": "Steps"
        },
        "b-3597214073": {
          "boundaryID": "b",
          "children": [
            "b-3857798585"
          ],
          "displayName": "[0]",
          "finishedAt": "[time]",
          "id": "b-3597214073",
          "message": "child 'b-3857798585' failed",
          "name": "b[0]",
          "phase": "Failed",
          "progress": "0/1",
          "startedAt": "[time]",
          "templateScope": "local/b",
          "type": "StepGroup"
        },
        "b-3857798585": {
          "boundaryID": "b",
          "displayName": "train",
          "finishedAt": "[time]",
          "hostNodeName": "node-1",
          "id": "b-3857798585",
          "message": "main: Error (exit code 3)",
          "name": "b[0].train",
          "outputs": {
            "exitCode": "3"
          },
          "phase": "Failed",
          "progress": "0/1",
          "resourcesDuration": {
            "cpu": 1,
            "memory": 12
          },
          "startedAt": "[time]",
          "templateName": "train",
          "templateScope": "local/b",
          "type": "Pod"
        }
      },
      "phase": "Failed",
      "progress": "0/1",
      "resourcesDuration": {
        "cpu": 1,
        "memory": 12
      },
      "startedAt": "[time]"
    }
    "#);
}

#[tokio::test]
async fn outputs_may_be_global_or_compressed() {
    let cluster = FakeCluster::start().await;
    let mut dag = workflow("a");
    dag["spec"]["templates"][0] = json!({"name": "train", "dag": {"tasks": [{"name": "train", "template": "pod"}]}});
    cluster.put(dag);
    cluster.argo().global_outputs().succeed("a", &[("val_loss", "0.3")]);
    let status = cluster.workflow("a")["status"].clone();
    assert_eq!(status["outputs"]["parameters"], json!([{"name": "val_loss", "value": "0.3"}]));
    assert_eq!(status["nodes"]["a"]["outputs"], Value::Null);
    let child = status["nodes"]["a"]["children"][0].as_str().expect("a child");
    assert_eq!(status["nodes"][child]["outputs"]["parameters"][0]["globalName"], "val_loss");

    cluster.put(workflow("b"));
    let long = "x".repeat(100_000);
    cluster.argo().compressed_nodes().succeed("b", &[("val_loss", &long)]);
    let status = cluster.workflow("b")["status"].clone();
    assert_eq!(status.get("nodes"), None);
    let nodes: Value = serde_json::from_slice(&gunzip(&status["compressedNodes"])).expect("JSON");
    assert_eq!(nodes["b"]["outputs"]["parameters"][0]["value"], long);
}

/// By another program: the fake's own reading of the format proves nothing.
fn gunzip(text: &Value) -> Vec<u8> {
    let packed = STANDARD.decode(text.as_str().expect("text")).expect("base64");
    let mut command = Command::new("gzip");
    let mut gzip = command.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    let mut input = gzip.stdin.take().expect("its input");
    let writing = std::thread::spawn(move || input.write_all(&packed).expect("gzip reads"));
    let output = gzip.wait_with_output().expect("gzip ends");
    writing.join().expect("it was written");
    assert!(output.status.success());
    output.stdout
}

#[tokio::test]
async fn a_workflow_that_is_told_to_stop_fails() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    create(&api, workflow("a")).await;
    create(&api, workflow("b")).await;
    cluster.argo().start("a");
    assert!(cluster.argo().honour_shutdown().is_empty());
    patch(&api, "a", json!({"spec": {"shutdown": "Stop"}})).await.expect("patched");
    patch(&api, "b", json!({"spec": {"shutdown": "Terminate"}})).await.expect("patched");
    assert_eq!(cluster.argo().honour_shutdown(), ["a", "b"]);
    for (name, strategy) in [("a", "Stop"), ("b", "Terminate")] {
        let status = &cluster.workflow(name)["status"];
        assert_eq!(
            (&status["phase"], &status["message"]),
            (&json!("Failed"), &json!(format!("Stopped with strategy '{strategy}'")))
        );
    }
    assert!(cluster.argo().honour_shutdown().is_empty(), "they have ended");
}

#[tokio::test]
async fn workflows_end_by_themselves_when_asked_to() {
    let cluster = FakeCluster::start().await;
    let api = workflows(&cluster).await;
    create(&api, workflow("before")).await;
    cluster.argo().run_all(|params| match params["lr"].as_str() {
        "0.1" => Outcome::Succeed(vec![("val_loss".to_owned(), params["lr"].clone())]),
        "1" => Outcome::Fail("main: Error (exit code 1)".to_owned()),
        _ => Outcome::Run,
    });
    let phase = |name: &str| cluster.workflow(name)["status"]["phase"].clone();
    for (name, lr, expected) in [("a", "0.1", "Succeeded"), ("b", "1", "Failed"), ("c", "2", "Running")] {
        let mut workflow = workflow(name);
        workflow["spec"]["arguments"]["parameters"][0]["value"] = lr.into();
        create(&api, workflow).await;
        assert_eq!(phase(name), expected);
    }
    assert_eq!(phase("before"), "Succeeded");
    assert_eq!(cluster.workflow("a")["status"]["nodes"]["a"]["outputs"]["parameters"][0]["value"], "0.1");
    patch(&api, "c", json!({"spec": {"shutdown": "Stop"}})).await.expect("patched");
    assert_eq!(phase("c"), "Failed");
}

#[tokio::test]
async fn a_template_is_stored_in_the_status_of_its_workflows() {
    let cluster = FakeCluster::start().await;
    let mut template = workflow("resnet");
    template["kind"] = "WorkflowTemplate".into();
    cluster.put(template.clone());
    let manifest = |number: usize| {
        let mut workflow = workflow(&format!("resnet-{number}"));
        workflow["spec"] = json!({"workflowTemplateRef": {"name": "resnet"}});
        workflow
    };
    cluster.argo().seed_running((0..200).map(manifest));
    assert_eq!(cluster.names("workflows").len(), 200);
    let workflow = cluster.workflow("resnet-7");
    assert_eq!(workflow["status"]["storedWorkflowTemplateSpec"], template["spec"]);
    assert_eq!(workflow["status"]["nodes"]["resnet-7"]["templateName"], "train");
}
