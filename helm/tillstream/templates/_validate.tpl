{{- /* What no schema can say: settings that exclude or need one another. Each ends the rendering with the remedy. */ -}}
{{- define "tillstream.validate" -}}
{{- $v := .Values -}}
{{- if and (not $v.bundled.kafka.enabled) (empty $v.kafka.brokers) -}}
{{- fail "kafka.brokers is empty: name the brokers (host:port), or set bundled.kafka.enabled for a look" -}}
{{- end -}}
{{- if and $v.bundled.kafka.enabled $v.kafka.brokers -}}
{{- fail "kafka.brokers and bundled.kafka.enabled are both set: which broker is meant? Leave one out" -}}
{{- end -}}
{{- if and $v.bundled.kafka.enabled (or $v.kafka.tls.enabled $v.kafka.sasl.mechanism) -}}
{{- fail "the bundled broker speaks neither TLS nor SASL: leave kafka.tls and kafka.sasl out, or name brokers of your own" -}}
{{- end -}}
{{- if and $v.kafka.sasl.mechanism (not $v.kafka.sasl.existingSecret) -}}
{{- fail "kafka.sasl.mechanism needs kafka.sasl.existingSecret: a Secret with the keys username and password" -}}
{{- end -}}
{{- if and $v.kafka.sasl.existingSecret (not $v.kafka.sasl.mechanism) -}}
{{- fail "kafka.sasl.existingSecret needs kafka.sasl.mechanism: plain, scram-sha-256 or scram-sha-512" -}}
{{- end -}}
{{- if not (or $v.bundled.redis.enabled $v.redis.url $v.redis.existingSecret) -}}
{{- fail "redis.url is empty: name the server, or redis.existingSecret with the key url, or set bundled.redis.enabled for a look" -}}
{{- end -}}
{{- if and $v.bundled.redis.enabled (or $v.redis.url $v.redis.existingSecret) -}}
{{- fail "redis and bundled.redis.enabled are both set: which server is meant? Leave one out" -}}
{{- end -}}
{{- if contains "@" $v.redis.url -}}
{{- fail "redis.url holds credentials: put the whole address into a Secret under the key url and name it in redis.existingSecret" -}}
{{- end -}}
{{- if not (or $v.streams.files $v.streams.existingConfigMap) -}}
{{- fail "streams.files is empty: give stream files (--set-file 'streams.files.commerce\\.yaml=commerce.yaml'), or streams.existingConfigMap" -}}
{{- end -}}
{{- if and $v.streams.files $v.streams.existingConfigMap -}}
{{- fail "streams.files and streams.existingConfigMap are both set: which stream files are meant? Leave one out" -}}
{{- end -}}
{{- if and $v.streams.existingConfigMap (empty $v.streams.names) -}}
{{- fail "streams.existingConfigMap needs streams.names: which of its keys are stream files" -}}
{{- end -}}
{{- if not (or $v.keys.existingSecret $v.keys.openToAll) -}}
{{- fail "keys.existingSecret is empty: name a Secret with the keys write-keys and read-keys, or say keys.openToAll" -}}
{{- end -}}
{{- if and $v.keys.existingSecret $v.keys.openToAll -}}
{{- fail "keys.openToAll would make the keys of keys.existingSecret useless: leave one out" -}}
{{- end -}}
{{- range $name, $service := $v.services -}}
{{- $scaling := $service.autoscaling -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "services.%s.autoscaling: minReplicas %d is more than maxReplicas %d" $name (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- if and (not $v.lake.where) (eq $v.lake.volume.accessMode "ReadWriteOnce") (gt (int (index $v.services "sink-writer").replicas) 1) -}}
{{- fail "services.sink-writer.replicas is more than 1, but the lake's volume is ReadWriteOnce: use ReadWriteMany, or lake.where with a bucket" -}}
{{- end -}}
{{- range $door := list "http" "grpc" -}}
{{- $ingress := index $v.ingress $door -}}
{{- if and $ingress.enabled (not $ingress.host) -}}
{{- fail (printf "ingress.%s.enabled needs ingress.%s.host" $door $door) -}}
{{- end -}}
{{- end -}}
{{- end -}}
