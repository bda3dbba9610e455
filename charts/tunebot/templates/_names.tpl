{{/* Names and labels. */}}

{{- define "tunebot.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 52 characters: further words have to fit behind it. */}}
{{- define "tunebot.fullname" -}}
{{- $name := include "tunebot.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* Of objects outside of the release's namespace: two releases must not want the same one. */}}
{{- define "tunebot.fullnameWithNamespace" -}}
{{- printf "%s-%s" .Release.Namespace (include "tunebot.fullname" .) -}}
{{- end -}}

{{- define "tunebot.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "tunebot.fullname" .) -}}
{{- end -}}

{{- define "tunebot.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tunebot.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tunebot.labels" -}}
{{- $own := dict
  "app.kubernetes.io/version" (.Chart.AppVersion | toString)
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")
-}}
{{- merge (include "tunebot.selectorLabels" . | fromYaml) $own .Values.commonLabels | toYaml -}}
{{- end -}}

{{/* What tells the server's pod from those of the test and of the check. */}}
{{- define "tunebot.serverLabels" -}}
{{ include "tunebot.selectorLabels" . }}
app.kubernetes.io/component: server
{{- end -}}

{{/* The Service as pods of any namespace reach it. */}}
{{- define "tunebot.serviceUrl" -}}
{{- printf "http://%s.%s.svc:%d" (include "tunebot.fullname" .) .Release.Namespace (int .Values.service.port) -}}
{{- end -}}

{{/* The host of publicUrl, without a port; empty without one. */}}
{{- define "tunebot.publicHost" -}}
{{- if .Values.publicUrl }}{{ (urlParse .Values.publicUrl).hostname }}{{ end -}}
{{- end -}}
