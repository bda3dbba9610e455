{{/* tunebot.yaml, and what the rest of the chart has to know of it. */}}

{{/* What follows from other values. */}}
{{- define "tunebot.configDefaults" -}}
server:
  listen: 0.0.0.0:8080
  {{- with .Values.publicUrl }}
  public_url: {{ . | quote }}
  {{- end }}
  drain: {{ .Values.drainSeconds }}s
  log:
    format: json
store:
  path: /var/lib/tunebot/tunebot.db
{{- with .Values.argo }}
{{- if .enabled }}
engines:
  argo:
    argo:
      namespace: {{ .namespace | default $.Release.Namespace | quote }}
      parallel: {{ .parallel }}
      {{- with .serviceAccount }}
      service_account: {{ . | quote }}
      {{- end }}
      {{- with .controllerInstance }}
      controller_instance: {{ . | quote }}
      {{- end }}
      {{- with .uiUrl }}
      ui_url: {{ . | quote }}
      {{- end }}
{{- end }}
{{- end }}
{{- with .Values.grafana.url }}
grafana:
  url: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The dashboard of this chart, as tunings name it. */}}
{{- define "tunebot.sweepDashboard" -}}
name: sweep
title: Sweep
uid: tunebot-sweep
variables:
  sweep: "{sweep}"
  tuning: "{tuning}"
{{- end -}}

{{- define "tunebot.config" -}}
{{- $config := mergeOverwrite (include "tunebot.configDefaults" . | fromYaml) (deepCopy .Values.config) -}}
{{- /* Helm reads YAML 1.1, where `on` is a word for true. */ -}}
{{- range $trigger := $config.triggers -}}
  {{- if and (kindIs "map" $trigger) (hasKey $trigger "true") -}}
    {{- $_ := set $trigger "on" (get $trigger "true") -}}
    {{- $_ := unset $trigger "true" -}}
  {{- end -}}
{{- end -}}
{{- if .Values.grafana.url -}}
  {{- $dashboards := $config.grafana.dashboards | default list -}}
  {{- $names := list -}}
  {{- range $dashboards }}{{ $names = append $names .name }}{{ end -}}
  {{- if not (has "sweep" $names) -}}
    {{- $_ := set $config.grafana "dashboards" (append $dashboards (include "tunebot.sweepDashboard" . | fromYaml)) -}}
  {{- end -}}
{{- end -}}
{{- /* Trials in this cluster report to the Service, not over the ingress. */ -}}
{{- range $name, $engine := $config.engines -}}
  {{- if eq (include "tunebot.isInCluster" $engine) "true" -}}
    {{- $entry := kindIs "map" $engine | ternary $engine dict -}}
    {{- $inside := dict "report_url" (include "tunebot.serviceUrl" $) -}}
    {{- $_ := set $entry "argo" (merge ($entry.argo | default dict) $inside) -}}
    {{- $_ := set $config.engines $name $entry -}}
  {{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Is an engine of the configuration Argo Workflows in this cluster, and so without a kubeconfig? */}}
{{- define "tunebot.isInCluster" -}}
{{- if kindIs "map" . -}}
  {{- $argo := .argo | default dict -}}
  {{- and (hasKey . "argo") (not $argo.kubeconfig) (not $argo.context) -}}
{{- else -}}
  {{- eq (toString .) "argo" -}}
{{- end -}}
{{- end -}}

{{/* The namespaces in which tunebot needs rights, as JSON: those of its engines in this cluster. */}}
{{- define "tunebot.workflowNamespaces" -}}
{{- $namespaces := list -}}
{{- range $engine := (include "tunebot.config" . | fromYaml).engines -}}
  {{- if eq (include "tunebot.isInCluster" $engine) "true" -}}
    {{- $namespaces = append $namespaces ($engine.argo.namespace | default $.Release.Namespace) -}}
  {{- end -}}
{{- end -}}
{{- $namespaces | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/* Has somebody outside to reach /webhooks? Empty is no. What further files say is not known here. */}}
{{- define "tunebot.awaitsWebhooks" -}}
{{- $config := .Values.config -}}
{{- if or $config.github (and $config.slack (not (dig "app_token" "" $config.slack))) }}true{{ end -}}
{{- end -}}

{{/* Does this chart, or something else that the values tell of, bring /webhooks to the Service? Empty is no. */}}
{{- define "tunebot.isReached" -}}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled .Values.expose.elsewhere }}true{{ end -}}
{{- end -}}

{{/* A key of a ConfigMap has no slashes. */}}
{{- define "tunebot.fileKey" -}}
{{- replace "/" "__" . -}}
{{- end -}}

{{/* The data of the ConfigMap. */}}
{{- define "tunebot.configData" -}}
{{- $data := dict "tunebot.yaml" (include "tunebot.config" .) -}}
{{- range $name, $text := .Values.files -}}
  {{- $_ := set $data (include "tunebot.fileKey" $name) $text -}}
{{- end -}}
{{- toYaml $data -}}
{{- end -}}

{{/* What $TUNEBOT_CONFIG names: tunebot.yaml and the files that are further parts of it. Naming the folder would have tunebot
     look for configuration among the secrets, too. */}}
{{- define "tunebot.configPaths" -}}
{{- $paths := list "/etc/tunebot/tunebot.yaml" -}}
{{- range $name, $text := .Values.files -}}
  {{- if and (regexMatch "[.]ya?ml$" $name) (not (regexMatch "(?m)^(apiVersion|kind):" $text)) -}}
    {{- $paths = append $paths (printf "/etc/tunebot/%s" $name) -}}
  {{- end -}}
{{- end -}}
{{- join "," $paths -}}
{{- end -}}

{{/* Changes when the pod has to be replaced for the configuration. */}}
{{- define "tunebot.configChecksum" -}}
{{- if eq .Values.configChange "reload" -}}
  {{- pick (include "tunebot.config" . | fromYaml) "server" "store" "github" "slack" "grafana" "engines" | toJson | sha256sum -}}
{{- else -}}
  {{- include "tunebot.configData" . | sha256sum -}}
{{- end -}}
{{- end -}}
