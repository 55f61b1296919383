{{- /* A variable out of a Secret. Takes (list NAME SECRET KEY), or (list NAME SECRET KEY "optional"). */ -}}
{{- define "tillstream.secretVariable" -}}
- name: {{ index . 0 }}
  valueFrom: { secretKeyRef: { name: {{ index . 1 }}, key: {{ index . 2 | quote }}{{ if gt (len .) 3 }}, optional: true{{ end }} } }
{{- end -}}

{{- define "tillstream.kafkaEnv" -}}
{{- $kafka := .root.Values.kafka -}}
- { name: KAFKA_BROKERS, value: {{ include "tillstream.brokers" .root | quote }} }
{{- if $kafka.tls.enabled }}
- { name: KAFKA_SSL, value: 'true' }
{{- if $kafka.tls.ca.secret }}
- { name: KAFKA_SSL_CA_FILE, value: /etc/tillstream/kafka/ca/ca.crt }
{{- end }}
{{- if $kafka.tls.client.secret }}
- { name: KAFKA_SSL_CERT_FILE, value: /etc/tillstream/kafka/client/tls.crt }
- { name: KAFKA_SSL_KEY_FILE, value: /etc/tillstream/kafka/client/tls.key }
{{- end }}
{{- end }}
{{- if $kafka.sasl.mechanism }}
- { name: KAFKA_SASL_MECHANISM, value: {{ $kafka.sasl.mechanism }} }
{{- if $kafka.sasl.username }}
- { name: KAFKA_SASL_USERNAME, value: {{ $kafka.sasl.username | quote }} }
{{- else }}
{{ include "tillstream.secretVariable" (list "KAFKA_SASL_USERNAME" $kafka.sasl.existingSecret $kafka.sasl.usernameKey) }}
{{- end }}
- { name: KAFKA_SASL_PASSWORD_FILE, value: /etc/tillstream/kafka/sasl/password }
{{- end }}
{{- end -}}

{{- define "tillstream.redisEnv" -}}
{{- $redis := .root.Values.redis -}}
{{- if $redis.existingSecret }}
{{ include "tillstream.secretVariable" (list "REDIS_URL" $redis.existingSecret "url") }}
{{- else if .root.Values.bundled.redis.enabled }}
- { name: REDIS_URL, value: 'redis://{{ include "tillstream.name" .root }}-redis:6379' }
{{- else if $redis.url }}
- { name: REDIS_URL, value: {{ $redis.url | quote }} }
{{- end }}
{{- if $redis.cluster }}
- { name: REDIS_CLUSTER, value: 'true' }
{{- end }}
{{- with $redis.sentinel }}
{{- if .addresses }}
- { name: REDIS_SENTINELS, value: {{ join "," .addresses | quote }} }
- { name: REDIS_SENTINEL_MASTER, value: {{ .master | quote }} }
{{- end }}
{{- end }}
{{- if $redis.auth.existingSecret }}
{{ include "tillstream.secretVariable" (list "REDIS_USERNAME" $redis.auth.existingSecret $redis.auth.usernameKey "optional") }}
- { name: REDIS_PASSWORD_FILE, value: /etc/tillstream/redis/auth/password }
{{- end }}
{{- if $redis.tls.ca.secret }}
- { name: REDIS_CA_FILE, value: /etc/tillstream/redis/ca/ca.crt }
{{- end }}
{{- if $redis.tls.client.secret }}
- { name: REDIS_CERT_FILE, value: /etc/tillstream/redis/client/tls.crt }
- { name: REDIS_KEY_FILE, value: /etc/tillstream/redis/client/tls.key }
{{- end }}
{{- end -}}

{{- /* Keys that a service asks for, and those that it says itself. */ -}}
{{- define "tillstream.keyEnv" -}}
{{- $keys := .root.Values.keys -}}
{{- range $kind, $variable := dict "write-keys" "TILLSTREAM_WRITE_KEYS" "read-keys" "TILLSTREAM_READ_KEYS" }}
{{- if has $kind $.facts.needs }}
{{- if $keys.openToAll }}
- { name: {{ $variable }}, value: none }
{{- else if eq $keys.form "files" }}
- { name: {{ $variable }}_FILE, value: /etc/tillstream/{{ $kind }}/keys.yaml }
{{- else }}
{{ include "tillstream.secretVariable" (list $variable $keys.existingSecret $kind) }}
{{- end }}
{{- end }}
{{- end }}
{{- if $keys.ownSecret }}
{{- range $kind, $variable := dict "write-key" "TILLSTREAM_WRITE_KEY" "read-key" "TILLSTREAM_READ_KEY" }}
{{- if has $kind $.facts.needs }}
{{ include "tillstream.secretVariable" (list $variable $keys.ownSecret $kind "optional") }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "tillstream.tlsEnv" -}}
{{- $tls := .root.Values.tls -}}
{{- if $tls.existingSecret }}
{{- if hasKey .facts "http" }}
- { name: TILLSTREAM_TLS_CERT_FILE, value: /etc/tillstream/door/tls.crt }
- { name: TILLSTREAM_TLS_KEY_FILE, value: /etc/tillstream/door/tls.key }
{{- if $tls.clientCa.secret }}
- { name: TILLSTREAM_TLS_CLIENT_CA_FILE, value: /etc/tillstream/client-ca/ca.crt }
{{- end }}
{{- end }}
{{- if has "client" .facts.needs }}
- { name: TILLSTREAM_CA_FILE, value: /etc/tillstream/ca/ca.crt }
{{- if $tls.clientCa.secret }}
- { name: TILLSTREAM_CLIENT_CERT_FILE, value: /etc/tillstream/client/tls.crt }
- { name: TILLSTREAM_CLIENT_KEY_FILE, value: /etc/tillstream/client/tls.key }
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "tillstream.storesEnv" -}}
{{- $v := .root.Values -}}
{{- if has "lake" .facts.needs }}
{{- if $v.lake.where }}
- { name: TILLSTREAM_SINK_LAKE_WHERE, value: {{ $v.lake.where | quote }} }
{{- else }}
# What a stream file says of a bucket goes before.
- { name: TILLSTREAM_SINK_LAKE_DEFAULT_WHERE, value: /var/lib/tillstream/lake }
{{- end }}
{{- with $v.lake.endpoint }}
- { name: TILLSTREAM_SINK_LAKE_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{- with $v.lake.region }}
- { name: TILLSTREAM_SINK_LAKE_REGION, value: {{ . | quote }} }
{{- end }}
{{- with $v.lake.existingSecret }}
{{ include "tillstream.secretVariable" (list "TILLSTREAM_SINK_LAKE_USER" . "user") }}
{{ include "tillstream.secretVariable" (list "TILLSTREAM_SINK_LAKE_SECRET" . "secret") }}
{{- end }}
{{- end }}
{{- if has "sinks" .facts.needs }}
{{- range $name, $sink := $v.sinks }}
{{- $prefix := printf "TILLSTREAM_SINK_%s" ($name | upper | replace "-" "_") }}
{{- with $sink.where }}
- { name: {{ $prefix }}_WHERE, value: {{ . | quote }} }
{{- end }}
{{- range $key := $sink.keys }}
{{ include "tillstream.secretVariable" (list (printf "%s_%s" $prefix ($key | upper | replace "-" "_")) $sink.existingSecret $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "tillstream.tracingEnv" -}}
{{- with .root.Values.telemetry }}
{{- if or .otlpEndpoint .zipkinEndpoint }}
{{- if .zipkinEndpoint }}
- { name: OTEL_TRACES_EXPORTER, value: zipkin }
- { name: OTEL_EXPORTER_ZIPKIN_ENDPOINT, value: {{ .zipkinEndpoint | quote }} }
{{- else }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .otlpEndpoint | quote }} }
{{- end }}
- { name: OTEL_TRACES_SAMPLER, value: parentbased_traceidratio }
- { name: OTEL_TRACES_SAMPLER_ARG, value: {{ .sampleRatio | toString | quote }} }
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: OTEL_RESOURCE_ATTRIBUTES, value: 'k8s.namespace.name={{ $.root.Release.Namespace }},k8s.pod.name=$(POD_NAME)' }
{{- end }}
{{- end }}
{{- end -}}

{{- /* All variables of a service. Takes (dict "root" $ "service" NAME "settings" MERGED "facts" FACTS). */ -}}
{{- define "tillstream.env" -}}
{{- $v := .root.Values -}}
- { name: STREAM_FILES, value: {{ include "tillstream.streamFiles" .root | quote }} }
- { name: HTTP_PORT, value: {{ .facts.http | toString | quote }} }
{{- if .facts.grpc }}
- { name: GRPC_PORT, value: {{ .facts.grpc | toString | quote }} }
{{- end }}
- { name: LOG_LEVEL, value: {{ .settings.logLevel }} }
- { name: SHUTDOWN_TIMEOUT_MS, value: {{ .settings.shutdownTimeoutMs | int64 | toString | quote }} }
{{- if has "kafka" .facts.needs }}
{{ include "tillstream.kafkaEnv" . }}
{{- end }}
{{- if has "redis" .facts.needs }}
{{- include "tillstream.redisEnv" . }}
{{- end }}
{{- include "tillstream.keyEnv" . }}
{{- include "tillstream.tlsEnv" . }}
{{- if and (has "tracker" .facts.needs) (index $v.services "session-tracker").enabled }}
- { name: SESSION_TRACKER_ADDRESS, value: '{{ include "tillstream.grpcAddress" (dict "root" .root "service" "session-tracker" "port" 50053) }}' }
{{- end }}
{{- include "tillstream.storesEnv" . }}
{{- include "tillstream.tracingEnv" . }}
{{- include "tillstream.moreEnv" .settings }}
{{- end -}}

{{- /* Variables that the values name themselves. Takes settings of a service. */ -}}
{{- define "tillstream.moreEnv" -}}
{{- range $name, $value := .env }}
- { name: {{ $name }}, value: {{ kindIs "float64" $value | ternary ($value | toJson) $value | toString | quote }} }
{{- end }}
{{- range $name, $from := .secretEnv }}
{{ include "tillstream.secretVariable" (list $name $from.secret $from.key) }}
{{- end }}
{{- end -}}
