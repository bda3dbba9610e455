{{/* Keys of older set-ups: charts ignore them in silence, or do with them what nobody wants any more. */}}

{{- define "tuning-platform.checks.replaced" -}}
{{- $argo := index .Values "argo-workflows" -}}
{{- $emissary := "Remove it: emissary is the only executor since Argo 3.4, there is nothing to choose" -}}
{{- $repository := "It belongs to the top of the chart's values: argo-workflows.artifactRepository" -}}
{{- $replaced := dict
      "controller.containerRuntimeExecutor" $emissary
      "controller.containerRuntimeExecutors" $emissary
      "executor.containerRuntimeExecutor" $emissary
      "containerRuntimeExecutor" $emissary
      "server.artifactRepository" $repository
      "controller.artifactRepository" $repository
      "useDefaultArtifactRepo" "Remove it: a repository under argo-workflows.artifactRepository is the default one"
      "artifactRepository.useDefaultArtifactRepo" "Remove it: a repository under argo-workflows.artifactRepository is the default one"
      "controller.workflowDefaults.ttlStrategy" "What workflows inherit stands under argo-workflows.controller.workflowDefaults.spec"
      "controller.workflowDefaults.podGC" "What workflows inherit stands under argo-workflows.controller.workflowDefaults.spec"
      "controller.workflowDefaults.spec.ttlSecondsAfterFinished" "Write ttlStrategy.secondsAfterCompletion: Argo has it since 3.0"
      "controller.podWorkers" "Remove it: pods have no workers of their own since Argo 3.3"
      "controller.metricsConfig.metricRelabelConfigs" "Write argo-workflows.controller.metricsConfig.metricRelabelings"
      "controller.telemetryServicePort" "Write argo-workflows.controller.telemetryConfig.servicePort"
      "server.authMode" "Write a list: argo-workflows.server.authModes"
      "server.ingress.https" "Ingress and Service listen as the load balancer's annotations say: remove it"
      "installCRD" "Write argo-workflows.crds.install"
      "minio" "The chart brings no MinIO any more: objectStore.enabled is one for trying things out" -}}
{{- range $path, $instead := $replaced -}}
{{- $value := $argo -}}
{{- range splitList "." $path -}}
{{- $value = kindIs "map" $value | ternary (get (kindIs "map" $value | ternary $value dict) .) "" -}}
{{- end -}}
{{- if $value }}
- argo-workflows.{{ $path }} is of an older set-up. {{ $instead }}.
{{- end -}}
{{- end -}}
{{- range (dig "server" "extraArgs" list $argo) -}}
{{- if hasPrefix "--auth-mode" (toString .) }}
- argo-workflows.server.extraArgs has {{ . }}: it would count beside argo-workflows.server.authModes. Write the modes there.
{{- end -}}
{{- end -}}
{{- range (dig "controller" "extraArgs" list $argo) -}}
{{- if hasPrefix "--container-runtime-executor" (toString .) }}
- argo-workflows.controller.extraArgs has {{ . }}. {{ $emissary }}.
{{- end -}}
{{- end -}}
{{- range $path := list "argo-workflows.server" "kube-prometheus-stack.grafana" "kube-prometheus-stack.prometheus" "kube-prometheus-stack.alertmanager" "tunebot" -}}
{{- $value := $.Values -}}
{{- range splitList "." $path -}}{{- $value = get (default dict $value) . -}}{{- end -}}
{{- if dig "ingress" "annotations" "kubernetes.io/ingress.class" "" (default dict $value) }}
- {{ $path }}.ingress.annotations has kubernetes.io/ingress.class, which Kubernetes has given up. Write {{ $path }}.ingress.{{ eq $path "tunebot" | ternary "className" "ingressClassName" }}.
{{- end -}}
{{- end -}}
{{- end }}
