{{- define "quolum.labels" -}}
app.kubernetes.io/part-of: quolum
{{- end }}

{{- define "quolum.chartLabels" -}}
{{ include "quolum.labels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* The variables that hold secrets, by service: name and key. */}}
{{- define "quolum.secretVariables" -}}
auth-service:
  - {name: AUTH_DATABASE_URL, key: database-url}
  - {name: AUTH_VAULT_KEYS, key: vault-keys}
  - {name: AUTH_PAGERDUTY_CLIENT_SECRET, key: pagerduty-client-secret}
ingest-service:
  - {name: INGEST_DATABASE_URL, key: database-url}
  - {name: INGEST_AMQP_URL, key: amqp-url}
dashboard-api:
  - {name: DASHBOARD_DATABASE_URL, key: database-url}
  - {name: DASHBOARD_AMQP_URL, key: amqp-url}
{{- end }}

{{/* A pod. Takes root, component, service, args, ports (name: number), resources, job (bool). */}}
{{- define "quolum.pod" -}}
{{- $secrets := include "quolum.secretVariables" . | fromYaml -}}
metadata:
  labels:
    app.kubernetes.io/name: {{ .service }}
    app.kubernetes.io/component: {{ .component }}
    app.kubernetes.io/part-of: quolum
  {{- if not .job }}
  annotations:
    quolum.io/settings: {{ include "quolum.settings" (dict "root" .root "service" .service) | sha256sum }}
  {{- end }}
spec:
  serviceAccountName: {{ .service }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- if .job }}
  restartPolicy: Never
  {{- else }}
  terminationGracePeriodSeconds: 35
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {app.kubernetes.io/component: {{ .component }}}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ .service }}
      image: {{ .root.Values.image.repository }}/{{ .service }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: {{ .args | toJson }}
      {{- with .ports }}
      ports:
        {{- range $name, $port := . }}
        - {name: {{ $name }}, containerPort: {{ $port }}, protocol: TCP}
        {{- end }}
      {{- end }}
      envFrom:
        - configMapRef: {name: {{ .service }}}
      env:
        {{- range index $secrets .service }}
        - {name: {{ .name }}_FILE, value: /etc/quolum/secrets/{{ .key }}}
        {{- end }}
      {{- if not .job }}
      startupProbe:
        httpGet: {path: /livez, port: admin}
        periodSeconds: 1
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /livez, port: admin}
        periodSeconds: 10
        timeoutSeconds: 2
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: admin}
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 2
      lifecycle:
        preStop:
          sleep: {seconds: 5}
      {{- end }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - {name: secrets, mountPath: /etc/quolum/secrets, readOnly: true}
        - {name: tls, mountPath: /etc/quolum/tls, readOnly: true}
  volumes:
    - name: secrets
      secret: {secretName: {{ index .root.Values.secrets .service }}, defaultMode: 288}
    - name: tls
      secret: {secretName: {{ index .root.Values.tls .service }}, defaultMode: 288}
{{- end }}

{{/* The settings of a service as a map. Takes root and service. */}}
{{- define "quolum.settings" -}}
{{- $root := .root -}}
{{- $origin := printf "https://%s" $root.Values.host -}}
{{- $tls := dict -}}
{{- $prefix := dict "auth-service" "AUTH" "ingest-service" "INGEST" "dashboard-api" "DASHBOARD" -}}
{{- $p := index $prefix .service -}}
{{- $all := dict
      (printf "%s_ADMIN_ADDR" $p) "0.0.0.0:9000"
      (printf "%s_TLS_CERT" $p) "/etc/quolum/tls/tls.crt"
      (printf "%s_TLS_KEY" $p) "/etc/quolum/tls/tls.key"
      (printf "%s_TLS_CA" $p) "/etc/quolum/tls/ca.crt" -}}
{{- if eq .service "auth-service" -}}
{{- $all = merge $all (dict
      "AUTH_GRPC_ADDR" "0.0.0.0:9090"
      "AUTH_REDIRECT_URL" (printf "%s/connect/callback" $origin)
      "AUTH_PAGERDUTY_CLIENT_ID" $root.Values.pagerduty.clientId
      "AUTH_PAGERDUTY_SCOPES" $root.Values.pagerduty.scopes) -}}
{{- else if eq .service "ingest-service" -}}
{{- $all = merge $all (dict
      "INGEST_HTTP_ADDR" "0.0.0.0:8080"
      "INGEST_GRPC_ADDR" "0.0.0.0:9090"
      "INGEST_AUTH_URL" "https://auth-service:9090"
      "INGEST_PUBLIC_URL" $origin) -}}
{{- else -}}
{{- $all = merge $all (dict
      "DASHBOARD_HTTP_ADDR" "0.0.0.0:8080"
      "DASHBOARD_AUTH_URL" "https://auth-service:9090"
      "DASHBOARD_INGEST_URL" "https://ingest-service:9090"
      "DASHBOARD_PUBLIC_URL" $origin) -}}
{{- end -}}
{{- range $name, $value := index $root.Values.settings .service -}}
{{- $_ := set $all $name (toString $value) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}
