{{- define "critique-loop.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "critique-loop.claim" -}}
{{ .Values.store.claim | default (printf "%s-store" .Release.Name) }}
{{- end }}

{{- define "critique-loop.pod-security" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "critique-loop.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* Of a container: (list . VARIABLES SECRET), with what all are told. */}}
{{- define "critique-loop.env" -}}
{{- $root := index . 0 }}
env:
  - name: TEMPORAL_ADDRESS
    value: {{ $root.Values.temporal.address | quote }}
  - name: TEMPORAL_NAMESPACE
    value: {{ $root.Values.temporal.namespace | quote }}
  {{- range $name, $value := merge (dict) (index . 1) $root.Values.env }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
{{- with compact (list $root.Values.temporal.secret (index . 2)) }}
envFrom:
  {{- range . }}
  - secretRef: { name: {{ . }} }
  {{- end }}
{{- end }}
{{- end }}
