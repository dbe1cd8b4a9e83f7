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
{{- include "berth.checkMode" . -}}
{{- $own := include "berth.ownSettings" . | fromYaml -}}
{{- range $from := list .Values.settings .Values.settingsFromSecrets -}}
{{- range $name := keys $from | sortAlpha -}}
{{- if hasKey $own $name }}{{ fail (printf "The setting '%s' is made from the chart's other values; it cannot be given by itself." $name) }}{{ end -}}
{{- if and (hasKey $.Values.settings $name) (hasKey $.Values.settingsFromSecrets $name) }}{{ fail (printf "The setting '%s' is given twice, by settings and by settingsFromSecrets." $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $name := list "Tls:Password" "Identity:Provider:ClientSecret" "Metadata:ConnectionString" "Storage:S3:SecretKey" "Storage:AzureBlob:AccountKey" -}}
{{- if hasKey $.Values.settings $name }}{{ fail (printf "The setting '%s' is a secret: give it by settingsFromSecrets." $name) }}{{ end -}}
{{- end -}}
{{- end }}

{{/* What the two modes exclude, and what several nodes need. */}}
{{- define "berth.checkMode" -}}
{{- $kind := get .Values.settings "Storage:Kind" | default "FileSystem" -}}
{{- if eq .Values.mode "cluster" -}}
{{- if not .Values.database.existingSecret }}{{ fail "mode 'cluster' needs database.existingSecret: a secret with PostgreSQL's connection string; the nodes share their rows there." }}{{ end -}}
{{- if not (has $kind (list "S3" "AzureBlob")) }}{{ fail (printf "mode 'cluster' needs settings.Storage:Kind S3 or AzureBlob, not '%s': the nodes share their blobs there." $kind) }}{{ end -}}
{{- $place := eq $kind "S3" | ternary "Storage:S3:Bucket" "Storage:AzureBlob:Container" -}}
{{- if not (get .Values.settings $place) }}{{ fail (printf "mode 'cluster' with settings.Storage:Kind %s needs settings.%s." $kind $place) }}{{ end -}}
{{- if and (eq $kind "AzureBlob") (not (get .Values.settings "Storage:AzureBlob:Endpoint")) }}{{ fail "mode 'cluster' with settings.Storage:Kind AzureBlob needs settings.Storage:AzureBlob:Endpoint." }}{{ end -}}
{{- if eq .Values.tls.mode "selfMade" }}{{ fail "mode 'cluster' excludes tls.mode 'selfMade': each node would make an authority of its own; choose secret, certManager or proxy." }}{{ end -}}
{{- if .Values.persistence.existingClaim }}{{ fail "mode 'cluster' excludes persistence.existingClaim: the nodes keep nothing on a volume." }}{{ end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.egress) }}{{ fail "mode 'cluster' needs networkPolicy.egress: the way to the database and the object store; or networkPolicy.enabled=false." }}{{ end -}}
{{- if and (or (get .Values.settings "Diagnostics:LoginEvents") (get .Values.settings "Diagnostics:RepositoryEvents")) (ne (get .Values.settings "Diagnostics:Target" | default "File") "Stdout") }}{{ fail "mode 'cluster' with settings.Diagnostics:… needs settings.Diagnostics:Target Stdout: a file would go with its pod." }}{{ end -}}
{{- else -}}
{{- if .Values.database.existingSecret }}{{ fail "mode 'single' excludes database.existingSecret: its rows are on its volume; choose mode cluster, with replicas 1 if one node is enough." }}{{ end -}}
{{- if ne $kind "FileSystem" }}{{ fail (printf "mode 'single' excludes settings.Storage:Kind %s: its blobs are on its volume; choose mode cluster, with replicas 1 if one node is enough." $kind) }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The settings that are the chart's to make, as a map from names to texts; an empty one is given in another way, or not at all. */}}
{{- define "berth.ownSettings" -}}
Data: /data
Domain: {{ .Values.domain | quote }}
Https:PublicPort: {{ .Values.publicPort | toString | quote }}
Shutdown:DrainTimeout: {{ printf "%vs" .Values.drain.seconds | quote }}
{{- if eq .Values.mode "cluster" }}
Metadata:Kind: Postgres
Metadata:ConnectionString: ""
Metadata:ConnectionStringFile: ""
Shutdown:Delay: {{ printf "%vs" .Values.drain.preStopSeconds | quote }}
{{- else }}
Metadata:Kind: Sqlite
{{- end }}
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
{{- if eq .Values.mode "cluster" }}
- name: BERTH_Metadata__ConnectionString
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.key }}
{{- end }}
{{- range $name, $value := include "berth.ownSettings" . | fromYaml }}
{{- if $value }}
- name: {{ include "berth.variable" $name }}
  value: {{ $value | quote }}
{{- end }}
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
