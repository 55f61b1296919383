{{- /*
The pod of a service. Takes (dict "root" $ "service" NAME "image" IMAGE "settings" MERGED "facts" FACTS), and "env" with more variables
and "state" with the name of a claim for what the service keeps, where it has these.
*/ -}}
{{- define "tillstream.pod" -}}
{{- $v := .root.Values -}}
{{- $env := printf "%s\n%s" (include "tillstream.env" .) (default "" .env) -}}
{{- include "tillstream.validateEnv" (dict "service" .service "env" ($env | fromYamlArray)) -}}
{{- $scheme := empty $v.tls.existingSecret | ternary "HTTP" "HTTPS" -}}
metadata:
  labels:
    {{- include "tillstream.labels" . | nindent 4 }}
    {{- with .settings.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if ne $v.streams.onChange "apply" }}
    checksum/streams: {{ toJson $v.streams | sha256sum }}
    {{- end }}
    kubectl.kubernetes.io/default-container: {{ .image }}
    {{- with .settings.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "tillstream.serviceName" . }}
  {{- include "tillstream.podCommons" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ add (int .settings.preStopSeconds) (div (int .settings.shutdownTimeoutMs) 1000) 10 }}
  topologySpreadConstraints:
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      # Pods of the revision before are on their way out: they do not count.
      matchLabelKeys: [pod-template-hash]
      labelSelector:
        matchLabels:
          {{- include "tillstream.selector" $ | nindent 10 }}
    {{- end }}
  {{- with .settings.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" }}
  {{- with index $.settings $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  containers:
    - name: {{ .image }}
      {{- include "tillstream.containerCommons" . | nindent 6 }}
      env:
        {{- $env | nindent 8 }}
      ports:
        - { name: http, containerPort: {{ .facts.http }} }
        {{- if .facts.grpc }}
        - { name: grpc, containerPort: {{ .facts.grpc }} }
        {{- end }}
      # Alive is who answers at all: a broker or a Redis that is away is no reason to start anew.
      livenessProbe:
        httpGet: { path: /healthz, port: http, scheme: {{ $scheme }} }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      startupProbe:
        httpGet: { path: /healthz, port: http, scheme: {{ $scheme }} }
        periodSeconds: 2
        failureThreshold: 60
      readinessProbe:
        httpGet: { path: /readyz, port: http, scheme: {{ $scheme }} }
        periodSeconds: 5
        timeoutSeconds: 5
      {{- if .settings.preStopSeconds }}
      lifecycle:
        # Needs no shell in the image; the cluster learns meanwhile that the pod is going.
        preStop: { sleep: { seconds: {{ int .settings.preStopSeconds }} } }
      {{- end }}
      resources:
        {{- toYaml .settings.resources | nindent 8 }}
      volumeMounts:
        - { name: streams, mountPath: /etc/tillstream/streams, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if or .state (has "lake" .facts.needs) }}
        - { name: state, mountPath: /var/lib/tillstream }
        {{- end }}
        {{- if and (has "lake" .facts.needs) (not $v.lake.where) }}
        - { name: lake, mountPath: /var/lib/tillstream/lake }
        {{- end }}
        {{- include "tillstream.fileMounts" . | nindent 8 }}
        {{- with .settings.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: streams
      configMap: { name: {{ include "tillstream.streamConfigMap" .root }} }
    - name: tmp
      emptyDir: {}
    {{- if or .state (has "lake" .facts.needs) }}
    - name: state
      {{- if .state }}
      persistentVolumeClaim: { claimName: {{ .state }} }
      {{- else }}
      emptyDir: {}
      {{- end }}
    {{- end }}
    {{- if and (has "lake" .facts.needs) (not $v.lake.where) }}
    - name: lake
      persistentVolumeClaim: { claimName: {{ include "tillstream.lakeClaim" .root }} }
    {{- end }}
    {{- include "tillstream.fileVolumes" . | nindent 4 }}
    {{- with .settings.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- /*
A pod of the command line, which runs to its end. Takes (dict "root" $ "service" NAME "facts" FACTS "args" LIST "streams" CONFIGMAP), or
one that stays, with "command", "restart", "account" and "resources" in place of "args".
*/ -}}
{{- define "tillstream.tillPod" -}}
{{- $lake := and (has "lake" .facts.needs) (not .root.Values.lake.where) -}}
restartPolicy: {{ default "Never" .restart }}
{{- with .account }}
serviceAccountName: {{ . }}
{{- end }}
{{ include "tillstream.podCommons" . }}
containers:
  - name: till
    {{- include "tillstream.containerCommons" (merge (dict "image" "till") .) | nindent 4 }}
    {{ empty .command | ternary "args" "command" }}:
      {{- range default .args .command }}
      - {{ . | quote }}
      {{- end }}
    env:
      - { name: STREAM_FILES, value: {{ include "tillstream.streamFiles" .root | quote }} }
      {{- if has "kafka" .facts.needs }}
      {{- include "tillstream.kafkaEnv" . | nindent 6 }}
      {{- end }}
      {{- if has "redis" .facts.needs }}
      {{- include "tillstream.redisEnv" . | nindent 6 }}
      {{- end }}
      {{- include "tillstream.keyEnv" . | nindent 6 }}
      {{- include "tillstream.tlsEnv" . | nindent 6 }}
      {{- include "tillstream.storesEnv" . | nindent 6 }}
      {{- if has "query" .facts.needs }}
      - { name: TILLSTREAM_QUERY, value: '{{ include "tillstream.grpcAddress" (dict "root" .root "service" "query-api" "port" 50052) }}' }
      {{- end }}
    resources:
      {{- toYaml (default (dict "requests" (dict "cpu" "50m" "memory" "128Mi") "limits" (dict "memory" "256Mi")) .resources) | nindent 6 }}
    volumeMounts:
      - { name: streams, mountPath: /etc/tillstream/streams, readOnly: true }
      - { name: tmp, mountPath: /tmp }
      {{- if $lake }}
      - { name: lake, mountPath: /var/lib/tillstream/lake }
      {{- end }}
      {{- include "tillstream.fileMounts" . | nindent 6 }}
volumes:
  - name: streams
    configMap: { name: {{ .streams }} }
  - name: tmp
    emptyDir: {}
  {{- if $lake }}
  - name: lake
    persistentVolumeClaim: { claimName: {{ include "tillstream.lakeClaim" .root }} }
  {{- end }}
  {{- include "tillstream.fileVolumes" . | nindent 2 }}
{{- end -}}

{{- define "tillstream.podCommons" -}}
automountServiceAccountToken: false
# Variables that Kubernetes would add for each Service look like settings: KAFKA_PORT, REDIS_HOST.
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "tillstream.containerCommons" -}}
image: {{ include "tillstream.image" . | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "tillstream.containerSecurity" . | nindent 2 }}
{{- end -}}

{{- define "tillstream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}
