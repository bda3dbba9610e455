//! What is refused, and in which words. Each is a slip that somebody makes.

use super::{chart, values};

/// Says what Helm says of these values, without where it found out.
fn refusal(text: &str) -> Option<String> {
    let file = values(text);
    let said = chart()?.values(file.path()).refusal();
    let of_template = said.split_once("deployment.yaml:1:4): ").map(|(_, message)| message);
    let of_schema = said.split_once("tunebot:\n- ").map(|(_, message)| message);
    let message = of_template.or(of_schema).unwrap_or(&said);
    Some(message.split("\n\n").next().unwrap_or(message).trim().to_owned())
}

/// Values that are wrong by themselves: the schema knows.
const BY_SCHEMA: [(&str, &str); 28] = [
    ("replicaCount: 2", "at '': additional properties 'replicaCount' not allowed"),
    ("replicas: one", "at '/replicas': got string, want integer"),
    ("replicas: -1", "at '/replicas': minimum: got -1, want 0"),
    ("image: tunebot:1", "at '/image': got string, want object"),
    ("image: {repository: ''}", "at '/image/repository': minLength: got 0, want 1"),
    (
        "image: {pullPolicy: Sometimes}",
        "at '/image/pullPolicy': value must be one of 'IfNotPresent', 'Always', 'Never'",
    ),
    ("image: {version: 1}", "at '/image': additional properties 'version' not allowed"),
    ("publicUrl: [https://x]", "at '/publicUrl': got array, want string"),
    ("config: 'server: {}'", "at '/config': got string, want object"),
    ("config: {github: on}", "at '/config/github': got boolean, want object"),
    ("config: {slack: }", "at '/config/slack': got null, want object"),
    ("config: {server: {listen: 8080}}", "at '/config/server/listen': got number, want string"),
    ("config: {github: {webhook_secrets: abc}}", "at '/config/github/webhook_secrets': got string, want array"),
    ("config: {engines: [argo]}", "at '/config/engines': got array, want object"),
    ("config: {engines: {e: {argo: ml}}}", "at '/config/engines/e/argo': got string, want null or object"),
    ("config: {tunings: {t: }}", "at '/config/tunings/t': got null, want object"),
    ("config: {tunings: {t: {space: [x]}}}", "at '/config/tunings/t/space': got array, want object"),
    ("config: {triggers: {name: t}}", "at '/config/triggers': got object, want array"),
    ("files: {a.yaml: {tunings: {}}}", "at '/files/a.yaml': got object, want string"),
    ("configChange: restart", "at '/configChange': value must be one of 'roll', 'reload'"),
    ("drainSeconds: 30s", "at '/drainSeconds': got string, want integer"),
    ("service: {type: LoadBalancer}", "at '/service/type': value must be one of 'ClusterIP', 'NodePort'"),
    (
        "persistence: {accessMode: ReadWriteMany}",
        "at '/persistence/accessMode': value must be one of 'ReadWriteOnce', 'ReadWriteOncePod'",
    ),
    ("ingress: {hosts: [x]}", "at '/ingress': additional properties 'hosts' not allowed"),
    ("ingress: {annotations: {ssl: true}}", "at '/ingress/annotations/ssl': got boolean, want string"),
    ("podLabels: {a: 1}", "at '/podLabels/a': got number, want string"),
    ("extraEnv: {A: b}", "at '/extraEnv': got object, want array"),
    ("startupProbe: {httpGet: {path: /}}", "at '/startupProbe': additional properties 'httpGet' not allowed"),
];

/// Values that do not look as they should.
const BY_SHAPE: [(&str, &str); 12] = [
    ("image: {tag: 'a b'}", "image.tag is a b: a tag has letters, digits, _, . and -"),
    ("image: {digest: abc}", "image.digest is abc: write sha256: and 64 digits from 0 to f"),
    (
        "image: {repository: 'example.com/tunebot:1'}",
        "image.repository is example.com/tunebot:1, with a tag or a digest in it: write those as image.tag or image.digest",
    ),
    (
        "existingSecret: My_Secret",
        "existingSecret is My_Secret: a name in Kubernetes has a-z, 0-9, - and ., and begins and ends with a letter or a digit",
    ),
    (
        "argo: {namespace: team.ml}",
        "argo.namespace is team.ml: write up to 63 of a-z, 0-9 and -, beginning and ending with a letter or a digit",
    ),
    ("argo: {uiUrl: argo.example.com}", "argo.uiUrl is argo.example.com: it begins with https:// (or http://)"),
    ("persistence: {size: 5 GB}", "persistence.size is 5 GB: write a quantity: 5Gi"),
    ("serviceMonitor: {interval: '30'}", "serviceMonitor.interval is 30: write a time with its unit: 30s, 1m"),
    (
        "ingress: {host: 'https://x.example'}",
        "ingress.host is https://x.example: write a host alone: tunebot.example.com",
    ),
    ("publicUrl: https://x.example/", "publicUrl is https://x.example/: leave out the slash at its end"),
    ("publicUrl: x.example", "publicUrl is x.example: it begins with https:// (or http://)"),
    (
        "publicUrl: https://x.example/tunebot",
        "publicUrl is https://x.example/tunebot: tunebot has a host of its own, write it without a path",
    ),
];

/// Values that do not go together.
const BY_OTHERS: [(&str, &str); 25] = [
    ("replicas: 2", "replicas is 2, but a store belongs to one server: write 1, or 0 to stop tunebot"),
    (
        "image: {tag: '1', digest: 'sha256:0000000000000000000000000000000000000000000000000000000000000000'}",
        "image.tag and image.digest are both set, and the tag would say nothing: leave one of them out",
    ),
    (
        "serviceAccount: {create: false}",
        "serviceAccount.create is false and serviceAccount.name is empty: name the account that tunebot runs as",
    ),
    (
        "config: {server: {public_url: https://x.example}}",
        "config.server.public_url is set: write it as publicUrl, which the ingress needs too",
    ),
    (
        "config: {server: {drain: 1m}}",
        "config.server.drain is set: write it in seconds as drainSeconds, so that the pod is given the time",
    ),
    (
        "config: {server: {listen: 0.0.0.0:80}}",
        "config.server.listen is 0.0.0.0:80, but the pod's port is 8080: write 0.0.0.0:8080, or \"[::]:8080\" for IPv6",
    ),
    (
        "config: {store: {path: /data/tunebot.db}}",
        "config.store.path is /data/tunebot.db, which is not on the volume: leave it out, or write a path below /var/lib/tunebot",
    ),
    (
        "config: {github: {token: ghp_123}}",
        "config.github.token holds a secret itself: put it into the Secret that \
        existingSecret names and write {file: secrets/KEY}",
    ),
    (
        "config: {github: {app: {private_key: '-----BEGIN'}}}",
        "config.github.app.private_key holds a secret itself: put it into \
        the Secret that existingSecret names and write {file: secrets/KEY}",
    ),
    (
        "config: {slack: {signing_secrets: [abc]}}",
        "config.slack.signing_secrets holds a secret itself: put it into the Secret \
        that existingSecret names and write {file: secrets/KEY}",
    ),
    (
        "config: {server: {api_tokens: [{name: ci, secret: abc}]}}",
        "config.server.api_tokens holds a secret itself: put it into \
        the Secret that existingSecret names and write {file: secrets/KEY}",
    ),
    (
        "config: {slack: {bot_token: {file: secrets/bot}}}",
        "config has {file: secrets/bot}, but there are no secrets: name the Secret that has this key in existingSecret",
    ),
    (
        "config: {tunings: {t: {space: {y: {type: bool}}}}}",
        "config.tunings.t.space has a parameter named `true`, for Helm takes y, yes, on, n, no and off for that: put the name \
         into quotes",
    ),
    ("files: {'a b': x}", "files has a file named a b: a name has letters, digits, _, . and -, and / between folders"),
    ("files: {../x: x}", "files has a file named ../x: a name has letters, digits, _, . and -, and / between folders"),
    (
        "files: {secrets/token: x}",
        "files has secrets/token, but what is in secrets/ comes from a Secret: put it there and name \
        it in existingSecret",
    ),
    (
        "files: {tunebot.yaml: ''}",
        "files has tunebot.yaml, which is tunebot.yaml already: rename it, or write its contents as config",
    ),
    ("files: {a/b: '', a__b: ''}", "files has a__b, which is a/b already: rename it"),
    (
        "persistence: {enabled: false, existingClaim: old}",
        "persistence.existingClaim is old but persistence.enabled is false: enable it, or leave the claim out",
    ),
    (
        "ingress: {enabled: true}",
        "ingress.enabled is true, but for which host? Write publicUrl \
        (https://tunebot.example.com), or ingress.host",
    ),
    (
        "httpRoute: {enabled: true}",
        "httpRoute.enabled is true, but at which gateway? Write httpRoute.parentRefs: \
        [{name: GATEWAY, namespace: ITS-NAMESPACE}]",
    ),
    (
        "httpRoute: {enabled: true, parentRefs: [{name: g}]}",
        "httpRoute.enabled is true, but for which host? Write publicUrl \
        (https://tunebot.example.com), or httpRoute.hostnames",
    ),
    (
        "config: {github: {token: {env: T}}}",
        "nothing brings GitHub's or Slack's webhooks to tunebot: switch on ingress.enabled or httpRoute.enabled; or say \
         expose.elsewhere: true if something outside of this chart does; or reach Slack by Socket Mode (config.slack.app_token)",
    ),
    (
        "{networkPolicy: {enabled: true}, expose: {elsewhere: true}}",
        "networkPolicy.enabled is true, and it would keep the webhooks out: say who brings them in networkPolicy.webhooksFrom, \
         for instance [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]",
    ),
    (
        "service: {nodePort: 30080}",
        "service.nodePort is 30080 but service.type is ClusterIP: write NodePort, or leave the port out",
    ),
];

fn are_refused(table: &[(&str, &str)]) {
    let mut faults = Vec::new();
    for (text, expected) in table {
        let Some(said) = refusal(text) else { return };
        if said != *expected {
            faults.push(format!("{text}\n    expected {expected}\n    is told  {said}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_schema_refuses_values_that_are_wrong_by_themselves() {
    are_refused(&BY_SCHEMA);
}

#[test]
fn values_that_do_not_look_as_they_should_are_refused_with_how_they_do() {
    are_refused(&BY_SHAPE);
}

#[test]
fn values_that_do_not_go_together_are_refused_with_what_to_write_instead() {
    are_refused(&BY_OTHERS);
}

#[test]
fn a_secret_that_is_written_into_the_values_is_not_repeated() {
    let Some(said) = refusal("config: {slack: {bot_token: xoxb-very-secret}}") else { return };
    assert!(!said.contains("very-secret"), "{said}");
}
