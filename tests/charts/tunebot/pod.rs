//! The pod, its volume, and the pod of `helm test`.

use super::with;

#[test]
fn the_ping_of_helm_test_goes_to_the_service_or_where_it_is_told() {
    let arguments = |text: &str| {
        let rendered = with(text)?;
        Some(rendered.one("Pod")["spec"]["containers"][0]["args"].clone())
    };
    let Some(inside) = arguments("{}") else { return };
    assert_eq!(inside, serde_json::json!(["ping", "--wait", "60", "--url", "http://tunebot.tuning.svc:8080"]));
    let outside = arguments("test: {url: https://tunebot.example.com}").expect("Helm was there");
    assert_eq!(outside[4], "https://tunebot.example.com");
}

#[test]
fn the_claim_outlives_the_release_unless_that_is_not_wanted() {
    let annotations = |text: &str| {
        let rendered = with(text)?;
        Some(rendered.one("PersistentVolumeClaim")["metadata"]["annotations"].clone())
    };
    let Some(kept) = annotations("{}") else { return };
    assert_eq!(kept["helm.sh/resource-policy"], "keep");
    assert!(annotations("persistence: {keep: false}").expect("Helm was there").is_null());
}

#[test]
fn a_volume_is_made_found_or_done_without() {
    let store = |text: &str| {
        let rendered = with(text)?;
        let volumes = rendered.one("Deployment")["spec"]["template"]["spec"]["volumes"].clone();
        let store = super::items(&volumes).iter().find(|volume| volume["name"] == "store").expect("a volume").clone();
        Some((rendered.all("PersistentVolumeClaim").len(), store))
    };
    let Some((made, volume)) = store("persistence: {storageClass: '-', dataSource: {kind: VolumeSnapshot, name: s}}")
    else {
        return;
    };
    assert_eq!((made, &volume["persistentVolumeClaim"]["claimName"]), (1, &"tunebot".into()));
    let (made, volume) = store("persistence: {existingClaim: old}").expect("Helm was there");
    assert_eq!((made, &volume["persistentVolumeClaim"]["claimName"]), (0, &"old".into()));
    let (made, volume) = store("persistence: {enabled: false}").expect("Helm was there");
    assert_eq!((made, &volume["emptyDir"]), (0, &serde_json::json!({})));
}

#[test]
fn what_a_team_adds_to_the_pod_is_in_the_pod() {
    let text = "
extraEnv: [{name: SSL_CERT_FILE, value: /etc/company-ca/ca.pem}]
extraEnvFrom: [{secretRef: {name: environment}}]
extraVolumes: [{name: ca, configMap: {name: company-ca}}]
extraVolumeMounts: [{name: ca, mountPath: /etc/company-ca}]
extraContainers: [{name: proxy, image: proxy}]
nodeSelector: {disk: ssd}
tolerations: [{key: system}]
affinity: {nodeAffinity: {}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
priorityClassName: important
podAnnotations: {a: b}
podLabels: {c: d}
lifecycle: {preStop: {sleep: {seconds: 5}}}
image: {pullSecrets: [{name: registry}]}
podSecurityContext: {runAsUser: null, fsGroup: null}
";
    let Some(rendered) = with(text) else { return };
    let template = &rendered.one("Deployment")["spec"]["template"];
    let (spec, server) = (&template["spec"], super::server(&rendered));
    assert_eq!(server["env"][1]["name"], "SSL_CERT_FILE");
    assert_eq!(server["envFrom"][0]["secretRef"]["name"], "environment");
    assert_eq!(super::items(&server["volumeMounts"]).iter().filter(|mount| mount["name"] == "ca").count(), 1);
    assert_eq!(server["lifecycle"]["preStop"]["sleep"]["seconds"], 5);
    assert_eq!(spec["containers"][1]["name"], "proxy");
    for (field, expected) in [("nodeSelector", "ssd"), ("tolerations", "system"), ("affinity", "nodeAffinity")] {
        assert!(spec[field].to_string().contains(expected), "{field}");
    }
    for (field, expected) in [("topologySpreadConstraints", "zone"), ("imagePullSecrets", "registry")] {
        assert!(spec[field].to_string().contains(expected), "{field}");
    }
    assert_eq!(spec["priorityClassName"], "important");
    assert_eq!(
        (&template["metadata"]["annotations"]["a"], &template["metadata"]["labels"]["c"]),
        (&"b".into(), &"d".into())
    );
    assert!(spec["securityContext"]["fsGroup"].is_null() && spec["securityContext"]["runAsNonRoot"] == true);
}
