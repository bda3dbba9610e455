{{/* tunebot's values against the rest. */}}

{{- define "tuning-platform.checks.tunebot" -}}
{{- $tunebot := .Values.tunebot -}}
{{- if $tunebot.enabled -}}
{{- $hosts := .Values.global.platform.hosts -}}
{{- $workflows := .Values.workflows -}}
{{- if dig "argo" "enabled" true $tunebot -}}
{{- include "tuning-platform.checks.equal" (list "workflows.namespace" $workflows.namespace "tunebot.argo.namespace" (dig "argo" "namespace" "" $tunebot)) -}}
{{- include "tuning-platform.checks.account" (list $ "tunebot.argo.serviceAccount" (dig "argo" "serviceAccount" "" $tunebot)) -}}
{{- include "tuning-platform.checks.parallel" (list $ "tunebot.argo.parallel" (dig "argo" "parallel" 0 $tunebot)) -}}
{{- end -}}
{{- with $hosts.argo -}}
{{- include "tuning-platform.checks.equal" (list "the address of global.platform.hosts.argo" (printf "https://%s" .) "tunebot.argo.uiUrl" (dig "argo" "uiUrl" "" $tunebot)) -}}
{{- end -}}
{{- with $hosts.grafana -}}
{{- include "tuning-platform.checks.equal" (list "the address of global.platform.hosts.grafana" (printf "https://%s" .) "tunebot.grafana.url" (dig "grafana" "url" "" $tunebot)) -}}
{{- end -}}
{{- with $hosts.tunebot -}}
{{- include "tuning-platform.checks.equal" (list "the address of global.platform.hosts.tunebot" (printf "https://%s" .) "tunebot.publicUrl" $tunebot.publicUrl) -}}
{{- end -}}
{{- include "tuning-platform.checks.host-of-tunebot" . -}}
{{- range $name, $engine := dig "config" "engines" dict $tunebot -}}
{{- $cluster := dig "argo" dict $engine -}}
{{- if and $cluster (not $cluster.kubeconfig) -}}
{{- with $cluster.namespace -}}
{{- include "tuning-platform.checks.equal" (list "workflows.namespace" $workflows.namespace (printf "tunebot.config.engines.%s.argo.namespace" $name) .) -}}
{{- end -}}
{{- include "tuning-platform.checks.account" (list $ (printf "tunebot.config.engines.%s.argo.service_account" $name) $cluster.service_account) -}}
{{- include "tuning-platform.checks.parallel" (list $ (printf "tunebot.config.engines.%s.argo.parallel" $name) $cluster.parallel) -}}
{{- end -}}
{{- end -}}
{{- range $name, $tuning := dig "config" "tunings" dict $tunebot -}}
{{- $workflow := default dict (get (default dict $tuning) "workflow") -}}
{{- include "tuning-platform.checks.account" (list $ (printf "tunebot.config.tunings.%s.workflow.service_account" $name) $workflow.service_account) -}}
{{- include "tuning-platform.checks.pool" (list $ $name $workflow) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tuning-platform.checks.host-of-tunebot" -}}
{{- $ingress := dig "ingress" dict .Values.tunebot -}}
{{- $hosts := .Values.global.platform.hosts -}}
{{- if and $ingress.enabled (not $hosts.tunebot) }}
- tunebot.ingress.enabled is true, but global.platform.hosts.tunebot is empty: write the host there.
{{- end -}}
{{- with and $hosts.tunebot (dig "annotations" "external-dns.alpha.kubernetes.io/hostname" "" $ingress) -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.hosts.tunebot" $hosts.tunebot "tunebot.ingress.annotations[external-dns.alpha.kubernetes.io/hostname]" .) -}}
{{- end -}}
{{- end }}

{{/* An account of trials is one that is made here: (list ROOT PATH NAME). */}}
{{- define "tuning-platform.checks.account" -}}
{{- $accounts := (index . 0).Values.workflows.serviceAccounts -}}
{{- if and (index . 2) (not (hasKey $accounts (index . 2))) }}
- {{ index . 1 }} is {{ index . 2 | toJson }}, which is not among workflows.serviceAccounts ({{ keys $accounts | sortAlpha | join ", " }}): its pods would not start, or could not say what came of them.
{{- end -}}
{{- end }}

{{/* An engine starts no more than Argo's controller lets run: (list ROOT PATH PARALLEL). */}}
{{- define "tuning-platform.checks.parallel" -}}
{{- $argo := index (index . 0).Values "argo-workflows" -}}
{{- $wanted := int (default 0 (index . 2)) -}}
{{- if $argo.enabled -}}
{{- range $limit := list "parallelism" "namespaceParallelism" -}}
{{- $let := int (dig "controller" $limit 0 $argo | default 0) -}}
{{- if and $let (gt $wanted $let) }}
- {{ index $ 1 }} is {{ $wanted }}, but argo-workflows.controller.{{ $limit }} is {{ $let }}: the others would wait in Argo while their time limit goes on. Raise the one or lower the other.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A tuning finds the pool that it selects, and tolerates its taints: (list ROOT TUNING WORKFLOW). */}}
{{- define "tuning-platform.checks.pool" -}}
{{- $root := index . 0 -}}
{{- $pools := $root.Values.nodes.pools -}}
{{- $path := printf "tunebot.config.tunings.%s.workflow" (index . 1) -}}
{{- $workflow := index . 2 -}}
{{- with $pool := get (default dict $workflow.node_selector) "karpenter.sh/nodepool" -}}
{{- if not (hasKey $pools $pool) }}
- {{ $path }}.node_selector wants nodes of the pool {{ toJson $pool }}, which is not among nodes.pools ({{ keys $pools | sortAlpha | join ", " }}).
{{- else -}}
{{- $inherited := dig "controller" "workflowDefaults" "spec" "tolerations" list (index $root.Values "argo-workflows") -}}
{{- $tolerations := default $inherited $workflow.tolerations -}}
{{- range $taint := (get $pools $pool).taints -}}
{{- if not (include "tuning-platform.tolerated" (list $taint $tolerations)) }}
- {{ $path }} wants nodes of the pool {{ $pool }}, but does not tolerate their taint {{ $taint.key }}={{ $taint.value }}:{{ $taint.effect }}. Add to its tolerations: {key: {{ $taint.key }}, operator: Exists, effect: {{ $taint.effect }}}.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* As the scheduler sees it: (list TAINT TOLERATIONS). Empty where nothing tolerates it. */}}
{{- define "tuning-platform.tolerated" -}}
{{- $taint := index . 0 -}}
{{- range index . 1 -}}
{{- $effect := or (not .effect) (eq (toString .effect) $taint.effect) -}}
{{- $key := or (not .key) (eq (toString .key) $taint.key) -}}
{{- $value := or (eq (toString .operator) "Exists") (eq (toString (default "" .value)) (toString (default "" $taint.value))) -}}
{{- if and $effect $key $value }}yes{{ end -}}
{{- end -}}
{{- end }}
