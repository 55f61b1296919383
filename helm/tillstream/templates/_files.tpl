{{- /*
Files out of Secrets that a container reads, as JSON: a list of { name, secret, path, keys }, mounted at /etc/tillstream/<path>, where
`keys` gives keys of the Secret other names. A whole directory is mounted, never one file of it, so that what is renewed is seen.
Takes (dict "root" $ "facts" FACTS).
*/ -}}
{{- define "tillstream.secretFiles" -}}
{{- $v := .root.Values -}}
{{- $needs := .facts.needs -}}
{{- $files := list -}}
{{- if has "kafka" $needs -}}
{{- with $v.kafka.tls.ca }}{{ if .secret }}{{ $files = append $files (dict "name" "kafka-ca" "secret" .secret "path" "kafka/ca" "keys" (dict .key "ca.crt")) }}{{ end }}{{ end -}}
{{- with $v.kafka.tls.client }}{{ if .secret }}{{ $files = append $files (dict "name" "kafka-client" "secret" .secret "path" "kafka/client" "keys" (dict .certKey "tls.crt" .keyKey "tls.key")) }}{{ end }}{{ end -}}
{{- with $v.kafka.sasl }}{{ if .mechanism }}{{ $files = append $files (dict "name" "kafka-sasl" "secret" .existingSecret "path" "kafka/sasl" "keys" (dict .passwordKey "password")) }}{{ end }}{{ end -}}
{{- end -}}
{{- if has "redis" $needs -}}
{{- with $v.redis.tls.ca }}{{ if .secret }}{{ $files = append $files (dict "name" "redis-ca" "secret" .secret "path" "redis/ca" "keys" (dict .key "ca.crt")) }}{{ end }}{{ end -}}
{{- with $v.redis.tls.client }}{{ if .secret }}{{ $files = append $files (dict "name" "redis-client" "secret" .secret "path" "redis/client" "keys" (dict .certKey "tls.crt" .keyKey "tls.key")) }}{{ end }}{{ end -}}
{{- with $v.redis.auth }}{{ if .existingSecret }}{{ $files = append $files (dict "name" "redis-auth" "secret" .existingSecret "path" "redis/auth" "keys" (dict .passwordKey "password")) }}{{ end }}{{ end -}}
{{- end -}}
{{- if and $v.keys.existingSecret (eq $v.keys.form "files") -}}
{{- range $kind := list "write-keys" "read-keys" -}}
{{- if has $kind $needs }}{{ $files = append $files (dict "name" $kind "secret" $v.keys.existingSecret "path" $kind "keys" (dict (printf "%s.yaml" $kind) "keys.yaml")) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $v.tls -}}
{{- if .existingSecret -}}
{{- if hasKey $.facts "http" }}{{ $files = append $files (dict "name" "door" "secret" .existingSecret "path" "door" "keys" (dict "tls.crt" "tls.crt" "tls.key" "tls.key")) }}{{ end -}}
{{- if and (hasKey $.facts "http") .clientCa.secret }}{{ $files = append $files (dict "name" "client-ca" "secret" .clientCa.secret "path" "client-ca" "keys" (dict .clientCa.key "ca.crt")) }}{{ end -}}
{{- if has "client" $needs -}}
{{- $files = append $files (dict "name" "ca" "secret" (default .existingSecret .ca.secret) "path" "ca" "keys" (dict .ca.key "ca.crt")) -}}
{{- if .clientCa.secret }}{{ $files = append $files (dict "name" "client" "secret" (default .existingSecret .client.secret) "path" "client" "keys" (dict .client.certKey "tls.crt" .client.keyKey "tls.key")) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $files -}}
{{- end -}}

{{- define "tillstream.fileVolumes" -}}
{{- range include "tillstream.secretFiles" . | fromJsonArray }}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    # 0440: the group is that of the process.
    defaultMode: 288
    items:
      {{- range $key, $file := .keys }}
      - { key: {{ $key | quote }}, path: {{ $file }} }
      {{- end }}
{{- end }}
{{- end -}}

{{- define "tillstream.fileMounts" -}}
{{- range include "tillstream.secretFiles" . | fromJsonArray }}
- { name: {{ .name }}, mountPath: /etc/tillstream/{{ .path }}, readOnly: true }
{{- end }}
{{- end -}}
