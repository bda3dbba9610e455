{{/* Secrets by reference only, and out of reach of trials. */}}

{{- define "tuning-platform.checks.secrets" -}}
{{- if eq .Values.workflows.namespace .Release.Namespace }}
- workflows.namespace is the release's own, {{ .Release.Namespace }}: whoever may submit a workflow there could mount the Secrets of tunebot, of Grafana and of the provider. Install into another namespace.
{{- end -}}
{{- $argo := index .Values "argo-workflows" -}}
{{- $grafana := dig "grafana" dict (index .Values "kube-prometheus-stack") -}}
{{- if $grafana.adminPassword }}
- kube-prometheus-stack.grafana.adminPassword is a secret in a values file. Make a Secret with it and name that in kube-prometheus-stack.grafana.admin.existingSecret.
{{- end -}}
{{- range $key := list "client_id" "client_secret" -}}
{{- with dig "grafana.ini" "auth.generic_oauth" $key "" $grafana }}
- kube-prometheus-stack.grafana.grafana.ini has auth.generic_oauth.{{ $key }}, which Grafana takes out of the Secret global.platform.sso.secret. Remove it.
{{- end -}}
{{- end -}}
{{- range $key := list "accessKey" "secretKey" -}}
{{- if dig "artifactRepository" "s3" $key "" $argo }}
- argo-workflows.artifactRepository.s3.{{ $key }} is a secret in a values file. Make a Secret with it and name that in argo-workflows.artifactRepository.s3.{{ $key }}Secret: {name: …, key: …}.
{{- end -}}
{{- end -}}
{{- end }}
