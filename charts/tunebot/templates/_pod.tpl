{{/* What the pods of the chart (server, check, test) have in common. */}}

{{- define "tunebot.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* A container that runs a command of tunebot and sees its configuration. Takes a dict: root, and a container's fields. */}}
{{- define "tunebot.container" -}}
{{- $root := .root -}}
name: {{ .name }}
image: {{ include "tunebot.image" $root | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args: {{ .args | toJson }}
env:
  - name: TUNEBOT_CONFIG
    value: {{ include "tunebot.configPaths" $root | quote }}
  {{- with $root.Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $root.Values.extraEnvFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml $root.Values.securityContext | nindent 2 }}
volumeMounts:
  - name: config
    mountPath: /etc/tunebot
    readOnly: true
  {{- if $root.Values.existingSecret }}
  - name: secrets
    mountPath: /etc/tunebot/secrets
    readOnly: true
  {{- end }}
  - name: tmp
    mountPath: /tmp
  {{- with $root.Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Volumes of that container. Takes a dict: root, configMap. The Secret is a volume of its own, which needs no list of keys,
     mounted into the folder of the other. */}}
{{- define "tunebot.volumes" -}}
{{- $values := .root.Values -}}
- name: config
  configMap:
    name: {{ .configMap }}
    items:
      - key: tunebot.yaml
        path: tunebot.yaml
      {{- range $name, $text := $values.files }}
      - key: {{ include "tunebot.fileKey" $name }}
        path: {{ $name }}
      {{- end }}
{{- with $values.existingSecret }}
- name: secrets
  secret:
    secretName: {{ . }}
    defaultMode: 288 # 0440: the group is fsGroup
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- with $values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where pods may run, and as whom. */}}
{{- define "tunebot.placement" -}}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
