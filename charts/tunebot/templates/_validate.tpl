{{/* What values.schema.json cannot say. Each message: what is wrong, of which value, what to write instead. */}}
{{- define "tunebot.validate" -}}
{{- range list "shapes" "image" "address" "config" "secrets" "words" "files" "storage" "wayIn" -}}
  {{- include (printf "tunebot.validate.%s" .) $ -}}
{{- end -}}
{{- end -}}

{{/* How a text looks. A pattern in the schema would be repeated to whoever wrote something else, and explain nothing. */}}
{{- define "tunebot.validate.shapes" -}}
{{- $name := list "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$" "a name in Kubernetes has a-z, 0-9, - and ., and begins and ends with a letter or a digit" -}}
{{- $label := list "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" "write up to 63 of a-z, 0-9 and -, beginning and ending with a letter or a digit" -}}
{{- $address := list "^https?://[^/]" "it begins with https:// (or http://)" -}}
{{- $duration := list "^([0-9]+(ms|s|m|h))+$" "write a time with its unit: 30s, 1m" -}}
{{- $shapes := dict
  "image.tag" (list "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$" "a tag has letters, digits, _, . and -")
  "image.digest" (list "^sha256:[0-9a-f]{64}$" "write sha256: and 64 digits from 0 to f")
  "existingSecret" $name
  "argo.serviceAccount" $name
  "serviceAccount.name" $name
  "persistence.existingClaim" $name
  "persistence.storageClass" (list "^(-|[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)$" "write the name of a StorageClass, or \"-\" for none")
  "priorityClassName" $name
  "ingress.className" $name
  "argo.namespace" $label
  "serviceMonitor.namespace" $label
  "prometheusRule.namespace" $label
  "dashboards.namespace" $label
  "nameOverride" $label
  "fullnameOverride" $label
  "argo.uiUrl" $address
  "grafana.url" $address
  "test.url" $address
  "persistence.size" (list "^[0-9]+([.][0-9]+)?(m|[kKMGTPE]i?)?$" "write a quantity: 5Gi")
  "serviceMonitor.interval" $duration
  "serviceMonitor.scrapeTimeout" $duration
  "ingress.host" (list "^([*][.])?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$" "write a host alone: tunebot.example.com")
-}}
{{- range $path, $shape := $shapes -}}
  {{- $value := $.Values -}}
  {{- range splitList "." $path }}{{ $value = get $value . }}{{ end -}}
  {{- if and $value (not (regexMatch (first $shape) $value)) -}}
    {{- fail (printf "%s is %s: %s" $path $value (last $shape)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "tunebot.validate.image" -}}
{{- if gt (int .Values.replicas) 1 -}}
  {{- fail (printf "replicas is %d, but a store belongs to one server: write 1, or 0 to stop tunebot" (int .Values.replicas)) -}}
{{- end -}}
{{- if and .Values.image.tag .Values.image.digest -}}
  {{- fail "image.tag and image.digest are both set, and the tag would say nothing: leave one of them out" -}}
{{- end -}}
{{- if regexMatch "(@|:[^/]*$)" .Values.image.repository -}}
  {{- fail (printf "image.repository is %s, with a tag or a digest in it: write those as image.tag or image.digest" .Values.image.repository) -}}
{{- end -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
  {{- fail "serviceAccount.create is false and serviceAccount.name is empty: name the account that tunebot runs as" -}}
{{- end -}}
{{- end -}}

{{- define "tunebot.validate.address" -}}
{{- with .Values.publicUrl -}}
  {{- if hasSuffix "/" . -}}
    {{- fail (printf "publicUrl is %s: leave out the slash at its end" .) -}}
  {{- end -}}
  {{- if not (regexMatch "^https?://" .) -}}
    {{- fail (printf "publicUrl is %s: it begins with https:// (or http://)" .) -}}
  {{- end -}}
  {{- if not (regexMatch "^https?://[^/?#]+$" .) -}}
    {{- fail (printf "publicUrl is %s: tunebot has a host of its own, write it without a path" .) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Settings that another value decides, because more than tunebot.yaml hangs on them. */}}
{{- define "tunebot.validate.config" -}}
{{- $server := .Values.config.server | default dict -}}
{{- if hasKey $server "public_url" -}}
  {{- fail "config.server.public_url is set: write it as publicUrl, which the ingress needs too" -}}
{{- end -}}
{{- if hasKey $server "drain" -}}
  {{- fail "config.server.drain is set: write it in seconds as drainSeconds, so that the pod is given the time" -}}
{{- end -}}
{{- if and $server.listen (not (hasSuffix ":8080" $server.listen)) -}}
  {{- fail (printf "config.server.listen is %s, but the pod's port is 8080: write 0.0.0.0:8080, or \"[::]:8080\" for IPv6" $server.listen) -}}
{{- end -}}
{{- $path := dig "store" "path" "/var/lib/tunebot/tunebot.db" .Values.config -}}
{{- if not (hasPrefix "/var/lib/tunebot/" $path) -}}
  {{- fail (printf "config.store.path is %s, which is not on the volume: leave it out, or write a path below /var/lib/tunebot" $path) -}}
{{- end -}}
{{- end -}}

{{- define "tunebot.validate.secrets" -}}
{{- $config := .Values.config -}}
{{- $found := dict
  "github.token" (list (dig "github" "token" "" $config))
  "github.app.private_key" (list (dig "github" "app" "private_key" "" $config))
  "github.webhook_secrets" (dig "github" "webhook_secrets" list $config)
  "slack.bot_token" (list (dig "slack" "bot_token" "" $config))
  "slack.app_token" (list (dig "slack" "app_token" "" $config))
  "slack.signing_secrets" (dig "slack" "signing_secrets" list $config)
-}}
{{- range dig "server" "api_tokens" list $config -}}
  {{- $_ := set $found "server.api_tokens" (append (get $found "server.api_tokens" | default list) .secret) -}}
{{- end -}}
{{- range $field, $references := $found -}}
  {{- range $references -}}
    {{- if and . (kindIs "string" .) -}}
      {{- fail (printf "config.%s holds a secret itself: put it into the Secret that existingSecret names and write {file: secrets/KEY}" $field) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $mounted := .Values.existingSecret -}}
{{- range .Values.extraVolumeMounts }}{{ if hasPrefix "/etc/tunebot/secrets" .mountPath }}{{ $mounted = true }}{{ end }}{{ end -}}
{{- $reference := regexFind "file: [\"']?secrets/[^\"'\n]+" (toYaml $config) -}}
{{- if and $reference (not $mounted) -}}
  {{- fail (printf "config has {%s}, but there are no secrets: name the Secret that has this key in existingSecret" $reference) -}}
{{- end -}}
{{- end -}}

{{/* Helm has read on, yes, y, off, no and n as true and false where they were not quoted. */}}
{{- define "tunebot.validate.words" -}}
{{- range $tuning, $settings := .Values.config.tunings -}}
  {{- range $parameter, $_ := dig "space" dict $settings -}}
    {{- if has $parameter (list "true" "false") -}}
      {{- fail (printf "config.tunings.%s.space has a parameter named `%s`, for Helm takes y, yes, on, n, no and off for that: put the name into quotes" $tuning $parameter) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "tunebot.validate.files" -}}
{{- $keys := dict "tunebot.yaml" "tunebot.yaml" -}}
{{- range $name, $_ := .Values.files -}}
  {{- if not (regexMatch "^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$" $name) -}}
    {{- fail (printf "files has a file named %s: a name has letters, digits, _, . and -, and / between folders" $name) -}}
  {{- end -}}
  {{- if hasPrefix "secrets/" $name -}}
    {{- fail (printf "files has %s, but what is in secrets/ comes from a Secret: put it there and name it in existingSecret" $name) -}}
  {{- end -}}
  {{- $key := include "tunebot.fileKey" $name -}}
  {{- if hasKey $keys $key -}}
    {{- fail (printf "files has %s, which is %s already: rename it%s" $name (get $keys $key) (eq $name "tunebot.yaml" | ternary ", or write its contents as config" "")) -}}
  {{- end -}}
  {{- $_ := set $keys $key $name -}}
{{- end -}}
{{- end -}}

{{- define "tunebot.validate.storage" -}}
{{- with .Values.persistence -}}
  {{- if and .existingClaim (not .enabled) -}}
    {{- fail (printf "persistence.existingClaim is %s but persistence.enabled is false: enable it, or leave the claim out" .existingClaim) -}}
  {{- end -}}
  {{- if and .existingClaim .dataSource -}}
    {{- fail "persistence.dataSource fills a new volume, but persistence.existingClaim names one that is there: leave one of them out" -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "tunebot.validate.wayIn" -}}
{{- $host := include "tunebot.publicHost" . -}}
{{- if and .Values.ingress.enabled (not (or .Values.ingress.host $host)) -}}
  {{- fail "ingress.enabled is true, but for which host? Write publicUrl (https://tunebot.example.com), or ingress.host" -}}
{{- end -}}
{{- if .Values.httpRoute.enabled -}}
  {{- if not .Values.httpRoute.parentRefs -}}
    {{- fail "httpRoute.enabled is true, but at which gateway? Write httpRoute.parentRefs: [{name: GATEWAY, namespace: ITS-NAMESPACE}]" -}}
  {{- end -}}
  {{- if not (or .Values.httpRoute.hostnames $host) -}}
    {{- fail "httpRoute.enabled is true, but for which host? Write publicUrl (https://tunebot.example.com), or httpRoute.hostnames" -}}
  {{- end -}}
{{- end -}}
{{- if and (include "tunebot.awaitsWebhooks" .) (not (include "tunebot.isReached" .)) -}}
  {{- fail "nothing brings GitHub's or Slack's webhooks to tunebot: switch on ingress.enabled or httpRoute.enabled; or say expose.elsewhere: true if something outside of this chart does; or reach Slack by Socket Mode (config.slack.app_token)" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (include "tunebot.isReached" .) (not .Values.networkPolicy.webhooksFrom) -}}
  {{- fail "networkPolicy.enabled is true, and it would keep the webhooks out: say who brings them in networkPolicy.webhooksFrom, for instance [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]" -}}
{{- end -}}
{{- if and .Values.service.nodePort (ne .Values.service.type "NodePort") -}}
  {{- fail (printf "service.nodePort is %d but service.type is %s: write NodePort, or leave the port out" (int .Values.service.nodePort) .Values.service.type) -}}
{{- end -}}
{{- end -}}
