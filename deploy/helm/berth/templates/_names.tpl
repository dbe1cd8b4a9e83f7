{{- define "berth.name" -}}
{{ .Values.nameOverride | default .Chart.Name }}
{{- end }}

{{- define "berth.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains (include "berth.name" .) .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "berth.name" .) | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "berth.selector" -}}
app.kubernetes.io/name: {{ include "berth.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "berth.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "berth.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "berth.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "berth.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "berth.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{/* The one port that it serves on: https, or http behind a proxy. */}}
{{- define "berth.port" -}}
{{ eq .Values.tls.mode "proxy" | ternary "http" "https" }}
{{- end }}

{{- define "berth.tlsSecret" -}}
{{- if eq .Values.tls.mode "certManager" -}}
{{ .Values.tls.secretName | default (printf "%s-tls" (include "berth.fullname" .)) }}
{{- else if eq .Values.tls.mode "secret" -}}
{{ .Values.tls.secretName }}
{{- end -}}
{{- end }}

{{/* The names that lead to it, as JSON. */}}
{{- define "berth.hosts" -}}
{{ concat (list .Values.domain (printf "*.%s" .Values.domain)) (.Values.ingress.extraHosts | default list) | toJson }}
{{- end }}
