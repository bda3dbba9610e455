//! Nodes that come and go.

use serde_json::json;

use super::stage::Stage;

#[test]
fn pools_have_the_names_and_taints_that_tunings_know() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let rendered = release.render();
    insta::assert_json_snapshot!(rendered.named("NodePool", "gpu")["spec"], @r#"
    {
      "disruption": {
        "consolidateAfter": "5m",
        "consolidationPolicy": "WhenEmpty"
      },
      "limits": {
        "nvidia.com/gpu": 8
      },
      "template": {
        "spec": {
          "expireAfter": "336h",
          "nodeClassRef": {
            "group": "karpenter.k8s.aws",
            "kind": "EC2NodeClass",
            "name": "tuning"
          },
          "requirements": [
            {
              "key": "karpenter.sh/capacity-type",
              "operator": "In",
              "values": [
                "spot",
                "on-demand"
              ]
            },
            {
              "key": "kubernetes.io/arch",
              "operator": "In",
              "values": [
                "amd64"
              ]
            },
            {
              "key": "kubernetes.io/os",
              "operator": "In",
              "values": [
                "linux"
              ]
            },
            {
              "key": "karpenter.k8s.aws/instance-category",
              "operator": "In",
              "values": [
                "g"
              ]
            },
            {
              "key": "karpenter.k8s.aws/instance-generation",
              "operator": "Gt",
              "values": [
                "4"
              ]
            },
            {
              "key": "karpenter.k8s.aws/instance-gpu-manufacturer",
              "operator": "In",
              "values": [
                "nvidia"
              ]
            }
          ],
          "taints": [
            {
              "effect": "NoSchedule",
              "key": "nvidia.com/gpu",
              "value": "true"
            }
          ]
        }
      }
    }
    "#);
    let cpu = rendered.named("NodePool", "cpu");
    assert_eq!(
        cpu["spec"]["template"]["spec"]["taints"],
        json!([{"key": "spot", "value": "true", "effect": "NoSchedule"}])
    );
    insta::assert_json_snapshot!(rendered.one("EC2NodeClass")["spec"], @r#"
    {
      "amiSelectorTerms": [
        {
          "alias": "bottlerocket@latest"
        }
      ],
      "blockDeviceMappings": [
        {
          "deviceName": "/dev/xvda",
          "ebs": {
            "deleteOnTermination": true,
            "encrypted": true,
            "volumeSize": "4Gi",
            "volumeType": "gp3"
          }
        },
        {
          "deviceName": "/dev/xvdb",
          "ebs": {
            "deleteOnTermination": true,
            "encrypted": true,
            "volumeSize": "200Gi",
            "volumeType": "gp3"
          }
        }
      ],
      "role": "KarpenterNodeRole-example",
      "securityGroupSelectorTerms": [
        {
          "tags": {
            "karpenter.sh/discovery": "example"
          }
        }
      ],
      "subnetSelectorTerms": [
        {
          "tags": {
            "karpenter.sh/discovery": "example"
          }
        }
      ]
    }
    "#);
}

#[test]
fn more_can_be_said_of_the_machines() {
    let stage = Stage::with_stand_ins();
    let Some(release) = stage.release(&["values-eks.yaml"]) else { return };
    let more = json!({"tags": {"team": "ml"}, "detailedMonitoring": true});
    let release = release.set("nodes.karpenter.nodeClass.ami", "al2023@v20260101");
    let rendered = release.set("nodes.karpenter.nodeClass.spec", more).render();
    let spec = &rendered.one("EC2NodeClass")["spec"];
    assert_eq!(spec["blockDeviceMappings"][0]["deviceName"], "/dev/xvda");
    assert_eq!((&spec["tags"]["team"], &spec["detailedMonitoring"]), (&json!("ml"), &json!(true)));
    assert_eq!(spec["role"], "KarpenterNodeRole-example");
}
