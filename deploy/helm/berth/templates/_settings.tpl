{{/* What several values must satisfy together; values.schema.json has what each must by itself. */}}
{{- define "berth.check" -}}
{{- $tls := .Values.tls -}}
{{- if and (eq $tls.mode "secret") (not $tls.secretName) }}{{ fail "tls.mode 'secret' needs tls.secretName: a secret of the type kubernetes.io/tls." }}{{ end -}}
{{- if and (eq $tls.mode "certManager") (not $tls.issuerRef.name) }}{{ fail "tls.mode 'certManager' needs tls.issuerRef.name: the issuer that cert-manager asks." }}{{ end -}}
{{- if and (eq $tls.mode "proxy") (not $tls.trustedProxies) }}{{ fail "tls.mode 'proxy' needs tls.trustedProxies: the networks that the proxy's connections come from; without them every client would have the proxy's address." }}{{ end -}}
{{- if and .Values.ingress.enabled (ne $tls.mode "proxy") }}{{ fail "ingress.enabled needs tls.mode 'proxy': the ingress does TLS and talks plain HTTP to Berth." }}{{ end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.tlsSecretName) }}{{ fail "ingress.enabled needs ingress.tlsSecretName: clients send passwords only over TLS." }}{{ end -}}
{{- if and (eq $tls.mode "proxy") (ne .Values.service.type "ClusterIP") }}{{ fail (printf "tls.mode 'proxy' excludes service.type '%s': it would serve plain HTTP to the outside." .Values.service.type) }}{{ end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.serviceMonitor.basicAuth.secretName) }}{{ fail "serviceMonitor.enabled needs serviceMonitor.basicAuth.secretName: /metrics wants a user with the right metrics/read." }}{{ end -}}
{{- $own := include "berth.ownSettings" . | fromYaml -}}
{{- range $from := list .Values.settings .Values.settingsFromSecrets -}}
{{- range $name := keys $from | sortAlpha -}}
{{- if hasKey $own $name }}{{ fail (printf "The setting '%s' is made from the chart's other values; it cannot be given by itself." $name) }}{{ end -}}
{{- if and (hasKey $.Values.settings $name) (hasKey $.Values.settingsFromSecrets $name) }}{{ fail (printf "The setting '%s' is given twice, by settings and by settingsFromSecrets." $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $name := list "Tls:Password" "Identity:Provider:ClientSecret" -}}
{{- if hasKey $.Values.settings $name }}{{ fail (printf "The setting '%s' is a secret: give it by settingsFromSecrets." $name) }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The settings that are the chart's to make, as a map from names to texts. */}}
{{- define "berth.ownSettings" -}}
Data: /data
Domain: {{ .Values.domain | quote }}
Https:PublicPort: {{ .Values.publicPort | toString | quote }}
Shutdown:DrainTimeout: {{ printf "%vs" .Values.drain.seconds | quote }}
{{- if eq .Values.tls.mode "proxy" }}
Https:Listen: none
Http:Listen: "*:5000"
Http:AllowRemote: "true"
Http:TrustedProxies: {{ join "," .Values.tls.trustedProxies | quote }}
{{- else }}
Https:Listen: "*:5443"
Http:Listen: none
{{- end }}
{{- if include "berth.tlsSecret" . }}
Tls:Certificate: /tls/tls.crt
Tls:Key: /tls/tls.key
{{- end }}
{{- end }}

{{- define "berth.variable" -}}
BERTH_{{ . | replace ":" "__" }}
{{- end }}

{{- define "berth.env" -}}
- name: BERTH_OWNER_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .Values.owner.existingSecret }}
      key: {{ .Values.owner.key }}
{{- range $name, $value := include "berth.ownSettings" . | fromYaml }}
- name: {{ include "berth.variable" $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ include "berth.variable" $name }}
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- range $name, $source := .Values.settingsFromSecrets }}
- name: {{ include "berth.variable" $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $source.secretName }}
      key: {{ $source.key }}
{{- end }}
{{- end }}
