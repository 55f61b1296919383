{{- /* The pod of a service. Takes (dict "root" $ "service" NAME "settings" MERGED "facts" FACTS). */ -}}
{{- define "tillstream.pod" -}}
{{- $v := .root.Values -}}
metadata:
  labels:
    {{- include "tillstream.labels" . | nindent 4 }}
  annotations:
    checksum/streams: {{ toJson $v.streams | sha256sum }}
    {{- with .settings.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "tillstream.serviceName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $v.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  terminationGracePeriodSeconds: {{ add .settings.preStopSeconds (div (int .settings.shutdownTimeoutMs) 1000) 10 }}
  securityContext:
    {{- include "tillstream.podSecurity" . | nindent 4 }}
  topologySpreadConstraints:
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "tillstream.selector" $ | nindent 10 }}
    {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" }}
  {{- with index $.settings $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  containers:
    - name: {{ .service }}
      image: {{ include "tillstream.image" . }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      securityContext:
        {{- include "tillstream.containerSecurity" . | nindent 8 }}
      env:
        {{- include "tillstream.env" . | nindent 8 }}
      ports:
        - { name: http, containerPort: {{ .facts.http }} }
        {{- if .facts.grpc }}
        - { name: grpc, containerPort: {{ .facts.grpc }} }
        {{- end }}
      # Alive is who answers at all: a broker or a Redis that is away is no reason to start anew.
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 2
        failureThreshold: 60
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 5
        timeoutSeconds: 5
      lifecycle:
        # Needs no shell in the image; the cluster learns meanwhile that the pod is going.
        preStop: { sleep: { seconds: {{ int .settings.preStopSeconds }} } }
      resources:
        {{- toYaml .settings.resources | nindent 8 }}
      volumeMounts:
        - { name: streams, mountPath: /etc/tillstream/streams, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if and .facts.lake (not $v.lake.where) }}
        - { name: lake, mountPath: /var/lib/tillstream/lake }
        {{- end }}
  volumes:
    - name: streams
      configMap: { name: {{ include "tillstream.streamConfigMap" .root }} }
    - name: tmp
      emptyDir: {}
    {{- if and .facts.lake (not $v.lake.where) }}
    - name: lake
      persistentVolumeClaim: { claimName: {{ include "tillstream.lakeClaim" .root }} }
    {{- end }}
{{- end -}}

{{- define "tillstream.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "tillstream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- /* Variables that reach the brokers. */ -}}
{{- define "tillstream.kafkaEnv" -}}
{{- $kafka := .root.Values.kafka -}}
- { name: KAFKA_BROKERS, value: {{ include "tillstream.brokers" .root | quote }} }
- { name: STREAM_FILES, value: {{ include "tillstream.streamFiles" .root | quote }} }
{{- if $kafka.tls.enabled }}
- { name: KAFKA_SSL, value: 'true' }
{{- end }}
{{- if $kafka.sasl.mechanism }}
- { name: KAFKA_SASL_MECHANISM, value: {{ $kafka.sasl.mechanism }} }
- name: KAFKA_SASL_USERNAME
  valueFrom: { secretKeyRef: { name: {{ $kafka.sasl.existingSecret }}, key: username } }
- name: KAFKA_SASL_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $kafka.sasl.existingSecret }}, key: password } }
{{- end }}
{{- end -}}

{{- define "tillstream.env" -}}
{{- $v := .root.Values -}}
{{ include "tillstream.kafkaEnv" . }}
- { name: HTTP_PORT, value: {{ .facts.http | toString | quote }} }
{{- if .facts.grpc }}
- { name: GRPC_PORT, value: {{ .facts.grpc | toString | quote }} }
{{- end }}
- { name: LOG_LEVEL, value: {{ .settings.logLevel }} }
- { name: SHUTDOWN_TIMEOUT_MS, value: {{ .settings.shutdownTimeoutMs | int64 | quote }} }
{{- if .facts.redis }}
- name: REDIS_URL
  {{- if $v.redis.existingSecret }}
  valueFrom: { secretKeyRef: { name: {{ $v.redis.existingSecret }}, key: url } }
  {{- else }}
  value: {{ include "tillstream.redisUrl" .root }}
  {{- end }}
{{- end }}
{{- if eq .service "gateway" }}
- name: TILLSTREAM_WRITE_KEYS
  {{- if $v.keys.existingSecret }}
  valueFrom: { secretKeyRef: { name: {{ $v.keys.existingSecret }}, key: write-keys } }
  {{- else }}
  value: none
  {{- end }}
{{- end }}
{{- if eq .service "query-api" }}
- name: TILLSTREAM_READ_KEYS
  {{- if $v.keys.existingSecret }}
  valueFrom: { secretKeyRef: { name: {{ $v.keys.existingSecret }}, key: read-keys } }
  {{- else }}
  value: none
  {{- end }}
{{- if (index $v.services "session-tracker").enabled }}
- { name: SESSION_TRACKER_ADDRESS, value: '{{ include "tillstream.name" .root }}-session-tracker:50053' }
{{- end }}
{{- end }}
{{- if .facts.lake }}
- { name: TILLSTREAM_SINK_LAKE_WHERE, value: {{ default "/var/lib/tillstream/lake" $v.lake.where | quote }} }
{{- with $v.lake.region }}
- { name: TILLSTREAM_SINK_LAKE_REGION, value: {{ . }} }
{{- end }}
{{- with $v.lake.existingSecret }}
- name: TILLSTREAM_SINK_LAKE_USER
  valueFrom: { secretKeyRef: { name: {{ . }}, key: user } }
- name: TILLSTREAM_SINK_LAKE_SECRET
  valueFrom: { secretKeyRef: { name: {{ . }}, key: secret } }
{{- end }}
{{- end }}
{{- if $v.telemetry.otlpEndpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ $v.telemetry.otlpEndpoint | quote }} }
- { name: OTEL_TRACES_SAMPLER, value: parentbased_traceidratio }
- { name: OTEL_TRACES_SAMPLER_ARG, value: {{ $v.telemetry.sampleRatio | toString | quote }} }
{{- end }}
{{- range $name, $value := .settings.env }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- end -}}
