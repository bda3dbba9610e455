{{/* What stands in this chart's values and, since Argo's chart reads no templates there, in Argo's once more. */}}

{{/* Two values that have to be equal: (list PATH VALUE PATH VALUE). */}}
{{- define "tuning-platform.checks.equal" -}}
{{- if ne (toString (index . 1)) (toString (index . 3)) }}
- {{ index . 0 }} is {{ include "tuning-platform.checks.said" (index . 1) }} and {{ index . 2 }} is {{ include "tuning-platform.checks.said" (index . 3) }}: write the same in both.
{{- end -}}
{{- end }}

{{- define "tuning-platform.checks.said" -}}
{{- if kindIs "invalid" . -}}empty{{- else -}}{{- toJson . -}}{{- end -}}
{{- end }}

{{- define "tuning-platform.checks.argo" -}}
{{- $argo := index .Values "argo-workflows" -}}
{{- if $argo.enabled -}}
{{- $workflows := .Values.workflows -}}
{{- $defaults := dig "controller" "workflowDefaults" "spec" dict $argo -}}
{{- if not (has $workflows.namespace (dig "controller" "workflowNamespaces" list $argo)) }}
- workflows.namespace is {{ $workflows.namespace | toJson }}, which is not among argo-workflows.controller.workflowNamespaces: add it there.
{{- end -}}
{{- with $defaults.serviceAccountName -}}
{{- if not (hasKey $workflows.serviceAccounts .) }}
- argo-workflows.controller.workflowDefaults.spec.serviceAccountName is {{ toJson . }}, which is not among workflows.serviceAccounts ({{ keys $workflows.serviceAccounts | sortAlpha | join ", " }}).
{{- end -}}
{{- end -}}
{{- if and (dig "workflow" "serviceAccount" "create" false $argo) (hasKey $workflows.serviceAccounts (dig "workflow" "serviceAccount" "name" "" $argo)) }}
- argo-workflows.workflow.serviceAccount makes an account of the name {{ dig "workflow" "serviceAccount" "name" "" $argo | toJson }}, and so does workflows.serviceAccounts. Set argo-workflows.workflow.serviceAccount.create: false.
{{- end -}}
{{- include "tuning-platform.checks.artifacts" . -}}
{{- include "tuning-platform.checks.sso" . -}}
{{- end -}}
{{- include "tuning-platform.checks.object-store" . -}}
{{- end }}

{{- define "tuning-platform.checks.artifacts" -}}
{{- $argo := index .Values "argo-workflows" -}}
{{- $s3 := dig "artifactRepository" "s3" dict $argo -}}
{{- if and (dig "artifactRepository" "archiveLogs" false $argo) (not $s3) (not $argo.customArtifactRepository) (not (dig "artifactRepository" "gcs" dict $argo)) (not (dig "artifactRepository" "azure" dict $argo)) }}
- argo-workflows.artifactRepository.archiveLogs is true, but there is no repository: set argo-workflows.artifactRepository.s3.
{{- end -}}
{{- if $s3 -}}
{{- if not $s3.bucket }}
- argo-workflows.artifactRepository.s3 has no bucket.
{{- end -}}
{{- if and $s3.accessKeySecret (not $argo.useStaticCredentials) }}
- argo-workflows.artifactRepository.s3.accessKeySecret is not looked at as long as argo-workflows.useStaticCredentials is false: set it to true.
{{- end -}}
{{- if and $s3.accessKeySecret $s3.useSDKCreds }}
- argo-workflows.artifactRepository.s3 has both accessKeySecret and useSDKCreds: keys out of a Secret or what pods run as, not both.
{{- end -}}
{{- if not (or $s3.accessKeySecret $s3.useSDKCreds) }}
- argo-workflows.artifactRepository.s3 says nothing of credentials: useSDKCreds: true (IRSA, Pod Identity), or accessKeySecret and secretKeySecret with argo-workflows.useStaticCredentials: true.
{{- end -}}
{{- if and $s3.endpoint (regexMatch "^https?://" $s3.endpoint) }}
- argo-workflows.artifactRepository.s3.endpoint is {{ $s3.endpoint | toJson }}: write it without https://, and insecure: true for a store without TLS.
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tuning-platform.checks.sso" -}}
{{- $argo := index .Values "argo-workflows" -}}
{{- $platform := .Values.global.platform -}}
{{- $sso := $platform.sso -}}
{{- $server := default dict $argo.server -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.enabled" $sso.enabled "argo-workflows.server.sso.enabled" (dig "sso" "enabled" false $server)) -}}
{{- if $sso.enabled -}}
{{- $sso_argo := $server.sso -}}
{{- if not (has "sso" (default list $server.authModes)) }}
- global.platform.sso.enabled is true, but argo-workflows.server.authModes is {{ toJson $server.authModes }}: write [sso], or [sso, client] for scripts with tokens.
{{- end -}}
{{- if has "server" (default list $server.authModes) }}
- argo-workflows.server.authModes has "server" beside sso: everybody would get in without signing in. Remove it.
{{- end -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.issuer" $sso.issuer "argo-workflows.server.sso.issuer" $sso_argo.issuer) -}}
{{- include "tuning-platform.checks.equal" (list "argo-workflows.server.sso.redirectUrl" $sso_argo.redirectUrl "the address that follows from global.platform.hosts.argo" (printf "https://%s/oauth2/callback" $platform.hosts.argo)) -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.secret.name" $sso.secret.name "argo-workflows.server.sso.clientId.name" (dig "clientId" "name" "" $sso_argo)) -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.secret.clientIdKey" $sso.secret.clientIdKey "argo-workflows.server.sso.clientId.key" (dig "clientId" "key" "" $sso_argo)) -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.secret.name" $sso.secret.name "argo-workflows.server.sso.clientSecret.name" (dig "clientSecret" "name" "" $sso_argo)) -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.secret.clientSecretKey" $sso.secret.clientSecretKey "argo-workflows.server.sso.clientSecret.key" (dig "clientSecret" "key" "" $sso_argo)) -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.scopes" (join " " $sso.scopes) "argo-workflows.server.sso.scopes" (join " " $sso_argo.scopes)) -}}
{{- include "tuning-platform.checks.equal" (list "global.platform.sso.groupsClaim" $sso.groupsClaim "argo-workflows.server.sso.customGroupClaimName (default: groups)" (dig "customGroupClaimName" "" $sso_argo | default "groups")) -}}
{{- if not (dig "rbac" "enabled" false $sso_argo) }}
- argo-workflows.server.sso.rbac.enabled is false: whoever signs in could do everything that argo-server can. Set it to true.
{{- end -}}
{{- with dig "rbac" "secretWhitelist" list $sso_argo -}}
{{- range list $sso.secret.name "sso" "argo-editor.service-account-token" "argo-viewer.service-account-token" -}}
{{- if not (has . (dig "rbac" "secretWhitelist" list $sso_argo)) }}
- argo-workflows.server.sso.rbac.secretWhitelist lacks {{ . }}: argo-server could not read it, and nobody could sign in.
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tuning-platform.checks.object-store" -}}
{{- $store := .Values.objectStore -}}
{{- $s3 := dig "artifactRepository" "s3" dict (index .Values "argo-workflows") -}}
{{- if and $store.enabled (index .Values "argo-workflows" "enabled") -}}
{{- include "tuning-platform.checks.equal" (list "objectStore.bucket" $store.bucket "argo-workflows.artifactRepository.s3.bucket" $s3.bucket) -}}
{{- include "tuning-platform.checks.equal" (list "objectStore.existingSecret" $store.existingSecret "argo-workflows.artifactRepository.s3.accessKeySecret.name" (dig "accessKeySecret" "name" "" $s3)) -}}
{{- $endpoint := printf "object-store.%s.svc:9000" .Values.workflows.namespace -}}
{{- include "tuning-platform.checks.equal" (list "argo-workflows.artifactRepository.s3.endpoint" $s3.endpoint "the address of objectStore" $endpoint) -}}
{{- end -}}
{{- end }}
