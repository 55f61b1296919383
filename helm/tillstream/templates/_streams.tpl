{{- /* Paths of the stream files, as services are told them. */ -}}
{{- define "tillstream.streamFiles" -}}
{{- $names := keys (default dict .Values.streams.files) | sortAlpha -}}
{{- if .Values.streams.existingConfigMap }}{{ $names = .Values.streams.names }}{{ end -}}
{{- $paths := list -}}
{{- range $names }}{{ $paths = append $paths (printf "/etc/tillstream/streams/%s" .) }}{{ end -}}
{{- join "," $paths -}}
{{- end -}}

{{- /*
What the stream files say that objects depend on, as JSON: a list of { stream, file, generation, partitions, topics, visits, sinks, metrics },
where `visits` are the sections that the session-tracker works for. Of files in a ConfigMap of somebody else's only the names are known: the
stream is called as its file, and `partitions` is 0.
*/ -}}
{{- define "tillstream.streams" -}}
{{- $streams := list -}}
{{- if .Values.streams.existingConfigMap -}}
{{- range $file := .Values.streams.names -}}
{{- $stream := regexReplaceAll "\\.ya?ml$" $file "" -}}
{{- $streams = append $streams (dict "stream" $stream "file" $file "generation" 1 "partitions" 0 "topics" dict "visits" list "sinks" (dict "lake" (list "events")) "metrics" list) -}}
{{- end -}}
{{- else -}}
{{- range $file, $text := .Values.streams.files -}}
{{- $read := fromYaml $text -}}
{{- if not (and (kindIs "string" $read.stream) (gt (int $read.partitions) 0)) -}}
{{- fail (printf "streams.files[%q] is no stream file: %s. Give its text, as --set-file does, and not its name" $file (default "it has no `stream:` or no `partitions:`" $read.Error)) -}}
{{- end -}}
{{- $visits := list -}}
{{- range list "sessions" "attribution" }}{{ if hasKey $read . }}{{ $visits = append $visits . }}{{ end }}{{ end -}}
{{- $declared := default dict $read.sinks -}}
{{- /* The lake is there unless it is `off`, which Helm's YAML takes for false. */ -}}
{{- if not (has (toString $read.lake) (list "off" "false")) }}{{ $declared = merge (dict "lake" (default dict $read.lake)) $declared }}{{ end -}}
{{- $all := concat (list "events" "finals" "late" "dead_letters") (has "sessions" $visits | ternary (list "sessions") list) (has "attribution" $visits | ternary (list "attributions") list) -}}
{{- $sinks := dict -}}
{{- range $name, $sink := $declared -}}
{{- $what := default $all $sink.what -}}
{{- if kindIs "map" $what }}{{ $what = keys $what | sortAlpha }}{{ end -}}
{{- $_ := set $sinks $name $what -}}
{{- end -}}
{{- $streams = append $streams (dict "stream" $read.stream "file" $file "generation" (default 1 $read.generation | int) "partitions" (int $read.partitions) "topics" (default dict $read.topics) "visits" $visits "sinks" $sinks "metrics" (keys (default dict $read.metrics) | sortAlpha)) -}}
{{- end -}}
{{- end -}}
{{- toJson $streams -}}
{{- end -}}

{{- /* Name of a stream's topic. Takes (dict "stream" STREAM "role" ROLE). */ -}}
{{- define "tillstream.topic" -}}
{{- /* Rows and parts of what is derived are named after all of it: `sessionRows` is `sessions-rows`. */ -}}
{{- $what := regexReplaceAll "^(session|attribution)-" (kebabcase .role) "${1}s-" -}}
{{- default (printf "%s.%s.v%d" .stream.stream $what (int .stream.generation)) (get .stream.topics .role) -}}
{{- end -}}

{{- /*
What a service reads of a stream, as JSON: a list of { group, topic }. Nothing of a stream that it does nothing for: a group that nobody
is in would be behind by all there is. The aggregator's share of the alerts topic is missing, since it writes there and reads nothing.
Takes (dict "stream" STREAM "service" SERVICE).
*/ -}}
{{- define "tillstream.inputs" -}}
{{- $stream := .stream -}}
{{- $group := printf "%s.%s" (include "tillstream.keptName" $stream) .service -}}
{{- $roles := dict -}}
{{- if eq .service "enricher" -}}
{{- $_ := set $roles $group (list "raw") -}}
{{- else if eq .service "aggregator" -}}
{{- $of := list "enriched" "parts" -}}
{{- range $stream.visits }}{{ $of = concat $of (get (dict "sessions" (list "sessionRows" "sessionParts") "attribution" (list "attributionRows" "attributionParts")) .) }}{{ end -}}
{{- $_ := set $roles $group $of -}}
{{- else if eq .service "session-tracker" -}}
{{- /* What a file says that is not known, may have visits. */ -}}
{{- if or $stream.visits (eq (int $stream.partitions) 0) }}{{ $_ := set $roles $group (list "enriched") }}{{ end -}}
{{- else if eq .service "sink-writer" -}}
{{- range $sink, $feeds := $stream.sinks -}}
{{- $of := list -}}
{{- range $feeds }}{{ $of = append $of (get (dict "events" "enriched" "finals" "metrics" "dead_letters" "deadLetters") . | default .) }}{{ end -}}
{{- $_ := set $roles (printf "%s.%s" $group $sink) $of -}}
{{- end -}}
{{- end -}}
{{- $inputs := list -}}
{{- range $name, $of := $roles -}}
{{- range $of }}{{ $inputs = append $inputs (dict "group" $name "topic" (include "tillstream.topic" (dict "stream" $stream "role" .))) }}{{ end -}}
{{- end -}}
{{- toJson $inputs -}}
{{- end -}}

{{- /* Name that groups have for a stream: another generation of it is read by others. */ -}}
{{- define "tillstream.keptName" -}}
{{ .stream }}{{ if gt (int .generation) 1 }}.v{{ int .generation }}{{ end }}
{{- end -}}
