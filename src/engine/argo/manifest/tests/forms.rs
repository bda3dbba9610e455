//! What the workflows look like.

use super::*;

#[test]
fn a_trial_refers_to_its_template() {
    insta::assert_json_snapshot!(rendered(&template(), &TemplateFacts::default()), @r#"
    {
      "apiVersion": "argoproj.io/v1alpha1",
      "kind": "Workflow",
      "metadata": {
        "annotations": {
          "tunebot/asked-by": "@mika",
          "tunebot/attempt": "resnet-k3f9q2-17-1",
          "tunebot/code": "octo/resnet@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "tunebot/owner": "0123456789abcdef",
          "tunebot/report-url": "https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report",
          "tunebot/secret": "tunebot-0123456789abcdef-resnet-k3f9q2-0"
        },
        "labels": {
          "tunebot/instance": "0123456789abcdef",
          "tunebot/sweep": "resnet-k3f9q2",
          "tunebot/trial": "17",
          "tunebot/tuning": "resnet",
          "workflows.argoproj.io/creator": "mika"
        },
        "name": "resnet-k3f9q2-17-1",
        "namespace": "ml"
      },
      "spec": {
        "activeDeadlineSeconds": 3671,
        "arguments": {
          "parameters": [
            {
              "name": "batch",
              "value": "32"
            },
            {
              "name": "lr",
              "value": "3e-5"
            },
            {
              "name": "optimizer",
              "value": "adam"
            }
          ]
        },
        "podMetadata": {
          "labels": {
            "tunebot/sweep": "resnet-k3f9q2",
            "tunebot/trial": "17",
            "tunebot/tuning": "resnet"
          }
        },
        "podSpecPatch": "{\"containers\":[{\"env\":[{\"name\":\"TUNEBOT_ATTEMPT\",\"value\":\"resnet-k3f9q2-17-1\"},{\"name\":\"TUNEBOT_CHECKPOINT\",\"value\":\"resnet-k3f9q2/17\"},{\"name\":\"TUNEBOT_COMMIT\",\"value\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},{\"name\":\"TUNEBOT_PARAMS\",\"value\":\"{\\\"batch\\\":32,\\\"lr\\\":0.00003,\\\"optimizer\\\":\\\"adam\\\"}\"},{\"name\":\"TUNEBOT_REF\",\"value\":\"main\"},{\"name\":\"TUNEBOT_REPORT_URL\",\"value\":\"https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report\"},{\"name\":\"TUNEBOT_REPOSITORY\",\"value\":\"octo/resnet\"},{\"name\":\"TUNEBOT_SWEEP\",\"value\":\"resnet-k3f9q2\"},{\"name\":\"TUNEBOT_TRIAL\",\"value\":\"17\"},{\"name\":\"TUNEBOT_TOKEN\",\"valueFrom\":{\"secretKeyRef\":{\"key\":\"resnet-k3f9q2-17-1\",\"name\":\"tunebot-0123456789abcdef-resnet-k3f9q2-0\"}}}],\"name\":\"main\"}]}",
        "serviceAccountName": "tunebot-trial",
        "ttlStrategy": {
          "secondsAfterCompletion": 604800
        },
        "workflowTemplateRef": {
          "name": "train-resnet"
        }
      }
    }
    "#);
}

#[test]
fn a_trial_of_a_cluster_template_has_all_that_the_tuning_asks_for() {
    let trial = demanding(WorkflowSource::ClusterTemplate { name: "train".into() });
    insta::assert_json_snapshot!(rendered(&trial, &TemplateFacts::default()), @r#"
    {
      "apiVersion": "argoproj.io/v1alpha1",
      "kind": "Workflow",
      "metadata": {
        "annotations": {
          "tunebot/asked-by": "@mika",
          "tunebot/attempt": "resnet-k3f9q2-17-1",
          "tunebot/code": "octo/resnet@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "tunebot/owner": "0123456789abcdef",
          "tunebot/report-url": "https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report",
          "tunebot/secret": "tunebot-0123456789abcdef-resnet-k3f9q2-0"
        },
        "labels": {
          "tunebot/instance": "0123456789abcdef",
          "tunebot/sweep": "resnet-k3f9q2",
          "tunebot/trial": "17",
          "tunebot/tuning": "resnet",
          "workflows.argoproj.io/creator": "mika"
        },
        "name": "resnet-k3f9q2-17-1",
        "namespace": "ml"
      },
      "spec": {
        "activeDeadlineSeconds": 3671,
        "arguments": {
          "parameters": [
            {
              "name": "batch",
              "value": "32"
            },
            {
              "name": "epochs",
              "value": "10"
            },
            {
              "name": "lr",
              "value": "3e-5"
            },
            {
              "name": "optimizer",
              "value": "adam"
            }
          ]
        },
        "nodeSelector": {
          "karpenter.sh/capacity-type": "spot"
        },
        "podGC": {
          "strategy": "OnPodSuccess"
        },
        "podMetadata": {
          "labels": {
            "tunebot/sweep": "resnet-k3f9q2",
            "tunebot/trial": "17",
            "tunebot/tuning": "resnet"
          }
        },
        "podPriorityClassName": "batch",
        "podSpecPatch": "{\"containers\":[{\"env\":[{\"name\":\"TUNEBOT_ATTEMPT\",\"value\":\"resnet-k3f9q2-17-1\"},{\"name\":\"TUNEBOT_CHECKPOINT\",\"value\":\"resnet-k3f9q2/17\"},{\"name\":\"TUNEBOT_COMMIT\",\"value\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},{\"name\":\"TUNEBOT_PARAMS\",\"value\":\"{\\\"batch\\\":32,\\\"lr\\\":0.00003,\\\"optimizer\\\":\\\"adam\\\"}\"},{\"name\":\"TUNEBOT_REF\",\"value\":\"main\"},{\"name\":\"TUNEBOT_REPORT_URL\",\"value\":\"https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report\"},{\"name\":\"TUNEBOT_REPOSITORY\",\"value\":\"octo/resnet\"},{\"name\":\"TUNEBOT_SWEEP\",\"value\":\"resnet-k3f9q2\"},{\"name\":\"TUNEBOT_TRIAL\",\"value\":\"17\"},{\"name\":\"TUNEBOT_TOKEN\",\"valueFrom\":{\"secretKeyRef\":{\"key\":\"resnet-k3f9q2-17-1\",\"name\":\"tunebot-0123456789abcdef-resnet-k3f9q2-0\"}}}],\"name\":\"main\",\"resources\":{\"limits\":{\"memory\":\"16Gi\",\"nvidia.com/gpu\":\"1\"},\"requests\":{\"cpu\":\"4\"}}}]}",
        "priority": -5,
        "serviceAccountName": "gpu-trial",
        "tolerations": [
          {
            "effect": "NoSchedule",
            "key": "nvidia.com/gpu",
            "operator": "Exists"
          }
        ],
        "ttlStrategy": {
          "secondsAfterCompletion": 3600,
          "secondsAfterFailure": 3600,
          "secondsAfterSuccess": 3600
        },
        "workflowTemplateRef": {
          "clusterScope": true,
          "name": "train"
        }
      }
    }
    "#);
}

#[test]
fn an_inline_manifest_keeps_what_is_its_own() {
    let manifest = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": { "generateName": "train-", "labels": { "team": "vision" }, "annotations": { "note": "x" } },
        "spec": {
            "entrypoint": "main",
            "arguments": { "parameters": [
                { "name": "lr", "value": "0.1", "description": "learning rate" },
                { "name": "momentum", "value": "0.9" },
                { "name": "data", "valueFrom": { "configMapKeyRef": { "name": "data", "key": "path" } } },
            ]},
            "nodeSelector": { "disk": "ssd" },
            "tolerations": [{ "key": "slow", "operator": "Exists" }],
            "podGC": { "deleteDelayDuration": "30s" },
            "templates": [{ "name": "main", "container": { "image": "train:1", "command": ["./train"] } }],
        },
    });
    let trial = demanding(WorkflowSource::Manifest { file: "train.yaml".into(), manifest: manifest.clone() });
    insta::assert_json_snapshot!(rendered(&trial, &facts(manifest["spec"].clone())), @r#"
    {
      "apiVersion": "argoproj.io/v1alpha1",
      "kind": "Workflow",
      "metadata": {
        "annotations": {
          "note": "x",
          "tunebot/asked-by": "@mika",
          "tunebot/attempt": "resnet-k3f9q2-17-1",
          "tunebot/code": "octo/resnet@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "tunebot/owner": "0123456789abcdef",
          "tunebot/report-url": "https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report",
          "tunebot/secret": "tunebot-0123456789abcdef-resnet-k3f9q2-0"
        },
        "labels": {
          "team": "vision",
          "tunebot/instance": "0123456789abcdef",
          "tunebot/sweep": "resnet-k3f9q2",
          "tunebot/trial": "17",
          "tunebot/tuning": "resnet",
          "workflows.argoproj.io/creator": "mika"
        },
        "name": "resnet-k3f9q2-17-1",
        "namespace": "ml"
      },
      "spec": {
        "activeDeadlineSeconds": 3671,
        "arguments": {
          "parameters": [
            {
              "description": "learning rate",
              "name": "lr",
              "value": "3e-5"
            },
            {
              "name": "momentum",
              "value": "0.9"
            },
            {
              "name": "data",
              "valueFrom": {
                "configMapKeyRef": {
                  "key": "path",
                  "name": "data"
                }
              }
            },
            {
              "name": "batch",
              "value": "32"
            },
            {
              "name": "epochs",
              "value": "10"
            },
            {
              "name": "optimizer",
              "value": "adam"
            }
          ]
        },
        "entrypoint": "main",
        "nodeSelector": {
          "disk": "ssd",
          "karpenter.sh/capacity-type": "spot"
        },
        "podGC": {
          "deleteDelayDuration": "30s",
          "strategy": "OnPodSuccess"
        },
        "podMetadata": {
          "labels": {
            "tunebot/sweep": "resnet-k3f9q2",
            "tunebot/trial": "17",
            "tunebot/tuning": "resnet"
          }
        },
        "podPriorityClassName": "batch",
        "podSpecPatch": "{\"containers\":[{\"env\":[{\"name\":\"TUNEBOT_ATTEMPT\",\"value\":\"resnet-k3f9q2-17-1\"},{\"name\":\"TUNEBOT_CHECKPOINT\",\"value\":\"resnet-k3f9q2/17\"},{\"name\":\"TUNEBOT_COMMIT\",\"value\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},{\"name\":\"TUNEBOT_PARAMS\",\"value\":\"{\\\"batch\\\":32,\\\"lr\\\":0.00003,\\\"optimizer\\\":\\\"adam\\\"}\"},{\"name\":\"TUNEBOT_REF\",\"value\":\"main\"},{\"name\":\"TUNEBOT_REPORT_URL\",\"value\":\"https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report\"},{\"name\":\"TUNEBOT_REPOSITORY\",\"value\":\"octo/resnet\"},{\"name\":\"TUNEBOT_SWEEP\",\"value\":\"resnet-k3f9q2\"},{\"name\":\"TUNEBOT_TRIAL\",\"value\":\"17\"},{\"name\":\"TUNEBOT_TOKEN\",\"valueFrom\":{\"secretKeyRef\":{\"key\":\"resnet-k3f9q2-17-1\",\"name\":\"tunebot-0123456789abcdef-resnet-k3f9q2-0\"}}}],\"name\":\"main\",\"resources\":{\"limits\":{\"memory\":\"16Gi\",\"nvidia.com/gpu\":\"1\"},\"requests\":{\"cpu\":\"4\"}}}]}",
        "priority": -5,
        "serviceAccountName": "gpu-trial",
        "templates": [
          {
            "container": {
              "command": [
                "./train"
              ],
              "image": "train:1"
            },
            "name": "main"
          }
        ],
        "tolerations": [
          {
            "key": "slow",
            "operator": "Exists"
          },
          {
            "effect": "NoSchedule",
            "key": "nvidia.com/gpu",
            "operator": "Exists"
          }
        ],
        "ttlStrategy": {
          "secondsAfterCompletion": 3600,
          "secondsAfterFailure": 3600,
          "secondsAfterSuccess": 3600
        }
      }
    }
    "#);
}

#[test]
fn a_workflow_that_searches_by_itself_is_told_what_it_declares() {
    let outputs = SearchOutputs { best_parameters: "best".into(), objective: "value".into(), trials: "trials".into() };
    let trial = WorkflowTrial {
        searches: Some(outputs),
        arguments: BTreeMap::from([("seed".into(), "fixed by hand".into())]),
        ..template()
    };
    let declared = json!({ "arguments": { "parameters": [
        { "name": "trials" }, { "name": "space" }, { "name": "batch" }, { "name": "seed" }, { "name": "lr", "value": "1" },
    ]}});
    let launch = Launch { params: Params::default(), code: None, ..launch() };
    let mut workflow = render(&launch, &trial, &PLACE, &facts(declared)).unwrap();
    assert_eq!(schema::faults(&workflow), Vec::<String>::new());
    workflow["spec"]["podSpecPatch"] = "…".into();
    insta::assert_json_snapshot!(workflow, @r#"
    {
      "apiVersion": "argoproj.io/v1alpha1",
      "kind": "Workflow",
      "metadata": {
        "annotations": {
          "tunebot/asked-by": "@mika",
          "tunebot/attempt": "resnet-k3f9q2-17-1",
          "tunebot/owner": "0123456789abcdef",
          "tunebot/report-url": "https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report",
          "tunebot/search-outputs": "{\"best_parameters\":\"best\",\"metric\":\"loss\",\"objective\":\"value\",\"trials\":\"trials\"}",
          "tunebot/secret": "tunebot-0123456789abcdef-resnet-k3f9q2-0"
        },
        "labels": {
          "tunebot/instance": "0123456789abcdef",
          "tunebot/sweep": "resnet-k3f9q2",
          "tunebot/trial": "17",
          "tunebot/tuning": "resnet",
          "workflows.argoproj.io/creator": "mika"
        },
        "name": "resnet-k3f9q2-17-1",
        "namespace": "ml"
      },
      "spec": {
        "activeDeadlineSeconds": 3671,
        "arguments": {
          "parameters": [
            {
              "name": "batch",
              "value": "32"
            },
            {
              "name": "seed",
              "value": "fixed by hand"
            },
            {
              "name": "space",
              "value": "[{\"name\":\"batch\",\"type\":\"int\",\"low\":32,\"high\":32,\"log\":false,\"step\":1},{\"name\":\"lr\",\"type\":\"float\",\"low\":0.00001,\"high\":0.1,\"log\":true,\"step\":null},{\"name\":\"optimizer\",\"type\":\"categorical\",\"choices\":[\"adam\",\"sgd\"]},{\"name\":\"momentum\",\"type\":\"float\",\"low\":0.5,\"high\":0.5,\"log\":false,\"step\":null,\"when\":{\"parameter\":\"optimizer\",\"one_of\":[\"sgd\"]}}]"
            },
            {
              "name": "trials",
              "value": "40"
            }
          ]
        },
        "podMetadata": {
          "labels": {
            "tunebot/sweep": "resnet-k3f9q2",
            "tunebot/trial": "17",
            "tunebot/tuning": "resnet"
          }
        },
        "podSpecPatch": "…",
        "serviceAccountName": "tunebot-trial",
        "ttlStrategy": {
          "secondsAfterCompletion": 604800
        },
        "workflowTemplateRef": {
          "name": "train-resnet"
        }
      }
    }
    "#);
}
