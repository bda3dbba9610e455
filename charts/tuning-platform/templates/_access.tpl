{{/* Who may what: the groups of global.platform.sso as Argo and as Grafana want to read them. */}}

{{/* An expression over a person's groups, for Argo: 'a' in groups || 'b' in groups. With "*" everybody. */}}
{{- define "tuning-platform.argo.rule" -}}
{{- $terms := list -}}
{{- range . -}}
{{- $terms = append $terms (eq . "*" | ternary "true" (printf "'%s' in groups" .)) -}}
{{- end -}}
{{- join " || " $terms -}}
{{- end }}

{{/* A JMESPath that gives a person's role, for Grafana: the first group that the person is in decides. */}}
{{- define "tuning-platform.grafana.role" -}}
{{- $sso := .Values.global.platform.sso -}}
{{- $claim := $sso.groupsClaim -}}
{{- $terms := list -}}
{{- range $level := list "admin" "editor" "viewer" -}}
{{- range get $sso.groups $level -}}
{{- $terms = append $terms (eq . "*" | ternary (printf "'%s'" (title $level)) (printf "contains(%s[*], '%s') && '%s'" $claim . (title $level))) -}}
{{- end -}}
{{- end -}}
{{- join " || " $terms -}}
{{- end }}

{{- define "tuning-platform.grafana.root-url" -}}
{{- with .Values.global.platform.hosts.grafana -}}
https://{{ . }}/
{{- else -}}
%(protocol)s://%(domain)s:%(http_port)s/
{{- end -}}
{{- end }}
