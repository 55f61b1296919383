{{- /* What the schema cannot see: settings that contradict each other. Each message says which key, and what to do. */ -}}
{{- define "tillstream.validate" -}}
{{- include "tillstream.validateServers" . -}}
{{- include "tillstream.validateStreams" . -}}
{{- include "tillstream.validateDoors" . -}}
{{- include "tillstream.validateScaling" . -}}
{{- include "tillstream.validateMemory" . -}}
{{- include "tillstream.validateStores" . -}}
{{- end -}}

{{- define "tillstream.validateServers" -}}
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
{{- if and (not $v.kafka.tls.enabled) (or $v.kafka.tls.ca.secret $v.kafka.tls.client.secret) -}}
{{- fail "kafka.tls.ca and kafka.tls.client are of no use without kafka.tls.enabled: set it, or leave them out" -}}
{{- end -}}
{{- if and $v.kafka.sasl.mechanism (not $v.kafka.sasl.existingSecret) -}}
{{- fail "kafka.sasl.mechanism needs kafka.sasl.existingSecret: a Secret with the keys username and password" -}}
{{- end -}}
{{- if and $v.kafka.sasl.existingSecret (not $v.kafka.sasl.mechanism) -}}
{{- fail "kafka.sasl.existingSecret needs kafka.sasl.mechanism: plain, scram-sha-256 or scram-sha-512" -}}
{{- end -}}
{{- if and $v.kafka.sasl.username (not $v.kafka.sasl.mechanism) -}}
{{- fail "kafka.sasl.username needs kafka.sasl.mechanism and kafka.sasl.existingSecret, which holds the password" -}}
{{- end -}}
{{- if and (eq $v.kafka.sasl.mechanism "plain") (not $v.kafka.tls.enabled) -}}
{{- fail "kafka.sasl.mechanism plain sends the password as it is: set kafka.tls.enabled, or use scram-sha-512" -}}
{{- end -}}
{{- $named := list -}}
{{- if $v.redis.url }}{{ $named = append $named "redis.url" }}{{ end -}}
{{- if $v.redis.existingSecret }}{{ $named = append $named "redis.existingSecret" }}{{ end -}}
{{- if $v.redis.sentinel.addresses }}{{ $named = append $named "redis.sentinel.addresses" }}{{ end -}}
{{- if $v.bundled.redis.enabled }}{{ $named = append $named "bundled.redis.enabled" }}{{ end -}}
{{- if empty $named -}}
{{- fail "redis.url is empty: name the server, or redis.existingSecret with the key url, or redis.sentinel.addresses, or set bundled.redis.enabled for a look" -}}
{{- end -}}
{{- if gt (len (without $named "redis.sentinel.addresses")) 1 -}}
{{- fail (printf "%s are all set: which server is meant? Leave all but one out" (join " and " (without $named "redis.sentinel.addresses"))) -}}
{{- end -}}
{{- if contains "@" $v.redis.url -}}
{{- fail "redis.url holds credentials: name them in redis.auth.existingSecret, or put the whole address into a Secret under the key url and name it in redis.existingSecret" -}}
{{- end -}}
{{- if and (contains "," $v.redis.url) (not $v.redis.cluster) -}}
{{- fail "redis.url names several servers: that is for a Redis Cluster, set redis.cluster, or name one" -}}
{{- end -}}
{{- if and $v.redis.cluster $v.redis.sentinel.addresses -}}
{{- fail "redis.cluster and redis.sentinel.addresses are both set: a Cluster fails over by itself. Leave one out" -}}
{{- end -}}
{{- if and $v.redis.auth.existingSecret $v.bundled.redis.enabled -}}
{{- fail "the bundled Redis asks for no password and refuses one: leave redis.auth out" -}}
{{- end -}}
{{- if and $v.redis.cluster $v.bundled.redis.enabled -}}
{{- fail "the bundled Redis is a single node: leave redis.cluster out" -}}
{{- end -}}
{{- if ne (empty $v.redis.sentinel.addresses) (empty $v.redis.sentinel.master) -}}
{{- fail "redis.sentinel needs both addresses and master, the name under which Sentinels know the server" -}}
{{- end -}}
{{- $redisTls := or (hasPrefix "rediss://" $v.redis.url) $v.redis.existingSecret -}}
{{- if and (or $v.redis.tls.ca.secret $v.redis.tls.client.secret) (not $redisTls) -}}
{{- fail "redis.tls is of no use with redis://: write rediss:// in redis.url (with Sentinels only that counts of it), or leave redis.tls out" -}}
{{- end -}}
{{- end -}}

{{- define "tillstream.validateStreams" -}}
{{- $v := .Values -}}
{{- if not (or $v.streams.files $v.streams.existingConfigMap) -}}
{{- fail "streams.files is empty: give stream files (--set-file 'streams.files.commerce\\.yaml=commerce.yaml'), or streams.existingConfigMap" -}}
{{- end -}}
{{- if and $v.streams.files $v.streams.existingConfigMap -}}
{{- fail "streams.files and streams.existingConfigMap are both set: which stream files are meant? Leave one out" -}}
{{- end -}}
{{- if and $v.streams.existingConfigMap (empty $v.streams.names) -}}
{{- fail "streams.existingConfigMap needs streams.names: which of its keys are stream files" -}}
{{- end -}}
{{- if and $v.streams.names (not $v.streams.existingConfigMap) -}}
{{- fail "streams.names is for streams.existingConfigMap: of streams.files all are stream files. Leave it out" -}}
{{- end -}}
{{- $streams := include "tillstream.streams" . | fromJsonArray -}}
{{- $names := list -}}
{{- range $streams }}{{ $names = append $names .stream }}{{ end -}}
{{- if ne (len $names) (len (uniq $names)) -}}
{{- fail (printf "streams.files declare a stream twice: %s" (join ", " $names)) -}}
{{- end -}}
{{- if and (eq $v.topics.create "job") $v.topics.strimzi.topics -}}
{{- fail "topics.strimzi.topics is of no use with topics.create: job. Set topics.create: strimzi, or leave the list out" -}}
{{- end -}}
{{- if eq $v.topics.create "strimzi" -}}
{{- if not $v.topics.strimzi.cluster -}}
{{- fail "topics.create: strimzi needs topics.strimzi.cluster, the name of the Kafka object" -}}
{{- end -}}
{{- if $v.bundled.kafka.enabled -}}
{{- fail "no operator looks after the bundled broker: leave topics.create: strimzi out" -}}
{{- end -}}
{{- $listed := list -}}
{{- range $v.topics.strimzi.topics }}{{ $listed = append $listed .name }}{{ end -}}
{{- range $stream := $streams -}}
{{- range $role := list "raw" "enriched" -}}
{{- $topic := include "tillstream.topic" (dict "stream" $stream "role" $role) -}}
{{- if not (has $topic $listed) -}}
{{- fail (printf "topics.strimzi.topics lacks %s: write the list with `till topics --print values --stream-files %s`" $topic $stream.file) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $v.test -}}
{{- if and .event (not .metric) -}}
{{- fail "test.event needs test.metric: the metric that counts it" -}}
{{- end -}}
{{- if and .metric (not .event) -}}
{{- fail "test.metric needs test.event: the event that it counts" -}}
{{- end -}}
{{- if and .stream (not (has .stream $names)) -}}
{{- fail (printf "test.stream names %s, which no stream file declares: there is %s" .stream (join ", " $names)) -}}
{{- end -}}
{{- end -}}
{{- range $source, $connector := $v.connectors -}}
{{- if not (has $connector.stream $names) -}}
{{- fail (printf "connectors.%s.stream names %s, which no stream file declares: there is %s" $source $connector.stream (join ", " $names)) -}}
{{- end -}}
{{- if not $v.services.gateway.enabled -}}
{{- fail (printf "connectors.%s brings events to the gateway, which services.gateway.enabled turns off" $source) -}}
{{- end -}}
{{- $given := merge (dict) (default dict $connector.secretEnv) (default dict $connector.env) $v.defaults.secretEnv $v.defaults.env -}}
{{- if not (or $v.keys.openToAll $v.keys.ownSecret (hasKey $given "TILLSTREAM_WRITE_KEY")) -}}
{{- fail (printf "connectors.%s has no key to show to the gateway: name a Secret with write-key in keys.ownSecret, or one of its own in connectors.%s.secretEnv.TILLSTREAM_WRITE_KEY" $source $source) -}}
{{- end -}}
{{- $name := include "tillstream.serviceName" (dict "root" $ "service" (printf "connector-%s" $source)) -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "connectors.%s makes the name %s, which is longer than 63 letters: call it, or the release, by a shorter one" $source $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tillstream.validateDoors" -}}
{{- $v := .Values -}}
{{- if not (or $v.keys.existingSecret $v.keys.openToAll) -}}
{{- fail "keys.existingSecret is empty: name a Secret with the keys write-keys.yaml and read-keys.yaml, or say keys.openToAll" -}}
{{- end -}}
{{- if and $v.keys.existingSecret $v.keys.openToAll -}}
{{- fail "keys.openToAll would make the keys of keys.existingSecret useless: leave one out" -}}
{{- end -}}
{{- if and (not $v.tls.existingSecret) (or $v.tls.ca.secret $v.tls.clientCa.secret $v.tls.client.secret) -}}
{{- fail "tls.ca, tls.clientCa and tls.client need tls.existingSecret: without a certificate of their own the services speak plaintext" -}}
{{- end -}}
{{- if and $v.tls.client.secret (not $v.tls.clientCa.secret) -}}
{{- fail "tls.client is of no use without tls.clientCa: nobody asks for certificates" -}}
{{- end -}}
{{- range $door := list "http" "grpc" -}}
{{- $ingress := index $v.ingress $door -}}
{{- if and $ingress.enabled (not $ingress.host) -}}
{{- fail (printf "ingress.%s.enabled needs ingress.%s.host" $door $door) -}}
{{- end -}}
{{- end -}}
{{- if and $v.gatewayApi.enabled (empty $v.gatewayApi.parentRefs) -}}
{{- fail "gatewayApi.enabled needs gatewayApi.parentRefs: the Gateways that take the routes up" -}}
{{- end -}}
{{- with $v.telemetry -}}
{{- if and .otlpEndpoint .zipkinEndpoint -}}
{{- fail "telemetry.otlpEndpoint and telemetry.zipkinEndpoint are both set: where do traces go? Leave one out" -}}
{{- end -}}
{{- if and .podMonitor.enabled .serviceMonitor.enabled -}}
{{- fail "telemetry.podMonitor and telemetry.serviceMonitor would both be scraped, and everything count twice: leave one out" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tillstream.validateScaling" -}}
{{- $v := .Values -}}
{{- $facts := include "tillstream.facts" . | fromYaml -}}
{{- $most := 0 -}}
{{- $unknown := false -}}
{{- range include "tillstream.streams" . | fromJsonArray -}}
{{- $most = max $most (int .partitions) -}}
{{- if eq (int .partitions) 0 }}{{ $unknown = true }}{{ end -}}
{{- end -}}
{{- range $name, $service := $v.services -}}
{{- $scaling := $service.autoscaling -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "services.%s.autoscaling: minReplicas %d is more than maxReplicas %d" $name (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- $replicas := $scaling.enabled | ternary (int $scaling.maxReplicas) (int (default $v.defaults.replicas $service.replicas)) -}}
{{- if and $service.enabled (index $facts $name).readsTopics (not $unknown) (gt $replicas (int $most)) -}}
{{- fail (printf "services.%s.%s is %d, but no stream has more than %d partitions: what is beyond would have nothing to do" $name ($scaling.enabled | ternary "autoscaling.maxReplicas" "replicas") $replicas (int $most)) -}}
{{- end -}}
{{- $shutdownMs := int (default $v.defaults.shutdownTimeoutMs $service.shutdownTimeoutMs) -}}
{{- if and $service.enabled (lt $shutdownMs 5000) -}}
{{- fail (printf "services.%s: shutdownTimeoutMs %d is less than the 5 s that a service may need to publish, save and leave its group" $name $shutdownMs) -}}
{{- end -}}
{{- end -}}
{{- $scaled := false -}}
{{- range $name, $service := $v.services -}}
{{- if and $service.enabled $service.autoscaling.enabled (index $facts $name).readsTopics }}{{ $scaled = true }}{{ end -}}
{{- end -}}
{{- if and $v.keda.enabled (not $scaled) -}}
{{- fail "keda.enabled scales nothing: set autoscaling.enabled of the services that read topics, or leave it out" -}}
{{- end -}}
{{- if and $v.keda.enabled $v.bundled.kafka.enabled $v.networkPolicy.enabled -}}
{{- fail "keda.enabled with bundled.kafka.enabled: the network policy lets KEDA not reach the bundled broker. Name brokers of your own, or turn networkPolicy.enabled off" -}}
{{- end -}}
{{- end -}}

{{- /* A variable that is there twice is refused by Kubernetes, without a word of where it comes from. Takes (dict "service" NAME "env" LIST). */ -}}
{{- define "tillstream.validateEnv" -}}
{{- $seen := dict -}}
{{- range .env -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "%s: %s among env or secretEnv is what the chart says by a setting of its own: set that one, or leave it out" $.service .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- end -}}

{{- /* A heap that is larger than the limit of the container, or leaves nothing beside it, ends in OOMKilled instead of a collection. */ -}}
{{- define "tillstream.validateMemory" -}}
{{- $all := dict -}}
{{- range $name, $service := .Values.services -}}
{{- $_ := set $all (printf "services.%s" $name) $service -}}
{{- end -}}
{{- range $name, $connector := .Values.connectors -}}
{{- $_ := set $all (printf "connectors.%s" $name) (merge (pick $connector "env" "resources") (include "tillstream.connectorDefaults" $ | fromYaml)) -}}
{{- end -}}
{{- range $name, $own := $all -}}
{{- $settings := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $own) -}}
{{- $heap := regexFind "max[-_]old[-_]space[-_]size=[0-9]+" (toString (default "" (get $settings.env "NODE_OPTIONS"))) | regexFind "[0-9]+$" -}}
{{- $limit := dig "limits" "memory" "" $settings.resources | toString -}}
{{- if and $heap $limit -}}
{{- $unit := get (dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776) (regexFind "[A-Za-z]+$" $limit) -}}
{{- $limitMib := divf (mulf (regexFind "^[0-9.]+" $limit | float64) $unit) 1048576 -}}
{{- if gt (float64 $heap) (mulf $limitMib 0.8) -}}
{{- fail (printf "%s: NODE_OPTIONS gives Node a heap of %s MiB, and the container may have %s in all. Leave a fifth for what is outside the heap: raise resources.limits.memory, or lower it" $name $heap $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tillstream.validateStores" -}}
{{- $v := .Values -}}
{{- $writer := index $v.services "sink-writer" -}}
{{- $writers := $writer.autoscaling.enabled | ternary (int $writer.autoscaling.maxReplicas) (int (default $v.defaults.replicas $writer.replicas)) -}}
{{- if and (not $v.lake.where) (ne $v.lake.volume.accessMode "ReadWriteMany") (gt $writers 1) -}}
{{- fail (printf "services.sink-writer has more than 1 replica, but the lake's volume is %s: use ReadWriteMany, or lake.where with a bucket" $v.lake.volume.accessMode) -}}
{{- end -}}
{{- $users := list -}}
{{- range $name := list "sink-writer" "query-api" }}{{ if (index $v.services $name).enabled }}{{ $users = append $users $name }}{{ end }}{{ end -}}
{{- if $v.till.enabled }}{{ $users = append $users "till" }}{{ end -}}
{{- if and (not $v.lake.where) (eq $v.lake.volume.accessMode "ReadWriteOncePod") (gt (len $users) 1) -}}
{{- fail (printf "lake.volume.accessMode ReadWriteOncePod lets one pod in, and there are %s: use ReadWriteMany, or lake.where with a bucket" (join ", " $users)) -}}
{{- end -}}
{{- $declared := list -}}
{{- range include "tillstream.streams" . | fromJsonArray }}{{ $declared = concat $declared (keys .sinks) }}{{ end -}}
{{- range $name, $sink := $v.sinks -}}
{{- if eq $name "lake" -}}
{{- fail "sinks.lake: the lake has settings of its own, lake.where and lake.existingSecret" -}}
{{- end -}}
{{- if not (or $v.streams.existingConfigMap (has $name $declared)) -}}
{{- fail (printf "sinks.%s is a sink that no stream file declares: there is %s" $name ($declared | uniq | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if and $sink.keys (not $sink.existingSecret) -}}
{{- fail (printf "sinks.%s.keys needs sinks.%s.existingSecret: the Secret that has them" $name $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
