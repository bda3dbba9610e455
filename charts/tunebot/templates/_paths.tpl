{{/* What comes in from outside, as JSON. Never /metrics, nor the probes. */}}
{{- define "tunebot.paths" -}}
{{- $paths := list "/webhooks" -}}
{{- with .Values.expose -}}
  {{- if .charts }}{{ $paths = append $paths "/charts" }}{{ end -}}
  {{- if .api }}{{ $paths = concat $paths (list "/api/v1/sweeps" "/api/v1/events") }}{{ end -}}
  {{- if .trials }}{{ $paths = append $paths "/api/v1/trials" }}{{ end -}}
{{- end -}}
{{- $paths | toJson -}}
{{- end -}}
