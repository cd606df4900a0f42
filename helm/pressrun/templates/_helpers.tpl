{{/* Name of the chart in labels. */}}
{{- define "pressrun.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Full name of objects: at most 63 characters, as DNS names allow. */}}
{{- define "pressrun.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "pressrun.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "pressrun.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Labels that select the pods; they can't change in the life of a release. */}}
{{- define "pressrun.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pressrun.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: node
{{- end }}

{{/* Labels of every object. */}}
{{- define "pressrun.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "pressrun.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "pressrun.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "pressrun.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "pressrun.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The name of a front's port, from the front's number. */}}
{{- define "pressrun.frontPort" -}}
{{- if . }}{{ printf "grpc-%d" (int .) }}{{ else }}grpc{{ end }}
{{- end }}

{{/*
What a node needs, from the number of its composers: a processor each, one for the front for every three of them, a
quarter for each preparer. Memory: 160 MiB a composer and 220 MiB a preparer at rest and at work, 400 MiB for the front and the process that
reads large records, and the memory tier twice, since the front holds it and composers hold what they are using.
*/}}
{{- define "pressrun.resources" -}}
{{- $composers := int .Values.composers }}
{{- $preparers := int .Values.preparers }}
{{- $front := max (int .Values.fronts) (div (add $composers 2) 3) }}
{{- $cpu := add (mul 1000 $composers) (mul 1000 $front) (mul 250 $preparers) }}
{{- $memory := add (mul 400 (int .Values.fronts)) (mul 160 $composers) (mul 220 $preparers) (mul 2 (include "pressrun.mebibytes" .Values.cache.memory | int)) }}
{{- $computed := dict "requests" (dict "cpu" (printf "%dm" $cpu) "memory" (printf "%dMi" $memory)) "limits" (dict "memory" (printf "%dMi" (div (mul $memory 3) 2))) }}
{{- mergeOverwrite $computed (deepCopy .Values.resources) | toYaml }}
{{- end }}

{{/* The host and port in the URL of a Redis. */}}
{{- define "pressrun.redisServer" -}}
{{- $host := (urlParse .).host }}{{ if or (contains ":" $host) (not $host) }}{{ $host }}{{ else }}{{ $host }}:6379{{ end }}
{{- end }}

{{/* Whether a setting comes from anywhere: a value of its own, `settings` or `secretSettings`. Takes the values, the variable, the value. */}}
{{- define "pressrun.isSet" -}}
{{- $values := index . 0 }}{{ $variable := index . 1 }}{{ $set := or (index . 2) (get $values.settings $variable) }}
{{- range $values.secretSettings }}{{ if eq .variable $variable }}{{ $set = "secret" }}{{ end }}{{ end }}
{{- if $set }}true{{ end }}
{{- end }}

{{/* A size in mebibytes; Mi and Gi are what the schema allows. */}}
{{- define "pressrun.mebibytes" -}}
{{- if hasSuffix "Gi" . }}{{ mul 1024 (trimSuffix "Gi" . | int) }}{{ else }}{{ trimSuffix "Mi" . | int }}{{ end }}
{{- end }}

{{/* Values that contradict each other, which a schema can't say. */}}
{{- define "pressrun.validate" -}}
{{- if gt (int .Values.fronts) (int .Values.composers) }}
{{- fail (printf "fronts is %d and composers %d; each front needs a composer at least" (int .Values.fronts) (int .Values.composers)) }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
{{- fail "serviceMonitor.enabled and podMonitor.enabled exclude each other: every node would be scraped twice" }}
{{- end }}
{{- if lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas) }}
{{- fail "autoscaling.maxReplicas must be at least autoscaling.minReplicas" }}
{{- end }}
{{- with .Values.cache.bucket }}
{{- if and (not .name) (or .endpoint .accessKeyId .existingSecret) }}
{{- fail "cache.bucket.name is missing: without it nothing else of cache.bucket is used" }}
{{- end }}
{{- if ne (not .accessKeyId) (not .existingSecret) }}
{{- fail "cache.bucket.accessKeyId and cache.bucket.existingSecret come together; leave both out to use the pods' own identity" }}
{{- end }}
{{- end }}
{{- if and .Values.cache.redis (eq (include "pressrun.redisServer" .Values.cache.redis) (include "pressrun.redisServer" .Values.events.redis)) }}
{{- fail "cache.redis and events.redis name one server: what evicts blobs would evict events too; give events a server of its own" }}
{{- end }}
{{- $events := include "pressrun.isSet" (list .Values "PRESSRUN_EVENTS_REDIS" .Values.events.redis) }}
{{- $cache := include "pressrun.isSet" (list .Values "PRESSRUN_CACHE_REDIS" .Values.cache.redis) }}
{{- $nodes := ternary (int .Values.autoscaling.maxReplicas) (int .Values.replicaCount) (ne .Values.autoscaling.type "") }}
{{- if and (gt $nodes 1) (not $events) (not .Values.events.unshared) }}
{{- fail "more than one node, and no events.redis: a template that is published to one node would be unknown to the others, and documents would fail there; set events.redis, or events.unshared to publish to each node yourself" }}
{{- end }}
{{- $key := include "pressrun.isSet" (list .Values "PRESSRUN_CLUSTER_KEY" .Values.cluster.existingSecret) }}
{{- if and (or $events $cache) (not $key) }}
{{- fail "cluster.existingSecret is missing: without its key whoever can write to Redis can change templates and assets; kubectl create secret generic pressrun --from-literal=clusterKey=$(openssl rand -hex 32), and cluster.existingSecret=pressrun" }}
{{- end }}
{{- if and .Values.cluster.previousSecretKey (not .Values.cluster.existingSecret) }}
{{- fail "cluster.previousSecretKey is a name in the secret cluster.existingSecret, which is missing" }}
{{- end }}
{{- if and .Values.cluster.existingSecret (include "pressrun.isSet" (list .Values "PRESSRUN_CLUSTER_KEY" "")) }}
{{- fail "the cluster's key comes from cluster.existingSecret and from secretSettings; leave one of them out" }}
{{- end }}
{{- end }}
