//! The manifests that matter most, as a team would see them.

use insta::assert_snapshot;

use super::{TEAM, chart, values};

/// One file of templates under these values, without the labels that all have.
fn rendered(text: &str, template: &str) -> Option<String> {
    let file = values(text);
    let text = chart()?.values(file.path()).render_text(&format!("templates/{template}"));
    let lines = text.lines().filter(|line| !line.contains("app.kubernetes.io/") && !line.contains("helm.sh/chart"));
    Some(lines.filter(|line| !line.contains("checksum/")).collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_deployment() {
    let Some(shown) = rendered(TEAM, "deployment.yaml") else { return };
    assert_snapshot!(shown, @r#"
    ---
    # Source: tunebot/templates/deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: tunebot
      namespace: tuning
      labels:
    spec:
      replicas: 1
      revisionHistoryLimit: 3
      # The store belongs to one server: the old pod ends before the new one begins.
      strategy:
        type: Recreate
      selector:
        matchLabels:
      template:
        metadata:
          labels:
          annotations:
        spec:
          securityContext:
            fsGroup: 65532
            fsGroupChangePolicy: OnRootMismatch
            runAsGroup: 65532
            runAsNonRoot: true
            runAsUser: 65532
            seccompProfile:
              type: RuntimeDefault
          serviceAccountName: tunebot
          automountServiceAccountToken: true
          enableServiceLinks: false
          terminationGracePeriodSeconds: 45
          containers:
            - name: tunebot
              image: "tunebot:0.1.0"
              imagePullPolicy: IfNotPresent
              args: ["serve"]
              env:
                - name: TUNEBOT_CONFIG
                  value: "/etc/tunebot/tunebot.yaml"
              securityContext:
                allowPrivilegeEscalation: false
                capabilities:
                  drop:
                  - ALL
                readOnlyRootFilesystem: true
              volumeMounts:
                - name: config
                  mountPath: /etc/tunebot
                  readOnly: true
                - name: secrets
                  mountPath: /etc/tunebot/secrets
                  readOnly: true
                - name: tmp
                  mountPath: /tmp
                - name: store
                  mountPath: /var/lib/tunebot
              ports:
                - name: http
                  containerPort: 8080
              startupProbe:
                httpGet: {path: /healthz, port: http}
                failureThreshold: 150
                periodSeconds: 2
                timeoutSeconds: 2
              livenessProbe:
                httpGet: {path: /healthz, port: http}
                failureThreshold: 6
                periodSeconds: 10
                timeoutSeconds: 5
              readinessProbe:
                httpGet: {path: /readyz, port: http}
                failureThreshold: 2
                periodSeconds: 10
                timeoutSeconds: 5
              resources:
                limits:
                  memory: 512Mi
                requests:
                  cpu: 100m
                  memory: 128Mi
          volumes:
            - name: config
              configMap:
                name: tunebot
                items:
                  - key: tunebot.yaml
                    path: tunebot.yaml
            - name: secrets
              secret:
                secretName: tunebot
                defaultMode: 288 # 0440: the group is fsGroup
            - name: tmp
              emptyDir:
                sizeLimit: 256Mi
            - name: store
              persistentVolumeClaim:
                claimName: tunebot
    "#);
}

#[test]
fn the_configuration() {
    let Some(shown) = rendered(TEAM, "configmap.yaml") else { return };
    assert_snapshot!(shown, @r#"
    ---
    # Source: tunebot/templates/configmap.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: tunebot
      namespace: tuning
      labels:
    data:
      tunebot.yaml: |-
        engines:
          argo:
            argo:
              namespace: trials
              parallel: 20
              report_url: http://tunebot.tuning.svc:8080
              service_account: trial
              ui_url: https://argo.example.com
        github:
          app:
            id: 123456
            private_key:
              file: secrets/github-app.pem
          webhook_secrets:
          - file: secrets/github-webhook
        grafana:
          dashboards:
          - name: sweep
            title: Sweep
            uid: tunebot-sweep
            variables:
              sweep: '{sweep}'
              tuning: '{tuning}'
          url: https://grafana.example.com
        server:
          drain: 30s
          listen: 0.0.0.0:8080
          log:
            format: json
          public_url: https://tunebot.example.com
        slack:
          bot_token:
            file: secrets/slack-bot-token
          signing_secrets:
          - file: secrets/slack-signing-secret
        store:
          path: /var/lib/tunebot/tunebot.db
        triggers:
        - name: resnet-on-main
          "on":
            push:
              branches:
              - main
          repositories:
          - example/models
          tuning: resnet
        tunings:
          resnet:
            dashboards:
            - sweep
            objective:
              direction: minimize
              metric: val_loss
            space:
              lr:
                high: 0.1
                log: true
                low: 1e-05
                type: float
            workflow:
              template: train-resnet
    "#);
}

#[test]
fn the_ingress_of_a_load_balancer() {
    let Some(shown) = rendered(TEAM, "ingress.yaml") else { return };
    assert_snapshot!(shown, @r#"
    ---
    # Source: tunebot/templates/ingress.yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: tunebot
      namespace: tuning
      labels:
      annotations:
        alb.ingress.kubernetes.io/target-type: ip
    spec:
      ingressClassName: alb
      rules:
        - host: "tunebot.example.com"
          http:
            paths:
              - path: /webhooks
                pathType: Prefix
                backend:
                  service:
                    name: tunebot
                    port:
                      name: http
              - path: /charts
                pathType: Prefix
                backend:
                  service:
                    name: tunebot
                    port:
                      name: http
    "#);
}

#[test]
fn the_route_of_a_gateway() {
    let text = "
publicUrl: https://tunebot.example.com
expose: {charts: false}
httpRoute: {enabled: true, parentRefs: [{name: public, namespace: gateways, sectionName: https}]}
";
    let Some(shown) = rendered(text, "httproute.yaml") else { return };
    assert_snapshot!(shown, @r"
    ---
    # Source: tunebot/templates/httproute.yaml
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata:
      name: tunebot
      namespace: tuning
      labels:
    spec:
      parentRefs:
        - name: public
          namespace: gateways
          sectionName: https
      hostnames:
        - tunebot.example.com
      rules:
        - matches:
            - path:
                type: PathPrefix
                value: /webhooks
          backendRefs:
            - name: tunebot
              port: 8080
    ");
}

#[test]
fn the_network_policy() {
    let text = "
argo: {namespace: trials}
networkPolicy:
  enabled: true
  webhooksFrom: [{ipBlock: {cidr: 10.0.0.0/16}}]
  egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 3128}]}]
";
    let Some(shown) = rendered(text, "networkpolicy.yaml") else { return };
    assert_snapshot!(shown, @r"
    ---
    # Source: tunebot/templates/networkpolicy.yaml
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: tunebot
      namespace: tuning
      labels:
    spec:
      podSelector:
        matchLabels:
      policyTypes: [Ingress, Egress]
      ingress:
        # Webhooks.
        - from:
            - ipBlock:
                cidr: 10.0.0.0/16
          ports:
            - port: http
        # Metrics.
        - from:
            - namespaceSelector: {}
              podSelector:
                matchLabels:
          ports:
            - port: http
        # Reports of trials, and `helm test`.
        - from:
            - namespaceSelector:
                matchLabels:
                  kubernetes.io/metadata.name: trials
              podSelector:
                matchExpressions:
                  - key: tunebot/trial
                    operator: Exists
            - podSelector:
                matchLabels:
          ports:
            - port: http
      egress:
        # DNS, wherever the cluster has it.
        - ports:
            - port: 53
              protocol: UDP
            - port: 53
              protocol: TCP
        # GitHub, Slack and the API server, whose addresses nobody can list.
        - ports:
            - port: 443
            - port: 6443
        - ports:
          - port: 3128
          to:
          - ipBlock:
              cidr: 10.1.0.0/16
    ");
}
