{{- define "tillstream.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Of a service's objects. Takes (dict "root" $ "service" NAME). */ -}}
{{- define "tillstream.serviceName" -}}
{{- printf "%s-%s" (include "tillstream.name" .root) .service -}}
{{- end -}}

{{- define "tillstream.image" -}}
{{- $image := .root.Values.image -}}
{{- printf "%s/%s:%s" $image.repository .service (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}

{{- define "tillstream.streamConfigMap" -}}
{{- default (printf "%s-streams" (include "tillstream.name" .)) .Values.streams.existingConfigMap -}}
{{- end -}}

{{- /* Paths of the stream files, as services are told them. */ -}}
{{- define "tillstream.streamFiles" -}}
{{- $names := keys .Values.streams.files | sortAlpha -}}
{{- if .Values.streams.existingConfigMap }}{{ $names = .Values.streams.names }}{{ end -}}
{{- $paths := list -}}
{{- range $names }}{{ $paths = append $paths (printf "/etc/tillstream/streams/%s" .) }}{{ end -}}
{{- join "," $paths -}}
{{- end -}}

{{- define "tillstream.brokers" -}}
{{- if .Values.bundled.kafka.enabled -}}
{{ include "tillstream.name" . }}-kafka:9092
{{- else -}}
{{ join "," .Values.kafka.brokers }}
{{- end -}}
{{- end -}}

{{- define "tillstream.redisUrl" -}}
{{- if .Values.bundled.redis.enabled -}}
redis://{{ include "tillstream.name" . }}-redis:6379
{{- else -}}
{{ .Values.redis.url }}
{{- end -}}
{{- end -}}

{{- define "tillstream.lakeClaim" -}}
{{- default (printf "%s-lake" (include "tillstream.name" .)) .Values.lake.volume.existingClaim -}}
{{- end -}}

{{- /* What is to be known of each service and does not vary: its ports, and whether it reads topics, keeps state, touches the lake. */ -}}
{{- define "tillstream.facts" -}}
gateway: { http: 8080, grpc: 50051, faces: clients }
enricher: { http: 8081, reads: raw.v1, redis: true }
aggregator: { http: 8082, reads: enriched.v1, redis: true }
session-tracker: { http: 8083, grpc: 50053, reads: enriched.v1, redis: true }
sink-writer: { http: 8084, reads: enriched.v1, lake: true }
query-api: { http: 8085, grpc: 50052, faces: clients, lake: true }
{{- end -}}
