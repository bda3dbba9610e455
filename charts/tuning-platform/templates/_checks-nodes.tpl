{{- define "tuning-platform.checks.nodes" -}}
{{- $karpenter := .Values.nodes.karpenter -}}
{{- if $karpenter.enabled -}}
{{- if not (or $karpenter.nodeClass.role (get $karpenter.nodeClass.spec "instanceProfile")) }}
- nodes.karpenter.nodeClass.role is empty: name the IAM role of Karpenter's nodes, KarpenterNodeRole-CLUSTER for instance.
{{- end -}}
{{- if not (or $karpenter.nodeClass.discovery (get $karpenter.nodeClass.spec "subnetSelectorTerms")) }}
- nodes.karpenter.nodeClass.discovery is empty: write the value of the tag karpenter.sh/discovery that your subnets and security groups bear.
{{- end -}}
{{- end -}}
{{- end }}
