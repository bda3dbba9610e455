{{/* Hosts, ingresses, addresses, and the provider's endpoints. */}}

{{- define "tuning-platform.checks.access" -}}
{{- $platform := .Values.global.platform -}}
{{- $hosts := $platform.hosts -}}
{{- $argo := index .Values "argo-workflows" -}}
{{- $monitoring := index .Values "kube-prometheus-stack" -}}
{{- if $argo.enabled -}}
{{- include "tuning-platform.checks.host" (list $ "argo" "argo-workflows.server.ingress" (dig "server" "ingress" dict $argo)) -}}
{{- end -}}
{{- if and $platform.sso.enabled (not (concat $platform.sso.groups.admin $platform.sso.groups.editor)) }}
- global.platform.sso.groups has neither an admin nor an editor: name at least one group of your provider.
{{- end -}}
{{- if $monitoring.enabled -}}
{{- include "tuning-platform.checks.host" (list $ "grafana" "kube-prometheus-stack.grafana.ingress" (dig "grafana" "ingress" dict $monitoring)) -}}
{{- if $platform.sso.enabled -}}
{{- range $name, $address := $platform.sso.endpoints -}}
{{- if not (hasPrefix "https://" $address) }}
- global.platform.sso.endpoints.{{ $name }} is {{ toJson $address }}. Grafana needs it: take it from {{ $platform.sso.issuer }}/.well-known/openid-configuration.
{{- end -}}
{{- end -}}
{{- if not $hosts.grafana }}
- global.platform.hosts.grafana is empty: the provider sends people back to an address that Grafana has to know.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* An ingress has the host that global.platform.hosts says: (list ROOT NAME PATH INGRESS). */}}
{{- define "tuning-platform.checks.host" -}}
{{- $root := index . 0 -}}
{{- $host := get $root.Values.global.platform.hosts (index . 1) -}}
{{- $ingress := index . 3 -}}
{{- if $ingress.enabled -}}
{{- if not $host }}
- {{ index . 2 }}.enabled is true, but global.platform.hosts.{{ index . 1 }} is empty: write the host there.
{{- else -}}
{{- include "tuning-platform.checks.equal" (list (printf "global.platform.hosts.%s" (index . 1)) $host (printf "%s.hosts" (index . 2)) (tpl (join " " $ingress.hosts) $root)) -}}
{{- end -}}
{{- end -}}
{{- range $key, $said := $ingress.annotations -}}
{{- if and $host (eq $key "external-dns.alpha.kubernetes.io/hostname") -}}
{{- include "tuning-platform.checks.equal" (list (printf "global.platform.hosts.%s" (index $ 1)) $host (printf "%s.annotations[%s]" (index $ 2) $key) (tpl (toString $said) $root)) -}}
{{- end -}}
{{- end -}}
{{- end }}
