{{- /* Paths of the stream files, as services are told them. */ -}}
{{- define "tillstream.streamFiles" -}}
{{- $names := keys (default dict .Values.streams.files) | sortAlpha -}}
{{- if .Values.streams.existingConfigMap }}{{ $names = .Values.streams.names }}{{ end -}}
{{- $paths := list -}}
{{- range $names }}{{ $paths = append $paths (printf "/etc/tillstream/streams/%s" .) }}{{ end -}}
{{- join "," $paths -}}
{{- end -}}

{{- /*
What the stream files say that objects depend on, as JSON: a list of { stream, file, generation, partitions, topics, sinks, metrics }. Of files in a
ConfigMap of somebody else's only the names are known: the stream is called as its file, and `partitions` is 0.
*/ -}}
{{- define "tillstream.streams" -}}
{{- $streams := list -}}
{{- if .Values.streams.existingConfigMap -}}
{{- range $file := .Values.streams.names -}}
{{- $stream := regexReplaceAll "\\.ya?ml$" $file "" -}}
{{- $streams = append $streams (dict "stream" $stream "file" $file "generation" 1 "partitions" 0 "topics" dict "sinks" (dict "lake" (list "events")) "metrics" list) -}}
{{- end -}}
{{- else -}}
{{- range $file, $text := .Values.streams.files -}}
{{- $read := fromYaml $text -}}
{{- if not (and (kindIs "string" $read.stream) (gt (int $read.partitions) 0)) -}}
{{- fail (printf "streams.files[%q] is no stream file: %s. Give its text, as --set-file does, and not its name" $file (default "it has no `stream:` or no `partitions:`" $read.Error)) -}}
{{- end -}}
{{- $sinks := dict -}}
{{- if ne (toString $read.lake) "off" }}{{ $_ := set $sinks "lake" (list "events") }}{{ end -}}
{{- range $name, $sink := default dict $read.sinks -}}
{{- $what := default list $sink.what -}}
{{- if kindIs "map" $what }}{{ $what = keys $what | sortAlpha }}{{ end -}}
{{- $_ := set $sinks $name $what -}}
{{- end -}}
{{- $streams = append $streams (dict "stream" $read.stream "file" $file "generation" (default 1 $read.generation | int) "partitions" (int $read.partitions) "topics" (default dict $read.topics) "sinks" $sinks "metrics" (keys (default dict $read.metrics) | sortAlpha)) -}}
{{- end -}}
{{- end -}}
{{- toJson $streams -}}
{{- end -}}

{{- /* Name of a stream's topic. Takes (dict "stream" STREAM "role" ROLE). */ -}}
{{- define "tillstream.topic" -}}
{{- default (printf "%s.%s.v%d" .stream.stream (kebabcase .role) (int .stream.generation)) (get .stream.topics .role) -}}
{{- end -}}

{{- /* Name that groups have for a stream: another generation of it is read by others. */ -}}
{{- define "tillstream.keptName" -}}
{{ .stream }}{{ if gt (int .generation) 1 }}.v{{ int .generation }}{{ end }}
{{- end -}}
