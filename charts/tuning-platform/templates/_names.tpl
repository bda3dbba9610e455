{{/* What the chart's own objects are called, and their labels. The parts have names of their own. */}}

{{- define "tuning-platform.labels" -}}
app.kubernetes.io/name: tuning-platform
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: tuning-platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Annotations of an object whose kind Argo's CRDs define. On a first installation those are not there yet when Helm reads the
manifests, only when its hooks have run: so the object is a hook then. From the first upgrade on it is an ordinary object
of the release, which Helm takes over because it bears the release's name.
*/}}
{{- define "tuning-platform.after-crds" -}}
{{- if and .Release.IsInstall (index .Values "argo-workflows" "enabled") -}}
helm.sh/hook: post-install,post-rollback
helm.sh/hook-delete-policy: before-hook-creation
meta.helm.sh/release-name: {{ .Release.Name }}
meta.helm.sh/release-namespace: {{ .Release.Namespace }}
{{- end -}}
{{- end }}
