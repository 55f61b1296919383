{{- define "tillstream.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* Of a service's objects. Takes (dict "root" $ "service" NAME). */ -}}
{{- define "tillstream.serviceName" -}}
{{- printf "%s-%s" (include "tillstream.name" .root) .service -}}
{{- end -}}

{{- /* Of the Service without an address of its own, by which clients of gRPC see every pod. */ -}}
{{- define "tillstream.podsName" -}}
{{- printf "%s-pods" (include "tillstream.serviceName" .) -}}
{{- end -}}

{{- define "tillstream.image" -}}
{{- $image := .root.Values.image -}}
{{- $tag := default $image.tag (get (default dict .settings) "tag") -}}
{{- printf "%s/%s:%s" $image.repository .image (default .root.Chart.AppVersion $tag) -}}
{{- end -}}

{{- define "tillstream.streamConfigMap" -}}
{{- default (printf "%s-streams" (include "tillstream.name" .)) .Values.streams.existingConfigMap -}}
{{- end -}}

{{- define "tillstream.lakeClaim" -}}
{{- default (printf "%s-lake" (include "tillstream.name" .)) .Values.lake.volume.existingClaim -}}
{{- end -}}

{{- define "tillstream.brokers" -}}
{{- if .Values.bundled.kafka.enabled -}}
{{ include "tillstream.name" . }}-kafka:9092
{{- else -}}
{{ join "," .Values.kafka.brokers }}
{{- end -}}
{{- end -}}

{{- /* Address of one of our HTTP ports. Takes (dict "root" $ "service" NAME "port" PORT). */ -}}
{{- define "tillstream.httpAddress" -}}
{{ empty .root.Values.tls.existingSecret | ternary "http" "https" }}://{{ include "tillstream.serviceName" . }}:{{ .port }}
{{- end -}}

{{- /* Address of one of our gRPC ports; through the headless Service, so that calls spread over pods. */ -}}
{{- define "tillstream.grpcAddress" -}}
{{ empty .root.Values.tls.existingSecret | ternary "" "grpcs://" }}{{ include "tillstream.podsName" . }}:{{ .port }}
{{- end -}}

{{- /*
What is to be known of each service and does not vary: its ports, whether it reads topics in groups, and what it needs. What runs to
an end or is declared under another name, has no ports here.
*/ -}}
{{- define "tillstream.facts" -}}
gateway: { http: 8080, grpc: 50051, faces: clients, needs: [kafka, write-keys] }
enricher: { http: 8081, readsTopics: true, needs: [kafka, redis] }
aggregator: { http: 8082, readsTopics: true, needs: [kafka, redis] }
session-tracker: { http: 8083, grpc: 50053, readsTopics: true, needs: [kafka, redis, read-keys] }
sink-writer: { http: 8084, readsTopics: true, needs: [kafka, lake, sinks] }
query-api: { http: 8085, grpc: 50052, faces: clients, needs: [kafka, lake, read-keys, tracker, client, read-key] }
connector: { http: 8086, needs: [client, write-key] }
topics: { needs: [kafka] }
test: { needs: [client, write-key, read-key] }
till: { needs: [kafka, redis, lake, query, client, write-key, read-key] }
{{- end -}}
